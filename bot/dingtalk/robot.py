"""What the bot says: single chats and groups by the robot API, and answers over the session webhook.

Source: platform.md 2.2 to 2.4.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from yarl import URL

from bot.dingtalk.api import DingTalkApi
from bot.dingtalk.cutting import cut_chars
from bot.dingtalk.errors import BadRequest, DingTalkError, TooLarge
from bot.dingtalk.lenient import texts

PEOPLE_PER_CALL = 20
GROUP_PARAM_BYTES = 15_000
FILE_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class RobotMessage:
    """`key` chooses DingTalk's built-in form of message, `param` fills it."""

    key: str
    param: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SendResult:
    """HTTP 200 says nothing about a single person: look here.

    `flow_controlled` people may be sent to again later; `invalid` ones are no employees. `unsent` people
    belong to a later part of a long list, which failed after an earlier part had gone.
    """

    query_keys: tuple[str, ...]
    invalid: tuple[str, ...] = ()
    flow_controlled: tuple[str, ...] = ()
    filtered: tuple[str, ...] = ()  # left out by DingTalk for reasons it does not tell
    unsent: Mapping[str, DingTalkError] = field(default_factory=dict)

    @property
    def query_key(self) -> str:
        """Of the first (usually the only) part."""
        return self.query_keys[0] if self.query_keys else ""

    def reached(self, user_id: str) -> bool:
        """Whether the message went to that person."""
        refused = {*self.invalid, *self.flow_controlled, *self.filtered, *self.unsent}
        return bool(self.query_keys) and user_id not in refused


def text_message(content: str) -> RobotMessage:
    """Plain text."""
    return RobotMessage("sampleText", {"content": content})


def markdown_message(title: str, text: str) -> RobotMessage:
    """`title` shows in the list of conversations."""
    return RobotMessage("sampleMarkdown", {"title": title, "text": text})


def link_message(title: str, text: str, url: str, picture_url: str = "") -> RobotMessage:
    """A link with a picture."""
    return RobotMessage("sampleLink", {"title": title, "text": text, "picUrl": picture_url, "messageUrl": url})


def image_message(media_id_or_url: str) -> RobotMessage:
    """A picture, uploaded or public."""
    return RobotMessage("sampleImageMsg", {"photoURL": media_id_or_url})


def file_message(media_id: str, name: str) -> RobotMessage:
    """A file; its kind is that of its name: xlsx pdf zip rar doc docx."""
    kind = name.rpartition(".")[2].lower()
    return RobotMessage("sampleFile", {"mediaId": media_id, "fileName": name, "fileType": kind})


def action_message(title: str, text: str, buttons: Sequence[tuple[str, str]]) -> RobotMessage:
    """One to five buttons, each (text, url), under each other.

    Raises:
        ValueError: none, or more than five.
    """
    if len(buttons) == 1:
        [(label, url)] = buttons
        return RobotMessage("sampleActionCard", {"title": title, "text": text, "singleTitle": label, "singleURL": url})
    if not 2 <= len(buttons) <= 5:
        raise ValueError(f"an action card has one to five buttons, not {len(buttons)}")
    param = {"title": title, "text": text}
    for number, (label, url) in enumerate(buttons, start=1):
        param[f"actionTitle{number}"] = label
        param[f"actionURL{number}"] = url
    return RobotMessage(f"sampleActionCard{len(buttons)}", param)


def webhook_text(content: str, *, at: Sequence[str] = ()) -> dict[str, Any]:
    """For `reply_webhook`; people in `at` (userIds) are alerted, their names stand in the text."""
    mention = "".join(f"@{user_id} " for user_id in at)
    return {"msgtype": "text", "text": {"content": mention + content}, "at": {"atUserIds": list(at)}}


def webhook_markdown(title: str, text: str, *, at: Sequence[str] = ()) -> dict[str, Any]:
    """For `reply_webhook`; likewise."""
    mention = "".join(f"@{user_id} " for user_id in at)
    markdown = {"title": title, "text": mention + text}
    return {"msgtype": "markdown", "markdown": markdown, "at": {"atUserIds": list(at)}}


class Robot:
    """Nothing here can be repeated blindly: DingTalk knows no idempotency key for what a robot says."""

    def __init__(self, api: DingTalkApi) -> None:
        self._api = api

    async def send_to_people(self, user_ids: Sequence[str], message: RobotMessage) -> SendResult:
        """Says `message` to each in single chat, twenty to a call.

        Raises:
            UnknownOutcome: it may have arrived.
            DingTalkError: nobody got it. Where the first twenty got it and later ones did not, nothing is
                raised; the result tells.
        """
        people = list(dict.fromkeys(user_ids))
        keys: list[str] = []
        invalid: list[str] = []
        controlled: list[str] = []
        filtered: list[str] = []
        unsent: dict[str, DingTalkError] = {}
        for start in range(0, len(people), PEOPLE_PER_CALL):
            part = people[start : start + PEOPLE_PER_CALL]
            try:
                answer = await self._api.new(
                    "POST",
                    "/v1.0/robot/oToMessages/batchSend",
                    {"robotCode": self._robot_code(), "userIds": part, **_spelled(message)},
                )
            except DingTalkError as problem:
                if start == 0:
                    raise
                unsent.update(dict.fromkeys(part, problem))
                continue
            keys.append(str(answer.get("processQueryKey") or ""))
            invalid += texts(answer.get("invalidStaffIdList"))
            controlled += texts(answer.get("flowControlledStaffIdList"))
            filtered += texts(answer.get("filteredStaffIdList"))
        return SendResult(tuple(keys), tuple(invalid), tuple(controlled), tuple(filtered), unsent)

    async def send_to_group(self, conversation_id: str, message: RobotMessage) -> SendResult:
        """Says `message` in a group; nobody can be alerted by name this way.

        Raises:
            TooLarge: more than 15,000 bytes.
            UnknownOutcome: it may have arrived.
            DingTalkError: it has not.
        """
        spelled = _spelled(message)
        if len(spelled["msgParam"].encode()) > GROUP_PARAM_BYTES:
            raise TooLarge(f"a group message of more than {GROUP_PARAM_BYTES} bytes", code="msgParam.tooLong")
        answer = await self._api.new(
            "POST",
            "/v1.0/robot/groupMessages/send",
            {"robotCode": self._robot_code(), "openConversationId": conversation_id, **spelled},
        )
        return SendResult((str(answer.get("processQueryKey") or ""),))

    async def reply_webhook(self, url: str, body: Mapping[str, Any]) -> None:
        """Answers in the conversation a message came from, while its webhook lives (about 90 minutes).

        Raises:
            BadRequest: the address is none of DingTalk's, or DingTalk refuses; send by the robot API then.
            UnknownOutcome: it may have arrived.
        """
        await self._api.webhook(self._allowed(url), body)

    async def message_file_url(self, download_code: str) -> str:
        """A temporary address of a file somebody sent to the bot."""
        answer = await self._api.new(
            "POST",
            "/v1.0/robot/messageFiles/download",
            {"robotCode": self._robot_code(), "downloadCode": download_code},
            repeatable=True,
        )
        url = answer.get("downloadUrl")
        if not isinstance(url, str) or URL(url).scheme not in {"http", "https"}:
            raise DingTalkError("the answer holds no address")
        return url

    async def download_file(self, download_code: str, *, limit: int = FILE_BYTES) -> bytes:
        """What somebody sent to the bot.

        Raises:
            TooLarge: more than `limit` bytes.
            DingTalkError: it cannot be had.
        """
        content = await self._api.download(await self.message_file_url(download_code), limit=limit)
        if content is None:
            raise TooLarge(f"a file of more than {limit} bytes")
        return content

    def _robot_code(self) -> str:
        return self._api.credentials.client_id

    def _allowed(self, address: str) -> URL:
        """The address comes in a message: it must not make us post customer data anywhere else."""
        try:
            url, ours = URL(address, encoded=True), URL(self._api.oapi_base)
        except ValueError:
            raise BadRequest("the session webhook is not an address") from None
        same = (url.scheme, url.host, url.port) == (ours.scheme, ours.host, ours.port)
        dingtalk = url.scheme == "https" and (url.host or "").lower().endswith(".dingtalk.com") and url.port == 443
        if url.user is not None or not (same or dingtalk):
            raise BadRequest(f"the session webhook is not DingTalk's: {cut_chars(url.host or '', 60)}")
        return url


def _spelled(message: RobotMessage) -> dict[str, str]:
    return {"msgKey": message.key, "msgParam": orjson.dumps(dict(message.param)).decode()}
