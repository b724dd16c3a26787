"""May this intent still be done? Pure. Source: spec README D19, conversation.md "Confirm or undo?"."""

from datetime import datetime

from bot.core.clock import BEIJING
from bot.core.errors import RuleBroken


class NoMore(RuleBroken, code="confirming.no_more"):
    """It was done, dropped, or waited too long; the text says which."""


def check_open(*, title: str, state: str, result: str, settled_at: datetime | None, late: bool) -> None:
    """Raises NoMore unless it still waits."""
    at = f"{settled_at.astimezone(BEIJING):%H:%M} " if settled_at is not None else ""
    if state == "done":
        raise NoMore(f"{at}已经办好了，没有重复处理。{result}".strip())
    if state == "cancelled":
        raise NoMore(f"「{title}」{at}已经取消了，要办就再发一次。")
    if late:
        raise NoMore(f"「{title}」超过 24 小时没有确认，已失效，请再发一次。")
