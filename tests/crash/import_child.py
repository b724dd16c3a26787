"""A process that works an import off and is killed at its n-th piece, before that piece is committed, or (0) never."""

import asyncio
import os
import signal
import sys
from datetime import datetime
from typing import Any

from bot.core.clock import BEIJING, FixedClock
from bot.jobs.spec import Toolbox
from handlers.exchange import engine
from handlers.exchange.work import work_off
from storage import exchange
from storage.database import Database

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=BEIJING)


async def main(url: str, at: int) -> None:
    count = 0

    def struck(real: Any) -> Any:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            nonlocal count
            done = real(*arguments, **named)
            count += 1
            if count == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return done

        return wrapped

    engine.look_at = struck(engine.look_at)
    engine.write_rows = struck(engine.write_rows)
    engine.take_back = struck(engine.take_back)
    db = Database(url)
    tools = Toolbox(db, FixedClock(NOW), None, None)  # type: ignore[arg-type]
    while await db.read(None, exchange.is_any_open):
        await work_off(tools, seconds=60)
    await db.close()
    print(count)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
