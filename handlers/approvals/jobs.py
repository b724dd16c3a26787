"""The clock's turn: deadlines of tasks that pass."""

from datetime import datetime

from bot.context import Context
from bot.jobs.spec import Job, Toolbox
from handlers.approvals import service


async def remind(tools: Toolbox) -> str:
    """In one transaction; run again it tells nobody twice."""
    return f"审批超时提醒 {await tools.run(service.remind_late)} 条"


def next_reminder(ctx: Context, _after: datetime) -> datetime | None:
    """When the next deadline passes."""
    return service.next_late(ctx)


JOBS = (Job("approvals-late", remind, next_due=next_reminder),)
