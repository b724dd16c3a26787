"""Tells of a leaving that the process was stopped from telling of."""

from datetime import datetime

from bot.context import Context
from bot.jobs.spec import Job, Toolbox
from handlers.handover.service import announce_departures, next_announcement


async def departures(tools: Toolbox) -> str:
    """What events and syncs left untold."""
    return f"告知管理员 {await tools.run(announce_departures)} 人"


def departures_at(ctx: Context, _after: datetime) -> datetime | None:
    """A minute after the leaving."""
    return next_announcement(ctx)


JOBS = (Job("departures", departures, next_due=departures_at),)
