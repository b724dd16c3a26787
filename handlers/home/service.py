"""Use case of 首页 / 今天: what a person has to do now."""

from dataclasses import dataclass
from datetime import timedelta

from bot.context import Context
from bot.core.actor import Permission
from bot.core.clock import at_beijing
from handlers.flows import rules as flow_rules
from handlers.flows.running import brief, run_of
from handlers.leadpool.clock import step_returning as leads_returning
from handlers.pool.clock import step_returning
from handlers.pool.rules import WARN_DAYS
from handlers.targets.rules import Progress
from handlers.targets.service import step_progress
from storage import customers, flow_lists, follow_ups, lead_plans
from storage.customers import CustomerFilter
from storage.database import Tx
from storage.tables import Customer, Lead


@dataclass(frozen=True, slots=True)
class Today:
    """One person's day."""

    overdue: list[Customer]
    today: list[Customer]
    leads: list[Lead]  # whose next contact is today or overdue
    returning: list[tuple[int, str, int]]  # id, name, days left
    returning_leads: list[tuple[int, str, int]]  # id, company, days left
    customers: int
    pool: int | None  # None: no right to see it
    logged_this_week: int
    approvals: list[tuple[int, str, str]]  # task, number, what it is about and how long it has waited
    progress: tuple[Progress, ...]  # of the month, where a target is set


def show_today(ctx: Context) -> Today:
    """Derived from the customers themselves, so that what is done vanishes (R-TODO-2)."""
    me = ctx.actor.user_id
    with ctx.begin() as tx:
        midnight = at_beijing(ctx.today)
        due = customers.list_planned(tx, me, before=midnight + timedelta(days=1))
        overdue = [c for c in due if c.next_follow_up_at is not None and c.next_follow_up_at < midnight]
        today = [c for c in due if c not in overdue]
        soon = step_returning(tx, ctx.settings, ctx.today, within=max(WARN_DAYS), owner_id=me)
        leaving = (
            leads_returning(tx, ctx.settings, ctx.today, within=max(WARN_DAYS), owner_id=me)
            if ctx.actor.may(Permission.LEAD_VIEW) else []
        )  # fmt: skip
        monday = midnight - timedelta(days=ctx.today.weekday())
        return Today(
            overdue, today,
            lead_plans.list_planned(tx, me, before=midnight + timedelta(days=1))
            if ctx.actor.may(Permission.LEAD_VIEW) else [],
            [(customer.id, customer.name, max(0, clock.days_left)) for customer, clock in soon],
            [(lead.id, lead.company, max(0, clock.days_left)) for lead, clock in leaving],
            customers.count_customers(tx, CustomerFilter(mine=me, pooled=False)),
            customers.count_pool(tx) if ctx.actor.may(Permission.POOL_VIEW) else None,
            follow_ups.count_by(tx, me, since=monday),
            [_approval(tx, ctx, one) for one in flow_lists.waiting_of(tx, me)],
            step_progress(tx, ctx, aimed_at=True),
        )  # fmt: skip


def _approval(tx: Tx, ctx: Context, one: flow_lists.Waiting) -> tuple[int, str, str]:
    since = flow_rules.span((ctx.now - (one.task.opened_at or ctx.now)).total_seconds())
    return one.task.id or 0, one.flow.number, f"{brief(run_of(tx, one.flow), one.task.node)} · 已等 {since}"
