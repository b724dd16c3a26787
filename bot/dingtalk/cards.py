"""Interactive cards of the current platform (platform.md 3.2 to 3.4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from bot.dingtalk.api import DingTalkApi
from bot.dingtalk.cutting import cut_chars
from bot.dingtalk.errors import BadRequest, CardExists, NotDelivered, TooLarge
from bot.dingtalk.lenient import as_bool, as_dict, as_text, dicts

ID_CHARS = 100
KEY_BYTES = 100
DATA_BYTES = 100 * 1024
PRIVATE_PER_CALL = 50


@dataclass(frozen=True, slots=True)
class PersonSpace:
    """The single chat of that person and the bot."""

    user_id: str


@dataclass(frozen=True, slots=True)
class GroupSpace:
    """A group the bot is in. `recipients`: only these see the card; empty: all do."""

    conversation_id: str
    recipients: tuple[str, ...] = ()
    at: Mapping[str, str] = field(default_factory=dict)  # userId to name, alerted


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where a card got to. `existed`: an earlier try had made it already."""

    out_track_id: str
    delivered: Mapping[str, str] = field(default_factory=dict)  # space id to carrier id
    failed: Mapping[str, str] = field(default_factory=dict)  # space id to DingTalk's reason
    existed: bool = False


def to_card_map(values: Mapping[str, object]) -> dict[str, str]:
    """Card data as DingTalk wants it: every value a string.

    Texts stay, None is empty, bools, numbers, lists and objects are JSON; the rest (Decimal, date) as printed.
    """
    spelled: dict[str, str] = {}
    for key, value in values.items():
        if value is None:
            spelled[key] = ""
        elif isinstance(value, bool | int | float | list | tuple | dict):
            spelled[key] = orjson.dumps(value, default=str).decode()
        else:
            spelled[key] = str(value)
    return spelled


class Cards:
    """Makes and changes cards; the template id comes from whoever draws."""

    def __init__(self, api: DingTalkApi) -> None:
        self._api = api

    async def create_and_deliver(
        self,
        *,
        template_id: str,
        out_track_id: str,
        spaces: Sequence[PersonSpace | GroupSpace],
        data: Mapping[str, object],
        private: Mapping[str, Mapping[str, object]] | None = None,
        summary: str = "",
        callback: bool = True,
    ) -> Delivery:
        """Makes a card and puts it into `spaces`. The same `out_track_id` again makes no second one.

        Args:
            template_id: of the published template.
            out_track_id: ours, at most 100 characters; one for each card.
            spaces: at least one.
            data: variables that all see.
            private: by userId, variables that only that person sees.
            summary: what the list of conversations shows, and the alert.
            callback: taps come over the stream.

        Raises:
            NotDelivered: it reached none of the spaces.
            TemplateUnusable: draw it another way.
            DingTalkError: otherwise. Repeating is safe.
        """
        if not spaces or not 0 < len(out_track_id) <= ID_CHARS:
            raise ValueError("a card needs a space, and an id of at most 100 characters")
        body: dict[str, Any] = {
            "userIdType": 1,
            "cardTemplateId": template_id,
            "outTrackId": out_track_id,
            "cardData": {"cardParamMap": _checked(data)},
            **self._models(spaces, summary),
        }
        if callback:
            body["callbackType"] = "STREAM"
        if private:
            body["privateData"] = _private(private)
        try:
            answer = await self._api.new("POST", "/v1.0/card/instances/createAndDeliver", body, repeatable=True)
        except CardExists:
            return Delivery(out_track_id, existed=True)
        return _delivery(out_track_id, answer)

    async def update(
        self,
        out_track_id: str,
        data: Mapping[str, object],
        private: Mapping[str, Mapping[str, object]] | None = None,
        *,
        by_key: bool = True,
    ) -> None:
        """Changes what is on the card; never call it while a tap on that card awaits its answer.

        `by_key`: variables not named stay as they are; else they are wiped.

        Raises:
            CardMissing: there is no such card.
            DingTalkError: otherwise. Repeating is safe.
        """
        people = list((private or {}).items())
        parts = [dict(people[at : at + PRIVATE_PER_CALL]) for at in range(0, len(people), PRIVATE_PER_CALL)]
        for number, part in enumerate(parts or [{}]):
            body: dict[str, Any] = {
                "outTrackId": out_track_id,
                "userIdType": 1,
                "cardUpdateOptions": {"updateCardDataByKey": by_key, "updatePrivateDataByKey": by_key},
            }
            if data and number == 0:
                body["cardData"] = {"cardParamMap": _checked(data)}
            if part:
                body["privateData"] = _private(part)
            answer = await self._api.new("PUT", "/v1.0/card/instances", body)
            if as_bool(answer.get("success")) is False:
                raise BadRequest("the card was not changed", code=as_text(answer.get("code")) or "")

    def _models(self, spaces: Sequence[PersonSpace | GroupSpace], summary: str) -> dict[str, Any]:
        people = [space for space in spaces if isinstance(space, PersonSpace)]
        groups = [space for space in spaces if isinstance(space, GroupSpace)]
        ids = [f"IM_ROBOT.{space.user_id}" for space in people]
        ids += [f"IM_GROUP.{space.conversation_id}" for space in groups]
        # A forwarded card can be tapped by whoever gets it; the SDK's default would allow it.
        shown: dict[str, Any] = {"supportForward": False}
        if summary:
            shown["lastMessageI18n"] = {"ZH_CN": cut_chars(summary, 100)}
            shown["notification"] = {"alertContent": cut_chars(summary, 100), "notificationOff": False}
        robot_code = self._api.credentials.client_id
        models: dict[str, Any] = {"openSpaceId": f"dtv1.card//{';'.join(ids)}"}
        if people:
            models["imRobotOpenSpaceModel"] = shown
            models["imRobotOpenDeliverModel"] = {"spaceType": "IM_ROBOT", "robotCode": robot_code}
        if groups:
            models["imGroupOpenSpaceModel"] = shown
            deliver: dict[str, Any] = {"robotCode": robot_code}
            if recipients := [user_id for group in groups for user_id in group.recipients]:
                deliver["recipients"] = recipients
            if at := {user_id: name for group in groups for user_id, name in group.at.items()}:
                deliver["atUserIds"] = at
            models["imGroupOpenDeliverModel"] = deliver
        return models


def _private(private: Mapping[str, Mapping[str, object]]) -> dict[str, Any]:
    return {user_id: {"cardParamMap": _checked(values)} for user_id, values in private.items()}


def _checked(values: Mapping[str, object]) -> dict[str, str]:
    spelled = to_card_map(values)
    if any(len(key.encode()) > KEY_BYTES for key in spelled):
        raise TooLarge(f"a card variable's name of more than {KEY_BYTES} bytes")
    if sum(len(key.encode()) + len(value.encode()) for key, value in spelled.items()) > DATA_BYTES:
        raise TooLarge(f"a card of more than {DATA_BYTES} bytes")
    return spelled


def _delivery(out_track_id: str, answer: Mapping[str, Any]) -> Delivery:
    result = as_dict(answer.get("result")) or {}
    delivered: dict[str, str] = {}
    failed: dict[str, str] = {}
    for row in dicts(result.get("deliverResults")):
        space = as_text(row.get("spaceId")) or ""
        if as_bool(row.get("success")):
            delivered[space] = as_text(row.get("carrierId")) or ""
        else:
            failed[space] = as_text(row.get("errorMsg")) or "no reason given"
    if not delivered:
        reason = "; ".join(dict.fromkeys(failed.values())) or as_text(answer.get("message")) or "no result"
        raise NotDelivered(reason, code=as_text(answer.get("code")) or "")
    return Delivery(out_track_id, delivered, failed)
