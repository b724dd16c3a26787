"""Lists, searches and cards look through no table: what SQLite and PostgreSQL say they would do, and equal answers."""

import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from bot.context import make_context
from bot.core.actor import Actor, Permission, Scope
from bot.core.lists import Values, Wanted
from handlers.customers import finding
from handlers.customers.views import paint_customer
from handlers.filters.views import paint_list
from handlers.search.service import search_all
from storage import customers, filters, search, ways
from storage.database import Database, Tx
from storage.settings import read_settings
from storage.tables import Customer
from tests.support.company import NOW, load_company
from tests.support.world import customer, small_world

SCOPES = {
    "self": Scope("lina04"),
    "self and the pool": Scope("lina04", pool=True),
    "departments": Scope("wang03", departments=frozenset({101, 102}), pool=True),
    "all": Scope("liu20", departments=None, pool=True),
}
ASKED: dict[str, Callable[[Any], object]] = {
    "list": lambda ctx: paint_list({"text": ""}, ctx),
    "quiet": lambda ctx: paint_list({"text": "制造业 30天未跟进"}, ctx),
    "new": lambda ctx: paint_list({"text": "重点客户 展会 上月新建"}, ctx),
    "mine": lambda ctx: paint_list({"text": "没有下一步", "mine": True}, ctx),
    "name": lambda ctx: paint_list({"text": "精密 按名称"}, ctx),
    "sorted": lambda ctx: paint_list({"text": "按下次跟进"}, ctx),
    "search": lambda ctx: search_all(ctx, "精密"),
    "initials": lambda ctx: search_all(ctx, "hd"),
    "tail": lambda ctx: finding.find_customer(ctx, "5678", pooled=None),
    "meant": lambda ctx: finding.find_customer(ctx, "华东精密", pooled=None),
    "sentence": lambda ctx: finding.find_customer(ctx, "华东精密 电话聊了报价", pooled=False, leading=True),
    "card": lambda ctx: paint_customer({"customer_id": 1}, ctx),
}
LARGE = ("customer", "contact", "follow_up", "search_entry", "owner_history")


def _many(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if there were more than is compared one by one."""
    monkeypatch.setattr(customers, "sees_many", lambda _tx, **_: True)


def _meant(ctx: Any, words: str) -> object:
    return finding.find_customer(ctx, words, pooled=None)


def _ask(tx: Tx, scope: Scope, ask: Callable[[Any], object]) -> object:
    actor = Actor(scope.user_id, "某", frozenset(Permission), scope)
    return ask(make_context(tx, actor, NOW, read_settings(tx), "chat"))


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("asked", ASKED)
async def test_no_table_is_looked_through(
    database: Database, monkeypatch: pytest.MonkeyPatch, asked: str, scope: str
) -> None:
    await load_company(database)
    _many(monkeypatch)
    few = ways.FEW, ways.FEW_SEEN
    for sizes in (few, (0, 0)):  # as for a few, and as for a million
        monkeypatch.setattr(ways, "FEW", sizes[0])
        monkeypatch.setattr(ways, "FEW_SEEN", sizes[1])
        plans = await database.read(None, lambda tx: _plans(tx, SCOPES[scope], ASKED[asked]))
        assert plans
        scans = [line for line in plans if _looks_through(line)]
        assert not scans, "\n".join(scans)


def _looks_through(line: str) -> bool:
    """The whole of a table; the lists' orders are walked until a page is full, the narrowest index is counted."""
    walked = "list|owner_alive|class|created_at|pinyin|next"
    found = re.search(rf"^SCAN ({'|'.join(LARGE)})\b(?! USING (?:COVERING )?INDEX ix_customer_(?:{walked}))", line)
    return found is not None or re.search(rf"Seq Scan on ({'|'.join(LARGE)})\b", line) is not None


def _plans(tx: Tx, scope: Scope, ask: Callable[[Any], object]) -> list[str]:
    """What the database would do for each statement of the question."""
    connection = tx.connection()
    said: list[tuple[str, Any]] = []
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.dbapi_connection
        seen: list[str] = []
        driver.set_trace_callback(seen.append)
        _ask(tx, scope, ask)
        driver.set_trace_callback(None)
        return [
            row[3] for s in seen if s.lstrip().startswith("SELECT") for row in driver.execute(f"EXPLAIN QUERY PLAN {s}")
        ]

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: Any) -> None:
        said.append((statement, parameters))

    event.listen(connection.engine, "before_cursor_execute", note)
    try:
        _ask(tx, scope, ask)
    finally:
        event.remove(connection.engine, "before_cursor_execute", note)
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    return [
        row[0]
        for statement, parameters in said
        if statement.lstrip().startswith("SELECT")
        for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).all()
    ]


async def test_those_with_a_common_word_are_counted_without_their_rows(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await load_company(sqlite)
    for of, size in ((ways, "FEW"), (ways, "FEW_SEEN"), (search, "FEW")):
        monkeypatch.setattr(of, size, 0)
    common: Callable[[Any], object] = lambda ctx: paint_list({"text": "机械"}, ctx)  # noqa: E731 -- as in ASKED
    wanted = Wanted(names=("机械",))
    plans = await sqlite.read(None, lambda tx: _plans(tx, SCOPES["all"], lambda _: filters.count(tx, wanted)))
    assert any(re.match(r"SEARCH customer USING (COVERING )?INDEX ix_customer_ids \(id=\?", line) for line in plans), (
        plans
    )
    assert not [p for p in await sqlite.read(None, lambda tx: _plans(tx, SCOPES["all"], common)) if _looks_through(p)]


@pytest.mark.parametrize("scope", SCOPES)
async def test_many_are_found_as_few_are(database: Database, monkeypatch: pytest.MonkeyPatch, scope: str) -> None:
    """The index leads to those that a comparison of all names finds."""
    world = small_world()
    world["customers"] += [customer(name, "lina04") for name in ("宁波华兴精密科技有限公司", "杭州华星电子有限公司")]
    await load_company(database, world)
    words = (
        "华东精密",
        "华兴",
        "华星",
        "精密",
        "hxjm",
        "huaxing",
        "5678",
        "花兴",
        "华兴精蜜",
        "陈强",
        "宁波",
        "不存在",
    )

    def meant(tx: Tx) -> list[object]:
        return [_ask(tx, SCOPES[scope], partial(_meant, words=w)) for w in words]

    few = await database.read(None, meant)
    _many(monkeypatch)
    assert await database.read(None, meant) == few


@pytest.mark.parametrize("many", [0, 40_000])
async def test_common_parts_lead_to_the_same_rows_as_rare_ones(
    database: Database, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    """Along the entries, as if each word were in every name; for who sees many customers and who sees few."""
    await load_company(database)

    def found(tx: Tx) -> list[list[int]]:
        ids = []
        for scope in SCOPES.values():
            tx.info["scope"] = scope
            for words in ("精密", "华东精密机械", "nbhd", "ningbo", "5678"):
                ids += [search.ids_of(tx, name, words, most=100) for name in search.MODELS]
        return ids

    rare = await database.read(None, found)
    assert any(rare)
    monkeypatch.setattr(search, "FEW", 0)
    monkeypatch.setattr(search, "MANY", many)
    assert await database.read(None, found) == rare


WANTED = (
    Wanted(), Wanted(values=(Values("industry", ("制造业",)),)), Wanted(values=(Values("city", ("宁波",), but=True),)),
    Wanted(quiet_since=NOW - timedelta(days=5)), Wanted(created=(NOW - timedelta(days=900), NOW)),
    Wanted(names=("精密",)), Wanted(names=("有限公司",)), Wanted(has_plan=False), Wanted(owners=("lina04",)),
    Wanted(closed=False), Wanted(closed=True), Wanted(followed=(NOW - timedelta(days=30), NOW)),
    Wanted(sort="created_at"), Wanted(sort="pinyin", descending=False), Wanted(sort="amount"),
)  # fmt: skip


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("sizes", [(4_000, 40_000), (0, 0)])
async def test_the_count_is_the_lists(
    database: Database, monkeypatch: pytest.MonkeyPatch, scope: str, sizes: tuple[int, int]
) -> None:
    """By every way, of every condition: the pages together are what is counted, each once (invariant 31)."""
    await load_company(database)
    monkeypatch.setattr(ways, "FEW", sizes[0])
    monkeypatch.setattr(ways, "FEW_SEEN", sizes[1])

    def work(tx: Tx) -> None:
        tx.info["scope"] = SCOPES[scope]
        seen = {c.id for c in tx.exec(select(Customer)).all() if c.owner_id is not None}
        for wanted in WANTED:
            found = filters.find(tx, wanted)
            listed = [c.id for n in range(1, 9) for c in filters.page(tx, wanted, found, n, 2)]
            assert len(listed) == len(set(listed)) == found.number, wanted
            assert set(listed) <= seen, wanted
            if wanted == Wanted():
                assert set(listed) == seen
            order = [str(c.touched_at) for n in range(1, 9) for c in filters.page(tx, wanted, found, n, 2)]
            if wanted.sort == "touched_at":
                assert order == sorted(order, reverse=True), wanted

    await database.read(None, work)


CALLED = ("精密", "有限", "有限公司", "华东精密机械", "宁波", "机械有限公司", "３Ｍ", "3m", "gmbh", "公司", "不存在的")


@pytest.mark.parametrize("scope", SCOPES)
async def test_names_looked_at_are_those_the_entries_lead_to(
    database: Database, monkeypatch: pytest.MonkeyPatch, scope: str
) -> None:
    """Whatever the words: one by one, by two at once, with another condition, and in any order."""
    world = small_world()
    odd = ("３Ｍ中国有限公司", "Müller GmbH（宁波）", "宁波 精密 有限公司", "機械有限公司", "有限", "精密-机械")
    world["customers"] += [customer(name, "lina04") for name in odd]
    await load_company(database, world)
    asked = [Wanted(names=(one,), sort=sort) for one in CALLED for sort in ("touched_at", "pinyin")]
    asked += [Wanted(names=(one, "有限"), closed=closed) for one in CALLED for closed in (None, False)]

    def found(tx: Tx) -> list[list[int | None]]:
        tx.info["scope"] = SCOPES[scope]
        return [[c.id for c in filters.page(tx, one, filters.find(tx, one), 1, 50)] for one in asked]

    by_entries = await database.read(None, found)
    assert any(by_entries)
    monkeypatch.setattr(ways, "HAND", ((1_000_000, 0),))
    assert await database.read(None, found) == by_entries


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("leaves", [1, 3, 600])
async def test_names_met_along_the_order_are_those_the_entries_lead_to(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch, scope: str, leaves: int
) -> None:
    """Pages and numbers of a word that many are called by, whatever is asked beside it and however soon one stops."""
    world = small_world()
    names = ("宁波机械有限公司", "３Ｍ中国有限公司", "杭州 精密 有限公司", "上海精密-机械", "Müller GmbH（宁波）")
    world["customers"] += [customer(name, who) for name, who in zip(names, ("lina04", "zhao05") * 3, strict=False)]
    await load_company(sqlite, world)
    here = ("宁波", "上海")
    asked = [
        Wanted(names=(one,), sort=sort, descending=down, values=values)
        for one in CALLED
        for sort in ways.ORDERS
        for down in (True, False)
        for values in ((), (Values("city", here),))
    ]

    def found(tx: Tx) -> list[tuple[int, list[list[int | None]]]]:
        tx.info["scope"] = SCOPES[scope]
        some = [filters.find(tx, one) for one in asked]
        return [
            (of.number, [[c.id for c in filters.page(tx, one, of, n, 2)] for n in (1, 2, 3, 4)])
            for one, of in zip(asked, some, strict=True)
        ]

    gathered = await sqlite.read(None, found)
    assert any(number for number, _ in gathered)
    leafed = []

    def by_leafing(tx: Tx, wanted: Wanted, way: str) -> bool:
        leafed.append(plain(tx, wanted, way))
        return leafed[-1]

    plain = ways.by_leafing
    monkeypatch.setattr(filters, "by_leafing", by_leafing)
    monkeypatch.setattr(filters, "LEAVES", leaves)
    for name in ("FEW", "FEW_SEEN", "SOME"):
        monkeypatch.setattr(ways, name, 0)
    monkeypatch.setattr(ways, "is_rare", lambda *_: False)
    monkeypatch.setattr(ways, "HAND", ())
    assert await sqlite.read(None, found) == gathered
    assert any(leafed)


@pytest.mark.parametrize("sort", ["touched_at", "created_at", "next_follow_up_at", "pinyin"])
async def test_longer_lists_are_counted_and_sorted_whole(
    database: Database, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    """As short ones, of which all ids are held (D26)."""
    await load_company(database)

    def work(tx: Tx) -> list[tuple[int, list[int | None]]]:
        found = []
        for scope in SCOPES.values():
            tx.info["scope"] = scope
            for down in (True, False):
                wanted = Wanted(sort=sort, descending=down)
                some = filters.find(tx, wanted)
                found.append((some.number, [c.id for n in (1, 2, 3, 4) for c in filters.page(tx, wanted, some, n, 2)]))
        return found

    short = await database.read(None, work)
    monkeypatch.setattr(filters, "BOUND", 2)
    for sizes in (ways.FEW, ways.FEW_SEEN), (0, 0):
        monkeypatch.setattr(ways, "FEW", sizes[0])
        monkeypatch.setattr(ways, "FEW_SEEN", sizes[1])
        assert await database.read(None, work) == short
