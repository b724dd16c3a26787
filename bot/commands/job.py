"""`dingcrm job NAME [--now ISO]`: one scheduled job, once; what it causes is sent before the command ends."""

import argparse
import asyncio
import contextlib
import json
from datetime import datetime

from bot.app import App
from bot.commands import house
from bot.commands.house import Refused
from bot.core.clock import Clock, FixedClock, SystemClock
from bot.jobs.runner import JobRun, UnknownJob
from bot.settings import Settings, read_settings

PATIENCE = 20.0  # seconds for its messages to leave


def main(given: argparse.Namespace) -> int:
    """Exit 1 if the job failed."""
    outcome = run_job(given.name, house.read_moment(given.now))
    line = {"name": outcome.name, "due": outcome.due.isoformat(), "result": outcome.result, "failed": outcome.failed}
    print(json.dumps(line, ensure_ascii=False) if given.json else f"{outcome.name}：{outcome.result}")
    return 1 if outcome.failed else 0


def run_job(name: str, now: datetime | None) -> JobRun:
    """Runs a job against the settings' database and DingTalk. Raises Refused, BadSettings."""
    return house.go(_job(name, now))


async def _job(name: str, now: datetime | None) -> JobRun:
    settings = read_settings()
    house.log_to_stderr("WARNING" if settings.log_level == "INFO" else settings.log_level)
    now = now or await house.sandbox_clock(settings)
    clock: Clock = FixedClock(now) if now is not None else SystemClock()
    async with house.open_database(settings) as db:
        who = await house.find_credentials(settings, db)
        app = App(settings, db, clock, lambda: who)
        try:
            outcome = await app.jobs.run_once(name)
            if _running(settings):
                return outcome  # the running app's delivery sends what it caused
            app.delivery.start()
            await _delivered(app)
        except UnknownJob as unknown:
            raise Refused(str(unknown)) from unknown
        else:
            return outcome
        finally:
            await app.delivery.stop()
            await app.close()


async def _delivered(app: App) -> None:
    """What does not leave in time stays queued for the app."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while await app.delivery.open_count():  # noqa: ASYNC110 -- other processes may send them too
                await asyncio.sleep(0.05)


def _running(settings: Settings) -> bool:
    """Whether an app runs on this database (SQLite; on PostgreSQL every replica sends)."""
    try:
        lock = house.alone(settings)
    except Refused:
        return True
    if lock is not None:
        lock.close()
    return False
