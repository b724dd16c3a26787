"""9. What is out of sight is answered as what is not there, and takes as long: the wall time of one to the other's.

The answers are equal by tests (`tests/test_access.py`, `tests/access/test_words.py`), and so is what the database is
asked before; what is left is the line of the audit that an attempt leaves. Said and tapped by turns, so that both meet
the same moments of the machine.
"""

import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

from cards.customers import OpenButton
from storage.database import Database
from tests.bench.company import bench_world, company_name, load, seller, sqlite_url
from tests.bench.figures import Figure, Scale
from tests.support.company import id_of
from tests.support.room import Room

SELLERS, EACH, POOL = 10, 40, 40
FOREIGN, NOWHERE = EACH * 5, SELLERS * EACH + POOL + 7  # by their numbers: another's customer, and nobody's at all
ABSENT = 999_999
Act = Callable[[Room, bool], Awaitable[object]]


async def measure(scale: Scale) -> list[Figure]:
    """Medians of single answers, in milliseconds."""
    with tempfile.TemporaryDirectory(prefix="dingcrm-bench-") as name:
        db = Database(sqlite_url(Path(name)))
        try:
            await load(db, bench_world(SELLERS, EACH, POOL))
            foreign = await id_of(db, company_name(FOREIGN))
            room, me = Room(db), seller(0)
            await room.say(me, "我的客户")
            card = (await room.cards(me))[-1]

            def said(sentence: str) -> Act:
                return lambda room, there: room.say(me, sentence.format(company_name(FOREIGN if there else NOWHERE)))

            def tapped(room: Room, there: bool) -> Awaitable[object]:
                return room.tap(me, card, OpenButton(customer_id=foreign if there else ABSENT))

            acts = {"查 by word": said("查 {}"), "领取 by word": said("领取 {}"), "a card's tap": tapped}
            return [await _compare(title, act, room, scale.questions) for title, act in acts.items()]
        finally:
            await db.close()


async def _compare(title: str, act: Act, room: Room, times: int) -> Figure:
    taken: dict[bool, list[float]] = {True: [], False: []}
    for n in range(2 * times):
        there = n % 2 == 0
        started = time.perf_counter()
        await act(room, there)
        taken[there].append(1000 * (time.perf_counter() - started))
    value, baseline = median(taken[True]), median(taken[False])
    return Figure(f"out of sight, {title}", value, "ms", baseline, "what is not there", value / baseline)
