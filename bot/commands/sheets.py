"""What `import`, `export` and `template` share: a company's database, the clock, and files that are written whole."""

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

from bot.commands import house
from bot.commands.house import Refused
from bot.context import Context, make_context
from bot.core.actor import SYSTEM_ACTOR
from bot.core.clock import Clock, FixedClock, SystemClock
from bot.jobs.spec import Toolbox
from bot.settings import read_settings
from storage.database import Database, Tx
from storage.settings import read_settings as read_company

T = TypeVar("T")


class Desk:
    """The system's own desk: its rights are the system's, and its work is done before the command ends."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self.db, self.clock = db, clock
        self.tools = Toolbox(db, clock, None, _no_fates)

    async def run(self, work: Callable[[Tx, Context], T]) -> T:
        """One transaction."""

        def unit(tx: Tx) -> T:
            return work(tx, make_context(tx, SYSTEM_ACTOR, self.clock.now(), read_company(tx), "import"))

        return await self.db.unit(None, unit)


async def _no_fates(_task_id: str, _user_ids: list[str]) -> dict[str, str]:
    return {}


@contextlib.asynccontextmanager
async def open_desk() -> AsyncIterator[Desk]:
    """On the settings' database. Raises Refused."""
    settings = read_settings()
    house.log_to_stderr("WARNING" if settings.log_level == "INFO" else settings.log_level)
    now = await house.sandbox_clock(settings)
    async with house.open_database(settings, create=False) as db:
        yield Desk(db, FixedClock(now) if now is not None else SystemClock())


def read_file(path: str) -> bytes:
    """Raises Refused."""
    try:
        return Path(path).read_bytes()
    except OSError as missing:
        raise Refused(f"读不了 {path}：{missing.strerror}") from missing


def write_file(path: str, content: bytes) -> None:
    """Whole or not at all. Raises Refused."""
    target = Path(path)
    part = target.with_name(f".{target.name}.part")
    try:
        part.write_bytes(content)
        part.replace(target)
    except OSError as refused:
        part.unlink(missing_ok=True)
        raise Refused(f"写不了 {path}：{refused.strerror}") from refused
