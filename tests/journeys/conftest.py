"""Journeys are played on the whole house, on both databases where the story is about a race or a crash."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.postgres import fresh_database, need_postgres
from tests.support.stage import Stage, open_stage
from tests.support.world import small_world


@pytest.fixture
def world() -> dict[str, Any]:
    return small_world()


@pytest.fixture
def template() -> str:
    """As DINGCRM_CARD_TEMPLATE: our own template unless a test says otherwise."""
    return ""


@pytest.fixture
async def stage(world: dict[str, Any], template: str, tmp_path: Path) -> AsyncIterator[Stage]:
    url = f"sqlite+aiosqlite:///{tmp_path}/house.sqlite3"
    async with open_stage(world, url, tmp_path, template=template) as opened:
        yield opened


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def both(
    request: pytest.FixtureRequest, world: dict[str, Any], template: str, tmp_path: Path
) -> AsyncIterator[Stage]:
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path}/house.sqlite3"
        async with open_stage(world, url, tmp_path, template=template) as opened:
            yield opened
        return
    need_postgres()
    async with fresh_database() as url, open_stage(world, url, tmp_path, template=template) as opened:
        yield opened


DRAWN = pytest.mark.parametrize("template", ["", "public"], ids=["own", "public"])
