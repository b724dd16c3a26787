"""Use cases of 后台管理: what is set now, and changing it; each change can be taken back for ten minutes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Literal

from bot.context import Context
from bot.core.errors import Forbidden, RuleBroken
from bot.identity import active_admins, may_take_over
from handlers.opening.service import count_in_scope, scope_text, step_sheet
from handlers.pool import rules as pool_rules
from handlers.reminders import rules as reminder_rules
from handlers.reminders.rules import Reminder, ReminderPolicy
from handlers.settings import rules
from handlers.settings.changing import step_audit, step_change, step_tell_administrators
from handlers.settings.rules import POOL, REMINDERS, VISITS, SettingField, Value
from storage import catalogue, contracts, digest, handovers, jobs, org_chart, people, pools, visits
from storage.catalogue import Stock
from storage.database import Tx
from storage.settings import CompanySettings, lock_settings, put_setting, read_settings, write_setting

SOON = 7  # days a change of the return rule is foretold for


class CheckRunning(RuleBroken, code="settings.check_running"):
    """One self-check at a time."""


@dataclass(frozen=True, slots=True)
class TopicSheet:
    """One topic as it is set now."""

    fields: tuple[tuple[str, str], ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SettingChange:
    """What a change did: `changes` label, now, new; `effects`: what follows from it, in sentences."""

    changes: tuple[tuple[str, str, str], ...]
    effects: tuple[str, ...]
    undo_id: int | None  # None: nothing changed


def show_menu(ctx: Context) -> dict[str, str]:
    """Each topic's present state in a few words.

    Raises:
        Forbidden: the actor is no administrator; one of DingTalk's own learns how to become one while there is none.
    """
    if not ctx.actor.admin:
        with ctx.begin() as tx:
            person = people.find_pass(tx, ctx.actor.user_id)
            if person is not None and may_take_over(tx, person, ctx.settings):
                raise Forbidden("应用现在没有管理员。你是钉钉管理员，发送「我来管理」就能接手。")
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        settings = read_settings(tx)
        admins = active_admins(tx, settings)
        named = people.names_of(tx, admins)
        names = "、".join(named.get(a, a) for a in admins)
        last = org_chart.last_run(tx)
        synced = f"上次同步 {last.started_at:%m-%d %H:%M}" if last is not None else "还没有同步过"
        roles = catalogue.roles(tx).count
        caps = [f"{f.label} {rules.value_text(f, getattr(settings.pool, f.name))}" for f in (POOL[0], POOL[3])]
        on = [f.label for f in REMINDERS[:4] if getattr(settings.reminders, f.name) is not None]
        free = "" if settings.paid else "（免费版不生效）"
        return {
            "install": f"{scope_text(tx, settings)} {count_in_scope(tx, settings)} 人 · 管理员 {names}",
            "login": "钉钉里直接用，不用账号密码",
            "org": f"{people.count_departments(tx)} 个部门 · {people.count_active(tx)} 人 · {synced}",
            "handover": _leavers(tx),
            "roles": f"{roles} 个角色",
            "permissions": "功能、数据范围、操作级别",
            "products": f"{catalogue.products(tx).count} 个",
            "competitors": f"{catalogue.competitors(tx).count} 个",
            "stages": f"{catalogue.stages(tx).count} 个",
            "targets": f"{catalogue.targets(tx).count} 个月度目标",
            "pool": " · ".join(caps) + free,
            "reminders": ("、".join(on) or "都关闭") + f" · {settings.reminders.at}" + free,
            "dictionaries": f"{catalogue.dictionaries(tx).count} 个",
            "invoices": f"{catalogue.flow_nodes(tx).count} 个节点",
        }


def show_topic(ctx: Context, topic: str) -> TopicSheet:
    """One topic's present values. Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        settings = read_settings(tx)
        match topic:
            case "install":
                return _install(tx, settings)
            case "org":
                last = org_chart.last_run(tx)
                synced = f"{last.started_at:%m-%d %H:%M}" if last is not None else "还没有"
                size = f"{people.count_departments(tx)} 个部门 · {people.count_active(tx)} 人"
                return TopicSheet((("组织", size), ("上次同步", synced)))
            case "handover":
                return TopicSheet((("离职未交接", _leavers(tx)),))
            case "roles" | "permissions":
                return _stock("角色", "个", catalogue.roles(tx))
            case "products":
                return _stock("产品", "个", catalogue.products(tx))
            case "competitors":
                return _stock("竞争对手", "个", catalogue.competitors(tx))
            case "stages":
                return _stock("销售阶段", "个", catalogue.stages(tx))
            case "targets":
                return _stock("销售目标", "个月度目标", catalogue.targets(tx))
            case "pool":
                return TopicSheet(tuple((f.label, rules.value_text(f, getattr(settings.pool, f.name))) for f in POOL))
            case "reminders":
                shown = [(f.label, rules.value_text(f, getattr(settings.reminders, f.name))) for f in REMINDERS]
                return TopicSheet((*shown, ("免打扰", rules.quiet_text(settings.quiet_hours))))
            case "visits":
                return TopicSheet(
                    tuple((f.label, rules.value_text(f, getattr(settings.visits, f.name))) for f in VISITS)
                )
            case "dictionaries":
                return _stock("数据字典", "个", catalogue.dictionaries(tx))
            case "invoices":
                return _stock("开票审批节点", "个", catalogue.flow_nodes(tx))
            case _:
                return TopicSheet()


def change_pool(ctx: Context, changes: Mapping[str, Value]) -> SettingChange:
    """公海设置 (R3.40–R3.42), in effect at once; what follows within a week is foretold. Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        before = lock_settings(tx)
        shown = _differences(POOL, before.pool, changes)
        if not shown:
            return SettingChange((), (), None)
        value = before.pool.model_dump(mode="json") | dict(changes)
        undo_id = step_change(tx, ctx, "pool", value, text=f"公海设置 {shown[0][0]} 的修改")
        after = read_settings(tx)
        return SettingChange(shown, tuple(_pool_effects(tx, ctx, before, after)), undo_id)


def change_reminders(ctx: Context, changes: Mapping[str, Value]) -> SettingChange:
    """提醒规则 (R3.45–R3.49), in effect with the next morning; says how many it would remind of. Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        before = lock_settings(tx)
        shown = _differences(REMINDERS, before.reminders, changes)
        if not shown:
            return SettingChange((), (), None)
        value = before.reminders.model_dump(mode="json") | dict(changes)
        undo_id = step_change(tx, ctx, "reminders", value, text=f"提醒规则 {shown[0][0]} 的修改")
        after = read_settings(tx)
        return SettingChange(shown, tuple(_reminder_effects(tx, ctx, after, changes)), undo_id)


def change_visits(ctx: Context, changes: Mapping[str, Value]) -> SettingChange:
    """外勤设置 (R-VISIT-2, R-VISIT-8): how near a customer must be, and how long places are kept. Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        before = lock_settings(tx).visits
        shown = _differences(VISITS, before, changes)
        if not shown:
            return SettingChange((), (), None)
        value = before.model_dump(mode="json") | dict(changes)
        undo_id = step_change(tx, ctx, "visits", value, text=f"外勤设置 {shown[0][0]} 的修改")
        after = read_settings(tx).visits
        effects = ["已关联的外勤不变，以后的按新距离找客户。"] if after.near_m != before.near_m else []
        if after.keep_days < before.keep_days:
            old = visits.count_placed(tx, ctx.now - timedelta(days=after.keep_days))
            effects.append(f"今晚会清掉 {old} 次外勤的位置，清掉后找不回来；改错了请现在「撤销」。")
        return SettingChange(shown, tuple(effects), undo_id)


def set_quiet_hours(ctx: Context, hours: tuple[str, str]) -> SettingChange:
    """免打扰: notices that are not urgent wait until its end. Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        before = lock_settings(tx).quiet_hours
        if before == hours:
            return SettingChange((), (), None)
        undo_id = step_change(tx, ctx, "quiet_hours", list(hours), text="免打扰时间的修改")
        return SettingChange((("免打扰", rules.quiet_text(before), rules.quiet_text(hours)),), (), undo_id)


def set_edition(ctx: Context, edition: Literal["paid", "free"]) -> SettingChange:
    """付费版 or 免费版: in the free edition pool and reminder rules have no effect (D15). Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        before = lock_settings(tx)
        if before.edition == edition:
            return SettingChange((), (rules.FREE,) if edition == "free" else (), None)
        undo_id = step_change(tx, ctx, "edition", edition, text="版本的修改")
        after = read_settings(tx)
        names = rules.EDITION_NAMES
        effects = _returns(tx, ctx, after) if after.paid else [rules.FREE]
        return SettingChange((("版本", names[before.edition], names[edition]),), tuple(effects), undo_id)


def request_self_check(ctx: Context) -> None:
    """The result comes as a message of its own. Raises Forbidden, CheckRunning."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        if jobs.request(tx, "self-check", by=ctx.actor.user_id, now=ctx.now) is None:
            raise CheckRunning("正在自检，结果马上就到。")


def undo_change(ctx: Context, payload: dict[str, Any]) -> str:
    """Sets back what one change changed, unless it has been changed again. The undo door has checked whose it is.

    Raises:
        Forbidden: no administrator any more.
        RuleBroken: changed again since.
    """
    ctx.actor.require_admin()
    name, before, after = str(payload["name"]), payload["before"], payload["after"]
    with ctx.begin() as tx:
        current = lock_settings(tx).model_dump(mode="json")[name]
        if isinstance(after, dict) and isinstance(before, dict) and isinstance(current, dict):
            touched = [key for key in after if after[key] != before[key]]
            same = all(current[key] == after[key] for key in touched)
            restored: Any = current | {key: before[key] for key in touched}
        else:
            same, restored = current == after, before
        if not same:
            raise RuleBroken("这项设置之后又改过，不能撤销；发送「后台管理」看现在的值再改。")
        if name == "admins":
            working = people.filter_active(tx, restored)
            restored = [user_id for user_id in restored if user_id in working]  # who left has no right to come back to
            if not restored:
                raise RuleBroken("撤销后就没有管理员了，所以没有撤销。先「添加管理员 张三」。")
            step_tell_administrators(tx, ctx, before=current, after=restored)
        write_setting(tx, name, restored, by=ctx.actor.user_id, now=ctx.now)
        put_setting(tx, "pool_rule_since", payload.get("since"), by=ctx.actor.user_id, now=ctx.now)
        step_audit(tx, ctx, name, current, restored)
    return f"已撤销{payload['text']}，恢复成原来的设置。"


# -- readings -------------------------------------------------------------------------------------------


def _install(tx: Tx, settings: CompanySettings) -> TopicSheet:
    sheet = step_sheet(tx, settings)
    consent = " ".join(
        part
        for part in (
            sheet.consented_by,
            f"{sheet.consented_at:%Y-%m-%d %H:%M}" if sheet.consented_at else "",
            f"条款 {sheet.terms} 版" if sheet.terms else "",
        )
        if part
    )
    return TopicSheet(
        (
            ("同意条款", consent or "没有记录"),
            ("开通", f"{sheet.opened_at:%Y-%m-%d %H:%M} {sheet.opened_by}" if sheet.opened_at else "已开通"),
            ("使用范围", f"{sheet.scope}（{sheet.in_scope} 人）"),
            ("管理员", "、".join(sheet.admins) or "没有"),
            ("版本", rules.EDITION_NAMES[settings.edition]),
        )
    )


def _leavers(tx: Tx) -> str:
    owning = handovers.list_leavers(tx)
    return f"{len(owning)} 人离职后名下还有数据" if owning else "没有离职后未交接的"


def _stock(label: str, unit: str, stock: Stock) -> TopicSheet:
    lines = list(stock.lines)
    if stock.lines and stock.count > len(stock.lines) and unit == "个":
        lines.append(f"…共 {stock.count} {unit}")
    return TopicSheet(((label, f"{stock.count} {unit}"),), tuple(lines))


def _differences(
    fields: tuple[SettingField, ...], current: Any, changes: Mapping[str, Value]
) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (f.label, rules.value_text(f, getattr(current, f.name)), rules.value_text(f, changes[f.name]))
        for f in fields
        if f.name in changes and getattr(current, f.name) != changes[f.name]
    )


def _pool_effects(tx: Tx, ctx: Context, before: CompanySettings, after: CompanySettings) -> list[str]:
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
        effects += _returns(tx, ctx, after)
    return effects


def _return_rule(settings: CompanySettings) -> tuple[int | None, bool]:
    return settings.pool.return_after_days, settings.pool.return_with_contract


def _returns(tx: Tx, ctx: Context, settings: CompanySettings) -> list[str]:
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


def _reminder_effects(tx: Tx, ctx: Context, after: CompanySettings, changes: Mapping[str, Value]) -> list[str]:
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
