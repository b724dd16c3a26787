"""Work notifications (工作通知): sending them, and learning what became of them (platform.md section 4).

Sending answers "ok" also for what is then dropped; `result` is the truth. The same content reaches a person
once a day, so whoever repeats after UnknownOutcome with the very same message does no harm that day.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.dingtalk.api import DingTalkApi
from bot.dingtalk.cutting import cut_chars, fit, json_bytes
from bot.dingtalk.errors import DingTalkError, TooLarge
from bot.dingtalk.lenient import as_dict, as_int, as_text, dicts, texts

PEOPLE_PER_CALL = 100  # with more, the result cannot be asked for
MESSAGE_BYTES = 2048
STATUS_BAR_PEOPLE = 5
_SEND = "/topapi/message/corpconversation/asyncsend_v2"
_PROGRESS = "/topapi/message/corpconversation/getsendprogress"
_RESULT = "/topapi/message/corpconversation/getsendresult"
_COLOUR = re.compile(r"[0-9A-Fa-f]{8}")


class FateKind(StrEnum):
    """What became of one person's copy."""

    READ = "read"
    UNREAD = "unread"
    FAILED = "failed"
    FORBIDDEN = "forbidden"  # dropped; `Fate.code` says why
    INVALID = "invalid"  # no such employee, or outside the app's scope


DUPLICATE = 143106  # the same content, the same person, the same day
DAILY_LIMIT = 143105  # 500 a person and day
MINUTE_LIMITS = frozenset({143103, 143104})  # 5,000 receivers a minute: the app's, the company's


@dataclass(frozen=True, slots=True)
class Fate:
    """`code` is given for FORBIDDEN only."""

    kind: FateKind
    code: int | None = None

    @property
    def delivered(self) -> bool:
        """Whether it reached the person's phone."""
        return self.kind in {FateKind.READ, FateKind.UNREAD}


@dataclass(frozen=True, slots=True)
class Progress:
    """`done`: the result may be asked for."""

    percent: int
    done: bool


@dataclass(frozen=True, slots=True)
class StatusBar:
    """A coloured line on an OA message; only for at most five receivers. `background` as 0xAARRGGBB."""

    text: str
    background: str


@dataclass(frozen=True, slots=True)
class LinkButton:
    """Opens a page; work notifications know no other button."""

    title: str
    url: str


def text_notice(content: str) -> dict[str, Any]:
    """Plain words, cut to what fits."""
    return fit(lambda text: {"msgtype": "text", "text": {"content": text}}, content, MESSAGE_BYTES)


def markdown_notice(title: str, text: str) -> dict[str, Any]:
    """`title` shows in the list of conversations; `text` is cut to what fits."""
    title = cut_chars(title, 100)
    return fit(lambda cut: {"msgtype": "markdown", "markdown": {"title": title, "text": cut}}, text, MESSAGE_BYTES)


def oa_notice(
    *,
    title: str,
    url: str,
    form: Sequence[tuple[str, str]] = (),
    content: str = "",
    author: str = "",
    status_bar: StatusBar | None = None,
    colour: str = "FF3370FF",
) -> dict[str, Any]:
    """A headed message with up to six rows, opening `url` on phone and desktop; `content` is cut to what fits.

    Raises:
        ValueError: `colour` is not AARRGGBB, or the rows and the address alone are too long.
    """
    if not _COLOUR.fullmatch(colour):
        raise ValueError(f"not eight hex digits: {colour}")
    status = {} if status_bar is None else {"status_value": status_bar.text, "status_bg": status_bar.background}

    def build(cut: str, width: int) -> dict[str, Any]:
        rows = [{"key": cut_chars(key, min(width, 30)), "value": cut_chars(value, width)} for key, value in form[:6]]
        body: dict[str, Any] = {"title": cut_chars(title, 50)}
        if rows:
            body["form"] = rows
        if cut:
            body["content"] = cut
        if author:
            body["author"] = cut_chars(author, 20)
        oa: dict[str, Any] = {"head": {"bgcolor": colour, "text": cut_chars(title, 20)}, "body": body}
        if url:
            oa |= {"message_url": url, "pc_message_url": url}
        if status:
            oa["status_bar"] = status
        return {"msgtype": "oa", "oa": oa}

    # The rows give way before the message is refused.
    width = next((width for width in (100, 60, 30, 15) if json_bytes(build("", width)) <= MESSAGE_BYTES), 8)
    return fit(lambda cut: build(cut, width), content, MESSAGE_BYTES)


def action_card_notice(title: str, markdown: str, buttons: Sequence[LinkButton]) -> dict[str, Any]:
    """One button over the full width, or several below each other; `markdown` is cut to what fits.

    Raises:
        ValueError: no button, or an address too long (an address cannot be cut).
    """
    if not buttons:
        raise ValueError("an action card needs a button")
    card: dict[str, Any] = {"title": cut_chars(title, 100)}
    if len(buttons) == 1:
        if len(buttons[0].url) > 500:
            raise ValueError("an address of more than 500 characters")
        card |= {"single_title": cut_chars(buttons[0].title, 20), "single_url": buttons[0].url}
    else:
        rows = [{"title": cut_chars(button.title, 20), "action_url": button.url} for button in buttons]
        size = sum(len(row["title"]) + len(row["action_url"]) + 30 for row in rows)
        if size > 1000 or any(len(button.url) > 700 for button in buttons):
            raise ValueError("the buttons' addresses are too long")
        card |= {"btn_orientation": "0", "btn_json_list": rows}
    return fit(
        lambda cut: {"msgtype": "action_card", "action_card": {**card, "markdown": cut}},
        cut_chars(markdown, 1000),
        MESSAGE_BYTES,
    )


class Notices:
    """The app's work notifications."""

    def __init__(self, api: DingTalkApi) -> None:
        self._api = api

    async def send(self, user_ids: Sequence[str], message: Mapping[str, Any]) -> int:
        """Asks DingTalk to notify up to 100 people; the task's number, by which `result` answers.

        Raises:
            TooLarge: over 2,048 bytes (the builders above never are), or too many people.
            UnknownOutcome: it may have been taken.
            DingTalkError: it has not.
        """
        people = list(dict.fromkeys(user_ids))
        oa = message.get("oa")
        most = STATUS_BAR_PEOPLE if isinstance(oa, Mapping) and "status_bar" in oa else PEOPLE_PER_CALL
        if not 0 < len(people) <= most:
            raise TooLarge(f"{len(people)} receivers; one to {most} are possible")
        if json_bytes(message) > MESSAGE_BYTES:
            raise TooLarge(f"a notification of more than {MESSAGE_BYTES} bytes")
        answer = await self._api.old(
            _SEND,
            {
                "agent_id": self._api.credentials.agent_id,
                "userid_list": ",".join(people),
                "to_all_user": False,
                "msg": dict(message),
            },
        )
        task_id = as_int(answer.get("task_id"))
        if task_id is None:
            raise DingTalkError("the answer holds no task", request_id=as_text(answer.get("request_id")) or "")
        return task_id

    async def progress(self, task_id: int) -> Progress:
        """How far DingTalk is with it."""
        answer = await self._ask(_PROGRESS, task_id)
        found = as_dict(answer.get("progress")) or {}
        return Progress(as_int(found.get("progress_in_percent")) or 0, done=as_int(found.get("status")) == 2)

    async def result(self, task_id: int) -> dict[str, Fate]:
        """Each receiver's fate; to be asked within 24 hours, and when `progress` is done."""
        answer = await self._ask(_RESULT, task_id)
        found = as_dict(answer.get("send_result")) or {}
        fates: dict[str, Fate] = {}
        for key, kind in (
            ("unread_user_id_list", FateKind.UNREAD),
            ("read_user_id_list", FateKind.READ),
            ("failed_user_id_list", FateKind.FAILED),
            ("forbidden_user_id_list", FateKind.FORBIDDEN),
            ("invalid_user_id_list", FateKind.INVALID),
        ):
            fates |= {user_id: Fate(kind) for user_id in texts(found.get(key))}
        for row in dicts(found.get("forbidden_list")):
            for user_id in texts(row.get("userid")):
                fates[user_id] = Fate(FateKind.FORBIDDEN, as_int(row.get("code")))
        return fates

    async def _ask(self, path: str, task_id: int) -> dict[str, Any]:
        body = {"agent_id": self._api.credentials.agent_id, "task_id": task_id}
        return await self._api.old(path, body, repeatable=True)
