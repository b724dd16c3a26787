"""自检, asked for in chat: it needs the network, so it is a job whose result comes as a message."""

from bot.core.actor import SYSTEM
from bot.jobs.spec import Job, Toolbox
from handlers.settings.checkup import inside, outside, report

SELF_CHECK = "self-check"


async def self_check(tools: Toolbox) -> str:
    """Every item that is not well, with where to mend it; the two scopes side by side."""
    now = tools.clock.now()
    found = await tools.db.read(SYSTEM, lambda tx: inside(tx, now))
    return report(found + await outside(tools))


JOBS = (Job(SELF_CHECK, self_check, scheduled=False),)
