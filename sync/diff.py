"""What a snapshot changes in the mirror. Pure.

R-SYNC-1..5: people are known by userid alone; what the answer lacks never overwrites what is stored; nobody is
removed unless the whole organisation was read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from bot.dingtalk.records import DepartmentRecord, Unknown, UserRecord

T = TypeVar("T")

REMOVALS_AT_ONCE = 5  # or a tenth of the staff, whichever is more (R-SYNC-2)


@dataclass(frozen=True, slots=True)
class Person:
    """One employee as mirrored. `departments`: id → (leader, position), the main one at position 0."""

    user_id: str
    name: str
    union_id: str | None = None
    title: str = ""
    mobile: str | None = None
    manager_user_id: str | None = None
    dingtalk_admin: bool = False
    activated: bool = True
    active: bool = True
    departments: Mapping[int, tuple[bool, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """One department as mirrored."""

    department_id: int
    name: str
    parent_id: int | None
    position: int = 0
    stub: bool = False
    active: bool = True


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was read. `complete`: every department and page was; `problems`: what was not, in sentences."""

    departments: Mapping[int, DepartmentRecord]
    users: Mapping[str, UserRecord]
    stubs: frozenset[int] = frozenset()
    problems: tuple[str, ...] = ()
    empty_root: bool = False

    @property
    def complete(self) -> bool:
        """Whether absence means anything."""
        return not self.problems and not self.empty_root


@dataclass(frozen=True, slots=True)
class OrgDiff:
    """Changes to be written. `unchanged` + added + changed = people seen."""

    added: tuple[Person, ...] = ()
    changed: tuple[Person, ...] = ()
    moved: frozenset[str] = frozenset()  # of the changed: departments differ
    rejoined: frozenset[str] = frozenset()  # of the changed: had left
    left: frozenset[str] = frozenset()
    unchanged: int = 0
    places: tuple[Place, ...] = ()  # added or changed
    places_added: int = 0
    places_removed: frozenset[int] = frozenset()

    @property
    def empty(self) -> bool:
        """Whether nothing is to be written."""
        return not (self.added or self.changed or self.left or self.places or self.places_removed)


def merge(one: UserRecord, other: UserRecord) -> UserRecord:
    """The same person out of two departments' lists."""
    return replace(
        one,
        leads={**_mapping(one.leads), **_mapping(other.leads)},
        orders={**_mapping(one.orders), **_mapping(other.orders)},
        dept_ids=tuple(dict.fromkeys([*_tuple(one.dept_ids), *_tuple(other.dept_ids)])),
    )


def _mapping(value: Mapping[int, T] | Unknown) -> Mapping[int, T]:
    return {} if isinstance(value, Unknown) else value


def _tuple(value: tuple[int, ...] | Unknown) -> tuple[int, ...]:
    return () if isinstance(value, Unknown) else value


def person_of(record: UserRecord, before: Person | None) -> Person:
    """The person as the record tells; what it does not tell stays."""
    old = before or Person(record.user_id, record.name)
    departments = old.departments
    if not isinstance(record.dept_ids, Unknown):
        leads = {} if isinstance(record.leads, Unknown) else dict(record.leads)
        departments = {
            d: (leads.get(d, old.departments.get(d, (False, 0))[0]), position)
            for position, d in enumerate(record.dept_ids)
        }
    return Person(
        user_id=record.user_id,
        name=record.name or old.name,
        union_id=old.union_id if isinstance(record.union_id, Unknown) else record.union_id,
        title=old.title if isinstance(record.title, Unknown) else record.title or "",
        mobile=old.mobile if isinstance(record.mobile, Unknown) else record.mobile or old.mobile,
        manager_user_id=old.manager_user_id if isinstance(record.manager_id, Unknown) else record.manager_id,
        dingtalk_admin=old.dingtalk_admin if isinstance(record.admin, Unknown) else record.admin,
        activated=old.activated if isinstance(record.active, Unknown) else record.active,
        active=True,
        departments=departments,
    )


def place_of(record: DepartmentRecord, before: Place | None) -> Place:
    """The department as the record tells."""
    position = before.position if before else 0
    if not isinstance(record.order, Unknown):
        position = record.order
    return Place(record.dept_id, record.name, record.parent_id, position)


def compare(people: Mapping[str, Person], places: Mapping[int, Place], snapshot: Snapshot) -> OrgDiff:
    """The whole mirror against a full snapshot."""
    added, changed, moved, rejoined, same = [], [], set(), set(), 0
    for user_id, record in snapshot.users.items():
        before = people.get(user_id)
        after = person_of(record, before)
        if before is None:
            added.append(after)
        elif after == before:
            same += 1
        else:
            changed.append(after)
            if set(after.departments) != set(before.departments):
                moved.add(user_id)
            if not before.active:
                rejoined.add(user_id)
    left: frozenset[str] = frozenset()
    removed: frozenset[int] = frozenset()
    seen_places = {p: place_of(r, places.get(p)) for p, r in snapshot.departments.items()}
    for stub in snapshot.stubs - set(seen_places):
        old = places.get(stub)
        seen_places[stub] = old if old is not None and old.active else Place(stub, f"部门 {stub}", None, stub=True)
    if snapshot.complete:
        left = frozenset(u for u, p in people.items() if p.active and u not in snapshot.users)
        removed = frozenset(i for i, p in places.items() if p.active and i not in seen_places)
    fresh = tuple(p for i, p in seen_places.items() if places.get(i) != p)
    return OrgDiff(
        added=tuple(added), changed=tuple(changed), moved=frozenset(moved), rejoined=frozenset(rejoined), left=left,
        unchanged=same, places=fresh, places_added=sum(p.department_id not in places for p in fresh),
        places_removed=removed,
    )  # fmt: skip


def too_many(left: int, active: int) -> bool:
    """Whether so many removals wait for an administrator's word."""
    return left > max(REMOVALS_AT_ONCE, active // 10)
