"""直属主管 in a large company: only a person's own record names one, and that is one call for each person."""

import zlib
from collections.abc import Callable
from datetime import datetime

from bot.core.actor import SYSTEM
from bot.core.clock import beijing_day
from bot.dingtalk.contacts import Contacts
from storage import org
from storage.database import Database, Tx
from sync.events import refresh
from sync.mirror import Readings
from sync.walk import ASKED

PER_NIGHT = 3000  # 160 seconds at DingTalk's pace
AT_ONCE = 200


async def ask_managers(
    contacts: Contacts,
    db: Database,
    clock_now: Callable[[], datetime],
    readings: Readings,
    *,
    limit: int = PER_NIGHT,
    beyond: int = ASKED,
) -> int:
    """Asks for people whose 直属主管 is not known, others each night; returns how many.

    A company of up to `beyond` people needs none of this: its full sync asks for everybody.
    """

    def choose(tx: Tx) -> tuple[int, list[str]]:
        return len(org.active_ids(tx)), org.without_manager(tx)

    size, unknown = await db.read(SYSTEM, choose)
    if size <= beyond:
        return 0
    night = beijing_day(clock_now()).toordinal()
    chosen = sorted(unknown, key=lambda user_id: zlib.crc32(f"{night}:{user_id}".encode()))[:limit]
    for at in range(0, len(chosen), AT_ONCE):
        await refresh(contacts, db, chosen[at : at + AT_ONCE], (), clock_now(), readings=readings)
    return len(chosen)
