"""One's own month against one's target: what counts, in which month; no target, no rate (R-TGT-4, R-TGT-5)."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from handlers.contracts.making import NewContract
from handlers.contracts.service import create_contract, move_contract, transfer_contract
from handlers.handover.parties import Wanted
from handlers.handover.service import hand_over, undo_handover
from handlers.payments.making import NewPayment
from handlers.payments.service import create_payment, void_payment
from handlers.targets.rules import Progress, TargetWords, progress_text, rate
from handlers.targets.service import set_targets, show_progress
from storage.database import Database, Tx
from storage.tables import Contract, Role, RoleField
from tests.handlers.test_contracts import run
from tests.support.company import NOW, load_company
from tests.support.deals import deals_world
from tests.support.room import Room

MARCH, APRIL = NOW, NOW + timedelta(days=31)
MONEY = st.decimals(0, 10**9, places=2)


@given(actual=MONEY, target=st.none() | MONEY)
def test_no_target_no_rate(actual: Decimal, target: Decimal | None) -> None:
    """Invariant 94."""
    found = rate(actual, target)
    assert (found is None) is (not target)
    if target:
        assert found is not None and abs(Decimal(found) - actual * 100 / target) <= Decimal("0.5")
    told = progress_text(Progress("payment", actual, target))
    assert ("%" in told) is bool(target)


async def progress(db: Database, who: str, **named: Any) -> dict[str, tuple[Decimal, Decimal | None]]:
    return {p.metric: (p.actual, p.target) for p in await run(db, who, show_progress, **named)}


async def _target(db: Database, who: str, metric: str, amount: int) -> None:
    words = TargetWords(who, metric, 2026, {3: Decimal(amount)}, batch=False)
    await run(db, "chen01", set_targets, words)


async def test_the_month_is_what_was_signed_and_paid_in_it_by_who_had_it_then(database: Database) -> None:
    """Invariants 93 and 94: what is handed on later stays where it was credited."""
    await load_company(database, deals_world())
    key = await database.system(lambda tx: tx.exec(select(Contract.id).where(Contract.number == "HT-2025-112")).one())
    assert key is not None
    assert await progress(database, "lina04") == {"contract": (Decimal(0), None), "payment": (Decimal(0), None)}
    await _target(database, "李娜", "contract", 300_000)
    customer = await database.system(lambda tx: tx.exec(select(Contract.customer_id).where(Contract.id == key)).one())
    made = await run(
        database, "lina04", create_contract,
        NewContract(customer, Decimal(120_000), signed_on=NOW.date(), ends_on=date(2027, 3, 1), draft=True),
    )  # fmt: skip
    assert (await progress(database, "lina04"))["contract"] == (Decimal(0), Decimal(300_000)), "it is a draft"
    await run(database, "lina04", move_contract, made.contract.id, "effective")
    paid = await run(database, "lina04", create_payment, NewPayment(key, Decimal(5_000)))
    await run(database, "wang03", transfer_contract, made.contract.id, "zhao05", now=MARCH + timedelta(days=1))
    await run(database, "wang03", transfer_contract, key, "zhao05", now=MARCH + timedelta(days=1))
    later = MARCH + timedelta(days=2)
    assert await progress(database, "lina04", now=later) == {
        "contract": (Decimal(120_000), Decimal(300_000)), "payment": (Decimal(5_000), None),
    }  # fmt: skip
    assert (await progress(database, "zhao05", now=later))["contract"] == (Decimal(0), None)
    await run(database, "zhao05", void_payment, paid.payment.id, "登记错了", now=APRIL)
    assert (await progress(database, "lina04", now=APRIL))["payment"] == (Decimal(-5_000), None), "in its own month"
    assert (await progress(database, "lina04", now=later))["payment"] == (Decimal(5_000), None), "March is past"


async def test_who_had_it_for_a_day_has_signed_it_though_the_handover_was_taken_back(database: Database) -> None:
    await load_company(database, deals_world())
    query = select(Contract.customer_id).where(Contract.number == "HT-2025-112")
    customer = await database.system(lambda tx: tx.exec(query).one())
    new = NewContract(customer, Decimal(120_000), signed_on=NOW.date(), ends_on=date(2027, 3, 1))
    await run(database, "lina04", create_contract, new)
    wanted = Wanted("lina04", "zhou06", ("contract",))
    done = await run(database, "", hand_over, wanted, shown={"contract": 2})
    assert (await progress(database, "zhou06"))["contract"] == (Decimal(120_000), None)
    tomorrow = NOW + timedelta(days=1)
    await run(database, "chen01", undo_handover, {"handover_id": done.handover_id}, now=tomorrow)
    assert (await progress(database, "zhou06", now=tomorrow))["contract"] == (Decimal(120_000), None)
    assert (await progress(database, "lina04", now=tomorrow))["contract"] == (Decimal(0), None)


async def test_it_stands_on_the_home_card_where_a_target_is_set(database: Database) -> None:
    await load_company(database, deals_world())
    room = Room(database)
    assert "合同额" not in await room.say("lina04", "今天")
    assert "合同额 0 元（未设目标）" in await room.say("lina04", "本月业绩")
    await _target(database, "李娜", "contract", 300_000)
    assert "3月合同额 0 元 / 30 万（0%）" in await room.say("lina04", "今天")


async def test_amounts_a_role_keeps_back_are_in_no_sum(database: Database) -> None:
    await load_company(database, deals_world())

    def hide(tx: Tx) -> None:
        for role_id in tx.exec(select(Role.id)).all():
            assert role_id is not None
            tx.add(RoleField(role_id=role_id, form="contract", field="amount", level="hidden"))

    await database.system(hide)
    assert list(await progress(database, "lina04")) == ["payment"]
