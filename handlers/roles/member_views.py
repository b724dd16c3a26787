"""A role's members, as words and as cards."""

from typing import Any

from bot.context import Context
from bot.core.errors import AppError
from bot.core.markup import escape
from bot.dispatch import CardButton, CardRow, CardView
from cards.paging import turns
from cards.roles import (
    OpenRoleButton,
    RemoveMemberButton,
    RoleMembersButton,
    refused,
)
from handlers.roles import rules, service
from handlers.roles.service import MEMBERS
from handlers.roles.sheets import RoleDetails
from handlers.undo.views import undo_buttons


def members_text(details: RoleDetails) -> str:
    """李娜、王强（服务部门 销售一部） 共 2 人."""
    role = details.role
    if role.built_in:
        return f"公司在职的 {details.members} 人都在里面（内置，不用加人）"
    if not role.members:
        return "还没有人"
    words = [member_text(details, user_id) for user_id in sorted(role.members)]
    return f"{rules.some(words, 12)}（共 {len(words)} 人）"


def member_text(details: RoleDetails, user_id: str) -> str:
    """王强（服务部门 销售一部）."""
    name = escape(details.people.get(user_id, user_id))
    served = details.role.members[user_id]
    notes = []
    if served or details.role.data_scope == "departments":
        notes.append(f"服务部门 {rules.named(served, details.departments)}")
    if user_id in details.departed:
        notes.append("已离职")
    return f"{name}（{'，'.join(notes)}）" if notes else name


def paint_members(state: dict[str, Any], ctx: Context) -> CardView:
    """A page of the members, each with a button to take him out."""
    role_id, page = int(state["role_id"]), int(state.get("page", 1))
    try:
        details = service.show_role(ctx, role_id)
    except AppError as refusal:
        return refused("角色成员", refusal)
    role = details.role
    ids = sorted(role.members)
    pages = max(1, -(-len(ids) // MEMBERS))
    page = min(max(1, page), pages)
    rows = tuple(
        CardRow(
            member_text(details, user_id), "", "",
            (
                CardButton(
                    f"移除 {details.people.get(user_id, user_id)}",
                    RemoveMemberButton(role_id=role_id, user_id=user_id),
                    typed=f"角色 {role.name} 移除 {details.people.get(user_id, user_id)}",
                ),
            ),
        )
        for user_id in ids[(page - 1) * MEMBERS : page * MEMBERS]
    )  # fmt: skip
    buttons = turns(page, pages, lambda to: RoleMembersButton(role_id=role_id, page=to), typed=False)
    buttons.append(CardButton("返回角色", OpenRoleButton(role_id=role_id), typed=f"角色 {role.name}"))
    buttons += undo_buttons(ctx, state.get("undo_id"))
    footer = f"加人：「角色 {role.name} 添加 张三、李四」；服务部门：「角色 {role.name} 张三 服务部门 部门名称」。"
    body = f"共 {len(ids)} 人" if ids else "还没有人"
    return CardView(f"角色 {role.name} 的成员", body=body, rows=rows, buttons=tuple(buttons), footer=footer)
