"""What a reading of DingTalk's address book found, before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from bot.dingtalk.contacts import ROOT
from bot.dingtalk.records import UNKNOWN, DepartmentRecord, Unknown, UserRecord

What = Literal["scope", "department", "children", "members", "parents", "person", "manager", "hidden", "unverified"]
# Without these nobody can tell who is gone. The others cost a detail only.
BLOCKING: frozenset[What] = frozenset({"scope", "children", "members", "person"})


# Absence of these is read as "cleared" where the app demonstrably may read them (`Snapshot.shown`).
CLEARABLE = frozenset({"title", "mobile", "manager_id"})


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that was not read. `subject`: a department's or person's id."""

    what: What
    subject: int | str
    reason: str  # Chinese, for the administrator


@dataclass(frozen=True, slots=True)
class SeenUnit:
    """A department as read. `name` empty: not told. `stub`: only its id and place in the tree are known."""

    department_id: int
    name: str
    parent_id: int | None
    position: int | Unknown = UNKNOWN
    stub: bool = False


@dataclass(slots=True)
class Snapshot:
    """Departments and people that were seen."""

    units: dict[int, SeenUnit] = field(default_factory=dict)
    people: dict[str, UserRecord] = field(default_factory=dict)
    listed: dict[str, set[int]] = field(default_factory=dict)  # in which departments' lists a person stood
    problems: list[Problem] = field(default_factory=list)
    childless: bool = False  # the roots were read, and there is no department below any of them
    witnessed: set[str] = field(default_factory=set)  # fields somebody outside `people` showed a value of just now

    @property
    def complete(self) -> bool:
        """Whether who is missing here is missing there."""
        return not any(problem.what in BLOCKING for problem in self.problems)

    def add_person(self, record: UserRecord, listed_in: int | None = None) -> None:
        """Joins what several answers tell of one person; the latest answer wins."""
        known = self.people.get(record.user_id)
        self.people[record.user_id] = record if known is None else merge(known, record)
        if listed_in is not None:
            self.listed.setdefault(record.user_id, set()).add(listed_in)

    @property
    def shown(self) -> frozenset[str]:
        """Those of CLEARABLE that the app demonstrably may read: somebody asked for by id showed a value."""
        known = set(self.witnessed)
        for record in self.people.values():
            if known >= CLEARABLE:
                break
            known |= values_of(record)
        return frozenset(known)

    def break_circles(self) -> None:
        """Departments that stand in a circle of parents: the one of the lowest id is hung below the root."""
        safe: set[int] = set()
        for start in sorted(self.units):
            way: dict[int, None] = {}
            current: int | None = start
            while current is not None and current in self.units and current not in safe and current not in way:
                way[current] = None
                current = self.units[current].parent_id
            if current in way:
                circle = list(way)[list(way).index(current) :]
                lowest = min(circle)
                self.units[lowest] = replace(self.units[lowest], parent_id=None if lowest == ROOT else ROOT)
            safe |= way.keys()

    def add_stubs(self, chain: tuple[int, ...]) -> None:
        """`chain`: a department, its parent, … up to the root; those unknown become stubs."""
        for department_id, parent_id in zip(chain, (*chain[1:], None), strict=True):
            self.units.setdefault(department_id, SeenUnit(department_id, "", parent_id, stub=True))


def seen_unit(record: DepartmentRecord, position: int | Unknown = UNKNOWN) -> SeenUnit:
    """DingTalk's own `order` is not taken: a list of siblings comes in order, and lacks it."""
    return SeenUnit(record.dept_id, record.name, record.parent_id, position)


def values_of(record: UserRecord) -> set[str]:
    """Which of CLEARABLE a person's own record shows a value of."""
    return {name for name in CLEARABLE if record.detailed and isinstance(getattr(record, name), str)}


def cleared_in(record: UserRecord) -> set[str]:
    """Which of CLEARABLE the record lacks though its being allowed to show them would make it show them.

    A number that is hidden (号码隐藏, 高管模式) is absent for a reason of its own.
    """
    if not record.detailed:
        return set()
    secretive = record.hide_mobile is True or record.senior is True
    return {name for name in CLEARABLE if getattr(record, name) is UNKNOWN and not (name == "mobile" and secretive)}


def merge(earlier: UserRecord, later: UserRecord) -> UserRecord:
    """All that either knows; what depends on a department is joined."""
    known: dict[str, Any] = {}
    for one in fields(later):
        value = getattr(later, one.name)
        if value is UNKNOWN or (one.name in {"name", "detailed"} and not value):
            continue
        before = getattr(earlier, one.name)
        if one.name in {"leads", "orders"} and isinstance(before, Mapping):
            value = {**before, **value}
        known[one.name] = value
    return replace(earlier, **known)
