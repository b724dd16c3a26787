"""Statements past the session's machinery: no way round the scope, and in step with what the session holds."""

import asyncio
import importlib
import pkgutil
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col
from sqlmodel import select as sql_select

import storage
from bot.core.actor import SYSTEM, Scope
from bot.core.clock import BEIJING
from storage import inbox
from storage.database import Database, Tx
from storage.inbox import NewFrame
from storage.migrate import upgrade
from storage.plain import InsertNew, Narrowed, Plain, given, given_list, table_of
from storage.tables import Contact, Conversation, Customer, Inbox, SearchEntry
from tests.support.company import load_company
from tests.support.postgres import fresh_database, need_postgres

NOW = datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=BEIJING)
ALL = Plain(select(table_of(Conversation).c.user_id))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def db(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    if request.param == "sqlite":
        opened = Database(f"sqlite+aiosqlite:///{tmp_path}/plain.sqlite3")
        await upgrade(opened)
        yield opened
        await opened.close()
        return
    need_postgres()
    async with fresh_database() as url:
        opened = Database(url)
        await upgrade(opened)
        yield opened
        await opened.close()


async def test_a_scoped_table_is_refused_also_in_a_subquery(db: Database) -> None:
    customer, conversation = table_of(Customer), table_of(Conversation)
    within = select(conversation.c.user_id).where(conversation.c.user_id.in_(select(customer.c.owner_id)))
    for statement in (select(customer.c.name), within):
        plain = Plain(statement)
        for _ in range(2):  # a refusal is not forgotten
            with pytest.raises(TypeError, match="scoped"):
                await db.unit(Scope("u1"), lambda tx, plain=plain: plain.run(tx))  # type: ignore[misc]


async def test_it_may_say_why_it_sees_more(db: Database) -> None:
    plain = Plain(select(table_of(Customer).c.name), unscoped="a test looks")
    assert await db.unit(Scope("u1"), lambda tx: plain.run(tx).all()) == []


async def test_what_the_session_holds_is_written_first(db: Database) -> None:
    def work(tx: Tx) -> list[str]:
        tx.add(Conversation(user_id="u1", conversation_id="bot"))
        return list(ALL.run(tx).scalars())

    assert await db.system(work) == ["u1"]


async def test_rows_that_are_there_already_are_left_and_not_given(db: Database) -> None:
    put = InsertNew(Conversation, ["user_id", "conversation_id"], "user_id")
    row = {"user_id": "u1", "conversation_id": "bot", "misses": 0}
    assert await db.system(lambda tx: put.run(tx, [row])) == ["u1"]
    assert await db.system(lambda tx: put.run(tx, [{**row, "misses": 3}])) == []
    assert await db.system(lambda tx: put.run(tx, [row, {**row, "user_id": "u2"}])) == ["u2"]
    misses = Plain(select(table_of(Conversation).c.misses).where(table_of(Conversation).c.user_id == given("of")))
    assert await db.system(lambda tx: misses.run(tx, of="u1").scalar_one()) == 0


async def test_many_frames_at_once_keep_their_values_and_their_order(db: Database) -> None:
    frames = [NewFrame(f"bot:{n}", f"user:{n % 3}", "bot", f'{{"text":"你好{n}"}}') for n in range(50)]
    wall = NOW + timedelta(hours=1)

    def store(tx: Tx) -> list[NewFrame]:
        return inbox.store(tx, [*frames, frames[0]], holder="me", now=NOW, wall=wall)

    assert await db.system(store) == frames
    assert await db.system(store) == []
    rows = await db.system(lambda tx: tx.scalars(select(Inbox).order_by(table_of(Inbox).c.sequence)).all())
    assert [NewFrame(r.key, r.lane, r.kind, r.body) for r in rows] == frames
    assert {r.received_at for r in rows} == {NOW}
    assert {r.lease_until for r in rows} == {wall + inbox.LEASE}
    assert {(r.state, r.attempts, r.lease_holder, r.result, r.done_at) for r in rows} == {("new", 0, "me", "", None)}


async def test_what_dingtalk_waits_for_goes_first(tmp_path: Path) -> None:
    db = Database(f"sqlite+aiosqlite:///{tmp_path}/plain.sqlite3")
    await upgrade(db)
    held, order = threading.Event(), list[str]()
    try:
        first = asyncio.ensure_future(db.system(lambda tx: held.wait(10)))
        ordinary = [asyncio.ensure_future(db.system(lambda tx, n=n: order.append(f"o{n}"))) for n in range(3)]  # type: ignore[misc]
        gone = asyncio.ensure_future(db.system(lambda tx: order.append("cancelled")))
        urgent = [
            asyncio.ensure_future(db.system(lambda tx, n=n: order.append(f"u{n}"), urgent=True))  # type: ignore[misc]
            for n in range(2)
        ]
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        held.set()
        await asyncio.gather(first, *ordinary, *urgent)
        assert order == ["u0", "u1", "o0", "o1", "o2"]
    finally:
        held.set()
        await db.close()


SCOPES = (
    SYSTEM, Scope("lina04"), Scope("lina04", pool=True), Scope("wang03", frozenset({101, 102})),
    Scope("wang03", frozenset({101}), pool=True), Scope("nobody", None), Scope("nobody", None, pool=True),
)  # fmt: skip


@pytest.mark.parametrize("scope", SCOPES, ids=str)
async def test_a_narrowed_statement_sees_what_the_session_sees(db: Database, scope: Scope) -> None:
    await load_company(db)

    def gone(tx: Tx) -> None:
        one = tx.exec(sql_select(Customer).where(col(Customer.owner_id) == "lina04")).first()
        assert one is not None
        one.deleted_at = NOW
        tx.add(one)

    await db.system(gone)
    customer, contact = table_of(Customer), table_of(Contact)
    names = Narrowed(select(customer.c.name))
    owned = Narrowed(select(customer.c.name).where(customer.c.owner_id.is_not(None)), owned=True)
    contacts = Narrowed(select(contact.c.name))

    def look(tx: Tx) -> None:
        assert sorted(names.run(tx).scalars()) == sorted(tx.exec(sql_select(Customer.name)).all())
        mine = tx.exec(sql_select(Customer.name).where(col(Customer.owner_id).is_not(None))).all()
        assert sorted(owned.run(tx).scalars()) == sorted(mine)
        assert sorted(contacts.run(tx).scalars()) == sorted(tx.exec(sql_select(Contact.name)).all())

    await db.unit(scope, look)


async def test_a_narrowed_statement_without_scope_or_with_a_subquery_is_refused(db: Database) -> None:
    customer, contact = table_of(Customer), table_of(Contact)
    with pytest.raises(RuntimeError, match="no scope"):
        await db.unit(None, lambda tx: Narrowed(select(customer.c.name)).run(tx))
    within = select(customer.c.name).where(customer.c.id.in_(select(contact.c.customer_id)))
    with pytest.raises(TypeError, match="subquery"):
        await db.unit(Scope("u1"), lambda tx: Narrowed(within).run(tx))
    with pytest.raises(TypeError, match="Plain"):
        await db.unit(Scope("u1"), lambda tx: Narrowed(select(table_of(Conversation).c.user_id)).run(tx))


async def test_a_narrowed_statement_of_a_join_or_an_alias_is_refused(db: Database) -> None:
    """What stands in the FROM by another name, or in a join, would not be narrowed beside what is."""
    customer, contact, people = table_of(Customer), table_of(Contact), table_of(Conversation)
    other = customer.alias()
    for statement in (
        select(customer.c.name, other.c.name.label("x")),
        select(customer.c.name, contact.c.name.label("x")).select_from(customer.join(contact)),
        select(customer.c.name).select_from(people.join(customer, customer.c.owner_id == people.c.user_id)),
    ):
        with pytest.raises(TypeError, match="not narrowed"):
            await db.unit(Scope("u1"), lambda tx, s=statement: Narrowed(s).run(tx))  # type: ignore[misc]


async def test_lists_of_any_length(db: Database) -> None:
    found = Plain(
        select(table_of(Conversation).c.user_id)
        .where(table_of(Conversation).c.user_id.in_(given_list("ids")), table_of(Conversation).c.misses.in_((0, 1)))
        .order_by(table_of(Conversation).c.user_id)
    )
    await db.system(lambda tx: tx.add_all([Conversation(user_id=u, conversation_id="bot") for u in "abc"]))
    for ids in ([], ["a"], ["a", "c"], ["a", "b", "c", "d"], []):
        assert await db.system(lambda tx, ids=ids: found.run(tx, ids=ids).scalars()) == [i for i in ids if i != "d"]  # type: ignore[misc]


async def test_what_the_database_refuses_is_named_as_the_session_names_it(db: Database) -> None:
    put = Plain(insert(table_of(Conversation)))
    row = {"user_id": "u1", "conversation_id": "bot", "misses": 0}
    await db.system(lambda tx: put.run(tx, **row))
    with pytest.raises(IntegrityError):
        await db.system(lambda tx: put.run(tx, **row))


async def test_values_come_back_as_their_columns_have_them(db: Database) -> None:
    table = table_of(Conversation)
    put = Plain(insert(table))
    row = {
        "user_id": "u1", "conversation_id": "bot", "pending": {"kind": "要", "ids": [1, 2]}, "pending_until": NOW,
        "subject_id": None, "misses": 2,
    }  # fmt: skip
    await db.system(lambda tx: put.run(tx, **row))
    got = await db.system(lambda tx: Plain(select(table)).run(tx).one())
    assert {name: getattr(got, name) for name in row} == row
    assert got.pending_until.utcoffset() == timedelta(hours=8)
    assert got.subject_until is None


def _made_in(thing: Any, depth: int = 3) -> Iterator[Plain]:
    """The statements a module keeps: by name, in tuples and dicts, in objects of its own."""
    if isinstance(thing, Plain):
        yield thing
    elif depth:
        inside = thing.values() if isinstance(thing, dict) else thing if isinstance(thing, tuple) else ()
        if type(thing).__module__.startswith("storage.") and hasattr(thing, "__dict__"):
            inside = vars(thing).values()
        for one in inside:
            yield from _made_in(one, depth - 1)


def test_every_statement_of_the_storage_room_may_see_what_it_sees() -> None:
    rooms = [importlib.import_module(f"storage.{found.name}") for found in pkgutil.iter_modules(storage.__path__)]
    made = [plain for room in rooms for thing in vars(room).values() for plain in _made_in(thing)]
    wrong = []
    for plain in made:
        try:
            plain.check()
        except TypeError as refusal:
            wrong.append(f"{plain._statement}: {refusal}")
    assert len(made) > 50
    assert not wrong, "\n\n".join(wrong)


async def test_many_rows_of_one_insert_are_all_there_whatever_their_number(db: Database) -> None:
    entries = table_of(SearchEntry)
    add = Plain(insert(entries))
    for count in (1, 2, 666, 667, 1_500):  # SQLite takes 666 rows of three values at once
        rows = [{"kind": "customer.name", "gram": f"{count} g{n:05}", "ref_id": n} for n in range(count)]
        added = await db.system(lambda tx, rows=rows: add.run_many(tx, rows).rowcount)  # type: ignore[misc]
        found = await db.system(
            lambda tx, of=f"{count} g": tx.execute(
                select(entries.c.gram, entries.c.ref_id).where(entries.c.gram.startswith(of))
            ).all()  # type: ignore[misc]
        )
        assert sorted(map(tuple, found)) == [(r["gram"], r["ref_id"]) for r in rows]
        assert added in (count, -1), "a driver that does not tell says -1"
