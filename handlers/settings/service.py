"""Use cases of 后台管理: what is set now, and changing it; each change can be taken back for ten minutes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from bot.context import Context
from bot.core.errors import Forbidden, RuleBroken
from bot.identity import active_admins, may_take_over
from handlers.opening.service import count_in_scope, scope_text, step_sheet
from handlers.settings import rules
from handlers.settings.changing import step_audit, step_change, step_tell_administrators
from handlers.settings.foretelling import pool_effects, reminder_effects, return_effects
from handlers.settings.rules import POOL, REMINDERS, VISITS, SettingField, Value
from storage import catalogue, handovers, jobs, org_chart, people, visits
from storage.catalogue import Stock
from storage.database import Tx
from storage.settings import CompanySettings, lock_settings, put_setting, read_settings, write_setting


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
        return SettingChange(shown, tuple(pool_effects(tx, ctx, before, after)), undo_id)


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
        return SettingChange(shown, tuple(reminder_effects(tx, ctx, after, changes)), undo_id)


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
        effects = return_effects(tx, ctx, after) if after.paid else [rules.FREE]
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
        for since, day in payload.get("rules", {}).items():
            put_setting(tx, since, day, by=ctx.actor.user_id, now=ctx.now)
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
