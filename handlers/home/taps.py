"""How the day's card is drawn."""

from typing import Any

from bot.context import Context
from bot.core.markup import escape
from bot.dispatch import CardButton, CardRow, CardView, Router
from cards.customers import FollowButton
from cards.flows import OpenTaskButton
from cards.leads import FollowLeadButton
from handlers.customers.views import moment_text
from handlers.home.service import show_today
from handlers.targets.rules import progress_text
from storage.tables import Customer, Lead

router = Router("home.taps")
ROWS = 6


@router.painter("home.today")
def paint_today(state: dict[str, Any], ctx: Context) -> CardView:  # noqa: ARG001 -- drawn from the customers alone
    """Overdue first, then today's, then what is about to return to the pool."""
    day = show_today(ctx)
    rows = [
        CardRow(
            f"审批 {number}",
            escape(words),
            "",
            (CardButton("去处理", OpenTaskButton(task_id=i), typed=f"处理 {number}"),),
        )
        for i, number, words in day.approvals
    ]
    rows += [_row("逾期", c, ctx) for c in day.overdue] + [_row("今天", c, ctx) for c in day.today]
    rows += [_lead_row(lead, ctx) for lead in day.leads]
    rows += [CardRow(escape(name), _leaving(left, "公海"), "", (_follow(i, name),)) for i, name, left in day.returning]
    rows += [
        CardRow(escape(company), f"线索 · {_leaving(left, '线索公海')}", "", (_follow_lead(i, company),))
        for i, company, left in day.returning_leads
    ]
    total = len(rows)
    pool = f" · 公海 {day.pool} 家" if day.pool is not None else ""
    head = f"{ctx.actor.name}，你有 {day.customers} 家客户{pool} · 本周跟进 {day.logged_this_week} 次"
    if day.progress:
        head += f"\n{ctx.today.month}月{' · '.join(progress_text(one) for one in day.progress)}"
    if not rows:
        hint = "今天没有要联系的客户。"
        if day.pool:
            hint += "发送「公海」看看有没有合适的"
        if day.customers:
            hint += f"{'，或' if day.pool else ''}发送「我的客户 20天没跟进」，给久没联系的打个电话"
        return CardView(f"今天 {ctx.today.month}月{ctx.today.day}日", body=f"{head}\n{hint}")
    more = f"共 {total} 件，先看 {ROWS} 件；处理完再发「今天」。" if total > ROWS else f"共 {total} 件"
    counts = f"今天 {len(day.today)} 件 · 逾期 {len(day.overdue)} 件 · 将返回公海 {len(day.returning)} 家"
    if day.approvals:
        counts += f" · 待审批 {len(day.approvals)} 件"
    if day.leads:
        counts += f" · 线索 {len(day.leads)} 条"
    if day.returning_leads:
        counts += f" · 将返回线索公海 {len(day.returning_leads)} 条"
    return CardView(
        f"今天 {ctx.today.month}月{ctx.today.day}日", body=f"{head}\n{counts}", rows=tuple(rows[:ROWS]), footer=more
    )


def _row(kind: str, customer: Customer, ctx: Context) -> CardRow:
    planned = customer.next_follow_up_at
    when = ""
    if planned is not None and kind == "今天":
        when = f" · {planned:%H:%M}" if customer.next_timed else ""
    elif planned is not None:
        when = f" · 约的是 {moment_text(planned, ctx, timed=customer.next_timed)}"
    return CardRow(escape(customer.name), f"{kind}{when}", "", (_follow(customer.id or 0, customer.name),))


def _lead_row(lead: Lead, ctx: Context) -> CardRow:
    planned = lead.next_follow_up_at
    when = f" · 约的是 {moment_text(planned, ctx, timed=lead.next_timed)}" if planned is not None else ""
    return CardRow(escape(lead.company), f"线索{when}", "", (_follow_lead(lead.id or 0, lead.company),))


def _leaving(days_left: int, where: str) -> str:
    return f"将返回{where} · " + (f"还有 {days_left} 天" if days_left else "今天")


def _follow_lead(lead_id: int, company: str) -> CardButton:
    return CardButton(f"记跟进 {company}", FollowLeadButton(lead_id=lead_id), typed=f"跟进线索 {company} ")


def _follow(customer_id: int, name: str) -> CardButton:
    return CardButton(f"记跟进 {name}", FollowButton(customer_id=customer_id), typed=f"跟进 {name} ")
