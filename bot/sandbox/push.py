"""Frames to the app: which connection gets them, what counts as an answer, what is pushed again.

platform.md sections 1.3–1.6 and 12, behaviours 4–14.
"""

import asyncio
import json
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.sandbox.clock import iso

if TYPE_CHECKING:
    from bot.sandbox.state import Sandbox

BOT = "/v1.0/im/bot/messages/get"
CARD = "/v1.0/card/instances/callback"


@dataclass(slots=True)
class Ack:
    """What the client answered."""

    code: int
    data: Any
    elapsed_ms: int


@dataclass(slots=True, eq=False)
class Line:
    """One live stream connection."""

    id: str
    ws: web.WebSocketResponse
    request: web.Request
    subscriptions: set[tuple[str, str]]
    closing: bool = False  # announced: gets nothing more
    waiting: dict[str, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)

    def takes(self, frame_type: str, topic: str) -> bool:
        """Whether this connection subscribed to such frames."""
        if self.closing or self.ws.closed:
            return False
        if frame_type == "EVENT":
            return ("EVENT", "*") in self.subscriptions
        return (frame_type, topic) in self.subscriptions


class Switchboard:
    """All connections of the app, and what is on its way to it."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        self.lines: list[Line] = []
        self.refusing = False
        self.in_flight = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self.connected = asyncio.Event()

    @property
    def count(self) -> int:
        """Live connections."""
        return sum(not line.closing and not line.ws.closed for line in self.lines)

    def keep(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Runs `work` beside; ended with the sandbox."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Ends all that runs beside, and every connection."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for line in list(self.lines):
            await line.ws.close(code=1001)

    def pick(self, frame_type: str, topic: str) -> Line | None:
        """One subscribed live connection, uniformly at random (behaviour 5)."""
        fitting = [line for line in self.lines if line.takes(frame_type, topic)]
        return self._sandbox.rng.choice(fitting) if fitting else None

    async def once(
        self, *, frame_type: str, topic: str, data: str, headers: dict[str, str] | None = None, timeout: float = 5,
        kind: str = "", userid: str | None = None, message_id: str | None = None, drop_ack: bool = False,
    ) -> Ack | None:  # fmt: skip
        """Pushes one frame once; None: no connection, or no answer in time."""
        line = self.pick(frame_type, topic)
        if line is None:
            return None
        loop = asyncio.get_running_loop()
        message_id = message_id or uuid.uuid4().hex
        frame_headers = {
            "appId": self._sandbox.app.client_id, "connectionId": line.id, "contentType": "application/json",
            "messageId": message_id, "time": str(self._sandbox.clock.millis()), "topic": topic, **(headers or {}),
        }  # fmt: skip
        frame = {"specVersion": "1.0", "type": frame_type, "headers": frame_headers, "data": data}
        row = self._sandbox.pushes.add(
            {
                "at": iso(self._sandbox.clock.now()), "type": frame_type, "topic": topic, "message_id": frame_headers["messageId"],
                "userid": userid, "ack": None, "elapsed_ms": None, "kind": kind,
            }
        )  # fmt: skip
        if kind in ("bot", "card") or (kind == "event" and not _exempt_event(frame_headers)):
            self._sandbox.month.webhook_stream += 1
        answer: asyncio.Future[dict[str, Any]] = loop.create_future()
        line.waiting[frame_headers["messageId"]] = answer
        started = loop.time()
        try:
            await line.ws.send_str(json.dumps(frame, ensure_ascii=False))
            async with asyncio.timeout(timeout):
                reply = await answer
        except (TimeoutError, ConnectionError, asyncio.InvalidStateError):
            return None
        finally:
            line.waiting.pop(frame_headers["messageId"], None)
        elapsed = round((loop.time() - started) * 1000)
        if drop_ack:
            return None
        code = reply.get("code")
        row["ack"], row["elapsed_ms"] = {"code": code}, elapsed
        return Ack(code if isinstance(code, int) else 0, _data(reply.get("data")), elapsed)

    # -- bot messages -------------------------------------------------------------------------------

    async def bot(self, payload: dict[str, Any], userid: str | None) -> tuple[str, Ack | None]:
        """A message to the bot: fire and forget, or redelivered where the knob says so (behaviour 12)."""
        sandbox = self._sandbox
        fault = sandbox.faults.for_push("bot") or {}
        data = json.dumps(payload, ensure_ascii=False)
        message_id = uuid.uuid4().hex
        self.in_flight += 1
        try:
            if self.pick("CALLBACK", BOT) is None and sandbox.knobs.offline_bot == "queue":
                self.keep(self._bot_later(data, userid))
                return message_id, None
            ack = await self.once(
                frame_type="CALLBACK", topic=BOT, data=data, kind="bot", userid=userid, message_id=message_id,
                drop_ack=bool(fault.get("drop_ack")),
            )  # fmt: skip
        finally:
            self.in_flight -= 1
        if "redeliver" in fault:
            again = fault["redeliver"] or {}
            self.keep(
                self._bot_again(
                    data,
                    userid,
                    again.get("after_ms", 200) / 1000,
                    message_id if again.get("same_message_id") else None,
                )
            )
        elif ack is None and sandbox.knobs.bot_redeliver_seconds > 0:
            self.keep(self._bot_again(data, userid, sandbox.knobs.bot_redeliver_seconds, None))
        return message_id, ack

    async def _bot_later(self, data: str, userid: str | None) -> None:
        while self.pick("CALLBACK", BOT) is None:
            await asyncio.sleep(0.1)
        await self.once(frame_type="CALLBACK", topic=BOT, data=data, kind="bot", userid=userid)

    async def _bot_again(self, data: str, userid: str | None, after: float, message_id: str | None) -> None:
        self.in_flight += 1
        try:
            await asyncio.sleep(after)
            await self.once(
                frame_type="CALLBACK", topic=BOT, data=data, kind="bot", userid=userid,
                message_id=message_id or (None if not self._sandbox.knobs.keep_message_id else message_id),
            )  # fmt: skip
        finally:
            self.in_flight -= 1

    # -- events -------------------------------------------------------------------------------------

    def event(
        self,
        event_type: str,
        data: dict[str, Any],
        *,
        event_id: str | None = None,
        born: datetime | None = None,
    ) -> str:
        """An EVENT, pushed beside until it is acknowledged or given up (behaviours 9–11, 14)."""
        sandbox = self._sandbox
        event_id = event_id or uuid.uuid4().hex
        moment = born or sandbox.clock.now()
        headers = {
            "eventType": event_type, "eventId": event_id, "eventCorpId": sandbox.company.corp_id,
            "eventBornTime": str(int(moment.timestamp() * 1000)), "eventUnifiedAppId": "sandbox-unified-app",
        }  # fmt: skip
        self.in_flight += 1
        self.keep(self._event(headers, json.dumps(data, ensure_ascii=False)))
        return event_id

    async def _event(self, headers: dict[str, str], data: str) -> None:
        sandbox, knobs = self._sandbox, self._sandbox.knobs
        try:
            if knobs.event_delay_seconds:
                await asyncio.sleep(sandbox.rng.uniform(0, knobs.event_delay_seconds))
            fault = sandbox.faults.for_push("event") or {}
            message_id = uuid.uuid4().hex
            for attempt in range(knobs.event_attempts):
                if attempt:
                    await asyncio.sleep(knobs.event_retry_seconds)
                if self.pick("EVENT", "*") is None and knobs.offline_events == "drop":
                    return
                ack = await self.once(
                    frame_type="EVENT", topic="*", data=data, headers=headers, timeout=knobs.event_ack_seconds,
                    kind="event", message_id=message_id if knobs.keep_message_id else None,
                    drop_ack=bool(fault.get("drop_ack")) and attempt == 0,
                )  # fmt: skip
                later = isinstance(ack.data, dict) and ack.data.get("status") == "LATER" if ack else False
                if ack is not None and ack.code == 200 and not later:
                    break
            if "redeliver" in fault:
                again = fault["redeliver"] or {}
                await asyncio.sleep(again.get("after_ms", 200) / 1000)
                await self.once(
                    frame_type="EVENT", topic="*", data=data, headers=headers, timeout=knobs.event_ack_seconds, kind="event",
                    message_id=message_id if again.get("same_message_id") else None,
                )  # fmt: skip
            elif sandbox.rng.random() < knobs.event_duplicate_rate:
                await self.once(
                    frame_type="EVENT",
                    topic="*",
                    data=data,
                    headers=headers,
                    timeout=knobs.event_ack_seconds,
                    kind="event",
                )
        finally:
            self.in_flight -= 1

    # -- card callbacks -----------------------------------------------------------------------------

    async def card(self, payload: dict[str, Any], userid: str) -> Ack | None:
        """A card callback; its answer counts within the 2 s only (behaviour 27)."""
        fault = self._sandbox.faults.for_push("card") or {}
        data = json.dumps(payload, ensure_ascii=False)
        message_id = uuid.uuid4().hex
        self.in_flight += 1
        try:
            ack = await self.once(
                frame_type="CALLBACK", topic=CARD, data=data, kind="card", userid=userid, message_id=message_id,
                timeout=self._sandbox.knobs.tap_seconds, drop_ack=bool(fault.get("drop_ack")),
            )  # fmt: skip
        finally:
            self.in_flight -= 1
        if "redeliver" in fault:
            again = fault["redeliver"] or {}
            self.keep(
                self._card_again(
                    data,
                    userid,
                    again.get("after_ms", 200) / 1000,
                    message_id if again.get("same_message_id") else None,
                )
            )
        return ack

    async def _card_again(self, data: str, userid: str, after: float, message_id: str | None) -> None:
        self.in_flight += 1
        try:
            await asyncio.sleep(after)
            await self.once(
                frame_type="CALLBACK",
                topic=CARD,
                data=data,
                kind="card",
                userid=userid,
                message_id=message_id,
                timeout=2,
            )
        finally:
            self.in_flight -= 1


def _data(data: Any) -> Any:
    if isinstance(data, str):
        try:
            return json.loads(data)
        except ValueError:
            return data
    return data


EXEMPT_EVENTS = (
    "user_add_org", "user_modify_org", "user_leave_org", "user_active_org", "org_dept_create", "org_dept_modify",
    "org_dept_remove", "org_change", "label_user_change", "label_conf_add", "label_conf_modify", "label_conf_del",
    "org_admin_add", "org_admin_remove",
)  # fmt: skip


def _exempt_event(headers: dict[str, str]) -> bool:
    return headers.get("eventType", "") in EXEMPT_EVENTS
