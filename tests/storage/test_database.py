"""Units of work: commit, rollback, waiting, and what happens when two want the same."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select, update

import storage.database
from bot.core.actor import SYSTEM, Scope
from bot.core.clock import BEIJING
from storage.database import Database, DatabaseBusy, Tx
from storage.tables import Customer, Lease, Setting
from tests.support.company import NOW, load_company


class _Stop(Exception):
    pass


def _put(name: str) -> Callable[[Tx], None]:
    def work(tx: Tx) -> None:
        tx.add(Setting(name=name, value=1))

    return work


def _names(tx: Tx) -> list[str]:
    return list(tx.exec(select(Setting.name).order_by(col(Setting.name))).all())


async def test_a_unit_commits_when_it_returns(database: Database) -> None:
    assert await database.system(lambda tx: "value" if _put("a")(tx) is None else "") == "value"
    assert await database.read(SYSTEM, _names) == ["a"]


async def test_a_unit_that_raises_leaves_nothing(database: Database) -> None:
    """Invariant 71."""

    def work(tx: Tx) -> None:
        _put("a")(tx)
        tx.flush()
        raise _Stop

    with pytest.raises(_Stop):
        await database.system(work)
    assert await database.read(SYSTEM, _names) == []


async def test_a_unit_the_database_refuses_leaves_nothing(database: Database) -> None:
    await database.system(_put("b"))

    def work(tx: Tx) -> None:
        _put("a")(tx)
        tx.flush()
        _put("b")(tx)

    with pytest.raises(IntegrityError):
        await database.system(work)
    assert await database.read(SYSTEM, _names) == ["b"]


async def test_the_next_unit_works_after_one_that_failed(database: Database) -> None:
    for _ in range(20):  # more than there are connections: none is lost
        with pytest.raises(IntegrityError):
            await database.system(lambda tx: tx.add_all([Setting(name="x", value=1), Setting(name="x", value=2)]))
    await database.system(_put("a"))
    assert await database.read(SYSTEM, _names) == ["a"]


async def test_what_a_unit_returns_can_be_read_afterwards(database: Database) -> None:
    await load_company(database)
    rows = await database.unit(Scope("lina04"), lambda tx: tx.exec(select(Customer)).all())
    assert {one.owner_id for one in rows} == {"lina04"}


async def test_units_do_not_run_on_the_event_loop(sqlite: Database) -> None:
    here = threading.current_thread().name
    assert await sqlite.system(lambda _: threading.current_thread().name) != here
    assert await sqlite.read(SYSTEM, lambda _: threading.current_thread().name) != here


async def test_the_loop_turns_while_a_unit_waits(sqlite: Database) -> None:
    released = threading.Event()
    unit = asyncio.create_task(sqlite.system(lambda _: released.wait(10)))
    await asyncio.sleep(0)
    assert not unit.done()
    released.set()
    assert await unit


async def test_readers_do_not_queue_behind_the_writer(sqlite: Database) -> None:
    await sqlite.system(_put("a"))
    inside, released = threading.Event(), threading.Event()

    def write(tx: Tx) -> bool:
        _put("b")(tx)
        tx.flush()
        inside.set()
        return released.wait(10)

    unit = asyncio.create_task(sqlite.system(write))
    await asyncio.to_thread(inside.wait, 10)
    assert await sqlite.read(SYSTEM, _names) == ["a"]  # what was committed
    released.set()
    assert await unit
    assert await sqlite.read(SYSTEM, _names) == ["a", "b"]


async def test_one_conditional_update_has_one_winner(database: Database) -> None:
    await load_company(database)
    key = await database.system(lambda tx: tx.exec(select(Customer.id).where(col(Customer.owner_id).is_(None))).first())

    def claim(user: str) -> Callable[[Tx], int]:
        query = (
            update(Customer)
            .where(col(Customer.id) == key, col(Customer.owner_id).is_(None))
            .values(owner_id=user, owner_since=NOW, pooled_at=None)
            .execution_options(synchronize_session=False)
        )
        return lambda tx: tx.execute(query).rowcount  # type: ignore[attr-defined]

    rows = await asyncio.gather(*(database.system(claim(f"user{n}")) for n in range(50)))
    assert sum(rows) == 1


async def test_units_that_lock_each_other_are_run_again(postgres: Database) -> None:
    """Two units take two rows in opposite order: PostgreSQL ends one, and it is run once more."""
    await postgres.system(lambda tx: tx.add_all([Setting(name="a", value=0), Setting(name="b", value=0)]))
    runs: list[str] = []

    def work(first: str, second: str) -> Callable[[Tx], None]:
        def body(tx: Tx) -> None:
            runs.append(first)
            for name in (first, second):
                row = tx.exec(select(Setting).where(Setting.name == name).with_for_update()).one()
                row.value += 1
                tx.add(row)
                tx.flush()

        return body

    for _ in range(3):
        await asyncio.gather(postgres.system(work("a", "b")), postgres.system(work("b", "a")))
    values = await postgres.system(lambda tx: [one.value for one in tx.exec(select(Setting)).all()])
    assert values == [6, 6]
    assert len(runs) >= 6


async def test_another_process_that_holds_the_lock_is_told_apart(
    sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage.database, "LOCK_WAIT", 0.05)
    impatient = Database(f"sqlite+aiosqlite:///{sqlite.path}")
    other = sqlite3.connect(str(sqlite.path), isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseBusy):
            await impatient.system(_put("a"))
        other.execute("COMMIT")
        await impatient.system(_put("a"))
        assert await sqlite.read(SYSTEM, _names) == ["a"]
    finally:
        other.close()
        await impatient.close()


@pytest.mark.parametrize(
    "url",
    ["sqlite+aiosqlite:///:memory:", "sqlite+aiosqlite://", "mysql+aiomysql://root@localhost/x"],
)
def test_other_databases_are_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError):
        Database(url)


async def test_moments_come_back_as_beijing_time(database: Database) -> None:
    moment = datetime(2026, 3, 2, 1, 30, tzinfo=BEIJING)
    await database.system(lambda tx: tx.add(Lease(name="x", holder="me", epoch=1, until=moment)))
    back = await database.system(lambda tx: tx.exec(select(Lease.until)).one())
    assert back == moment
    assert back.utcoffset() == timedelta(hours=8)


async def test_a_moment_without_an_offset_is_refused(database: Database) -> None:
    naive = datetime(2026, 3, 2, 1, 30)  # noqa: DTZ001 -- what is refused
    with pytest.raises(Exception, match="naive"):
        await database.system(lambda tx: tx.add(Lease(name="x", holder="me", epoch=1, until=naive)))


def _together(db: Database, *bodies: Callable[[Tx], object]) -> "asyncio.Future[list[object]]":
    """Units that wait at the same time: the first holds the thread until the others are queued."""
    queued = threading.Event()
    first = asyncio.ensure_future(db.system(lambda _: queued.wait(10)))
    units = [asyncio.ensure_future(db.system(body)) for body in bodies]
    asyncio.get_running_loop().call_soon(lambda: asyncio.get_running_loop().call_soon(queued.set))
    return asyncio.gather(first, *units, return_exceptions=True)


def _broken(tx: Tx) -> None:
    _put("broken")(tx)
    tx.flush()
    raise _Stop


async def test_units_that_wait_together_share_a_commit(sqlite: Database) -> None:
    commits: list[object] = []
    event.listen(sqlite._writer, "commit", commits.append)
    results = await _together(sqlite, *(_put(name) for name in "abcdef"))
    assert results == [True, *[None] * 6]
    assert await sqlite.read(SYSTEM, _names) == list("abcdef")
    assert len(commits) < 7


async def test_a_unit_fails_alone_in_its_group(sqlite: Database) -> None:
    _, a, broken, b = await _together(sqlite, _put("a"), _broken, _put("b"))
    assert (a, type(broken), b) == (None, _Stop, None)
    assert await sqlite.read(SYSTEM, _names) == ["a", "b"]


async def test_a_unit_that_ends_the_transaction_takes_no_other_with_it(sqlite: Database) -> None:
    await sqlite.system(_put("there"))
    runs: list[str] = []

    def noted(name: str) -> Callable[[Tx], str]:
        def body(tx: Tx) -> str:
            runs.append(name)
            _put(name)(tx)
            return name

        return body

    _, a, twin, b = await _together(sqlite, noted("a"), _put("there"), noted("b"))
    assert (a, type(twin), b) == ("a", IntegrityError, "b")
    assert await sqlite.read(SYSTEM, _names) == ["a", "b", "there"]
    assert runs == ["a", "a", "b"]  # the first was run again


async def test_nobody_is_told_of_success_before_the_commit(sqlite: Database) -> None:
    """Invariant 71."""

    def fails_at_the_end(tx: Tx) -> None:
        tx.connection().exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        tx.connection().exec_driver_sql("INSERT INTO role_function (role_id, function) VALUES (77, 'x')")

    _, a, b = await _together(sqlite, _put("a"), fails_at_the_end)
    assert isinstance(a, IntegrityError) and isinstance(b, IntegrityError)
    assert await sqlite.read(SYSTEM, _names) == []
    await sqlite.system(_put("a"))
    assert await sqlite.read(SYSTEM, _names) == ["a"]


async def test_losers_of_a_deadlock_do_not_meet_in_the_next(postgres: Database) -> None:
    """Eight units on two rows in opposite order; run again together they used up every retry."""
    await postgres.system(lambda tx: tx.add_all([Setting(name="a", value=0), Setting(name="b", value=0)]))

    def body(names: str) -> Callable[[Tx], None]:
        def work(tx: Tx) -> None:
            for name in names:
                row = tx.exec(select(Setting).where(Setting.name == name).with_for_update()).one()
                row.value += 1
                tx.add(row)
                tx.flush()

        return work

    await asyncio.gather(*(postgres.system(body("ab" if n % 2 else "ba")) for n in range(8)))
    assert await postgres.system(lambda tx: [one.value for one in tx.exec(select(Setting)).all()]) == [8, 8]
