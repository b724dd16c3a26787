"""The mirror as the sync sees it: rows in, rows out."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime

from storage import org_mirror
from storage.database import Tx
from sync.diff import OrgDiff, Person, Place

FIELDS = ("user_id", "name", "union_id", "title", "mobile", "manager_user_id", "dingtalk_admin", "activated", "active")


def people_of(tx: Tx, user_ids: Iterable[str] | None = None) -> dict[str, Person]:
    """Mirrored people, departed ones too."""
    return {
        user_id: Person(**{name: getattr(one.row, name) for name in FIELDS}, departments=one.departments)
        for user_id, one in org_mirror.read_people(tx, user_ids).items()
    }


def places_of(tx: Tx, ids: Iterable[int] | None = None) -> dict[int, Place]:
    """Mirrored departments, closed ones too."""
    return {
        d.department_id: Place(d.department_id, d.name, d.parent_id, d.position, d.stub, d.active)
        for d in org_mirror.read_places(tx, ids)
    }


def write(tx: Tx, diff: OrgDiff, *, readings: Callable[[str], tuple[str, str]], now: datetime) -> None:
    """Makes the mirror what the diff says; an empty diff writes nothing (invariant 81)."""
    for place in diff.places:
        org_mirror.write_place(tx, asdict(place))
    for person in (*diff.added, *diff.changed):
        values = {name: getattr(person, name) for name in FIELDS}
        org_mirror.write_person(tx, values, dict(person.departments), readings=readings, now=now)
    if diff.left:
        org_mirror.mark_left(tx, diff.left, now)
    if diff.places_removed:
        org_mirror.close_places(tx, diff.places_removed)
