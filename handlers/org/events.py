"""What DingTalk tells unasked: somebody came, changed, left."""

from datetime import datetime

from bot.dispatch import OrgEvent
from bot.jobs.spec import Toolbox
from bot.language.pinyin import person_readings
from handlers.handover.service import announce_departures
from handlers.org.service import note_met
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


async def meet(user_id: str, tools: Toolbox) -> None:
    """Somebody writes whom the mirror does not know yet: he is read at once, not at the next sync (R-LOGIN-2)."""
    now: datetime = tools.clock.now()
    event = OrgEvent(f"meet:{user_id}", "user_add_org", now, {"userId": [user_id]})
    diff = await apply_event(tools.contacts, tools.db, event, now, readings=person_readings)
    if diff.added:
        await tools.run(note_met, user_id)
