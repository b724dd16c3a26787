"""The full sync: everything is read first, then applied in one transaction (crm-rules.md R-SYNC-1..7)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot.core.clock import SystemClock
from bot.core.errors import RuleBroken
from bot.dingtalk.errors import DepartmentGone, DingTalkError, NotInScope, PersonGone
from bot.dingtalk.records import ContactScope, DepartmentRecord, UserRecord
from storage import leases, org_mirror
from storage.database import Database, Tx
from sync.diff import OrgDiff, Snapshot, compare, merge, too_many
from sync.mirror import people_of, places_of, write

LEASE = "org-sync"
LEASE_TIME = timedelta(minutes=30)
PARALLEL = 40  # calls in flight; the limiter below decides the pace

Readings = Callable[[str], tuple[str, str]]


class SyncRunning(RuleBroken, code="sync.running"):
    """One sync at a time (R2.11)."""


class Contacts(Protocol):
    """What the sync needs of `bot.dingtalk.contacts.Contacts`."""

    async def scopes(self) -> ContactScope: ...  # noqa: D102
    async def list_subdepartments(self, dept_id: int = 1) -> tuple[DepartmentRecord, ...]: ...  # noqa: D102
    async def department(self, dept_id: int) -> DepartmentRecord: ...  # noqa: D102
    def list_users(self, dept_id: int) -> Any: ...  # noqa: D102
    async def user(self, user_id: str) -> UserRecord: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What one run did. Statuses: ok, partial (nobody removed), waiting (for a word), failed."""

    status: str
    counts: dict[str, int]
    problems: tuple[str, ...] = ()
    left: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()


async def fetch(contacts: Contacts) -> Snapshot:
    """Reads what the app may read, from `/auth/scopes` down, many calls at a time.

    A department or page that cannot be read is a problem in the snapshot, not an exception; only the scope
    itself must be there.

    Raises:
        DingTalkError: the scope cannot be read.
    """
    scope = await contacts.scopes()
    walk = _Walk(contacts)
    async with asyncio.TaskGroup() as group:
        walk.group = group
        for root in scope.departments:
            group.create_task(walk.root(root))
        for user_id in scope.users:
            group.create_task(walk.person(user_id))
    stubs = {
        d.parent_id
        for d in walk.departments.values()
        if d.parent_id is not None and d.parent_id not in walk.departments
    }
    return Snapshot(
        walk.departments, walk.users, frozenset(stubs), tuple(sorted(walk.problems)), empty_root=not walk.users
    )


class _Walk:
    """One reading: departments breed tasks for their sub-departments and members."""

    def __init__(self, contacts: Contacts) -> None:
        self._contacts = contacts
        self._slots = asyncio.Semaphore(PARALLEL)
        self.departments: dict[int, DepartmentRecord] = {}
        self.users: dict[str, UserRecord] = {}
        self.problems: list[str] = []
        self.group: asyncio.TaskGroup | None = None

    async def root(self, dept_id: int) -> None:
        try:
            async with self._slots:
                record = await self._contacts.department(dept_id)
        except DingTalkError as failure:
            self.problems.append(f"部门 {dept_id} 没有读到：{failure}")
            return
        self._enter(record)

    def _enter(self, record: DepartmentRecord) -> None:
        if record.dept_id in self.departments:
            return
        self.departments[record.dept_id] = record
        assert self.group is not None
        self.group.create_task(self._children(record))
        self.group.create_task(self._members(record))

    async def _children(self, record: DepartmentRecord) -> None:
        try:
            async with self._slots:
                children = await self._contacts.list_subdepartments(record.dept_id)
        except DepartmentGone:
            return
        except DingTalkError as failure:
            self.problems.append(f"部门「{record.name}」的下级没有读到：{failure}")
            return
        for child in children:
            self._enter(child)

    async def _members(self, record: DepartmentRecord) -> None:
        try:
            async with self._slots:
                async for user in self._contacts.list_users(record.dept_id):
                    before = self.users.get(user.user_id)
                    self.users[user.user_id] = user if before is None else merge(before, user)
        except DepartmentGone:
            return
        except DingTalkError as failure:
            self.problems.append(f"部门「{record.name}」的成员没有读到：{failure}")

    async def person(self, user_id: str) -> None:
        try:
            async with self._slots:
                user = await self._contacts.user(user_id)
        except PersonGone:
            return
        except (NotInScope, DingTalkError) as failure:
            self.problems.append(f"人员 {user_id} 没有读到：{failure}")
            return
        self.users.setdefault(user_id, user)


async def full_sync(
    contacts: Contacts, db: Database, now: Callable[[], datetime], readings: Readings
) -> SyncResult:
    """One run, recorded.

    Raises:
        SyncRunning: another one is under way.
    """
    holder = f"sync:{id(asyncio.current_task())}:{now().timestamp()}"
    wall = SystemClock()
    begun = wall.now()
    lease = await db.system(lambda tx: leases.hold(tx, LEASE, holder=holder, wall=begun, lasts=LEASE_TIME))
    if lease is None:
        raise SyncRunning("正在同步，完成后会告诉你。")
    try:
        started = now()
        run_id = await db.system(lambda tx: org_mirror.begin_run(tx, started))
        try:
            snapshot = await fetch(contacts)
        except* DingTalkError as failures:
            text = f"通讯录没有读到：{failures.exceptions[0]}"
            result = SyncResult("failed", {}, (text,))
            at = now()
            await db.system(
                lambda tx: org_mirror.end_run(
                    tx, run_id, status="failed", counts={}, problems=[text], removals=[], now=at
                )
            )
        else:
            result = await db.system(lambda tx: _apply(tx, snapshot, run_id, readings, now()))
        return result
    finally:
        ended = wall.now()
        await db.system(lambda tx: leases.release(tx, LEASE, holder=holder, wall=ended))


def _apply(tx: Tx, snapshot: Snapshot, run_id: int, readings: Readings, now: datetime) -> SyncResult:
    people, places = people_of(tx), places_of(tx)
    diff = compare(people, places, snapshot)
    active = sum(p.active for p in people.values())
    waiting: frozenset[str] = frozenset()
    if too_many(len(diff.left), active):
        waiting = diff.left
        diff = _without_removals(diff)
    write(tx, diff, readings=readings, now=now)
    status = "waiting" if waiting else "ok" if snapshot.complete else "partial"
    problems = snapshot.problems or (("根部门没有返回任何人，没有停用任何人。",) if snapshot.empty_root else ())
    counts = {
        "departments": len(snapshot.departments), "people": len(snapshot.users), "added": len(diff.added),
        "changed": len(diff.changed), "moved": len(diff.moved), "rejoined": len(diff.rejoined),
        "unchanged": diff.unchanged, "left": len(diff.left), "waiting": len(waiting), "active_before": active,
        "departments_added": diff.places_added, "departments_removed": len(diff.places_removed),
    }  # fmt: skip
    org_mirror.end_run(
        tx, run_id, status=status, counts=counts, problems=list(problems), removals=sorted(waiting), now=now
    )
    return SyncResult(status, counts, tuple(problems), diff.left, waiting)


def _without_removals(diff: OrgDiff) -> OrgDiff:
    return replace(diff, left=frozenset(), places_removed=frozenset())


def describe(result: SyncResult) -> str:
    """The result in words; the figures add up: seen = added + changed + unchanged."""
    if result.status == "failed":
        return f"同步没有成功：{'；'.join(result.problems)}。到开发者后台检查通讯录权限，再发一次「同步组织」。"
    c = result.counts
    text = (
        f"同步完成：部门 {c['departments']} 个，人员 {c['people']} 人（新增 {c['added']} · 变更 {c['changed']}"
        f"，其中转部门 {c['moved']} · 不变 {c['unchanged']}），离职 {c['left']}。"
    )
    if result.waiting:
        share = round(100 * c["waiting"] / max(1, c["active_before"]))
        text += f"\n这次会停用 {c['waiting']} 人（{share}%），超过安全线，没有执行。"
        text += "确认的话回复「确认停用」，不停用回复「不停用」。"
    if result.problems:
        text += f"\n有 {len(result.problems)} 处没读到，没有停用任何人：{'；'.join(result.problems[:5])}"
    return text
