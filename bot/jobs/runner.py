"""Runs jobs: once each, by one process, catching up once what was missed (house 0.11)."""

import asyncio
import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.context import make_context
from bot.core.actor import SYSTEM_ACTOR
from bot.core.clock import SystemClock
from bot.core.errors import AppError
from bot.jobs.spec import Job, Toolbox
from storage import jobs, leases
from storage.database import Database, Tx
from storage.settings import read_settings

log = logging.getLogger(__name__)

LEASE = "jobs"
LEASE_TIME = timedelta(seconds=60)


class UnknownJob(ValueError):
    """No job of that name."""


@dataclass(frozen=True, slots=True)
class JobRun:
    """One finished run."""

    name: str
    due: datetime
    result: str
    failed: bool = False


class JobRunner:
    """Looks what is due and does it."""

    def __init__(self, jobs_: Sequence[Job], toolbox: Toolbox, on_outbox: Callable[[], None]) -> None:
        self._jobs = {job.name: job for job in jobs_}
        self._toolbox = toolbox
        self._db: Database = toolbox.db
        self._clock = toolbox.clock
        self._on_outbox = on_outbox
        self._holder = uuid.uuid4().hex
        self._wall = SystemClock()
        self._running = asyncio.Lock()
        self.paused = False

    @property
    def names(self) -> list[str]:
        """All jobs."""
        return sorted(self._jobs)

    async def start(self) -> None:
        """At the first start nothing is caught up: every job is done until now."""
        now = self._clock.now()
        names = [j.name for j in self._jobs.values() if j.scheduled]
        await self._db.system(lambda tx: jobs.begin(tx, names, now))

    async def release(self) -> None:
        """Lets another process lead at once."""
        wall = self._wall.now()
        await self._db.system(lambda tx: leases.release(tx, LEASE, holder=self._holder, wall=wall))

    async def tick(self) -> list[JobRun]:
        """Does what is due now, each job once however often it was missed; then what was asked for in chat."""
        if self.paused or self._running.locked():
            return []
        dues, asked = await self._db.read(None, self._look)
        now = self._clock.now()
        if not asked and all(due > now for due, _ in dues):
            return []
        async with self._running:
            if not await self._leads():
                return []
            done = [await self._run(self._jobs[name], due) for due, name in sorted(dues) if due <= now]
            await self._requests()
            return done

    async def next_due(self) -> datetime | None:
        """The earliest time any job is due."""
        dues, _ = await self._db.read(None, self._look)
        return min(due for due, _ in dues) if dues else None

    async def run_due(self) -> list[JobRun]:
        """As `tick`, for a clock that is being moved: the mover waits for the jobs."""
        async with self._running:
            if not await self._leads():
                return []
            dues, _ = await self._db.read(None, self._look)
            now = self._clock.now()
            return [await self._run(self._jobs[name], due) for due, name in sorted(dues) if due <= now]

    async def run_once(self, name: str, *, requested_by: str = "") -> JobRun:
        """`dingcrm job NAME`: at once, whatever the schedule. Raises UnknownJob."""
        if name not in self._jobs:
            raise UnknownJob(f"没有「{name}」这个任务，有：{'、'.join(self.names)}")
        async with self._running:
            return await self._run(self._jobs[name], self._clock.now(), requested_by=requested_by)

    async def _leads(self) -> bool:
        wall = self._wall.now()
        epoch = await self._db.system(
            lambda tx: leases.hold(tx, LEASE, holder=self._holder, wall=wall, lasts=LEASE_TIME)
        )
        return epoch is not None

    def _look(self, tx: Tx) -> tuple[list[tuple[datetime, str]], bool]:
        """(when each job is due next, its name), and whether somebody asked for one in chat."""
        ctx = make_context(tx, SYSTEM_ACTOR, self._clock.now(), read_settings(tx), "job")
        dues = []
        for job in self._jobs.values():
            since = jobs.done_until(tx, job.name) if job.scheduled else None
            due = job.due_after(ctx, since) if since is not None else None
            if due is not None:
                dues.append((due, job.name))
        return dues, jobs.count_requests(tx) > 0

    async def _run(self, job: Job, due: datetime, *, requested_by: str = "", request_id: int | None = None) -> JobRun:
        now = self._clock.now()
        failed = False
        try:
            result = await job.run(replace(self._toolbox, requested_by=requested_by, request_id=request_id))
        except AppError as refusal:
            result, failed = refusal.text, True
        except Exception:
            number = uuid.uuid4().hex[:8]
            log.exception("unexpected error %s in job %s", number, job.name)
            result, failed = f"出错了，编号 {number}", True
        await self._db.system(lambda tx: jobs.finish(tx, job.name, due=due, now=now, result=result))
        log.info("job %s: %s", job.name, result)
        self._on_outbox()
        return JobRun(job.name, due, result, failed)

    async def _requests(self) -> None:
        while (request := await self._db.system(jobs.take_request)) is not None:
            job = self._jobs.get(request.name)
            if job is None:
                outcome = JobRun(request.name, self._clock.now(), "没有这个任务", failed=True)
            else:
                outcome = await self._run(
                    job, self._clock.now(), requested_by=request.requested_by, request_id=request.id
                )
            now = self._clock.now()
            await self._db.system(
                lambda tx, request=request, outcome=outcome, now=now: jobs.finish_request(  # type: ignore[misc]
                    tx, request.id, result=outcome.result, failed=outcome.failed, now=now
                )
            )
            self._on_outbox()

    async def has_requests(self) -> bool:
        """Whether somebody waits for a job's answer."""
        if self._running.locked():
            return True
        dues, asked = await self._db.read(None, self._look)
        now = self._clock.now()
        return asked or any(due <= now for due, name in dues if self._jobs[name].awaited)
