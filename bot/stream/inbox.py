"""The durable inbox: a frame is stored, then acknowledged, then worked off beside the socket (house 0.2).

Frames that arrive together are stored in one transaction (group commit). One lane — a person, or the
organisation's events — is worked in order of arrival, lanes side by side.
"""

import asyncio
import contextlib
import hashlib
import logging
import uuid
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime

from bot.core.clock import Clock, SystemClock
from storage import inbox
from storage.database import Database, DatabaseBusy
from storage.inbox import NewFrame

log = logging.getLogger(__name__)

GATHER = 200  # frames stored in one transaction at most
PARALLEL = 32  # lanes worked at once
SWEEP = 20.0  # seconds between looks for frames another process has dropped
BUSY_WAIT = (1.0, 5.0, 30.0, 120.0, 600.0)  # before a frame that met a locked database is tried again

Work = Callable[[NewFrame], Awaitable[None]]


class InboxWorker:
    """Stores frames and works them off."""

    def __init__(self, db: Database, clock: Clock, work: Work, *, alone: bool) -> None:
        """`alone`: no other process works on this database (SQLite), so leases of the dead end at once."""
        self._db, self._clock, self._work, self._alone = db, clock, work, alone
        self._wall = SystemClock()
        self.holder = uuid.uuid4().hex
        self._arrived: deque[tuple[NewFrame, asyncio.Future[bool]]] = deque()
        self._storing: asyncio.Task[None] | None = None
        self._lanes: dict[str, deque[NewFrame]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(PARALLEL)
        self._queued: set[str] = set()
        self._sweeper: asyncio.Task[None] | None = None
        self.done = 0
        self._stopping = False

    async def start(self) -> None:
        """Takes up what an earlier process left undone."""
        left = await self._db.system(
            lambda tx: inbox.take_over(tx, holder=self.holder, wall=self._now_wall(), all_of_them=self._alone)
        )
        for frame in left:
            self._enqueue(frame)
        self._sweeper = asyncio.create_task(self._sweep())

    async def stop(self, grace: float = 20) -> None:
        """Finishes what is being worked on; the rest stays stored for the next start."""
        self._stopping = True
        if self._sweeper is not None:
            self._sweeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sweeper
        if self._tasks:
            _, pending = await asyncio.wait(set(self._tasks), timeout=grace)
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)

    async def take(self, key: str, lane: str, kind: str, body: str) -> bool:
        """Returns once the frame is safely stored; False: it was known already (a repeat)."""
        frame = NewFrame(key, lane, kind, body, hashlib.sha256(body.encode()).hexdigest())
        stored: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._arrived.append((frame, stored))
        if self._storing is None or self._storing.done():
            self._storing = asyncio.create_task(self._store())
        return await stored

    async def _store(self) -> None:
        while self._arrived:
            batch = [self._arrived.popleft() for _ in range(min(len(self._arrived), GATHER))]
            frames = [frame for frame, _ in batch]
            now = self._clock.now()
            try:
                fresh = await self._db.system(
                    lambda tx, frames=frames, now=now: inbox.store(  # type: ignore[misc]
                        tx, frames, holder=self.holder, now=now, wall=self._now_wall()
                    ),
                    urgent=True,
                )
            except Exception as failure:  # noqa: BLE001 -- handed to each frame's own waiter, which does not acknowledge
                for _, stored in batch:
                    if not stored.done():
                        stored.set_exception(failure)
                continue
            new = {frame.key for frame in fresh}
            for frame, stored in batch:
                if frame.key in new:
                    self._enqueue(frame)
                if not stored.done():
                    stored.set_result(frame.key in new)

    def _enqueue(self, frame: NewFrame) -> None:
        if frame.key in self._queued:
            return
        self._queued.add(frame.key)
        lane = self._lanes.get(frame.lane)
        if lane is not None:
            lane.append(frame)
            return
        self._lanes[frame.lane] = deque([frame])
        task = asyncio.create_task(self._walk(frame.lane))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _walk(self, name: str) -> None:
        lane = self._lanes[name]
        try:
            while lane and not self._stopping:
                frame = lane[0]
                async with self._slots:
                    await self._work_patiently(frame)
                lane.popleft()
                self._queued.discard(frame.key)
                self.done += 1
        finally:
            for frame in lane:
                self._queued.discard(frame.key)
            del self._lanes[name]

    async def _work_patiently(self, frame: NewFrame) -> None:
        for wait in (*BUSY_WAIT, None):
            try:
                await self._work(frame)
            except DatabaseBusy:
                if wait is None or self._stopping:
                    log.warning("frame %s stays in the inbox: the database is busy", frame.key)
                    return
                await asyncio.sleep(wait)
            else:
                return

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP)
            try:
                wall = self._now_wall()
                await self._db.system(lambda tx, wall=wall: inbox.renew(tx, holder=self.holder, wall=wall))  # type: ignore[misc]
                left = await self._db.system(
                    lambda tx, wall=wall: inbox.take_over(tx, holder=self.holder, wall=wall)  # type: ignore[misc]
                )
            except DatabaseBusy:
                continue
            for frame in left:
                self._enqueue(frame)

    @property
    def idle(self) -> bool:
        """Whether every stored frame is worked off."""
        return not self._lanes and not self._arrived and (self._storing is None or self._storing.done())

    def _now_wall(self) -> datetime:
        return self._wall.now()
