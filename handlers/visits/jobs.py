"""Check-ins are fetched some seconds after DingTalk has told of them; places are forgotten after a while."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.context import Context
from bot.dingtalk.checkins import LONGEST_OF_MANY, PEOPLE_PER_CALL
from bot.dingtalk.errors import DingTalkError
from bot.jobs.spec import Job, Toolbox
from handlers.visits import service
from handlers.visits.checkins import Due, Fetched
from handlers.visits.rules import SLACK


def batches(due: Sequence[Due]) -> Iterator[list[Due]]:
    """What one call may ask for: at most ten people, all within a day."""
    batch: list[Due] = []
    for one in sorted(due, key=lambda d: (d.at, d.user_id)):
        people = {d.user_id for d in batch} | {one.user_id}
        if batch and (len(people) > PEOPLE_PER_CALL or one.at - batch[0].at > LONGEST_OF_MANY - 2 * SLACK):
            yield batch
            batch = []
        batch.append(one)
    if batch:
        yield batch


async def fetch(tools: Toolbox) -> str:
    """Asks for the records of the check-ins that are due; what cannot be asked for now is tried again."""
    stored = failed = 0
    for batch in batches(await tools.run(service.list_due)):
        people = tuple(sorted({one.user_id for one in batch}))
        first, last = batch[0].at - SLACK, batch[-1].at + SLACK
        try:
            found = await tools.dingtalk.checkins.list_records(people, first, last)
        except DingTalkError:
            await tools.run(service.try_again, batch)
            failed += len(batch)
            continue
        records = [
            Fetched(
                r.user_id, r.at, r.lng, r.lat, r.place, " ".join(p for p in (r.remark, r.visit_user) if p), r.photos
            )
            for r in found
        ]
        stored += await tools.run(service.take_records, batch, records)
    return f"取到 {stored} 次签到" + (f"，{failed} 次没取到，稍后再试" if failed else "")


def fetch_at(ctx: Context, _after: datetime) -> datetime | None:
    """When the first is due."""
    return service.next_due(ctx)


async def forget(tools: Toolbox) -> str:
    """Once a night."""
    return f"清理 {await tools.run(service.forget_places)} 次外勤的位置"


JOBS = (Job("checkins", fetch, next_due=fetch_at), Job("visit-places", forget, lambda _: ("03:40",)))
