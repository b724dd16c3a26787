"""Queries on roles: what a person's memberships add up to (D12: union, widest scope)."""

from dataclasses import dataclass

from sqlmodel import col, select

from storage.database import Tx
from storage.tables import Role, RoleFunction, RoleMember, RoleMemberDepartment

EVERYBODY = "所有用户"  # built in; every active employee is in it, nobody is listed (R2.35)


@dataclass(frozen=True, slots=True)
class Membership:
    """One role as one person holds it."""

    role: str
    data_scope: str
    level: str
    functions: frozenset[str]
    departments: frozenset[int]


def list_memberships(tx: Tx, user_id: str) -> list[Membership]:
    """The person's roles, the built-in one included if it has functions."""
    member_of = select(RoleMember.role_id).where(RoleMember.user_id == user_id)
    roles = tx.exec(select(Role).where(col(Role.id).in_(member_of) | (col(Role.name) == EVERYBODY))).all()
    ids = [role.id for role in roles]
    if not ids:
        return []
    functions: dict[int | None, set[str]] = {i: set() for i in ids}
    for role_id, function in tx.exec(
        select(RoleFunction.role_id, RoleFunction.function).where(col(RoleFunction.role_id).in_(ids))
    ).all():
        functions[role_id].add(function)
    departments: dict[int | None, set[int]] = {i: set() for i in ids}
    for role_id, department_id in tx.exec(
        select(RoleMemberDepartment.role_id, RoleMemberDepartment.department_id).where(
            RoleMemberDepartment.user_id == user_id, col(RoleMemberDepartment.role_id).in_(ids)
        )
    ).all():
        departments[role_id].add(department_id)
    return [
        Membership(r.name, r.data_scope, r.level, frozenset(functions[r.id]), frozenset(departments[r.id]))
        for r in roles
    ]
