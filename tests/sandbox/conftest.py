"""A small company and a started sandbox, reached over the wire only."""

import copy
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.sandbox.server import Running, start
from bot.sandbox.state import Sandbox
from tests.sandbox.cards_bench import Bench, started_bench
from tests.sandbox.wire_client import Wire

WORLD: dict[str, Any] = {
    "version": 1,
    "now": "2026-03-02T09:00:00+08:00",
    "company": {"corp_id": "dingcorp0001", "name": "杭州试验有限公司"},
    "app": {"client_id": "dingapp0001", "client_secret": "a-secret-of-the-app", "agent_id": 100001},
    "departments": [{"id": 1, "name": "公司", "parent": None}, {"id": 101, "name": "销售一部", "parent": 1}],
    "users": [
        {"userid": "lina04", "name": "李娜", "departments": [101], "mobile": "13800000004"},
        {"userid": "zhao05", "name": "赵强", "departments": [101], "mobile": "13800000005"},
        {"userid": "wang03", "name": "王伟", "departments": [1], "leads": [101], "dingtalk_admin": True},
    ],
    "groups": [{"id": "cidSALES", "name": "销售群", "members": ["lina04", "wang03"]}],
}


@pytest.fixture
def small_world() -> dict[str, Any]:
    """Three people, one group of two."""
    return copy.deepcopy(WORLD)


@pytest.fixture
async def running(small_world: dict[str, Any]) -> AsyncIterator[Running]:
    """A started sandbox on a free port."""
    started = await start(Sandbox.from_world(small_world))
    try:
        yield started
    finally:
        await started.close()


@pytest.fixture
async def wire(running: Running) -> AsyncIterator[Wire]:
    """The app's and the people's side of it."""
    client = Wire(running.url)
    try:
        yield client
    finally:
        await client.close()


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """A sandbox that has the official approval template, for `APPROVAL`; other tests of this folder have their own."""
    async with started_bench() as made:
        await made.template("审批模板")
        yield made
