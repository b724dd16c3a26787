"""What people say about the products in an opportunity."""

import re

from bot.context import Context
from bot.core.actor import Permission
from bot.dispatch import ChatMessage, Reply, Router, Talk
from handlers.opportunities.finding import find_opportunity
from handlers.opportunities.views import answered
from handlers.opportunitylines.service import add_line, remove_line
from handlers.products.reading import read_line

router = Router("opportunitylines.chat")
LINE = re.compile(r"^(?P<name>.+?)\s*(?:加|添加|增加)产品\s*(?P<rest>.+)$")
NO_LINE = re.compile(r"^(?P<name>.+?)\s*(?:删|删除|去掉)产品\s*(?P<rest>.+)$")


@router.sentence(10)
def change(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`二期扩容 加产品 ZJ-001 2台 9折`, `二期扩容 删产品 ZJ-001`: only of what is an opportunity."""
    if not ctx.actor.may(Permission.OPPORTUNITY_VIEW):
        return None
    text = message.text.strip().removeprefix("商机 ")
    said = NO_LINE.match(text) or LINE.match(text)
    key = find_opportunity(ctx, said["name"]) if said is not None else None
    if said is None or key is None:
        return None
    if said.re is NO_LINE:
        return answered(remove_line(ctx, key, said["rest"].strip()), talk)
    return answered(add_line(ctx, key, *read_line(said["rest"])), talk)
