"""Queries on roles: what a person's memberships add up to (D12: union, widest scope)."""

from dataclasses import dataclass, field

import sqlmodel
from sqlalchemy import or_, select
from sqlmodel import col

from storage.database import Tx
from storage.dictionaries import fold
from storage.plain import Plain, given, table_of
from storage.tables import Role, RoleFunction, RoleMember, RoleMemberDepartment

EVERYBODY = "所有用户"  # built in; every active employee is in it, nobody is listed (R2.35)

R, RF, RM, RMD = table_of(Role), table_of(RoleFunction), table_of(RoleMember), table_of(RoleMemberDepartment)
HELD = Plain(
    select(R.c.id, R.c.name, R.c.data_scope, R.c.level, RF.c.function)
    .select_from(R.outerjoin(RF, RF.c.role_id == R.c.id))
    .where(or_(R.c.id.in_(select(RM.c.role_id).where(RM.c.user_id == given("of"))), R.c.name == EVERYBODY))
    .order_by(R.c.id)
)
SERVED = Plain(select(RMD.c.role_id, RMD.c.department_id).where(RMD.c.user_id == given("of")))


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
    functions: dict[int, set[str]] = {}
    held: dict[int, tuple[str, str, str]] = {}
    for row in HELD.run(tx, of=user_id):
        held[row.id] = (row.name, row.data_scope, row.level)
        granted = functions.setdefault(row.id, set())
        if row.function is not None:
            granted.add(row.function)
    departments: dict[int, set[int]] = {i: set() for i in held}
    for row in SERVED.run(tx, of=user_id):
        if row.role_id in departments:
            departments[row.role_id].add(row.department_id)
    return [
        Membership(name, data_scope, level, frozenset(functions[i]), frozenset(departments[i]))
        for i, (name, data_scope, level) in held.items()
    ]


@dataclass(frozen=True, slots=True)
class RoleSheet:
    """A role as an administrator sees it. `members`: user id → 服务部门 of that membership (manual 2.3.3)."""

    name: str
    data_scope: str = "self"  # self | departments | all
    level: str = "normal"  # normal | advanced
    functions: frozenset[str] = frozenset()
    members: dict[str, frozenset[int]] = field(default_factory=dict)


def list_roles(tx: Tx) -> list[RoleSheet]:
    """All roles with functions and members, in the order they were made."""
    functions: dict[int, set[str]] = {}
    for one in tx.exec(sqlmodel.select(RoleFunction)).all():
        functions.setdefault(one.role_id, set()).add(one.function)
    members: dict[int, dict[str, set[int]]] = {}
    for member in tx.exec(sqlmodel.select(RoleMember).order_by(col(RoleMember.user_id))).all():
        members.setdefault(member.role_id, {})[member.user_id] = set()
    for served in tx.exec(sqlmodel.select(RoleMemberDepartment)).all():
        members.setdefault(served.role_id, {}).setdefault(served.user_id, set()).add(served.department_id)
    return [
        RoleSheet(
            role.name, role.data_scope, role.level, frozenset(functions.get(role.id or 0, ())),
            {user: frozenset(ids) for user, ids in members.get(role.id or 0, {}).items()},
        )
        for role in tx.exec(sqlmodel.select(Role).order_by(col(Role.id))).all()
    ]  # fmt: skip


def put_role(tx: Tx, wanted: RoleSheet) -> int:
    """Makes the role of that (folded) name exactly this, a new one if there is none; returns its id."""
    role = tx.exec(sqlmodel.select(Role).where(Role.name_key == fold(wanted.name)).with_for_update()).first()
    role = role or Role(name=wanted.name, name_key=fold(wanted.name))
    role.data_scope, role.level = wanted.data_scope, wanted.level
    tx.add(role)
    tx.flush()
    assert role.id is not None
    for table in (RoleFunction, RoleMemberDepartment, RoleMember):
        tx.execute(sqlmodel.delete(table).where(col(table.role_id) == role.id))
    tx.add_all(RoleFunction(role_id=role.id, function=f) for f in sorted(wanted.functions))
    for user_id, departments in wanted.members.items():
        tx.add(RoleMember(role_id=role.id, user_id=user_id))
        tx.add_all(RoleMemberDepartment(role_id=role.id, user_id=user_id, department_id=d) for d in sorted(departments))
    tx.flush()
    return role.id
