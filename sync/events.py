"""Events of the address book: they carry ids only, so what they name is read anew (platform.md 6.5).

Idempotent, in any order, late or twice: the state that is read is always the present one. Network first, then one
short transaction.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from bot.dingtalk.errors import DepartmentGone, DingTalkError, NotInScope, PersonGone
from bot.dingtalk.records import DepartmentRecord, UserRecord
from storage import org_mirror
from storage.database import Database, Tx
from sync.diff import OrgDiff, person_of, place_of
from sync.full import Contacts
from sync.mirror import people_of, places_of, write

PEOPLE = ("user_add_org", "user_modify_org", "user_active_org", "label_user_change")
LEAVING = "user_leave_org"
PLACES = ("org_dept_create", "org_dept_modify", "org_dept_remove")


class Event(Protocol):
    """What of an event matters here."""

    @property
    def event_type(self) -> str: ...  # noqa: D102
    @property
    def data(self) -> dict[str, Any]: ...  # noqa: D102


@dataclass(slots=True)
class _Read:
    """What the objects an event names are now."""

    users: dict[str, UserRecord] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    departments: dict[int, DepartmentRecord] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)


def ids_of(data: dict[str, Any], *names: str) -> list[Any]:
    """The ids under any of the names, whatever their case; a single one counts as a list."""
    wanted = {n.lower() for n in names}
    for key, value in data.items():
        if key.lower() in wanted:
            return list(value) if isinstance(value, list | tuple) else [value]
    return []


async def apply_event(
    contacts: Contacts, db: Database, event: Event, now: datetime, *, readings: Callable[[str], tuple[str, str]]
) -> OrgDiff:
    """Refreshes what one event names; returns what changed.

    A leaver is marked at once even where nothing can be read; out of the app's scope is not gone.

    Raises:
        DingTalkError: nothing could be read and the event names no leaver; it is to be tried again later.
    """
    kind, data = event.event_type, event.data
    people = [str(u) for u in ids_of(data, "userId", "userIdList", "userid")]
    if kind in ("org_admin_add", "org_admin_remove"):
        await db.system(lambda tx: org_mirror.set_admin(tx, people, admin=kind.endswith("add")))
        return OrgDiff()
    read = _Read()
    if kind in PEOPLE or kind == LEAVING:
        for user_id in people:
            await _read_person(contacts, user_id, read, leaving=kind == LEAVING)
    elif kind in PLACES:
        for dept_id in ids_of(data, "deptId"):
            if str(dept_id).lstrip("-").isdecimal():
                await _read_place(contacts, int(dept_id), read)
    return await db.system(lambda tx: _apply(tx, read, readings, now))


async def _read_person(contacts: Contacts, user_id: str, read: _Read, *, leaving: bool) -> None:
    try:
        read.users[user_id] = await contacts.user(user_id)
    except PersonGone:
        read.gone.add(user_id)
    except NotInScope:
        if leaving:
            read.gone.add(user_id)
    except DingTalkError:
        if not leaving:
            raise
        read.gone.add(user_id)  # no access from now on; the nightly sync repairs it if it was a mistake


async def _read_place(contacts: Contacts, dept_id: int, read: _Read) -> None:
    try:
        read.departments[dept_id] = await contacts.department(dept_id)
    except DepartmentGone:
        read.closed.add(dept_id)
    except NotInScope:
        return


def _apply(tx: Tx, read: _Read, readings: Callable[[str], tuple[str, str]], now: datetime) -> OrgDiff:
    before = people_of(tx, [*read.users, *read.gone])
    places = places_of(tx, [*read.departments, *read.closed])
    after = {u: person_of(r, before.get(u)) for u, r in read.users.items()}
    added = tuple(p for u, p in after.items() if u not in before)
    changed = tuple(p for u, p in after.items() if u in before and before[u] != p)
    fresh = {i: place_of(r, places.get(i)) for i, r in read.departments.items()}
    diff = OrgDiff(
        added=added,
        changed=changed,
        moved=frozenset(p.user_id for p in changed if set(p.departments) != set(before[p.user_id].departments)),
        rejoined=frozenset(p.user_id for p in changed if not before[p.user_id].active),
        left=frozenset(u for u in read.gone if u in before and before[u].active),
        unchanged=len(after) - len(added) - len(changed),
        places=tuple(p for i, p in fresh.items() if places.get(i) != p),
        places_added=sum(i not in places for i in fresh),
        places_removed=frozenset(i for i in read.closed if i in places and places[i].active),
    )
    write(tx, diff, readings=readings, now=now)
    return diff
