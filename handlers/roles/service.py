"""Use cases of 角色权限: administrators only, and nothing before the first sync (R2.30)."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from bot.context import Context
from bot.core.actor import RESOURCES
from bot.core.errors import InvalidInput
from bot.core.fields import FieldLevel
from bot.core.forms import FORMS as OURS
from bot.core.roles import LEVEL_NAMES, SCOPE_NAMES, RoleSheet
from handlers.roles import explaining, rules
from handlers.roles.explaining import PersonSheet
from handlers.roles.finding import find_departments, find_people, find_role
from handlers.roles.rules import Unchanged
from handlers.roles.sheets import Changed, Deletion, RoleDetails, RolePage
from handlers.roles.steps import (
    UNDO,
    step_access,
    step_change,
    step_check_free,
    step_check_synced,
    step_department_names,
    step_keep,
    step_record,
    step_store_advanced,
)
from storage import custom_fields, people, roles, undos
from storage.roles import NameTaken
from storage.settings import FORMS as OPERATED
from storage.settings import Form, lock_settings

PAGE = 8  # roles of a list card
MEMBERS = 8  # members of one page


def list_all(ctx: Context, page: int = 1) -> RolePage:
    """The roles with member counts. Raises Forbidden, NotSynced."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        step_check_synced(tx)
        rows = roles.list_roles(tx)
        pages = max(1, -(-len(rows) // PAGE))
        page = min(max(1, page), pages)
        return RolePage(rows[(page - 1) * PAGE : page * PAGE], len(rows), page, pages)


def meant(ctx: Context, words: str) -> tuple[int, str]:
    """The role a sentence begins with, and the rest of it. Raises Forbidden, NotSynced, NotFound."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        step_check_synced(tx)
        return find_role(tx, words)


def show_role(ctx: Context, role_id: int) -> RoleDetails:
    """One role. Raises Forbidden, NotSynced, NotFound."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        step_check_synced(tx)
        role = step_access(tx, role_id)
        gone = {u for u in role.members if (p := people.get_employee(tx, u)) is None or not p.active}
        return RoleDetails(
            role, people.names_of(tx, role.members), step_department_names(tx), frozenset(gone),
            people.count_active(tx) if role.built_in else len(role.members) - len(gone),
            rules.without_effect(role, ctx.settings.advanced_operations), custom_fields.forms_of(tx),
        )  # fmt: skip


def create_role(ctx: Context, words: str) -> Changed:
    """`销售助理`, or `销售助理 成员 张三、李四`. Raises Forbidden, NotSynced, RoleRefused, NotFound."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        step_check_synced(tx)
        said, _, members = words.partition(" 成员")
        name = rules.check_name(said)
        people_ids = find_people(tx, members) if members.strip(" ：:") else []
        step_check_free(tx, name)
        sheet = RoleSheet(0, name, members={u: frozenset() for u in people_ids})
        try:
            made = roles.add_role(tx, sheet)
        except NameTaken as twin:
            raise rules.taken(name) from twin
        lines = [f"新建角色：{name}（数据权限 本人，操作权限 普通，还没有功能）"]
        lines += rules.differences(RoleSheet(made.id, name), made, people.names_of(tx, made.members), {}, OURS)
        undo_id = step_keep(tx, ctx, "create.role", None, made, lines)
        return Changed(made.id, name, lines, [f"给它功能：「角色 {name} 添加功能 客户-全部」"], undo_id)


def copy_role(ctx: Context, role_id: int, name: str) -> Changed:
    """A new role with the same functions, scope, level and fields; no members."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        step_check_synced(tx)
        role = step_access(tx, role_id)
        name = rules.check_name(name)
        step_check_free(tx, name)
        try:
            made = roles.add_role(tx, replace(role, name=name, members={}))
        except NameTaken as twin:
            raise rules.taken(name) from twin
        lines = [f"新建角色：{name}（和「{role.name}」一样：功能 {len(made.functions)} 项，没有成员）"]
        undo_id = step_keep(tx, ctx, "create.role", None, made, lines)
        return Changed(made.id, name, lines, [f"加成员：「角色 {name} 添加 张三、李四」"], undo_id)


def rename_role(ctx: Context, role_id: int, name: str) -> Changed:
    """Another name. Raises as `create_role`."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        role = step_access(tx, role_id, lock=True)
        rules.check_not_built_in(role, "改名")
        name = rules.check_name(name)
        if rules.name_key(name) != rules.name_key(role.name):
            step_check_free(tx, name)
        return step_change(tx, ctx, role, replace(role, name=name))


def add_members(ctx: Context, role_id: int, words: str) -> Changed:
    """`张三、李四`: those who are in it already stay."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        role = step_access(tx, role_id, lock=True)
        rules.check_not_built_in(role, "加人")
        found = find_people(tx, words)
        members = {**{u: frozenset[int]() for u in found}, **role.members}
        already = [u for u in found if u in role.members]
        names = people.names_of(tx, already)
        note = f"{rules.some([names.get(u, u) for u in already])} 本来就在「{role.name}」里。" if already else ""
        return step_change(tx, ctx, role, replace(role, members=members), note=note)


def remove_members(ctx: Context, role_id: int, words: str = "", *, user_id: str = "") -> Changed:
    """Named in words, or one by userId. Raises NotFound for who is not in it."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        role = step_access(tx, role_id, lock=True)
        rules.check_not_built_in(role, "移除成员")
        found = [user_id] if user_id else find_people(tx, words, among=role.members)
        names = people.names_of(tx, found)
        strangers = [names.get(u, u) for u in found if u not in role.members]
        note = f"{rules.some(strangers)} 不在「{role.name}」里。" if strangers else ""
        members = {u: served for u, served in role.members.items() if u not in found}
        return step_change(tx, ctx, role, replace(role, members=members), note=note)


def serve(ctx: Context, role_id: int, who: str, departments: str) -> Changed:
    """The 服务部门 of these memberships; who is no member becomes one."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        role = step_access(tx, role_id, lock=True)
        rules.check_not_built_in(role, "按人设服务部门")
        served = find_departments(tx, departments)
        members = {**role.members, **dict.fromkeys(find_people(tx, who, among=None), served)}
        changed = step_change(tx, ctx, role, replace(role, members=members))
    if role.data_scope != "departments":
        changed.hints.append(
            f"角色「{role.name}」的数据权限现在是「{SCOPE_NAMES[role.data_scope]}」，服务部门要设成"
            f"「角色 {role.name} 数据权限 服务部门」才起作用。"
        )
    return changed


def change_functions(ctx: Context, role_id: int, functions: Iterable[str], *, give: bool) -> Changed:
    """Adds or takes functions."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        role = step_access(tx, role_id, lock=True)
        wanted = frozenset(functions)
        after = role.functions | wanted if give else role.functions - wanted
        note = f"「{role.name}」{'已经有' if give else '本来就没有'} {rules.function_names(wanted)}。"
        return step_change(tx, ctx, role, replace(role, functions=after), note=note)


def set_data_scope(ctx: Context, role_id: int, data_scope: str) -> Changed:
    """本人 | 服务部门 | 全部."""
    ctx.actor.require_admin()
    if data_scope not in SCOPE_NAMES:
        raise InvalidInput("数据权限有三种：本人、服务部门、全部，例如「角色 业务员 数据权限 本人」。")
    with ctx.begin() as tx:
        role = step_access(tx, role_id, lock=True)
        if data_scope == "departments":
            rules.check_not_built_in(role, "按服务部门看数据（服务部门是给成员一个个设的）")
        note = f"「{role.name}」的数据权限已经是「{SCOPE_NAMES[data_scope]}」。"
        return step_change(tx, ctx, role, replace(role, data_scope=data_scope), note=note)


def set_level(ctx: Context, role_id: int, level: str) -> Changed:
    """普通 | 高级."""
    ctx.actor.require_admin()
    if level not in LEVEL_NAMES:
        raise InvalidInput("操作权限有两种：普通、高级，例如「角色 业务员 操作权限 普通」。")
    with ctx.begin() as tx:
        role = step_access(tx, role_id, lock=True)
        note = f"「{role.name}」的操作权限已经是「{LEVEL_NAMES[level]}」。"
        return step_change(tx, ctx, role, replace(role, level=level), note=note)


def set_fields(ctx: Context, role_id: int, form: str, words: list[str], level: FieldLevel | None) -> Changed:
    """How much of these fields, by their labels or names, the role has; None: nothing said about them."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        role = step_access(tx, role_id, lock=True)
        forms = custom_fields.forms_of(tx)
        fields = rules.read_fields(form, words, forms, level)
        return step_change(tx, ctx, role, rules.set_fields(role, form, fields, level), note="已经是这样了。")


def weigh_deletion(ctx: Context, role_id: int) -> Deletion:
    """Who is in it and what they lose, before anybody confirms. Raises Forbidden, NotSynced, RoleRefused."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        step_check_synced(tx)
        role = step_access(tx, role_id)
        rules.check_not_built_in(role, "删除")
        names = people.names_of(tx, role.members)
        counts = roles.roles_of(tx, role.members)
        return Deletion(
            role, [names.get(u, u) for u in sorted(role.members)],
            [names.get(u, u) for u in sorted(role.members) if counts.get(u, 0) <= 1], roles.nodes_of(tx, role.name),
        )  # fmt: skip


def delete_role(ctx: Context, role_id: int) -> Changed:
    """It is no more; its members keep their other roles."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        role = step_access(tx, role_id, lock=True)
        rules.check_not_built_in(role, "删除")
        roles.remove_role(tx, role_id)
        lines = [f"已删除角色：{role.name}（成员 {len(role.members)} 人，功能 {len(role.functions)} 项）"]
        undo_id = step_keep(tx, ctx, "delete.role", role, None, lines)
        return Changed(role_id, role.name, lines, [], undo_id)


def undo_change(ctx: Context, payload: dict[str, Any]) -> str:
    """The role as it was, unless it has been changed since. The undo door has checked whose it is."""
    ctx.actor.require_admin()
    before = RoleSheet.from_json(payload["before"]) if payload["before"] else None
    after = RoleSheet.from_json(payload["after"]) if payload["after"] else None
    with ctx.begin() as tx:
        role_id = (before or after or RoleSheet(0, "")).id
        now = roles.read_role(tx, role_id, lock=True)
        if (now.to_json() if now else None) != payload["after"]:
            raise rules.RoleRefused("这个角色之后又改过，撤销不了。发送「角色 名称」看现在的样子再改。")
        try:
            if before is None:
                roles.remove_role(tx, role_id)
            elif after is None:
                roles.add_role(tx, before, keep_id=True)
            else:
                roles.write_role(tx, after, before)
        except NameTaken as twin:
            raise rules.taken(before.name if before else "") from twin
        role = before or after
        assert role is not None
        names = people.names_of(tx, {*(before.members if before else ()), *(after.members if after else ())})
        if before is not None and after is not None:
            lines = rules.differences(after, before, names, step_department_names(tx), custom_fields.forms_of(tx))
        else:
            lines = [f"{'恢复' if before else '删掉'}角色：{role.name}（成员 {len(role.members)} 人）"]
        step_record(
            tx, ctx, "undo.role", role_id, name=role.name, lines=lines, before=payload["after"],
            after=payload["before"],
        )  # fmt: skip
    if before is None:
        return f"已撤销，角色「{after.name if after else ''}」没有了。"
    return f"已撤销，角色「{before.name}」和之前一样了，下一条消息就生效。"


def list_advanced(ctx: Context) -> dict[str, str]:
    """Form → its 高级 operations, in words."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        step_check_synced(tx)
        return {
            form: rules.operation_names(form, ctx.settings.advanced_operations.get(form, ()))
            for form in OPERATED
            if rules.advanced_of(form)
        }


def set_advanced(ctx: Context, form: Form, words: str) -> Changed:
    """Which operations of a form are 高级 from now on (D11)."""
    ctx.actor.require_admin()
    operations = rules.read_operations(form, words)
    with ctx.begin() as tx:
        step_check_synced(tx)
        present = lock_settings(tx).advanced_operations
        was = tuple(present.get(form, ()))
        line = f"{RESOURCES[form]}的高级操作：{rules.operation_names(form, was)} → "
        line += rules.operation_names(form, operations)
        if set(was) & set(rules.advanced_of(form)) == set(operations):
            raise Unchanged(f"{RESOURCES[form]}的高级操作已经是「{rules.operation_names(form, operations)}」。")
        step_store_advanced(tx, ctx, present, form, list(operations))
        undo_id = undos.offer(
            tx, user_id=ctx.actor.user_id, kind="roles.advanced", text=line, now=ctx.now, lasts=UNDO,
            payload={"form": form, "before": list(was), "after": list(operations)},
        )  # fmt: skip
        return Changed(0, "", [line], ["高级操作只有操作权限是「高级」的角色能做。"], undo_id)


def undo_advanced(ctx: Context, payload: dict[str, Any]) -> str:
    """The operations as they were, unless changed since."""
    ctx.actor.require_admin()
    form = payload["form"]
    with ctx.begin() as tx:
        present = lock_settings(tx).advanced_operations
        if list(present.get(form, ())) != payload["after"]:
            raise rules.RoleRefused("高级操作之后又改过，撤销不了。发送「高级操作」看现在的样子。")
        step_store_advanced(tx, ctx, present, form, payload["before"])
    return f"已撤销，{RESOURCES[form]}的高级操作：{rules.operation_names(form, payload['before'])}。"


def explain_person(ctx: Context, words: str) -> PersonSheet:
    """What somebody can do and see, and by which role; of oneself anybody may ask. Raises Forbidden, NotFound."""
    if words not in ("", "我", "自己", "本人"):
        ctx.actor.require_admin()
    with ctx.begin() as tx:
        if ctx.actor.admin:
            step_check_synced(tx)
        user_id = ctx.actor.user_id if words in ("", "我", "自己", "本人") else find_people(tx, words)[0]
        return explaining.sheet_of(tx, user_id, ctx.settings)


def explain_unseen(ctx: Context, who: str, what: str, found: explaining.Found | None) -> str:
    """Why somebody does not see something: the reason for an administrator.

    Who asks about himself and is none is told what he can see, and nothing of whether it exists (R-PERM-6).
    `found`: what the asker himself finds by these words.
    """
    about_self = who in ("", "我", "自己", "本人")
    if not about_self:
        ctx.actor.require_admin()
    with ctx.begin() as tx:
        if about_self:
            return explaining.own(tx, ctx.actor, what, found, ctx.settings)
        step_check_synced(tx)
        return explaining.reason(tx, ctx.actor, explaining.find_anybody(tx, who), what, found, ctx.settings)
