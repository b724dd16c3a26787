"""`dingcrm run`: the app, against real DingTalk or a sandbox, by settings."""

import argparse
import asyncio
import contextlib

from bot.app import App
from bot.commands import house
from bot.core.clock import SystemClock
from bot.settings import read_settings


def main(given: argparse.Namespace) -> int:  # noqa: ARG001 -- all comes from the settings
    """Runs until it is told to stop."""
    return house.go(_run())


async def _run() -> int:
    settings = read_settings()
    house.log_to_stderr(settings.log_level)
    lock = house.alone(settings)
    try:
        async with house.open_database(settings) as db:
            who = await house.find_credentials(settings, db)
            app = App(settings, db, SystemClock(), lambda: who)
            await app.start()
            first = asyncio.create_task(app.jobs.run_once("sync"))  # heals what was missed while down
            print("dingcrm 已启动，按 Ctrl-C 停止。", flush=True)
            try:
                await house.wait_for_signal()
            finally:
                first.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await first
                await app.stop()
    finally:
        if lock is not None:
            lock.close()
    return 0
