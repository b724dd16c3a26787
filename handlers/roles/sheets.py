"""A role as answers and cards show it."""

from dataclasses import dataclass

from bot.core.forms import Forms
from bot.core.roles import RoleSheet
from storage.roles import RoleLine


@dataclass(frozen=True, slots=True)
class RolePage:
    """One page of the roles."""

    rows: list[RoleLine]
    total: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class RoleDetails:
    """One role in words' reach: names of its members and departments, functions that have no effect yet, and the forms
    with the company's own fields.
    """

    role: RoleSheet
    people: dict[str, str]
    departments: dict[int, str]
    departed: frozenset[str]
    members: int
    without_effect: list[str]
    forms: Forms


@dataclass(frozen=True, slots=True)
class Changed:
    """A change that was stored: its lines now → new, what to know about it, and how to take it back."""

    role_id: int
    name: str
    lines: list[str]
    hints: list[str]
    undo_id: int | None


@dataclass(frozen=True, slots=True)
class Deletion:
    """What deleting a role would mean."""

    role: RoleSheet
    names: list[str]
    left_without: list[str]  # members who have no other role
    nodes: list[str]  # of the invoice approval
