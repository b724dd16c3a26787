"""What DingTalk tells unasked (platform.md 6.5): ids only, so what they name is read anew.

Network first, then one short transaction. Events may come twice, late, in any order, and before DingTalk's own
reading calls show the change: what is not to be seen yet is looked at again (`recheck`), and the nightly full
sync repairs the rest.
"""

import asyncio
import contextlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.actor import SYSTEM
from bot.dingtalk.contacts import ROOT, Contacts
from bot.dingtalk.errors import DepartmentGone, DingTalkError, NotInScope, PersonGone
from bot.dingtalk.lenient import as_dict, as_text, dicts, ints, texts
from bot.dingtalk.records import UNKNOWN
from bot.dispatch.messages import OrgEvent
from storage import org, sync_runs
from storage.database import Database, Tx
from storage.org import Unit
from sync.diff import OrgDiff
from sync.mirror import Readings, Seen, spelled, write_seen
from sync.report import reason_of, sentences
from sync.snapshot import Problem, cleared_in, seen_unit, values_of
from sync.walk import Walk

LAG = timedelta(minutes=2)  # reads may show a change so late; not documented
AGAIN = timedelta(minutes=1)  # after which an unsettled event is looked at again
TRIES = 5
JOIN, LEAVE = "user_add_org", "user_leave_org"


@dataclass(frozen=True, slots=True)
class Named:
    """Whom and what an event is about."""

    users: frozenset[str] = frozenset()
    departments: frozenset[int] = frozenset()
    unmanaged: Mapping[str, str] = field(default_factory=dict)  # person → 直属主管 that was taken away

    def __bool__(self) -> bool:
        return bool(self.users or self.departments)


def read_event(event_type: str, data: Mapping[str, Any]) -> Named:
    """The ids, in any spelling; roles (`label_conf_*`) are not mirrored and name nobody."""
    if event_type == "org_change":
        return Named(departments=frozenset({ROOT}))
    if event_type.startswith("org_dept_"):
        return Named(departments=frozenset(ints(_first(data, "deptId", "DeptId"))))
    if not event_type.startswith(("user_", "org_admin_", "label_user_")):
        return Named()
    users = frozenset(texts(_first(data, "userId", "userIdList", "UserId")))
    unmanaged: dict[str, str] = {}
    for difference in dicts(data.get("diffInfo")):
        previous, current = as_dict(difference.get("prev")) or {}, as_dict(difference.get("curr")) or {}
        user_id, manager = as_text(difference.get("userid")), as_text(previous.get("managerUserid"))
        if user_id and manager and manager != current.get("managerUserid"):
            unmanaged[user_id] = manager
    return Named(users, unmanaged=unmanaged)


def _first(data: Mapping[str, Any], *keys: str) -> object:
    return next((data[key] for key in keys if data.get(key) is not None), ())


async def apply_event(
    contacts: Contacts, db: Database, event: OrgEvent, now: datetime, *, readings: Readings
) -> OrgDiff:
    """Refreshes what the event names. A leaver loses access at once, even while DingTalk cannot be asked.

    Someone said to have left whom DingTalk still shows is taken to have come back if an event said so, or if the
    event is so old that the reading must be newer than it.
    """
    named = read_event(event.event_type, event.data)
    if not named:
        return OrgDiff()
    leaving = event.event_type == LEAVE
    fresh = now - event.born_at < LAG

    def begin(tx: Tx) -> tuple[int, frozenset[str]]:
        facts = {"event": event.event_type, "named": sorted(named.users)}
        run = sync_runs.begin(tx, "event", at=event.born_at, counts=facts)
        return run, org.reports_of(tx, named.users) if leaving else frozenset()

    run_id, reports = await db.system(begin)
    lookup = await Lookup.begin(contacts, db)
    await lookup.ask(named.users | reports, named.departments)
    seen = lookup.seen(named.unmanaged)
    if reports:
        # Whoever left is nobody's 直属主管, even if he is back by now.
        managers = await db.read(SYSTEM, lambda tx: org.read_people(tx, reports))
        seen = replace(seen, unmanaged={key: one.manager_id for key, one in managers.items() if one.manager_id})
    spell = await asyncio.to_thread(spelled, [one.name for one in seen.snapshot.people.values()], readings)

    def write(tx: Tx) -> OrgDiff:
        found, unsettled = seen, set(lookup.failed & named.users)
        if leaving:
            back = sync_runs.joined_since(tx, event.born_at)
            doubtful = {
                user_id
                for user_id in named.users
                if user_id in lookup.failed or (fresh and user_id in seen.snapshot.people and user_id not in back)
            }
            for user_id in doubtful:
                seen.snapshot.people.pop(user_id, None)
            found = replace(seen, gone=seen.gone | doubtful, alive=seen.alive | (doubtful - lookup.failed))
            unsettled |= doubtful
        elif event.event_type == JOIN and fresh:
            unsettled |= seen.gone & named.users
        diff = write_seen(tx, found, spell=spell, now=now, run_id=run_id)
        # A change may be seen that is not this event's own: whatever is fresh is looked at once more.
        lagging = fresh and not leaving and not seen.gone
        again = bool(unsettled or lookup.failed or lookup.failed_units or lagging)
        counts = _facts(event.event_type, named, found) | diff.counts | {"tries": 0}
        problems = sentences(lookup.problems, {})
        sync_runs.finish(tx, run_id, "partial" if again else "ok", now=now, counts=counts, problems=problems)
        return diff

    return await db.system(write)


async def recheck(contacts: Contacts, db: Database, now: datetime, *, readings: Readings) -> OrgDiff:
    """Looks once more at what events named and could not be settled; by now the reading is the truth."""
    runs = await db.read(SYSTEM, lambda tx: sync_runs.list_unsettled(tx, before=now - AGAIN))
    if not runs:
        return OrgDiff()
    users = {user_id for run in runs for user_id in run.counts.get("user_ids", ())}
    departments = {key for run in runs for key in run.counts.get("department_ids", ())}
    lookup, diff, _ = await refresh(contacts, db, users, departments, now, readings=readings)

    def settle(tx: Tx) -> None:
        for run in runs:
            tries = run.counts.get("tries", 0) + 1
            concerned = lookup.failed & set(run.counts.get("user_ids", ())) or lookup.failed_units & set(
                run.counts.get("department_ids", ())
            )
            status = "ok" if not concerned else "partial" if tries < TRIES else "failed"
            assert run.id is not None
            sync_runs.finish(
                tx, run.id, status, now=now, counts=run.counts | {"tries": tries}, problems=list(run.problems)
            )

    await db.system(settle)
    return diff


async def refresh(
    contacts: Contacts,
    db: Database,
    users: Collection[str],
    departments: Collection[int],
    now: datetime,
    *,
    readings: Readings,
) -> tuple["Lookup", OrgDiff, int]:
    """Reads these anew and writes what was found: gone is gone. Returns what failed, the difference, the run."""

    def begin(tx: Tx) -> int:
        return sync_runs.begin(tx, "event", at=now, counts={"event": "refresh", "named": []})

    run_id = await db.system(begin)
    lookup = await Lookup.begin(contacts, db)
    await lookup.ask(users, departments)
    seen = lookup.seen({})
    spell = await asyncio.to_thread(spelled, [one.name for one in seen.snapshot.people.values()], readings)

    def write(tx: Tx) -> OrgDiff:
        diff = write_seen(tx, seen, spell=spell, now=now, run_id=run_id)
        counts = _facts("refresh", Named(frozenset(users), frozenset(departments)), seen) | diff.counts
        sync_runs.finish(tx, run_id, "ok", now=now, counts=counts, problems=sentences(lookup.problems, {}))
        return diff

    return lookup, await db.system(write), run_id


def _facts(event_type: str, named: Named, seen: Seen) -> dict[str, Any]:
    return {
        "event": event_type,
        "named": sorted(named.users),
        "user_ids": sorted(seen.users | named.users)[: sync_runs.MAX_IDS],
        "department_ids": sorted(seen.departments | named.departments)[: sync_runs.MAX_IDS],
    }


class Lookup:
    """Asks DingTalk for some people and departments, and for what else they lead to.

    A department unknown so far is read with all below it and everybody in it: it may have moved into the app's
    scope. Lists of siblings are read again where a department came or went, for their order.
    """

    def __init__(self, contacts: Contacts, db: Database, units: Mapping[int, Unit], departed: Collection[str]) -> None:
        self._db = db
        self.failed: set[str] = set()
        self.failed_units: set[int] = set()
        self.problems: list[Problem] = []
        self._contacts = contacts
        self._stored, self._departed = units, frozenset(departed)
        self._alive: set[str] = set()
        self._walk = Walk(contacts)
        self._gone: set[str] = set()
        self._leaders: dict[int, frozenset[str]] = {}
        self._gone_units: set[int] = set()
        self._asked: set[int] = set()
        self._families: set[int] = set()  # departments whose children are to be listed
        self._strangers: set[int] = set()  # departments to be read with all below

    @classmethod
    async def begin(cls, contacts: Contacts, db: Database) -> "Lookup":
        """With what is known here."""
        units, departed = await db.read(SYSTEM, lambda tx: (org.read_units(tx), org.departed_ids(tx)))
        return cls(contacts, db, units, departed)

    def seen(self, unmanaged: Mapping[str, str]) -> Seen:
        """What was found."""
        return Seen(
            self._walk.snapshot, frozenset(self._gone), frozenset(self._gone_units), unmanaged, frozenset(self._alive)
        )

    async def ask(self, users: Collection[str], departments: Collection[int]) -> None:
        """Reads them."""
        async with asyncio.TaskGroup() as group:
            for user_id in sorted(users):
                group.create_task(self._person(user_id))
        people = self._walk.snapshot.people
        await self._see_managers()
        theirs = {key for one in people.values() if one.dept_ids is not UNKNOWN for key in one.dept_ids}
        waiting = set(departments) | {key for key in theirs if not self._is_known(key)}
        while waiting:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._unit(key)) for key in sorted(waiting)]
            self._asked |= waiting
            waiting = {key for task in tasks if (key := task.result()) is not None} - self._asked
        await self._walk.visit(sorted(self._strangers))
        await self._order_siblings()
        await self._see_leaders()
        await self._see_witnesses()
        snapshot = self._walk.snapshot
        await self._walk.add_strange_units([key for key in self._stored if self._is_known(key)])
        # The way up from a stub may lead over departments nobody asked for now: they stay what they are.
        for key in [key for key, unit in snapshot.units.items() if unit.stub and self._is_known(key)]:
            if key not in self._asked - self.failed_units:
                del snapshot.units[key]
        self.problems += snapshot.problems
        self.failed_units |= {one.subject for one in snapshot.problems if isinstance(one.subject, int)}

    def _is_known(self, key: int) -> bool:
        stored = self._stored.get(key)
        return stored is not None and stored.active

    async def _person(self, user_id: str) -> None:
        try:
            self._walk.snapshot.add_person(await self._contacts.user(user_id))
        except PersonGone:
            self._gone.add(user_id)
        except NotInScope as failure:  # not to be seen is not gone
            self.problems.append(Problem("hidden", user_id, reason_of(failure)))
        except DingTalkError as failure:
            self.failed.add(user_id)
            self.problems.append(Problem("person", user_id, reason_of(failure)))

    async def _see_managers(self) -> None:
        """A 直属主管 who counts as departed here may be back there already, his own event still to come."""
        named = {one.manager_id for one in self._walk.snapshot.people.values() if isinstance(one.manager_id, str)}
        async with asyncio.TaskGroup() as group:
            for user_id in sorted(named & self._departed - self._walk.snapshot.people.keys()):
                group.create_task(self._see(user_id))

    async def _see(self, user_id: str) -> None:
        with contextlib.suppress(DingTalkError):
            await self._contacts.user(user_id)
            self._alive.add(user_id)

    async def _see_leaders(self) -> None:
        """Who leads a department stands in people's own records: asked for where the department names others."""
        if not self._leaders:
            return

        def changed(tx: Tx) -> set[str]:
            return {who for key, named in self._leaders.items() for who in named ^ org.leaders_of(tx, key)}

        asked = self._walk.snapshot.people.keys() | self._gone | self.failed
        async with asyncio.TaskGroup() as group:
            for user_id in sorted(await self._db.read(SYSTEM, changed) - asked):
                group.create_task(self._leader(user_id))

    async def _leader(self, user_id: str) -> None:
        # A leader who is unreadable or gone has an event of his own.
        with contextlib.suppress(DingTalkError):
            record = await self._contacts.user(user_id)
            if record.dept_ids is not UNKNOWN and all(self._is_known(key) for key in record.dept_ids):
                self._walk.snapshot.add_person(record)

    async def _see_witnesses(self) -> None:
        """Something stored is absent now: cleared, or not to be read any more? Somebody else's record tells."""
        snapshot = self._walk.snapshot

        def choose(tx: Tx) -> dict[str, str]:
            stored = org.read_people(tx, snapshot.people.keys())
            absent = {
                name
                for user_id, record in snapshot.people.items()
                for name in cleared_in(record)
                if user_id in stored and getattr(stored[user_id], name)
            }
            found = {name: org.witness_of(tx, name, besides=snapshot.people.keys()) for name in absent - snapshot.shown}
            return {name: who for name, who in found.items() if who is not None}

        if any(cleared_in(record) for record in snapshot.people.values()):
            for user_id in sorted(set((await self._db.read(SYSTEM, choose)).values())):
                with contextlib.suppress(DingTalkError):  # then nothing is proved, and all stays as it is
                    snapshot.witnessed |= values_of(await self._contacts.user(user_id))

    async def _unit(self, key: int) -> int | None:
        """Reads one department; returns its parent if that is not known either."""
        stored = self._stored.get(key)
        try:
            record = await self._contacts.department(key)
        except DepartmentGone:
            self._gone_units.add(key)
            if stored is not None and stored.parent_id is not None:
                self._families.add(stored.parent_id)
            return None
        except NotInScope:
            await self._walk.add_stub(key)
            return None
        except DingTalkError as failure:
            self.failed_units.add(key)
            self.problems.append(Problem("department", key, reason_of(failure)))
            return None
        unit = seen_unit(record)
        if record.manager_ids is not UNKNOWN:
            self._leaders[key] = frozenset(record.manager_ids)
        self._walk.snapshot.units[key] = unit
        if stored is None or stored.stub or not stored.active:
            self._strangers.add(key)
        if stored is not None and stored.parent_id not in (None, unit.parent_id):
            self._families.add(stored.parent_id or ROOT)
        if unit.parent_id is None:
            return None
        self._families.add(unit.parent_id)
        return None if self._is_known(unit.parent_id) else unit.parent_id

    async def _order_siblings(self) -> None:
        listed: set[int] = set()
        while rest := self._families - listed:
            listed |= rest
            async with asyncio.TaskGroup() as group:
                for key in sorted(rest):
                    group.create_task(self._family(key))

    async def _family(self, key: int) -> None:
        """The order among siblings. Those not known yet have an event of their own, and are not counted till then."""
        children = await self._walk.ask(
            "children", key, lambda: self._contacts.list_subdepartments(key), DepartmentGone, NotInScope
        )
        units = self._walk.snapshot.units
        known = [record for record in children or () if record.dept_id in units or self._is_known(record.dept_id)]
        for position, record in enumerate(known):
            units[record.dept_id] = replace(seen_unit(record, position), parent_id=key)
            stored = self._stored.get(record.dept_id)
            if stored is not None and stored.parent_id not in (None, key):
                self._families.add(stored.parent_id or ROOT)  # it has left a gap there
