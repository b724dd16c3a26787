"""Fixtures every room's tests may use: migrated, empty databases of both kinds."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from storage.database import Database
from tests.support.databases import postgres_copy, postgres_template, sqlite_copy, sqlite_template
from tests.support.postgres import need_postgres


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with sqlite_template(tmp_path_factory.mktemp("template")) as path:
        yield path


@pytest.fixture(scope="session")
def postgres_name() -> Iterator[str]:
    need_postgres()
    with postgres_template() as name:
        yield name


@pytest.fixture
async def sqlite(sqlite_file: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty SQLite database."""
    async with sqlite_copy(sqlite_file, tmp_path) as db:
        yield db


@pytest.fixture
async def postgres(postgres_name: str) -> AsyncIterator[Database]:
    """An empty PostgreSQL database."""
    async with postgres_copy(postgres_name) as db:
        yield db


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database of either kind: a test that takes it runs on both."""
    if request.param == "sqlite":
        async with sqlite_copy(request.getfixturevalue("sqlite_file"), tmp_path) as db:
            yield db
    else:
        async with postgres_copy(request.getfixturevalue("postgres_name")) as db:
            yield db
