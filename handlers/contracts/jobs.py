"""The clock's turn: contracts whose last day has gone are ended."""

from bot.jobs.spec import Job, Toolbox
from handlers.contracts import service


async def end_past(tools: Toolbox) -> str:
    """In one transaction; run again it ends nothing."""
    return f"结束合同 {await tools.run(service.end_past)} 份"


JOBS = (Job("contract-ends", end_past, lambda _: ("00:05",)),)
