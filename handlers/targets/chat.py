"""What people type about targets."""

import re
from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from handlers.targets.rules import EXAMPLE, TargetWords, progress_text, read_metric, read_targets, words_of
from handlers.targets.service import set_targets, show_progress

router = Router("targets.chat")


@router.command("设目标", "设置目标", "设定目标")
def set_some(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`设目标 李四 合同额 2026年 每月30万`."""
    if not message.args:
        raise InvalidInput(f"给谁设、设多少？例如「{EXAMPLE}」，部门和单个月份也行。")
    return _set(ctx, talk, read_targets(message.args, today=ctx.today))


def _set(ctx: Context, talk: Talk, words: TargetWords, *, overwrite: bool | None = None) -> Reply:
    if not words.metric:
        talk.ask("targets.metric", words=words.row())
        return Reply("是合同额还是回款额的目标？回复「合同额」或「回款额」。", private=False)
    done = set_targets(ctx, words, overwrite=overwrite)
    if done.differing:
        talk.ask("targets.overwrite", words=words.row())
        return Reply(f"{done.text}\n回复「覆盖」全部改掉，「只填空」只填还没有的月份，「取消」不改。")
    talk.settle()
    state = {"title": "目标已设置", "body": done.text, "undo_id": done.undo_id}
    return Reply(card=CardRef("base.changed", state))


@router.question("targets.metric")
def metric(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """合同额 or 回款额."""
    found = read_metric(message.text)
    if not found:
        return None
    return _set(ctx, talk, words_of({**pending["words"], "metric": found}))


@router.question("targets.overwrite")
def decide(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """覆盖 or 只填空."""
    word = message.text.strip("。！! ")
    if word not in ("覆盖", "全部覆盖", "只填空", "填空"):
        return None
    return _set(ctx, talk, words_of(pending["words"]), overwrite=word.endswith("覆盖"))


@router.command("业绩", "我的业绩", "本月业绩", "目标完成", "完成率", "我的目标", "业绩完成多少", whole=True)
def progress(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """How far one's own month is."""
    talk.settle()
    told = [progress_text(one) for one in show_progress(ctx)]
    if not told:
        return Reply("你的角色看不到合同和回款的金额，需要的话请联系管理员。")
    return Reply("\n".join([f"{ctx.today.year}年{ctx.today.month}月", *told]))


@router.command("销售目标", whole=True)
@router.command("销售目标 ", "目标列表")
def listing(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """`销售目标`, `销售目标 2026年`."""
    named = re.search(r"\d{4}", message.args, re.ASCII)
    return Reply(card=CardRef("targets.list", {"year": int(named[0]) if named else ctx.today.year, "page": 1}))
