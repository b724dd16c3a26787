"""Looking for anything: every kind of record by a part, letters, a tail, another character; of what one may see."""

from typing import Any

import pytest
from sqlmodel import select

from bot.context import make_context
from bot.core.actor import Actor, Permission, Scope
from handlers.search.service import Group, search_all
from handlers.search.views import paint_results
from storage.database import Database, Tx
from storage.settings import read_settings
from storage.tables import Contact, Contract, Lead
from tests.support.company import NOW, customer_id, load_company
from tests.support.full_world import full_world

EVERYTHING = frozenset(Permission)
FOUND = {  # kind: what it is found by, and by nothing else of this company
    "customer": ("东精密机", "nbhd", "ningbohuadong", "华东精蜜"),
    "contact": ("欧阳", "oyx", "ouyangxiu", "3777", "欧阳休"),
    "lead": ("远山电", "hzysdq", "yuanshan", "2222", "湖州元山电器"),
    "opportunity": ("轴改造", "zzgz", "zhuzhougai", "主轴改遭"),
    "contract": ("年度供货", "ndgh", "nianduG", "HT-2026-007", "ht2026", "年度共货"),
    "product": ("数控主", "skzz", "shukong", "ZJ-001", "数空主轴"),
}


@pytest.fixture
async def company(database: Database) -> Database:
    await load_company(database, full_world())

    def more(tx: Tx) -> None:
        of = customer_id(tx, "宁波华东精密机械有限公司")
        tx.add(Contact(customer_id=of, name="欧阳修", mobile="13988883777", mobile_tail="3777", created_at=NOW))
        lead = Lead(company="湖州远山电器", contact="石磊", mobile="13700002222", owner_id="lina04", created_at=NOW)
        tx.add(lead)
        contract = tx.exec(select(Contract)).one()
        contract.name = "年度供货"

    await database.system(more)
    return database


async def ask(
    db: Database, words: str, *, scope: Scope, may: frozenset[Permission] = EVERYTHING, near: bool = True
) -> list[Group]:
    def work(tx: Tx) -> list[Group]:
        ctx = make_context(tx, Actor(scope.user_id, "某", may, scope), NOW, read_settings(tx), "chat")
        return search_all(ctx, words, near=near)

    return await db.read(None, work)


async def test_every_kind_is_found_by_all_that_people_type(company: Database) -> None:
    for kind, typed in FOUND.items():
        for words in typed:
            groups = {g.kind: g for g in await ask(company, words, scope=Scope("lina04"))}
            assert kind in groups, words
            assert groups[kind].total.number >= len(groups[kind].rows) > 0, words


async def test_what_is_anothers_is_answered_as_what_is_not_there(company: Database) -> None:
    for kind in {*FOUND} - {"product"}:  # products are the company's
        for words in FOUND[kind]:
            assert kind not in {g.kind for g in await ask(company, words, scope=Scope("qian07"))}, words


async def test_a_kind_one_may_not_look_at_is_left_out(company: Database) -> None:
    for kind, typed in FOUND.items():
        may = EVERYTHING - {p for p in Permission if p.value == f"{kind}:view"}
        for words in typed:
            groups = await ask(company, words, scope=Scope("liu20", departments=None), may=may)
            assert kind not in {g.kind for g in groups}, words


async def test_another_character_is_looked_for_only_where_nothing_is_called_so(company: Database) -> None:
    scope = Scope("lina04")
    assert not any(g.near for g in await ask(company, "湖州远山电器", scope=scope))
    assert [g.near for g in await ask(company, "湖州元山电器", scope=scope)] == [True]
    assert await ask(company, "湖州元山电器", scope=scope, near=False) == []
    for words in ("火星基地", "湖", "", "啊"):
        assert await ask(company, words, scope=scope) == [], words


async def test_the_answer_says_how_many_of_each_and_that_they_are_only_like(company: Database) -> None:
    def body(tx: Tx, words: str) -> Any:
        actor = Actor("lina04", "李娜", EVERYTHING, Scope("lina04"))
        return paint_results({"words": words}, make_context(tx, actor, NOW, read_settings(tx), "chat")).body

    assert await company.read(None, lambda tx: body(tx, "主轴")) == "共找到：商机 1 个 · 产品 1 个"
    assert await company.read(None, lambda tx: body(tx, "湖州元山电器")) == "没有完全一样的，相近的有：线索 1 条"
