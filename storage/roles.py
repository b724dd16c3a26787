"""Roles as administrators see and change them. What a person's roles add up to: `storage/access.py`."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, delete, func, select

from bot.core.fields import FieldLevel
from bot.core.roles import EVERYBODY, RoleSheet
from storage import people
from storage.database import Tx
from storage.dictionaries import fold
from storage.tables import (
    Employee,
    FlowNode,
    Role,
    RoleField,
    RoleFunction,
    RoleMember,
    RoleMemberDepartment,
    SyncRun,
)


class NameTaken(Exception):
    """Another role has this name."""


@dataclass(frozen=True, slots=True)
class RoleLine:
    """One role in a list. `members`: those employed now."""

    id: int
    name: str
    data_scope: str
    level: str
    members: int


def is_synced(tx: Tx) -> bool:
    """Whether the organisation has been mirrored at least once (R2.30)."""
    done = select(SyncRun.id).where(
        SyncRun.kind == "full",
        col(SyncRun.status).in_(("ok", "partial", "waiting")),
        col(SyncRun.finished_at).is_not(None),
    )
    return tx.exec(done.limit(1)).first() is not None


def list_roles(tx: Tx) -> list[RoleLine]:
    """All of them, the built-in one first, then by age; it is made if it is not there yet."""
    rows = tx.exec(select(Role).order_by(col(Role.id))).all()
    if all(r.name != EVERYBODY for r in rows):
        tx.add(Role(name=EVERYBODY, name_key=fold(EVERYBODY)))
        tx.flush()
        rows = tx.exec(select(Role).order_by(col(Role.id))).all()
    held = (
        select(RoleMember.role_id)
        .join(Employee, col(Employee.user_id) == col(RoleMember.user_id))
        .where(col(Employee.active))
    )
    counts = Counter(tx.exec(held).all())
    everybody = people.count_active(tx)
    lines = [
        RoleLine(r.id or 0, r.name, r.data_scope, r.level, everybody if r.name == EVERYBODY else counts[r.id or 0])
        for r in rows
    ]
    return sorted(lines, key=lambda r: (r.name != EVERYBODY, r.id))


def read_role(tx: Tx, role_id: int, *, lock: bool = False) -> RoleSheet | None:
    """One role whole."""
    row = tx.get(Role, role_id, with_for_update=True if lock else None)
    if row is None:
        return None
    served: dict[str, set[int]] = {}
    for user_id in tx.exec(select(RoleMember.user_id).where(RoleMember.role_id == role_id)).all():
        served[user_id] = set()
    places = select(RoleMemberDepartment.user_id, RoleMemberDepartment.department_id)
    for user_id, department_id in tx.exec(places.where(RoleMemberDepartment.role_id == role_id)).all():
        served.setdefault(user_id, set()).add(department_id)
    limits = tx.exec(select(RoleField).where(RoleField.role_id == role_id)).all()
    return RoleSheet(
        id=role_id, name=row.name, data_scope=row.data_scope, level=row.level,
        functions=frozenset(tx.exec(select(RoleFunction.function).where(RoleFunction.role_id == role_id)).all()),
        members={user_id: frozenset(ids) for user_id, ids in served.items()},
        fields={(one.form, one.field): FieldLevel(one.level) for one in limits},
    )  # fmt: skip


def find_by_name(tx: Tx, name: str) -> RoleSheet | None:
    """By its folded name."""
    role_id = tx.exec(select(Role.id).where(Role.name_key == fold(name))).first()
    return None if role_id is None else read_role(tx, role_id)


def list_sheets(tx: Tx) -> list[RoleSheet]:
    """Every role whole, in the order they were made."""
    ids = tx.exec(select(Role.id).order_by(col(Role.id))).all()
    return [sheet for role_id in ids if role_id is not None and (sheet := read_role(tx, role_id)) is not None]


def put_role(tx: Tx, wanted: RoleSheet) -> int:
    """Makes the role of that (folded) name exactly this, a new one if there is none; returns its id.

    Field rights are no column of the table and stay as they are.
    """
    role_id = tx.exec(select(Role.id).where(Role.name_key == fold(wanted.name)).with_for_update()).first()
    before = None if role_id is None else read_role(tx, role_id)
    if before is None:
        return add_role(tx, wanted).id
    write_role(tx, before, replace(wanted, id=before.id, fields=before.fields))
    return before.id


def add_role(tx: Tx, sheet: RoleSheet, *, keep_id: bool = False) -> RoleSheet:
    """A new role; `keep_id`: one that was deleted comes back as the same. Raises NameTaken."""
    row = Role(name=sheet.name, name_key=fold(sheet.name), data_scope=sheet.data_scope, level=sheet.level)
    if keep_id:
        row.id = sheet.id
    try:
        with tx.begin_nested():
            tx.add(row)
            tx.flush()
    except IntegrityError as twin:
        raise NameTaken(sheet.name) from twin
    assert row.id is not None
    empty = RoleSheet(row.id, sheet.name, sheet.data_scope, sheet.level)
    made = RoleSheet(
        row.id, sheet.name, sheet.data_scope, sheet.level, sheet.functions, dict(sheet.members), dict(sheet.fields)
    )
    write_role(tx, empty, made)
    return made


def write_role(tx: Tx, before: RoleSheet, after: RoleSheet) -> None:
    """Stores what is different. Flow nodes name roles by name, and follow a new one. Raises NameTaken."""
    row = tx.get(Role, before.id)
    assert row is not None
    if (before.name, before.data_scope, before.level) != (after.name, after.data_scope, after.level):
        try:
            with tx.begin_nested():
                row.name, row.name_key = after.name, fold(after.name)
                row.data_scope, row.level = after.data_scope, after.level
                tx.add(row)
                tx.flush()
        except IntegrityError as twin:
            raise NameTaken(after.name) from twin
    if before.name != after.name:
        for node in tx.exec(select(FlowNode)).all():
            if any(fold(str(r)) == fold(before.name) for r in node.participant_roles):
                node.participant_roles = [
                    after.name if fold(str(r)) == fold(before.name) else r for r in node.participant_roles
                ]
                tx.add(node)
    _write_functions(tx, before, after)
    _write_members(tx, before, after)
    _write_fields(tx, before, after)
    tx.flush()


def _write_functions(tx: Tx, before: RoleSheet, after: RoleSheet) -> None:
    gone = before.functions - after.functions
    if gone:
        tx.execute(
            delete(RoleFunction).where(
                col(RoleFunction.role_id) == before.id, col(RoleFunction.function).in_(sorted(gone))
            )
        )
    tx.add_all(RoleFunction(role_id=before.id, function=f) for f in sorted(after.functions - before.functions))


def _write_members(tx: Tx, before: RoleSheet, after: RoleSheet) -> None:
    changed = [u for u in {*before.members, *after.members} if before.members.get(u) != after.members.get(u)]
    for user_id in sorted(changed):
        had, has = before.members.get(user_id), after.members.get(user_id)
        if had:
            tx.execute(
                delete(RoleMemberDepartment).where(
                    col(RoleMemberDepartment.role_id) == before.id, col(RoleMemberDepartment.user_id) == user_id
                )
            )
        if has is None:
            tx.execute(
                delete(RoleMember).where(col(RoleMember.role_id) == before.id, col(RoleMember.user_id) == user_id)
            )
            continue
        if had is None:
            tx.add(RoleMember(role_id=before.id, user_id=user_id))
        tx.add_all(RoleMemberDepartment(role_id=before.id, user_id=user_id, department_id=one) for one in sorted(has))


def _write_fields(tx: Tx, before: RoleSheet, after: RoleSheet) -> None:
    for form, field in {*before.fields, *after.fields}:
        had, has = before.fields.get((form, field)), after.fields.get((form, field))
        if had == has:
            continue
        if had is not None:
            tx.execute(
                delete(RoleField).where(
                    col(RoleField.role_id) == before.id, col(RoleField.form) == form, col(RoleField.field) == field
                )
            )
        if has is not None:
            tx.add(RoleField(role_id=before.id, form=form, field=field, level=has.value))


def remove_role(tx: Tx, role_id: int) -> None:
    """It is no more, with its memberships."""
    for part in (RoleMemberDepartment, RoleMember, RoleFunction, RoleField):
        tx.execute(delete(part).where(col(part.role_id) == role_id))
    tx.execute(delete(Role).where(col(Role.id) == role_id))
    tx.expire_all()


def nodes_of(tx: Tx, name: str) -> list[str]:
    """Nodes of the invoice approval this role takes part in."""
    nodes = tx.exec(select(FlowNode).order_by(col(FlowNode.position))).all()
    return [n.name for n in nodes if any(fold(str(r)) == fold(name) for r in n.participant_roles)]


def roles_of(tx: Tx, user_ids: Iterable[str]) -> dict[str, int]:
    """How many roles each of these people is a member of."""
    query = select(RoleMember.user_id, func.count()).where(col(RoleMember.user_id).in_(list(user_ids)))
    return dict(tx.exec(query.group_by(RoleMember.user_id)).all())
