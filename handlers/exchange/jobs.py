"""Imports and exports too long for a message's own transaction: worked off while there are any, after a restart too."""

from datetime import datetime

from bot.context import Context
from bot.jobs.spec import Job, Toolbox
from handlers.exchange.work import work_off
from storage import exchange


async def work(tools: Toolbox) -> str:
    """A few seconds of what is open."""
    return await work_off(tools)


def due(ctx: Context, since: datetime) -> datetime | None:
    """At once, while anything is open."""
    with ctx.begin() as tx:
        return since if exchange.is_any_open(tx) else None


JOBS = (Job("exchange", work, next_due=due, awaited=True),)
