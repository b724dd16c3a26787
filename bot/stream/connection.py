"""The stream connection: always one live websocket, the next one up before the last goes down.

Source: platform.md 1.5, 1.6 and 13 (1 to 11). The SDK's own loop is not used: its released version blocks
the event loop, cannot be stopped and cancels what is being handled.
"""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Coroutine
from typing import Any

from bot.dingtalk.errors import DingTalkError, WrongCredentials
from bot.stream.gateway import Gateway
from bot.stream.link import Hands, Intake, Link, StreamCounters, StreamLimits

logger = logging.getLogger(__name__)

_CHECK = 3.0  # seconds for a new connection's first pong
_SETTLED = 0.5  # seconds; a link that ends earlier, having brought nothing, is suspicious
_HURRY_EVERY = 5.0  # seconds; so often an unplanned end is followed by a new connection without a wait
_ROTATIONS_AT_ONCE = 3  # so many of those in a row, before we slow down
_OPENS, _OPENS_WITHIN = 20, 2.0  # never more connections than this in so many seconds


class StreamConnection:
    """Receives bot messages, events and taps for one app, until stopped.

    `run` is the whole life; the rest may be called from any task of the same loop.
    """

    def __init__(self, gateway: Gateway, intake: Intake, *, limits: StreamLimits | None = None) -> None:
        self._gateway = gateway
        self._intake = intake
        self._limits = limits or StreamLimits()
        self.counters = StreamCounters()
        self._hands = Hands(self._limits.handlers, self.counters)
        self._links: set[Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._stopped = asyncio.Event()
        self._up = asyncio.Event()
        self._running = False
        self._misses = 0
        self._hurried_at = float("-inf")
        self._opens: deque[float] = deque(maxlen=_OPENS)

    @property
    def connected(self) -> bool:
        """Whether at least one connection is live, one that DingTalk will still push to."""
        return any(not link.leaving.is_set() for link in self._links)

    @property
    def connections(self) -> int:
        """Sockets open now; two during a changeover."""
        return sum(not link.ended for link in self._links)

    @property
    def in_hand(self) -> int:
        """Frames taken up and not yet acknowledged."""
        return len(self._hands)

    async def wait_connected(self, seconds: float | None = None) -> None:
        """Returns when connected.

        Raises:
            TimeoutError: not within `seconds`.
        """
        async with asyncio.timeout(seconds):
            while not self.connected:
                self._up.clear()
                await self._up.wait()

    async def run(self) -> None:
        """Connects, reconnects and hands over until `stop`; then finishes what is in hand.

        Raises:
            RuntimeError: it runs already, or has run.
        """
        if self._running or self._stopped.is_set():
            raise RuntimeError("a StreamConnection runs once")
        self._running = True
        stopping = asyncio.create_task(self._stopping.wait(), name="stream-stop")
        keeping = asyncio.create_task(self._keep_connected(), name="stream-keep")
        try:
            await asyncio.wait({stopping, keeping}, return_when=asyncio.FIRST_COMPLETED)
            if keeping.done():
                keeping.result()  # it ends only by a bug, which must be seen
        finally:
            stopping.cancel()
            keeping.cancel()
            await asyncio.gather(stopping, keeping, return_exceptions=True)
            try:
                await self._drain(self._limits.drain if self._stopping.is_set() else 1.0)
            finally:
                self._running = False
                self._stopped.set()

    async def stop(self) -> None:
        """Ends `run`: what is in hand is finished and acknowledged first, for `limits.drain` seconds at most."""
        self._stopping.set()
        if self._running:
            await self._stopped.wait()

    async def _keep_connected(self) -> None:
        previous: Link | None = None
        while True:
            link = await self._open()
            if previous is not None and not previous.ended:
                await link.check(_CHECK)
                self._spawn(previous.retire(self._limits.drain), "stream-retire")
            await link.leaving.wait()
            previous = link
            await asyncio.sleep(self._pause_after(link))

    async def _open(self) -> Link:
        while True:
            await self._not_too_often()
            try:
                socket = await self._gateway.connect()
            except DingTalkError as problem:
                self.counters.open_failures += 1
                pause = self._backoff()
                if isinstance(problem, WrongCredentials):
                    pause = max(pause, self._limits.backoff_refused)
                logger.warning("no stream connection: %s; next try in %.1f s", problem, pause)
                await asyncio.sleep(pause)
                continue
            self.counters.opened += 1
            link = Link(socket, self._intake, self._hands, self.counters, self._limits)
            self._links.add(link)
            self._spawn(self._serve(link), "stream-link")
            self._up.set()
            logger.info("stream connected")
            return link

    async def _serve(self, link: Link) -> None:
        try:
            await link.run()
        finally:
            self._links.discard(link)

    def _pause_after(self, link: Link) -> float:
        """How long to wait before the successor of `link` is opened."""
        now = asyncio.get_running_loop().time()
        lived = now - link.opened_at
        healthy = link.worked or lived >= _SETTLED
        if link.worked or lived >= self._limits.long_lived:
            self._misses = 0
        if link.announced:
            # Planned, so at once: there should be no moment without a live connection.
            if healthy:
                return 0.0
            if self._misses < _ROTATIONS_AT_ONCE:
                self._misses += 1
                return 0.0
        elif healthy and now - self._hurried_at >= _HURRY_EVERY:
            self._hurried_at = now
            return random.uniform(0.0, 0.3)  # noqa: S311 - spreads replicas, guards nothing
        return self._backoff()

    def _backoff(self) -> float:
        """1, 2, 4 … 60 s and up to a second more; starts anew when a link has brought something."""
        limits = self._limits
        pause = limits.backoff_first * (1 << min(self._misses, 16))
        self._misses += 1
        jitter = random.uniform(0.0, limits.backoff_first)  # noqa: S311 - likewise
        return min(pause + jitter, limits.backoff_longest)

    async def _not_too_often(self) -> None:
        """A gateway that accepts and drops us for ever must not make us spin."""
        now = asyncio.get_running_loop().time()
        if len(self._opens) == _OPENS and now - self._opens[0] < _OPENS_WITHIN:
            await asyncio.sleep(_OPENS_WITHIN - (now - self._opens[0]))
        self._opens.append(asyncio.get_running_loop().time())

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (problem := task.exception()) is not None:
            logger.error("a stream connection failed", exc_info=problem)

    async def _drain(self, seconds: float) -> None:
        """Reading goes on while earlier frames are finished: what is pushed meanwhile is not lost."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        closing = [asyncio.create_task(link.retire(seconds)) for link in self._links]
        await asyncio.gather(*closing, return_exceptions=True)
        await self._hands.empty(max(until - loop.time(), 0.2))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
