"""Brings a database's schema up to date, with Alembic (house 0.8). How to add a revision: `storage.migrations`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from bot.core.errors import AppError
from storage.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

LOCATION = Path(__file__).parent / "migrations"
LOCK = 7023041  # PostgreSQL advisory lock: two replicas starting at once migrate one after the other


class NewerDatabase(AppError, code="newer_database"):
    """The database was written by a newer version of the program."""


def config(connection: Connection | None = None) -> "Config":
    """Alembic's configuration; there is no ini file.

    Alembic is loaded here: a start that has nothing to migrate does without it and all revisions.
    """
    from alembic.config import Config  # noqa: PLC0415 -- only where something is migrated

    made = Config()
    made.set_main_option("script_location", str(LOCATION).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    if connection is not None:
        made.attributes["connection"] = connection
    return made


def head() -> str:
    """The revision this program is written for."""
    return max(revisions())


def revisions() -> set[str]:
    """All that this program knows, by the files' names: `0026_open_messages.py` is revision 0026."""
    return {path.name.partition("_")[0] for path in (LOCATION / "versions").glob("[0-9]*_*.py")}


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return found


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
    from alembic import command  # noqa: PLC0415 -- only where something is migrated

    def work(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        _check_known(_current(connection))  # another process may have been faster
        with foreign_keys_off(connection):
            command.upgrade(config(connection), "head")

    await db.connection(work)


def _check_known(at: str | None) -> None:
    if at is not None and at not in revisions():
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
