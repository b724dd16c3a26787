"""What people say about the competitors met in an opportunity."""

import re

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.dispatch import ChatMessage, Reply, Router, Talk
from bot.language.money import parse_amount
from cards.base_data import base_list
from handlers.opportunities.finding import find_opportunity
from handlers.opportunities.views import answered
from handlers.rivals.service import list_win_rates, meet_competitor, part_competitor

router = Router("rivals.chat")
RIVAL = re.compile(r"^(?P<name>.+?)\s*(?:加|添加|增加)(?:竞争对手|竞品|对手)\s*(?P<rest>.+)$")
PRICE = re.compile(r"(?:报价|价格|价)\s*[:：]?\s*(\S+)")
THREAT = re.compile(r"威胁\s*[:：]?\s*([低中高])")
NO_RIVAL = re.compile(r"^(?P<name>.+?)\s*(?:删|删除|去掉)(?:竞争对手|竞品|对手)\s*(?P<rest>.+)$")
PRICE = re.compile(r"(?:报价|价格|价)\s*[:：]?\s*(\S+)")
THREAT = re.compile(r"威胁\s*[:：]?\s*([低中高])")


@router.sentence(10)
def change(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`二期扩容 加竞争对手 海天 报价 28万 威胁 高`, `… 去掉竞争对手 海天`: only of what is an opportunity."""
    if not ctx.actor.may(Permission.OPPORTUNITY_VIEW):
        return None
    text = message.text.strip().removeprefix("商机 ")
    said = NO_RIVAL.match(text) or RIVAL.match(text)
    key = find_opportunity(ctx, said["name"]) if said is not None else None
    if said is None or key is None:
        return None
    if said.re is NO_RIVAL:
        return answered(part_competitor(ctx, key, said["rest"].strip()), talk)
    return _meet(ctx, talk, key, said["rest"].strip())


def _meet(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:
    price, threat = PRICE.search(rest), THREAT.search(rest)
    amount = parse_amount(price[1]) if price else None
    if price and (amount is None or not amount.sure):
        raise InvalidInput(f"没认出报价「{price[1]}」，例如「加竞争对手 海天 报价 28万」。")
    name, _, note = THREAT.sub(" ", PRICE.sub(" ", rest)).strip().partition(" ")
    done = meet_competitor(
        ctx, key, name, note=note.strip(), price=amount.value if amount else None, threat=threat[1] if threat else ""
    )
    return answered(done, talk)


@router.command("竞争对手胜率", "对手胜率", whole=True)
def win_rates(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """Won of all closed ones, by competitor (R-COMP-5)."""
    rows = [
        (name, f"胜率 {round(100 * won / (won + lost))}% · 赢 {won} · 输 {lost}")
        for name, won, lost in list_win_rates(ctx)
    ]
    if not rows:
        return Reply("还没有碰到过竞争对手的已结束商机。")
    view = base_list("竞争对手胜率", f"共 {len(rows)} 家", rows)
    return Reply("\n".join([f"**{view.title}**", view.body, *(f"- {r.title}：{r.detail}" for r in view.rows)]))
