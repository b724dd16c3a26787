"""The nightly full sync, which repairs what events missed."""

from bot.jobs.spec import Job, Toolbox
from bot.language.pinyin import person_readings
from handlers.org.service import note_leavers
from handlers.reminders.service import tell_administrators_now
from sync.full import describe, full_sync


async def sync(tools: Toolbox) -> str:
    """One full sync; whoever waits for a word, or a failure, is told at once."""
    result = await full_sync(tools.contacts, tools.db, tools.clock.now, person_readings)
    text = describe(result)
    if result.left:
        await tools.run(note_leavers, sorted(result.left))
    if result.status in ("waiting", "failed"):
        key = f"sync:{tools.clock.now().isoformat()}"
        await tools.run(tell_administrators_now, title="组织同步需要你看一下", text=text, key=key)
    return text


JOBS = (Job("sync", sync, lambda _: ("02:10",)),)
