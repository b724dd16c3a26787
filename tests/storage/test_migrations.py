"""The revisions make what the tables say, on both databases, and refuse what is newer than the program."""

import asyncio
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Text, inspect, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, select

from storage.database import Database, Tx
from storage.migrate import (
    NewerDatabase,
    config,
    current,
    foreign_keys_off,
    head,
    needs_upgrade,
    revisions,
    upgrade,
)
from storage.search_index import KINDS
from storage.tables import Departure, RoleMember
from storage.tables.search import ENTRY_CODES
from tests.support.company import load_company
from tests.support.databases import sqlite_url
from tests.support.postgres import fresh_database, need_postgres


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, SQLModel.metadata))


async def test_after_the_upgrade_nothing_is_left_to_migrate(database: Database) -> None:
    assert await current(database) == head()
    assert not await needs_upgrade(database)
    assert await database.connection(differences) == []


def test_files_are_named_for_their_revisions_and_lead_to_one_head() -> None:
    scripts = ScriptDirectory.from_config(config())
    assert scripts.get_heads() == [head()]
    assert {script.revision for script in scripts.walk_revisions()} == revisions()


def test_a_start_with_nothing_to_migrate_does_not_load_alembic() -> None:
    loaded = "import bot.commands.run, sys; print('alembic' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", loaded], check=True, capture_output=True, text=True).stdout == "False\n"
    )


async def test_every_table_is_there_and_no_other(database: Database) -> None:
    names = await database.connection(lambda c: set(inspect(c).get_table_names()))
    assert names == set(SQLModel.metadata.tables) | {"alembic_version"}


async def test_a_difference_would_be_found(database: Database) -> None:
    await database.connection(lambda c: c.execute(text("ALTER TABLE contact DROP COLUMN wechat")))
    assert len(await database.connection(differences)) == 1


async def test_an_empty_database_needs_the_upgrade(tmp_path: Path) -> None:
    db = Database(sqlite_url(tmp_path / "empty.sqlite3"))
    try:
        assert await current(db) is None
        assert await needs_upgrade(db)
        await upgrade(db)
        assert not await needs_upgrade(db)
    finally:
        await db.close()


@pytest.mark.postgres
async def test_two_replicas_may_migrate_at_once() -> None:
    need_postgres()
    async with fresh_database() as url:
        one, other = Database(url), Database(url)
        try:
            await asyncio.gather(upgrade(one), upgrade(other))
            assert await current(one) == head()
        finally:
            await one.close()
            await other.close()


async def test_the_upgrade_is_repeatable(database: Database) -> None:
    await load_company(database)
    await upgrade(database)
    count = await database.connection(lambda c: c.execute(text("SELECT count(*) FROM customer")).scalar_one())
    assert count == 12


async def test_a_newer_database_is_refused(database: Database) -> None:
    await database.connection(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(NewerDatabase, match="9999"):
        await upgrade(database)
    with pytest.raises(NewerDatabase):
        await needs_upgrade(database)


async def test_the_checks_of_the_tables_hold(database: Database) -> None:
    await load_company(database)
    for statement in (
        "UPDATE customer SET owner_id = NULL WHERE owner_id = 'lina04'",  # neither owned nor pooled
        "UPDATE role SET data_scope = 'everything'",
        "UPDATE customer SET name_key = 'same'",
        "UPDATE contact SET customer_id = 99999",
    ):
        with pytest.raises(IntegrityError):
            await database.connection(partial(Connection.execute, statement=text(statement)))


def _remake(connection: Connection) -> None:
    """As a batch revision does on SQLite: a new table, the rows copied, the old one dropped."""
    operations = Operations(MigrationContext.configure(connection))
    with operations.batch_alter_table("customer", recreate="always") as batch:
        batch.alter_column("remark", existing_type=Text(), nullable=True)


async def test_a_table_others_refer_to_can_be_made_anew(sqlite: Database) -> None:
    await load_company(sqlite)

    def work(connection: Connection) -> None:
        with foreign_keys_off(connection):
            _remake(connection)

    await sqlite.connection(work)
    assert await sqlite.connection(lambda c: c.exec_driver_sql("PRAGMA foreign_keys").scalar_one()) == 1
    assert await sqlite.connection(lambda c: c.exec_driver_sql("SELECT count(*) FROM contact").scalar_one()) == 3
    with pytest.raises(IntegrityError):  # without the switch the same fails
        await sqlite.connection(_remake)


async def test_a_migration_that_breaks_references_is_rolled_back(sqlite: Database) -> None:
    await load_company(sqlite)

    def work(connection: Connection) -> None:
        with foreign_keys_off(connection):
            connection.exec_driver_sql("DELETE FROM customer")

    with pytest.raises(RuntimeError, match="broke"):
        await sqlite.connection(work)
    assert await sqlite.connection(lambda c: c.exec_driver_sql("SELECT count(*) FROM customer").scalar_one()) == 12
    assert await sqlite.connection(lambda c: c.exec_driver_sql("PRAGMA foreign_keys").scalar_one()) == 1


async def test_who_left_before_comes_back_without_old_rights(database: Database) -> None:
    """Memberships of people who had left already are set aside by the revision, and the leaving counts as told."""
    await load_company(database)

    def as_it_was(connection: Connection) -> None:
        with foreign_keys_off(connection):
            command.downgrade(config(connection), "0006")
            connection.execute(
                text("UPDATE employee SET active = :no, left_at = joined_at WHERE user_id = 'wang03'"), {"no": False}
            )
            command.upgrade(config(connection), "head")

    await database.connection(as_it_was)

    def look(tx: Tx) -> tuple[list[str], list[Departure]]:
        return [m.user_id for m in tx.exec(select(RoleMember)).all()], list(tx.exec(select(Departure)).all())

    members, departures = await database.system(look)
    assert "wang03" not in members and "lina04" in members
    assert [(d.user_id, d.roles[0]["name"], d.roles[0]["departments"]) for d in departures] == [
        ("wang03", "部门经理", [101])
    ]
    assert departures[0].told_at is not None


async def test_search_entries_keep_their_kinds_when_those_are_written_shorter(database: Database) -> None:
    await load_company(database)
    entries = "SELECT kind, gram, ref_id FROM search_entry ORDER BY kind, gram, ref_id"
    before = await database.connection(lambda c: c.execute(text(entries)).all())

    def back(connection: Connection) -> set[str]:
        with foreign_keys_off(connection):
            command.downgrade(config(connection), "0030")
        return set(connection.execute(text("SELECT DISTINCT kind FROM search_entry")).scalars())

    assert {"customer.name", "contact.mobile"} <= await database.connection(back) <= set(ENTRY_CODES)

    def on(connection: Connection) -> None:
        with foreign_keys_off(connection):
            command.upgrade(config(connection), "head")

    await database.connection(on)
    assert await database.connection(lambda c: c.execute(text(entries)).all()) == before
    assert {row.kind for row in before} <= set(ENTRY_CODES.values())
    assert await database.connection(differences) == []


def test_every_kind_of_search_entry_has_a_code_of_its_own() -> None:
    assert set(ENTRY_CODES) == set(KINDS)
    assert len(set(ENTRY_CODES.values())) == len(ENTRY_CODES)
