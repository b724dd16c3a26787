"""The cards of 角色权限, drawn from the roles as they stand now."""

from typing import Any

from bot.context import Context
from bot.core.actor import ACTIONS, RESOURCES, Permission, permission_name
from bot.core.errors import AppError
from bot.core.fields import LEVEL_NAMES as FIELD_LEVELS
from bot.core.fields import FieldLevel
from bot.core.forms import FORMS, form_label
from bot.core.markup import escape
from bot.core.roles import LEVEL_NAMES, SCOPE_NAMES
from bot.dispatch import CardButton, CardRow, CardView
from cards.paging import turns
from cards.roles import (
    AskDeleteRoleButton,
    DeleteRoleButton,
    OpenRoleButton,
    RoleFieldButton,
    RoleFieldsButton,
    RoleFormsButton,
    RoleFunctionButton,
    RoleFunctionsButton,
    RoleLevelButton,
    RoleMembersButton,
    RoleScopeButton,
    RolesPageButton,
    refused,
)
from handlers.roles import rules, service
from handlers.roles.member_views import members_text
from handlers.roles.sheets import Changed, Deletion
from handlers.undo.views import undo_buttons

AT_ONCE = "下一条消息、下一次点击就按新的来。"
NEXT_LEVEL = {
    FieldLevel.WRITE: FieldLevel.READ, FieldLevel.READ: FieldLevel.MASKED, FieldLevel.MASKED: FieldLevel.HIDDEN,
    FieldLevel.HIDDEN: FieldLevel.WRITE,
}  # fmt: skip


def changed_text(done: Changed) -> str:
    """Now → new, what to know besides, and that it counts at once."""
    head = f"「{done.name}」" if done.name and done.lines and "：" in done.lines[0] and done.role_id else ""
    return "\n".join([*(f"{head}{line}" if n == 0 else line for n, line in enumerate(done.lines)), *done.hints])


def changed_state(done: Changed) -> dict[str, Any]:
    """What the card of a change is drawn from."""
    return {
        "role_id": done.role_id,
        "name": done.name,
        "lines": done.lines,
        "hints": done.hints,
        "undo_id": done.undo_id,
    }


def paint_list(state: dict[str, Any], ctx: Context) -> CardView:
    """角色权限: every role with its members, scope and level."""
    try:
        page = service.list_all(ctx, int(state.get("page", 1)))
    except AppError as refusal:
        return refused("角色权限", refusal)
    rows = tuple(
        CardRow(
            escape(r.name),
            f"{r.members} 人 · 数据权限 {SCOPE_NAMES[r.data_scope]} · 操作权限 {LEVEL_NAMES[r.level]}",
            "",
            (CardButton(f"打开 {r.name}", OpenRoleButton(role_id=r.id), typed=f"角色 {r.name}"),),
        )
        for r in page.rows
    )
    shown = f"（第 {page.page}/{page.pages} 页）" if page.pages > 1 else ""
    buttons = turns(page.page, page.pages, lambda to: RolesPageButton(page=to))
    footer = (
        "新建发送「新建角色 名称」；加人「角色 名称 添加 张三」；看一个人「角色 查看 张三」；"
        "字段「字段权限 名称 客户 电话 脱敏」；高级操作「高级操作」。"
    )
    return CardView("角色权限", body=f"共 {page.total} 个角色{shown}", rows=rows, buttons=tuple(buttons), footer=footer)


def paint_one(state: dict[str, Any], ctx: Context) -> CardView:
    """One role: members, functions by form, scope, level, fields, and buttons for the usual changes."""
    role_id = int(state["role_id"])
    try:
        details = service.show_role(ctx, role_id)
    except AppError as refusal:
        return refused("角色", refusal)
    role = details.role
    fields = [("数据权限", SCOPE_NAMES[role.data_scope]), ("操作权限", LEVEL_NAMES[role.level])]
    fields.append(("成员", members_text(details)))
    fields += rules.function_lines(role.functions) or [
        ("功能", "还没有，例如「角色 " + role.name + " 添加功能 客户-全部」")
    ]
    if details.without_effect:
        fields.append(("不起作用", f"{rules.function_names(details.without_effect)}（高级操作，角色是普通）"))
    fields += [("字段权限", line) for line in rules.field_lines(role.fields, details.forms)]
    buttons = [
        CardButton(
            f"数据权限 {label}", RoleScopeButton(role_id=role_id, data_scope=value),
            typed=f"角色 {role.name} 数据权限 {label}",
        )
        for value, label in SCOPE_NAMES.items()
        if value != role.data_scope and not (role.built_in and value == "departments")
    ]  # fmt: skip
    other = "advanced" if role.level == "normal" else "normal"
    buttons.append(
        CardButton(
            f"操作权限 {LEVEL_NAMES[other]}", RoleLevelButton(role_id=role_id, level=other),
            typed=f"角色 {role.name} 操作权限 {LEVEL_NAMES[other]}",
        )
    )  # fmt: skip
    buttons.append(
        CardButton(
            "修改功能", RoleFormsButton(role_id=role_id, what="functions"), typed=f"角色 {role.name} 添加功能 客户-导出"
        )
    )
    buttons.append(
        CardButton(
            "修改字段权限",
            RoleFormsButton(role_id=role_id, what="fields"),
            typed=f"字段权限 {role.name} 客户 电话 脱敏",
        )
    )
    if not role.built_in:
        buttons.append(
            CardButton("查看成员", RoleMembersButton(role_id=role_id), typed=f"角色 {role.name} 添加 张三、李四")
        )
        buttons.append(
            CardButton("删除角色", AskDeleteRoleButton(role_id=role_id), "danger", typed=f"删除角色 {role.name}")
        )
    buttons += undo_buttons(ctx, state.get("undo_id"))
    footer = (
        "" if role.built_in else f"加人：「角色 {role.name} 添加 张三、李四」；改名：「角色 {role.name} 改名 新名称」。"
    )
    return CardView(f"角色 {role.name}", fields=tuple(fields), buttons=tuple(buttons), footer=footer)


def paint_forms(state: dict[str, Any], ctx: Context) -> CardView:
    """Which form."""
    role_id, what = int(state["role_id"]), str(state["what"])
    try:
        role = service.show_role(ctx, role_id).role
    except AppError as refusal:
        return refused("角色", refusal)
    if what == "functions":
        counts = {
            resource: sum(p.value in role.functions for p in Permission if p.value.startswith(f"{resource}:"))
            for resource in RESOURCES
        }
        buttons = [
            CardButton(f"{label} {counts[resource]} 项", RoleFunctionsButton(role_id=role_id, form=resource))
            for resource, label in RESOURCES.items()
        ]
        body = "改哪张表单的功能？"
    else:
        buttons = [
            CardButton(f"{form_label(form)}的字段", RoleFieldsButton(role_id=role_id, form=form)) for form in FORMS
        ]
        body = "改哪张表单的字段权限？"
    buttons.append(CardButton("返回角色", OpenRoleButton(role_id=role_id), typed=f"角色 {role.name}"))
    return CardView(f"角色 {role.name}", body=body, buttons=tuple(buttons))


def paint_functions(state: dict[str, Any], ctx: Context) -> CardView:
    """One form's functions, each with a button for the other state."""
    role_id, form = int(state["role_id"]), str(state["form"])
    try:
        details = service.show_role(ctx, role_id)
    except AppError as refusal:
        return refused("角色", refusal)
    role = details.role
    mine = [p for p in Permission if p.value.startswith(f"{form}:")]
    lines = [
        f"{'✓' if p.value in role.functions else '—'} {ACTIONS[p.value.partition(':')[2]]}"
        + ("（高级操作，角色是普通，不起作用）" if p.value in details.without_effect else "")
        for p in mine
    ]
    buttons = []
    for p in mine:
        held = p.value in role.functions
        verb = "移除" if held else "添加"
        buttons.append(
            CardButton(
                f"{verb} {ACTIONS[p.value.partition(':')[2]]}",
                RoleFunctionButton(role_id=role_id, function=p.value, give=0 if held else 1),
                typed=f"角色 {role.name} {verb}功能 {permission_name(p)}",
            )
        )
    buttons.append(CardButton("返回角色", OpenRoleButton(role_id=role_id), typed=f"角色 {role.name}"))
    buttons += undo_buttons(ctx, state.get("undo_id"))
    return CardView(f"角色 {role.name} · {RESOURCES.get(form, form)}", body="\n".join(lines), buttons=tuple(buttons))


def paint_fields(state: dict[str, Any], ctx: Context) -> CardView:
    """One form's fields, each with a button for the next level."""
    role_id, form = int(state["role_id"]), str(state["form"])
    try:
        details = service.show_role(ctx, role_id)
    except AppError as refusal:
        return refused("角色", refusal)
    role = details.role
    lines, buttons = [], []
    for field in details.forms.get(form, ()):
        if field.always:
            continue
        level = role.fields.get((form, field.name))
        lines.append(f"{field.label}：{rules.level_name(level)}")
        wanted = NEXT_LEVEL[level or FieldLevel.WRITE]
        if wanted is FieldLevel.MASKED and field.kind not in rules.MASKABLE:
            wanted = FieldLevel.HIDDEN
        buttons.append(
            CardButton(
                f"{field.label} 改为 {FIELD_LEVELS[wanted]}",
                RoleFieldButton(role_id=role_id, form=form, field=field.name, level=wanted.value),
                typed=f"字段权限 {role.name} {form_label(form)} {field.label} {FIELD_LEVELS[wanted]}",
            )
        )
    buttons.append(CardButton("返回角色", OpenRoleButton(role_id=role_id), typed=f"角色 {role.name}"))
    buttons += undo_buttons(ctx, state.get("undo_id"))
    footer = "一个人有几个角色时，按最宽的算。管理员看全部。"
    return CardView(
        f"角色 {role.name} · {form_label(form)}的字段权限", body="\n".join(lines), buttons=tuple(buttons), footer=footer
    )


def paint_changed(state: dict[str, Any], ctx: Context) -> CardView:
    """What was changed, now → new, while it can be taken back with the button for it."""
    try:
        ctx.actor.require_admin()
    except AppError as refusal:
        return refused("角色权限", refusal)
    name, lines, role_id = str(state["name"]), [escape(str(x)) for x in state["lines"]], int(state["role_id"])
    buttons = undo_buttons(ctx, state.get("undo_id"))
    if role_id and not lines[0].startswith("已删除"):
        buttons.append(CardButton("查看角色", OpenRoleButton(role_id=role_id), typed=f"角色 {name}"))
    title = f"角色 {name}" if name else "高级操作"
    body = "\n".join([*lines, *(str(h) for h in state["hints"])])
    return CardView(title, tags=("✓ 已生效",), body=body, buttons=tuple(buttons), footer=AT_ONCE)


def paint_delete(state: dict[str, Any], ctx: Context) -> CardView:
    """What deleting it means, and the button that does it."""
    try:
        weighed = service.weigh_deletion(ctx, int(state["role_id"]))
    except AppError as refusal:
        return refused("删除角色", refusal)
    button = CardButton("确认删除", DeleteRoleButton(role_id=weighed.role.id), "danger", typed="确认删除")
    back = CardButton("返回角色", OpenRoleButton(role_id=weighed.role.id), typed="取消")
    return CardView(f"删除角色 {weighed.role.name}？", body=deletion_text(weighed), buttons=(button, back))


def deletion_text(weighed: Deletion) -> str:
    """Members and consequences."""
    role = weighed.role
    lines = [f"成员 {len(weighed.names)} 人：{rules.some(weighed.names)}" if weighed.names else "没有成员。"]
    if role.functions and weighed.names:
        lines.append(f"他们会失去这个角色给的功能：{rules.some(rules.function_names(role.functions).split('、'), 8)}")
    if weighed.left_without:
        lines.append(f"{rules.some(weighed.left_without)} 没有别的角色，之后只剩「所有用户」的权限。")
    if weighed.nodes:
        lines.append(f"开票审批的「{'、'.join(weighed.nodes)}」由这个角色处理，删除前请先在「开票审批设置」里换人。")
    return "\n".join([*lines, "删除后 10 分钟内可以撤销。"])
