"""6. The organisation read whole, at the pace DingTalk allows."""

import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from bot.app import App
from bot.core.clock import SystemClock
from bot.dingtalk.credentials import Credentials
from bot.sandbox import server
from bot.sandbox.state import Sandbox
from bot.settings import read_settings
from storage.database import Database
from storage.migrate import upgrade
from tests.bench.company import KEY, sqlite_url
from tests.bench.figures import Figure, Scale, slower
from tests.support.world import small_world, user

PER_SECOND = 20  # of each API


async def measure(scale: Scale) -> list[Figure]:
    """Once: the limiter sets its length, and it hardly varies. Baseline: the calls of the API called most ÷ 20."""
    sandbox = Sandbox.from_world(org_world(scale.people, scale.departments))
    running = await server.start(sandbox, 0)
    try:
        with tempfile.TemporaryDirectory(prefix="dingcrm-bench-") as directory:
            seconds, calls = await _sync(running.url, sandbox, Path(directory), scale)
    finally:
        await running.close()
    title = f"org sync of {scale.people:,} people, {scale.departments} departments"
    return [slower(title, [seconds], [max(calls.values()) / PER_SECOND], against="calls ÷ 20", at_most=1.1)]


async def _sync(url: str, sandbox: Sandbox, directory: Path, scale: Scale) -> tuple[float, Counter[str]]:
    settings = read_settings(
        data_dir=directory, api_base=url, oapi_base=url, login_base=url, database_url=sqlite_url(directory),
        secret_key=KEY, client_id="", client_secret="", corp_id="", agent_id=0,
    )  # fmt: skip
    known = sandbox.app
    who = Credentials(known.client_id, known.client_secret, sandbox.company.corp_id, known.agent_id)
    db = Database(settings.database)
    calls: Counter[str] = Counter()
    try:
        await upgrade(db)
        app = App(settings, db, SystemClock(), lambda: who)
        limiter = app.dingtalk.contacts._api._limiter
        turn = limiter.turn

        async def counted(api: str) -> None:
            calls[api] += 1
            await turn(api)

        limiter.turn = counted  # type: ignore[method-assign]
        try:
            began = time.perf_counter()
            outcome = await app.jobs.run_once("sync")
            seconds = time.perf_counter() - began
        finally:
            await app.close()
        assert not outcome.failed, outcome.result
        assert f"人员 {scale.people} 人" in outcome.result, outcome.result
    finally:
        await db.close()
    return seconds, calls


def org_world(people: int, departments: int) -> dict[str, Any]:
    """Departments in three levels, everybody in one of them."""
    world = small_world(admins=["p00000"])
    world["departments"] = [{"id": 1, "name": "甬城机械", "parent": None, "order": 1}]
    ids = [100 + n for n in range(departments - 1)]
    for n, number in enumerate(ids):
        world["departments"].append({"id": number, "name": f"部门{n}", "parent": 1 if n < 20 else ids[(n - 20) // 20]})
    places = [1, *ids]
    world["users"] = [user(f"p{n:05}", f"员工{n}", places[n % len(places)]) for n in range(people)]
    world["settings"] |= {"consented_by": "p00000", "usage_scope": {"mode": "all"}}
    world["roles"], world["customers"], world["groups"] = [], [], []
    return world
