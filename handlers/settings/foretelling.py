"""What follows from a change of the rules, in sentences: whom it stops, what it returns, what it reminds of."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from bot.context import Context
from handlers.leadpool.clock import clock_of
from handlers.pool import rules as pool_rules
from handlers.reminders import rules as reminder_rules
from handlers.reminders.rules import Reminder, ReminderPolicy
from handlers.settings import rules
from handlers.settings.rules import REMINDERS, Value
from storage import contracts, digest, lead_plans, people, pools
from storage.database import Tx
from storage.settings import CompanySettings

SOON = 7  # days a change of the return rule is foretold for


def pool_effects(tx: Tx, ctx: Context, before: CompanySettings, after: CompanySettings) -> list[str]:
    """Who cannot claim any more, and what the rule of returning does within a week."""
    if not after.paid:
        return [rules.FREE]
    effects: list[str] = []
    for name, what, counts in (
        ("claim_cap", "累计领取", pools.claims_by_person), ("holding_cap", "名下客户", pools.holdings_by_person),
    ):  # fmt: skip
        cap = getattr(after.pool, name)
        if cap is None or cap == getattr(before.pool, name):
            continue
        full = sorted(((c, u) for u, c in counts(tx).items() if c >= cap), reverse=True)
        names = people.names_of(tx, people.filter_active(tx, [u for _, u in full]))
        some = "、".join(f"{names[u]} {c}" for c, u in full if u in names)
        if some:
            effects.append(f"{what}已到上限：{some}（已有的不收回，只是不能再领）。")
    if _return_rule(before) != _return_rule(after):
        effects += return_effects(tx, ctx, after)
    if before.pool.lead_return_after_days != after.pool.lead_return_after_days:
        effects += _lead_effects(tx, ctx, after)
    return effects


def _lead_effects(tx: Tx, ctx: Context, settings: CompanySettings) -> list[str]:
    days = settings.lead_return_days
    if days is None:
        off = settings.pool.lead_return_after_days is not None
        return ["线索公海还没开，发送「公海设置 线索公海 开」后才生效。" if off else "以后没有线索会自动返回线索公海。"]
    clocks = [
        clock_of(settings, one.owner_since, one.last_follow_up_at, ctx.today) for one in lead_plans.list_clocked(tx)
    ]
    soon = sum(clock is not None and clock.days_left <= SOON for clock in clocks)
    return [f"{SOON} 天内会返回线索公海：{soon} 条（返回前 7、3、1 天提醒负责人）。"]


def _return_rule(settings: CompanySettings) -> tuple[int | None, bool]:
    return settings.pool.return_after_days, settings.pool.return_with_contract


def return_effects(tx: Tx, ctx: Context, settings: CompanySettings) -> list[str]:
    """How many customers go to the pool within a week, by the rule as it is now; nobody at once (D3)."""
    days = settings.return_days
    if days is None:
        return ["以后没有客户会自动返回公海。"]
    soon = over = 0
    for customer in pools.list_clocked(tx):
        if customer.has_contract and not settings.pool.return_with_contract:
            continue
        clock = partial(
            pool_rules.return_clock, after_days=days, owner_since=customer.owner_since,
            last_follow_up_at=customer.last_follow_up_at, today=ctx.today, lock_until=customer.lock_until,
        )  # fmt: skip
        left = clock(rule_since=settings.pool_rule_since).days_left
        soon += left <= SOON
        over += clock(rule_since=None).days_left <= 0 < left
    effects = [f"{SOON} 天内会返回公海：{soon} 家（返回前 7、3、1 天提醒负责人）。"]
    if over:
        first = (settings.pool_rule_since or ctx.today) + timedelta(days=days)
        effects.append(
            f"已经超过 {days} 天没跟进的 {over} 家，从新规则生效那天重新算，最早 {first.month}月{first.day}日 返回。"
        )
    return effects


def reminder_effects(tx: Tx, ctx: Context, after: CompanySettings, changes: Mapping[str, Value]) -> list[str]:
    """How many of each rule that was changed tomorrow morning would bring."""
    if not after.paid:
        return [rules.FREE]
    changed = [f for f in REMINDERS[:4] if changes.get(f.name) is not None]
    if not changed:
        return []
    own, tomorrow = after.reminders, ctx.today + timedelta(days=1)
    policy = ReminderPolicy(
        own.not_closed_days, own.not_followed_days, own.contract_expiry_days, own.next_follow_up_days
    )
    counts: dict[str, int] = {}
    known: dict[str, set[tuple[str, str]]] = {}

    def count(reminder: Reminder | None, subject: str) -> None:
        if reminder is not None:
            seen = known.setdefault(reminder.rule, digest.known(tx, reminder.rule))
            counts[reminder.rule] = counts.get(reminder.rule, 0) + ((subject, reminder.cycle) not in seen)

    for c in pools.list_clocked(tx):
        subject = f"customer:{c.id}"
        if c.next_follow_up_at is not None:
            planned = c.next_follow_up_at
            count(
                reminder_rules.next_follow_up(policy, name=c.name, planned=planned, timed=c.next_timed, today=tomorrow),
                subject,
            )
        base = max(d.date() for d in (c.owner_since, c.last_follow_up_at) if d is not None)
        count(reminder_rules.not_followed(policy, name=c.name, base=base, today=tomorrow), subject)
        owned = c.owner_since.date()
        contracted = c.has_contract
        count(
            reminder_rules.not_closed(policy, name=c.name, owned_on=owned, has_contract=contracted, today=tomorrow),
            subject,
        )
    for contract in contracts.list_running(tx):
        ends, customer = contract.ends_on, contract.customer
        count(
            reminder_rules.contract_expiry(
                policy, number=contract.number, customer=customer, ends_on=ends, today=tomorrow
            ),
            f"contract:{contract.id}",
        )
    names = {f.name.removesuffix("_days"): f.label for f in changed}
    told = "，".join(f"{label} {counts.get(rule, 0)} 条" for rule, label in names.items())
    return [f"按新规则，明天 {own.at} 会提醒：{told}（以前提醒过的不重复）。"]
