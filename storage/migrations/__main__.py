"""`python -m storage.migrations "what changes"`: drafts the next revision."""

import asyncio
import sys
import tempfile
from pathlib import Path

from alembic import command
from sqlalchemy import Connection

from storage.database import Database
from storage.migrate import config, head, upgrade


async def draft(message: str) -> None:
    """Compares the tables with a fresh database at head; the number is the next one."""

    def work(connection: Connection) -> None:
        number = f"{int(head()) + 1:04d}"
        command.revision(config(connection), message=message, autogenerate=True, rev_id=number)

    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite+aiosqlite:///{Path(folder) / 'draft.sqlite3'}")
        try:
            await upgrade(db)
            await db.connection(work)
        finally:
            await db.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit('usage: python -m storage.migrations "what changes"')
    asyncio.run(draft(sys.argv[1]))
