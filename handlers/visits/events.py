"""What DingTalk tells of 签到: who and when, nothing else."""

from datetime import datetime

from bot.core.clock import BEIJING
from bot.dingtalk.lenient import as_int, as_text
from bot.dispatch import OrgEvent
from bot.jobs.spec import Toolbox
from handlers.visits.service import note_check_in

CHECK_IN = "check_in"


async def apply(event: OrgEvent, tools: Toolbox) -> str:
    """Notes it; a job fetches the record."""
    user_id = as_text(event.data.get("staffId")) or ""
    millis = as_int(event.data.get("timeStamp"))
    if not user_id:
        return "ignored"
    at = datetime.fromtimestamp(millis / 1000, tz=BEIJING) if millis else event.born_at
    return event.event_type if await tools.run(note_check_in, user_id, at) else "ignored"
