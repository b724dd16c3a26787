"""Queries on roles: what a person's memberships add up to (D12: union, widest scope)."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Integer, String, cast, null, or_, select, union_all

from bot.core.fields import Field, FieldLevel, FieldRights, least
from bot.core.roles import EVERYBODY
from storage.database import Tx
from storage.kept import kept
from storage.plain import Plain, given, table_of
from storage.tables import Role, RoleField, RoleFunction, RoleMember, RoleMemberDepartment

R, RF, RM, RMD = table_of(Role), table_of(RoleFunction), table_of(RoleMember), table_of(RoleMemberDepartment)
RL = table_of(RoleField)
HELD = Plain(
    select(R.c.id, R.c.name, R.c.data_scope, R.c.level, RF.c.function)
    .select_from(R.outerjoin(RF, RF.c.role_id == R.c.id))
    .where(or_(R.c.id.in_(select(RM.c.role_id).where(RM.c.user_id == given("of"))), R.c.name == EVERYBODY))
    .order_by(R.c.id)
)
# One statement for both: every message asks it. A row is a 服务部门 of the membership, or a field of a role held.
BOUNDS = Plain(
    union_all(
        select(
            RMD.c.role_id, RMD.c.department_id, cast(null(), String).label("form"),
            cast(null(), String).label("field"), cast(null(), String).label("level"),
        ).where(RMD.c.user_id == given("of")),
        select(RL.c.role_id, cast(null(), Integer).label("department_id"), RL.c.form, RL.c.field, RL.c.level)
        .join_from(RL, R, R.c.id == RL.c.role_id)
        .where(or_(RL.c.role_id.in_(select(RM.c.role_id).where(RM.c.user_id == given("of"))), R.c.name == EVERYBODY)),
    )
)  # fmt: skip
EVERY_LIMIT = Plain(select(RL.c.form, RL.c.field, RL.c.level))


@dataclass(frozen=True, slots=True)
class Membership:
    """One role as one person holds it."""

    role_id: int
    role: str
    data_scope: str
    level: str
    functions: frozenset[str]
    departments: frozenset[int]
    fields: Mapping[Field, FieldLevel]


@kept
def list_memberships(tx: Tx, user_id: str) -> tuple[Membership, ...]:
    """The person's roles, the built-in one included."""
    functions: dict[int, set[str]] = {}
    held: dict[int, tuple[str, str, str]] = {}
    for row in HELD.run(tx, of=user_id):
        held[row.id] = (row.name, row.data_scope, row.level)
        granted = functions.setdefault(row.id, set())
        if row.function is not None:
            granted.add(row.function)
    departments: dict[int, set[int]] = {i: set() for i in held}
    fields: dict[int, dict[Field, FieldLevel]] = {i: {} for i in held}
    for row in BOUNDS.run(tx, of=user_id):
        if row.role_id not in held:
            continue
        if row.department_id is not None:
            departments[row.role_id].add(row.department_id)
        else:
            fields[row.role_id][row.form, row.field] = FieldLevel(row.level)
    return tuple(
        Membership(i, name, data_scope, level, frozenset(functions[i]), frozenset(departments[i]), fields[i])
        for i, (name, data_scope, level) in held.items()
    )


def everybodys_fields(tx: Tx) -> FieldRights:
    """What may be shown to people of whom one does not know who they are: the least any role has."""
    return least(((row.form, row.field), FieldLevel(row.level)) for row in EVERY_LIMIT.run(tx))
