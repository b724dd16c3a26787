"""Engines and units of work. One unit = one transaction = one hop off the event loop.

House sections 0.2, 0.3 and 4.6. A unit's body is ordinary synchronous code that gets a session (`Tx`); it
cannot await the network because it cannot await at all. On SQLite it runs in the one writer thread, or in a
reader thread; on PostgreSQL it runs on asyncpg through SQLAlchemy's greenlet bridge, several at a time.

Writing on SQLite is a group commit: units that wait at the same time are savepoints of one BEGIN IMMEDIATE …
COMMIT, because the disk's one sync costs more than several units. Each fails alone, and nobody is told of a
success before the COMMIT. A unit may be run again (one of its group broke the transaction; it lost a deadlock
on PostgreSQL): bodies have no effects outside the database.
"""

import asyncio
import contextlib
import random
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import orjson
from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool
from sqlmodel import Session

import storage.search_index
import storage.tables  # noqa: F401 -- fills SQLModel.metadata
from bot.core.actor import SYSTEM, Scope

Tx = Session
T = TypeVar("T")

LOCK_WAIT = 10.0  # seconds another process may hold SQLite's write lock before a unit gives up
READERS = 4  # SQLite reader threads
# Seconds of units that one COMMIT makes wait, at least as long as the last COMMIT took; the unit that passes it is its
# group's last. The second is from an urgent unit on, or half as long as the last COMMIT took.
GROUP, URGENT_GROUP = 0.008, 0.001
POOL = 10  # PostgreSQL connections
RETRIES = 8  # deadlocks and serialisation failures on PostgreSQL
LOSERS = 5_120_726  # the advisory lock of units that are run again


DRIVER = "driver"  # in `Tx.info`: sqlite3's own connection, for `storage.plain`
AWAITED = "awaited"  # in `Tx.info`: whether other units wait for this one's COMMIT


def is_awaited(tx: Tx) -> bool:
    """Whether others wait until this transaction ends: whoever has much to write ends it then, and goes on in the next.

    On PostgreSQL nobody is known to wait, so everybody may: always.
    """
    awaited: Callable[[], bool] | None = tx.info.get(AWAITED)
    return awaited is None or awaited()


class DatabaseBusy(Exception):
    """Another process held the write lock too long; nothing was written."""


def _sqlite_engine(path: str, *, writer: bool) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": LOCK_WAIT, "check_same_thread": False, "cached_statements": 512},
        poolclass=QueuePool,
        pool_size=1 if writer else READERS,
        max_overflow=0,
        json_serializer=_to_json,
        json_deserializer=orjson.loads,
    )

    @event.listens_for(engine, "connect")
    def _on_connect(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours, see below
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",  # an acknowledged action survives a power cut
            "foreign_keys=ON",
            "journal_size_limit=67108864",
            "wal_autocheckpoint=4000",  # pages: a checkpoint's syncs are shared by more commits
            "cache_size=-32000",
            "temp_store=MEMORY",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        # A deferred transaction that reads and then writes fails at once with "database is locked"
        # whatever the timeout; IMMEDIATE waits its turn.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")

    return engine


def _to_json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


@dataclass(slots=True, eq=False)
class _Unit:
    """One that waits for the writer thread."""

    scope: Scope | None
    work: Callable[[Tx], Any]
    urgent: bool
    done: "asyncio.Future[Any]"
    loop: asyncio.AbstractEventLoop
    result: Any = None
    failure: BaseException | None = None


class Database:
    """The only maker of transactions. `url`: `sqlite+aiosqlite:///path` or `postgresql+asyncpg://…`."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self.url = url
        self.kind = parsed.get_backend_name()
        self._async: AsyncEngine | None = None
        self.run_again = 0  # units of this process that lost a deadlock or could not be serialised
        if self.kind == "sqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise ValueError("the SQLite database must be a file: sqlite+aiosqlite:///path")
            self.path: Path | None = Path(parsed.database)
            self._writer = _sqlite_engine(parsed.database, writer=True)
            self._reader = _sqlite_engine(parsed.database, writer=False)
            self._write_thread = ThreadPoolExecutor(1, "db-write")
            self._urgent: deque[_Unit] = deque()
            self._ordinary: deque[_Unit] = deque()
            self._commit_took = 0.0  # seconds, the last one
            self._held: Connection | None = None  # the writer's, kept open: a pool's checkout costs more than a BEGIN
            self._writing = False  # a group is being written, or is about to be
            self._read_threads = ThreadPoolExecutor(READERS, "db-read")
        elif self.kind == "postgresql":
            self.path = None
            self._async = create_async_engine(
                parsed.set(drivername="postgresql+asyncpg"), pool_size=POOL, max_overflow=0, pool_pre_ping=True
            )
        else:
            raise ValueError(f"unknown database kind {self.kind!r}: use sqlite+aiosqlite or postgresql+asyncpg")

    async def unit(self, scope: Scope | None, work: Callable[[Tx], T], *, urgent: bool = False) -> T:
        """Runs `work` in one write transaction seen through `scope`; commits, or rolls back if it raises.

        `scope` None: `work` sets it (`tx.info["scope"]`) before it touches an owned table. `urgent`: DingTalk
        waits for it (an acknowledgement, a tap's answer), so on SQLite it goes before units that nobody waits for.

        Raises:
            DatabaseBusy: SQLite's write lock was not to be had within LOCK_WAIT.
        """
        if self._async is not None:
            return await self._unit_postgres(scope, work)
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        (self._urgent if urgent else self._ordinary).append(_Unit(scope, work, urgent, done, loop))
        if not self._writing:
            self._writing = True
            self._write_thread.submit(self._write)
        return await done

    # -- the writer thread ----------------------------------------------------------------------------

    def _write(self) -> None:
        """Writes one group, and sees to it that the next is written."""
        try:
            self._write_group()
        finally:
            if not self._waiting():
                self._writing = False  # whoever comes after this line calls us; who came before it is seen below
            if self._waiting():
                self._writing = True
                with contextlib.suppress(RuntimeError):  # the thread is being shut down
                    self._write_thread.submit(self._write)

    def _waiting(self) -> int:
        return len(self._urgent) + len(self._ordinary)

    def _next(self) -> _Unit | None:
        for queue in (self._urgent, self._ordinary):
            while queue:
                unit = queue.popleft()
                if not unit.done.cancelled():
                    return unit
        return None

    def _write_group(self) -> None:
        """One transaction of what waits."""
        waiting, group = self._waiting(), list[_Unit]()
        try:
            connection = self._writing_connection()
            with connection.begin() as transaction:
                driver: Any = connection.connection.dbapi_connection
                until = time.perf_counter() + max(GROUP, self._commit_took)
                while (unit := self._next()) is not None:
                    group.append(unit)
                    _run_in_group(
                        connection, driver, unit, lambda: len(group) > 1 or self._waiting() > 0, first=len(group) == 1
                    )  # fmt: skip
                    if not transaction.is_active:  # its session has rolled everything back
                        break
                    now = time.perf_counter()
                    if unit.urgent:
                        until = min(until, now + max(URGENT_GROUP, self._commit_took / 2))
                    if now > until:
                        break
                undone = not transaction.is_active
                began = time.perf_counter()
            if undone:
                self._let_go()
                self._begin_anew(group)
                return
            self._commit_took = time.perf_counter() - began
        except BaseException as problem:  # noqa: BLE001 -- raised where the units are awaited
            self._let_go()
            if not group:  # BEGIN failed: all that were there have waited as long as the first
                group = [unit for _ in range(waiting) if (unit := self._next()) is not None]
            for unit in group:
                unit.failure = _named(problem)
        _tell(group)

    def _writing_connection(self) -> Connection:
        """For the writer thread alone."""
        if self._held is None or self._held.closed or self._held.invalidated:
            self._held = self._writer.connect()
        return self._held

    def _let_go(self) -> None:
        """After a failure: a COMMIT that failed leaves its transaction open, and the pool ends it."""
        held, self._held = self._held, None
        if held is not None:
            with contextlib.suppress(DBAPIError):  # what cannot even be closed is not used again
                held.close()

    def _begin_anew(self, group: list[_Unit]) -> None:
        """All but the last, which is at fault, wait again, first of all."""
        culprit = group.pop()
        for unit in reversed(group):
            unit.result = unit.failure = None
            (self._urgent if unit.urgent else self._ordinary).appendleft(unit)
        _tell([culprit])

    async def read(self, scope: Scope | None, work: Callable[[Tx], T]) -> T:
        """As `unit`, for bodies that only look: readers do not queue behind the writer."""
        if self._async is not None:
            return await self._unit_postgres(scope, work)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._read_threads, _run, self._reader, scope, work)

    async def system(self, work: Callable[[Tx], T], *, urgent: bool = False) -> T:
        """A write unit that sees every row: jobs, sync, delivery, the command line."""
        return await self.unit(SYSTEM, work, urgent=urgent)

    async def connection(self, work: Callable[[Connection], T]) -> T:
        """Runs `work` on a bare connection in one transaction: migrations and health checks only."""
        if self._async is not None:
            async with self._async.begin() as connection:
                return await connection.run_sync(work)
        loop = asyncio.get_running_loop()

        def run() -> T:
            try:
                connection = self._writing_connection()
                with connection.begin():
                    return work(connection)
            finally:
                self._let_go()  # whatever `work` has set on it

        return await loop.run_in_executor(self._write_thread, run)

    async def _unit_postgres(self, scope: Scope | None, work: Callable[[Tx], T]) -> T:
        assert self._async is not None
        for attempt in range(RETRIES):
            body = work if attempt == 0 else _one_by_one(work)
            try:
                async with self._async.connect() as connection:
                    return await connection.run_sync(lambda c, body=body: _run(c, scope, body))  # type: ignore[misc]
            except DBAPIError as failure:
                code = getattr(failure.orig, "sqlstate", None)
                if code not in ("40001", "40P01") or attempt == RETRIES - 1:
                    raise
                self.run_again += 1
            await asyncio.sleep(random.uniform(0.005, 0.02) * 2**attempt)  # noqa: S311 -- jitter, no secret
        raise AssertionError("unreachable")

    async def close(self) -> None:
        """Returns all connections and ends the threads."""
        if self._async is not None:
            await self._async.dispose()
            return
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._write_thread, self._end_writing)
        self._reader.dispose()
        self._write_thread.shutdown()
        self._read_threads.shutdown()

    def _end_writing(self) -> None:
        self._let_go()
        self._writer.dispose()


def _one_by_one(work: Callable[[Tx], T]) -> Callable[[Tx], T]:
    """Lets those that have lost a deadlock run one after another: together they would only meet in the next one."""

    def body(tx: Tx) -> T:
        tx.execute(select(func.pg_advisory_xact_lock(LOSERS)))
        return work(tx)

    return body


def _run_in_group(
    connection: Connection, driver: sqlite3.Connection, unit: _Unit, awaited: Callable[[], bool], *, first: bool
) -> None:  # fmt: skip
    """As a savepoint of its own; keeps what comes of it. Nothing is released yet.

    The group's first needs none, for what it undoes is the whole transaction: SQLite copies pages that change in one.
    """
    if not first:
        driver.execute("SAVEPOINT unit")
    tx = Session(
        connection, expire_on_commit=False, info={"scope": unit.scope, DRIVER: driver, AWAITED: awaited},
        join_transaction_mode="rollback_only",
    )  # fmt: skip
    try:
        unit.result = unit.work(tx)
        if tx.in_transaction() or not tx._is_clean():  # noqa: SLF001 -- as in storage/plain.py
            tx.commit()  # writes what the session still holds; the transaction goes on
    except BaseException as problem:  # noqa: BLE001 -- raised where the unit is awaited
        unit.result, unit.failure = None, _named(problem)
        tx.close()
        if driver.in_transaction and first:
            driver.execute("ROLLBACK")
            driver.execute("BEGIN IMMEDIATE")
        elif driver.in_transaction:
            driver.execute("ROLLBACK TO unit")
    if driver.in_transaction and not first:
        driver.execute("RELEASE unit")


def _tell(units: list[_Unit]) -> None:
    """Each awaiting task, by one call into its loop."""
    for loop in {unit.loop for unit in units}:
        with contextlib.suppress(RuntimeError):  # a loop that is closed waits for nothing
            loop.call_soon_threadsafe(_release, [unit for unit in units if unit.loop is loop])


def _release(units: list[_Unit]) -> None:
    for unit in units:
        if unit.done.done():  # cancelled meanwhile
            continue
        if unit.failure is not None:
            unit.done.set_exception(unit.failure)
        else:
            unit.done.set_result(unit.result)


def _named(problem: BaseException) -> BaseException:
    """`DatabaseBusy` for a lock that was not to be had."""
    if isinstance(problem, OperationalError) and "database is locked" in str(problem.orig):
        busy = DatabaseBusy(str(problem.orig))
        busy.__cause__ = problem
        return busy
    return problem


def _run(bind: Engine | Connection, scope: Scope | None, work: Callable[[Tx], T]) -> T:
    try:
        with Session(bind, expire_on_commit=False, info={"scope": scope}) as tx, tx.begin():
            return work(tx)
    except OperationalError as failure:
        named = _named(failure)
        if named is failure:
            raise
        raise named from failure
