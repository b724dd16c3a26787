"""Queries on roles: what a person's memberships add up to (D12: union, widest scope)."""

from dataclasses import dataclass

from sqlalchemy import or_, select

from storage.database import Tx
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
