"""Somebody who decides leaves, or hands over his work, in the middle of a flow (R-APP-4, R-HAND-4, invariant 68)."""

from collections.abc import Sequence
from typing import Any

import pytest

from bot.core.errors import AppError
from bot.identity import may_be_told, those_told
from handlers.approvals.service import next_stuck, pass_on_stuck, show_status
from handlers.flows.service import decide
from handlers.handover.parties import Wanted
from handlers.handover.service import announce_departures, hand_over, undo_handover
from storage import departures
from storage.database import Database, Tx
from storage.flows import Node
from storage.settings import put_setting, read_settings
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
    contract = await company(database)
    shared = await apply(database, contract)
    await _leaves(database, "qian07")
    assert await tasks(database, shared.flow_id) == {"qian07": "superseded", "sun08": "open"}
    await _leaves(database, "sun08")
    assert await tasks(database, shared.flow_id) == {"qian07": "superseded", "chen01": "open"}
    await says(database, "chen01", shared.flow_id)
    assert await states(database, shared) == ("approved", "approved")


async def test_the_administrator_who_decides_there_already_decides_once(database: Database) -> None:
    contract = await company(database, [Node("会签", users=("sun08", "chen01", "zheng09"), mode="all")])
    applied = await apply(database, contract)
    await _leaves(database, "sun08")
    assert await tasks(database, applied.flow_id) == {"sun08": "superseded", "chen01": "open", "zheng09": "open"}
    for who in ("chen01", "zheng09"):
        await says(database, who, applied.flow_id)
    assert await states(database, applied) == ("approved", "approved")


async def test_who_is_out_of_the_usage_scope_is_left_for_the_administrators(database: Database) -> None:
    """D10: at once, and once; what no administrator may decide stays."""
    contract = await company(database, [Node("出纳开票", users=("qian07",))])
    applied = await apply(database, contract)
    assert await run(database, "", next_stuck) is None
    everybody_else = {"mode": "some", "departments": [], "users": ["lina04"]}
    await database.system(lambda tx: put_setting(tx, "usage_scope", everybody_else, by="", now=NOW))
    assert await run(database, "", next_stuck) == NOW
    assert await run(database, "", pass_on_stuck) == 1
    assert await run(database, "", next_stuck) is None
    assert await run(database, "", pass_on_stuck) == 0
    assert await tasks(database, applied.flow_id) == {"chen01": "open"}
    status = await run(database, "lina04", show_status, applied.flow_id)
    assert "不能处理，转管理员 陈静" in status.log[-1].text
    await database.system(lambda tx: put_setting(tx, "admins", ["lina04"], by="", now=NOW))
    assert await run(database, "", next_stuck) is None, "the applicant is the only administrator left"
    assert await tasks(database, applied.flow_id) == {"chen01": "open"}


@pytest.mark.parametrize(
    "scope",
    [
        {"mode": "all"}, {"mode": "admins"}, {"mode": "some"}, {"mode": "some", "departments": [103]},
        {"mode": "some", "departments": [100], "users": ["qian07"]}, {"mode": "some", "users": ["zheng09", "zhou06"]},
    ],
    ids=str,
)  # fmt: skip
async def test_many_are_asked_about_as_one_is(sqlite: Database, scope: dict[str, Any]) -> None:
    await company(sqlite)
    everybody = ["chen01", "lina04", "nobody", "qian07", "sun08", "wang03", "zheng09", "zhou06"]

    def look(tx: Tx) -> None:
        put_setting(tx, "usage_scope", {"departments": [], "users": [], **scope}, by="", now=NOW)
        tx.get_one(Employee, "sun08").active = False
        tx.flush()
        now = read_settings(tx)
        told = {one for one in everybody if may_be_told(tx, one, now)}
        assert those_told(tx, everybody, now) == told
        assert "chen01" in told and "sun08" not in told

    await sqlite.system(look)


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
