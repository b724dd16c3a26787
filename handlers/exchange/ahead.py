"""What an import writes next is spelled beside the writing of what comes before it: names cost as much as their rows.

Only what depends on nothing but the names themselves, so whoever does without it comes to the same.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from bot.core.actor import SYSTEM
from handlers.exchange.catalogue import KINDS
from handlers.exchange.cells import tidy
from handlers.exchange.engine import chosen_verdicts
from storage import exchange
from storage.database import Database, Tx
from storage.search_index import Known, known_of

MOST: Final = 1_000  # rows of one transaction, and spelled at once
T = TypeVar("T")


class Ahead:
    """Of one import at a time. On SQLite, where the writer is a thread of its own; elsewhere nothing is known ahead."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._of = 0
        self._spelled: list[tuple[int, Known]] = []  # up to which row, and what

    async def beside(self, exchange_id: int, cursor: int, write: Callable[[Known], Awaitable[T]]) -> T:
        """Does `write` with what is known of the rows behind the cursor, and spells those that come after them."""
        if self._db.kind != "sqlite":
            return await write({})
        if exchange_id != self._of:
            self._of, self._spelled = exchange_id, []
        self._spelled = [(last, known) for last, known in self._spelled if last > cursor]
        known: Known = {}
        for _, some in self._spelled:
            known |= some
        if len(self._spelled) > 1:  # others were let in: there is enough for twice
            return await write(known)
        after = self._spelled[-1][0] if self._spelled else cursor + MOST
        reading = asyncio.create_task(self._db.read(SYSTEM, lambda tx: _spell(tx, exchange_id, after)))
        try:
            return await write(known)
        finally:
            last, more = await reading
            if more:
                self._spelled.append((last, more))


def _spell(tx: Tx, exchange_id: int, after: int) -> tuple[int, Known]:
    job = exchange.get(tx, exchange_id)
    known: Known = {}
    if job is None:
        return after, known
    kind, fields = KINDS[job.kind], {int(at): field for at, field in job.mapping.items()}
    rows = exchange.waiting_rows(tx, exchange_id, after, limit=MOST, verdicts=chosen_verdicts(job))
    for row in rows:
        words = {fields[at]: tidy(cell) for at, cell in enumerate(row.cells) if at in fields}
        for table, found_by in kind.found_by(words):
            known |= known_of(table, found_by)
    return rows[-1].number if rows else after, known
