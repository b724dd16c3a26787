"""Databases for tests: migrated once, then copied. PostgreSQL's live on the server of `tests.support.postgres`."""

import asyncio
import os
import shutil
import uuid
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg

from storage.database import Database
from storage.migrate import upgrade
from tests.support.postgres import HOST, PORT


def sqlite_url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


def postgres_url(name: str) -> str:
    return f"postgresql+asyncpg://postgres@{HOST}:{PORT}/{name}"


def apart(work: Coroutine[Any, Any, None]) -> None:
    """Runs it to its end on a loop of its own: a fixture may be made while the test's loop is running."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


async def migrate(url: str) -> None:
    db = Database(url)
    try:
        await upgrade(db)
    finally:
        await db.close()


async def say(*statements: str) -> None:
    """Runs statements that cannot stand in a transaction, on the server's maintenance database."""
    connection = await asyncpg.connect(host=HOST, port=PORT, user="postgres", database="test")
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@contextmanager
def sqlite_template(folder: Path) -> Iterator[Path]:
    """A migrated file; after its last connection is closed it is whole without its journal."""
    path = folder / "template.sqlite3"
    apart(migrate(sqlite_url(path)))
    yield path


@contextmanager
def postgres_template() -> Iterator[str]:
    """A migrated database to copy from, dropped at the end of the run."""
    name = f"dingcrm_template_{os.getpid()}_{uuid.uuid4().hex[:6]}"

    async def make() -> None:
        await say(f"CREATE DATABASE {name}")
        await migrate(postgres_url(name))

    try:
        apart(make())
        yield name
    finally:
        apart(say(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


@asynccontextmanager
async def sqlite_copy(template: Path, folder: Path) -> AsyncIterator[Database]:
    path = folder / "house.sqlite3"
    shutil.copyfile(template, path)
    db = Database(sqlite_url(path))
    try:
        yield db
    finally:
        await db.close()


@asynccontextmanager
async def postgres_copy(template: str) -> AsyncIterator[Database]:
    name = f"dingcrm_{uuid.uuid4().hex[:12]}"
    await say(f"CREATE DATABASE {name} TEMPLATE {template}")
    db = Database(postgres_url(name))
    try:
        yield db
    finally:
        await db.close()
        await say(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
