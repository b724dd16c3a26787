"""Compares what is stored with what was read. Pure: nothing is fetched or written here."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

from bot.dingtalk.records import UNKNOWN, Unknown, UserRecord
from storage.org import Mirror, Person, Post, Unit
from sync.snapshot import SeenUnit, Snapshot, cleared_in

T = TypeVar("T")
Kind = Literal["added", "rejoined", "moved", "changed", "unchanged"]


@dataclass(frozen=True, slots=True)
class OrgDiff:
    """What became different. Everybody seen is in exactly one of the first four, or counted as `unchanged`."""

    added: tuple[str, ...] = ()
    rejoined: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()  # in other departments than before
    changed: tuple[str, ...] = ()  # in anything else
    left: tuple[str, ...] = ()
    unchanged: int = 0
    departments_added: tuple[int, ...] = ()
    departments_changed: tuple[int, ...] = ()
    departments_removed: tuple[int, ...] = ()
    departments_unchanged: int = 0

    @property
    def returned(self) -> frozenset[str]:
        """Who had left and works here again, under the same userid. Their former roles are not restored here."""
        return frozenset(self.rejoined)

    @property
    def people(self) -> int:
        """How many were seen."""
        return len(self.added) + len(self.rejoined) + len(self.moved) + len(self.changed) + self.unchanged

    @property
    def departments(self) -> int:
        """How many readable ones were seen."""
        return len(self.departments_added) + len(self.departments_changed) + self.departments_unchanged

    @property
    def counts(self) -> dict[str, int]:
        """As stored with a run."""
        return {
            "people": self.people, "added": len(self.added), "rejoined": len(self.rejoined), "moved": len(self.moved),
            "changed": len(self.changed), "unchanged": self.unchanged, "left": len(self.left),
            "departments": self.departments, "departments_added": len(self.departments_added),
            "departments_changed": len(self.departments_changed), "departments_unchanged": self.departments_unchanged,
            "departments_removed": len(self.departments_removed),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written so that the mirror shows what was seen; and who was not seen, which proves nothing."""

    people: Mapping[str, Person]
    units: Mapping[int, Unit]
    kinds: Mapping[str, Kind]
    unit_kinds: Mapping[int, Kind]
    missing: frozenset[str] = field(default_factory=frozenset)
    missing_units: frozenset[int] = field(default_factory=frozenset)

    def without(self, users: Collection[str], departments: Collection[int]) -> "Plan":
        """Leaves these as they are stored: somebody else knows better."""
        return replace(
            self,
            people={key: value for key, value in self.people.items() if key not in users},
            units={key: value for key, value in self.units.items() if key not in departments},
            kinds={key: "unchanged" if key in users else kind for key, kind in self.kinds.items()},
            unit_kinds={key: "unchanged" if key in departments else kind for key, kind in self.unit_kinds.items()},
            missing=self.missing - set(users),
            missing_units=self.missing_units - set(departments),
        )

    def diff(self, left: tuple[str, ...], removed: tuple[int, ...]) -> OrgDiff:
        """With those found to have left, and the departments that are no more."""
        people = _by_kind(self.kinds)
        units = _by_kind(self.unit_kinds)
        return OrgDiff(
            added=people["added"],
            rejoined=people["rejoined"],
            moved=people["moved"],
            changed=people["changed"],
            left=left,
            unchanged=Counter(self.kinds.values())["unchanged"],
            departments_added=units["added"],
            departments_changed=units["changed"],
            departments_removed=removed,
            departments_unchanged=Counter(self.unit_kinds.values())["unchanged"],
        )


def compare(mirror: Mirror, snapshot: Snapshot, *, alive: Collection[str] = ()) -> Plan:
    """What `snapshot` tells that `mirror` does not. What it does not tell stays as it is.

    Whoever has left is nobody's 直属主管, unless he is among `alive`.
    """
    units: dict[int, Unit] = {}
    unit_kinds: dict[int, Kind] = {}
    for key, seen in snapshot.units.items():
        stored_unit = mirror.units.get(key)
        unit = _unit(seen, stored_unit)
        if not unit.stub:
            unit_kinds[key] = _unit_kind(unit, stored_unit)
        if unit != stored_unit:
            units[key] = unit
    gone = {key for key, person in mirror.people.items() if not person.active} - snapshot.people.keys()
    gone -= set(alive)
    people: dict[str, Person] = {}
    kinds: dict[str, Kind] = {}
    shown = snapshot.shown
    for user_id, record in snapshot.people.items():
        stored = mirror.people.get(user_id)
        person = _person(_emptied(record, shown), stored, snapshot)
        if person.manager_id in gone or person.manager_id == user_id:
            person = replace(person, manager_id=None)
        kinds[user_id] = _kind(person, stored)
        if person != stored:
            people[user_id] = person
    return Plan(
        people,
        units,
        kinds,
        unit_kinds,
        missing=frozenset(key for key, one in mirror.people.items() if one.active and key not in snapshot.people),
        missing_units=frozenset(key for key, one in mirror.units.items() if one.active and key not in snapshot.units),
    )


def _emptied(record: UserRecord, shown: frozenset[str]) -> UserRecord:
    """What the record lacks although the app may read it is not unknown but empty."""
    cleared = cleared_in(record) & shown
    values: dict[str, Any] = dict.fromkeys(cleared)
    return replace(record, **values) if cleared else record


def same_account(people: Iterable[Person]) -> list[list[str]]:
    """Groups of employed people who share one unionId, which only one person can have."""
    holders: defaultdict[str, list[str]] = defaultdict(list)
    for person in people:
        if person.active and person.union_id:
            holders[person.union_id].append(person.user_id)
    return sorted(sorted(group) for group in holders.values() if len(group) > 1)


def _person(seen: UserRecord, stored: Person | None, snapshot: Snapshot) -> Person:
    before = stored or Person(seen.user_id, seen.user_id)
    posts = _posts(seen, before, snapshot)
    return Person(
        user_id=seen.user_id,
        name=seen.name or before.name,
        union_id=_known(seen.union_id, before.union_id),
        title=_known(seen.title, before.title) or "",
        mobile=_known(seen.mobile, before.mobile),
        manager_id=_known(seen.manager_id, before.manager_id),
        admin=_known(seen.admin, before.admin),
        activated=_known(seen.active, before.activated),
        active=True,
        posts=posts,
        leads_outside=_outside(seen, before, posts),
    )


def _outside(seen: UserRecord, before: Person, posts: tuple[Post, ...]) -> frozenset[int]:
    led = before.leads_outside
    if seen.detailed and seen.leads is not UNKNOWN:
        led = frozenset(key for key, leads in seen.leads.items() if leads)
    return led - {post.department_id for post in posts}


def _posts(seen: UserRecord, before: Person, snapshot: Snapshot) -> tuple[Post, ...]:
    stored = {post.department_id: post.leader for post in before.posts}
    if seen.dept_ids is not UNKNOWN and seen.dept_ids:
        order = tuple(dict.fromkeys(seen.dept_ids))
    else:
        # Only the lists the person stood in are known; after a reading with gaps, at least those.
        listed = snapshot.listed.get(seen.user_id, set())
        keeps_all = not listed or not snapshot.complete
        order = tuple(key for key in stored if keeps_all or key in listed)
        order += tuple(sorted(listed - stored.keys()))
    leads = {} if seen.leads is UNKNOWN else seen.leads
    return tuple(Post(key, leads.get(key, stored.get(key, False))) for key in order)


def _unit(seen: SeenUnit, stored: Unit | None) -> Unit:
    before = stored or Unit(seen.department_id, "公司" if seen.department_id == 1 else f"部门 {seen.department_id}")
    return Unit(
        department_id=seen.department_id,
        name=seen.name or before.name,
        parent_id=seen.parent_id,
        position=_known(seen.position, before.position),
        stub=seen.stub,
    )


def _kind(person: Person, stored: Person | None) -> Kind:
    if stored is None:
        return "added"
    if not stored.active:
        return "rejoined"
    if person == stored:
        return "unchanged"
    return "changed" if person.departments == stored.departments else "moved"


def _unit_kind(unit: Unit, stored: Unit | None) -> Kind:
    if stored is None or not stored.active:
        return "added"
    return "unchanged" if unit == stored else "changed"


def _known(value: T | Unknown, otherwise: T) -> T:
    return otherwise if isinstance(value, Unknown) else value


K = TypeVar("K", int, str)


def _by_kind(kinds: Mapping[K, Kind]) -> dict[Kind, tuple[K, ...]]:
    found: dict[Kind, list[K]] = {"added": [], "rejoined": [], "moved": [], "changed": []}
    for key, kind in kinds.items():
        if kind != "unchanged":
            found[kind].append(key)
    return {kind: tuple(sorted(keys)) for kind, keys in found.items()}
