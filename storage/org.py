"""The mirrored organisation, read as values and written in bulk. Who decides what is written: `sync/`."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import Table, bindparam, delete, insert, select, update
from sqlmodel import SQLModel

import storage.tables  # noqa: F401 -- fills SQLModel.metadata
from storage.database import Tx
from storage.departures import set_aside
from storage.inbox import insert_ignore
from storage.tables import Lease

T = TypeVar("T")

LOCK = "org-mirror"  # the row whoever writes the mirror locks first
CHUNK = 500  # ids in one statement: SQLite takes 32766 parameters, PostgreSQL's driver as many

_EMPLOYEE: Final[Table] = SQLModel.metadata.tables["employee"]
_MEMBERSHIP: Final[Table] = SQLModel.metadata.tables["employee_department"]
_LEADER: Final[Table] = SQLModel.metadata.tables["department_leader"]
_DEPARTMENT: Final[Table] = SQLModel.metadata.tables["department"]


@dataclass(frozen=True, slots=True)
class Post:
    """A person's place in one department."""

    department_id: int
    leader: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """An employee as mirrored. `posts`: the main department first. None: no value, or no right to read it."""

    user_id: str
    name: str
    union_id: str | None = None
    title: str = ""
    mobile: str | None = None
    manager_id: str | None = None
    admin: bool = False  # DingTalk's, not ours
    activated: bool = True  # has activated DingTalk
    active: bool = True  # employed
    posts: tuple[Post, ...] = ()
    leads_outside: frozenset[int] = frozenset()  # departments he leads (主管) without being in them

    @property
    def departments(self) -> frozenset[int]:
        """Ids of all the person's departments."""
        return frozenset(post.department_id for post in self.posts)


@dataclass(frozen=True, slots=True)
class Unit:
    """A department as mirrored. `stub`: the app may not read it; known by id, for the tree's sake."""

    department_id: int
    name: str
    parent_id: int | None = None
    position: int = 0  # among its siblings
    stub: bool = False
    active: bool = True


@dataclass(frozen=True, slots=True)
class Mirror:
    """What is stored, with those who left and departments that went."""

    people: Mapping[str, Person]
    units: Mapping[int, Unit]


def lock(tx: Tx, *, now: datetime) -> None:
    """Lets one transaction at a time write the mirror (PostgreSQL; on SQLite it is so anyway)."""
    row = {"name": LOCK, "holder": "", "epoch": 0, "until": now}
    tx.execute(insert_ignore(tx, Lease, [row], ["name"]))
    tx.get(Lease, LOCK, with_for_update=True)


def read_mirror(tx: Tx) -> Mirror:
    """All of it."""
    return Mirror(read_people(tx), read_units(tx))


def read_units(tx: Tx) -> dict[int, Unit]:
    """Every department, those that went too."""
    c = _DEPARTMENT.c
    query = select(c.department_id, c.name, c.parent_id, c.position, c.stub, c.active)
    return {row[0]: Unit(*row) for row in tx.execute(query)}


def read_people(tx: Tx, user_ids: Collection[str] | None = None) -> dict[str, Person]:
    """People by id, those who left too; None: everybody."""
    c, m = _EMPLOYEE.c, _MEMBERSHIP.c
    facts = select(
        c.user_id, c.name, c.union_id, c.title, c.mobile, c.manager_user_id, c.dingtalk_admin, c.activated, c.active
    )
    places = select(m.user_id, m.department_id, m.leader).order_by(m.user_id, m.position, m.department_id)
    posts: defaultdict[str, list[Post]] = defaultdict(list)
    outside = select(_LEADER.c.user_id, _LEADER.c.department_id)
    leads: defaultdict[str, set[int]] = defaultdict(set)
    rows: list[Any] = []
    if user_ids is None:
        rows += tx.execute(facts)
        for user_id, department_id, leader in tx.execute(places):
            posts[user_id].append(Post(department_id, leader))
        for user_id, department_id in tx.execute(outside):
            leads[user_id].add(department_id)
    else:
        for ids in chunks(sorted(user_ids)):
            rows += tx.execute(facts.where(c.user_id.in_(ids)))
            for user_id, department_id, leader in tx.execute(places.where(m.user_id.in_(ids))):
                posts[user_id].append(Post(department_id, leader))
            for user_id, department_id in tx.execute(outside.where(_LEADER.c.user_id.in_(ids))):
                leads[user_id].add(department_id)
    return {
        row[0]: replace(Person(*row), posts=tuple(posts[row[0]]), leads_outside=frozenset(leads[row[0]]))
        for row in rows
    }


def leaders_of(tx: Tx, department_id: int) -> frozenset[str]:
    """Employed people who lead this department, in it or not."""
    e = _EMPLOYEE.c
    found: set[str] = set()
    for table in (_MEMBERSHIP, _LEADER):
        query = select(e.user_id).join(table, table.c.user_id == e.user_id)
        query = query.where(e.active, table.c.department_id == department_id)
        if table is _MEMBERSHIP:
            query = query.where(_MEMBERSHIP.c.leader)
        found.update(tx.execute(query).scalars())
    return frozenset(found)


def witness_of(tx: Tx, field: str, *, besides: Collection[str]) -> str | None:
    """Somebody employed of whom `field` (title, mobile, manager_id) is stored with a value."""
    c = _EMPLOYEE.c
    column = {"title": c.title, "mobile": c.mobile, "manager_id": c.manager_user_id}[field]
    query = select(c.user_id).where(c.active, column != "", c.user_id.not_in(sorted(besides)[:CHUNK]))
    return tx.execute(query.order_by(c.user_id).limit(1)).scalar()


def active_ids(tx: Tx) -> frozenset[str]:
    """Everybody employed."""
    return frozenset(tx.execute(select(_EMPLOYEE.c.user_id).where(_EMPLOYEE.c.active)).scalars())


def departed_ids(tx: Tx) -> frozenset[str]:
    """Everybody known who works here no more."""
    return frozenset(tx.execute(select(_EMPLOYEE.c.user_id).where(~_EMPLOYEE.c.active)).scalars())


def without_manager(tx: Tx) -> list[str]:
    """Employed people whose 直属主管 is not known: there is none, or nobody asked yet."""
    c = _EMPLOYEE.c
    query = select(c.user_id).where(c.active, c.manager_user_id.is_(None)).order_by(c.user_id)
    return list(tx.execute(query).scalars())


def reports_of(tx: Tx, user_ids: Collection[str]) -> frozenset[str]:
    """Employed people whose 直属主管 is one of these."""
    c = _EMPLOYEE.c
    found: set[str] = set()
    for ids in chunks(sorted(user_ids)):
        found.update(tx.execute(select(c.user_id).where(c.active, c.manager_user_id.in_(ids))).scalars())
    return frozenset(found)


def write_units(tx: Tx, units: Sequence[Unit]) -> None:
    """Inserts or overwrites departments."""
    known = _existing(tx, _DEPARTMENT.c.department_id, [unit.department_id for unit in units])
    rows = {
        unit.department_id: {
            "department_id": unit.department_id, "name": unit.name, "parent_id": unit.parent_id,
            "position": unit.position, "stub": unit.stub, "active": unit.active,
        }
        for unit in units
    }  # fmt: skip
    if fresh := [row for key, row in rows.items() if key not in known]:
        tx.execute(insert(_DEPARTMENT), fresh)
    if old := [row for key, row in rows.items() if key in known]:
        _update(tx, _DEPARTMENT, "department_id", old)


def remove_units(tx: Tx, department_ids: Collection[int]) -> None:
    """They are no more; their rows stay, so that history has names."""
    c = _DEPARTMENT.c
    for ids in chunks(sorted(department_ids)):
        tx.execute(update(_DEPARTMENT).where(c.department_id.in_(ids), c.active).values(active=False))
        tx.execute(delete(_LEADER).where(_LEADER.c.department_id.in_(ids)))  # nobody is told of one by one


def write_people(tx: Tx, people: Sequence[Person], *, spell: Callable[[str], tuple[str, str]], now: datetime) -> None:
    """Inserts or overwrites employed people with all their departments.

    Whoever comes back is the same identity again. `spell`: a name's pinyin and initials.
    """
    stored = read_people(tx, [person.user_id for person in people]) if people else {}
    fresh: list[dict[str, Any]] = []
    old: list[dict[str, Any]] = []
    moved: list[Person] = []
    leaders: list[Person] = []
    for person in people:
        pinyin, initials = spell(person.name)
        row = {
            "user_id": person.user_id, "name": person.name, "union_id": person.union_id, "title": person.title,
            "mobile": person.mobile, "manager_user_id": person.manager_id, "dingtalk_admin": person.admin,
            "activated": person.activated, "active": True, "left_at": None, "pinyin": pinyin, "initials": initials,
        }  # fmt: skip
        before = stored.get(person.user_id)
        if before is None:
            fresh.append(row | {"joined_at": now})
        else:
            old.append(row)
        if before is None or before.posts != person.posts:
            moved.append(person)
        if person.leads_outside != (before.leads_outside if before is not None else frozenset()):
            leaders.append(person)
    if fresh:
        tx.execute(insert(_EMPLOYEE), fresh)
    if old:
        _update(tx, _EMPLOYEE, "user_id", old)
    for ids in chunks([person.user_id for person in moved if person.user_id in stored]):
        tx.execute(delete(_MEMBERSHIP).where(_MEMBERSHIP.c.user_id.in_(ids)))
    places = [
        {"user_id": person.user_id, "department_id": post.department_id, "leader": post.leader, "position": position}
        for person in moved
        for position, post in enumerate(person.posts)
    ]
    if places:
        tx.execute(insert(_MEMBERSHIP), places)
    for ids in chunks([person.user_id for person in leaders]):
        tx.execute(delete(_LEADER).where(_LEADER.c.user_id.in_(ids)))
    led = [
        {"user_id": person.user_id, "department_id": department_id}
        for person in leaders
        for department_id in sorted(person.leads_outside)
    ]
    if led:
        tx.execute(insert(_LEADER), led)


def mark_left(
    tx: Tx, user_ids: Collection[str], *, now: datetime, still_managed: Collection[str] = ()
) -> tuple[str, ...]:
    """They work here no more, their rows stay; returns those who did until now.

    Their roles are set aside with it: nobody who comes back has old rights (reliability P5). They are nobody's
    直属主管 any longer, but for the people in `still_managed`.
    """
    c = _EMPLOYEE.c
    left: list[str] = []
    for ids in chunks(sorted(user_ids)):
        here = list(tx.execute(select(c.user_id).where(c.user_id.in_(ids), c.active).order_by(c.user_id)).scalars())
        if here:
            tx.execute(update(_EMPLOYEE).where(c.user_id.in_(here)).values(active=False, left_at=now))
            set_aside(tx, here, now=now)
            left += here
        theirs = tx.execute(select(c.user_id).where(c.manager_user_id.in_(ids))).scalars()
        for some in chunks(sorted(set(theirs) - set(still_managed))):
            tx.execute(update(_EMPLOYEE).where(c.user_id.in_(some)).values(manager_user_id=None))
    return tuple(left)


def chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """At most CHUNK of them at a time."""
    return (items[at : at + CHUNK] for at in range(0, len(items), CHUNK))


def _existing(tx: Tx, column: Any, keys: Sequence[Any]) -> set[Any]:
    found: set[Any] = set()
    for some in chunks(keys):
        found.update(tx.execute(select(column).where(column.in_(some))).scalars())
    return found


def _update(tx: Tx, table: Table, key: str, rows: Iterable[Mapping[str, Any]]) -> None:
    rows = [{("key_" + name if name == key else name): value for name, value in row.items()} for row in rows]
    names = [name for name in rows[0] if name != "key_" + key]
    statement = update(table).where(table.c[key] == bindparam("key_" + key))
    tx.execute(statement.values({name: bindparam(name) for name in names}), rows)
