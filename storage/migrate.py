"""Brings a database's schema up to date, with Alembic (house 0.8). How to add a revision: `storage.migrations`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from bot.core.errors import AppError
from storage.database import Database

LOCATION = Path(__file__).parent / "migrations"
LOCK = 7023041  # PostgreSQL advisory lock: two replicas starting at once migrate one after the other


class NewerDatabase(AppError, code="newer_database"):
    """The database was written by a newer version of the program."""


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration; there is no ini file."""
    made = Config()
    made.set_main_option("script_location", str(LOCATION).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    if connection is not None:
        made.attributes["connection"] = connection
    return made


def head() -> str:
    """The revision this program is written for."""
    found = ScriptDirectory.from_config(config()).get_current_head()
    assert found is not None
    return found


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


async def current(db: Database) -> str | None:
    """The database's revision; None: it is empty."""
    return await db.connection(_current)


async def needs_upgrade(db: Database) -> bool:
    """Whether `upgrade` would do something.

    Raises:
        NewerDatabase: the database is ahead of this program.
    """
    at = await current(db)
    _check_known(at)
    return at != head()


async def upgrade(db: Database) -> None:
    """To the newest revision, in one transaction: a failure leaves the schema as it was.

    Raises:
        NewerDatabase: the database is ahead of this program.
    """
    if not await needs_upgrade(db):
        return

    def work(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        _check_known(_current(connection))  # another process may have been faster
        with foreign_keys_off(connection):
            command.upgrade(config(connection), "head")

    await db.connection(work)


def _check_known(at: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}
    if at is not None and at not in known:
        raise NewerDatabase(f"数据库版本 {at} 比程序新，请升级 dingcrm 后再启动。")


@contextmanager
def foreign_keys_off(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by making it anew and dropping the old one, which enforced keys would not let pass.

    The switch has no effect inside a transaction, so this one is ended and another begun, and the keys are checked
    by hand before it ends. PostgreSQL needs none of that.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    _say(connection, "COMMIT", "PRAGMA foreign_keys=OFF", "BEGIN IMMEDIATE")
    try:
        yield
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise RuntimeError(f"the migration broke {len(broken)} references, the first of {broken[0]}")
    except BaseException:
        _say(connection, "ROLLBACK", "PRAGMA foreign_keys=ON", "BEGIN IMMEDIATE")
        raise
    _say(connection, "COMMIT", "PRAGMA foreign_keys=ON", "BEGIN IMMEDIATE")


def _say(connection: Connection, *statements: str) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)
