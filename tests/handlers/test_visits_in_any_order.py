"""Visits, whatever is done to them in whatever order (crm-rules.md 4.4, invariants 95 and 100; R-VISIT-2..5)."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlmodel import col, func, select

from bot.context import Context, make_context
from bot.core.actor import SYSTEM, SYSTEM_ACTOR
from bot.core.errors import AppError, NotFound
from bot.identity import identify
from handlers.visits import service
from handlers.visits.checkins import Fetched
from handlers.visits.rules import DEGREE_M
from storage.database import Database, Tx
from storage.settings import read_settings
from storage.tables import Customer, FollowUp, Undo, Visit
from storage.visits import place_customer
from tests.support.company import NOW, id_of, load_company
from tests.support.databases import postgres_copy, sqlite_copy

OWN = ("宁波华东精密机械有限公司", "华兴科技有限公司")
FOREIGN = "深圳创想电子有限公司"
LNG, LAT = 121.49, 29.87
Step = tuple[str, int, int]


class Days:
    """lina04 travels; the model says what each of her visits is linked to, and how far that was."""

    def __init__(self, db: Database) -> None:
        self.db, self.now = db, NOW
        self.metres = {0: 100, 1: 900}  # north of where she checks in
        self.linked: dict[int, tuple[int, int] | None] = {}  # visit → which of OWN, metres when she confirmed it

    async def begin(self) -> None:
        await load_company(self.db)
        self.ids = [await id_of(self.db, name) for name in (*OWN, FOREIGN)]
        for at, metres in self.metres.items():
            await self._stand(at, metres)

    async def _stand(self, at: int, metres: int) -> None:
        lat = LAT + metres / DEGREE_M
        await self.db.system(lambda tx: place_customer(tx, self.ids[at], lng=LNG, lat=lat, coord_sys="gcj02"))
        self.metres[at] = metres

    async def run(self, who: str, use_case: Callable[[Context], Any]) -> Any:
        def work(tx: Tx) -> Any:
            own = read_settings(tx)
            actor = identify(tx, who, own) if who else SYSTEM_ACTOR
            return use_case(make_context(tx, actor, self.now, own, "chat"))

        return await self.db.unit(None, work)

    async def step(self, step: Step) -> None:
        name, a, b = step
        self.now += timedelta(minutes=3)
        await getattr(self, f"_{name}")(a, b)
        await self.check()

    async def _arrive(self, a: int, b: int) -> None:
        remark = ("", "看了设备")[b % 2]
        record = Fetched("lina04", self.now, LNG, LAT, "望春工业园", remark)
        assert await self.run("", lambda ctx: service.take_records(ctx, [], [record, record])) == 1
        newest = select(func.max(Visit.id))
        visit = await self.db.read(SYSTEM, lambda tx: tx.exec(newest).one())
        assert visit is not None
        self.linked[visit] = None

    async def _move(self, a: int, b: int) -> None:
        await self._stand(a % 2, 50 * b)

    async def _confirm(self, a: int, b: int) -> None:
        if not self.linked:
            return
        visit, at = sorted(self.linked)[a % len(self.linked)], b % 2
        before = self.linked[visit]
        try:
            await self.run("lina04", lambda ctx: service.confirm_visit(ctx, visit, self.ids[at]))
        except AppError:
            assert before is not None and before[0] != at, "only what is linked to another is refused"
            return
        if before is None:
            self.linked[visit] = (at, self.metres[at])

    async def _steal(self, a: int, b: int) -> None:
        """Somebody else's confirmation, and a customer out of sight."""
        if self.linked:
            visit = sorted(self.linked)[a % len(self.linked)]
            with pytest.raises(NotFound):
                await self.run("zhou06", lambda ctx: service.confirm_visit(ctx, visit, self.ids[b % 3]))
            if self.linked[visit] is None:
                with pytest.raises(NotFound):
                    await self.run("lina04", lambda ctx: service.confirm_visit(ctx, visit, self.ids[2]))

    async def _aside(self, a: int, b: int) -> None:
        if self.linked:
            visit = sorted(self.linked)[a % len(self.linked)]
            try:
                await self.run("lina04", lambda ctx: service.set_aside(ctx, visit))
            except AppError:
                assert self.linked[visit] is not None

    async def _undo(self, a: int, b: int) -> None:
        query = select(Undo).where(Undo.user_id == "lina04", Undo.kind == "visits.undo", col(Undo.undone_at).is_(None))
        offer = await self.db.read(SYSTEM, lambda tx: tx.exec(query.order_by(col(Undo.id).desc())).first())
        if offer is not None:
            await self.run("lina04", lambda ctx: service.undo_visit(ctx, offer.payload))
            await self.db.system(lambda tx: setattr(tx.get(Undo, offer.id), "undone_at", self.now))
            self.linked[offer.payload["visit_id"]] = None

    async def check(self) -> None:
        def look(tx: Tx) -> None:
            for visit in tx.exec(select(Visit)).all():
                wanted = self.linked[visit.id or 0]
                if wanted is None:
                    assert (visit.customer_id, visit.distance_m, visit.out_of_range) == (None, None, False)
                    continue
                at, metres = wanted
                assert visit.customer_id == self.ids[at] and visit.distance_m is not None
                assert abs(visit.distance_m - metres) <= 1  # 100: of the moment it was confirmed
                assert visit.out_of_range == (visit.distance_m > 500)
                assert (visit.follow_up_id is not None) == bool(visit.remark)
            for customer in tx.exec(select(Customer)).all():
                entries = tx.exec(
                    select(FollowUp.at).where(FollowUp.customer_id == customer.id, col(FollowUp.deleted_at).is_(None))
                ).all()
                assert customer.last_follow_up_at == max(entries, default=None)  # 95
                assert customer.last_follow_up_at is None or customer.last_follow_up_at <= self.now

        await self.db.read(SYSTEM, look)


ACTS = ("arrive", "arrive", "confirm", "confirm", "confirm", "move", "steal", "aside", "undo")
steps = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 9), st.integers(0, 20)), min_size=15, max_size=35)
PHASES = (Phase.explicit, Phase.generate)  # to shrink so long a story takes minutes


async def play(days: Days, acts: Sequence[Step]) -> None:
    await days.begin()
    await days.step(("arrive", 0, 1))
    for act in acts:
        await days.step(act)


@pytest.mark.timeout(200)
@given(acts=steps)
@settings(max_examples=8, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
def test_visits_hold_in_any_order(sqlite_file: Path, tmp_path_factory: pytest.TempPathFactory, acts: Any) -> None:
    """Invariants 95 and 100."""

    async def whole() -> None:
        async with sqlite_copy(sqlite_file, tmp_path_factory.mktemp("visits")) as db:
            await play(Days(db), acts)

    asyncio.run(whole())


@pytest.mark.postgres
@given(acts=steps)
@settings(max_examples=2, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
def test_visits_hold_on_postgresql(postgres_name: str, acts: Any) -> None:
    """Invariants 95 and 100."""

    async def whole() -> None:
        async with postgres_copy(postgres_name) as db:
            await play(Days(db), acts)

    asyncio.run(whole())
