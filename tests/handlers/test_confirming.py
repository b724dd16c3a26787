"""A summary, one tap: done once, by its author, within a day; or let be. On both databases."""

import asyncio
import contextlib
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlmodel import func, select

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, ChatMessage, Confirmed, Dispatcher, Reply, Router, Talk
from bot.dispatch.desk import Desk
from cards.confirming import ConfirmButton, DropButton, Summary, money_text
from handlers.confirming.service import propose
from handlers.registry import ROUTERS
from storage import audit
from storage.database import Database
from storage.tables import Intent
from tests.support.company import load_company
from tests.support.databases import sqlite_copy
from tests.support.room import RENDERER, Room


def router_of(done: list[str], refuse: set[str]) -> Router:
    """A capability that registers payments, for this test."""
    router = Router("test.money")

    @router.command("试登记")
    def ask(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
        summary = Summary("登记回款", "登记回款", (("客户", message.args),), Decimal(300000))
        return propose(ctx, talk, "test.pay", {"customer": message.args}, summary)

    @router.confirmer("test.pay")
    def pay(payload: dict[str, Any], ctx: Context) -> Confirmed:
        if payload["customer"] in refuse:
            raise InvalidInput("这笔会超过合同余额，先改金额。")
        with ctx.begin() as tx:
            audit.record(
                tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="test.pay", subject="test:1",
                name=payload["customer"],
            )  # fmt: skip
        done.append(payload["customer"])
        return Confirmed(f"已登记「{payload['customer']}」。")

    return router


def room_of(db: Database, done: list[str], refuse: set[str]) -> Room:
    room = Room(db)
    dispatcher = Dispatcher([*ROUTERS, router_of(done, refuse)])
    room.desk = Desk(db, room.clock, dispatcher, lambda: RENDERER, lambda _id: RENDERER)
    return room


async def test_one_tap_of_many_does_it_once(database: Database) -> None:
    """Invariant 76."""
    await load_company(database)
    done: list[str] = []
    room = room_of(database, done, set())
    asked = await room.say("lina04", "试登记 华兴")
    assert "¥300,000.00（叁拾万元整）" in asked and "登记回款" in asked
    (card,) = await room.cards("lina04")
    answers = await asyncio.gather(*(room.tap("lina04", card, ConfirmButton(intent_id=1)) for _ in range(8)))
    assert done == ["华兴"]
    assert sum("已登记「华兴」" in a and "没有重复处理" not in a for a in answers) == 1
    assert all("登记回款" not in a or "confirming.do" not in a for a in answers)
    assert "没有重复处理" in await room.tap("lina04", card, ConfirmButton(intent_id=1))
    assert "没有重复处理" in await room.tap("lina04", card, DropButton(intent_id=1))


async def test_typed_answers(database: Database) -> None:
    await load_company(database)
    done: list[str] = []
    room = room_of(database, done, set())
    await room.say("lina04", "试登记 甲")
    assert "已登记「甲」" in await room.say("lina04", "确认")
    assert "confirming.do" not in room.shown["lina04"][-1], "the summary answered in words has no buttons any more"
    await room.say("lina04", "试登记 乙")
    assert "不办了" in await room.say("lina04", "不")
    await room.say("lina04", "试登记 丙")
    assert "放下了" in await room.say("lina04", "取消")
    assert done == ["甲"]


async def test_nobody_elses_and_not_after_a_day(database: Database) -> None:
    await load_company(database)
    done: list[str] = []
    room = room_of(database, done, set())
    await room.say("lina04", "试登记 华兴")
    (card,) = await room.cards("lina04")
    forwarded = await room.tap("wang03", card, ConfirmButton(intent_id=1))
    invented = await room.tap("wang03", card, ConfirmButton(intent_id=99))
    assert forwarded == invented and "华兴" not in forwarded
    room.later(hours=24, seconds=1)
    late = await room.tap("lina04", card, ConfirmButton(intent_id=1))
    assert "超过 24 小时" in late and "confirming.do" not in late
    assert not done


async def test_what_the_capability_refuses_stays_open(database: Database) -> None:
    await load_company(database)
    done: list[str] = []
    refuse = {"华兴"}
    room = room_of(database, done, refuse)
    await room.say("lina04", "试登记 华兴")
    (card,) = await room.cards("lina04")
    answer = await room.tap("lina04", card, ConfirmButton(intent_id=1))
    assert "超过合同余额" in answer and "confirming.do" in answer and not done
    refuse.clear()
    assert "已登记" in await room.tap("lina04", card, ConfirmButton(intent_id=1))


@given(st.decimals(min_value=Decimal("0.01"), max_value=Decimal("99999999.99"), places=2))
@settings(max_examples=200)
def test_figures_and_words_stand_together(amount: Decimal) -> None:
    text = money_text(amount)
    assert f"{amount:,.2f}" in text and ("整" in text or "分" in text)
    assert Summary.read(Summary("甲", "登记甲", amount=amount).row()).amount == amount


class Intents(RuleBasedStateMachine):
    """Whatever is tapped in whatever order: each intent is done at most once, and never after it was dropped."""

    database: Database
    loop: asyncio.AbstractEventLoop

    @initialize()
    def begin(self) -> None:
        self.done: list[str] = []
        self.room = room_of(self.database, self.done, set())
        self.asked: list[str] = []
        self.dropped: set[str] = set()

    @rule()
    def ask(self) -> None:
        name = f"客户{len(self.asked)}号"
        self.asked.append(name)
        self.loop.run_until_complete(self.room.say("lina04", f"试登记 {name}"))

    @rule(at=st.integers(0, 5), which=st.sampled_from(("do", "drop")), who=st.sampled_from(("lina04", "wang03")))
    def tap(self, at: int, which: str, who: str) -> None:
        with contextlib.suppress(IndexError):
            name = self.asked[at]
            first = self.loop.run_until_complete(self._first())
            intent = first + at
            button = ConfirmButton(intent_id=intent) if which == "do" else DropButton(intent_id=intent)
            self.loop.run_until_complete(self.room.tap(who, "dc-none", button))
            if which == "drop" and who == "lina04" and name not in self.done:
                self.dropped.add(name)

    async def _first(self) -> int:
        newest = await self.database.system(lambda tx: tx.exec(select(func.max(Intent.id))).one())
        return (newest or 0) - len(self.asked) + 1

    @invariant()
    def once(self) -> None:
        done = getattr(self, "done", [])
        assert len(done) == len(set(done))
        assert not set(done) & getattr(self, "dropped", set())


@pytest.mark.timeout(200)
def test_in_any_order(sqlite_file: Any, tmp_path: Any) -> None:
    loop = asyncio.new_event_loop()
    try:
        copy = sqlite_copy(sqlite_file, tmp_path)
        database = loop.run_until_complete(copy.__aenter__())
        loop.run_until_complete(load_company(database))
        Intents.database, Intents.loop = database, loop
        run_state_machine_as_test(
            Intents,
            settings=settings(
                max_examples=15, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )
        loop.run_until_complete(copy.__aexit__(None, None, None))
    finally:
        loop.close()


def test_a_card_may_take_its_place() -> None:
    assert Confirmed("好", CardRef("customers.one", {"customer_id": 1})).card is not None
