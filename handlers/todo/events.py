"""What DingTalk tells of its own 待办: ids only, not what has become of one."""

from bot.dingtalk.lenient import as_text
from bot.dispatch import OrgEvent
from bot.jobs.spec import Toolbox
from handlers.todo.service import note_ticked

UPDATED = "todo_task_update"


async def apply(event: OrgEvent, tools: Toolbox) -> str:
    """One that belongs to an open task is looked at, and opened again where it was ticked off."""
    todo_id = as_text(event.data.get("taskId")) or ""
    listed = event.data.get("unionIdList")
    union_ids = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    if not todo_id or not union_ids:
        return "ignored"
    return event.event_type if await tools.run(note_ticked, todo_id, union_ids, event.key) else "ignored"
