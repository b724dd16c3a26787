"""The clock's turn: deadlines of tasks that pass, and tasks of people who cannot decide them any more."""

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


async def pass_on(tools: Toolbox) -> str:
    """As soon as it is so; run again it finds nothing."""
    return f"转管理员处理 {await tools.run(service.pass_on_stuck)} 人的审批"


def next_passing(ctx: Context, _after: datetime) -> datetime | None:
    """At once."""
    return service.next_stuck(ctx)


JOBS = (
    Job("approvals-late", remind, next_due=next_reminder),
    Job("approvals-stuck", pass_on, next_due=next_passing),
)
