"""The durable inbox: a frame is stored, then acknowledged, then worked off beside the socket (house 0.2).

Frames that arrive together are stored in one transaction (group commit). One lane — a person, or the
organisation's events — is worked in order of arrival, lanes side by side.
"""

import asyncio
import contextlib
import logging
import uuid
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime

from bot.core.clock import Clock, SystemClock
from storage import inbox
from storage.database import Database, DatabaseBusy, Tx
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
        self._called = False  # a call for what has arrived is on its way to the writer
        self._storing: list[asyncio.Task[None]] = []  # in the order in which they came
        self._lanes: dict[str, deque[NewFrame]] = {}
        self._ready: deque[str] = deque()  # lanes whose next frame nobody works on, in turn
        self._tasks: set[asyncio.Task[None]] = set()
        self._queued: set[str] = set()
        self._sweeper: asyncio.Task[None] | None = None
        self.done = 0
        self._stopping = False

    async def start(self) -> None:
        """Takes up what an earlier process left undone: all of it, before anything that comes after it."""
        await self._take_over(all_of_them=self._alone)
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

    def take(self, key: str, lane: str, kind: str, body: str) -> asyncio.Future[bool]:
        """Done once the frame is safely stored; False: it was known already (a repeat)."""
        stored: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._arrived.append((NewFrame(key, lane, kind, body), stored))
        self._call_for()
        return stored

    def _call_for(self) -> None:
        """Sees to it that what has arrived is stored.

        On SQLite a call takes along all that has come when its turn is there, and who comes later is called for at
        once, into the same COMMIT if that is still open. Elsewhere transactions side by side would change the order.
        """
        if self._called or (self._storing and self._db.kind != "sqlite"):
            return
        self._called = True
        before = self._storing[-1] if self._storing else None
        task = asyncio.create_task(self._store(before))
        self._storing.append(task)

    async def _store(self, before: "asyncio.Task[None] | None") -> None:
        batch: list[tuple[NewFrame, asyncio.Future[bool]]] = []

        def gather() -> None:
            if batch:  # it is done again, for another unit's failure
                return
            self._called = False  # before the look: who comes after it calls
            while self._arrived and len(batch) < GATHER:
                batch.append(self._arrived.popleft())

        def work(tx: Tx) -> list[NewFrame]:
            gather()
            if not batch:
                return []
            frames = [frame for frame, _ in batch]
            return inbox.store(tx, frames, holder=self.holder, now=self._clock.now(), wall=self._now_wall())

        failure: BaseException | None = None
        new: set[str] = set()
        try:
            new = {frame.key for frame in await self._db.system(work, urgent=True)}
        except Exception as problem:  # noqa: BLE001 -- handed to each frame's own waiter, which does not acknowledge
            failure = problem
            gather()  # where not even a transaction was to be had
        if before is not None:
            await asyncio.wait({before})
        for frame, stored in batch:
            if frame.key in new:
                self._enqueue(frame)
            if stored.done():
                continue
            if failure is not None:
                stored.set_exception(failure)
            else:
                stored.set_result(frame.key in new)
        del self._storing[0]
        if self._arrived:
            self._call_for()

    def _enqueue(self, frame: NewFrame) -> None:
        if frame.key in self._queued:
            return
        self._queued.add(frame.key)
        lane = self._lanes.get(frame.lane)
        if lane is not None:
            lane.append(frame)
            return
        self._lanes[frame.lane] = deque([frame])
        self._ready.append(frame.lane)
        self._call_worker()

    def _call_worker(self) -> None:
        if self._ready and len(self._tasks) < PARALLEL and not self._stopping:
            task = asyncio.create_task(self._work_off())
            self._tasks.add(task)
            task.add_done_callback(self._gone)

    def _gone(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._call_worker()  # it may have left by an error, with others' lanes still waiting
        if not task.cancelled() and (problem := task.exception()) is not None:
            log.error("a frame was not worked off and stays in the inbox", exc_info=problem)

    async def _work_off(self) -> None:
        """One frame of each lane in turn, while there are any."""
        while self._ready and not self._stopping:
            name = self._ready.popleft()
            lane = self._lanes[name]
            try:
                await self._work_patiently(lane[0])
            except BaseException:
                self._queued.difference_update(frame.key for frame in lane)
                del self._lanes[name]
                raise
            self._queued.discard(lane.popleft().key)
            self.done += 1
            if lane:
                self._ready.append(name)
            else:
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
                await self._take_over(all_of_them=False)
            except DatabaseBusy:
                continue

    async def _take_over(self, *, all_of_them: bool) -> None:
        """A lane whose rest were taken later would be worked out of order."""

        def work(tx: Tx) -> list[NewFrame]:
            return inbox.take_over(tx, holder=self.holder, wall=self._now_wall(), all_of_them=all_of_them)

        while left := await self._db.system(work):
            for frame in left:
                self._enqueue(frame)

    @property
    def idle(self) -> bool:
        """Whether every stored frame is worked off."""
        return not self._lanes and not self._arrived and not self._storing

    def _now_wall(self) -> datetime:
        return self._wall.now()
