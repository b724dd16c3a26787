"""The step every change of a setting goes through: written, audited, and to be taken back for ten minutes."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from bot.context import Context
from handlers.settings import rules
from storage import audit, notices, people, undos
from storage.database import Tx
from storage.settings import RULES, read_settings, write_setting

UNDO = timedelta(minutes=10)
KIND = "settings.change"
NAMES = {
    "pool": "公海设置", "reminders": "提醒规则", "admins": "管理员", "usage_scope": "使用范围", "opened": "开通",
    "consent": "同意条款", "edition": "版本", "quiet_hours": "免打扰",
    "allow_over_collect": "允许超额回款", "visits": rules.VISIT_TOPIC.title, "approvals": "审批设置",
}  # fmt: skip


def step_change(tx: Tx, ctx: Context, name: str, value: Any, *, text: str) -> int:
    """Writes one top-level setting; returns the id of the offer to take it back.

    The caller has locked the settings (`storage.settings.lock_settings`). `text`: what 撤销 would take back.
    """
    before = read_settings(tx).model_dump(mode="json")
    write_setting(tx, name, value, by=ctx.actor.user_id, now=ctx.now)
    after = read_settings(tx).model_dump(mode="json")
    step_audit(tx, ctx, name, before[name], after[name])
    payload = {
        "name": name,
        "before": before[name],
        "after": after[name],
        "rules": {since: before[since] for since in RULES},
        "text": text,
    }
    return undos.offer(tx, user_id=ctx.actor.user_id, kind=KIND, payload=payload, text=text, now=ctx.now, lasts=UNDO)


def step_audit(tx: Tx, ctx: Context, name: str, before: Any, after: Any) -> None:
    """Who changed which setting from what to what, in the words people read."""
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="change.setting", subject=f"setting:{name}",
        name=NAMES[name], changes=_changes(tx, name, before, after),
    )  # fmt: skip


def _changes(tx: Tx, name: str, before: Any, after: Any) -> dict[str, tuple[str, str]]:
    fields = rules.GROUPS.get(name, ())
    if fields:
        return {
            f.label: (rules.value_text(f, before[f.name]), rules.value_text(f, after[f.name]))
            for f in fields
            if before[f.name] != after[f.name]
        }
    return {NAMES[name]: (_words(tx, name, before), _words(tx, name, after))}


def _words(tx: Tx, name: str, value: Any) -> str:
    match name:
        case "admins":
            names = people.names_of(tx, value)
            return "、".join(names.get(u, u) for u in value)
        case "usage_scope" if value["mode"] == "some":
            departments = people.department_names(tx, value["departments"])
            persons = people.names_of(tx, value["users"])
            named = [departments.get(d, str(d)) for d in value["departments"]]
            return "、".join([*named, *(persons.get(u, u) for u in value["users"])]) or "还没有选"
        case "usage_scope":
            return {"all": "全部员工", "admins": "管理员"}[value["mode"]]
        case "consent":
            return f"{people.name_of(tx, value['user'])} 同意 {value['terms']} 版" if value else ""
        case "edition":
            return rules.EDITION_NAMES[value]
        case "approvals":
            limit = value["confirm_above"]
            above = f"{limit} 元以上再确认" if limit is not None else "同意不再确认"
            todo = "开" if value.get("dingtalk_todo") else "关"
            return f"催办间隔 {value['urge_gap_minutes']} 分钟，{above}，钉钉待办 {todo}"
        case "quiet_hours":
            return rules.quiet_text((value[0], value[1]))
        case _:
            return "是" if value else "否"


def step_tell_administrators(tx: Tx, ctx: Context, *, before: Collection[str], after: Collection[str]) -> None:
    """Whoever becomes an administrator, or is one no more, learns it; by an undo too."""
    name = ctx.actor.name
    added, removed = sorted({*after} - {*before}), sorted({*before} - {*after})
    step_tell(tx, ctx, added, "你是管理员了", f"{name} 把你添加为管理员。发送「后台管理」看能设置什么。")
    step_tell(tx, ctx, removed, "你不再是管理员", f"{name} 把你移出了管理员。")


def step_tell(tx: Tx, ctx: Context, user_ids: Collection[str], title: str, text: str) -> None:
    """At once, whatever the usage scope: it concerns who may administer."""
    wanted = [u for u in user_ids if u != ctx.actor.user_id]
    if wanted:
        key = f"administrators:{ctx.actor.user_id}:{ctx.now.isoformat()}:{','.join(wanted)[:200]}"
        notices.queue(tx, key=key, user_ids=wanted, title=title, text=text, now=ctx.now)
