"""Use cases of the reminders: who is to be told what this morning, once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.context import Context
from bot.identity import may_be_told, rights_of
from bot.language.money import show_money_short
from handlers.leadpool.clock import clock_of
from handlers.opportunities.stale import last_moved, step_stale
from handlers.paymentplans.due import step_due
from handlers.paymentplans.rules import DONE
from handlers.pool import rules as pool_rules
from handlers.reminders import rules
from handlers.reminders.rules import Reminder, ReminderPolicy
from storage import contracts, customers, digest, lead_plans, notices, opportunities, payments, people, pools, todos
from storage.database import Tx
from storage.lead_plans import ClockedLead
from storage.pools import Clocked
from storage.settings import CompanySettings


def policy_of(settings: CompanySettings) -> ReminderPolicy:
    """The rules in force; the free edition has none (D15)."""
    if not settings.paid:
        return ReminderPolicy()
    own = settings.reminders
    return ReminderPolicy(own.not_closed_days, own.not_followed_days, own.contract_expiry_days, own.next_follow_up_days)


def list_owners(ctx: Context) -> list[str]:
    """Everybody who may have something to be reminded of."""
    with ctx.begin() as tx:
        owners = {c.owner_id for c in pools.list_clocked(tx)}
        owners |= {c.owner_id for c in contracts.list_running(tx) if c.owner_id}
        owners |= payments.owners_of_due(tx, ctx.today)
        owners |= lead_plans.owners_of_planned(tx)
        if ctx.settings.lead_return_days is not None:
            owners |= {one.owner_id for one in lead_plans.list_clocked(tx)}
        owners |= opportunities.owners_of_stale(tx, step_stale(tx, ctx))
        owners |= set(digest.list_people_waiting(tx))
        return sorted(owners)


def queue_morning(ctx: Context, owner_id: str) -> int:
    """Puts one person's due reminders among what waits for him; returns how many lines are new.

    What belongs to somebody who has left or is out of scope goes to the administrators (D5), so nobody's message
    may leave before everybody's reminders are collected: one message a person and morning.
    """
    with ctx.begin() as tx:
        receivers = [owner_id] if may_be_told(tx, owner_id, ctx.settings) else _administrators(tx, ctx)
        prefix = "" if receivers == [owner_id] else f"{people.name_of(tx, owner_id)}名下："
        fields = {r: rights_of(tx, r, ctx.settings).scope.fields for r in receivers}
        fresh = 0
        for reminder, subject in due_reminders(tx, ctx, owner_id):
            for receiver in receivers:
                fresh += digest.add(
                    tx, user_id=receiver, rule=reminder.rule, subject=subject, cycle=reminder.cycle,
                    text=prefix + reminder.text_for(fields[receiver]), now=ctx.now,
                )  # fmt: skip
        if receivers != [owner_id]:  # what was meant for the leaver himself
            for item in digest.list_open(tx, owner_id):
                item.cancelled_at = ctx.now
                for receiver in receivers:
                    digest.add(
                        tx, user_id=receiver, rule=item.rule, subject=item.subject, cycle=item.cycle,
                        text=prefix + item.text, now=ctx.now,
                    )  # fmt: skip
        return fresh


def send_digest(ctx: Context, user_id: str) -> int:
    """Sends what waits for one person as one 工作通知, in the transaction that marks it sent. Returns 1 if it did."""
    with ctx.begin() as tx:
        return _send_open(tx, ctx, user_id) if may_be_told(tx, user_id, ctx.settings) else 0


def _send_open(tx: Tx, ctx: Context, user_id: str) -> int:
    items = digest.list_open(tx, user_id)
    if not items:
        return 0
    title, text = rules.morning_text([(i.rule, i.text) for i in items], ctx.today)
    notices.queue(
        tx, key=f"morning:{user_id}:{ctx.now.isoformat()}", user_ids=[user_id], title=title, text=text, now=ctx.now
    )
    digest.mark_sent(tx, items, ctx.now)
    return 1


def due_reminders(tx: Tx, ctx: Context, owner_id: str) -> list[tuple[Reminder, str]]:
    """(reminder, subject) for everything of one owner that the rules name today."""
    policy, today = policy_of(ctx.settings), ctx.today
    found: list[tuple[Reminder | None, str]] = []
    for customer in pools.list_clocked(tx, owner_id=owner_id):
        subject = f"customer:{customer.id}"
        if customer.next_follow_up_at is not None:
            planned = rules.next_follow_up(
                policy, name=customer.name, planned=customer.next_follow_up_at, timed=customer.next_timed, today=today
            )
            found.append((planned, subject))
        base = max(d.date() for d in (customer.owner_since, customer.last_follow_up_at) if d is not None)
        found.append((rules.not_followed(policy, name=customer.name, base=base, today=today), subject))
        found.append(
            (
                rules.not_closed(
                    policy, name=customer.name, owned_on=customer.owner_since.date(),
                    has_contract=customer.has_contract, today=today,
                ),
                subject,
            )
        )  # fmt: skip
        found.append((_returns_soon(ctx, customer), subject))
    for lead in lead_plans.list_planned(tx, owner_id):
        planned_at = lead.next_follow_up_at
        if planned_at is not None:
            told = rules.next_follow_up(
                policy, name=f"线索 {lead.company}", planned=planned_at, timed=lead.next_timed, today=today
            )
            found.append((told, f"lead:{lead.id}"))
    if ctx.settings.lead_return_days is not None:
        found += [(_lead_returns(ctx, one), f"lead:{one.id}") for one in lead_plans.list_clocked(tx, owner_id=owner_id)]
    found += _stale(tx, ctx, owner_id)
    for contract in contracts.list_running(tx, owner_id=owner_id):
        reminder = rules.contract_expiry(
            policy, number=contract.number, customer=contract.customer, ends_on=contract.ends_on, today=today
        )
        found.append((reminder, f"contract:{contract.id}"))
    for plan in step_due(tx, ctx, owner_id=owner_id, until=today):
        if plan.status != DONE and plan.amount is not None and plan.paid is not None:
            due = rules.payment_due(
                number=plan.number, customer=plan.customer, period=plan.period, due_on=plan.due_on,
                rest=show_money_short(plan.amount - plan.paid), today=today,
            )  # fmt: skip
            found.append((due, f"contract:{plan.contract_id}"))
    return [(reminder, subject) for reminder, subject in found if reminder is not None]


def _stale(tx: Tx, ctx: Context, owner_id: str) -> list[tuple[Reminder | None, str]]:
    """His opportunities that stand still; the free edition has no reminders (D15)."""
    if not ctx.settings.paid:
        return []
    found: list[tuple[Reminder | None, str]] = []
    for one, stage in opportunities.list_stale(tx, step_stale(tx, ctx), owner_id):
        base = last_moved(one.stage_since, one.last_follow_up_at).date()
        told = rules.stale(
            name=one.name, stage=stage.name, days=(ctx.today - base).days, limit=stage.rotten_days or 0, base=base
        )
        found.append((told, f"opportunity:{one.id}"))
    return found


def _returns_soon(ctx: Context, customer: Clocked) -> Reminder | None:
    days = ctx.settings.pool.return_after_days
    if days is None or not ctx.settings.paid:
        return None
    if customer.has_contract and not ctx.settings.pool.return_with_contract:
        return None
    clock = pool_rules.return_clock(
        after_days=days, owner_since=customer.owner_since, last_follow_up_at=customer.last_follow_up_at,
        rule_since=ctx.settings.pool_rule_since, today=ctx.today, lock_until=customer.lock_until,
    )  # fmt: skip
    threshold = pool_rules.warning_threshold(clock, days)
    if threshold is None:
        return None
    return rules.returns_soon(
        name=customer.name, days_left=clock.days_left, after_days=days, threshold=threshold, base=clock.base
    )


def _lead_returns(ctx: Context, lead: ClockedLead) -> Reminder | None:
    days = ctx.settings.lead_return_days
    clock = clock_of(ctx.settings, lead.owner_since, lead.last_follow_up_at, ctx.today)
    threshold = pool_rules.warning_threshold(clock, days) if days is not None and clock is not None else None
    if days is None or clock is None or threshold is None:
        return None
    return rules.returns_soon(
        name=lead.company, days_left=clock.days_left, after_days=days, threshold=threshold, base=clock.base, of="线索"
    )


def _administrators(tx: Tx, ctx: Context) -> list[str]:
    return [a for a in ctx.settings.admins if may_be_told(tx, a, ctx.settings)]


def tell_administrators(ctx: Context, *, rule: str, subject: str, cycle: str, text: str) -> None:
    """Puts a line into the administrators' next morning message."""
    with ctx.begin() as tx:
        for user_id in _administrators(tx, ctx):
            digest.add(tx, user_id=user_id, rule=rule, subject=subject, cycle=cycle, text=text, now=ctx.now)


def tell_administrators_now(ctx: Context, *, title: str, text: str, key: str) -> int:
    """A 工作通知 to the administrators at once. Returns to how many."""
    with ctx.begin() as tx:
        receivers = _administrators(tx, ctx)
        if receivers:
            notices.queue(tx, key=key, user_ids=receivers, title=title, text=text, now=ctx.now)
        return len(receivers)


def list_waiting(ctx: Context) -> list[str]:
    """Who has reminders that have not left yet."""
    with ctx.begin() as tx:
        return digest.list_people_waiting(tx)


def next_nudge(ctx: Context, after: datetime) -> datetime | None:
    """Ten minutes before the next timed contact of that day nobody has been reminded of."""
    if policy_of(ctx.settings).next_follow_up_days is None:
        return None
    with ctx.begin() as tx:
        start = after + rules.NUDGE
        planned = [customers.next_unreminded(tx, after=start), lead_plans.next_unreminded(tx, after=start)]
    return min((p - rules.NUDGE for p in planned if p is not None), default=None)


def queue_nudges(ctx: Context) -> int:
    """Reminds of timed contacts that are near and were planned too late for a morning message."""
    if policy_of(ctx.settings).next_follow_up_days is None:
        return 0
    within = {"since": ctx.now, "until": ctx.now + rules.NUDGE}
    with ctx.begin() as tx:
        near = [
            Near(f"customer:{c.id}", c.name, c.owner_id, c.next_follow_up_at)
            for c in customers.list_unreminded(tx, **within)
        ]
        near += [
            Near(f"lead:{lead.id}", f"线索 {lead.company}", lead.owner_id, lead.next_follow_up_at)
            for lead in lead_plans.list_unreminded(tx, **within)
        ]
        return sum(_nudge(tx, ctx, one) for one in near)


@dataclass(frozen=True, slots=True)
class Near:
    """A timed contact that is near: of whom, and whose."""

    subject: str
    name: str
    owner_id: str | None
    planned: datetime | None


def _nudge(tx: Tx, ctx: Context, near: Near) -> bool:
    """Whether its owner is told at once."""
    owner_id, planned = near.owner_id, near.planned
    if owner_id is None or planned is None or not may_be_told(tx, owner_id, ctx.settings):
        return False
    cycle = planned.isoformat()
    told = Reminder(
        "next_follow_up", cycle, f"「{near.name}」约的 {planned:%H:%M} 快到了", ("followup", "next_at"),
        f"「{near.name}」该跟进了",
    )  # fmt: skip
    text = told.text_for(rights_of(tx, owner_id, ctx.settings).scope.fields)
    fresh = digest.add(
        tx, user_id=owner_id, rule="next_follow_up", subject=near.subject, cycle=cycle, text=text, now=ctx.now
    )
    if not fresh or rules.after_quiet_hours(ctx.now, ctx.settings.quiet_hours) is not None:
        return False
    notices.queue(
        tx, key=f"nudge:{near.subject}:{cycle}", user_ids=[owner_id], title="到点联系",
        text=text, now=ctx.now,
    )  # fmt: skip
    mine = [i for i in digest.list_open(tx, owner_id) if i.cycle == cycle and i.subject == near.subject]
    digest.mark_sent(tx, mine, ctx.now)
    return True


def tell_undelivered(ctx: Context) -> int:
    """Tells the administrators of notices that did not arrive, once each. Returns how many administrators."""
    with ctx.begin() as tx:
        lost = notices.list_undelivered(tx, since=ctx.now - timedelta(days=3), untold=True)
        receivers = _administrators(tx, ctx)
        if not lost or not receivers:
            return 0
        names = people.names_of(tx, [n.user_id for n in lost])
        some = [
            f"- {names.get(n.user_id, n.user_id)}：{n.text.splitlines()[0][:30]}（{why(n.fate)}）" for n in lost[:10]
        ]
        more = [f"…共 {len(lost)} 条，发送「通知状态」查看。"] if len(lost) > 10 else []
        notices.queue(
            tx, key=f"undelivered:{lost[0].id}:{len(lost)}", user_ids=receivers, title=f"有 {len(lost)} 条通知没送达",
            text="\n".join([*some, *more]), now=ctx.now,
        )  # fmt: skip
        notices.mark_told(tx, [n.id for n in lost if n.id is not None], ctx.now)
        return len(receivers)


def list_lost(ctx: Context) -> list[tuple[str, str, str]]:
    """(person, first line, why) of the last week's undelivered notices. Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        lost = notices.list_undelivered(tx, since=ctx.now - timedelta(days=7))
        names = people.names_of(tx, [n.user_id for n in lost])
        return [(names.get(n.user_id, n.user_id), n.text.splitlines()[0][:40], why(n.fate)) for n in lost]


def todo_refusal(ctx: Context) -> str:
    """Why DingTalk took the latest 待办 of an approval not; empty: it did, or none is wanted. Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        return todos.refusal(tx) if ctx.settings.approvals.dingtalk_todo else ""


def why(fate: str) -> str:
    """As people read it."""
    return fate.partition(":")[2] or {"unknown": "钉钉没有回应，不确定是否送达"}.get(fate, fate)
