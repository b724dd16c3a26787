"""One websocket of the stream: reading, handing over, acknowledging, noticing that it is dead."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import aiohttp

from bot.stream.frames import (
    DISCONNECT,
    NOT_FOUND,
    PING,
    BadFrame,
    BotFrame,
    EventFrame,
    Frame,
    SystemFrame,
    TapFrame,
    UnknownFrame,
    ack,
    callback_ack,
    event_ack,
    read_frame,
)
from bot.stream.gateway import Socket

logger = logging.getLogger(__name__)

WORK = (BotFrame, EventFrame, TapFrame)


class Intake(Protocol):
    """Who takes what the stream brings. What it raises is logged, and the frame stays unacknowledged."""

    def bot(self, frame: BotFrame) -> Awaitable[object]:
        """Done when the message is stored so that it survives a crash; it is acknowledged then.

        A future spares the task that a coroutine needs.
        """

    async def event(self, frame: EventFrame) -> bool:
        """Likewise; False: not now, DingTalk shall push it again."""

    async def tap(self, frame: TapFrame) -> dict[str, Any] | None:
        """What shall change on the card, within 1.5 s. None: nothing changes."""

    async def tap_unanswered(self, frame: TapFrame, response: dict[str, Any] | None) -> None:
        """What `tap` returned could not be sent in time, or not at all: the card must get it another way."""


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """Seconds, unless said otherwise."""

    handlers: int = 1024  # frames in hand at once; beyond, nothing more is read
    tap_answer: float = 1.9  # a later answer is not sent: DingTalk drops it after 2
    quiet_before_ping: float = 25.0
    quiet_before_dead: float = 55.0  # so that a half-open socket is found within a minute
    drain: float = 10.0  # for what is in hand, when a link or the whole stream ends
    backoff_first: float = 1.0
    backoff_longest: float = 60.0
    backoff_refused: float = 60.0  # wrong credentials
    long_lived: float = 30.0  # a link this old was healthy: the back-off starts anew


@dataclass(slots=True)
class StreamCounters:
    """Since the start of the process."""

    frames: int = 0
    bot: int = 0
    events: int = 0
    taps: int = 0
    bad: int = 0
    unknown: int = 0
    acks: int = 0
    unsent_acks: int = 0  # the socket had gone
    late_taps: int = 0
    failed: int = 0  # the intake raised
    opened: int = 0
    open_failures: int = 0
    announced: int = 0  # planned disconnects
    dead: int = 0  # links given up for silence


class Hands:
    """The frames being handled, of all links together, with an upper bound."""

    def __init__(self, limit: int, counters: StreamCounters) -> None:
        self._limit = limit
        self._counters = counters
        self._tasks: set[asyncio.Future[Any]] = set()
        self._free = asyncio.Event()
        self._free.set()

    def __len__(self) -> int:
        return len(self._tasks)

    @property
    def full(self) -> bool:
        """Nothing more may be taken up."""
        return len(self._tasks) >= self._limit

    async def room(self) -> None:
        """Returns when one more may be taken up."""
        while self.full:
            self._free.clear()
            await self._free.wait()

    def take(self, work: Awaitable[Any], done: Callable[[asyncio.Future[Any]], None]) -> None:
        """Sees `work` through, a coroutine as a task of its own; `done` is called at its end, however it ends."""
        held = asyncio.ensure_future(work)
        self._tasks.add(held)
        held.add_done_callback(partial(self._ended, done))

    def _ended(self, done: Callable[[asyncio.Future[Any]], None], held: asyncio.Future[Any]) -> None:
        self._tasks.discard(held)
        self._free.set()
        done(held)
        if not held.cancelled() and (problem := held.exception()) is not None:
            self._counters.failed += 1
            logger.error("a frame was not taken in and stays unacknowledged", exc_info=problem)

    async def empty(self, deadline: float) -> None:
        """Waits for all, and cancels what is left after `deadline` seconds."""
        loop = asyncio.get_running_loop()
        until = loop.time() + max(deadline, 0.0)
        while self._tasks and loop.time() < until:  # what is stored is then acknowledged: there may be new ones
            await asyncio.wait(set(self._tasks), timeout=until - loop.time())
        if left := set(self._tasks):
            for task in left:
                task.cancel()
            logger.warning("%d frames were still in hand and are left to redelivery", len(left))
            await asyncio.wait(left, timeout=1.0)


class Link:
    """One websocket. `leaving` is set once it will bring nothing more: announced, closed, or found dead."""

    def __init__(
        self,
        socket: Socket,
        intake: Intake,
        hands: Hands,
        counters: StreamCounters,
        limits: StreamLimits,
    ) -> None:
        self._socket = socket
        self._intake = intake
        self._hands = hands
        self._counters = counters
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._heard_at = self._loop.time()
        self._paused = False  # we do not read: silence proves nothing
        self._parked = False  # reading has stopped for good
        self._retired = asyncio.Event()
        self._in_hand = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._stored: deque[str] = deque()  # messages to be acknowledged, by the id of the push
        self._acknowledging = False
        self._ponged = asyncio.Event()
        self.opened_at = self._loop.time()
        self.leaving = asyncio.Event()
        self.announced = False
        self.ended = False
        self.worked = False  # brought a message, an event or a tap

    async def run(self) -> None:
        """Reads until the socket ends."""
        watchdog = asyncio.create_task(self._watch(), name="stream-watchdog")
        try:
            while not self._parked:
                message = await self._socket.receive()
                if message.type is aiohttp.WSMsgType.TEXT or message.type is aiohttp.WSMsgType.BINARY:
                    self._heard_at = now = self._loop.time()
                    await self._hand_over(read_frame(message.data), now)
                elif message.type is aiohttp.WSMsgType.PING:
                    self._heard_at = self._loop.time()
                    await self._send(self._socket.pong, message.data)
                elif message.type is aiohttp.WSMsgType.PONG:
                    self._heard_at = self._loop.time()
                    self._ponged.set()
                else:  # closed, closing, or broken
                    break
            else:
                await self._retired.wait()
        finally:
            self.ended = True
            self.leaving.set()
            watchdog.cancel()
            await asyncio.gather(watchdog, return_exceptions=True)
            await self._socket.close()

    async def check(self, seconds: float) -> None:
        """Waits until the other side has shown that it is there, `seconds` at most."""
        self._ponged.clear()
        await self._send(self._socket.ping, b"dingcrm")
        try:
            async with asyncio.timeout(seconds):
                await self._ponged.wait()
        except TimeoutError:
            logger.warning("the new stream connection has not answered a ping in %.0f s", seconds)

    async def retire(self, drain: float) -> None:
        """Closes when the frames in hand are acknowledged, or after `drain` seconds.

        For a while it reads on, because what was pushed already would be lost; under steady load it then stops.
        """
        self.leaving.set()
        reading = min(1.0, drain / 2)
        try:
            if not await self._is_idle(reading):
                self._parked = True
                if not await self._is_idle(drain - reading):
                    logger.warning("closing a stream connection with %d frames unacknowledged", self._in_hand)
        finally:
            self._parked = True
            self._retired.set()
            await self._socket.close()

    async def _is_idle(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def _hand_over(self, frame: Frame, received_at: float) -> None:
        counters = self._counters
        counters.frames += 1
        if isinstance(frame, SystemFrame):
            await self._system(frame)
            return
        if not isinstance(frame, WORK):
            await self._refuse(frame)
            return
        self._count(frame)
        self.worked = True
        self._in_hand += 1
        self._idle.clear()
        if self._hands.full:
            await self._wait_for_room()
        if isinstance(frame, BotFrame):
            self._hands.take(self._bot(frame), partial(self._acknowledge, frame.message_id))
        elif isinstance(frame, EventFrame):
            self._hands.take(self._event(frame), self._put_down)
        else:
            self._hands.take(self._tap(frame, received_at), self._put_down)

    def _count(self, frame: BotFrame | EventFrame | TapFrame) -> None:
        if isinstance(frame, BotFrame):
            self._counters.bot += 1
        elif isinstance(frame, EventFrame):
            self._counters.events += 1
        else:
            self._counters.taps += 1

    async def _wait_for_room(self) -> None:
        self._paused = True
        try:
            await self._hands.room()
        except asyncio.CancelledError:
            self._put_down()
            raise
        self._paused = False
        self._heard_at = self._loop.time()

    def _put_down(self, _held: asyncio.Future[Any] | None = None) -> None:
        self._in_hand -= 1
        if self._in_hand == 0:
            self._idle.set()

    def _acknowledge(self, message_id: str, stored: asyncio.Future[Any]) -> None:
        """Of a message that is stored; those that were stored together are acknowledged by one task."""
        if stored.cancelled() or stored.exception() is not None:
            self._put_down()
            return
        self._stored.append(message_id)
        if not self._acknowledging:
            self._acknowledging = True
            self._hands.take(self._send_acks(), lambda _sent: None)

    async def _send_acks(self) -> None:
        try:
            while self._stored:
                message_id = self._stored.popleft()
                try:
                    await self._ack(message_id, callback_ack(message_id))
                finally:
                    self._put_down()
        finally:
            self._acknowledging = False

    async def _system(self, frame: SystemFrame) -> None:
        if frame.topic == DISCONNECT:
            self._counters.announced += 1
            self.announced = True
            self.leaving.set()
        elif frame.topic == PING:
            await self._ack(frame.message_id, ack(frame.message_id, frame.data))

    async def _refuse(self, frame: UnknownFrame | BadFrame) -> None:
        if isinstance(frame, UnknownFrame):
            self._counters.unknown += 1
            logger.warning("a frame on a topic that is not ours: %s", frame.topic[:100])
            await self._ack(frame.message_id, ack(frame.message_id, "{}", code=NOT_FOUND, message="unknown topic"))
            return
        # Acknowledged all the same: it would be no more readable the next time.
        self._counters.bad += 1
        logger.error("an unreadable frame of %d bytes: %s", len(frame.raw), frame.reason)
        if frame.type == "EVENT":
            await self._ack(frame.message_id, event_ack(frame.message_id, taken=True))
        elif frame.type == "CALLBACK":
            await self._ack(frame.message_id, callback_ack(frame.message_id))

    def _bot(self, frame: BotFrame) -> Awaitable[object]:
        try:
            return self._intake.bot(frame)
        except Exception as problem:  # noqa: BLE001 -- as if raised a step later: the frame stays unacknowledged
            failed: asyncio.Future[object] = self._loop.create_future()
            failed.set_exception(problem)
            return failed

    async def _event(self, frame: EventFrame) -> None:
        taken = await self._intake.event(frame)
        await self._ack(frame.message_id, event_ack(frame.message_id, taken=taken))

    async def _tap(self, frame: TapFrame, received_at: float) -> None:
        response = await self._intake.tap(frame)
        if self._loop.time() - received_at > self._limits.tap_answer:
            self._counters.late_taps += 1
            logger.warning("the answer to a tap came too late: the card is updated instead")
        elif await self._ack(frame.message_id, callback_ack(frame.message_id, response)):
            return
        await self._intake.tap_unanswered(frame, response)

    async def _ack(self, message_id: str, text: str) -> bool:
        """Over this socket and no other: DingTalk knows the push only here. Whether it went, or none was asked."""
        if not message_id:
            return True
        sent = await self._send(self._socket.send_str, text)
        if sent:
            self._counters.acks += 1
        else:
            self._counters.unsent_acks += 1
        return sent

    async def _send(self, send: Callable[[Any], Coroutine[Any, Any, None]], content: object) -> bool:
        if self._socket.closed:
            return False
        try:
            await send(content)
        except (aiohttp.ClientError, ConnectionError, RuntimeError):
            # RuntimeError is aiohttp's word for a socket that is closing.
            return False
        return True

    async def _watch(self) -> None:
        limits = self._limits
        pause = min(limits.quiet_before_ping, limits.quiet_before_dead) / 5
        while True:
            await asyncio.sleep(pause)
            if self._paused:
                continue
            quiet = self._loop.time() - self._heard_at
            if quiet >= limits.quiet_before_dead:
                self._counters.dead += 1
                logger.warning("the stream has been silent for %.0f s, giving the connection up", quiet)
                self.leaving.set()
                await self._socket.close()  # run() wakes from receive() by it
                return
            if quiet >= limits.quiet_before_ping:
                await self._send(self._socket.ping, b"dingcrm")
