"""Frames to the app: what kind is pushed how, and what is pushed again.

platform.md sections 1.4, 1.5 and 12, behaviours 9–14.
"""

import asyncio
import uuid
from collections.abc import Coroutine
from datetime import datetime
from typing import Any, Final

import orjson

from bot.sandbox.faults import PushFault
from bot.sandbox.lines import Ack, Connections

BOT: Final = "/v1.0/im/bot/messages/get"
CARD: Final = "/v1.0/card/instances/callback"
DYNAMIC: Final = "/v1.0/card/dynamicData/get"
_NO_FAULT: Final = PushFault()


class Switchboard(Connections):
    """What is on its way to the app."""

    async def _pushed(self, kind: str, *, again: bool = False, **frame: Any) -> tuple[str, Ack | None]:
        """One push of its kind under the faults that are set; gives the message id it had."""
        fault = _NO_FAULT if again else self._sandbox.faults.for_push(kind) or _NO_FAULT
        message_id = frame.pop("message_id", None) or self.new_message_id()
        if fault.redeliver_after is not None:
            copy = {**frame, "message_id": message_id if fault.same_message_id else None}
            self.in_flight += 1
            self.keep(self._later(fault.redeliver_after, kind, copy))
        self.in_flight += 1
        try:
            ack = await self.once(kind=kind, message_id=message_id, drop_ack=fault.drop_ack, billed=not again, **frame)
        finally:
            self.in_flight -= 1
        return message_id, ack

    async def _later(self, seconds: float, kind: str, frame: dict[str, Any]) -> None:
        try:
            await asyncio.sleep(seconds)
            await self._pushed(kind, again=True, **frame)
        finally:
            self.in_flight -= 1

    # -- bot messages -------------------------------------------------------------------------------

    async def bot(self, payload: dict[str, Any], userid: str | None) -> tuple[str, Ack | None]:
        """A message to the bot: fire and forget, or redelivered where the knob says so (behaviour 12).

        Waits for the answer at most 5 s. Returns the frame's messageId and the answer.
        """
        knobs = self._sandbox.knobs
        data = orjson.dumps(payload).decode()
        if knobs.offline_bot == "queue" and self.pick("CALLBACK", BOT) is None:
            self.in_flight += 1
            self.keep(self._queued_bot(data, userid))
            return self.new_message_id(), None
        message_id, ack = await self._pushed("bot", frame_type="CALLBACK", topic=BOT, data=data, userid=userid)
        if ack is None and knobs.bot_redeliver_seconds > 0:
            self.in_flight += 1
            self.keep(self._bot_again(data, userid, message_id))
        return message_id, ack

    async def _queued_bot(self, data: str, userid: str | None) -> None:
        try:
            if await self._line_comes("CALLBACK", BOT, self._sandbox.knobs.offline_queue_seconds):
                await self._pushed("bot", frame_type="CALLBACK", topic=BOT, data=data, userid=userid)
        finally:
            self.in_flight -= 1

    async def _bot_again(self, data: str, userid: str | None, message_id: str) -> None:
        knobs = self._sandbox.knobs
        try:
            for _ in range(knobs.bot_attempts - 1):
                await asyncio.sleep(knobs.bot_redeliver_seconds)
                _, ack = await self._pushed(
                    "bot",
                    again=True,
                    frame_type="CALLBACK",
                    topic=BOT,
                    data=data,
                    userid=userid,
                    message_id=message_id if knobs.keep_message_id else None,
                )
                if ack is not None:
                    return
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
        """An EVENT, pushed beside until it is acknowledged or given up (behaviours 9–11, 14); its eventId."""
        headers = self.event_headers(event_type, event_id, born)
        self.keep(self.push_event(headers, orjson.dumps(data).decode()))
        return headers["eventId"]

    def event_headers(
        self, event_type: str, event_id: str | None = None, born: datetime | None = None
    ) -> dict[str, str]:
        """The envelope of an EVENT, which stands in the frame's headers (1.3)."""
        moment = born or self._sandbox.clock.now()
        return {
            "eventType": event_type,
            "eventId": event_id or uuid.uuid4().hex,
            "eventCorpId": self._sandbox.company.corp_id,
            "eventBornTime": str(int(moment.timestamp() * 1000)),
            "eventUnifiedAppId": self._app_id,
        }

    def push_event(
        self,
        headers: dict[str, str],
        data: str,
        *,
        message_id: str | None = None,
        topic: str = "*",
        first: "asyncio.Future[Ack | None] | None" = None,
    ) -> Coroutine[Any, Any, None]:
        """Delivers an EVENT until it is taken or given up; `first` is told the answer to the first attempt."""
        self.in_flight += 1  # from now on, not only once the coroutine runs
        return self._deliver_event(headers, data, message_id, topic, first)

    async def _deliver_event(
        self,
        headers: dict[str, str],
        data: str,
        message_id: str | None,
        topic: str,
        first: "asyncio.Future[Ack | None] | None",
    ) -> None:
        sandbox, knobs = self._sandbox, self._sandbox.knobs
        frame: dict[str, Any] = {
            "frame_type": "EVENT",
            "topic": topic,
            "data": data,
            "headers": headers,
            "timeout": knobs.event_ack_seconds,
        }
        try:
            if knobs.event_delay_seconds:
                await asyncio.sleep(sandbox.rng.uniform(0, knobs.event_delay_seconds))
            for attempt in range(knobs.event_attempts):
                if self.pick("EVENT", topic) is None and not await self._line_for_event(topic):
                    _tell(first, None)
                    if knobs.offline_events != "retry":
                        return
                    continue
                if attempt:
                    await asyncio.sleep(knobs.event_retry_seconds)
                message_id, ack = await self._pushed("event", again=attempt > 0, message_id=message_id, **frame)
                _tell(first, ack)
                if _taken(ack):
                    break
                message_id = message_id if knobs.keep_message_id else None
            if knobs.event_duplicate_rate and sandbox.rng.random() < knobs.event_duplicate_rate:
                await self._pushed("event", again=True, **frame)
        finally:
            _tell(first, None)
            self.in_flight -= 1

    async def _line_for_event(self, topic: str) -> bool:
        """Nobody is there: waits as long as the knob says; whether somebody came (behaviour 14)."""
        knobs = self._sandbox.knobs
        if knobs.offline_events == "drop":
            return False
        seconds = (
            knobs.offline_queue_seconds
            if knobs.offline_events == "queue"
            else knobs.event_ack_seconds + knobs.event_retry_seconds
        )
        return await self._line_comes("EVENT", topic, seconds)

    # -- card callbacks and raw frames --------------------------------------------------------------

    async def card(self, payload: dict[str, Any], userid: str, topic: str = CARD) -> Ack | None:
        """A card callback; its answer counts within the 2 s only (behaviour 27)."""
        _, ack = await self._pushed(
            "card",
            frame_type="CALLBACK",
            topic=topic,
            data=orjson.dumps(payload).decode(),
            userid=userid,
            timeout=self._sandbox.knobs.tap_seconds,
        )
        return ack

    async def raw(
        self, frame_type: str, topic: str, headers: dict[str, str], data: str, message_id: str | None
    ) -> Ack | None:
        """A frame as somebody wrote it (`POST /frames`); an EVENT is redelivered like any other."""
        if frame_type == "EVENT":
            first: asyncio.Future[Ack | None] = asyncio.get_running_loop().create_future()
            filled = {**self.event_headers(headers.get("eventType", "unknown")), **headers}
            self.keep(self.push_event(filled, data, message_id=message_id, topic=topic, first=first))
            return await first
        kind = {BOT: "bot", CARD: "card"}.get(topic, "") if frame_type == "CALLBACK" else ""
        _, ack = await self._pushed(
            kind, frame_type=frame_type, topic=topic, headers=headers, data=data, message_id=message_id
        )
        return ack


def _tell(first: "asyncio.Future[Ack | None] | None", ack: Ack | None) -> None:
    if first is not None and not first.done():
        first.set_result(ack)


def _taken(ack: Ack | None) -> bool:
    """Code 200 without status LATER is success, also without any status (1.4)."""
    if ack is None or ack.code != 200:
        return False
    return not (isinstance(ack.data, dict) and ack.data.get("status") == "LATER")
