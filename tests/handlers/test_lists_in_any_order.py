"""The administrator's lists, whatever is done to them in whatever order (crm-rules.md 4.4, invariants 36, 38, 40).

Stages, products, competitors and dictionaries with the real use cases on a real database; whatever was done and is
taken back at once has left nothing behind.
"""

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select as core_select
from sqlmodel import col, select

from bot.context import Context, make_context
from bot.core.actor import SYSTEM
from bot.core.errors import AppError
from bot.identity import identify
from handlers.competitors import service as competitors
from handlers.competitors.rules import CompetitorWords
from handlers.dictionaries import service as dictionaries
from handlers.products import service as products
from handlers.stages import service as stages
from storage import lines
from storage.database import Database, Tx
from storage.dictionaries import fold
from storage.plain import table_of
from storage.settings import read_settings
from storage.tables import (
    Competitor,
    Contract,
    ContractLine,
    Customer,
    Dictionary,
    DictionaryValue,
    FieldDictionary,
    Opportunity,
    OpportunityCompetitor,
    Product,
    Stage,
    StageLog,
    Undo,
)
from tests.handlers.test_in_use import company
from tests.support.company import NOW, load_company
from tests.support.databases import postgres_copy, sqlite_copy
from tests.support.room import DISPATCHER, Room

NAMES = ("报价", "ZJ-001", "海天机械", "来源", "样品测试", "B-2", "恒力机床", "渠道")
VALUES = ("展会", "网络", "转介绍", "电话营销", "老客户", "展　会")
FIELD = ("customer", "source")
PHASES = (Phase.explicit, Phase.generate)  # to shrink so long a story takes minutes
LISTS = (Stage, Product, Competitor)
EVERYBODY = {"unscoped": "a test looks at everything", "unmasked": "a test looks at everything"}
Step = tuple[str, int, int, int, bool]


def rows(tx: Tx, model: Any) -> list[dict[str, Any]]:
    """All of them, without the ids that a restored one gets anew."""
    found = tx.execute(core_select(table_of(model)), execution_options=EVERYBODY).mappings().all()
    return sorted(({k: v for k, v in row.items() if k != "id"} for row in found), key=repr)


def picture(tx: Tx) -> Any:
    """The lists as people see them, and what records hold."""
    shelves = {}
    for book in tx.exec(select(Dictionary)).all():
        values = tx.exec(select(DictionaryValue).where(DictionaryValue.dictionary_id == book.id)).all()
        shelves[book.name] = [(v.label, v.enabled) for v in sorted(values, key=lambda v: v.position)]
    names = {d.id: d.name for d in tx.exec(select(Dictionary)).all()}
    bound = {(b.form, b.field): names[b.dictionary_id] for b in tx.exec(select(FieldDictionary)).all()}
    return [rows(tx, model) for model in LISTS], shelves, bound, _sources(tx)


def _sources(tx: Tx) -> list[tuple[int, str]]:
    query = select(Customer.id, Customer.source).order_by(col(Customer.id))
    return [(found or 0, source) for found, source in tx.exec(query, execution_options=EVERYBODY).all()]


class Shop:
    """One company whose lists are changed."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.sold: dict[int, Decimal] = {}  # lines and the price they were made at
        self.done: set[str] = set()

    async def begin(self) -> None:
        world = company()
        world["dictionaries"] = [{"name": "来源", "values": [*VALUES[:3]]}]
        await load_company(self.db, world)

    async def run(self, use_case: Callable[[Context], Any]) -> Any:
        def work(tx: Tx) -> Any:
            own = read_settings(tx)
            return use_case(make_context(tx, identify(tx, "chen01", own), NOW, own, "chat"))

        return await self.db.unit(None, work)

    async def step(self, step: Step) -> None:
        name, a, b, number, back = step
        before = await self.db.read(SYSTEM, picture)
        newest = await self._newest()
        try:
            await getattr(self, f"_{name}")(a, b, number)
        except AppError:
            assert await self.db.read(SYSTEM, picture) == before, f"refused, and yet changed: {name}"
            return
        self.done.add(name)
        offer = await self.db.read(SYSTEM, lambda tx: tx.get(Undo, later_than(tx, newest)))
        if back and offer is not None:
            undoer = DISPATCHER.undoers[offer.kind]
            await self.run(lambda ctx: undoer(offer.payload, ctx))
            assert await self.db.read(SYSTEM, picture) == before, f"taken back, and yet not as it was: {name}"

    async def _newest(self) -> int:
        return (
            await self.db.read(SYSTEM, lambda tx: tx.exec(select(Undo.id).order_by(col(Undo.id).desc())).first()) or 0
        )

    async def _stage_add(self, a: int, b: int, number: int) -> None:
        await self.run(lambda ctx: stages.add_stage(ctx, NAMES[a], number))

    async def _stage_rate(self, a: int, b: int, number: int) -> None:
        name = await self._some_stage(a)
        await self.run(lambda ctx: stages.rate_stage(ctx, name, number))

    async def _stage_rename(self, a: int, b: int, number: int) -> None:
        name = await self._some_stage(a)
        await self.run(lambda ctx: stages.rename_stage(ctx, name, NAMES[b]))

    async def _stage_move(self, a: int, b: int, number: int) -> None:
        one, other = await self._some_stage(a), await self._some_stage(b)
        await self.run(lambda ctx: stages.move_stage(ctx, one, other, behind=number > 50))

    async def _stage_switch(self, a: int, b: int, number: int) -> None:
        name = await self._some_stage(a)
        await self.run(lambda ctx: stages.switch_stage(ctx, name, active=number > 50))

    async def _stage_remove(self, a: int, b: int, number: int) -> None:
        name = await self._some_stage(a)
        await self.run(lambda ctx: stages.remove_stage(ctx, name))

    async def _some_stage(self, at: int) -> str:
        known = await self.db.read(SYSTEM, lambda tx: tx.exec(select(Stage.name).order_by(col(Stage.id))).all())
        return known[at % len(known)]

    async def _stage_use(self, a: int, b: int, number: int) -> None:
        name = await self._some_stage(a)

        def work(tx: Tx) -> None:
            stage = tx.exec(select(Stage).where(Stage.name == name)).one()
            found = tx.exec(select(Opportunity), execution_options=EVERYBODY).first()
            assert found is not None
            tx.add(
                StageLog(opportunity_id=found.id or 0, from_stage_id=found.stage_id, to_stage_id=stage.id or 0, at=NOW)
            )
            found.stage_id = stage.id or 0

        await self.db.system(work)

    async def _stage_stale(self, a: int, b: int, number: int) -> None:
        """As a world file sets it."""
        name = await self._some_stage(a)

        def work(tx: Tx) -> None:
            tx.exec(select(Stage).where(Stage.name == name)).one().rotten_days = number + 1

        await self.db.system(work)

    async def _product_add(self, a: int, b: int, number: int) -> None:
        await self.run(lambda ctx: products.add_product(ctx, [NAMES[a], NAMES[b], str(number)]))

    async def _product_price(self, a: int, b: int, number: int) -> None:
        await self.run(lambda ctx: products.edit_product(ctx, NAMES[a], "单价", f"{number}.5"))

    async def _product_name(self, a: int, b: int, number: int) -> None:
        await self.run(lambda ctx: products.edit_product(ctx, NAMES[a], "名称", NAMES[b]))

    async def _product_switch(self, a: int, b: int, number: int) -> None:
        await self.run(lambda ctx: products.switch_product(ctx, NAMES[a], enabled=number > 50))

    async def _product_remove(self, a: int, b: int, number: int) -> None:
        await self.run(lambda ctx: products.remove_product(ctx, NAMES[a]))

    async def _product_sell(self, a: int, b: int, number: int) -> None:
        def work(tx: Tx) -> tuple[int, Decimal] | None:
            product = tx.exec(select(Product).where(Product.code == NAMES[a])).first()
            contract = tx.exec(select(Contract), execution_options=EVERYBODY).first()
            if product is None or contract is None:
                return None
            lines.add_line(
                tx, ContractLine, contract.id or 0, product, price=product.price, quantity=Decimal(1),
                discount=Decimal(0), amount=product.price,
            )  # fmt: skip
            line = tx.exec(select(ContractLine).order_by(col(ContractLine.id).desc()), execution_options=EVERYBODY)
            newest = line.first()
            assert newest is not None
            return newest.id or 0, product.price

        sold = await self.db.system(work)
        if sold is not None:
            self.sold[sold[0]] = sold[1]

    async def _rival_add(self, a: int, b: int, number: int) -> None:
        await self.run(lambda ctx: competitors.add_competitor(ctx, CompetitorWords(NAMES[a], NAMES[b])))

    async def _rival_edit(self, a: int, b: int, number: int) -> None:
        await self.run(lambda ctx: competitors.edit_competitor(ctx, CompetitorWords(NAMES[a], weaknesses=NAMES[b])))

    async def _rival_switch(self, a: int, b: int, number: int) -> None:
        await self.run(lambda ctx: competitors.switch_competitor(ctx, NAMES[a], active=number > 50))

    async def _rival_remove(self, a: int, b: int, number: int) -> None:
        await self.run(lambda ctx: competitors.remove_competitor(ctx, NAMES[a]))

    async def _rival_meet(self, a: int, b: int, number: int) -> None:
        def work(tx: Tx) -> None:
            rival = tx.exec(select(Competitor).where(Competitor.name == NAMES[a])).first()
            found = tx.exec(select(Opportunity), execution_options=EVERYBODY).first()
            if rival is not None and found is not None:
                tx.merge(OpportunityCompetitor(opportunity_id=found.id or 0, competitor_id=rival.id or 0))

        await self.db.system(work)

    async def _book_id(self, at: int) -> int:
        known = await self.db.read(SYSTEM, lambda tx: tx.exec(select(Dictionary.id).order_by(col(Dictionary.id))).all())
        return known[at % len(known)] or 0 if known else 0

    async def _book_create(self, a: int, b: int, number: int) -> None:
        await self.run(lambda ctx: dictionaries.create_dictionary(ctx, NAMES[a], _line(b, number)))

    async def _book_edit(self, a: int, b: int, number: int) -> None:
        book = await self._book_id(a)
        await self.run(lambda ctx: dictionaries.edit_dictionary(ctx, book, _line(b, number)))

    async def _book_more(self, a: int, b: int, number: int) -> None:
        book = await self._book_id(a)
        await self.run(lambda ctx: dictionaries.add_values(ctx, book, VALUES[b % 6]))

    async def _book_switch(self, a: int, b: int, number: int) -> None:
        book = await self._book_id(a)
        await self.run(lambda ctx: dictionaries.switch_value(ctx, book, VALUES[b % 6], on=number > 50))

    async def _book_correct(self, a: int, b: int, number: int) -> None:
        book = await self._book_id(a)
        await self.run(lambda ctx: dictionaries.correct_label(ctx, book, VALUES[b % 6], VALUES[number % 6]))

    async def _book_delete(self, a: int, b: int, number: int) -> None:
        book = await self._book_id(a)
        await self.run(lambda ctx: dictionaries.delete_dictionary(ctx, book))

    async def _book_bind(self, a: int, b: int, number: int) -> None:
        book = await self._book_id(a) if number > 20 else None
        await self.run(lambda ctx: dictionaries.bind_field(ctx, FIELD, book))

    async def _book_choose(self, a: int, b: int, number: int) -> None:
        """A customer gets a value as a form would write it."""

        def work(tx: Tx) -> None:
            value = dictionaries.step_choose(tx, *FIELD, VALUES[b % 6])
            options = [v for book in picture(tx)[1].values() for v in book]
            bound = picture(tx)[2].get(FIELD)
            assert bound is None or (value, True) in options, "a disabled value was newly chosen"
            found = tx.exec(select(Customer).order_by(col(Customer.id)), execution_options=EVERYBODY).all()
            found[a % len(found)].source = value

        await self.db.system(work)

    async def check(self) -> None:
        def look(tx: Tx) -> None:
            own = tx.exec(select(Stage)).all()
            assert sum(s.kind == "won" for s in own) == 1  # 40
            assert all(s.win_rate == 100 for s in own if s.kind == "won")
            assert all(s.win_rate == 0 for s in own if s.kind == "lost")
            assert all(0 <= s.win_rate <= 100 for s in own)
            assert any(s.kind == "open" and s.active for s in own) and any(s.kind == "won" and s.active for s in own)
            assert len({fold(s.name) for s in own}) == len(own)
            in_use = {o.stage_id for o in tx.exec(select(Opportunity), execution_options=EVERYBODY).all()}
            assert in_use <= {s.id for s in own}
            sold = tx.exec(select(ContractLine), execution_options=EVERYBODY).all()
            assert {s.id: s.price for s in sold if s.id in self.sold} == self.sold  # 38
            codes = [fold(p.code) for p in tx.exec(select(Product), execution_options=EVERYBODY).all()]
            assert len(codes) == len(set(codes))

        await self.db.read(SYSTEM, look)


def later_than(tx: Tx, newest: int) -> int:
    """The offer made after that one; 0: none was."""
    return tx.exec(select(Undo.id).where(col(Undo.id) > newest).order_by(col(Undo.id).desc())).first() or 0


def _line(first: int, count: int) -> str:
    return ";".join(VALUES[(first + i) % 5] for i in range(1 + count % 4))


ACTS = sorted(name[1:] for name in vars(Shop) if name.startswith(("_stage_", "_product_", "_rival_", "_book_")))
ACTS.remove("book_id")
steps = st.lists(
    st.tuples(
        st.sampled_from(ACTS), st.integers(0, 7), st.integers(0, 7), st.sampled_from((0, 10, 40, 60, 100)),
        st.booleans(),
    ),
    min_size=20, max_size=40,
)  # fmt: skip


async def play(shop: Shop, acts: Sequence[Step]) -> None:
    await shop.begin()
    for act in acts:
        await shop.step(act)
        await shop.check()


@pytest.mark.timeout(200)
@given(acts=steps)
@settings(max_examples=12, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
def test_the_lists_hold_in_any_order(sqlite_file: Path, tmp_path_factory: pytest.TempPathFactory, acts: Any) -> None:
    """Invariants 36, 38 and 40."""

    async def whole() -> None:
        async with sqlite_copy(sqlite_file, tmp_path_factory.mktemp("lists")) as db:
            await play(Shop(db), acts)

    asyncio.run(whole())


@pytest.mark.postgres
@given(acts=steps)
@settings(max_examples=2, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
def test_the_lists_hold_on_postgresql(postgres_name: str, acts: Any) -> None:
    """Invariants 36, 38 and 40."""

    async def whole() -> None:
        async with postgres_copy(postgres_name) as db:
            await play(Shop(db), acts)

    asyncio.run(whole())


async def test_a_stage_that_is_put_back_is_whole_and_what_was_done_before_can_be_taken_back(database: Database) -> None:
    shop = Shop(database)
    await shop.begin()
    await shop.run(lambda ctx: stages.add_stage(ctx, "样品测试", 40))
    await shop.db.system(
        lambda tx: setattr(tx.exec(select(Stage).where(Stage.name == "样品测试")).one(), "rotten_days", 9)
    )
    added = await shop.db.read(SYSTEM, picture)
    await shop.run(lambda ctx: stages.rate_stage(ctx, "样品测试", 60))
    rated = await shop.db.read(SYSTEM, picture)
    await shop.run(lambda ctx: stages.remove_stage(ctx, "样品测试"))
    removal, rating = (await shop.db.read(SYSTEM, offers))[:2]
    await shop.run(lambda ctx: stages.undo_change(ctx, removal))
    assert await shop.db.read(SYSTEM, picture) == rated
    await shop.run(lambda ctx: stages.undo_change(ctx, rating))
    assert await shop.db.read(SYSTEM, picture) == added


def offers(tx: Tx) -> list[dict[str, Any]]:
    """What can be taken back, the latest first."""
    return [dict(payload) for payload in tx.exec(select(Undo.payload).order_by(col(Undo.id).desc())).all()]


async def test_a_value_is_written_otherwise_and_taken_back(database: Database) -> None:
    shop = Shop(database)
    await shop.begin()
    book = await shop._book_id(0)
    before = await shop.db.read(SYSTEM, picture)
    await shop.run(lambda ctx: dictionaries.correct_label(ctx, book, "展会", "线下展会"))
    assert (await shop.db.read(SYSTEM, picture))[1]["来源"][0] == ("线下展会", True)
    (change, *_) = await shop.db.read(SYSTEM, offers)
    await shop.run(lambda ctx: dictionaries.undo_change(ctx, "edit", change))
    assert await shop.db.read(SYSTEM, picture) == before


async def test_a_field_of_ones_own_is_renamed_on_both_databases(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    await room.say("chen01", "新增字段 客户 年采购额 金额")
    renamed = await room.say("chen01", "修改字段 客户 年采购额 名称 年度采购额")
    assert "字段改名：年采购额 → 年度采购额" in renamed, renamed
