"""Whoever is left much takes up all of it, each person's in order, before what comes after it (house 0.2)."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.core.clock import FixedClock, SystemClock
from bot.stream.inbox import GATHER, InboxWorker
from storage import inbox
from storage.database import Database, DatabaseBusy, Tx
from storage.inbox import TAKEN, NewFrame
from tests.support.company import NOW

PEOPLE = ("lina04", "zhao05", "zhou06")
LEFT = 2 * TAKEN + 100


@asynccontextmanager
async def working(database: Database) -> AsyncIterator[tuple[InboxWorker, list[NewFrame]]]:
    """A worker that is started, and what it has worked; in the end everything is."""
    worked: list[NewFrame] = []

    async def work(frame: NewFrame) -> None:
        worked.append(frame)
        await database.system(lambda tx: inbox.finish(tx, frame.key, now=NOW))

    worker = InboxWorker(database, FixedClock(NOW), work, alone=database.kind == "sqlite")
    await worker.start()
    try:
        yield worker, worked
        async with asyncio.timeout(120):
            while not worker.idle:
                await asyncio.sleep(0.02)
    finally:
        await worker.stop()


def by_lane(worked: list[NewFrame]) -> dict[str, list[int]]:
    numbers = defaultdict[str, list[int]](list)
    for frame in worked:
        numbers[frame.lane].append(int(frame.key.removeprefix("bot:")))
    return numbers


async def test_a_long_rest_is_worked_in_order_and_before_what_is_new(database: Database) -> None:
    frames = [NewFrame(f"bot:{n}", f"user:{PEOPLE[n % 3]}", "bot", "{}") for n in range(LEFT)]
    long_ago = SystemClock().now() - 2 * inbox.LEASE
    await database.system(lambda tx: inbox.store(tx, frames, holder="killed", now=NOW, wall=long_ago))
    async with working(database) as (worker, worked):
        for n in range(LEFT, LEFT + len(PEOPLE)):
            assert await worker.take(f"bot:{n}", f"user:{PEOPLE[n % 3]}", "bot", "{}")
    assert len(worked) == LEFT + len(PEOPLE)
    for lane, numbers in by_lane(worked).items():
        assert numbers == sorted(numbers), f"{lane} is out of order"
    assert await database.system(inbox.count_new) == 0


async def test_nothing_is_taken_over_twice(sqlite: Database) -> None:
    frames = [NewFrame(f"bot:{n}", "user:lina04", "bot", "{}") for n in range(TAKEN + 1)]
    now = SystemClock().now()
    await sqlite.system(lambda tx: inbox.store(tx, frames, holder="killed", now=NOW, wall=now))
    for expected in (TAKEN, 1, 0):
        left = await sqlite.system(lambda tx: inbox.take_over(tx, holder="me", wall=now, all_of_them=True))
        assert len(left) == expected


async def test_what_comes_while_others_are_stored_keeps_its_order(database: Database) -> None:
    """A burst, frames that drop in while the writer is at work, and a repeat."""
    count = 2 * GATHER + 150
    async with working(database) as (worker, worked):
        waiting = []
        for n in range(count):
            waiting.append(worker.take(f"bot:{n}", f"user:{PEOPLE[n % 3]}", "bot", "{}"))
            if n > 2 * GATHER:
                await asyncio.sleep(0.002)
        assert all(await asyncio.gather(*waiting))
        assert not await worker.take("bot:7", "user:lina04", "bot", "{}"), "a repeat"
    assert {lane: len(numbers) for lane, numbers in by_lane(worked).items()} == {
        f"user:{who}": len(range(n, count, 3)) for n, who in enumerate(PEOPLE)
    }
    for lane, numbers in by_lane(worked).items():
        assert numbers == sorted(numbers), f"{lane} is out of order"


async def test_what_could_not_be_stored_is_not_acknowledged_and_stops_nobody(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = inbox.store

    def failing(tx: Tx, frames: list[NewFrame], **more: Any) -> list[NewFrame]:
        if any(frame.key == "bot:0" for frame in frames):
            raise RuntimeError("the disk is full")
        return store(tx, frames, **more)

    monkeypatch.setattr(inbox, "store", failing)
    async with working(database) as (worker, worked):
        lost = worker.take("bot:0", "user:lina04", "bot", "{}")
        with pytest.raises(RuntimeError, match="disk is full"):
            await lost
        assert await worker.take("bot:1", "user:lina04", "bot", "{}")
    assert [frame.key for frame in worked] == ["bot:1"]


async def test_without_a_database_nothing_is_acknowledged_and_later_all_goes_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(_work: object, *, urgent: bool = False) -> None:
        raise DatabaseBusy

    async with working(database) as (worker, worked):
        with monkeypatch.context() as locked:
            locked.setattr(database, "system", busy)
            lost = [worker.take(f"bot:{n}", "user:lina04", "bot", "{}") for n in range(3)]
            async with asyncio.timeout(20):
                assert all(isinstance(one, DatabaseBusy) for one in await asyncio.gather(*lost, return_exceptions=True))
        assert await worker.take("bot:0", "user:lina04", "bot", "{}"), "it comes again"
    assert [frame.key for frame in worked] == ["bot:0"]
