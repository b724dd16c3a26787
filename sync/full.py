"""One full sync: everything is read first, then written in one transaction (R-SYNC-1..8).

Whoever is missing is asked for by id before he counts as gone; more than max(5, 10 %) leavings wait for an
administrator; a reading with gaps removes nobody. What events have written since the reading began is newer and
stays.
"""

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from bot.core.actor import SYSTEM
from bot.core.clock import beijing_day
from bot.dingtalk.contacts import Contacts
from bot.dingtalk.errors import DingTalkError, TokenExpired, WrongCredentials
from storage import org, sync_runs
from storage.database import Database, Tx
from storage.org import Mirror
from sync.diff import OrgDiff, Plan, compare, same_account
from sync.lease import Turn, turn
from sync.mirror import Readings, spelled, write_plan
from sync.removals import VERIFIED, over_the_line, verify
from sync.report import Status, SyncResult, SyncRunning, conflicts, describe, reason_of, sentences
from sync.snapshot import SeenUnit, Snapshot, seen_unit
from sync.walk import ASKED, fetch

__all__ = ["SyncResult", "SyncRunning", "describe", "fetch", "full_sync"]

NIGHTLY = 500  # people of a large company asked for in one night, besides newcomers


async def full_sync(
    contacts: Contacts,
    db: Database,
    clock_now: Callable[[], datetime],
    readings: Readings,
    *,
    by: str = "",
    ask: int = ASKED,
    progress: Callable[[int, int], Awaitable[None]] | None = None,
) -> SyncResult:
    """Reads the whole address book and brings the mirror to it.

    Args:
        contacts: DingTalk's address book.
        db: ours.
        clock_now: the product's clock.
        readings: a name's pinyin and initials.
        by: who asked; empty: the night.
        ask: companies larger than this are not asked for person by person (`sync.walk.Details`).
        progress: told, after each department, how many have been read and how many are known of.

    Raises:
        SyncRunning: another one is at work.
    """
    async with turn(db) as ours:
        started = clock_now()

        def begin(tx: Tx) -> tuple[int, frozenset[int], frozenset[str]]:
            sync_runs.close_dead(tx, now=started)
            sync_runs.prune(tx, now=started)
            run = sync_runs.begin(tx, "full", at=started, counts={"by": by})
            return run, sync_runs.running_events(tx), org.active_ids(tx)

        run_id, underway, stored = await db.system(begin)
        sync = _Sync(contacts, db, clock_now, readings, by, ours, run_id, underway)
        try:
            try:
                snapshot = await fetch(
                    contacts, stored=stored, tonight=_tonight(len(stored), started), ask=ask, progress=progress
                )
            except DingTalkError as failure:
                rejected = isinstance(failure, WrongCredentials | TokenExpired)
                return await sync.fail((f"没有读到通讯录的权限范围：{reason_of(failure)}。",), rejected=rejected)
            return await sync.apply(snapshot)
        except BaseException:
            await sync.fail(("程序出错，这次同步没有做完。",))
            raise


def _tonight(size: int, now: datetime) -> Callable[[str], bool]:
    """A large company takes turns: everybody is asked for once in so many nights."""
    nights = -(-max(1, size) // NIGHTLY)
    day = beijing_day(now).toordinal()
    return lambda user_id: (zlib.crc32(user_id.encode()) + day) % nights == 0


@dataclass(frozen=True, slots=True)
class _Judged:
    """What may be done with those who are missing."""

    snapshot: Snapshot
    plan: Plan
    left: frozenset[str] = frozenset()
    removed: frozenset[int] = frozenset()
    held: tuple[str, ...] = ()  # wait for an administrator
    held_units: tuple[int, ...] = ()


@dataclass(slots=True)
class _Sync:
    contacts: Contacts
    db: Database
    clock_now: Callable[[], datetime]
    readings: Readings
    by: str
    turn: Turn
    run_id: int
    underway: frozenset[int]

    async def fail(self, problems: tuple[str, ...], *, rejected: bool = False) -> SyncResult:
        """Nothing was written."""
        now = self.clock_now()
        counts = {"by": self.by}

        def write(tx: Tx) -> None:
            sync_runs.finish(tx, self.run_id, "failed", now=now, counts=counts, problems=problems)

        await self.db.system(write)
        return SyncResult("failed", OrgDiff().counts, problems, run_id=self.run_id, rejected=rejected)

    async def apply(self, snapshot: Snapshot) -> SyncResult:
        """Compares, asks for the missing, writes."""
        mirror = await self.db.read(SYSTEM, org.read_mirror)
        if not snapshot.people and not snapshot.complete:
            return await self.fail(sentences(snapshot.problems, _names(mirror, snapshot)))
        judged = await self._judge(mirror, snapshot)
        names = _names(mirror, judged.snapshot)
        active = sum(person.active for person in mirror.people.values())
        spell = await asyncio.to_thread(spelled, [one.name for one in judged.plan.people.values()], self.readings)
        problems = sentences(judged.snapshot.problems, names)
        people = {**mirror.people, **judged.plan.people}
        doubles = same_account(one for key, one in people.items() if key not in judged.left)
        notes = conflicts(doubles, names)
        waiting = bool(judged.held or judged.held_units)
        status: Status = "waiting" if waiting else "partial" if problems else "ok"
        now = self.clock_now()

        def write(tx: Tx) -> tuple[OrgDiff, tuple[str, ...], dict[str, int]]:
            org.lock(tx, now=now)
            self.turn.check(tx)
            newer = sync_runs.touched_since(tx, self.run_id, besides=self.underway)
            plan = judged.plan.without(newer.users, newer.departments)
            diff = write_plan(
                tx, plan, left=judged.left - newer.users, removed=judged.removed - newer.departments, spell=spell,
                now=now,
            )  # fmt: skip
            held = tuple(user_id for user_id in judged.held if user_id not in newer.users)
            counts = diff.counts | {
                "waiting": len(held), "departments_waiting": len(judged.held_units),
                "kept": len(plan.missing) - len(diff.left) - len(held), "incomplete": int(not snapshot.complete),
                "conflicting": sum(len(group) for group in doubles),
            }  # fmt: skip
            sync_runs.finish(
                tx, self.run_id, status, now=now, problems=problems + notes, removals=held,
                counts=counts | {"by": self.by, "departments_held": list(judged.held_units)},
            )  # fmt: skip
            if snapshot.complete:
                sync_runs.settle_waiting(tx, self.run_id)
            else:
                sync_runs.spare(tx, judged.snapshot.people.keys())
            return diff, held, counts

        diff, held, counts = await self.db.system(write)
        held_names = tuple(str(names.get(user_id) or user_id) for user_id in held)
        return SyncResult(status, counts, problems, held, held_names, active, diff, self.run_id, notes=notes)

    async def _judge(self, mirror: Mirror, snapshot: Snapshot) -> _Judged:
        plan = await asyncio.to_thread(compare, mirror, snapshot)
        if not snapshot.complete or not (plan.missing or plan.missing_units):
            return _Judged(snapshot, plan)
        # Departments without anybody below the root, where there were some: R-SYNC-2's second case.
        hollow = snapshot.childless and any(not mirror.units[key].stub for key in plan.missing_units)
        if len(plan.missing) > VERIFIED:
            return _Judged(
                snapshot, plan, held=tuple(sorted(plan.missing)), held_units=tuple(sorted(plan.missing_units))
            )
        verdict = await verify(self.contacts, plan.missing, sorted(plan.missing_units)[:VERIFIED])
        for record in verdict.present:
            snapshot.add_person(record)
        for department in verdict.present_units:
            snapshot.units[department.dept_id] = seen_unit(department)
        for key in verdict.hidden_units:
            unit = mirror.units[key]
            snapshot.units[key] = SeenUnit(key, unit.name, unit.parent_id, unit.position, stub=True)
        snapshot.problems += [one for one in verdict.problems if one not in snapshot.problems]
        plan = await asyncio.to_thread(compare, mirror, snapshot)
        active = sum(person.active for person in mirror.people.values())
        gone, gone_units = frozenset(verdict.gone), frozenset(verdict.gone_units)
        if over_the_line(len(gone), active) or (hollow and gone_units):
            return _Judged(snapshot, plan, held=tuple(sorted(gone)), held_units=tuple(sorted(gone_units)))
        return _Judged(snapshot, plan, gone, gone_units)


def _names(mirror: Mirror, snapshot: Snapshot) -> dict[int | str, str]:
    names: dict[int | str, str] = {key: unit.name for key, unit in mirror.units.items()}
    names |= {key: person.name for key, person in mirror.people.items()}
    names |= {key: unit.name for key, unit in snapshot.units.items() if unit.name}
    return names | {key: person.name for key, person in snapshot.people.items() if person.name}
