"""Leavings: what a person's rights were, set aside in the transaction that marks him as gone (reliability P2, P5)."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel import col, delete, func, select, update

from storage import audit, outbox, people, teams
from storage.database import Tx
from storage.inbox import insert_ignore
from storage.settings import put_setting
from storage.tables import Departure, Employee, Role, RoleMember, RoleMemberDepartment, Setting


def set_aside(tx: Tx, user_ids: Sequence[str], *, now: datetime) -> None:
    """They have just been marked as gone: roles, teams and administration end, and nothing more is sent to them.

    Of the administrators the last one stays on the list, where he has no effect while he is away: a company is
    never without one for good.
    """
    roles = _held(tx, user_ids)
    admins = _drop_admins(tx, user_ids, now=now)
    names = people.names_of(tx, user_ids)
    for user_id in user_ids:
        tx.add(Departure(user_id=user_id, left_at=now, roles=roles.get(user_id, []), was_admin=user_id in admins))
        lost = {"角色": ("、".join(str(role["name"]) for role in roles.get(user_id, ())), "")}
        lost |= {"管理员": ("是", "")} if user_id in admins else {}
        changes = {label: pair for label, pair in lost.items() if pair[0]}
        if changes:
            audit.record(
                tx, at=now, user_id="", via="event", action="leave.employee", subject=f"employee:{user_id}",
                name=names.get(user_id, user_id), changes=changes,
            )  # fmt: skip
    tx.execute(delete(RoleMemberDepartment).where(col(RoleMemberDepartment.user_id).in_(user_ids)))
    tx.execute(delete(RoleMember).where(col(RoleMember.user_id).in_(user_ids)))
    teams.end_for_people(tx, user_ids, now)
    outbox.cancel_for(tx, user_ids, now=now)
    tx.flush()


def _held(tx: Tx, user_ids: Collection[str]) -> dict[str, list[dict[str, object]]]:
    places: dict[tuple[str, int], list[int]] = {}
    served = select(RoleMemberDepartment).where(col(RoleMemberDepartment.user_id).in_(user_ids))
    for row in tx.exec(served).all():
        places.setdefault((row.user_id, row.role_id), []).append(row.department_id)
    held: dict[str, list[dict[str, object]]] = {}
    query = (
        select(RoleMember.user_id, Role.id, Role.name)
        .join(Role, col(Role.id) == col(RoleMember.role_id))
        .where(col(RoleMember.user_id).in_(user_ids))
        .order_by(col(Role.id))
    )
    for user_id, role_id, name in tx.exec(query).all():
        departments = sorted(places.get((user_id, role_id or 0), []))
        held.setdefault(user_id, []).append({"role_id": role_id, "name": name, "departments": departments})
    return held


def _drop_admins(tx: Tx, user_ids: Collection[str], *, now: datetime) -> frozenset[str]:
    row = tx.get(Setting, "admins", with_for_update=True)
    if row is None or not row.value:
        return frozenset()
    leaving = frozenset(row.value) & frozenset(user_ids)
    staying = [one for one in row.value if one not in leaving]
    if leaving and count_working(tx, staying):
        put_setting(tx, "admins", staying, by="", now=now)
    return leaving


def count_working(tx: Tx, user_ids: Collection[str]) -> int:
    """How many of these are employed."""
    query = select(func.count()).select_from(Employee).where(col(Employee.user_id).in_(list(user_ids)))
    return tx.exec(query.where(col(Employee.active))).one()


def list_untold(tx: Tx) -> list[Departure]:
    """Leavings the administrators have not been told of, oldest first."""
    query = select(Departure).where(col(Departure.told_at).is_(None)).order_by(col(Departure.id))
    return list(tx.exec(query.with_for_update()).all())


def list_returned(tx: Tx) -> list[Departure]:
    """Leavings of people who work here again, of which the administrators have not been told."""
    back = select(Employee.user_id).where(col(Employee.active))
    query = select(Departure).where(col(Departure.returned_at).is_(None), col(Departure.user_id).in_(back))
    return list(tx.exec(query.order_by(col(Departure.id)).with_for_update()).all())


def oldest_untold(tx: Tx) -> datetime | None:
    """When the oldest leaving came about that nobody has been told of."""
    return tx.exec(select(func.min(Departure.left_at)).where(col(Departure.told_at).is_(None))).one()


def last_of(tx: Tx, user_id: str) -> Departure | None:
    """The person's latest leaving."""
    query = select(Departure).where(Departure.user_id == user_id).order_by(col(Departure.id).desc())
    return tx.exec(query.limit(1)).first()


def set_aside_roles(tx: Tx, user_id: str) -> Departure | None:
    """The latest leaving whose roles have not been given back; None: there is nothing to give back."""
    query = select(Departure).where(Departure.user_id == user_id, col(Departure.restored_at).is_(None))
    rows = tx.exec(query.order_by(col(Departure.id).desc())).all()
    return next((row for row in rows if row.roles), None)


def give_back_roles(tx: Tx, departure: Departure, *, by: str, now: datetime) -> tuple[list[str], list[str]]:
    """Makes the set-aside memberships effective. Returns the roles' names, and those of roles that are no more.

    Both are empty if another was faster.
    """
    won = tx.execute(
        update(Departure)
        .where(col(Departure.id) == departure.id, col(Departure.restored_at).is_(None))
        .values(restored_at=now, restored_by=by)
    )
    if not won.rowcount:  # type: ignore[attr-defined]
        return [], []
    wanted = {int(row["role_id"]): row for row in departure.roles}
    known = {role.id: role.name for role in tx.exec(select(Role).where(col(Role.id).in_(list(wanted)))).all()}
    members: list[dict[str, object]] = []
    places: list[dict[str, object]] = []
    for role_id, row in wanted.items():
        if role_id in known:
            members.append({"role_id": role_id, "user_id": departure.user_id})
            places += [
                {"role_id": role_id, "user_id": departure.user_id, "department_id": one} for one in row["departments"]
            ]
    if members:
        tx.execute(insert_ignore(tx, RoleMember, members, ["role_id", "user_id"]))
    if places:
        tx.execute(insert_ignore(tx, RoleMemberDepartment, places, ["role_id", "user_id", "department_id"]))
    gone = [str(row["name"]) for role_id, row in wanted.items() if role_id not in known]
    return [known[role_id] for role_id in wanted if role_id in known], gone
