"""`首页`, `今天`: what there is to do, with a button for each."""

import re

from bot.context import Context
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk

router = Router("home.chat")
ASKED = re.compile(
    r"(?:我?今[天日])?(?:我)?(?:有|还有|的|要|该|需要)*(?:什么|啥|哪些|谁|几家)?(?:的)?(?:安排|任务|事情?|待办|工作|要联系的?|要跟进的?|联系|跟进|做|干)"
    r"(?:的)?(?:什么|啥|嘛|谁|哪些|哪几家|客户)*(?:要做|要办|吗|呢)?"
)


@router.command("首页", "今天", "今日", "待办", "逾期", "提醒", "今天干什么", whole=True)
def today(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """The day's card."""
    talk.settle()
    return Reply(card=CardRef("home.today", {}))


@router.sentence(25)
def asked(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`今天有什么安排`, `今天要联系谁`."""
    said = message.text.strip(" 。.!！?？")
    if not said.startswith(("今天", "今日", "我今天")) or len(said) > 16 or ASKED.fullmatch(said) is None:
        return None
    return today(message, ctx, talk)
