"""3. A sentence becomes a follow-up, durably: the inbox and one transaction, synchronous=FULL."""

import asyncio
import itertools
import json
import sqlite3
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func
from sqlmodel import select

from bot.app import App
from storage.database import Database
from storage.inbox import NewFrame
from storage.tables import FollowUp
from tests.bench.company import bench_world, company_name, load, make_app, now, seller, sqlite_url
from tests.bench.figures import Figure, Scale, bounded, faster, p99

SELLERS, EACH, POOL = 200, 10, 100


async def measure(scale: Scale) -> list[Figure]:
    """Rates and p99 at so many people speaking at once."""
    rates: dict[int, list[float]] = {n: [] for n in scale.follow_ups_in_flight}
    latest: dict[int, list[float]] = {n: [] for n in scale.follow_ups_in_flight}
    commits: list[float] = []
    with tempfile.TemporaryDirectory(prefix="dingcrm-bench-") as name:
        directory = Path(name)
        db = Database(sqlite_url(directory))
        try:
            sellers = min(SELLERS, max(scale.follow_ups_in_flight))
            await load(db, bench_world(sellers, EACH, POOL))
            speakers = Speakers(make_app(db, directory, "http://127.0.0.1:9"))
            await speakers.app.inbox.start()
            try:
                await speakers.log(sellers * 2, sellers)  # warm
                said = sellers * 2
                for _ in range(scale.runs):
                    commits.append(await asyncio.to_thread(raw_commits, directory, scale.follow_ups))
                    for in_flight in scale.follow_ups_in_flight:
                        count = max(in_flight, scale.follow_ups if in_flight > 1 else scale.follow_ups // 4)
                        seconds, latencies = await speakers.log(count, in_flight)
                        said += count
                        rates[in_flight].append(count / seconds)
                        latest[in_flight].append(p99(latencies))
            finally:
                await speakers.app.inbox.stop()
                await speakers.app.close()
            stored = await db.system(lambda tx: tx.exec(select(func.count()).select_from(FollowUp)).one())
            assert stored == said, f"{stored} follow-ups stored of {said}"
        finally:
            await db.close()
    figures: list[Figure] = []
    for in_flight in scale.follow_ups_in_flight:
        goal = None if in_flight == 1 else 0.1
        title = f"follow-up logged, {in_flight} in flight"
        figures += [
            faster(title, rates[in_flight], commits, unit="/s", against="raw sqlite3 FULL commits", at_least=goal),
            bounded("its p99", latest[in_flight], unit="ms", at_most=80 if in_flight == 50 else None),
        ]
    return figures


@dataclass
class Speakers:
    """People who each say the next sentence when the last one is worked off."""

    app: App
    _done: dict[str, asyncio.Future[None]] = field(default_factory=dict)
    _ids: "itertools.count[int]" = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        work = self.app.inbox._work

        async def then_tell(frame: NewFrame) -> None:
            await work(frame)
            self._done.pop(frame.key).set_result(None)

        self.app.inbox._work = then_tell

    async def log(self, count: int, in_flight: int) -> tuple[float, list[float]]:
        """`count` sentences by `in_flight` people; seconds in all, and each."""
        latencies: list[float] = []
        left = iter(range(count))

        async def speak(number: int) -> None:
            for turn in left:
                customer = company_name(number * EACH + turn % EACH)
                began = time.perf_counter()
                await self._say(seller(number), f"跟进 {customer} 电话聊了报价，下周三下午3点再打")
                latencies.append(time.perf_counter() - began)

        began = time.perf_counter()
        await asyncio.gather(*(speak(n) for n in range(in_flight)))
        return time.perf_counter() - began, latencies

    async def _say(self, user_id: str, words: str) -> None:
        key = f"bot:bench{next(self._ids)}"
        body = {
            "user_id": user_id, "text": words, "kind": "text", "group": False, "conversation_id": "",
            "sender_nick": user_id, "sent_at": now().isoformat(), "content": {},
        }  # fmt: skip
        done = self._done[key] = asyncio.get_running_loop().create_future()
        await self.app.inbox.take(key, f"user:{user_id}", "bot", json.dumps(body, ensure_ascii=False))
        await done


def raw_commits(directory: Path, count: int) -> float:
    """Rows a second into the same disk, one commit each, nothing around them."""
    connection = sqlite3.connect(directory / "raw.sqlite3", isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)")
        began = time.perf_counter()
        for n in range(count):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO t (a, b) VALUES (?, ?)", (f"u{n}", "电话聊了报价，下周三下午3点再打"))
            connection.execute("COMMIT")
        return count / (time.perf_counter() - began)
    finally:
        connection.close()
