"""What taps on the cards of 角色权限 do. Every one of them is checked as a sentence is; a button grants nothing."""

from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.core.fields import FieldLevel
from bot.core.forms import FORMS
from bot.dispatch import CardRef, CardTap, CardUpdate, Router
from cards.roles import (
    AskDeleteRoleButton,
    DeleteRoleButton,
    OpenRoleButton,
    RemoveMemberButton,
    RoleFieldButton,
    RoleFieldsButton,
    RoleFormsButton,
    RoleFunctionButton,
    RoleFunctionsButton,
    RoleLevelButton,
    RoleMembersButton,
    RoleScopeButton,
    RolesPageButton,
)
from handlers.roles import service, views
from handlers.roles.member_views import paint_members
from handlers.roles.sheets import Changed

router = Router("roles.taps")
router.painter("roles.list")(views.paint_list)
router.painter("roles.one")(views.paint_one)
router.painter("roles.members")(paint_members)
router.painter("roles.forms")(views.paint_forms)
router.painter("roles.functions")(views.paint_functions)
router.painter("roles.fields")(views.paint_fields)
router.painter("roles.changed")(views.paint_changed)
router.painter("roles.delete")(views.paint_delete)
router.undoer("roles.change")(lambda payload, ctx: service.undo_change(ctx, payload))
router.undoer("roles.advanced")(lambda payload, ctx: service.undo_advanced(ctx, payload))


def _card(kind: str, role_id: int, note: str = "", **state: Any) -> CardUpdate:
    return CardUpdate(card=CardRef(kind, {"role_id": role_id, **state}, (f"role:{role_id}",)), note=note)


def _after(done: Changed, kind: str = "roles.one", **state: Any) -> CardUpdate:
    return _card(kind, done.role_id, views.changed_text(done), undo_id=done.undo_id, **state)


@router.button(RolesPageButton)
def turn_page(tap: CardTap[RolesPageButton], ctx: Context) -> CardUpdate:
    """Another page of the roles."""
    page = service.list_all(ctx, tap.button.page)
    return CardUpdate(card=CardRef("roles.list", {"page": page.page}))


@router.button(OpenRoleButton)
def open_role(tap: CardTap[OpenRoleButton], ctx: Context) -> CardUpdate:
    """One role."""
    service.show_role(ctx, tap.button.role_id)
    return _card("roles.one", tap.button.role_id)


@router.button(RoleScopeButton)
def scope(tap: CardTap[RoleScopeButton], ctx: Context) -> CardUpdate:
    """本人, 服务部门, 全部."""
    return _after(service.set_data_scope(ctx, tap.button.role_id, tap.button.data_scope))


@router.button(RoleLevelButton)
def level(tap: CardTap[RoleLevelButton], ctx: Context) -> CardUpdate:
    """普通, 高级."""
    return _after(service.set_level(ctx, tap.button.role_id, tap.button.level))


@router.button(RoleMembersButton)
def members(tap: CardTap[RoleMembersButton], ctx: Context) -> CardUpdate:
    """A page of them."""
    service.show_role(ctx, tap.button.role_id)
    return _card("roles.members", tap.button.role_id, page=tap.button.page)


@router.button(RemoveMemberButton)
def remove(tap: CardTap[RemoveMemberButton], ctx: Context) -> CardUpdate:
    """One person is out."""
    done = service.remove_members(ctx, tap.button.role_id, user_id=tap.button.user_id)
    return _after(done, "roles.members", page=int(tap.state.get("page", 1)))


@router.button(RoleFormsButton)
def forms(tap: CardTap[RoleFormsButton], ctx: Context) -> CardUpdate:
    """Which form."""
    service.show_role(ctx, tap.button.role_id)
    return _card("roles.forms", tap.button.role_id, what=tap.button.what)


@router.button(RoleFunctionsButton)
def functions(tap: CardTap[RoleFunctionsButton], ctx: Context) -> CardUpdate:
    """One form's functions."""
    service.show_role(ctx, tap.button.role_id)
    return _card("roles.functions", tap.button.role_id, form=tap.button.form)


@router.button(RoleFunctionButton)
def function(tap: CardTap[RoleFunctionButton], ctx: Context) -> CardUpdate:
    """Given, or taken."""
    ctx.actor.require_admin()
    if tap.button.function not in {p.value for p in Permission}:
        raise InvalidInput("没有这个功能，请重新打开角色再试。")
    done = service.change_functions(ctx, tap.button.role_id, [tap.button.function], give=bool(tap.button.give))
    return _after(done, "roles.functions", form=tap.button.function.partition(":")[0])


@router.button(RoleFieldsButton)
def fields(tap: CardTap[RoleFieldsButton], ctx: Context) -> CardUpdate:
    """One form's fields."""
    service.show_role(ctx, tap.button.role_id)
    return _card("roles.fields", tap.button.role_id, form=tap.button.form)


@router.button(RoleFieldButton)
def field(tap: CardTap[RoleFieldButton], ctx: Context) -> CardUpdate:
    """One field's level."""
    ctx.actor.require_admin()
    if tap.button.form not in FORMS or tap.button.level not in set(FieldLevel):
        raise InvalidInput("没有这个字段，请重新打开角色再试。")
    level = FieldLevel(tap.button.level)
    done = service.set_fields(ctx, tap.button.role_id, tap.button.form, [tap.button.field], level)
    return _after(done, "roles.fields", form=tap.button.form)


@router.button(AskDeleteRoleButton)
def ask_delete(tap: CardTap[AskDeleteRoleButton], ctx: Context) -> CardUpdate:
    """What it would mean."""
    service.weigh_deletion(ctx, tap.button.role_id)
    return _card("roles.delete", tap.button.role_id)


@router.button(DeleteRoleButton)
def delete(tap: CardTap[DeleteRoleButton], ctx: Context) -> CardUpdate:
    """It is no more."""
    done = service.delete_role(ctx, tap.button.role_id)
    return CardUpdate(card=CardRef("roles.changed", views.changed_state(done)))
