"""Engines and units of work. One unit = one transaction = one hop off the event loop.

House sections 0.2, 0.3 and 4.6. A unit's body is ordinary synchronous code that gets a session (`Tx`); it
cannot await the network because it cannot await at all. On SQLite it runs in the one writer thread
(BEGIN IMMEDIATE) or in a reader thread; on PostgreSQL it runs on asyncpg through SQLAlchemy's greenlet
bridge, several at a time. A unit that loses a deadlock on PostgreSQL is run again: bodies have no effects
outside the database.
"""

import asyncio
import random
import sqlite3
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool
from sqlmodel import Session

import storage.tables  # noqa: F401 -- fills SQLModel.metadata
from bot.core.actor import SYSTEM, Scope

Tx = Session
T = TypeVar("T")

LOCK_WAIT = 10.0  # seconds another process may hold SQLite's write lock before a unit gives up
READERS = 4  # SQLite reader threads
POOL = 10  # PostgreSQL connections
RETRIES = 5  # deadlocks and serialisation failures on PostgreSQL


class DatabaseBusy(Exception):
    """Another process held the write lock too long; nothing was written."""


def _sqlite_engine(path: str, *, writer: bool) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": LOCK_WAIT, "check_same_thread": False, "cached_statements": 512},
        poolclass=QueuePool,
        pool_size=1 if writer else READERS,
        max_overflow=0,
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


class Database:
    """The only maker of transactions. `url`: `sqlite+aiosqlite:///path` or `postgresql+asyncpg://…`."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self.url = url
        self.kind = parsed.get_backend_name()
        self._async: AsyncEngine | None = None
        if self.kind == "sqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise ValueError("the SQLite database must be a file: sqlite+aiosqlite:///path")
            self.path: Path | None = Path(parsed.database)
            self._writer = _sqlite_engine(parsed.database, writer=True)
            self._reader = _sqlite_engine(parsed.database, writer=False)
            self._write_thread = ThreadPoolExecutor(1, "db-write")
            self._urgent: deque[Callable[[], None]] = deque()
            self._ordinary: deque[Callable[[], None]] = deque()
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
        done: Future[T] = Future()
        queue = self._urgent if urgent else self._ordinary
        queue.append(lambda: _keep(done, self._writer, scope, work))
        self._write_thread.submit(self._next)
        return await asyncio.wrap_future(done)

    def _next(self) -> None:
        """In the writer thread, once for each unit that was queued."""
        try:
            unit = self._urgent.popleft()
        except IndexError:
            unit = self._ordinary.popleft()
        unit()

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
            with self._writer.begin() as connection:
                return work(connection)

        return await loop.run_in_executor(self._write_thread, run)

    async def _unit_postgres(self, scope: Scope | None, work: Callable[[Tx], T]) -> T:
        assert self._async is not None
        for attempt in range(RETRIES):
            try:
                async with self._async.connect() as connection:
                    return await connection.run_sync(lambda c: _run(c, scope, work))
            except DBAPIError as failure:
                code = getattr(failure.orig, "sqlstate", None)
                if code not in ("40001", "40P01") or attempt == RETRIES - 1:
                    raise
            await asyncio.sleep(random.uniform(0.005, 0.02) * 2**attempt)  # noqa: S311 -- jitter, no secret
        raise AssertionError("unreachable")

    async def close(self) -> None:
        """Returns all connections and ends the threads."""
        if self._async is not None:
            await self._async.dispose()
            return
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._write_thread, self._writer.dispose)
        self._reader.dispose()
        self._write_thread.shutdown()
        self._read_threads.shutdown()


def _keep(done: "Future[T]", bind: Engine, scope: Scope | None, work: Callable[[Tx], T]) -> None:
    """Runs a unit, unless nobody waits for it any more, and keeps what comes of it for whoever does."""
    if not done.set_running_or_notify_cancel():
        return
    try:
        result = _run(bind, scope, work)
    except BaseException as problem:  # noqa: BLE001 -- raised where the unit is awaited
        done.set_exception(problem)
    else:
        done.set_result(result)


def _run(bind: Engine | Connection, scope: Scope | None, work: Callable[[Tx], T]) -> T:
    try:
        with Session(bind, expire_on_commit=False, info={"scope": scope}) as tx, tx.begin():
            return work(tx)
    except OperationalError as failure:
        if "database is locked" in str(failure.orig):
            raise DatabaseBusy(str(failure.orig)) from failure
        raise
