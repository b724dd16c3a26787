"""外勤: visits, the check-ins still to be fetched, and who may see where somebody was (R-VISIT-8).

Visits are not narrowed by the customers' scope: every query here names whose visits it wants.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, func, select, update

from bot.core.actor import Actor
from bot.core.errors import NotFound
from storage import people
from storage.database import Tx
from storage.inbox import insert_ignore
from storage.tables import CheckIn, Customer, Employee, EmployeeDepartment, Visit

PAGE = 5  # rows of a list in chat (D26)
GONE = "没有找到这次外勤，发送「今天的外勤」看看。"


# -- check-ins to be fetched -------------------------------------------------------------------------


def note_check_in(tx: Tx, user_id: str, at: datetime, *, due_at: datetime) -> None:
    """One that DingTalk told of; told twice it is noted once."""
    row: dict[str, object] = {"user_id": user_id, "at": at, "state": "new", "tries": 0, "due_at": due_at}
    tx.execute(insert_ignore(tx, CheckIn, [row], ["user_id", "at"]))


def next_due(tx: Tx) -> datetime | None:
    """When the next record is to be asked for."""
    return tx.exec(select(func.min(CheckIn.due_at)).where(CheckIn.state == "new")).one()


def list_due(tx: Tx, now: datetime, *, limit: int = 500) -> list[CheckIn]:
    """Check-ins whose records are to be asked for now, oldest first."""
    query = select(CheckIn).where(CheckIn.state == "new", col(CheckIn.due_at) <= now)
    return list(tx.exec(query.order_by(col(CheckIn.at), col(CheckIn.id)).limit(limit)).all())


def settle_check_ins(tx: Tx, ids: Collection[int], state: str) -> None:
    """Fetched (`done`), or given up (`gone`)."""
    tx.execute(
        update(CheckIn)
        .where(col(CheckIn.id).in_(list(ids)), col(CheckIn.state) == "new")
        .values(state=state, due_at=None)
    )


def postpone(tx: Tx, check_in_id: int, *, due_at: datetime) -> None:
    """Not to be seen yet: asked for once more."""
    query = update(CheckIn).where(col(CheckIn.id) == check_in_id, col(CheckIn.state) == "new")
    tx.execute(query.values(tries=col(CheckIn.tries) + 1, due_at=due_at))


# -- visits ------------------------------------------------------------------------------------------


def add_fetched(tx: Tx, visit: dict[str, object]) -> int | None:
    """A visit from DingTalk's record; None: it is there already (one a person and moment)."""
    done = tx.execute(insert_ignore(tx, Visit, [visit], ["user_id", "at"]))
    if not done.rowcount:  # type: ignore[attr-defined]
        return None
    return tx.exec(select(Visit.id).where(Visit.user_id == visit["user_id"], Visit.at == visit["at"])).one()


def add_visit(tx: Tx, visit: Visit) -> int:
    """A visit somebody told of; of two in one moment the second is a microsecond later."""
    taken = select(func.count()).select_from(Visit).where(Visit.user_id == visit.user_id)
    while tx.exec(taken.where(Visit.at == visit.at)).one():
        visit.at += timedelta(microseconds=1)
    tx.add(visit)
    tx.flush()
    assert visit.id is not None
    return visit.id


def access_own(tx: Tx, visit_id: int, user_id: str, *, lock: bool = False) -> Visit:
    """The person's own visit. Raises NotFound."""
    query = select(Visit).where(Visit.id == visit_id)
    visit = tx.exec(query.with_for_update() if lock else query, execution_options={"populate_existing": lock}).first()
    if visit is None or visit.deleted_at is not None or visit.user_id != user_id:
        raise NotFound(GONE, attempt=f"visit:{visit_id}" if visit is not None and visit.deleted_at is None else "")
    return visit


def access_visible(tx: Tx, visit_id: int, actor: Actor) -> Visit:
    """Any visit whose place the actor may see. Raises NotFound."""
    visit = tx.get(Visit, visit_id)
    seen = visible_people(tx, actor)
    if visit is None or visit.deleted_at is not None or (seen is not None and visit.user_id not in seen):
        raise NotFound(GONE, attempt=f"visit:{visit_id}" if visit is not None and visit.deleted_at is None else "")
    return visit


def link(tx: Tx, visit_id: int, customer_id: int, *, distance_m: int | None, out_of_range: bool) -> bool:
    """Attaches it to a customer. False: it is attached already (the second tap of two)."""
    done = tx.execute(
        update(Visit)
        .where(col(Visit.id) == visit_id, col(Visit.state) != "linked", col(Visit.deleted_at).is_(None))
        .values(state="linked", customer_id=customer_id, distance_m=distance_m, out_of_range=out_of_range)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]


def unlink(tx: Tx, visit_id: int, *, state: str = "unlinked") -> None:
    """Nobody's visit any more: still to be attached, or set aside for good."""
    tx.execute(
        update(Visit)
        .where(col(Visit.id) == visit_id)
        .values(state=state, customer_id=None, distance_m=None, out_of_range=False, follow_up_id=None)
    )


def note_follow_up(tx: Tx, visit_id: int, follow_up_id: int) -> None:
    """What was written down with it."""
    tx.execute(update(Visit).where(col(Visit.id) == visit_id).values(follow_up_id=follow_up_id))


def take_back(tx: Tx, visit_id: int, now: datetime) -> None:
    """The author's 撤销 of a visit he told of."""
    tx.execute(update(Visit).where(col(Visit.id) == visit_id).values(deleted_at=now))


@dataclass(frozen=True, slots=True)
class VisitFilter:
    """`people`: whose; None: everybody's. The moments include `first` and exclude `last`."""

    people: frozenset[str] | None
    first: datetime | None = None
    last: datetime | None = None
    unlinked: bool = False
    out_of_range: bool = False


def _where(wanted: VisitFilter) -> list[Any]:
    conditions: list[Any] = [col(Visit.deleted_at).is_(None)]
    if wanted.people is not None:
        conditions.append(col(Visit.user_id).in_(sorted(wanted.people)))
    if wanted.first is not None:
        conditions.append(col(Visit.at) >= wanted.first)
    if wanted.last is not None:
        conditions.append(col(Visit.at) < wanted.last)
    if wanted.unlinked:
        conditions.append(col(Visit.state) == "unlinked")
    if wanted.out_of_range:
        conditions.append(col(Visit.out_of_range))
    return conditions


def count_visits(tx: Tx, wanted: VisitFilter) -> int:
    """How many match."""
    return tx.exec(select(func.count()).select_from(Visit).where(*_where(wanted))).one()


def list_visits(tx: Tx, wanted: VisitFilter, *, page: int = 1, size: int = PAGE) -> list[Visit]:
    """One page, latest first."""
    query = select(Visit).where(*_where(wanted)).order_by(col(Visit.at).desc(), col(Visit.id).desc())
    return list(tx.exec(query.limit(size).offset((page - 1) * size)).all())


def _placed(before: datetime) -> tuple[Any, ...]:
    return col(Visit.at) < before, col(Visit.lat).is_not(None) | (col(Visit.place) != "")


def count_placed(tx: Tx, before: datetime) -> int:
    """How many visits of before then `forget_places` would clear."""
    return tx.exec(select(func.count()).select_from(Visit).where(*_placed(before))).one()


def forget_places(tx: Tx, before: datetime) -> int:
    """Where people were is kept for a while only; that they visited stays."""
    done = tx.execute(
        update(Visit).where(*_placed(before)).values(lng=None, lat=None, coord_sys="", place="", photos=[])
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


# -- who may see them, and where customers are -------------------------------------------------------


def visible_people(tx: Tx, actor: Actor) -> frozenset[str] | None:
    """Whose places the actor may see: his own, those below him in the chain of command; None: everybody's."""
    if actor.admin:
        return None
    below: set[str] = {actor.user_id}
    led = people.with_subdepartments(tx, people.led_by(tx, actor.user_id))
    if led:
        members = select(EmployeeDepartment.user_id).where(col(EmployeeDepartment.department_id).in_(sorted(led)))
        below.update(tx.exec(members).all())
    # a 直属主管 below has people of his own
    queue: Collection[str] = below
    while queue:
        reports = select(Employee.user_id).where(col(Employee.manager_user_id).in_(sorted(queue)))
        queue = set(tx.exec(reports).all()) - below
        below.update(queue)
    return frozenset(below)


def list_in_box(
    tx: Tx, owner_id: str, *, lng: tuple[float, float], lat: tuple[float, float], coord_sys: str
) -> Sequence[Customer]:
    """The owner's customers within these degrees, those nearest to the middle first; fifty at most."""
    query = select(Customer).where(
        Customer.owner_id == owner_id, Customer.coord_sys == coord_sys, col(Customer.lat).between(*lat),
        col(Customer.lng).between(*lng),
    )  # fmt: skip
    # in units of the box, which is a square on the ground whatever the latitude
    east = (col(Customer.lng) - sum(lng) / 2) / (lng[1] - lng[0])
    north = (col(Customer.lat) - sum(lat) / 2) / (lat[1] - lat[0])
    return tx.exec(query.order_by(east * east + north * north, col(Customer.id)).limit(50)).all()


def place_customer(tx: Tx, customer_id: int, *, lng: float | None, lat: float | None, coord_sys: str) -> None:
    """The customer is there from now on. `updated_at` stays: reminders go by it."""
    tx.execute(
        update(Customer)
        .where(col(Customer.id) == customer_id)
        .values(lng=lng, lat=lat, coord_sys=coord_sys, version=col(Customer.version) + 1)
    )
