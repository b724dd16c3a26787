"""Two people at one application at the same time, on both databases: one of them counts, the other is told.

All rounds of a pair are played in one company: 200 of approve against approve and of cancel against approve, fewer of
the others. Each fourth goes over two pools of connections, as two processes would; the rest over one, where SQLite
makes two units savepoints of one transaction.
"""

import asyncio
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import col, select

from handlers.flows.holding import Moved
from handlers.flows.rules import AlreadyDone, FlowRefused
from handlers.flows.service import adjust, cancel, decide, transfer, urge
from handlers.todo.service import agree_all
from storage import contracts
from storage.database import Database, Tx
from storage.flows import Node
from storage.tables import Flow, FlowLog, FlowTask, Invoice, Notice
from tests.handlers.test_contracts import run
from tests.handlers.test_flows import apply, company

ROUNDS, FEWER = 200, 30
AT_ONCE = 4  # applications that are fought over at the same time
AMOUNT = Decimal("1000.01")
BEFORE = Decimal(450_000)  # invoiced on the contract
TOGETHER = 0.006  # seconds, the longest one of the two waits before he taps
HEAD_STARTS = (0, 1, 4, 16)  # times as long: what one does may begin later than what the other does, or be slower


@dataclass(frozen=True)
class Round:
    """One application: whose task is which, and what the two were told."""

    flow_id: int
    invoice_id: int
    tasks: dict[str, int]
    told: tuple[Any, Any] = ("", "")


Act = Callable[[Database, Round], Any]


def agrees(who: str, **more: Any) -> Act:
    return lambda db, one: run(db, who, decide, one.tasks[who], agree=True, **more)


def refuses(who: str) -> Act:
    return lambda db, one: run(db, who, decide, one.tasks[who], agree=False, comment="金额不符")


def hands_on(who: str, to: str) -> Act:
    return lambda db, one: run(db, who, transfer, one.tasks[who], to)


def calls_off(who: str) -> Act:
    return lambda db, one: run(db, who, cancel, one.flow_id, "不要了")


def adjusts(to: str) -> Act:
    return lambda db, one: run(db, "chen01", adjust, one.flow_id, "出差", user_id=to)


def urges(who: str) -> Act:
    return lambda db, one: run(db, who, urge, one.flow_id)


def agrees_to_all(who: str) -> Act:
    return lambda db, one: run(db, who, agree_all, [one.tasks[who]])


@asynccontextmanager
async def two_pools(db: Database) -> AsyncIterator[Database]:
    other = Database(db.url)
    try:
        yield other
    finally:
        await other.close()


async def applied(db: Database, contract: int, rounds: int) -> list[Round]:
    """So many applications, each with its tasks."""
    done = await asyncio.gather(*(apply(db, contract, str(AMOUNT)) for _ in range(rounds)))

    def look(tx: Tx) -> list[FlowTask]:
        return list(tx.exec(select(FlowTask).order_by(col(FlowTask.id))).all())

    tasks = await db.system(look)
    return [
        Round(one.flow_id, one.invoice_id, {t.user_id: t.id or 0 for t in tasks if t.flow_id == one.flow_id})
        for one in done
    ]


async def fought(db: Database, contract: int, rounds: int, first: Act, second: Act) -> list[Round]:
    """Each round's two go at the same time, or a moment apart in either order."""
    rng, gate = random.Random(20260302), asyncio.Semaphore(AT_ONCE)

    async with two_pools(db) as other:

        async def play(number: int, one: Round, apart: float) -> Round:
            async def late(act: Act, where: Database, seconds: float) -> Any:
                await asyncio.sleep(seconds)
                return await act(where, one)

            async with gate:
                told = await asyncio.gather(
                    late(first, db, max(0.0, apart)), late(second, db if number % 4 else other, max(0.0, -apart)),
                    return_exceptions=True,
                )  # fmt: skip
            for said in told:
                if isinstance(said, BaseException) and not isinstance(said, AlreadyDone | FlowRefused):
                    raise said
            return Round(one.flow_id, one.invoice_id, one.tasks, (told[0], told[1]))

        made = await applied(db, contract, rounds)
        return await asyncio.gather(
            *(play(n, one, rng.choice(HEAD_STARTS) * rng.uniform(-TOGETHER, TOGETHER)) for n, one in enumerate(made))
        )


@dataclass(frozen=True)
class Ending:
    """What one application has become."""

    state: str
    invoice: str
    tasks: Counter[str]
    log: list[str]
    holders: list[str]  # of open tasks
    ends_told: int  # notices to the applicant that it has come to its end


async def endings(db: Database) -> dict[int, Ending]:
    whole = {"unscoped": "a test looks at everything"}

    def look(tx: Tx) -> dict[int, Ending]:
        tasks, lines = tx.exec(select(FlowTask)).all(), tx.exec(select(FlowLog).order_by(col(FlowLog.id))).all()
        invoices = {i.id: i.state for i in tx.exec(select(Invoice), execution_options=whole).all()}
        texts = tx.exec(select(Notice.text).where(Notice.user_id == "lina04")).all()
        told = Counter(number[0] for text in texts if (number := re.search(r"FP-\d{4}-\d+", text)) is not None)
        found = {}
        for flow in tx.exec(select(Flow)).all():
            its = [t for t in tasks if t.flow_id == flow.id]
            found[flow.id or 0] = Ending(
                flow.state, invoices[flow.record_id], Counter(t.state for t in its),
                [e.action for e in lines if e.flow_id == flow.id], [t.user_id for t in its if t.state == "open"],
                told[flow.number],
            )  # fmt: skip
        return found

    return await db.system(look)


ENDS = {"approved": "agree", "rejected": "refuse", "cancelled": "cancel"}


async def check(db: Database, contract: int, rounds: list[Round]) -> Counter[str]:
    """What holds after every race; returns how often each end was."""
    ends = await endings(db)
    assert len(ends) == len(rounds)
    for one in rounds:
        end = ends[one.flow_id]
        if end.state == "running":
            assert end.invoice == "pending" and len(end.holders) == 1, end
            assert not end.tasks["agreed"] and not end.tasks["refused"] and not end.ends_told, end
            continue
        assert end.invoice == end.state, "flow and record end alike"
        assert not end.holders and not end.tasks["waiting"], end
        assert end.log.count(ENDS[end.state]) == 1, end
        assert sum(end.log.count(action) for action in ENDS.values()) == 1, f"one decision: {end}"
        assert end.tasks["agreed"] + end.tasks["refused"] == (end.state != "cancelled"), end
    states = Counter(end.state for end in ends.values())
    money = await db.system(lambda tx: contracts.money_of(tx, contract))
    assert money.invoiced == BEFORE + states["approved"] * AMOUNT
    assert money.applied == states["running"] * AMOUNT
    return states


CASHIER = Node("出纳开票", users=("qian07",))
CASHIERS = Node("出纳开票", users=("qian07", "sun08"))
AT = "03-02 09:30"
HIM, MINE = f"已由 钱多 {AT} 同意", f"你 {AT} 已经同意"


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("count", "node", "rivals", "told"),
    [
        pytest.param(
            ROUNDS, CASHIERS, (agrees("qian07"), agrees("sun08")), (f"已由 孙悦 {AT} 同意", HIM), id="approve"
        ),
        pytest.param(
            ROUNDS, CASHIER, (agrees("qian07"), calls_off("lina04")), (f"已由 李娜 {AT} 取消", f"{HIM}|钱多 已经同意"),
            id="cancel",
        ),
        pytest.param(
            FEWER, CASHIERS, (agrees("qian07"), refuses("sun08")), (f"已由 孙悦 {AT} 未同意", HIM), id="refuse"
        ),
        pytest.param(
            FEWER, CASHIER, (agrees("qian07"), calls_off("chen01")), (f"已由 陈静 {AT} 取消", HIM), id="admin-cancel"
        ),
        pytest.param(FEWER, CASHIER, (agrees("qian07"), agrees("qian07")), (MINE, MINE), id="two-phones"),
        pytest.param(
            FEWER, CASHIER, (agrees("qian07"), hands_on("qian07", "zheng09")), (f"你 {AT} 已经转交", MINE),
            id="transfer",
        ),
        pytest.param(
            FEWER, CASHIER, (agrees("qian07"), adjusts("zheng09")), ("这一步已经变了，现在等 郑安", HIM), id="adjust"
        ),
    ],
)  # fmt: skip
async def test_of_two_at_once_one_counts_and_the_other_is_told(
    database: Database, count: int, node: Node, rivals: tuple[Act, Act], told: tuple[str, str]
) -> None:
    contract = await company(database, [node])
    rounds = await fought(database, contract, count, *rivals)
    states = await check(database, contract, rounds)
    won = Counter[int]()
    for one in rounds:
        assert sum(isinstance(said, Moved) for said in one.told) == 1, one.told
        loser = next(n for n, said in enumerate(one.told) if not isinstance(said, Moved))
        won[1 - loser] += 1
        assert re.search(told[loser], one.told[loser].text), one.told
    assert min(won[0], won[1]) >= count // 20, f"this was no race: {won}, {states}"


async def test_when_both_have_to_agree_both_count_and_it_ends_once(database: Database) -> None:
    """会签: neither sees the other still deciding, and leaves the end to him."""
    contract = await company(database, [Node("会签", users=("qian07", "sun08"), mode="all")])
    rounds = await fought(database, contract, FEWER, agrees("qian07"), agrees("sun08"))
    ends = await endings(database)
    for one in rounds:
        assert all(isinstance(said, Moved) for said in one.told), one.told
        assert sum("审批完成" in said.text for said in one.told) == 1, one.told
        end = ends[one.flow_id]
        assert (end.state, end.invoice, end.tasks, end.ends_told) == ("approved", "approved", {"agreed": 2}, 1)
    stands = await database.system(lambda tx: contracts.money_of(tx, contract))
    assert (stands.invoiced, stands.applied) == (BEFORE + FEWER * AMOUNT, Decimal(0))


async def test_urged_while_it_is_agreed_to(database: Database) -> None:
    """The decision always counts; who urges reads that it was too late, or he was first."""
    contract = await company(database, [CASHIER])
    rounds = await fought(database, contract, FEWER, agrees("qian07"), urges("lina04"))
    assert (await check(database, contract, rounds))["approved"] == FEWER
    ends = await endings(database)
    late = 0
    for one in rounds:
        agreed, urged = one.told
        assert isinstance(agreed, Moved)
        assert ends[one.flow_id].log.count("urge") == isinstance(urged, Moved)
        if isinstance(urged, AlreadyDone):
            late += 1
            assert re.search(HIM, urged.text)
    assert FEWER // 20 <= late <= FEWER - FEWER // 20, "this was no race"


async def test_one_agrees_to_all_of_them_while_another_agrees_to_each(database: Database) -> None:
    """全部同意 against single taps: what the other had decided is said of each, and counts once."""
    contract = await company(database, [CASHIERS])
    rounds = await fought(database, contract, FEWER, agrees("qian07"), agrees_to_all("sun08"))
    assert (await check(database, contract, rounds))["approved"] == FEWER
    for one in rounds:
        single, every = one.told
        assert every.count == (not isinstance(single, Moved))
        assert all(re.search(HIM, why) for why in every.failed.values())
