"""A lead becomes a customer and an opportunity that need own fields (R5.11): asked for at once, nothing lost."""

from typing import Any

import pytest
from sqlmodel import select

from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from cards.leads import ConvertLeadButton, LeadStateButton
from cards.team import AskJoinButton
from handlers.customfields.rules import Required
from handlers.leads.rules import check_move
from handlers.leads.service import convert_lead
from storage import custom_fields, dictionaries
from storage.custom_fields import Definition
from storage.database import Database, Tx
from storage.dictionaries import Value
from storage.tables import Contact, Customer, Lead, Opportunity, Role, RoleField, SyncRun
from tests.handlers.test_exchange import bring
from tests.handlers.test_lead_fields import grant
from tests.support.company import load_company
from tests.support.leadworld import XINQIAO, do, lead_company, lead_of, tried
from tests.support.room import NOW, Room

MONEY, ALIKE = "money_0001", "杭州远航贸易"


def money(label: str, *, required: bool = True) -> Definition:
    return Definition(MONEY, label, "money", required, 0, True)


def define(tx: Tx, **forms: Definition) -> None:
    for form, definition in forms.items():
        custom_fields.put_definitions(tx, form, [definition])
    tx.add(SyncRun(kind="full", status="ok", started_at=NOW, finished_at=NOW))


@pytest.fixture
async def room(database: Database) -> Room:
    await load_company(database, lead_company())
    return Room(database)


async def all_of(room: Room, model: Any) -> list[Any]:
    return list(await room.db.system(lambda tx: tx.exec(select(model)).all()))


async def became(room: Room, lead: Lead) -> tuple[Customer, Opportunity, Contact]:
    def read(tx: Tx) -> tuple[Customer, Opportunity, Contact]:
        customer, deal = (
            tx.get(Customer, lead.converted_customer_id),
            tx.get(Opportunity, lead.converted_opportunity_id),
        )
        assert customer is not None and deal is not None
        return customer, deal, tx.exec(select(Contact).where(Contact.customer_id == customer.id)).one()

    return await room.db.system(read)


async def custom_of(room: Room, customer_id: int) -> dict[str, Any]:
    return await room.db.system(lambda tx: dict(tx.get_one(Customer, customer_id).custom))


async def test_what_all_of_them_need_is_asked_for_at_once(room: Room) -> None:
    fields = {"customer": money("年采购额"), "contact": money("年薪"), "opportunity": money("预算")}
    await room.db.system(lambda tx: define(tx, **fields))
    deals, count = len(await all_of(room, Opportunity)), len(await all_of(room, Customer))
    asked = await room.say("lina04", "转客户并建商机 无锡新桥")
    assert "客户还差必填的「年采购额」" in asked and "联系人还差必填的「年薪」" in asked
    assert "商机还差必填的「预算」" in asked and "年采购额 50万 年薪 50万 预算 50万" in asked
    still = await room.say("lina04", "年采购额 80万 年薪 10万")
    assert "商机还差必填的「预算」" in still and "年采购额" not in still
    assert (await lead_of(room.db, XINQIAO)).state == "new", "nothing is half done"
    assert (len(await all_of(room, Opportunity)), len(await all_of(room, Customer))) == (deals, count)
    assert "已转成客户" in await room.say("lina04", "预算 30万")
    customer, deal, person = await became(room, await lead_of(room.db, XINQIAO))
    assert customer.custom == {MONEY: "800000.00"} and deal.custom == {MONEY: "300000.00"}
    assert (person.name, person.custom) == ("沈工", {MONEY: "100000.00"})


async def test_one_sentence_says_it_all(room: Room) -> None:
    await room.db.system(lambda tx: define(tx, customer=money("年采购额"), opportunity=money("预算")))
    assert "已转成客户" in await room.say("lina04", "转客户并建商机 无锡新桥 年采购额 80万 预算 30万")
    customer, deal, _ = await became(room, await lead_of(room.db, XINQIAO))
    assert (customer.custom, deal.custom) == ({MONEY: "800000.00"}, {MONEY: "300000.00"})


async def test_a_tap_asks_in_the_chat_and_keeps_that_an_opportunity_was_wanted(room: Room) -> None:
    await room.db.system(lambda tx: define(tx, opportunity=money("预算")))
    lead = await lead_of(room.db, XINQIAO)
    await room.say("lina04", "查线索 无锡新桥")
    [*_, card] = await room.cards("lina04")
    assert "商机还差必填的「预算」" in await room.tap(
        "lina04", card, ConvertLeadButton(lead_id=lead.id or 0, opportunity=True)
    )
    assert "已转成客户" in await room.say("lina04", "预算 30万")
    assert (await became(room, await lead_of(room.db, XINQIAO)))[1].custom == {MONEY: "300000.00"}


async def test_a_likeness_asked_about_between_loses_nothing(room: Room) -> None:
    await room.db.system(lambda tx: define(tx, customer=money("年采购额"), opportunity=money("预算")))
    await room.say("lina04", f"新建线索 {ALIKE} 张工 13877776666")
    first = await room.say("lina04", f"转客户并建商机 {ALIKE} 年采购额 80万")
    assert "商机还差必填的「预算」" in first
    assert "可能重复" in await room.say("lina04", "预算 30万")
    [*_, card] = await room.cards("lina04")
    lead = await lead_of(room.db, ALIKE)
    anyway = ConvertLeadButton(lead_id=lead.id or 0, opportunity=True, anyway=True)
    assert "已转成客户" in await room.tap("lina04", card, anyway)
    customer, deal, _ = await became(room, await lead_of(room.db, ALIKE))
    assert (customer.custom, deal.custom) == ({MONEY: "800000.00"}, {MONEY: "300000.00"})


@pytest.mark.parametrize("tapped", [False, True])
async def test_the_owner_of_one_alike_is_asked_to_let_him_in(room: Room, tapped: bool) -> None:
    await room.say("zhou06", "新建客户 深圳恒达精密机械有限公司 老周 13877775555")
    theirs = next(c for c in await all_of(room, Customer) if c.name.startswith("深圳恒达"))
    await room.say("lina04", "新建线索 恒达精密机械 张工 13877776666")
    lead = await lead_of(room.db, "恒达精密机械")
    if tapped:
        await room.say("lina04", "查线索 恒达精密机械")
        [*_, card] = await room.cards("lina04")
        doubt = await room.tap("lina04", card, ConvertLeadButton(lead_id=lead.id or 0))
    else:
        doubt = await room.say("lina04", "转客户 恒达精密机械")
        [*_, card] = await room.cards("lina04")
    assert "可能重复" in doubt and "深圳恒达" not in doubt and "申请协作" in doubt and "仍要新建" in doubt
    if tapped:
        assert "加你为协作人" in await room.tap("lina04", card, AskJoinButton(customer_id=theirs.id or 0))
    else:
        assert "加你为协作人" in await room.say("lina04", "申请协作")
    assert any("李娜" in told and "深圳恒达" in told for told in room.shown["zhou06"][1:])
    assert (await lead_of(room.db, "恒达精密机械")).state == "new"


async def test_what_the_lead_says_under_the_same_label_goes_along(room: Room) -> None:
    fields = {"lead": money("年采购额"), "customer": money("年采购额"), "opportunity": money("预算", required=False)}
    await room.db.system(lambda tx: define(tx, **fields))
    await room.say("lina04", "新建线索 绍兴天成五金 陈强 13812345679 年采购额 50万")
    assert "已转成客户" in await room.say("lina04", "转客户并建商机 绍兴天成五金")
    customer, deal, _ = await became(room, await lead_of(room.db, "绍兴天成五金"))
    assert (customer.custom, deal.custom) == ({MONEY: "500000.00"}, {})


async def test_nothing_goes_along_that_he_may_not_see_or_fill_in(room: Room) -> None:
    await room.db.system(lambda tx: define(tx, lead=money("年采购额"), customer=money("年采购额", required=False)))
    await room.say("lina04", "新建线索 绍兴天成五金 陈强 13812345679 年采购额 50万")
    lead = await lead_of(room.db, "绍兴天成五金")

    def level(tx: Tx, form: str, word: str) -> None:
        role = tx.exec(select(Role).where(Role.name == "业务员")).one()
        for row in tx.exec(select(RoleField).where(RoleField.role_id == role.id, RoleField.field == MONEY)).all():
            tx.delete(row)
        tx.flush()
        tx.add(RoleField(role_id=role.id or 0, form=form, field=MONEY, level=word))

    await room.db.system(lambda tx: level(tx, "lead", "hidden"))
    done = await do(room.db, "lina04", convert_lead, lead.id)
    assert await custom_of(room, done.customer_id) == {}
    await room.say("lina04", "新建线索 嘉兴丰收电缆 陈强 13812345670")
    await room.db.system(lambda tx: level(tx, "customer", "read"))
    other = await lead_of(room.db, "嘉兴丰收电缆")
    await room.db.system(lambda tx: custom_fields.put_values(tx, tx.get_one(Lead, other.id), {MONEY: "1.00"}))
    done = await do(room.db, "lina04", convert_lead, other.id)
    assert await custom_of(room, done.customer_id) == {}


async def test_a_choice_goes_along_only_where_it_is_to_be_chosen(room: Room) -> None:
    def bind(tx: Tx) -> None:
        for form in ("lead", "customer"):
            custom_fields.put_definitions(tx, form, [Definition("choice_0001", "设备", "choice", False, 0, True)])
        for form, values in (("lead", ["数控", "冲压"]), ("customer", ["数控"])):
            made = dictionaries.add_dictionary(tx, f"{form}设备").id or 0
            dictionaries.put_values(tx, made, [Value(0, v, n, enabled=True) for n, v in enumerate(values)])
            dictionaries.bind(tx, form, "choice_0001", made)

    await room.db.system(bind)
    for word, kept in (("数控", {"choice_0001": "数控"}), ("冲压", {})):
        await room.say("lina04", f"新建线索 杭州{word}五金 陈强 设备 {word}")
        lead = await lead_of(room.db, f"杭州{word}五金")
        assert lead.custom == {"choice_0001": word}
        done = await do(room.db, "lina04", convert_lead, lead.id, anyway=True)
        assert await custom_of(room, done.customer_id) == kept


async def test_a_customer_that_is_there_needs_only_what_is_new(room: Room) -> None:
    await room.db.system(lambda tx: define(tx, customer=money("年采购额"), contact=money("年薪")))
    await room.say("lina04", "新建线索 华兴科技有限公司 13877776666 新人")
    lead = await lead_of(room.db, "华兴科技有限公司")
    refused = await tried(room.db, "lina04", convert_lead, lead.id)
    assert isinstance(refused, Required) and list(refused.short) == ["contact"]
    done = await do(room.db, "lina04", convert_lead, lead.id, custom={"contact": {MONEY: "1.00"}})
    assert done.merged


async def test_a_table_fills_in_what_a_lead_needs(room: Room) -> None:
    def prepare(tx: Tx) -> None:
        define(tx, lead=money("年采购额"))
        grant(tx, "业务员", Permission("lead:import"))

    await room.db.system(prepare)
    rows = [["公司", "手机", "年采购额"], ["甲五金", "13812345671", "50万"], ["乙五金", "13812345672", ""]]
    done = await bring(room.db, "lina04", rows, kind="leads")
    assert (done["created"], done["failed"]) == (1, 1) and "「年采购额」" in done["why"], done
    assert (await lead_of(room.db, "甲五金")).custom == {MONEY: "500000.00"}
    mended = await bring(room.db, "lina04", [rows[0], [*rows[2][:2], "20万"]], kind="leads")
    assert mended["created"] == 1, mended
    assert (await lead_of(room.db, "乙五金")).custom == {MONEY: "200000.00"}


@pytest.mark.parametrize("state", ["converted", "invalid", "won"])
async def test_a_forged_tap_converts_nothing(room: Room, state: str) -> None:
    """A lead is converted only with the customer that comes of it (R-LEAD-5), by this door or any other."""
    lead = await lead_of(room.db, XINQIAO)
    await room.say("lina04", "查线索 无锡新桥")
    [*_, card] = await room.cards("lina04")
    answer = await room.tap("lina04", card, LeadStateButton(lead_id=lead.id or 0, state=state))
    assert "不能直接改" in answer
    with pytest.raises(InvalidInput, match="转客户 无锡新桥"):
        check_move("无锡新桥", lead.state, "converted")
    assert (await lead_of(room.db, XINQIAO)).state == lead.state
