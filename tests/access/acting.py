"""Calls a use case of the table as somebody, and says what he would learn by it."""

import re
from dataclasses import replace
from typing import Any

from bot.context import make_context
from bot.core.actor import Actor, Permission
from bot.core.errors import NotFound
from bot.dispatch import Confirmed
from bot.identity import identify
from storage.database import Database, Tx
from storage.settings import read_settings
from tests.access.objects import object_called
from tests.access.row import NOW, Row
from tests.access.table import TABLE, use_cases
from tests.support.company import load_company
from tests.support.room import DISPATCHER
from tests.support.world import small_world

POOL = {"claim_cap": 3, "return_after_days": 15, "leads": True}
USE_CASES = use_cases()
NOTHING = {"nothing": lambda _payload, _ctx: Confirmed("好的。")}  # what an offer or an intent of the table does
TYPED = re.compile(r"\b(FP|HK)-\w+")  # numbers that people type
NUMBERS = re.compile(r"\b\d+\b")


async def load(database: Database) -> None:
    """The small company, with leads in a pool and stages to go through."""
    world = small_world(pool=POOL)
    world["stages"] = [
        {"name": "初步沟通", "win_rate": 10, "kind": "open"}, {"name": "报价", "win_rate": 50, "kind": "open"},
        {"name": "赢单", "win_rate": 100, "kind": "won"}, {"name": "输单", "win_rate": 0, "kind": "lost"},
    ]  # fmt: skip
    await load_company(database, world)


async def do(db: Database, name: str, who: str, wanted: str | int, *, without: bool = False) -> Any:
    """As that person with exactly what the row needs, or `without` anything."""
    row = TABLE[name]

    def work(tx: Tx) -> Any:
        settings = read_settings(tx)
        actor = identify(tx, who, settings)
        actor = replace(actor, permissions=frozenset(), admin=False) if without else _granted(actor, row)
        ctx = make_context(tx, actor, NOW, settings, "chat")
        ctx.undoers = {**DISPATCHER.undoers, **NOTHING}
        ctx.confirmers = {**DISPATCHER.confirmers, **NOTHING}
        object_id = wanted if isinstance(wanted, int) else object_called(tx, wanted)
        return row.call(USE_CASES[name], ctx, object_id)

    return await db.unit(None, work)


def _granted(actor: Actor, row: Row) -> Actor:
    needs = {row.needs} if isinstance(row.needs, Permission) else set()
    return replace(
        actor, permissions=actor.permissions | needs | {*row.also}, admin=actor.admin or row.needs == "admin"
    )


async def learnt(db: Database, name: str, who: str, wanted: str | int) -> str:
    """What he reads: the refusal's words, or what he is given."""
    try:
        return f"given {await do(db, name, who, wanted)!r}"
    except NotFound as refusal:
        return f"refused {TYPED.sub('X', refusal.text)}"


async def asked(db: Database, name: str, object_id: int) -> list[str]:
    """What the database is asked meanwhile: each statement, its numbers taken out."""
    seen: list[str] = []

    def watch(tx: Tx) -> None:
        connection: Any = tx.connection().connection.dbapi_connection
        connection.set_trace_callback(seen.append)

    def done(tx: Tx) -> None:
        connection: Any = tx.connection().connection.dbapi_connection
        connection.set_trace_callback(None)

    await db.system(watch)  # there is one connection that writes
    try:
        await learnt(db, name, "lina04", object_id)
    finally:
        await db.system(done)
    return [
        NUMBERS.sub("?", TYPED.sub("X", s))
        for s in seen
        if s.split(" ", 1)[0].upper() in ("SELECT", "INSERT", "UPDATE", "DELETE")
    ]
