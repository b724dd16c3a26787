"""Writes what was seen: one transaction for each reading, and nothing where nothing changed."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.dingtalk.records import UNKNOWN
from storage import org, sync_runs
from storage.database import Tx
from storage.org import Mirror
from sync.diff import OrgDiff, Plan, compare
from sync.snapshot import Snapshot

Readings = Callable[[str], tuple[str, str]]  # a name's pinyin and initials


@dataclass(frozen=True, slots=True)
class Seen:
    """What a refresh of some people and departments found."""

    snapshot: Snapshot
    gone: frozenset[str] = frozenset()
    gone_units: frozenset[int] = frozenset()
    unmanaged: Mapping[str, str] = field(default_factory=dict)  # person → 直属主管 he surely has no longer
    alive: frozenset[str] = frozenset()  # DingTalk still shows them, whatever is stored here

    @property
    def users(self) -> frozenset[str]:
        """Everybody it says something about."""
        return self.gone | self.snapshot.people.keys()

    @property
    def departments(self) -> frozenset[int]:
        """Every department it says something about."""
        return self.gone_units | self.snapshot.units.keys()


def spelled(names: Collection[str], readings: Readings) -> Readings:
    """As `readings`, with these names' worked out now: before a transaction, not in it."""
    known = {name: readings(name) for name in names}
    return lambda name: known.get(name) or readings(name)


def write_plan(
    tx: Tx,
    plan: Plan,
    *,
    left: Collection[str],
    removed: Collection[int],
    spell: Readings,
    now: datetime,
    still_managed: Collection[str] = (),
) -> OrgDiff:
    """Writes departments, people and leavings; the difference is what really changed."""
    org.write_units(tx, list(plan.units.values()))
    org.write_people(tx, list(plan.people.values()), spell=spell, now=now)
    gone = org.mark_left(tx, left, now=now, still_managed=still_managed) if left else ()
    if removed:
        org.remove_units(tx, removed)
    return plan.diff(gone, tuple(sorted(removed)))


def write_seen(tx: Tx, seen: Seen, *, spell: Readings, now: datetime, run_id: int | None) -> OrgDiff:
    """Writes a refresh. What a refresh begun later than run `run_id` has written already is left alone."""
    org.lock(tx, now=now)
    newer = sync_runs.touched_since(tx, run_id) if run_id is not None else None
    people = seen.snapshot.people
    managers = {
        record.manager_id for record in people.values() if record.manager_id and record.manager_id is not UNKNOWN
    }
    units = org.read_units(tx)
    mirror = Mirror(org.read_people(tx, seen.users | managers), units)
    for user_id, manager in seen.unmanaged.items():
        stored = mirror.people.get(user_id)
        record = people.get(user_id)
        if record is not None and record.manager_id is UNKNOWN and stored is not None and stored.manager_id == manager:
            people[user_id] = replace(record, manager_id=None)
    # Only some were asked for: nobody is missing here.
    plan = compare(mirror, seen.snapshot, alive=seen.alive)
    gone, gone_units = set(seen.gone), {key for key in seen.gone_units if key in units and units[key].active}
    if newer is not None:
        plan = plan.without(newer.users, newer.departments)
        gone -= newer.users
        gone_units -= newer.departments
    if plan.kinds:
        sync_runs.spare(tx, plan.kinds.keys())
    theirs = {key for key, record in people.items() if record.manager_id in seen.alive}
    return write_plan(tx, plan, left=gone, removed=gone_units, spell=spell, now=now, still_managed=theirs)
