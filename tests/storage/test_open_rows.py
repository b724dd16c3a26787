"""Sending and working off look at what is open, not at a month of what is done; and they take what they shall."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.clock import BEIJING
from storage import inbox, outbox
from storage.database import Database, Tx
from storage.inbox import NewFrame
from tests.support.databases import sqlite_copy

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=BEIJING)
LATER = NOW + timedelta(minutes=1)


def _put(tx: Tx, key: str, lane: str, *, not_before: datetime = NOW) -> None:
    outbox.put(tx, key=key, lane=lane, channel="robot", payload={"text": key}, now=NOW, not_before=not_before)


def _take(
    tx: Tx, holder: str = "one", *, at: datetime = NOW, busy: set[str] | None = None, limit: int = 9
) -> list[str]:
    return [m.key for m in outbox.take(tx, holder=holder, now=at, wall=at, limit=limit, busy=busy or set())]


async def test_the_next_of_each_lane_that_is_free_and_due(database: Database) -> None:
    def fill(tx: Tx) -> None:
        for key, lane in (("a1", "a"), ("a2", "a"), ("b1", "b"), ("c1", "c"), ("d1", "d")):
            _put(tx, key, lane, not_before=LATER if key == "c1" else NOW)
        _put(tx, "c2", "c")

    await database.system(fill)
    assert await database.system(lambda tx: _take(tx, busy={"b"})) == ["a1", "d1"], "c2 waits behind c1, b is busy"
    assert await database.system(lambda tx: _take(tx, "another")) == ["b1"], "a1 and d1 are held by the first"
    assert await database.system(lambda tx: _take(tx, "another", at=LATER)) == ["a1", "b1", "c1", "d1"], "leases end"
    assert await database.system(lambda tx: _take(tx, at=LATER + timedelta(minutes=2), limit=2)) == ["a1", "b1"]


STEPS: dict[str, Callable[[Tx], Any]] = {
    "take": _take,
    "refresh": lambda tx: outbox.refresh_cards(tx, ["dc-1"], now=NOW),
    "follow": lambda tx: outbox.follow_update(tx, "dc-1", now=NOW),
    "call off": lambda tx: outbox.cancel_for(tx, ["lina04"], now=NOW),
    "count": lambda tx: outbox.count_open(tx, now=NOW),
    "next": outbox.next_due,
    "take over": lambda tx: inbox.take_over(tx, holder="one", wall=LATER),
    "renew": lambda tx: inbox.renew(tx, holder="one", wall=LATER),
    "count new": inbox.count_new,
}


@pytest.mark.parametrize("step", STEPS)
async def test_nothing_looks_through_the_whole_table(sqlite_file: Path, tmp_path: Path, step: str) -> None:
    def fill(tx: Tx) -> None:
        _put(tx, "m1", "user:lina04")
        outbox.refresh_cards(tx, ["dc-2"], now=NOW)
        inbox.store(tx, [NewFrame("bot:1", "user:lina04", "bot", "{}")], holder="two", now=NOW, wall=NOW)

    def ways(tx: Tx) -> list[str]:
        driver: Any = tx.connection().connection.dbapi_connection
        said: list[str] = []
        driver.set_trace_callback(said.append)
        STEPS[step](tx)
        tx.flush()
        driver.set_trace_callback(None)
        asked = [one for one in said if one.split(None, 1)[0] in {"SELECT", "UPDATE"}]
        assert asked, "nothing was asked: the test is broken"
        return [row[3] for one in asked for row in driver.execute(f"EXPLAIN QUERY PLAN {one}").fetchall()]

    async with sqlite_copy(sqlite_file, tmp_path) as db:
        await db.system(fill)
        for way in await db.system(ways):
            assert (
                not way.startswith(("SCAN outbox", "SCAN inbox")) or "ix_outbox_open" in way or "ix_inbox_new" in way
            ), way
