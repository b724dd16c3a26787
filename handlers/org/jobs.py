"""The nightly full sync, which repairs what events missed, and what is looked at once more."""

import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bot.context import Context
from bot.core.errors import RuleBroken
from bot.jobs.spec import Job, Toolbox
from bot.language.pinyin import person_readings
from handlers.handover.service import announce_departures
from handlers.org.service import ask_credentials, note_progress
from handlers.reminders.service import tell_administrators_now
from storage import people, sync_runs
from storage.database import DatabaseBusy
from sync.events import AGAIN, recheck
from sync.full import describe, full_sync
from sync.managers import ask_managers

TOGETHER = timedelta(seconds=10)


class SyncFailed(RuleBroken, code="org.sync_failed"):
    """Nothing was written; the text says why."""


async def sync(tools: Toolbox) -> str:
    """One full sync; administrators are told at once of a failure, and of removals that wait for their word.

    Raises:
        SyncFailed: the job counts as failed, and `dingcrm sync` ends with 1.
    """
    if tools.renew_credentials is not None and not await tools.renew_credentials() and tools.requested_by:
        raise SyncFailed(await tools.run(ask_credentials, tools.requested_by, offered=True))
    result = await full_sync(
        tools.contacts, tools.db, tools.clock.now, person_readings, by=tools.requested_by,
        progress=await _progress(tools),
    )  # fmt: skip
    text = describe(result)
    if result.rejected and tools.requested_by:
        raise SyncFailed(await tools.run(ask_credentials, tools.requested_by))
    if result.rejected:
        text += "发送「同步组织」就能重新填写凭证。"
    if result.left or result.diff.rejoined:
        await tools.run(announce_departures)
    if result.status in ("waiting", "failed"):
        key = f"sync:{tools.clock.now().isoformat()}"
        await tools.run(tell_administrators_now, title="组织同步需要你看一下", text=text, key=key)
    if result.status == "failed":
        raise SyncFailed(text)
    return text


async def _progress(tools: Toolbox) -> Callable[[int, int], Awaitable[None]] | None:
    """Tells the request's card at each tenth of the departments: nine times at most, and once of the end (U25)."""
    request_id = tools.request_id
    if request_id is None:
        return None
    mirrored = await tools.db.read(None, people.count_departments)
    told = 0

    async def progress(done: int, found: int) -> None:
        nonlocal told
        total = max(found, mirrored)
        tenth = done * 10 // total
        if told < tenth < 10:
            told = tenth
            with contextlib.suppress(DatabaseBusy):  # the sync itself is what matters
                await tools.run(note_progress, request_id, done, total)

    return progress


async def look_again(tools: Toolbox) -> str:
    """Events whose change DingTalk did not show yet, or that could not be read."""
    diff = await recheck(tools.contacts, tools.db, tools.clock.now(), readings=person_readings)
    if diff.left or diff.rejoined:
        await tools.run(announce_departures)
    return f"看过 {diff.people} 人，离职 {len(diff.left)}"


def look_again_at(ctx: Context, _after: datetime) -> datetime | None:
    """A minute after the last look, and some seconds, so that events that came together are looked at together."""
    with ctx.begin() as tx:
        oldest = sync_runs.oldest_unsettled(tx)
    return oldest + AGAIN + TOGETHER if oldest is not None else None


async def managers(tools: Toolbox) -> str:
    """In a large company, the 直属主管 a full sync had no time to ask for."""
    asked = await ask_managers(tools.contacts, tools.db, tools.clock.now, person_readings)
    return f"问过 {asked} 人的直属主管"


JOBS = (
    Job("sync", sync, lambda _: ("02:10",)),
    Job("org-recheck", look_again, next_due=look_again_at),
    Job("org-managers", managers, lambda _: ("03:10",)),
)
