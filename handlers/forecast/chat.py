"""What people ask of the forecast."""

from decimal import Decimal

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.dispatch import ChatMessage, Reply, Router, Talk
from bot.language.money import show_money
from bot.language.ranges import find_range
from handlers.forecast import service

router = Router("forecast.chat")


@router.command("销售预测", "预测")
def forecast(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """`预测 本月`: Σ amount × win rate, by stage and in all (R3.22)."""
    span = find_range(message.args, ctx.now, prefer="future") if message.args else None
    if message.args and (span is None or not span.sure):
        raise InvalidInput("预测哪段时间？例如「预测 本月」「预测 下月」「预测 Q4」。")
    rows = service.forecast(ctx, span.first, span.last) if span else service.forecast(ctx)
    lines = [f"**销售预测{f' {span.text}' if span else ''}**"]
    for one in rows:
        worth = (
            "" if one.weighted is None else f" · {show_money(one.amount or Decimal(0))} → {show_money(one.weighted)}"
        )
        lines.append(f"- {one.stage}：{one.count} 个{worth}")
    if not rows:
        return Reply("这段时间没有进行中的商机。发送「我的商机」看全部。")
    count = sum(one.count for one in rows)
    if all(one.weighted is not None for one in rows):
        amount = sum((one.amount or Decimal(0) for one in rows), Decimal(0))
        weighted = sum((one.weighted or Decimal(0) for one in rows), Decimal(0))
        lines.append(f"共 {count} 个，金额 {show_money(amount)}，按赢率预计 {show_money(weighted)}。")
    else:
        lines.append(f"共 {count} 个。")
    return Reply("\n".join(lines))
