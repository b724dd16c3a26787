"""APScheduler wakes the runner; what is due stands in tables (house 0.11)."""

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.core.clock import BEIJING
from bot.jobs.runner import JobRunner

EVERY = 1  # seconds between looks; one short read each


class JobScheduler:
    """The alarm clock."""

    def __init__(self, runner: JobRunner) -> None:
        self._runner = runner
        self._scheduler = AsyncIOScheduler(
            timezone=BEIJING, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )

    def start(self) -> None:
        """Looks now and then."""
        self._scheduler.add_job(self._runner.tick, "interval", seconds=EVERY, id="tick")
        self._scheduler.start()

    def stop(self) -> None:
        """No more looks."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
