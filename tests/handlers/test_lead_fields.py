"""The company's own fields on leads (R5.11): sentence, form, card, list, undo, table, rights; and 它."""

import re
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import select

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import Forbidden
from handlers.customfields.rules import Required
from handlers.leads.rules import ChangedSince, DuplicateLead
from handlers.leads.service import create_lead, show_lead, update_lead
from handlers.leads.sheet import LEADS
from handlers.leads.steps import NewLead
from storage import custom_fields, roles
from storage.custom_fields import Definition
from storage.database import Database, Tx
from storage.tables import Audit, Lead, LeadFollowUp, SyncRun
from tests.support.company import load_company
from tests.support.leadworld import XINQIAO, do, lead_company, lead_of, tried
from tests.support.room import NOW, Room

MONEY, TEXT, DAY = "money_0001", "text_0001", "date_0001"
FIELDS = [
    Definition(MONEY, "年采购额", "money", False, 0, True), Definition(TEXT, "说明", "text", False, 1, True),
    Definition(DAY, "交货日", "date", False, 2, True),
]  # fmt: skip


def define(tx: Tx, *, required: bool = False) -> None:
    first = Definition(MONEY, "年采购额", "money", required, 0, True)
    custom_fields.put_definitions(tx, "lead", [first, *FIELDS[1:]])
    tx.add(SyncRun(kind="full", status="ok", started_at=NOW, finished_at=NOW))


def grant(tx: Tx, name: str, permission: Permission) -> None:
    role = roles.find_by_name(tx, name)
    assert role is not None
    roles.write_role(tx, role, replace(role, functions=role.functions | {permission.value}, level="advanced"))


@pytest.fixture
async def room(database: Database) -> Room:
    await load_company(database, lead_company())
    await database.system(define)
    return Room(database)


TRACK = re.compile(r"dc-[0-9a-f]{40}")


async def own_of(room: Room, company: str) -> dict[str, Any]:
    return dict((await lead_of(room.db, company)).custom)


async def test_a_sentence_fills_them_in_and_changes_them_and_an_undo_takes_that_back(room: Room) -> None:
    said = await room.say("lina04", "新建线索 杭州远航五金 陈强 13812345679 年采购额 50万")
    assert "年采购额" in said and "500,000" in said
    assert await own_of(room, "杭州远航五金") == {MONEY: "500000.00"}
    changed = await room.say("lina04", "改线索 杭州远航五金 年采购额 80万 交货日 4月5日")
    assert "已改：年采购额、交货日" in changed and "800,000" in changed
    assert await own_of(room, "杭州远航五金") == {MONEY: "800000.00", DAY: "2026-04-05"}
    assert "恢复原样" in await room.say("lina04", "撤销")
    assert await own_of(room, "杭州远航五金") == {MONEY: "500000.00"}
    await room.say("lina04", "改线索 它 年采购额 无")
    assert await own_of(room, "杭州远航五金") == {}
    lines = await room.db.system(lambda tx: tx.exec(select(Audit.detail).where(Audit.action == "edit.lead")).all())
    assert any("年采购额" in line["changes"] and line["fields"] == {"年采购额": MONEY} for line in lines)


async def test_a_list_is_narrowed_by_them(room: Room) -> None:
    await room.say("lina04", "新建线索 甲五金 13812345671 年采购额 50万")
    await room.say("lina04", "新建线索 乙五金 13812345672 年采购额 20万")
    shown = await room.say("lina04", "线索 年采购额 大于30万")
    assert "甲五金" in shown and "乙五金" not in shown and "共 1 条" in shown and "年采购额 大于30万" in shown
    assert "共 1 条" in await room.say("lina04", "我的线索 年采购额 没填")
    assert "按" in await room.say("lina04", "线索 年采购额 大于很多") or "金额" in room.shown["lina04"][-1]


async def test_who_may_not_fill_one_in_is_refused_by_every_door(room: Room) -> None:
    await room.say("lina04", "新建线索 甲五金 13812345671 年采购额 50万")
    of = (await lead_of(room.db, "甲五金")).id or 0
    assert "已生效" in await room.say("chen01", "字段权限 业务员 线索 年采购额 隐藏")
    assert "年采购额" not in await room.say("lina04", "查线索 甲五金")
    hidden, absent = [await room.say("lina04", f"线索 {word} 大于30万") for word in ("年采购额", "年采数量")]
    assert "没有符合的线索" in hidden and TRACK.sub("", hidden) == TRACK.sub("", absent), (
        "as if there were no such field"
    )
    with pytest.raises(Forbidden):
        await do(room.db, "lina04", update_lead, of, {}, {MONEY: "1.00"})
    with pytest.raises(Forbidden):
        await do(room.db, "lina04", create_lead, NewLead("乙五金", custom={MONEY: "1.00"}))
    assert (await do(room.db, "lina04", show_lead, of)).lead.custom == {}
    assert await own_of(room, "甲五金") == {MONEY: "500000.00"}


async def test_a_required_one_is_asked_for_and_not_emptied(room: Room) -> None:
    await room.db.system(lambda tx: define(tx, required=True))
    assert "还差必填的「年采购额」" in await room.say("lina04", "新建线索 甲五金 13812345671")
    assert "已建线索" in await room.say("lina04", "年采购额 50万")
    of = (await lead_of(room.db, "甲五金")).id or 0
    assert isinstance(await tried(room.db, "lina04", update_lead, of, {}, {MONEY: ""}), Required)
    other = (await lead_of(room.db, XINQIAO)).id or 0  # older than the field: other things of it may change
    assert "备注" in (await do(room.db, "lina04", update_lead, other, {"remark": "要两台"})).text


async def test_a_stale_form_changes_nothing(room: Room) -> None:
    lead = await lead_of(room.db, XINQIAO)
    await do(room.db, "lina04", update_lead, lead.id, {"remark": "要两台"})
    stale = await tried(room.db, "lina04", update_lead, lead.id, {"remark": "要三台"}, {}, version=lead.version)
    assert isinstance(stale, ChangedSince)
    assert (await lead_of(room.db, XINQIAO)).remark == "要两台"


# -- 它 ---------------------------------------------------------------------------------------------------------------


async def test_it_is_the_lead_last_spoken_of(room: Room) -> None:
    await room.say("lina04", "查线索 无锡新桥")
    assert "聊了需求" in await room.say("lina04", "跟进 它 电话聊了需求")
    [entry] = await room.db.system(lambda tx: tx.exec(select(LeadFollowUp)).all())
    assert entry.content == "电话聊了需求"
    assert "有意向" in await room.say("lina04", "它有意向")
    assert "无效：空号" in await room.say("lina04", "它无效 空号")
    assert "跟进中" in await room.say("lina04", "它恢复")
    assert "已转成客户" in await room.say("lina04", "把它转成客户")
    assert (await lead_of(room.db, XINQIAO)).state == "converted"


async def test_it_is_no_lead_after_a_customer_and_no_customer_after_a_lead(room: Room) -> None:
    await room.say("lina04", "查 华兴科技")
    await room.say("lina04", "查线索 无锡新桥")
    await room.say("lina04", "改 它 城市 无锡")  # no customer is meant any more
    await room.say("lina04", "查 华兴科技")
    assert "没有找到" in await room.say("lina04", "线索转客户 它")
    assert (await lead_of(room.db, XINQIAO)).state == "new"
    cities = await room.db.system(lambda tx: tx.exec(select(Audit).where(Audit.action == "edit.customer")).all())
    assert cities == []


async def test_it_is_forgotten_after_ten_minutes_and_when_it_is_anothers(room: Room) -> None:
    await room.say("lina04", "查线索 无锡新桥")
    await room.say("wang03", "转线索 无锡新桥 给 赵磊")
    assert "没有找到" in await room.say("lina04", "查线索 它")
    await room.say("zhao05", "查线索 无锡新桥")
    room.later(minutes=11)
    assert "没有找到" in await room.say("zhao05", "查线索 它")


# -- tables -----------------------------------------------------------------------------------------------------------


async def test_an_imported_lead_goes_the_way_of_one_that_was_typed(room: Room) -> None:
    def work(tx: Tx, ctx: Context) -> Lead:
        batch = LEADS.batch(tx, ctx, {"source": "import:7"})
        row = {"company": "甲五金", "mobile": "13812345671", MONEY: "500000.00"}
        batch.prepare([row])
        assert batch.look(row).verdict == "new"
        made: Lead = batch.create(row)
        batch.finish([(made, row)], [])
        assert batch.look(row).verdict == "same"
        changed = batch.look({**row, MONEY: "600000.00", "remark": "要两台"})
        batch.change(changed)
        batch.finish([], [changed])
        return made

    def case(ctx: Context) -> int:
        with ctx.begin() as tx:
            return work(tx, ctx).id or 0

    of = await do(room.db, "chen01", case)
    lead = await lead_of(room.db, "甲五金")
    assert (lead.owner_id, lead.remark, lead.version) == ("chen01", "要两台", 2)
    assert lead.custom == {MONEY: "600000.00"}
    query = select(Audit).where(Audit.subject == f"lead:{of}")
    lines = await room.db.system(lambda tx: [(a.action, a.source) for a in tx.exec(query).all()])
    assert lines == [("create.lead", "import:7"), ("edit.lead", "import:7")]


async def test_an_import_meets_the_lead_of_another(room: Room) -> None:
    """The same rule as by sentence: a lead of that company and number, whoever has it."""

    def case(ctx: Context) -> None:
        with ctx.begin() as tx:
            batch = LEADS.batch(tx, ctx, {})
            row = {"company": "深圳秘密电子", "mobile": "13811110002"}
            batch.prepare([row])
            batch.look(row)

    await room.db.system(lambda tx: grant(tx, "业务员", Permission.LEAD_IMPORT))
    assert isinstance(await tried(room.db, "lina04", case), DuplicateLead)
