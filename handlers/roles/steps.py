"""The steps by which a role changes: looked up, checked, written down and offered back."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from bot.context import Context
from bot.core.actor import ACTIONS
from bot.core.errors import NotFound, RuleBroken
from bot.core.forms import form_label
from bot.core.roles import RoleSheet
from handlers.roles import rules
from handlers.roles.rules import Unchanged
from handlers.roles.sheets import Changed
from storage import audit, custom_fields, people, roles, undos
from storage.database import Tx
from storage.roles import NameTaken
from storage.settings import Form, Operation, write_setting

UNDO = timedelta(minutes=10)


class NotSynced(RuleBroken, code="roles.not_synced"):
    """Roles are made of people, and nobody is known yet."""


def step_check_synced(tx: Tx) -> None:
    """Raises NotSynced."""
    if not roles.is_synced(tx):
        raise NotSynced("请先同步组织机构，再设置角色权限：发送「同步组织」，同步完成后再试。")


def step_access(tx: Tx, role_id: int, *, lock: bool = False) -> RoleSheet:
    """Raises NotFound."""
    role = roles.read_role(tx, role_id, lock=lock)
    if role is None:
        raise NotFound("没有这个角色，可能已经删除了。发送「角色权限」看看现在有哪些。")
    return role


def step_check_free(tx: Tx, name: str) -> None:
    """Raises RoleRefused if a role of that name is there."""
    for line in roles.list_roles(tx):
        if rules.name_key(line.name) == rules.name_key(name):
            raise rules.taken(line.name)


def step_department_names(tx: Tx) -> dict[int, str]:
    """Every department by its id."""
    return {key: name for key, name, _ in people.department_parents(tx)}


def step_change(tx: Tx, ctx: Context, before: RoleSheet, after: RoleSheet, *, note: str = "") -> Changed:
    """Writes the role as it is to be. Raises NotSynced, Unchanged, RoleRefused."""
    step_check_synced(tx)
    names = people.names_of(tx, {*before.members, *after.members})
    lines = rules.differences(before, after, names, step_department_names(tx), custom_fields.forms_of(tx))
    if not lines:
        raise Unchanged(f"没有变化：{note or '已经是这样了。'}")
    try:
        roles.write_role(tx, before, after)
    except NameTaken as twin:
        raise rules.taken(after.name) from twin
    undo_id = step_keep(tx, ctx, "change.role", before, after, lines)
    hints = _hints(ctx, before, after, names)
    if note and set(before.members) != set(after.members):
        hints.insert(0, note)  # of several people named, those for whom nothing changed
    return Changed(after.id, after.name, lines, hints, undo_id)


def _hints(ctx: Context, before: RoleSheet, after: RoleSheet, names: dict[str, str]) -> list[str]:
    hints = []
    idle = rules.without_effect(after, ctx.settings.advanced_operations)
    if idle and (before.functions, before.level) != (after.functions, after.level):
        hints.append(
            f"{rules.function_names(idle)} 是高级操作，这个角色是「普通」，所以还不起作用；"
            f"要起作用：「角色 {after.name} 操作权限 高级」。"
        )
    if after.data_scope == "departments" and (
        before.data_scope != after.data_scope or set(before.members) != set(after.members)
    ):
        without = [names.get(u, u) for u, served in sorted(after.members.items()) if not served]
        if without:
            hints.append(
                f"{rules.some(without)} 还没有服务部门，看到的和「本人」一样；"
                f"要设：「角色 {after.name} {without[0]} 服务部门 部门名称」。"
            )
    return hints


def step_keep(
    tx: Tx, ctx: Context, action: str, before: RoleSheet | None, after: RoleSheet | None, lines: list[str]
) -> int:
    """Into the audit, and offered to be taken back; returns the offer."""
    old, new = before.to_json() if before else None, after.to_json() if after else None
    role = after or before
    assert role is not None
    step_record(tx, ctx, action, role.id, name=role.name, lines=lines, before=_only(old, new), after=_only(new, old))
    return undos.offer(
        tx, user_id=ctx.actor.user_id, kind="roles.change", payload={"before": old, "after": new}, now=ctx.now,
        lasts=UNDO, text=f"角色 {role.name}：{lines[0]}",
    )  # fmt: skip


def _only(row: dict[str, Any] | None, other: dict[str, Any] | None) -> dict[str, Any] | None:
    """Of a role what is different, so that an audit line stays short."""
    if row is None or other is None:
        return row
    return {k: v for k, v in row.items() if k == "name" or v != other[k]}


def step_store_advanced(
    tx: Tx, ctx: Context, present: Mapping[Form, Collection[Operation]], form: str, operations: list[str]
) -> None:
    """Writes one form's 高级 operations; the caller has locked the settings."""
    value: dict[str, list[str]] = {f: list(o) for f, o in present.items()}
    was = value.get(form, [])
    value[form] = operations
    write_setting(tx, "advanced_operations", value, by=ctx.actor.user_id, now=ctx.now)
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="change.setting",
        subject="setting:advanced_operations", name="高级操作",
        changes={form_label(form): (_operations(was), _operations(operations))},
    )  # fmt: skip


def _operations(operations: list[str]) -> str:
    return "、".join(ACTIONS[o] for o in operations) or "无"


def step_record(tx: Tx, ctx: Context, action: str, role_id: int, **detail: Any) -> None:
    """Into the audit."""
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=f"role:{role_id}", **detail
    )
