"""What waits for a cashier with many: each seen as its node shows it, each decided once (R3.53, R3.54, R-APP-5)."""

import asyncio
from decimal import Decimal

import pytest
from sqlmodel import col, select

from bot.core.errors import InvalidInput
from handlers.todo.service import MOST, AllAgreed, Todo, agree_all, list_waiting, show_todo
from storage.database import Database, Tx
from storage.flows import Node
from storage.tables import Contract, FlowLog, FlowTask
from tests.handlers.test_contracts import run
from tests.handlers.test_flows import apply, company, contract_id, says, states, task_of

HIDES = Node("复核", users=("qian07",), hidden=("amount",), conditions=(("amount", ">", "60000"),))
SHOWS = Node("出纳开票", roles=("出纳",))


async def look(db: Database, who: str = "qian07", *arguments: object, **more: object) -> Todo:
    found: Todo = await run(db, who, show_todo, *arguments, **more)
    return found


async def test_the_list_counts_and_sums_what_its_nodes_show(database: Database) -> None:
    contract = await company(database, (HIDES, SHOWS))
    assert await look(database) == Todo((), 1, 1, 0, Decimal(0), 0)
    for amount in ("10000", "20000.50", "70000"):
        await apply(database, contract, amount)
    found = await look(database)
    assert (found.waiting, found.amount, found.unseen) == (3, Decimal("30000.50"), 1)
    assert "¥20,000.50" in found.items[1].words
    assert "70,000" not in repr(found)
    assert (await look(database, "sun08")).waiting == 2
    assert (await look(database, "lina04")).items == ()


async def test_it_is_paged_the_oldest_first_and_counts_of_a_choice_are_of_that_alone(database: Database) -> None:
    contract = await company(database)
    applied = [await apply(database, contract, 1000 + n) for n in range(6)]
    first, second = await look(database), await look(database, "qian07", 2)
    assert [i.number for i in (*first.items, *second.items)] == [a.number for a in applied]
    assert (first.pages, second.page, len(second.items)) == (2, 2, 1)
    assert await look(database, "qian07", 9) == second
    some = (await run(database, "qian07", list_waiting))[:2]
    chosen = await look(database, "qian07", 1, some, only=True)
    assert (chosen.waiting, chosen.amount) == (2, Decimal(2001))
    assert (await look(database, "qian07", 1, some)).waiting == 6
    assert (await look(database, "lina04", 1, some)).items == ()


async def test_what_was_decided_stays_on_its_row_and_says_so(database: Database) -> None:
    """Invariant 75."""
    contract = await company(database)
    one, two = await apply(database, contract), await apply(database, contract)
    ids = await run(database, "qian07", list_waiting)
    await says(database, "sun08", one.flow_id)
    found = await look(database, "qian07", 1, ids)
    assert [i.said for i in found.items] == ["✓ 孙悦 已同意 · 03-02 09:30", ""]
    assert (found.waiting, found.amount) == (1, Decimal(50_000))
    assert [i.number for i in (await look(database)).items] == [two.number]


async def test_all_are_agreed_to_each_by_itself(database: Database) -> None:
    """One was decided by another, one the contract has no room for any more: the rest counts."""
    contract = await company(database, approvals={"urge_gap_minutes": 30, "confirm_above": "50000"})
    small = await contract_id(database, "HT-2026-007")
    taken, over = await apply(database, contract, 1000), await apply(database, small, 300_000, "zhou06")
    fine = await apply(database, contract, 60_000)
    ids = await run(database, "qian07", list_waiting)
    await says(database, "sun08", taken.flow_id)

    def shrink(tx: Tx) -> None:
        query = select(Contract).where(Contract.id == small)
        tx.exec(query, execution_options={"unscoped": "a test shrinks it"}).one().amount = Decimal(200_000)

    await database.system(shrink)
    done: AllAgreed = await run(database, "qian07", agree_all, ids)
    assert done.count == 1
    assert list(done.failed) == ids[:2]
    assert "孙悦" in done.failed[ids[0]]
    assert "超过这份合同还能开的金额" in done.failed[ids[1]]
    assert [await states(database, a) for a in (taken, over, fine)] == [
        ("approved", "approved"), ("running", "pending"), ("approved", "approved"),
    ]  # fmt: skip
    query = select(FlowLog.action).where(FlowLog.flow_id == over.flow_id).order_by(col(FlowLog.id))
    assert await database.system(lambda tx: list(tx.exec(query).all())) == ["start", "enter"], "nothing of it stays"
    assert (await run(database, "qian07", agree_all, ids)).count == 0


async def test_anothers_task_is_told_as_absent_and_stays(database: Database) -> None:
    applied = await apply(database, await company(database))
    foreign = await task_of(database, applied.flow_id, "sun08")
    done = await run(database, "zhou06", agree_all, [foreign, 999_999])
    assert (done.count, done.failed[foreign]) == (0, done.failed[999_999])
    assert await states(database, applied) == ("running", "pending")


@pytest.mark.parametrize("ids", [[], list(range(1, MOST + 2))])
async def test_none_or_too_many_at_once_are_refused(database: Database, ids: list[int]) -> None:
    await company(database)
    with pytest.raises(InvalidInput, match="最多"):
        await run(database, "qian07", agree_all, ids)


async def test_two_cashiers_agree_to_all_at_once_and_each_counts_once(database: Database) -> None:
    contract = await company(database)
    applied = [await apply(database, contract, 1000) for _ in range(5)]
    mine, theirs = [await run(database, who, list_waiting) for who in ("qian07", "sun08")]
    first, second = await asyncio.gather(
        run(database, "qian07", agree_all, mine), run(database, "sun08", agree_all, theirs[::-1])
    )
    assert first.count + second.count == len(applied)
    assert {await states(database, a) for a in applied} == {("approved", "approved")}
    query = select(FlowTask.state)
    found = await database.system(lambda tx: sorted(tx.exec(query).all()))
    assert found == ["agreed"] * 5 + ["superseded"] * 5
