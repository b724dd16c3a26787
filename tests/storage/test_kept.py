"""What is kept between messages is what the database says now, whoever changed it and whatever was taken back."""

import re
import sqlite3
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from bot.core.actor import SYSTEM
from bot.identity import rights_of
from storage import access, dictionaries, kept, people
from storage.database import DRIVER, Database, Tx
from storage.settings import put_setting, read_settings
from storage.tables import Employee, Setting, SetupStamp
from tests.support.company import NOW, load_company


def named(tx: Tx) -> str:
    return people.names_of(tx, ["lina04"])["lina04"]


def rename(tx: Tx, name: str) -> None:
    person = tx.get(Employee, "lina04")
    assert person is not None
    person.name = name
    tx.flush()


async def test_a_change_counts_at_once_in_its_own_transaction_and_in_the_next(database: Database) -> None:
    await load_company(database)

    def work(tx: Tx) -> list[str]:
        before = named(tx)
        rename(tx, "李新")
        return [before, named(tx)]

    assert (await database.system(work))[1] == "李新"
    assert await database.system(named) == "李新"
    assert await database.read(SYSTEM, named) == "李新"


async def test_what_was_taken_back_is_not_found_later(database: Database) -> None:
    await load_company(database)
    was = await database.system(named)

    def fails(tx: Tx) -> None:
        rename(tx, "李新")
        assert named(tx) == "李新"
        raise RuntimeError

    for _ in range(2):
        with suppress(RuntimeError):
            await database.system(fails)
        assert await database.system(named) == was


async def test_a_savepoint_taken_back_takes_what_was_read_in_it_along(database: Database) -> None:
    await load_company(database)

    def work(tx: Tx) -> tuple[str, str, str]:
        before, within = named(tx), ""
        try:
            with tx.begin_nested():
                rename(tx, "李新")
                within = named(tx)
                tx.add(Setting(name="opened"))  # there is one
                tx.flush()
        except IntegrityError:
            pass
        return before, within, named(tx)

    before, within, after = await database.system(work)
    assert (within, after) == ("李新", before)
    assert await database.system(named) == before


async def test_another_programs_change_counts_too(sqlite: Database) -> None:
    await load_company(sqlite)
    await sqlite.system(named)
    assert sqlite.path is not None
    other = sqlite3.connect(sqlite.path)
    other.execute("UPDATE employee SET name = '李新' WHERE user_id = 'lina04'")
    other.commit()
    other.close()
    assert await sqlite.system(named) == "李新"
    assert await sqlite.read(SYSTEM, named) == "李新"


@pytest.mark.parametrize("table", kept.TABLES)
async def test_every_kind_of_change_to_each_table_is_stamped(sqlite: Database, table: str) -> None:
    await load_company(sqlite)

    def work(tx: Tx) -> list[str]:
        tx.exec(select(SetupStamp)).all()
        driver = tx.connection().connection.dbapi_connection
        assert driver is not None
        driver.execute("PRAGMA defer_foreign_keys=ON")
        columns = [row[1] for row in driver.execute(f"PRAGMA table_info({table})").fetchall()]
        key = [row[1] for row in driver.execute(f"PRAGMA table_info({table})").fetchall() if row[5]]
        if not driver.execute(f"SELECT 1 FROM {table}").fetchone():
            driver.execute("PRAGMA ignore_check_constraints=ON")
            driver.execute(f"INSERT INTO {table} VALUES ({', '.join('1' for _ in columns)})")
        same = " AND ".join(f"a.{k} = b.{k}" for k in key)
        first = f"rowid = (SELECT min(rowid) FROM {table})"
        stamps = []
        for change in (
            f"UPDATE {table} SET {columns[-1]} = {columns[-1]} WHERE {first}",
            f"CREATE TEMP TABLE one AS SELECT * FROM {table} a WHERE {first}",
            f"DELETE FROM {table} AS a WHERE EXISTS (SELECT 1 FROM one b WHERE {same})",
            f"INSERT INTO {table} SELECT * FROM one",
            f"INSERT OR REPLACE INTO {table} SELECT * FROM one",
        ):
            driver.execute(change)
            stamps.append(driver.execute("SELECT value FROM setup_stamp").fetchone()[0])
        driver.execute("DROP TABLE one")
        driver.execute("PRAGMA ignore_check_constraints=OFF")
        return stamps

    updated, same, deleted, inserted, replaced = await sqlite.system(work)
    assert updated == same
    assert len({updated, deleted, inserted, replaced}) == 4


async def test_what_is_kept_reads_no_other_table(sqlite: Database) -> None:
    await load_company(sqlite)
    asked: list[str] = []
    sample: list[Any] = [
        read_settings,
        lambda tx: people.find_pass(tx, "lina04"),
        lambda tx: people.names_of(tx, ["lina04", "zhao05"]),
        lambda tx: people.with_subdepartments(tx, [1]),
        lambda tx: access.list_memberships(tx, "lina04"),
        lambda tx: dictionaries.choices_of(tx, "followup", "method"),
        lambda tx: rights_of(tx, "lina04", read_settings(tx)),
    ]

    def work(tx: Tx) -> None:
        put_setting(tx, "edition", "paid", by="", now=NOW)  # nothing kept before is used
        driver: Any = tx.info[DRIVER] if DRIVER in tx.info else tx.connection().connection.dbapi_connection
        driver.set_trace_callback(asked.append)
        for look in sample:
            look(tx)
        driver.set_trace_callback(None)

    await sqlite.system(work)
    read = {table for sql in asked for table in re.findall(r"(?:FROM|JOIN) (\w+)", sql)}
    assert read - set(kept.TABLES) == {"setup_stamp"}
    assert read >= {"setting", "employee", "role", "department", "field_dictionary"}


async def test_what_is_kept_is_asked_for_once(sqlite: Database) -> None:
    await load_company(sqlite)
    asked: list[str] = []

    def work(tx: Tx) -> None:
        for _ in range(3):
            people.find_pass(tx, "lina04")
            read_settings(tx)

    def traced(tx: Tx) -> None:
        driver = tx.connection().connection.dbapi_connection
        assert driver is not None
        driver.set_trace_callback(asked.append)
        work(tx)
        driver.set_trace_callback(None)

    await sqlite.system(work)
    await sqlite.system(traced)
    assert [sql.split()[:4] for sql in asked] == [["SELECT", "setup_stamp.value", "FROM", "setup_stamp"]]
