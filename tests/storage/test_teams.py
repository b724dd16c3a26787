"""协作人 see a customer and what hangs on it until their last day, by every way to ask, on both databases."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select as core_select
from sqlmodel import func, select

from bot.core.actor import Scope
from bot.core.errors import NotFound
from storage import customers, departures, pools, teams
from storage.database import Database, Tx
from storage.plain import Narrowed, table_of
from storage.tables import Contact, Contract, Customer, FollowUp, JoinRequest, Opportunity, OwnerHistory, TeamMember
from tests.support.company import NOW, id_of, load_company
from tests.support.world import customer, small_world

NAME = "宁波甲机械有限公司"
DAY = NOW.date()
PLATES = Narrowed(core_select(table_of(Customer).c.name))
NUMBERS = Narrowed(core_select(table_of(Contract).c.number))


@pytest.fixture
async def company(database: Database) -> Database:
    world = small_world()
    world["stages"] = [{"name": "初步沟通", "win_rate": 10}]
    world["customers"] = [
        customer(
            NAME, "lina04", contacts=[{"name": "张伟", "mobile": "13800010001", "main": True}],
            follow_ups=[{"by": "lina04", "at": "2026-02-26T10:00:00+08:00", "method": "电话", "content": "要 8 折"}],
        ),
        customer("宁波乙机械有限公司", "lina04"),
    ]  # fmt: skip
    world["opportunities"] = [
        {"name": "一期", "customer": NAME, "owner": "lina04", "amount": "100.00", "stage": "初步沟通"}
    ]
    world["contracts"] = [{"no": "HT-1", "customer": NAME, "owner": "lina04", "amount": "100.00", "state": "effective"}]
    await load_company(database, world)
    return database


def _join(until: date | None) -> Callable[[Tx], None]:
    def work(tx: Tx) -> None:
        of = tx.exec(select(Customer.id).where(Customer.name == NAME)).one()
        assert of is not None
        teams.put_member(tx, customer_id=of, user_id="zhou06", may_write=False, until=until, by="lina04", now=NOW)

    return work


WAYS: dict[str, Callable[[Tx], Any]] = {
    "list": lambda tx: [c.name for c in tx.exec(select(Customer)).all()],
    "count": lambda tx: [NAME] * tx.exec(select(func.count()).select_from(Customer)).one(),
    "made once": lambda tx: [row.name for row in PLATES.run(tx)],
    "nameplates": lambda tx: [p.name for p in customers.list_nameplates(tx, pooled=False)],
    "contacts": lambda tx: [NAME] * len(tx.exec(select(Contact)).all()),
    "follow-ups": lambda tx: [NAME] * len(tx.exec(select(FollowUp)).all()),
    "opportunities": lambda tx: [NAME] * len(tx.exec(select(Opportunity)).all()),
    "contracts": lambda tx: [NAME] * len(tx.exec(select(Contract)).all()),
    "contracts made once": lambda tx: [NAME] * len(NUMBERS.run(tx).all()),
    "the team": lambda tx: [NAME] * len(tx.exec(select(TeamMember)).all()),
    "access": lambda tx: [customers.access_customer(tx, 1).name],
}  # fmt: skip


async def _seen(db: Database, scope: Scope) -> dict[str, list[str]]:
    def work(tx: Tx) -> dict[str, list[str]]:
        seen = {}
        for way, ask in WAYS.items():
            try:
                seen[way] = ask(tx)
            except NotFound:
                seen[way] = []
        return seen

    return await db.unit(scope, work)


@pytest.mark.parametrize("departments", [frozenset(), frozenset({103})])
async def test_a_member_sees_it_until_the_last_day_included(company: Database, departments: frozenset[int]) -> None:
    """By each way of asking; the day before, on the last day, on the day after; never without a day."""
    await company.system(_join(DAY + timedelta(days=3)))
    stranger = Scope("zhou06", departments=departments)
    for day, sees in ((DAY, True), (DAY + timedelta(days=3), True), (DAY + timedelta(days=4), False), (None, False)):
        seen = await _seen(company, replace(stranger, day=day))
        for way, names in seen.items():
            assert names == ([NAME] if sees else []), (way, day)
    assert all(not names for names in (await _seen(company, Scope("qian07", day=DAY))).values())


async def test_without_an_end_it_lasts(company: Database) -> None:
    await company.system(_join(None))
    seen = await _seen(company, Scope("zhou06", day=DAY + timedelta(days=999)))
    assert all(names == [NAME] for names in seen.values()), seen


async def test_it_ends_with_the_ownership_and_comes_back_with_it(company: Database) -> None:
    """R-POOL-14; a return that is taken back gives the team back."""
    await company.system(_join(None))
    of = await id_of(company, NAME)
    scope = Scope("zhou06", day=DAY)

    def release(tx: Tx) -> None:
        assert pools.release(tx, of, "lina04", how="return", by="lina04", now=NOW, reason="无需求")

    await company.system(release)
    assert all(not names for names in (await _seen(company, scope)).values())
    await company.system(
        lambda tx: pools.regain(tx, of, "lina04", since=NOW, next_at=None, timed=False, now=NOW + timedelta(minutes=1))
    )
    assert all(names == [NAME] for names in (await _seen(company, scope)).values())


async def test_whoever_leaves_is_in_no_team(company: Database) -> None:
    await company.system(_join(None))
    await company.system(lambda tx: departures.set_aside(tx, ["zhou06"], now=NOW))
    assert all(not names for names in (await _seen(company, Scope("zhou06", day=DAY))).values())


async def test_one_answer_counts(company: Database) -> None:
    of = await id_of(company, NAME)

    def asked(tx: Tx) -> int:
        first = teams.ask(tx, customer_id=of, user_id="zhou06", asked_id="lina04", now=NOW)
        assert first is not None
        assert teams.ask(tx, customer_id=of, user_id="zhou06", asked_id="lina04", now=NOW) is None
        return first.id or 0

    request = await company.system(asked)
    answers = [
        await company.system(lambda tx, yes=yes: teams.answer(tx, request, by="lina04", agreed=yes, now=NOW))  # type: ignore[misc]
        for yes in (True, False)
    ]
    assert answers == [True, False]
    stored = await company.system(lambda tx: tx.exec(select(JoinRequest)).one())
    assert stored.agreed


async def test_a_transfer_leaves_one_open_page(company: Database) -> None:
    """Invariant 2, and a receiver is no member of his own customer's team."""
    await company.system(_join(None))
    of = await id_of(company, NAME)

    def work(tx: Tx) -> None:
        assert pools.transfer(
            tx, of, giver_id="lina04", receiver_id="zhou06", since=NOW, how="transfer", by="chen01", now=NOW
        )
        assert not pools.transfer(
            tx, of, giver_id="lina04", receiver_id="zhao05", since=NOW, how="transfer", by="chen01", now=NOW
        )

    await company.system(work)

    def look(tx: Tx) -> None:
        pages = tx.exec(select(OwnerHistory).where(OwnerHistory.customer_id == of)).all()
        assert [p.owner_id for p in pages if p.to_at is None] == ["zhou06"]
        assert teams.list_team(tx, of, DAY) == []

    await company.system(look)
