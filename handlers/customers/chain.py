"""Where in the chain a customer stands, in words: the lead it came from, and how far it has got."""

from collections.abc import Mapping
from decimal import Decimal

from bot.context import Context
from bot.core.markup import escape
from handlers.customers.service import CustomerDetails
from storage.chains import Origin, Sum

WAN = 10_000  # 万


def origin_text(origin: Origin, names: Mapping[str, str], ctx: Context) -> str:
    """杭州远航贸易（2月10日 由 李娜 转成客户）."""
    day = origin.converted_at
    year = f"{day.year}年" if day is not None and day.year != ctx.today.year else ""
    when = f"{year}{day.month}月{day.day}日 " if day is not None else ""
    who = names.get(origin.owner_id or "", "")
    return f"{escape(origin.company)}（{when}{f'由 {escape(who)} ' if who else ''}转成客户）"


def chain_text(details: CustomerDetails, *, pooled: bool) -> str:
    """来源 展会 → 跟进 5 次 → 商机 2（65 万） → 合同 1（30 万） → 已成交 → 回款 12/30 万: what is there of it."""
    if pooled:
        return ""
    chain = details.chain
    steps = [f"来源 {escape(details.customer.source)}"] if details.customer.source else []
    if chain.follow_ups is not None:
        steps.append(f"跟进 {chain.follow_ups} 次" if chain.follow_ups else "还没跟进")
    if chain.opportunities is not None:
        steps.append(f"商机 {_summed(chain.opportunities)}")
    if chain.contracts is not None:
        steps.append(f"合同 {_summed(chain.contracts)}")
    if chain.closed:
        steps.append("已成交")
    if chain.payments is not None and chain.contracts is not None and chain.contracts.count:
        paid, due = chain.payments.amount, chain.contracts.amount
        if chain.payments.count == 0:
            steps.append("还没回款")
        elif paid is not None and due is not None:
            steps.append(f"回款 {amount_text(paid)}/{amount_text(due)}")
        else:
            steps.append(f"回款 {chain.payments.count} 笔")
    return " → ".join(steps)


def _summed(one: Sum) -> str:
    return f"{one.count}（{amount_text(one.amount)}）" if one.count and one.amount is not None else str(one.count)


def amount_text(amount: Decimal) -> str:
    """65 万; below ten thousand 8,500 元; never rounded."""
    if abs(amount) < WAN or (amount * 100) % WAN:
        return f"{amount:,.2f}".removesuffix(".00") + " 元"
    return f"{(amount / WAN).normalize():,f} 万"
