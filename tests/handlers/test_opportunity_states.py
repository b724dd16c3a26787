"""An opportunity is driven at random, and after each step everything crm-rules 4.4 says of it holds.

Invariants 38 (a product's new price changes no line), 39 (totals are recomputed), 40 (one won stage, lost ones, rates
within 0–100), 41 (a forecast is Σ amount × the rate each has, however it came into its stage), 42 (time in stages adds
up), and that closed ones do not change (R-OPP-5).
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlmodel import col, delete, select

from bot.context import make_context
from bot.core.clock import FixedClock
from bot.core.errors import AppError
from bot.identity import identify
from handlers.forecast.service import forecast
from handlers.opportunities import service
from handlers.opportunities.fields import NewOpportunity
from handlers.opportunitylines.service import add_line, remove_line
from handlers.stages.service import rate_stage
from handlers.undo.service import take_back
from storage.database import Database, Tx
from storage.settings import read_settings
from storage.tables import Customer, Opportunity, OpportunityLine, Product, Stage, StageLog, Undo
from tests.handlers.test_opportunities import company
from tests.support.company import load_company
from tests.support.databases import postgres_copy, sqlite_copy
from tests.support.room import DISPATCHER, NOW

Step = tuple[str, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from((
            "stage", "won", "lost", "invalid", "reopen", "line", "unline", "amount", "rate", "price", "stage rate",
            "undo",
        )),
        st.integers(0, 99),
    ),
    min_size=4,
    max_size=14,
)  # fmt: skip
HOW = settings(
    phases=(Phase.explicit, Phase.generate), deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
OPEN_STAGES = ("初步沟通", "报价")


class Driver:
    """One opportunity, what was done to it, and what must be true of it."""

    def __init__(self, db: Database) -> None:
        self.db, self.clock = db, FixedClock(NOW)
        self.key = 0
        self.lines: dict[int, tuple[Decimal, Decimal]] = {}

    async def act(self, who: str, use_case: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """As a door does it; a refusal changes nothing and is None."""

        def work(tx: Tx) -> Any:
            company = read_settings(tx)
            ctx = make_context(tx, identify(tx, who, company), self.clock.now(), company, "chat")
            ctx.undoers = dict(DISPATCHER.undoers)
            return use_case(ctx, *arguments, **named)

        try:
            return await self.db.unit(None, work)
        except AppError:
            return None

    async def begin(self) -> None:
        """An opportunity of lina's in its first stage."""
        await load_company(self.db, company())
        found = await self.db.system(
            lambda tx: tx.exec(select(Customer).where(Customer.name == "华兴科技有限公司")).one()
        )
        made = await self.act("wang03", service.create_opportunity, NewOpportunity(found.id or 0, "二期扩容"))
        self.key = made.opportunity_id
        await self.db.system(lambda tx: tx.execute(delete(Undo)))  # its creation stays

    async def step(self, what: str, number: int) -> None:
        """One thing somebody does, some time after the one before."""
        self.clock.set(self.clock.now() + timedelta(seconds=1 if what == "undo" else 1 + number * 611))
        who, key = "wang03", self.key
        if what == "stage":
            await self.act(who, service.change_stage, key, OPEN_STAGES[number % 2])
        elif what in ("won", "lost", "invalid"):
            reason = "价格" if number % 3 else ""
            await self.act(who, service.change_stage, key, "", result=what, reason=reason)
        elif what == "reopen":
            await self.act(who, service.reopen_opportunity, key)
        elif what == "line":
            await self.act(who, add_line, key, "ZJ-001", Decimal(number) / 3, Decimal(number))
            await self.act(who, add_line, key, "ZJ-001", Decimal(number) / 4, Decimal(number) / 2)
        elif what == "unline":
            await self.act(who, remove_line, key, "ZJ-001")
        elif what == "amount":
            await self.act(who, service.update_opportunity, key, {"amount": Decimal(number) * 100})
        elif what == "rate":
            rate = number if number % 2 else None
            await self.act(who, service.update_opportunity, key, {"probability": rate})
        elif what == "price":

            def dearer(tx: Tx) -> None:
                tx.exec(select(Product)).one().price = Decimal(number) + Decimal("0.37")

            await self.db.system(dearer)
        elif what == "stage rate":
            await self.act("chen01", rate_stage, OPEN_STAGES[number % 2], number)
        else:
            await self.act(who, take_back, None)

    async def check(self, what: str, before: Opportunity) -> None:
        """All that must hold after every step."""
        found, lines, log, stages = await self.db.system(
            lambda tx: (
                tx.get_one(Opportunity, self.key),
                list(tx.exec(select(OpportunityLine)).all()),
                list(tx.exec(select(StageLog).order_by(col(StageLog.id))).all()),
                {s.id: s for s in tx.exec(select(Stage)).all()},
            )
        )
        if what in ("unline", "undo"):  # others have their numbers by now
            self.lines.clear()
        for line in lines:  # 38, 39
            assert self.lines.setdefault(line.id or 0, (line.price, line.amount)) == (line.price, line.amount)
            exact = line.quantity * line.price * (100 - line.discount) / 100
            assert abs(line.amount - exact) <= Decimal("0.005")
        if lines:
            assert found.amount == sum((line.amount for line in lines), Decimal(0))
        kinds = [s.kind for s in stages.values()]
        assert kinds.count("won") == 1 and "lost" in kinds and all(0 <= s.win_rate <= 100 for s in stages.values())
        assert all(s.win_rate == {"won": 100, "lost": 0}.get(s.kind, s.win_rate) for s in stages.values())
        stage = stages[found.stage_id]
        assert stage.kind == ("lost" if found.result == "invalid" else found.result)
        assert (found.closed_at is None) == (found.result == "open")
        assert bool(found.lost_reason) == (found.result in ("lost", "invalid"))
        assert log[0].from_stage_id is None and log[-1].to_stage_id == found.stage_id
        assert all(a.to_stage_id == b.from_stage_id for a, b in pairwise(log))
        spent = sum(entry.seconds for entry in log)
        assert spent == int(found.stage_since.timestamp()) - int(found.created_at.timestamp())  # 42
        if found.closed_at is not None:
            assert spent == int(found.closed_at.timestamp()) - int(found.created_at.timestamp())
        if before.result != "open" and what not in ("reopen", "undo"):  # R-OPP-5
            assert (found.amount, found.result, found.stage_id) == (before.amount, before.result, before.stage_id)
        expected = await self.act("wang03", forecast)
        rate = stage.win_rate if found.probability is None else found.probability
        weighted = found.amount * rate / 100 if found.result == "open" else Decimal(0)
        assert sum((row.weighted for row in expected), Decimal(0)) == weighted


async def _drive(db: Database, steps: list[Step]) -> None:
    driver = Driver(db)
    await driver.begin()
    for what, number in steps:
        before = await db.system(lambda tx: tx.get_one(Opportunity, driver.key))
        await driver.step(what, number)
        await driver.check(what, before)


async def _run(opened: Any, steps: list[Step]) -> None:
    async with opened as db:
        await _drive(db, steps)


@settings(HOW, max_examples=12)
@given(steps=STEPS)
def test_whatever_is_done_it_stays_true_on_sqlite(sqlite_file: Path, steps: list[Step]) -> None:
    """Invariants 38–40 and 42."""
    with TemporaryDirectory() as folder:
        asyncio.run(_run(sqlite_copy(sqlite_file, Path(folder)), steps))


@pytest.mark.postgres
@settings(HOW, max_examples=4)
@given(steps=STEPS)
def test_whatever_is_done_it_stays_true_on_postgres(postgres_name: str, steps: list[Step]) -> None:
    """Invariants 38–40 and 42."""
    asyncio.run(_run(postgres_copy(postgres_name), steps))
