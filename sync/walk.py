"""Reads the address book: departments at any depth, their people, and 直属主管 as far as time allows.

platform.md 6.1–6.3. Every call waits its turn at the client's limiter, which paces each API by itself: lists of
departments, lists of people and single people are therefore asked for side by side, and a walk takes as long as
the busiest of the three. A call that fails in the end is a `Problem`; the walk goes on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import replace
from typing import TypeVar

from bot.dingtalk.contacts import ROOT, Contacts
from bot.dingtalk.errors import (
    Banned,
    DepartmentGone,
    DingTalkError,
    IpNotAllowed,
    NotInScope,
    PermissionMissing,
    PersonGone,
    QuotaExhausted,
    TokenExpired,
    WrongCredentials,
)
from bot.dingtalk.records import UNKNOWN
from sync.report import reason_of
from sync.snapshot import Problem, SeenUnit, Snapshot, What, seen_unit

T = TypeVar("T")

ASKED = 600  # up to so many people, all are asked for one by one: half a minute
NEWCOMERS = 100  # in a larger company, so many newcomers at most are waited for
WORKERS = 8
# The next call of that kind would fail the same way.
HOPELESS = (Banned, IpNotAllowed, PermissionMissing, QuotaExhausted, TokenExpired, WrongCredentials)


class Walk:
    """One reading, which may begin at any department."""

    def __init__(
        self,
        contacts: Contacts,
        on_person: Callable[[str], None] | None = None,
        progress: Callable[[int, int], Awaitable[None]] | None = None,
    ) -> None:
        self.snapshot = Snapshot()
        self._contacts = contacts
        self._on_person = on_person
        self._progress = progress
        self._read = 0
        self._visited: set[int] = set()
        self._listed: set[int] = set()
        self._with_children: set[int] = set()
        self._hopeless: dict[What, DingTalkError] = {}

    async def visit(self, department_ids: Iterable[int]) -> None:
        """Everything below these departments, and everybody in them or below."""
        async with asyncio.TaskGroup() as group:
            for department_id in department_ids:
                self._enter(group, department_id)

    async def visit_scope(self, roots: Collection[int], user_ids: Iterable[str]) -> None:
        """As `visit`, with the roots' own records and what is above them, and with people granted singly."""
        async with asyncio.TaskGroup() as group:
            for root in roots:
                group.create_task(self._root(root))
                self._enter(group, root)
            for user_id in user_ids:
                group.create_task(self._single(user_id))
        below = self._with_children & set(roots)
        failed = any(problem.what == "children" for problem in self.snapshot.problems)
        self.snapshot.childless = bool(roots) and not below and not failed

    async def add_strange_units(self, known: Collection[int] = ()) -> None:
        """Departments people are in without the app being allowed to read them become stubs, but for `known`."""
        strange = (
            {
                department_id
                for person in self.snapshot.people.values()
                if person.dept_ids is not UNKNOWN
                for department_id in person.dept_ids
            }
            - self.snapshot.units.keys()
            - set(known)
        )
        async with asyncio.TaskGroup() as group:
            for department_id in sorted(strange):
                group.create_task(self.add_stub(department_id))

    async def add_stub(self, department_id: int) -> None:
        """The department and those above it, by their ids."""
        chain = await self.ask("parents", department_id, lambda: self._contacts.parents(department_id), DepartmentGone)
        if chain:
            self.snapshot.add_stubs(chain)

    async def ask(
        self, what: What, subject: int | str, call: Callable[[], Awaitable[T]], *quiet: type[DingTalkError]
    ) -> T | None:
        """The call's answer; None, and a problem noted unless its kind is in `quiet`, if it fails."""
        failure = self._hopeless.get(what)
        if failure is None:
            try:
                return await call()
            except quiet:
                return None
            except DingTalkError as problem:
                failure = problem
                if isinstance(problem, HOPELESS):
                    self._hopeless[what] = problem
        self.snapshot.problems.append(Problem(what, subject, reason_of(failure)))
        return None

    def _enter(self, group: asyncio.TaskGroup, department_id: int) -> None:
        if department_id not in self._visited:
            self._visited.add(department_id)
            group.create_task(self._children(group, department_id))
            group.create_task(self._people(department_id))

    async def _people(self, department_id: int) -> None:
        await self.ask("members", department_id, lambda: self._members(department_id), DepartmentGone)
        self._read += 1
        if self._progress is not None:
            await self._progress(self._read, len(self._visited))

    async def _children(self, group: asyncio.TaskGroup, department_id: int) -> None:
        found = await self.ask(
            "children", department_id, lambda: self._contacts.list_subdepartments(department_id), DepartmentGone
        )
        for position, record in enumerate(found or ()):
            self._with_children.add(department_id)
            if record.dept_id in self._listed or record.dept_id == ROOT:
                continue  # a department has one place: where it was listed first
            self._listed.add(record.dept_id)
            # A list names its departments' parent or not; it is the one we asked for.
            self.snapshot.units[record.dept_id] = replace(seen_unit(record, position), parent_id=department_id)
            self._enter(group, record.dept_id)

    async def _members(self, department_id: int) -> None:
        async for record in self._contacts.list_users(department_id):
            self.snapshot.add_person(record, listed_in=department_id)
            if self._on_person is not None:
                self._on_person(record.user_id)

    async def _root(self, root: int) -> None:
        record = await self.ask("department", root, lambda: self._contacts.department(root), DepartmentGone)
        if record is not None:
            known = self.snapshot.units.get(root)  # a root below another root has been listed there
            unit = replace(seen_unit(record), position=known.position if known else UNKNOWN)
            self.snapshot.units[root] = (
                replace(unit, parent_id=known.parent_id) if root in self._listed and known else unit
            )
        elif root in self.snapshot.units or any(p.subject == root for p in self.snapshot.problems):
            self.snapshot.units.setdefault(root, SeenUnit(root, "", None))
        if root != ROOT:
            chain = await self.ask("parents", root, lambda: self._contacts.parents(root), DepartmentGone)
            self.snapshot.add_stubs((chain or ())[1:])

    async def _single(self, user_id: str) -> None:
        record = await self.ask("person", user_id, lambda: self._contacts.user(user_id), PersonGone, NotInScope)
        if record is not None:
            self.snapshot.add_person(record)


class Details:
    """Asks for single people beside a walk: only their own record names a 直属主管.

    In a company of up to `limit` people everybody is asked for. In a larger one only as many as fit into the
    time the walk takes anyway, newcomers first, then those whose turn it is `tonight`.
    """

    def __init__(
        self, contacts: Contacts, *, stored: Collection[str], tonight: Callable[[str], bool], limit: int
    ) -> None:
        self._contacts = contacts
        self._stored, self._tonight, self._limit = stored, tonight, limit
        self._queue: asyncio.PriorityQueue[tuple[int, int, str]] = asyncio.PriorityQueue()
        self._offered: set[str] = set()
        self._newcomers = 0
        self._only_newcomers = False

    def offer(self, user_id: str) -> None:
        """Somebody was seen."""
        if user_id in self._offered:
            return
        self._offered.add(user_id)
        rank = 0 if user_id not in self._stored else 1 if self._tonight(user_id) else 2
        self._newcomers += rank == 0
        self._queue.put_nowait((rank, len(self._offered), user_id))

    async def work(self, walk: Walk) -> None:
        """Until it is cancelled; several may work side by side."""
        while True:
            rank, _, user_id = await self._queue.get()
            try:
                if rank == 0 or not self._only_newcomers:
                    await self._ask(walk, user_id)
            finally:
                self._newcomers -= rank == 0
                self._queue.task_done()

    async def settle(self) -> None:
        """The walk is over: waits for the rest, or for the newcomers among it, or for nobody."""
        if len(self._offered) > self._limit:
            if self._newcomers > NEWCOMERS:
                return
            self._only_newcomers = True
        await self._queue.join()

    async def _ask(self, walk: Walk, user_id: str) -> None:
        # Who is gone between two calls is the event's business, or tomorrow's.
        record = await walk.ask("manager", user_id, lambda: self._contacts.user(user_id), PersonGone, NotInScope)
        if record is not None:
            walk.snapshot.add_person(record)


async def fetch(
    contacts: Contacts,
    *,
    stored: Collection[str] = frozenset(),
    tonight: Callable[[str], bool] = lambda _: False,
    ask: int = ASKED,
    progress: Callable[[int, int], Awaitable[None]] | None = None,
) -> Snapshot:
    """Everything the app may read, beginning with what `/auth/scopes` grants.

    Args:
        contacts: DingTalk's address book.
        stored: who is known already.
        tonight: of those, whom to ask for first when there is not the time for all.
        ask: a company larger than this is not asked for one by one.
        progress: as `full_sync`.

    Raises:
        DingTalkError: not even the scope was to be had.
    """
    scope = await contacts.scopes()
    details = Details(contacts, stored=stored, tonight=tonight, limit=ask)
    walk = Walk(contacts, on_person=details.offer, progress=progress)
    if not scope.departments and not scope.users:
        reason = "应用的通讯录权限范围是空的，请管理员在开发者后台的「权限管理」里给应用设置通讯录权限范围"
        walk.snapshot.problems.append(Problem("scope", "", reason))
        return walk.snapshot
    async with asyncio.TaskGroup() as group:
        workers = [group.create_task(details.work(walk)) for _ in range(WORKERS)]
        try:
            await walk.visit_scope(scope.departments, scope.users)
            await details.settle()
        finally:
            for worker in workers:
                worker.cancel()
    await walk.add_strange_units()
    walk.snapshot.break_circles()
    return walk.snapshot
