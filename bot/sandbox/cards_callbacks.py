"""Card callbacks: the frame or HTTP request that a touch sends, and what its answer changes.

platform.md section 3.5 and behaviours 27–29: the answer counts within 2 s only, changes the clicking person's
view, and is dropped when it is late or refused.
"""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from bot.sandbox.cards import Card, typed
from bot.sandbox.clock import iso
from bot.sandbox.company_records import unionid_of
from bot.sandbox.lines import Ack
from bot.sandbox.push import DYNAMIC
from bot.sandbox.state import Sandbox

FAILED: Final = "操作失败，请稍后重试"
_WRONG_NAME: Final = "privateData"


@dataclass(slots=True)
class Outcome:
    """How a touch ended. `status`: ok | late | refused | disabled, as the contract names them.

    `event` is what a chain's later steps read: the answer's data as JSON values.
    """

    status: str = "ok"
    elapsed_ms: int = 0
    toast: str | None = None
    event: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)


class Callbacks:
    """Sends card callbacks of one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def fire(
        self,
        card: Card | None,
        out_track_id: str,
        userid: str,
        action_ids: list[Any],
        params: Mapping[str, Any],
        *,
        forced: bool = False,
    ) -> Outcome:
        """Send one callback and apply its answer."""
        if card is not None and not card.callback_type and not forced:
            return Outcome("refused", toast="该卡片没有设置回调方式")
        payload = self.payload(card, out_track_id, userid, action_ids, params)
        started = asyncio.get_running_loop().time()
        if card is None:
            ack = await self._sandbox.switchboard.card(payload, userid)
            return self._failed(ack, started) or Outcome(elapsed_ms=ack.elapsed_ms if ack else 0)
        card.unanswered += 1
        try:
            if card.callback_type == "HTTP":
                ack = await self._over_http(card, payload, userid)
            else:
                ack = await self._sandbox.switchboard.card(payload, userid)
        finally:
            card.unanswered -= 1
        failure = self._failed(ack, started)
        if failure is not None or ack is None:
            return failure or Outcome("late")
        return Outcome(elapsed_ms=ack.elapsed_ms, event=self._apply(card, userid, ack.data))

    async def ask_for_data(self, card: Card, userid: str, requests: list[dict[str, Any]]) -> Ack | None:
        """The callback of dynamic data sources; its answer, or None if none came in time (section 3.6)."""
        asked = json.dumps({"dynamicDataSourceQueryRequests": requests}, ensure_ascii=False)
        payload = {**self.payload(card, card.out_track_id, userid, [], {}), "type": "dynamicDataCallback"}
        payload["content"] = asked
        if card.callback_type == "HTTP":
            return await self._over_http(card, payload, userid)
        return await self._sandbox.switchboard.card(payload, userid, DYNAMIC)

    def payload(
        self, card: Card | None, out_track_id: str, userid: str, action_ids: list[Any], params: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The frame's data (section 3.5); `content` is itself a JSON string."""
        viewer = card.viewers.get(userid) if card else None
        kind = card.userid_type if card else 1
        conversation = viewer.conversation if viewer else "bot"
        content = {"cardPrivateData": {"actionIds": action_ids, "params": dict(params)}}
        return {
            "type": "actionCallback",
            "outTrackId": out_track_id,
            "corpId": self._sandbox.company.corp_id,
            "userId": self._unionid(userid) if kind == 2 else userid,
            "userIdType": kind,
            "spaceType": "ONE_BOX" if viewer and viewer.space == "ONE_BOX" else "IM",
            "spaceId": f"cid-single-{userid}" if conversation == "bot" else conversation,
            "extension": json.dumps(card.extension if card else {}, ensure_ascii=False),
            "content": json.dumps(content, ensure_ascii=False),
        }

    def _unionid(self, userid: str) -> str:
        person = self._sandbox.company.known_person(userid)
        return person.unionid if person is not None else unionid_of(userid)

    def _failed(self, ack: Ack | None, started: float) -> Outcome | None:
        """No answer in time, or one that is not 200: the person sees a failure, the data stay (behaviour 27)."""
        if ack is None:
            return Outcome("late", round((asyncio.get_running_loop().time() - started) * 1000), FAILED)
        if ack.code != 200:
            return Outcome("late", ack.elapsed_ms, FAILED)
        return None

    async def _over_http(self, card: Card, payload: Mapping[str, Any], userid: str) -> Ack | None:
        """The same body, POSTed to the registered address and signed; the answer has no wrapper."""
        route = self._sandbox.cards.routes.get(card.route_key)
        if route is None:
            return None
        stamp = str(self._sandbox.clock.millis())
        digest = hmac.new(route["apiSecret"].encode(), stamp.encode(), hashlib.sha256).digest()
        headers = {
            "x-ddpaas-signature-timestamp": stamp,
            "x-ddpaas-signature": base64.b64encode(digest).decode(),
        }
        row = self._sandbox.pushes.add(
            {
                "at": iso(self._sandbox.clock.now()), "type": "HTTP", "topic": route["callbackUrl"],
                "message_id": None, "userid": userid, "ack": None, "elapsed_ms": None, "kind": "card",
            }
        )  # fmt: skip
        started = self._sandbox.clock.millis()
        timeout = aiohttp.ClientTimeout(total=self._sandbox.knobs.tap_seconds)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(route["callbackUrl"], json=dict(payload), headers=headers) as response,
            ):
                data = await response.json(content_type=None)
                status = response.status
        except (TimeoutError, aiohttp.ClientError, ValueError):
            return None
        row["ack"], row["elapsed_ms"] = {"code": status}, self._sandbox.clock.millis() - started
        return Ack(status, {"response": data}, row["elapsed_ms"])

    def _apply(self, card: Card, userid: str, data: Any) -> dict[str, Any]:
        """Change the clicking person's view by the answer; returns the answer's data as JSON values."""
        shelf = self._sandbox.cards
        answer = data.get("response") if isinstance(data, Mapping) else None
        if isinstance(answer, str):
            try:
                answer = json.loads(answer)
            except ValueError:
                answer = None
        if not isinstance(answer, Mapping):
            return {}
        if _WRONG_NAME in answer:
            shelf.warn(card.out_track_id, "a callback's answer says privateData; it must be userPrivateData")
        options = answer.get("cardUpdateOptions")
        options = options if isinstance(options, Mapping) else {}
        public = self._strings(card, answer.get("cardData"))
        private = self._strings(card, answer.get("userPrivateData"))
        if public is None and private is None:
            return {}
        card.remember()
        if public is not None:
            by_key = options.get("updateCardDataByKey") is True
            if self._sandbox.knobs.card_broadcast or userid not in card.viewers:
                if self._sandbox.knobs.card_broadcast:
                    shelf.update(card, public, {}, by_key=by_key, private_by_key=True)
            else:
                shelf.overlay(card, userid, public, by_key=by_key)
        if private is not None:
            by_key = options.get("updatePrivateDataByKey") is True
            shelf.set_private(card, userid, private, by_key=by_key)
        return {
            "cardData": typed(card.template, public or {}),
            "cardPrivateData": typed(card.template, private or {}),
        }

    def _strings(self, card: Card, holder: Any) -> dict[str, str] | None:
        """A parameter map of an answer; values that are no strings have no effect and are a violation."""
        values = holder.get("cardParamMap") if isinstance(holder, Mapping) else None
        if not isinstance(values, Mapping):
            return None
        for key, value in values.items():
            if not isinstance(value, str):
                self._sandbox.violations.add(
                    {
                        "at": iso(self._sandbox.clock.now()), "rule": "card-value-not-a-string",
                        "out_track_id": card.out_track_id,
                        "message": f"the callback's answer gives {key} as {type(value).__name__}: no effect",
                    }
                )  # fmt: skip
        return {str(key): value for key, value in values.items() if isinstance(value, str)}
