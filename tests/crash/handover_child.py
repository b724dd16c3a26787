"""A process that hands over and is killed in the middle: at its n-th statement, or (0) never.

Says how many statements it ran, when it lives to say it.
"""

import asyncio
import os
import signal
import sys
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import event

from bot.context import make_context
from bot.core.clock import BEIJING
from bot.identity import identify
from handlers.handover.parties import Wanted
from handlers.handover.service import hand_over, preview, undo_handover
from storage.database import Database, Tx
from storage.settings import read_settings

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=BEIJING)
KINDS = ("customer", "opportunity", "contract", "lead")


async def main(url: str, what: str, at: int) -> None:
    db = Database(url)
    count = 0

    def strike(*_: Any) -> None:
        nonlocal count
        count += 1
        if count == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def work(tx: Tx) -> None:
        connection = tx.connection()
        if connection.dialect.name == "sqlite":  # made-once statements go to its driver directly
            driver: Any = connection.connection.dbapi_connection
            driver.set_trace_callback(strike)
        else:
            event.listen(connection, "before_cursor_execute", strike)
        settings = read_settings(tx)
        ctx = make_context(tx, identify(tx, "chen01", settings), NOW, settings, "chat")
        if what == "undo":
            ctx.now = NOW + timedelta(hours=1)
            undo_handover(ctx, {"handover_id": 1})
            return
        wanted = Wanted("lina04", "zhao05", KINDS)
        assert hand_over(ctx, wanted, shown=preview(ctx, wanted).moving).handover_id is not None

    await db.unit(None, work)
    await db.close()
    print(count)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
