"""`首页`, `今天`: what there is to do, with a button for each."""

from bot.context import Context
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk

router = Router("home.chat")


@router.command("首页", "今天", "今日", "待办", "逾期", "提醒", "今天干什么", whole=True)
def today(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """The day's card."""
    talk.settle()
    return Reply(card=CardRef("home.today", {}))
