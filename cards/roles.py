"""The cards of 角色权限: what their buttons carry and what they show."""

from typing import ClassVar

from bot.core.errors import AppError
from bot.dispatch import Button, CardView


class RolesPageButton(Button):
    """Another page of the roles."""

    action: ClassVar[str] = "roles.page"
    page: int


class OpenRoleButton(Button):
    """One role."""

    action: ClassVar[str] = "roles.open"
    role_id: int


class RoleScopeButton(Button):
    """本人, 服务部门, 全部."""

    action: ClassVar[str] = "roles.scope"
    role_id: int
    data_scope: str


class RoleLevelButton(Button):
    """普通, 高级."""

    action: ClassVar[str] = "roles.level"
    role_id: int
    level: str


class RoleMembersButton(Button):
    """Its members, a page at a time."""

    action: ClassVar[str] = "roles.members"
    role_id: int
    page: int = 1


class RemoveMemberButton(Button):
    """One person is no member any more."""

    action: ClassVar[str] = "roles.remove"
    role_id: int
    user_id: str


class RoleFormsButton(Button):
    """Which form's functions, or fields."""

    action: ClassVar[str] = "roles.forms"
    role_id: int
    what: str  # functions | fields


class RoleFunctionsButton(Button):
    """One form's functions."""

    action: ClassVar[str] = "roles.functions"
    role_id: int
    form: str


class RoleFunctionButton(Button):
    """Gives or takes one; the state wanted stands in it, so that a second tap changes nothing."""

    action: ClassVar[str] = "roles.function"
    role_id: int
    function: str
    give: int


class RoleFieldsButton(Button):
    """One form's fields."""

    action: ClassVar[str] = "roles.fields"
    role_id: int
    form: str


class RoleFieldButton(Button):
    """One field's level."""

    action: ClassVar[str] = "roles.field"
    role_id: int
    form: str
    field: str
    level: str


class AskDeleteRoleButton(Button):
    """Shows what deleting it would mean."""

    action: ClassVar[str] = "roles.ask_delete"
    role_id: int


class DeleteRoleButton(Button):
    """Deletes it."""

    action: ClassVar[str] = "roles.delete"
    role_id: int


def refused(title: str, refusal: AppError) -> CardView:
    """A card its viewer may not look at (any more)."""
    return CardView(title, body=refusal.text)
