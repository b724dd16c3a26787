"""Contracts: sentences taken apart, and what holds whatever is done (invariants 43, 47, 49–54, 93)."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlmodel import col, delete, select

from bot.context import make_context
from bot.core.actor import SYSTEM_ACTOR, Actor, Permission
from bot.core.errors import AppError, InvalidInput
from bot.identity import identify
from handlers.contracts import rules
from handlers.contracts.making import NewContract
from handlers.contracts.reading import read_contract
from handlers.contracts.rules import ContractRefused, end_of, is_expired, is_expiring, months_between
from handlers.contracts.service import (
    create_contract,
    edit_contract,
    end_past,
    move_contract,
    transfer_contract,
)
from handlers.handover.parties import Wanted
from handlers.handover.service import hand_over
from handlers.paymentplans.service import allocate_payment, set_plans, show_plans
from handlers.payments.making import NewPayment
from handlers.payments.rules import OverCollected
from handlers.payments.service import create_payment, set_over_collect, void_payment
from handlers.registry import ROUTERS
from handlers.undo.service import take_back
from storage import contracts
from storage.database import Database, Tx
from storage.settings import read_settings
from storage.tables import Contract, Invoice, NumberCounter, Payment, Undo
from tests.support.company import NOW, customer_id, load_company
from tests.support.databases import postgres_copy, sqlite_copy
from tests.support.deals import deals_world

TODAY = NOW.date()
HUAXING = "华兴科技有限公司"


async def run(db: Database, who: str, use_case: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """As that person (empty: a job), with every function, within his own scope."""

    def work(tx: Tx) -> Any:
        now_settings = read_settings(tx)
        actor: Actor = SYSTEM_ACTOR if not who else identify(tx, who, now_settings)
        if who:
            actor = _all_functions(actor)
        ctx = make_context(tx, actor, named.pop("now", NOW), now_settings, "chat")
        for router in ROUTERS:
            ctx.undoers |= router.undoers
        return use_case(ctx, *arguments, **named)

    return await db.unit(None, work)


def _all_functions(actor: Actor) -> Actor:
    return replace(actor, permissions=frozenset(Permission))


@pytest.mark.parametrize(
    ("text", "amount", "number", "signed", "starts", "ends", "rest"),
    [
        ("华兴 30万 一年", "300000", "", None, "2026-03-02", "2027-03-01", "华兴"),
        (
            "华兴 30万 编号 HT-2026-019 签订日 3月1日 到期 明年2月底", "300000", "HT-2026-019", "2026-03-01", None,
            "2027-02-28", "华兴",
        ),
        ("华兴 30万 两年 3月1日起", "300000", "", None, "2026-03-01", "2028-02-29", "华兴"),
        ("华兴 30万 3月1日到2027年2月28日", "300000", "", None, "2026-03-01", "2027-02-28", "华兴"),
        ("华兴三十万半年", "300000", "", None, "2026-03-02", "2026-09-01", "华兴"),
        ("华兴 1,200.50元 2026-03-01 2027-02-28", "1200.50", "", "2026-03-01", None, "2027-02-28", "华兴"),
        ("华兴 30w 年底到期", "300000", "", None, None, "2026-12-31", "华兴"),
        ("华兴 35k 两年半", "35000", "", None, "2026-03-02", "2028-09-01", "华兴"),
        ("华兴 30万 从4月1日起 一年", "300000", "", None, "2026-04-01", "2027-03-31", "华兴"),
        ("3M中国 20万", "200000", "", None, None, None, "3M中国"),
        ("华兴 30万 昨天签", "300000", "", "2026-03-01", None, None, "华兴"),
    ],
)  # fmt: skip
def test_a_sentence_is_taken_apart(
    text: str, amount: str, number: str, signed: str | None, starts: str | None, ends: str | None, rest: str
) -> None:
    words = read_contract(text, NOW)
    assert words.amount == Decimal(amount)
    days = [None if d is None else d.isoformat() for d in (words.signed_on, words.starts_on, words.ends_on)]
    assert (words.number, days, words.rest, words.doubts) == (number, [signed, starts, ends], rest, [])


@pytest.mark.parametrize("text", ["华兴 三十来万", "华兴 30万左右 一年", "华兴 10万 20万"])
def test_what_is_not_sure_is_a_doubt_and_no_amount(text: str) -> None:
    words = read_contract(text, NOW)
    assert words.amount is None
    assert words.doubts


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(1, 120))
def test_months_and_days_say_the_same(starts_on: date, months: int) -> None:
    ends = end_of(starts_on, months)
    assert ends >= starts_on
    found = months_between(starts_on, ends)
    assert found is not None
    assert end_of(starts_on, found) == ends


@given(
    st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.integers(0, 90),
)
def test_a_contract_is_never_expiring_and_expired(ends_on: date | None, today: date, days: int) -> None:
    """Invariant 54."""
    assert not (is_expiring(ends_on, today, days) and is_expired(ends_on, today))
    if ends_on is not None and (ends_on - today).days <= days:
        assert is_expiring(ends_on, today, days) or is_expired(ends_on, today)


@pytest.mark.parametrize("present", rules.STATES)
@pytest.mark.parametrize("to", rules.STATES)
def test_the_moves_are_the_issues(present: str, to: str) -> None:
    if to in rules.MOVES[present]:
        rules.check_move("HT-1", present, to)
        return
    with pytest.raises(ContractRefused):
        rules.check_move("HT-1", present, to)


def test_dates_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(InvalidInput):
        rules.check_dates(signed_on=TODAY, starts_on=TODAY, ends_on=TODAY - timedelta(days=1))
    rules.check_dates(signed_on=TODAY, starts_on=TODAY, ends_on=TODAY)


# -- numbers -------------------------------------------------------------------------------------------


async def test_twenty_at_once_get_twenty_rising_numbers(database: Database) -> None:
    """Invariant 52: unique, rising, and none twice though some are deleted."""
    await load_company(database, deals_world())
    key = await database.system(lambda tx: customer_id(tx, HUAXING))
    new = NewContract(key, Decimal(100))
    made = await asyncio.gather(*(run(database, "lina04", create_contract, new) for _ in range(20)))
    numbers = [m.contract.number for m in sorted(made, key=lambda m: m.contract.id)]
    assert numbers == sorted(numbers)
    assert numbers == [f"HT-2026-{n:04d}" for n in range(8, 28)]  # the world's last one is HT-2026-007
    await run(database, "lina04", take_back, made[0].undo_id)
    again = await run(database, "lina04", create_contract, new)
    assert again.contract.number == "HT-2026-0028"
    with pytest.raises(ContractRefused, match="用过"):
        await run(database, "lina04", create_contract, NewContract(key, Decimal(1), number="ht-2026-0008"))
    given_one = await run(database, "lina04", create_contract, NewContract(key, Decimal(1), number="HT-2026-0100"))
    assert given_one.contract.number == "HT-2026-0100"
    assert (await run(database, "lina04", create_contract, new)).contract.number == "HT-2026-0101"
    assert (await database.system(lambda tx: tx.get(NumberCounter, "HT-2026"))) is not None


async def test_two_who_give_the_same_number_at_once_leave_one_contract(database: Database) -> None:
    await load_company(database, deals_world())
    key = await database.system(lambda tx: customer_id(tx, HUAXING))
    new = NewContract(key, Decimal(100), number="XS-1")
    done = await asyncio.gather(
        *(run(database, "lina04", create_contract, new) for _ in range(4)), return_exceptions=True
    )
    assert len([d for d in done if not isinstance(d, Exception)]) == 1
    assert all(isinstance(d, ContractRefused) for d in done if isinstance(d, Exception))


async def test_what_is_confirmed_twice_is_registered_once(database: Database) -> None:
    await load_company(database, deals_world())
    key = await database.system(lambda tx: customer_id(tx, HUAXING))
    new = NewContract(key, Decimal(100), source_key="a draft")
    done = await asyncio.gather(*(run(database, "lina04", create_contract, new) for _ in range(4)))
    assert len({d.contract.id for d in done}) == 1
    assert sorted(d.again for d in done) == [False, True, True, True]


# -- credit --------------------------------------------------------------------------------------------


async def test_credit_stays_with_who_had_the_contract_that_day(database: Database) -> None:
    """Invariant 93: a handover or transfer later moves no past payment, and one told late goes to who had it then."""
    await load_company(database, deals_world())
    key = await _contract(database, "HT-2025-112")
    first = await run(database, "lina04", create_payment, NewPayment(key, Decimal(100)))
    await run(database, "wang03", transfer_contract, key, "zhao05", now=NOW + timedelta(days=1))
    later = NOW + timedelta(days=3)
    of_old = NewPayment(key, Decimal(100), paid_on=TODAY)
    told_late = await run(database, "zhao05", create_payment, of_old, now=later)
    of_now = await run(database, "zhao05", create_payment, NewPayment(key, Decimal(100)), now=later)
    assert [p.payment.credited_user_id for p in (first, told_late, of_now)] == ["lina04", "lina04", "zhao05"]
    assert first.payment.credited_dept_id == 101
    wanted = Wanted("zhao05", "zhou06", ("contract",))
    await run(database, "", hand_over, wanted, shown={"contract": 1}, now=NOW + timedelta(days=5))
    rows = await database.system(lambda tx: {p.id: p.credited_user_id for p in tx.exec(select(Payment)).all()})
    assert rows[first.payment.id] == "lina04"
    assert rows[of_now.payment.id] == "zhao05"
    of_between = NewPayment(key, Decimal(100), paid_on=TODAY + timedelta(days=3))
    last = await run(database, "zhou06", create_payment, of_between, now=NOW + timedelta(days=6))
    assert last.payment.credited_user_id == "zhao05"


async def _contract(db: Database, number: str) -> int:
    found = await db.system(lambda tx: tx.exec(select(Contract.id).where(Contract.number == number)).one())
    assert found is not None
    return found


async def test_a_contract_that_has_run_out_is_ended_and_its_customer_stays_dealt(database: Database) -> None:
    await load_company(database, deals_world())
    key = await _contract(database, "HT-2026-007")
    assert await run(database, "", end_past) == 0
    assert await run(database, "", end_past, now=NOW + timedelta(days=5)) == 1
    assert await run(database, "", end_past, now=NOW + timedelta(days=5)) == 0
    state, dealt = await database.system(
        lambda tx: (tx.get(Contract, key).state, contracts.is_dealt(tx, tx.get(Contract, key).customer_id))  # type: ignore[union-attr]
    )
    assert (state, dealt) == ("ended", True)


# -- whatever happens in whatever order ----------------------------------------------------------------

WHO = "wang03"  # leads the team that has the contract, whoever of it has it
SUMS = st.sampled_from([10, 30, 50, 100])  # few, so that limits are met and crossed
STEPS = st.one_of(
    st.tuples(st.sampled_from(["pay", "pay again", "refund", "refund again", "invoice"]), SUMS),
    st.tuples(st.sampled_from(["void payment", "void refund"]), st.integers(0, 9)),
    st.tuples(st.just("amount"), st.sampled_from([20, 60, 100, 150])),
    st.tuples(st.just("move"), st.sampled_from(["effective", "ended", "void"])),
    st.tuples(st.just("transfer"), st.sampled_from(["lina04", "zhao05"])),
    st.tuples(st.just("allocate"), st.tuples(st.integers(0, 3), st.integers(0, 5), st.none() | SUMS)),
    st.tuples(st.just("plan"), st.integers(1, 5)),
    st.tuples(st.sampled_from(["undo", "undo again"]), st.just(0)),
    st.tuples(st.just("switch"), st.booleans()),
)


@dataclass
class Model:
    """What should be there: a contract of 100 and what stands on it."""

    db: Database
    key: int
    done: list[str] = field(default_factory=list)
    allowed: bool = False
    credited: dict[int, str | None] = field(default_factory=dict)  # payment → whom it counts for

    async def step(self, what: str, value: Any) -> None:
        before = await self._standing()
        refused: AppError | None = None
        try:
            await self._do(what, value)
        except AppError as refusal:
            refused = refusal
        self.done.append(what if refused is None else f"{what} refused")
        if refused is not None:
            assert before == await self._standing(), "what is refused changes nothing"
        if isinstance(refused, OverCollected) and what.startswith("pay"):
            assert before[1].paid + value > before[1].amount
        await self.check()

    async def _standing(self) -> tuple[str, contracts.Money]:
        def look(tx: Tx) -> tuple[str, contracts.Money]:
            contract = tx.get(Contract, self.key)
            return contract.state if contract is not None else "", contracts.money_of(tx, self.key)

        return await self.db.system(look)

    async def _do(self, what: str, value: Any) -> None:
        amount = Decimal(value) if isinstance(value, int) else Decimal(0)
        match what.removesuffix(" again"):
            case "pay":
                await run(self.db, WHO, create_payment, NewPayment(self.key, amount, over=self.allowed))
            case "refund":
                rows = await self._payments("normal")
                origin = rows[value % len(rows)].id if rows else 0
                await run(self.db, WHO, create_payment, NewPayment(self.key, amount, refund_of=origin))
            case "void payment":
                rows = await self._payments("normal")
                await run(self.db, WHO, void_payment, rows[value % len(rows)].id if rows else 0, "登错了")
            case "void refund":
                rows = await self._payments("refund")
                await run(self.db, WHO, void_payment, rows[value % len(rows)].id if rows else 0, "没退成")
            case "amount":
                await run(self.db, WHO, edit_contract, self.key, {"amount": amount})
            case "move":
                await run(self.db, WHO, move_contract, self.key, value, "客户取消")
            case "undo":
                await run(self.db, WHO, take_back, None)
            case "transfer":
                await run(self.db, WHO, transfer_contract, self.key, value)
            case "allocate":
                rows, (which, period, part) = await self._payments("normal"), value
                wanted = [(period, None if part is None else Decimal(part))] if period else []
                await run(self.db, WHO, allocate_payment, rows[which % len(rows)].id if rows else 0, wanted)
            case "plan":
                await run(self.db, WHO, set_plans, self.key, (), value)
            case "invoice":
                await self._invoice(amount)
            case _:
                await run(self.db, "", set_over_collect, allow=value)
                self.allowed = value

    async def _invoice(self, amount: Decimal) -> None:
        """As the invoices of issue 5 will: never above the contract, never on a void one."""

        def work(tx: Tx) -> None:
            money, contract = contracts.money_of(tx, self.key), tx.get(Contract, self.key)
            if contract is not None and contract.state in contracts.DEALT and money.invoiced + amount <= money.amount:
                tx.add(Invoice(contract_id=self.key, amount=amount, issued_on=TODAY))

        await self.db.system(work)

    async def _payments(self, kind: str) -> list[Payment]:
        query = select(Payment).where(
            Payment.contract_id == self.key, Payment.kind == kind, col(Payment.voided_at).is_(None)
        )
        return await self.db.system(lambda tx: list(tx.exec(query.order_by(col(Payment.id))).all()))

    async def check(self) -> None:
        def look(tx: Tx) -> tuple[Any, ...]:
            whole = {"unscoped": "a test looks at everything"}
            contract = tx.exec(select(Contract).where(Contract.id == self.key), execution_options=whole).one()
            rows = tx.exec(select(Payment).where(Payment.contract_id == self.key), execution_options=whole).all()
            live = [p for p in rows if p.voided_at is None and p.deleted_at is None]
            return contract, live, contracts.money_of(tx, self.key), contracts.is_dealt(tx, contract.customer_id)

        contract, live, money, dealt = await self.db.system(look)
        for one in live:  # 93: whoever had the contract then, whoever has it now
            assert one.credited_user_id == self.credited.setdefault(one.id, contract.owner_id)
        numbers = await self.db.system(lambda tx: [p.number for p in tx.exec(select(Payment)).all()])
        assert len(set(numbers)) == len(numbers)
        paid = sum((p.amount if p.kind == "normal" else -p.amount for p in live), Decimal(0))
        if contract.deleted_at is None:
            assert money.paid == paid  # 53
        over = any(p.over_collect_flag for p in live)
        assert paid <= contract.amount or over, self.done  # 45
        assert money.invoiced <= contract.amount or contract.deleted_at is not None  # 47, 48
        alive = contract.deleted_at is None and contract.state in contracts.DEALT
        assert dealt == alive  # 43: the customer's only contract
        if contract.state == "void":
            assert not live  # 51
            assert contract.void_reason
        back: dict[int, Decimal] = {}
        for one in live:
            if one.kind == "refund":
                back[one.refund_of] = back.get(one.refund_of, Decimal(0)) + one.amount
        assert all(back.get(p.id, 0) <= p.amount for p in live if p.kind == "normal")
        assert set(back) <= {p.id for p in live if p.kind == "normal"}
        if contract.deleted_at is None:
            sheet = await run(self.db, WHO, show_plans, self.key)
            planned = sum((line.amount for line in sheet.lines), Decimal(0))
            assert sum((line.paid for line in sheet.lines), Decimal(0)) == min(planned, max(paid, Decimal(0)))  # 50
            for line in sheet.lines:
                assert (line.status == "完成") == (line.paid >= line.amount and contract.state != "void")


async def _play(place: AbstractAsyncContextManager[Database], plays: list[tuple[str, Any]]) -> None:
    async with place as db:
        await load_company(db, deals_world())
        customer = await db.system(lambda tx: customer_id(tx, "华星电子有限公司"))
        made = await run(db, "lina04", create_contract, NewContract(customer, Decimal(100), draft=True))
        await db.system(lambda tx: tx.execute(delete(Undo)))  # its creation stays
        model = Model(db, made.contract.id)
        for what, value in [plays[0], ("move", "effective"), *plays[1:]]:
            await model.step(what, value)


PLAYS = st.lists(STEPS, min_size=8, max_size=20)
HOW = settings(
    phases=(Phase.explicit, Phase.generate), deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


@settings(HOW, max_examples=25)
@given(plays=PLAYS)
def test_money_holds_whatever_is_done(sqlite_file: Path, plays: list[tuple[str, Any]]) -> None:
    """Invariants 43, 45, 47, 50, 51, 53, 55 (of refunds: there are no red invoices) and 93."""
    with TemporaryDirectory() as folder:
        asyncio.run(_play(sqlite_copy(sqlite_file, Path(folder)), plays))


@pytest.mark.postgres
@settings(HOW, max_examples=6)
@given(plays=PLAYS)
def test_money_holds_on_postgresql_too(postgres_name: str, plays: list[tuple[str, Any]]) -> None:
    """Invariants 43, 45, 47, 50, 51, 53, 55 (of refunds: there are no red invoices) and 93."""
    asyncio.run(_play(postgres_copy(postgres_name), plays))
