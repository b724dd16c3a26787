"""Stream connections: their subscriptions, and one frame with its answer (platform.md 1.2–1.6)."""

import asyncio
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson
from aiohttp import WSMsgType, web

from bot.sandbox.clock import iso

if TYPE_CHECKING:
    from bot.sandbox.state import Sandbox

FAREWELL_SECONDS: Final = 1.0
ACK_SECONDS: Final = 5.0  # how long the control plane waits for an answer to a message

# Contact events do not count against the monthly quota (1.7).
EXEMPT_EVENTS: Final = frozenset(
    {
        "user_add_org",
        "user_modify_org",
        "user_leave_org",
        "user_active_org",
        "org_dept_create",
        "org_dept_modify",
        "org_dept_remove",
        "org_change",
        "label_user_change",
        "label_conf_add",
        "label_conf_modify",
        "label_conf_del",
        "org_admin_add",
        "org_admin_remove",
    }
)

Answer = dict[str, Any] | None  # an ack frame; None: none came


@dataclass(slots=True)
class Ack:
    """What the client answered; `data` is its JSON text read, or the text itself when it is none."""

    code: int
    data: Any
    elapsed_ms: int


@dataclass(slots=True, eq=False)
class Line:
    """One live stream connection."""

    id: str
    ws: web.WebSocketResponse
    request: web.Request
    subscriptions: frozenset[tuple[str, str]]
    closing: bool = False  # announced or being closed: gets nothing more
    waiting: dict[str, list["asyncio.Future[Answer]"]] = field(default_factory=dict)

    @property
    def live(self) -> bool:
        """Whether frames may still be pushed here."""
        return not self.closing and not self.ws.closed

    def takes(self, frame_type: str, topic: str) -> bool:
        """Whether this connection is live and subscribed to such frames; SYSTEM ones go to all."""
        if not self.live:
            return False
        if frame_type == "SYSTEM":
            return True
        return (frame_type, "*" if frame_type == "EVENT" else topic) in self.subscriptions

    def heard(self, frame: Any) -> None:
        """Matches an answer with its push; late, unknown and null ones are ignored (behaviour 13)."""
        headers = frame.get("headers") if isinstance(frame, dict) else None
        message_id = headers.get("messageId") if isinstance(headers, dict) else None
        for answer in self.waiting.get(message_id, ()) if isinstance(message_id, str) else ():
            if not answer.done():
                answer.set_result(frame)
                return

    def lost(self) -> None:
        """The connection is gone: nobody will answer what was pushed here."""
        for answers in self.waiting.values():
            for answer in answers:
                _no_answer(answer)

    async def send(self, frame: dict[str, Any]) -> None:
        """Writes one frame. Raises ConnectionError when the connection is gone."""
        await self.ws.send_frame(orjson.dumps(frame), WSMsgType.TEXT)

    async def ask(self, frame: dict[str, Any], timeout: float, *, deaf: bool = False) -> Answer:
        """Writes one frame and waits for its answer; None when none came in time, or `deaf` was to hear none.

        Raises:
            ConnectionError: the connection is gone.
        """
        loop = asyncio.get_running_loop()
        message_id: str = frame["headers"]["messageId"]
        answer: asyncio.Future[Answer] = loop.create_future()
        self.waiting.setdefault(message_id, []).append(answer)
        started = loop.time()
        alarm = loop.call_later(timeout, _no_answer, answer)
        try:
            try:
                async with asyncio.timeout(timeout):
                    await self.send(frame)
            except TimeoutError:  # the client does not read
                return None
            reply = await answer
            if reply is not None and deaf:
                await asyncio.sleep(max(0.0, started + timeout - loop.time()))
                return None
            return reply
        finally:
            alarm.cancel()
            left = self.waiting[message_id]
            left.remove(answer)
            if not left:
                del self.waiting[message_id]


class Connections:
    """All connections of the app."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        self.lines: list[Line] = []
        self.refusing = False
        self.in_flight = 0  # pushes that are not worked off: waiting for an answer or for another try
        self._tasks: set[asyncio.Task[Any]] = set()
        self._arrivals: set[asyncio.Future[None]] = set()
        self._prefix = uuid.uuid4().hex[:8]
        self._number = 0
        self._app_id = str(uuid.uuid5(uuid.NAMESPACE_URL, sandbox.app.client_id))

    # -- connections --------------------------------------------------------------------------------

    @property
    def live(self) -> list[Line]:
        """Connections that frames may be pushed to, oldest first."""
        return [line for line in self.lines if line.live]

    @property
    def count(self) -> int:
        """How many of them."""
        return len(self.live)

    def attach(self, line: Line) -> None:
        """A connection has come up."""
        self.lines.append(line)
        for arrival in self._arrivals:
            if not arrival.done():
                arrival.set_result(None)

    def detach(self, line: Line) -> None:
        """It is gone."""
        self.lines.remove(line)
        line.lost()

    def pick(self, frame_type: str, topic: str) -> Line | None:
        """One live subscribed connection, uniformly at random (behaviour 5)."""
        fitting = [line for line in self.lines if line.takes(frame_type, topic)]
        if len(fitting) > 1:
            return self._sandbox.rng.choice(fitting)
        return fitting[0] if fitting else None

    def keep(self, work: Coroutine[Any, Any, Any]) -> None:
        """Runs `work` beside; ended with the sandbox."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Ends all that runs beside, and every connection."""
        self.refusing = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        farewells = [asyncio.ensure_future(line.ws.close(code=1001)) for line in self.lines]
        if farewells:
            await asyncio.wait(farewells, timeout=FAREWELL_SECONDS)
        for line in self.lines:  # those that do not answer the farewell
            if line.request.transport is not None:
                line.request.transport.abort()
        await asyncio.gather(*farewells, return_exceptions=True)

    # -- one push -----------------------------------------------------------------------------------

    def new_message_id(self) -> str:
        """Unique per push attempt, also across starts."""
        self._number += 1
        return f"{self._prefix}_{self._sandbox.clock.millis():x}_{self._number:x}"

    async def once(
        self,
        *,
        frame_type: str,
        topic: str,
        data: str,
        headers: dict[str, str] | None = None,
        timeout: float = ACK_SECONDS,
        kind: str = "",
        userid: str | None = None,
        message_id: str | None = None,
        drop_ack: bool = False,
        billed: bool = True,
    ) -> Ack | None:
        """Pushes one frame once; None: no connection, or no answer in time.

        `kind` (bot, card, event) is for the log and the quota; `billed` is False for what is pushed again.
        With `drop_ack` the answer is not heard.
        """
        line = self.pick(frame_type, topic)
        if line is None:
            return None
        sandbox, loop = self._sandbox, asyncio.get_running_loop()
        message_id = message_id or self.new_message_id()
        now = sandbox.clock.now()
        frame_headers = {
            "contentType": "application/json",
            "messageId": message_id,
            "time": str(int(now.timestamp() * 1000)),
            "topic": topic,
        }
        if frame_type == "CALLBACK":
            frame_headers["appId"], frame_headers["connectionId"] = self._app_id, line.id
        if headers:
            frame_headers.update(headers)
            frame_headers["messageId"] = message_id
        row = sandbox.pushes.add(
            {
                "at": iso(now),
                "type": frame_type,
                "topic": topic,
                "message_id": message_id,
                "userid": userid,
                "ack": None,
                "elapsed_ms": None,
                "kind": kind or None,
            }
        )
        if billed and (kind in ("bot", "card") or (kind == "event" and _is_billed(frame_headers))):
            sandbox.month.webhook_stream += 1
        started = loop.time()
        try:
            reply = await line.ask(
                {"specVersion": "1.0", "type": frame_type, "headers": frame_headers, "data": data},
                timeout,
                deaf=drop_ack,
            )
        except ConnectionError:
            return None
        if reply is None:
            return None
        elapsed, code = round((loop.time() - started) * 1000), reply.get("code")
        code = code if isinstance(code, int) else 0
        row["ack"], row["elapsed_ms"] = {"code": code}, elapsed
        return Ack(code, _read(reply.get("data")), elapsed)

    async def _line_comes(self, frame_type: str, topic: str, seconds: float) -> bool:
        """Waits for a connection that takes such frames; whether one came."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while self.pick(frame_type, topic) is None:
            if (left := until - loop.time()) <= 0:
                return False
            arrival: asyncio.Future[None] = loop.create_future()
            self._arrivals.add(arrival)
            try:
                await asyncio.wait([arrival], timeout=left)
            finally:
                self._arrivals.discard(arrival)
        return True


def _no_answer(answer: "asyncio.Future[Answer]") -> None:
    if not answer.done():
        answer.set_result(None)


def _is_billed(headers: dict[str, str]) -> bool:
    return headers.get("eventType", "") not in EXEMPT_EVENTS


def _read(data: Any) -> Any:
    if isinstance(data, str):
        try:
            return orjson.loads(data)
        except ValueError:
            return data
    return data
