"""A database of its own on the machine's PostgreSQL, for one test."""

import os
import socket
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

HOST, PORT = "127.0.0.1", 5432
ABSENT = "PostgreSQL does not answer at 127.0.0.1:5432"


def answers() -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, PORT)) == 0


def need_postgres() -> None:
    """Skips, saying so, where there is none; in CI its absence is a failure."""
    if answers():
        return
    if os.environ.get("CI"):
        pytest.fail(ABSENT)
    pytest.skip(ABSENT)


@asynccontextmanager
async def fresh_database() -> AsyncIterator[str]:
    """The URL of an empty database, dropped afterwards."""
    name = f"dingcrm_{uuid.uuid4().hex[:12]}"
    await _run(f"CREATE DATABASE {name}")
    try:
        yield f"postgresql+asyncpg://postgres@{HOST}:{PORT}/{name}"
    finally:
        await _run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


async def _run(statement: str) -> None:
    connection = await asyncpg.connect(host=HOST, port=PORT, user="postgres", database="test")
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
