"""Payments and plans: sentences, sums that hold under races, instalments that follow (invariants 45, 46, 49, 50)."""

import asyncio
import random
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from bot.core.errors import InvalidInput
from handlers.contracts.service import edit_contract, move_contract
from handlers.paymentplans.reading import read_plans
from handlers.paymentplans.rules import (
    DONE,
    OVERDUE,
    PART,
    VOID,
    WAITING,
    allocate,
    in_parts,
    paid_by_plan,
    plan_status,
)
from handlers.paymentplans.service import list_overdue, set_plans
from handlers.payments import rules
from handlers.payments.making import NewPayment
from handlers.payments.reading import read_payment
from handlers.payments.rules import OverCollected, PaymentRefused, over_by
from handlers.payments.service import create_payment, set_over_collect, undo_void, void_payment
from handlers.reminders.service import due_reminders
from storage import contracts
from storage.database import Database
from storage.tables import Contract, Payment, PaymentPlan
from tests.handlers.test_contracts import run
from tests.support.company import NOW, load_company
from tests.support.deals import deals_world

TODAY = NOW.date()


@pytest.mark.parametrize(
    ("text", "amount", "day", "method", "number", "rest"),
    [
        ("华兴 5万 昨天 转账", "50000", "2026-03-01", "转账", "", "华兴"),
        ("华兴 5万", "50000", None, "", "", "华兴"),
        ("HT-2026-007 5万 2月20日 承兑汇票", "50000", "2026-02-20", "承兑", "HT-2026-007", ""),
        ("华兴 50000", "50000", None, "", "", "华兴"),
        ("华兴三万五 微信", "35000", None, "微信", "", "华兴"),
        ("华兴 1,200.50元 2月底 现金", "1200.50", "2026-02-28", "现金", "", "华兴"),
        ("华兴 5万 12月30日", "50000", "2025-12-30", "", "", "华兴"),
        ("华兴 5万 3月10日", "50000", "2026-03-10", "", "", "华兴"),  # still to come: the rule refuses it
    ],
)
def test_a_sentence_is_taken_apart(
    text: str, amount: str, day: str | None, method: str, number: str, rest: str
) -> None:
    words = read_payment(text, NOW)
    assert words.amount == Decimal(amount)
    assert (str(words.paid_on) if words.paid_on else None, words.method, words.number, words.rest) == (
        day, method, number, rest,
    )  # fmt: skip
    assert not words.doubts


@pytest.mark.parametrize(
    "text", ["4月底 10万 6月底 20万", "10万 4月底，20万 6月30日", "2026-04-30 100000元 2026-06-30 20万"]
)
def test_plans_are_pairs_of_day_and_sum(text: str) -> None:
    april, june = (date(2026, 4, 30), Decimal(100000)), (date(2026, 6, 30), Decimal(200000))
    assert read_plans(text, NOW).plans == (april, june)


@pytest.mark.parametrize("text", ["4月底 10万 6月底", "10万 20万 6月底", "4月底 十来万"])
def test_what_makes_no_pairs_is_a_doubt(text: str) -> None:
    words = read_plans(text, NOW)
    assert words.doubts
    assert not words.plans


@pytest.mark.parametrize("text", ["3期", "分三期", "共 3 期"])
def test_so_many_periods(text: str) -> None:
    assert read_plans(text, NOW).count == 3


@dataclass(frozen=True)
class Plan:
    id: int
    amount: Decimal
    due_on: date


@dataclass(frozen=True)
class Money:
    id: int
    amount: Decimal
    paid_on: date
    kind: str = "normal"
    refund_of: int | None = None


FEN = st.integers(1, 10**7).map(lambda fen: Decimal(fen) / 100)
DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@given(
    st.lists(st.tuples(FEN, DAYS), max_size=6), st.lists(st.tuples(FEN, DAYS), max_size=6),
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 100)), max_size=3),
)  # fmt: skip
def test_instalments_are_paid_in_their_order(
    plans: list[tuple[Decimal, date]], money: list[tuple[Decimal, date]], backs: list[tuple[int, int]]
) -> None:
    """Invariant 50: no payment pays more than it is, no instalment gets more than it asks, the oldest first."""
    asked = [Plan(n, amount, day) for n, (amount, day) in enumerate(plans)]
    came = [Money(n, amount, day) for n, (amount, day) in enumerate(money)]
    left = {one.id: one.amount for one in came}
    refunds: list[Money] = []
    for which, percent in backs:
        if which in left:
            part = (left[which] * percent / 100).quantize(Decimal("0.01"))
            if 0 < part <= left[which]:
                left[which] -= part
                refunds.append(Money(100 + len(refunds), part, TODAY, "refund", which))
    found = allocate(asked, [*came, *refunds])
    paid = paid_by_plan(found)
    by_payment: dict[int, Decimal] = {}
    for one in found:
        assert one.amount > 0
        by_payment[one.payment_id] = by_payment.get(one.payment_id, Decimal(0)) + one.amount
    assert all(total <= left[i] for i, total in by_payment.items())
    assert all(total <= asked[i].amount for i, total in paid.items())
    assert sum(paid.values()) == min(sum(left.values()), sum(p.amount for p in asked))
    ordered = sorted(asked, key=lambda p: (p.due_on, p.id))
    for earlier, later in pairwise(ordered):
        assert not (paid.get(later.id, 0) > 0 and paid.get(earlier.id, Decimal(0)) < earlier.amount)


@given(FEN, FEN | st.just(Decimal(0)), DAYS, DAYS, st.booleans())
def test_a_status_is_one_of_five(amount: Decimal, paid: Decimal, due: date, today: date, void: bool) -> None:
    status = plan_status(amount, paid, due, today, void=void)
    if void:
        assert status == VOID
    elif paid >= amount:
        assert status == DONE
    elif due < today:
        assert status == OVERDUE
    else:
        assert status == (PART if paid else WAITING)


@given(FEN, st.integers(1, 60))
def test_equal_parts_are_the_whole(total: Decimal, count: int) -> None:
    try:
        parts = in_parts(total, count)
    except InvalidInput:
        assert total < Decimal(count)
        return
    assert sum(parts) == total
    assert max(parts) - min(parts) <= Decimal("0.01") * count


def test_progress_reads_as_people_write_it() -> None:
    ten = Decimal(10000)
    assert rules.progress_text(40 * ten, 120 * ten, 45 * ten) == "已回 40 → 45 / 120 万，剩 75 万"


async def _key(db: Database, number: str = "HT-2025-112") -> int:
    found = await db.system(lambda tx: tx.exec(select(Contract.id).where(Contract.number == number)).one())
    assert found is not None
    return found


async def test_two_that_fit_alone_but_not_together(database: Database) -> None:
    """Invariant 46, at once: one is registered, the other is refused, saying what is left."""
    await load_company(database, deals_world())
    key = await _key(database)
    new = NewPayment(key, Decimal(500000))  # 800,000 are left
    done = await asyncio.gather(
        *(run(database, who, create_payment, new) for who in ("lina04", "qian07")), return_exceptions=True
    )
    refused = [d for d in done if isinstance(d, OverCollected)]
    assert len(refused) == 1, done
    assert "300,000.00" in refused[0].text
    money = await database.system(lambda tx: contracts.money_of(tx, key))
    assert money.paid == Decimal(900000)


async def test_a_smaller_contract_and_a_payment_at_once_never_disagree(database: Database) -> None:
    """Invariant 47 under a race."""
    await load_company(database, deals_world())
    key = await _key(database)
    await asyncio.gather(
        run(database, "lina04", create_payment, NewPayment(key, Decimal(700000))),
        run(database, "wang03", edit_contract, key, {"amount": Decimal(500000)}),
        return_exceptions=True,
    )
    money = await database.system(lambda tx: contracts.money_of(tx, key))
    assert money.paid <= money.amount


async def test_the_same_confirmation_twice_is_one_payment(database: Database) -> None:
    await load_company(database, deals_world())
    new = NewPayment(await _key(database), Decimal(1000), source_key="a card")
    done = await asyncio.gather(*(run(database, "lina04", create_payment, new) for _ in range(4)))
    assert len({d.payment.id for d in done}) == 1
    assert sorted(d.again for d in done) == [False, True, True, True]


async def test_above_the_contract_only_as_the_switch_allows_and_on_record(database: Database) -> None:
    """Invariant 45."""
    await load_company(database, deals_world())
    key = await _key(database)
    over = NewPayment(key, Decimal(900000), over=True)
    with pytest.raises(OverCollected, match="最多还能登记"):
        await run(database, "lina04", create_payment, over)
    await run(database, "", set_over_collect, allow=True)
    with pytest.raises(OverCollected, match="登记为预收"):
        await run(database, "lina04", create_payment, NewPayment(key, Decimal(900000)))
    done = await run(database, "lina04", create_payment, over)
    assert done.payment.over_collect_flag


SMALL = st.integers(1, 900).map(lambda fen: Decimal(fen) / 100)


@given(paid=st.lists(SMALL, max_size=8), contract=SMALL, amount=SMALL)
def test_it_is_over_by_the_very_cent(paid: list[Decimal], contract: Decimal, amount: Decimal) -> None:
    """Invariant 45: what fits to the cent fits, and a cent above is above."""
    had = sum(paid, Decimal(0))
    by = over_by(amount, paid=had, contract=contract)
    assert by == max(Decimal(0), had + amount - contract)
    left = max(Decimal(0), contract - had)
    assert over_by(left, paid=min(had, contract), contract=contract) == 0
    assert over_by(left + Decimal("0.01"), paid=min(had, contract), contract=contract) == Decimal("0.01")


async def test_whatever_is_registered_stays_within_the_contract(database: Database) -> None:
    """Invariant 45, in any order and at the cent; what is refused leaves nothing behind, what is voided is free."""
    await load_company(database, deals_world())
    key, chance = await _key(database), random.Random(7)
    money = await database.system(lambda tx: contracts.money_of(tx, key))
    before, limit, refused = money.paid, money.amount, 0
    for _ in range(6):
        paid, made = before, []
        for said in chance.choices(("0.01", "799999.99", "800000.00", "400000.00", "400000.01"), k=4):
            amount = Decimal(said)
            try:
                done = await run(database, "lina04", create_payment, NewPayment(key, amount, over=True))
            except OverCollected:
                refused += 1
                assert paid + amount > limit, "it would have fitted"
            else:
                made.append(done.payment.id)
                paid += amount
            assert (await database.system(lambda tx: contracts.money_of(tx, key))).paid == paid <= limit
        for payment_id in made:
            whole = await database.system(lambda tx, i=payment_id: tx.get_one(Payment, i).amount)  # type: ignore[misc]
            above = NewPayment(key, whole + Decimal("0.01"), refund_of=payment_id)
            with pytest.raises(PaymentRefused, match="不能超过"):
                await run(database, "lina04", create_payment, above)
            back = await run(database, "lina04", create_payment, replace(above, amount=whole))
            await run(database, "lina04", void_payment, back.payment.id, "登错了")
            await run(database, "lina04", void_payment, payment_id, "登错了")
    assert refused > 3


async def test_a_refund_that_is_voided_must_fit_again(database: Database) -> None:
    await load_company(database, deals_world())
    key = await _key(database)
    first = await run(database, "lina04", create_payment, NewPayment(key, Decimal(800000)))
    back = await run(database, "lina04", create_payment, NewPayment(key, Decimal(300000), refund_of=first.payment.id))
    await run(database, "lina04", create_payment, NewPayment(key, Decimal(300000)))
    with pytest.raises(OverCollected):
        await run(database, "wang03", void_payment, back.payment.id, "没退成")
    with pytest.raises(PaymentRefused, match="有退款"):
        await run(database, "wang03", void_payment, first.payment.id, "登错了")
    with pytest.raises(PaymentRefused, match="不能超过"):
        await run(database, "lina04", create_payment, NewPayment(key, Decimal(600000), refund_of=first.payment.id))


async def test_drafts_void_contracts_and_days_to_come_take_no_money(database: Database) -> None:
    world = deals_world()
    world["contracts"][0]["state"] = "draft"
    world["contracts"][0]["payments"] = world["contracts"][0]["invoiced"] = []
    await load_company(database, world)
    key = await _key(database)
    with pytest.raises(PaymentRefused, match="草稿"):
        await run(database, "lina04", create_payment, NewPayment(key, Decimal(1)))
    await run(database, "lina04", move_contract, key, "effective")
    with pytest.raises(InvalidInput, match="还没到"):
        await run(database, "lina04", create_payment, NewPayment(key, Decimal(1), TODAY + timedelta(days=1)))
    await run(database, "wang03", move_contract, key, "void", "不做了")
    with pytest.raises(PaymentRefused, match="作废"):
        await run(database, "lina04", create_payment, NewPayment(key, Decimal(1)))


async def test_a_voided_payment_frees_what_it_paid(database: Database) -> None:
    """Invariant 49: of the contract and of its instalments; taken back, it must fit again."""
    await load_company(database, deals_world())
    key = await _key(database)
    plans = [(TODAY - timedelta(days=20), Decimal(500000)), (TODAY - timedelta(days=1), Decimal(100000))]
    await run(database, "lina04", set_plans, key, plans)
    assert (await run(database, "lina04", list_overdue)).owed == Decimal(200000)
    paid = await run(database, "lina04", create_payment, NewPayment(key, Decimal(200000)))
    assert (await run(database, "lina04", list_overdue)).total == 0
    await run(database, "wang03", void_payment, paid.payment.id, "登错了")
    page = await run(database, "lina04", list_overdue)
    assert (page.total, page.owed) == (2, Decimal(200000))
    await run(database, "lina04", create_payment, NewPayment(key, Decimal(700000)))
    payload = {"payment_id": paid.payment.id, "version": 2}
    with pytest.raises(OverCollected):
        await run(database, "wang03", undo_void, payload)


async def test_due_and_overdue_are_told_once_each(database: Database) -> None:
    await load_company(database, deals_world())
    key = await _key(database)
    await run(database, "lina04", set_plans, key, [(TODAY + timedelta(days=1), Decimal(500000))])

    async def told(days: int) -> list[tuple[str, str]]:
        def ask(ctx: object) -> list[tuple[str, str]]:
            with ctx.begin() as tx:  # type: ignore[attr-defined]
                found = due_reminders(tx, ctx, "lina04")  # type: ignore[arg-type]
            return [(r.rule, r.cycle) for r, _ in found if r.rule.startswith("payment")]

        return await run(database, "", ask, now=NOW + timedelta(days=days))  # type: ignore[no-any-return]

    cycle = f"1:{TODAY + timedelta(days=1)}"
    assert await told(0) == []
    assert await told(1) == [("payment_due", cycle)]
    assert await told(2) == await told(9) == [("payment_overdue", cycle)]


async def test_loaded_payments_have_numbers_and_credit(database: Database) -> None:
    await load_company(database, deals_world())
    rows = await database.system(
        lambda tx: [(p.number, p.credited_user_id, p.credited_dept_id) for p in tx.exec(select(Payment)).all()]
    )
    assert sorted(rows) == [("HK-2025-0001", "lina04", 101), ("HK-2026-0001", "zhou06", 102)]
    assert await database.system(lambda tx: tx.exec(select(PaymentPlan)).all()) == []
