"""Somebody who decides leaves, or hands over his work, in the middle of a flow (R-APP-4, R-HAND-4, invariant 68)."""

from collections.abc import Sequence
from typing import Any

import pytest

from bot.core.errors import AppError
from handlers.flows.service import decide
from handlers.handover.parties import Wanted
from handlers.handover.service import announce_departures, hand_over, undo_handover
from storage import departures
from storage.database import Database, Tx
from storage.flows import Node
from storage.tables import Employee
from tests.handlers.test_contracts import run
from tests.handlers.test_flows import apply, company, says, states, task_of, tasks
from tests.support.company import NOW

EVERYTHING = ("customer", "opportunity", "contract", "lead")


async def _leaves(db: Database, who: str) -> None:
    def work(tx: Tx) -> None:
        person = tx.get_one(Employee, who)
        departures.set_aside(tx, [who], now=NOW)
        person.active, person.left_at = False, NOW

    await db.system(work)
    await run(db, "", announce_departures)


async def _hands_over(db: Database, giver: str, receiver: str, kinds: Sequence[str] = EVERYTHING) -> Any:
    wanted = Wanted(giver, receiver, tuple(kinds))
    first = await run(db, "chen01", hand_over, wanted, shown=None)
    return await run(db, "chen01", hand_over, wanted, shown=first.moving)


async def test_who_leaves_leaves_it_to_the_others_or_to_the_administrators(database: Database) -> None:
    """Invariant 68."""
    contract = await company(database)
    shared = await apply(database, contract)
    await _leaves(database, "qian07")
    assert await tasks(database, shared.flow_id) == {"qian07": "superseded", "sun08": "open"}
    await _leaves(database, "sun08")
    assert await tasks(database, shared.flow_id) == {"qian07": "superseded", "chen01": "open"}
    await says(database, "chen01", shared.flow_id)
    assert await states(database, shared) == ("approved", "approved")


async def test_in_turn_the_place_in_the_row_is_kept(database: Database) -> None:
    contract = await company(database, [Node("依次", users=("sun08", "qian07", "zheng09"), mode="turn")])
    applied = await apply(database, contract)
    await _leaves(database, "qian07")
    assert await tasks(database, applied.flow_id) == {"sun08": "open", "chen01": "waiting", "zheng09": "waiting"}
    for who in ("sun08", "chen01", "zheng09"):
        await says(database, who, applied.flow_id)
    assert await states(database, applied) == ("approved", "approved")


async def test_what_waits_goes_to_the_receiver_and_comes_back(database: Database) -> None:
    contract = await company(database, [Node("出纳开票", users=("qian07",))])
    one, two = await apply(database, contract), await apply(database, contract)
    old = await task_of(database, one.flow_id, "qian07")
    done = await _hands_over(database, "qian07", "zheng09")
    assert await tasks(database, one.flow_id) == {"zheng09": "open"}
    with pytest.raises(AppError):
        await run(database, "qian07", decide, old, agree=True)
    await says(database, "zheng09", one.flow_id)
    assert await states(database, one) == ("approved", "approved")
    text = await run(database, "chen01", undo_handover, {"handover_id": done.handover_id})
    assert "1/2 条" in text
    assert await tasks(database, two.flow_id) == {"qian07": "open"}
    assert await tasks(database, one.flow_id) == {"zheng09": "agreed"}


async def test_the_receiver_never_gets_his_own_application(database: Database) -> None:
    contract = await company(database, [Node("出纳开票", users=("qian07",))])
    applied = await apply(database, contract)
    await _hands_over(database, "qian07", "lina04")
    assert await tasks(database, applied.flow_id) == {"chen01": "open"}
