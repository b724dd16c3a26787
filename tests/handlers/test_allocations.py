"""Which instalment a payment is for, where somebody says so (R-PAY-3, invariants 49, 50)."""

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import InvalidInput
from cards.paymentplans import PickPlanButton
from handlers.paymentplans.reading import read_parts
from handlers.paymentplans.rules import OverAllocated, allocate, check_part, paid_by_plan
from handlers.paymentplans.service import allocate_payment, list_overdue, set_plans, show_plans
from handlers.payments.making import NewPayment
from handlers.payments.reading import read_payment
from handlers.payments.rules import PaymentRefused
from handlers.payments.service import create_payment, undo_void, void_payment
from handlers.undo.service import take_back
from storage.database import Database
from tests.handlers.test_contracts import _contract, run
from tests.handlers.test_payments import DAYS, FEN, Money, Plan
from tests.support.company import NOW, load_company
from tests.support.deals import deals_world
from tests.support.room import Room

TODAY = NOW.date()
TEN = Decimal(100000)


@dataclass(frozen=True)
class Wish:
    payment_id: int
    plan_id: int
    amount: Decimal
    due_on: date


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("第2期", [(2, None)]), ("第2期 3万 第3期", [(2, Decimal(30000)), (3, None)]),
        ("付第二期，1.5万", [(2, Decimal(15000))]),
        ("按到期先后", []), ("默认", []), ("第2期 三十来万", None), ("3万", None), ("第2期 3万 4万", None),
    ],
)  # fmt: skip
def test_a_sentence_is_taken_apart(text: str, parts: list[tuple[int, Decimal | None]] | None) -> None:
    assert read_parts(text) == parts


def test_a_payment_names_its_instalment() -> None:
    words = read_payment("华兴 5万 第二期款 转账", NOW)
    assert (words.amount, words.period, words.rest) == (Decimal(50000), 2, "华兴")


@given(
    st.lists(st.tuples(FEN, DAYS), min_size=1, max_size=5), st.lists(st.tuples(FEN, DAYS), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.none() | FEN), max_size=6), st.dates(date(2026, 1, 1)),
)  # fmt: skip
def test_what_is_said_holds_and_the_rest_goes_to_the_oldest(
    plans: list[tuple[Decimal, date]], money: list[tuple[Decimal, date]],
    said: list[tuple[int, int, Decimal | None]], until: date,
) -> None:  # fmt: skip
    """Invariant 50, whatever was said one after the other; and what is due by a day is the same without the others."""
    asked = [Plan(n, amount, day) for n, (amount, day) in enumerate(plans)]
    came = [Money(n, amount, day) for n, (amount, day) in enumerate(money)]
    wishes: list[Wish] = []
    for which, plan_id, amount in said:
        if (
            which >= len(came)
            or plan_id >= len(asked)
            or any((w.payment_id, w.plan_id) == (which, plan_id) for w in wishes)
        ):
            continue
        left = came[which].amount - sum(w.amount for w in wishes if w.payment_id == which)
        room = asked[plan_id].amount - sum(w.amount for w in wishes if w.plan_id == plan_id)
        try:
            part = check_part(plan_id, amount, left=left, room=room)
        except OverAllocated:
            assert left <= 0 or room <= 0 or (amount is not None and amount > min(left, room))
            continue
        wishes.append(Wish(which, plan_id, part, asked[plan_id].due_on))
    found = allocate(asked, came, wishes)
    paid = paid_by_plan(found)
    assert all(paid.get(p.id, 0) <= p.amount for p in asked)
    for one in came:
        assert sum(a.amount for a in found if a.payment_id == one.id) <= one.amount
    for wish in wishes:
        parts = [a.amount for a in found if (a.payment_id, a.plan_id) == (wish.payment_id, wish.plan_id)]
        assert sum(parts) >= wish.amount
    assert sum(paid.values()) == min(sum(m.amount for m in came), sum(p.amount for p in asked))
    due = [p for p in asked if p.due_on <= until]
    alone = paid_by_plan(allocate(due, came, wishes))
    assert [alone.get(p.id, 0) for p in due] == [paid.get(p.id, 0) for p in due]


async def begin(database: Database) -> tuple[int, list[int]]:
    """Two instalments overdue, one to come, of 100,000 each beside what was paid; two payments of 100,000."""
    await load_company(database, deals_world())
    key = await _contract(database, "HT-2025-112")
    days = [TODAY - timedelta(days=20), TODAY - timedelta(days=10), TODAY + timedelta(days=30)]
    plans = [(TODAY - timedelta(days=90), TEN * 4), *((day, TEN) for day in days)]
    await run(database, "lina04", set_plans, key, plans)
    made = [await run(database, "lina04", create_payment, NewPayment(key, TEN)) for _ in range(2)]
    return key, [m.payment.id for m in made]


async def paid_of(database: Database, key: int) -> list[int]:
    sheet = await run(database, "lina04", show_plans, key)
    return [int(line.paid / 10000) for line in sheet.lines]


async def test_the_overdue_list_follows_at_once(database: Database) -> None:
    key, (first, second) = await begin(database)
    assert await paid_of(database, key) == [40, 10, 10, 0]
    assert (await run(database, "lina04", list_overdue)).total == 0
    await run(database, "lina04", allocate_payment, first, [(4, None)])
    assert await paid_of(database, key) == [40, 10, 0, 10]
    page = await run(database, "lina04", list_overdue)
    assert (page.total, page.owed, page.lines[0].period) == (1, TEN, 3)
    await run(database, "lina04", allocate_payment, second, [(3, Decimal(60000)), (2, None)])
    assert await paid_of(database, key) == [40, 4, 6, 10]
    assert (await run(database, "lina04", list_overdue)).owed == TEN
    await run(database, "lina04", allocate_payment, first, [])
    assert await paid_of(database, key) == [40, 10, 10, 0]
    assert (await run(database, "lina04", list_overdue)).total == 0
    await run(database, "lina04", take_back, None)
    assert await paid_of(database, key) == [40, 4, 6, 10]


async def test_more_than_there_is_is_refused(database: Database) -> None:
    key, (first, second) = await begin(database)
    await run(database, "lina04", allocate_payment, first, [(4, Decimal(70000))])
    for wanted, told in (
        ([(4, Decimal(40000))], "第 4 期还能分的是 ¥30,000.00"), ([(2, Decimal(100001))], "还能分的是 ¥100,000.00"),
        ([(2, TEN), (3, None)], "已经分完了"),
    ):  # fmt: skip
        with pytest.raises(OverAllocated, match=told):
            await run(database, "lina04", allocate_payment, second, wanted)
    for absent in ((9, None), (2, Decimal(0))):
        with pytest.raises(InvalidInput):
            await run(database, "lina04", allocate_payment, second, [absent])
    assert await paid_of(database, key) == [40, 10, 3, 7], "what is refused changes nothing"
    back = await run(database, "lina04", create_payment, NewPayment(key, Decimal(80000), refund_of=first))
    assert await paid_of(database, key) == [40, 10, 0, 2], "a refund takes from what the payment was for"
    with pytest.raises(PaymentRefused, match="是退款"):
        await run(database, "lina04", allocate_payment, back.payment.id, [(2, None)])
    with pytest.raises(OverAllocated, match=r"还能分的是 ¥20,000\.00"):
        await run(database, "lina04", allocate_payment, first, [(2, Decimal(20001))])


async def test_a_voided_payment_frees_what_it_was_for(database: Database) -> None:
    """Invariant 49; taken back, it is for that again."""
    key, (first, second) = await begin(database)
    await run(database, "lina04", allocate_payment, first, [(4, None)])
    await run(database, "wang03", void_payment, first, "登错了")
    assert await paid_of(database, key) == [40, 10, 0, 0]
    await run(database, "lina04", allocate_payment, second, [(4, None)])
    assert await paid_of(database, key) == [40, 0, 0, 10]
    with pytest.raises(PaymentRefused, match="已作废"):
        await run(database, "lina04", allocate_payment, first, [(2, None)])
    await run(database, "wang03", undo_void, {"payment_id": first, "version": 3})
    assert await paid_of(database, key) == [40, 10, 0, 10], "both were said to be for the fourth; what is over goes on"


async def test_two_that_fit_an_instalment_alone_but_not_together(database: Database) -> None:
    key, ids = await begin(database)
    part = [(4, Decimal(60000))]
    done = await asyncio.gather(
        *(run(database, "lina04", allocate_payment, payment_id, part) for payment_id in ids), return_exceptions=True
    )
    assert len([d for d in done if isinstance(d, OverAllocated)]) == 1, done
    assert (await paid_of(database, key))[3] == 6


async def test_by_sentence_and_by_card(database: Database) -> None:
    _, (first, _) = await begin(database)
    room = Room(database)
    shown = await room.say("lina04", "分配回款 HK-2026-0002")
    assert "现在付的是第 2 期 10 万" in shown and "付第 4 期" in shown
    assert "付的是第 4 期 10 万" in await room.say("lina04", "第4期")
    assert "第 3 期" in await room.say("lina04", "逾期回款")
    card = (await room.cards("lina04"))[0]
    assert "付的是第 3 期 10 万" in await room.tap("lina04", card, PickPlanButton(payment_id=first, period=3))
    assert "付的是第 2 期 10 万" in await room.say("lina04", "分配回款 HK-2026-0002 按到期先后")
    asked = await room.say("lina04", "回款 HT-2025-112 2万 第4期")
    assert "付哪期：第 4 期" in asked
    assert "第 4 期 2 万" in await room.say("lina04", "登记回款")
    assert "没有第 9 期" in await room.say("lina04", "回款 HT-2025-112 2万 第9期")
    assert "没认出是哪一期" in await room.say("lina04", "分配回款 HK-2026-0002 3万")
    assert "没有找到" in await room.say("lina04", "分配回款 HK-2026-0001 第1期")
