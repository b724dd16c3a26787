"""Kill −9 at any point, again and again; then ask what was acknowledged and what is there (reliability.md A7.1).

The oracle is what was acknowledged: each acknowledged message has exactly one effect, each effect's notice leaves
exactly once, no customer has two owners; of approvals see `tests.crash.approvals`. How often each nemesis struck is
counted, because a harness that never strikes finds nothing.
"""

import asyncio
import contextlib
import os
import random
import signal
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from sqlmodel import select

from bot.core.actor import SYSTEM
from bot.sandbox import server
from bot.sandbox.state import Sandbox
from storage import secrets as vault
from storage.database import Database, Tx
from storage.migrate import upgrade
from storage.tables import ClaimLog, Customer, FollowUp, Inbox, Outbox
from storage.world.load import load_world
from tests.crash.approvals import Approvals, add_approvals, give_union_ids, standings
from tests.support.company import mirror
from tests.support.world import customer, small_world

KEY = "a key for the crash harness"
SELLERS = ("lina04", "zhao05", "zhou06")
FIRST, LEAST = 10, 3  # approvals' doings in the first life, for the others to decide, and in each other
SLOW = 20.0  # seconds a slow machine is given for them


@dataclass
class Report:
    """What happened and what is wrong. Empty lists: nothing is wrong."""

    kills: int = 0
    acked: int = 0
    repeats: int = 0
    taps: int = 0
    mid_work: int = 0  # kills that left stored messages undone
    approvals: Counter[str] = field(default_factory=Counter)  # applications by how they ended
    late_ends: int = 0  # decided in a later life than they were applied for
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    notices_doubled: list[str] = field(default_factory=list)
    notices_missing: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.notices_doubled or self.notices_missing or self.other)


def crash_world() -> dict[str, Any]:
    """Many pool customers to be claimed and assigned, a customer for each seller's follow-ups, and approvals."""
    world = small_world(pool={"claim_cap": None, "return_after_days": None}, quiet_hours=["00:00", "00:00"])
    del world["now"]
    world["customers"] += [customer(f"公海样本{n:04}号工厂", pooled_on="2026-02-20") for n in range(3000)]
    add_approvals(world)
    return world


async def run_kills(variant: str, kills: int, data_dir: Path, seed: int) -> Report:
    """Plays `kills` lives of the app; the sandbox outlives them all."""
    rng, report = random.Random(seed), Report()
    world = crash_world()
    running = await server.start(Sandbox.from_world(world), 0)
    running.sandbox.knobs.qps = 0
    running.sandbox.knobs.daily_notices = 0  # as in the child: no limit
    try:
        db_url = f"sqlite+aiosqlite:///{data_dir}/house.sqlite3"
        await _prepare(db_url, world, running.sandbox.clock.now())
        async with aiohttp.ClientSession() as http:
            history = History(http, running.url, rng, report)
            for life in range(kills + 1):
                child = await _start(variant, running, data_dir)
                try:
                    await _connected(http, running.url)
                    last = life == kills
                    await history.live(None if last else rng.uniform(0.15, 0.7), least=FIRST if not life else LEAST)
                    if last:
                        await _quiet(http, running.url, db_url, told=variant == "sound")
                finally:
                    await _kill(child)
                if not last:
                    report.kills += 1
                    report.mid_work += await _undone(db_url)
                history.approvals.killed(await _read(db_url, standings))
            await history.judge(db_url)
    finally:
        await running.close()
    return report


async def _prepare(db_url: str, world: dict[str, Any], now: Any) -> None:
    db = Database(db_url)
    try:
        await upgrade(db)

        def work(tx: Tx) -> None:
            vault.check_key(tx, KEY)
            mirror(tx, world, now)
            give_union_ids(tx)
            load_world(tx, world, now)

        await db.system(work)
    finally:
        await db.close()


async def _start(variant: str, running: server.Running, data_dir: Path) -> asyncio.subprocess.Process:
    app = running.sandbox.app
    env = {
        **os.environ,
        "DINGCRM_API_BASE": running.url,
        "DINGCRM_OAPI_BASE": running.url,
        "DINGCRM_LOGIN_BASE": running.url,
        "DINGCRM_DATA_DIR": str(data_dir),
        "DINGCRM_DATABASE_URL": f"sqlite+aiosqlite:///{data_dir}/house.sqlite3",
        "DINGCRM_SECRET_KEY": KEY,
        "DINGCRM_CLIENT_ID": app.client_id,
        "DINGCRM_CLIENT_SECRET": app.client_secret,
        "DINGCRM_CORP_ID": running.sandbox.company.corp_id,
        "DINGCRM_AGENT_ID": str(app.agent_id),
        "DINGCRM_LOG_LEVEL": "ERROR",
        "NO_PROXY": "127.0.0.1",
    }
    log = (data_dir / "child.log").open("ab")
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.crash.child", variant, env=env, stdout=log, stderr=log
        )
    finally:
        log.close()


async def _kill(child: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.send_signal(signal.SIGKILL)
    await child.wait()


async def _connected(http: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(90):
        while True:
            async with http.get(f"{url}/sandbox/v1/health") as answer:
                if (await answer.json())["connections"]:
                    return
            await asyncio.sleep(0.02)


async def _read(db_url: str, work: Any) -> Any:
    db = Database(db_url)
    try:
        return await db.read(SYSTEM, work)
    finally:
        await db.close()


async def _undone(db_url: str) -> int:
    """1 if the kill left stored messages that were not worked off."""
    return int(bool(await _read(db_url, lambda tx: tx.exec(select(Inbox.key).where(Inbox.state == "new")).first())))


async def _quiet(http: aiohttp.ClientSession, url: str, db_url: str, *, told: bool) -> None:
    """Until the inbox is empty and, if `told`, the outbox: what a kill cut off there is sent again after a minute."""
    loop = asyncio.get_running_loop()

    def open_rows(tx: Tx) -> int:
        new = tx.exec(select(Inbox.key).where(Inbox.state == "new")).all()
        queued = tx.exec(select(Outbox.id).where(Outbox.state.in_(("queued", "sending")))).all()  # type: ignore[attr-defined]
        return len(new) + len(queued) * told

    # What many lives left leaves at DingTalk's pace, so the time it takes depends on how many they were.
    left, since = -1, loop.time()
    while count := await _read(db_url, open_rows):
        if count != left:
            left, since = count, loop.time()
        assert loop.time() - since < 120, f"{count} rows are stuck"
        await asyncio.sleep(0.2)


class History:
    """What the people did, and whether it was acknowledged."""

    def __init__(self, http: aiohttp.ClientSession, url: str, rng: random.Random, report: Report) -> None:
        self._http, self._url, self._rng, self._report = http, url, rng, report
        self._number = 0
        self.approvals = Approvals(http, url, rng)
        self.follow_ups: dict[str, str] = {}  # content → user, acknowledged
        self.assigned: dict[str, str] = {}  # customer → receiver, acknowledged
        self._sent: list[dict[str, Any]] = []

    async def live(self, seconds: float | None, *, least: int) -> None:
        """Traffic for so long and, on a slow machine, until `least` approvals' doings are done; or a last handful."""
        loop = asyncio.get_running_loop()
        until = loop.time() + (seconds + SLOW if seconds is not None else 0.5)
        people = [self._person(user, until) for user in (*SELLERS, "wang03") * 2] + self.approvals.people(until)
        workers = [asyncio.ensure_future(p) for p in people]
        if seconds is None:
            await asyncio.gather(*workers)
            return
        enough = self.approvals.acknowledged + least
        await asyncio.sleep(seconds)
        while self.approvals.acknowledged < enough and loop.time() < until:
            await asyncio.sleep(0.01)
        for worker in workers:  # the kill comes while they wait for an answer
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    async def _person(self, user: str, until: float) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < until:
            await self._say(user)
            await asyncio.sleep(self._rng.uniform(0.06, 0.24))  # what is said leaves at 20 a second

    async def _say(self, user: str) -> None:
        self._number += 1
        n, name, receiver = self._number, "", ""
        if self._sent and self._rng.random() < 0.1:
            body = self._rng.choice(self._sent[-50:])
            self._report.repeats += 1
            await self._post(body)
            return
        if user == "wang03":
            name, receiver = f"公海样本{n % 3000:04}号工厂", self._rng.choice(("赵磊", "周敏"))
            body = {"from": user, "text": f"分配 {name} 给 {receiver}", "msg_id": f"msgA{n}"}
        else:
            own = {"lina04": "华兴科技", "zhao05": "明德仪器", "zhou06": "深圳创想"}[user]
            body = {"from": user, "text": f"跟进 {own} 电话 样本记录第{n}号完", "msg_id": f"msgF{n}"}
        self._sent.append(body)
        if await self._post(body):
            self._report.acked += 1
            if user == "wang03":
                self.assigned[name] = receiver
            else:
                self.follow_ups[f"样本记录第{n}号完"] = user

    async def _post(self, body: dict[str, Any]) -> bool:
        async with self._http.post(f"{self._url}/sandbox/v1/messages", json=body) as answer:
            ack = (await answer.json())["ack"]
        return bool(ack and ack["code"] == 200)

    async def judge(self, db_url: str) -> None:
        """Compares what was acknowledged with what is there."""
        report = self._report

        def look(tx: Tx) -> tuple[Counter[str], dict[str, str | None], Counter[int]]:
            contents = Counter(tx.exec(select(FollowUp.content)).all())
            owners = {c.name: c.owner_id for c in tx.exec(select(Customer)).all()}
            claims = Counter(tx.exec(select(ClaimLog.customer_id)).all())
            return contents, owners, claims

        contents, owners, claims = await _read(db_url, look)
        report.lost += [c for c in self.follow_ups if contents[c] == 0]
        report.doubled += [c for c, count in contents.items() if count > 1]
        report.doubled += [str(c) for c, count in claims.items() if count > 1]
        report.lost += [name for name in self.assigned if owners.get(name) is None]
        async with self._http.get(f"{self._url}/sandbox/v1/notices") as answer:
            notices = (await answer.json())["items"]
        told = Counter(n["text"] for n in notices if n["fate"] == "delivered")
        for name, owner in owners.items():
            if not name.startswith("公海样本") or owner is None:
                continue
            count = sum(times for text, times in told.items() if f"「{name}」" in text)
            if count == 0:
                report.notices_missing.append(name)
            elif count > 1:
                report.notices_doubled.append(name)
        await self._judge_approvals(db_url)

    async def _judge_approvals(self, db_url: str) -> None:
        report, approvals = self._report, self.approvals
        found = await _read(db_url, standings)
        report.approvals = Counter(one.state for one in found)
        report.late_ends = sum(bool(ends) for ends in approvals.ended.values())
        report.lost += approvals.lost(found)
        report.doubled += approvals.doubled(found)
        missing, doubled = await approvals.notices(found)
        report.notices_missing += missing
        report.notices_doubled += doubled
        report.other += list(dict.fromkeys(approvals.wrong)) + await approvals.todos(found)
