"""What administrators type about sales stages."""

import re

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from handlers.stages.rules import EXAMPLE, check_rate, read_days, read_stage
from handlers.stages.service import (
    Changed,
    add_stage,
    move_stage,
    rate_stage,
    remove_stage,
    rename_stage,
    set_rotten,
    switch_stage,
)

router = Router("stages.chat")
RENAME = re.compile(r"^(?P<name>.+?)\s*(?:改名|改成|重命名)(?:为|成)?\s*(?P<new>.*)$")
MOVE = re.compile(r"^(?P<name>.+?)\s*(?:移到|放到|在)\s*(?P<other>.+?)\s*(?:的|之)?(?P<side>前|后)[面边]?$")
ROTTEN = re.compile(r"^(?P<name>.+?)\s*停滞(?:天数)?\s*(?:改为|改成|为|[:：])?\s*(?P<days>\S.*)$")
RATE = re.compile(r"^(?P<name>.+?)\s*(?:赢率)?\s*(?:改为|改成|为|[:：])?\s*(?P<rate>-?\d+(?:\.\d+)?\s*[%％]?)$")
HELP = (
    f"可以说：「{EXAMPLE}」「阶段 报价 赢率 50%」「阶段 报价 改名 方案报价」"
    "「阶段 报价 移到 谈判 前」「阶段 报价 停滞 14天」「停用阶段 报价」"
)


@router.command("销售阶段", "阶段", "阶段列表", whole=True)
@router.command("销售阶段 ")
def listing(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """The list, or a change as behind 阶段."""
    if message.args:
        return change(message, ctx, talk)
    return Reply(card=CardRef("stages.list", {}))


@router.command("新增阶段", "新建阶段", "添加阶段", "阶段添加", "阶段 添加")
def add(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """`新增阶段 样品测试 40%`."""
    return _said(add_stage(ctx, *read_stage(message.args)))


@router.command("阶段 ", "修改阶段")
def change(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """`阶段 报价 赢率 50%`, `… 改名 …`, `… 移到 谈判 前`, `… 停滞 14天`."""
    ctx.actor.require_admin()
    if not message.args:
        return Reply(card=CardRef("stages.list", {}))
    if found := RENAME.match(message.args):
        return _said(rename_stage(ctx, found["name"], found["new"].strip()))
    if found := MOVE.match(message.args):
        return _said(move_stage(ctx, found["name"], found["other"], behind=found["side"] == "后"))
    if found := ROTTEN.match(message.args):
        return _said(set_rotten(ctx, found["name"], read_days(found["days"])))
    if found := RATE.match(message.args):
        return _said(rate_stage(ctx, found["name"], check_rate(found["rate"])))
    raise InvalidInput(f"没认出要怎么改。{HELP}")


@router.command("停用阶段")
def disable(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """Not to be chosen any more."""
    return _said(switch_stage(ctx, message.args, active=False))


@router.command("启用阶段")
def enable(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """To be chosen again."""
    return _said(switch_stage(ctx, message.args, active=True))


@router.command("删除阶段")
def remove(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """One that holds nothing."""
    return _said(remove_stage(ctx, message.args))


def _said(done: Changed) -> Reply:
    state = {"title": "销售阶段已更新", "body": done.text, "undo_id": done.undo_id}
    return Reply(card=CardRef("base.changed", state))
