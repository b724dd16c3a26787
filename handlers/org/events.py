"""What DingTalk tells unasked: somebody came, changed, left."""

from datetime import datetime

from bot.dispatch import OrgEvent
from bot.jobs.spec import Toolbox
from bot.language.pinyin import person_readings
from handlers.handover.service import announce_departures
from sync.events import apply_event

MIRRORED = ("user_", "org_dept_", "org_admin_", "label_", "org_change")


async def apply(event: OrgEvent, tools: Toolbox) -> str:
    """Refreshes what the event names; a leaver has no access from then on, and the administrators are told."""
    if not event.event_type.startswith(MIRRORED):
        return "ignored"
    now: datetime = tools.clock.now()
    diff = await apply_event(tools.contacts, tools.db, event, now, readings=person_readings)
    if diff.left or diff.rejoined:
        await tools.run(announce_departures)
    return event.event_type
