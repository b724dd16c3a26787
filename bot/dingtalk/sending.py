"""What the outbox asks of DingTalk, in its own few verbs."""

from collections.abc import Callable
from typing import Any

from bot.core.scans import IMAGES, scan_kind
from bot.dingtalk.cards import GroupSpace, PersonSpace
from bot.dingtalk.client import DingTalk
from bot.dingtalk.errors import NotDelivered, Throttled, WrongCredentials
from bot.dingtalk.media import MediaKind
from bot.dingtalk.notices import DAILY_LIMIT, DUPLICATE, Fate, FateKind
from bot.dingtalk.robot import RobotMessage, file_message, image_message, markdown_message, webhook_markdown

BREAK = "  \n"  # DingTalk's markdown wants two blanks before a line break


class Sending:
    """Single-chat answers go by the robot API: webhook answers share a bucket with what comes in (house 0.5).

    Where DingTalk does not take the app's credentials, the last message's webhook is the only way left to say so.
    """

    def __init__(self, dingtalk: DingTalk, webhook_of: Callable[[str], str] = lambda _: "") -> None:
        self._dingtalk, self._webhook_of = dingtalk, webhook_of

    async def to_person(self, user_id: str, title: str, text: str) -> str:
        """Raises NotDelivered for who is no employee, Throttled where DingTalk holds that person's messages back."""
        try:
            return await self._to_person(user_id, markdown_message(title, lines(text)))
        except WrongCredentials:
            return await self._by_webhook(user_id, title, text)

    async def file(self, user_id: str, name: str, content: bytes) -> str:
        """An uploaded file or picture, in the single chat. Raises as `to_person`, and TooLarge."""
        if scan_kind(content) in IMAGES:
            media_id = await self._dingtalk.media.upload(MediaKind.IMAGE, name, content)
            return await self._to_person(user_id, image_message(media_id))
        media_id = await self._dingtalk.media.upload(MediaKind.FILE, name, content)
        return await self._to_person(user_id, file_message(media_id, name))

    async def _to_person(self, user_id: str, message: RobotMessage) -> str:
        result = await self._dingtalk.robot.send_to_people([user_id], message)
        if user_id in result.flow_controlled:
            raise Throttled("the receiver is flow-controlled", code="flowControlledStaffIdList")
        if not result.reached(user_id):
            raise NotDelivered("the receiver is no employee or cannot be reached", code="invalidStaffIdList")
        return result.query_key

    async def to_group(self, conversation_id: str, title: str, text: str) -> str:
        """A message in a group."""
        result = await self._dingtalk.robot.send_to_group(conversation_id, markdown_message(title, lines(text)))
        return result.query_key

    async def card(self, payload: dict[str, Any]) -> str:
        """A new card; the same outTrackId again makes no second one."""
        space = PersonSpace(payload["user_id"]) if "user_id" in payload else GroupSpace(payload["conversation_id"])
        try:
            delivery = await self._dingtalk.cards.create_and_deliver(
                template_id=payload["template_id"], out_track_id=payload["out_track_id"], spaces=[space],
                data=payload["variables"], private=payload.get("private"), summary=str(payload["title"]),
            )  # fmt: skip
        except WrongCredentials:
            if "user_id" not in payload:
                raise
            return await self._by_webhook(payload["user_id"], str(payload["title"]), str(payload["text"]))
        return delivery.out_track_id

    async def _by_webhook(self, user_id: str, title: str, text: str) -> str:
        """Raises WrongCredentials where the person has not written lately."""
        url = self._webhook_of(user_id)
        if not url:
            raise WrongCredentials("no webhook to say so", code="credentials")
        await self._dingtalk.robot.reply_webhook(url, webhook_markdown(title, lines(text)))
        return ""

    async def card_update(
        self, out_track_id: str, variables: dict[str, str], private: dict[str, dict[str, str]]
    ) -> None:
        """For all who hold the card, and by userId for one alone."""
        await self._dingtalk.cards.update(out_track_id, variables, private)

    async def notice(self, user_ids: list[str], message: dict[str, Any]) -> str:
        """A 工作通知; returns its task id."""
        return str(await self._dingtalk.notices.send(user_ids, message))

    async def todo(self, union_id: str, source_id: str, subject: str, due_ms: int | None) -> str:
        """A 待办; the same source again makes no second one."""
        return await self._dingtalk.todos.create(union_id, source_id=source_id, subject=subject, due_ms=due_ms)

    async def todo_done(self, union_id: str, todo_id: str) -> None:
        """A 待办 is ticked off."""
        await self._dingtalk.todos.finish(union_id, todo_id)

    async def todo_open(self, union_id: str, todo_id: str, source_id: str) -> None:
        """A 待办 that somebody ticked off is open again."""
        await self._dingtalk.todos.reopen(union_id, todo_id, source_id=source_id)

    async def notice_fates(self, task_id: str, user_ids: list[str]) -> dict[str, str]:
        """What became of each receiver, in the ledger's words. Who is not named yet is left out."""
        fates = await self._dingtalk.notices.result(int(task_id))
        return {u: fate_text(fates[u]) for u in user_ids if u in fates}


def lines(text: str) -> str:
    """Every line break as DingTalk's markdown wants it, list items and headings excepted."""
    return BREAK.join(part.rstrip() for part in text.split("\n"))


REASONS = {
    DUPLICATE: "同样内容当天已发过",
    DAILY_LIMIT: "当天通知超过上限",
    143103: "一分钟内发得太多",
    143104: "一分钟内发得太多",
}


def fate_text(fate: Fate) -> str:
    """delivered, or undelivered:<why>."""
    if fate.delivered:
        return "delivered"
    if fate.kind is FateKind.FORBIDDEN:
        return f"undelivered:{REASONS.get(fate.code or 0, f'被钉钉拦下（{fate.code}）')}"
    return "undelivered:" + {FateKind.INVALID: "不在通知范围或已离职", FateKind.FAILED: "钉钉发送失败"}.get(
        fate.kind, "未送达"
    )
