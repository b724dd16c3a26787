"""Brings a database's schema up to date, with Alembic (house 0.8)."""

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
    made.set_main_option("script_location", str(LOCATION))
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


async def upgrade(db: Database) -> None:
    """To the newest revision, in one transaction.

    Raises:
        NewerDatabase: the database is ahead of this program.
    """
    if await current(db) == head():
        return

    def work(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        at = _current(connection)
        known = {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}
        if at is not None and at not in known:
            raise NewerDatabase(f"数据库版本 {at} 比程序新，请升级 dingcrm 后再启动。")
        command.upgrade(config(connection), "head")

    await db.connection(work)
