"""The same thing said in the ways people say it; and what is said is never dropped or put where it does not belong."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import col, select

from storage.database import Database
from storage.tables import Contact, Contract, Customer, FollowUp, Lead, Opportunity, OpportunityLine
from tests.support.company import load_company
from tests.support.room import Room
from tests.support.world import customer, small_world, user

LINA, WANG = "lina04", "wang03"
SELLS = [
    *(f"{what}:{act}" for what in ("lead", "opportunity", "contract", "payment") for act in ("view", "add")),
    "contract:void", "customer:transfer", "competitor:view",
]  # fmt: skip


def company() -> dict[str, Any]:
    world = small_world()
    for role in world["roles"]:
        role |= {"functions": [*role["functions"], *SELLS], "level": "advanced"}
    world["users"].append(user("qiang8", "王强", 102))
    world["stages"] = [
        {"name": "初步沟通", "win_rate": 10, "kind": "open"},
        {"name": "样品测试", "win_rate": 30, "kind": "open"},
        {"name": "商务谈判", "win_rate": 70, "kind": "open"},
        {"name": "赢单", "win_rate": 100, "kind": "won"},
        {"name": "输单", "win_rate": 0, "kind": "lost"},
    ]
    world["competitors"] = [{"name": "欧普", "strengths": "品牌", "weaknesses": "", "tactics": ""}]
    world["products"] = [
        {"code": "LED-8W", "name": "8W筒灯", "price": "18.50"}, {"code": "QD.36", "name": "驱动", "price": "66.00"}
    ]  # fmt: skip
    world["customers"] += [
        customer("云", LINA), customer("3M中国有限公司", LINA),
        customer("一心堂药业", LINA, contacts=[{"name": "赵一", "mobile": "13533334444", "main": True}]),
    ]  # fmt: skip
    world["contracts"] = [
        {"no": "合-7", "customer": "3M中国有限公司", "owner": LINA, "amount": "100000.00", "signed_on": "2026-01-01",
         "starts_on": "2026-01-01", "ends_on": "2026-12-31", "state": "effective"},
        {"no": "HT-2026-001", "customer": "华兴科技有限公司", "owner": LINA, "amount": "200000.00",
         "signed_on": "2026-01-01", "state": "effective"},
    ]  # fmt: skip
    return world


@pytest.fixture
async def room(database: Database) -> Room:
    await load_company(database, company())
    return Room(database)


async def rows(room: Room, model: type[Any], *where: Any) -> list[Any]:
    return await room.db.system(lambda tx: list(tx.exec(select(model).where(*where)).all()))


async def customer_named(room: Room, name: str) -> Customer:
    (found,) = await rows(room, Customer, col(Customer.name) == name)
    assert isinstance(found, Customer)
    return found


async def test_the_help_shows_no_stars(room: Room) -> None:
    said = await room.say(LINA, "帮助")
    assert "【每天】今天" in said and "*" not in said and "＊" not in said


# -- leads ---------------------------------------------------------------------------------------------


async def test_a_lead_by_its_name_alone(room: Room) -> None:
    for said in (
        "线索 横岗灯饰 刘经理13512341111 展会 想要T5灯", "录一条线索，坂田科技，联系人孙工，电话１３５１２３４２２２２",
        "新线索 布吉五金 网络",
    ):  # fmt: skip
        assert "已建线索" in await room.say(LINA, said)
    found = {lead.company: lead for lead in await rows(room, Lead)}
    assert found["横岗灯饰"].contact == "刘经理" and found["横岗灯饰"].remark == "想要T5灯"
    assert found["坂田科技"].contact == "孙工" and found["布吉五金"].source == "网络"
    assert "已记跟进 布吉五金" in await room.say(LINA, "布吉五金 打了电话 没人接")
    assert "有意向" in await room.say(LINA, "坂田科技 有意向")
    assert "已转成客户" in await room.say(LINA, "把横岗灯饰转成客户")
    assert "无效：不要了" in await room.say(LINA, "布吉五金 不要了")


# -- customers and contacts ----------------------------------------------------------------------------


async def test_a_customer_with_labels_and_no_colons(room: Room) -> None:
    assert "已创建 西乡五金" in await room.say(
        LINA, "建个客户叫西乡五金，联系人韩梅梅，电话13711113333，来源网络，备注 要两百只 周五前报价"
    )
    made = await customer_named(room, "西乡五金")
    (person,) = await rows(room, Contact, col(Contact.customer_id) == made.id)
    assert (person.name, person.mobile) == ("韩梅梅", "13711113333")
    assert (made.source, made.remark) == ("网络", "要两百只 周五前报价")
    await room.say(LINA, "新建客户 7-11便利店 店长 0755-88886666 转介绍 备注 需要筒灯200只")
    (person,) = await rows(room, Contact, col(Contact.customer_id) == (await customer_named(room, "7-11便利店")).id)
    assert person.name != "备注" and person.title == "店长"


async def test_a_legal_form_behind_a_blank_belongs_to_the_name(room: Room) -> None:
    assert "已经有这家客户了：「3M中国有限公司」由你负责" in await room.say(
        LINA, "新建客户 3M 中国有限公司 张三 13511113333"
    )


async def test_a_name_of_one_character(room: Room) -> None:
    assert "已记录 · 云" in await room.say(LINA, "跟进 云 见面聊了需求")
    assert "聊了需求" in await room.say(LINA, "云")


async def test_a_contacts_wechat_is_kept(room: Room) -> None:
    assert "微信 zy2020" in await room.say(LINA, "3M加个联系人 周洋 销售总监 13900004444 微信zy2020")
    (person,) = await rows(room, Contact, col(Contact.name) == "周洋")
    assert (person.title, person.wechat) == ("销售总监", "zy2020")


# -- opportunities -------------------------------------------------------------------------------------


async def test_the_stage_stands_behind_the_amount(room: Room) -> None:
    said = await room.say(LINA, "商机 华兴科技 展厅灯光 12万5 商务谈判阶段 月底")
    assert "已建商机 展厅灯光" in said and "商务谈判 · 赢率 70%" in said and "¥125,000.00" in said
    assert "已建商机 仓库改造" in await room.say(LINA, "给3M建个商机 仓库改造 ３５万")
    assert "初步沟通 → 样品测试" in await room.say(LINA, "仓库改造 下一阶段")
    assert "样品测试 → 商务谈判" in await room.say(LINA, "仓库改造 推进到商务")
    assert "欧普" in await room.say(LINA, "仓库改造 输给了欧普")
    assert [o.result for o in await rows(room, Opportunity, col(Opportunity.name) == "仓库改造")] == ["lost"]
    assert "展厅灯光" in await room.say(LINA, "商务谈判阶段的商机")


async def test_a_missing_amount_is_asked_for_once(room: Room) -> None:
    assert "还差金额" in await room.say(LINA, "新建商机 华兴科技 门头灯")
    said = await room.say(LINA, "两千三 下月底签")
    assert "已建商机 门头灯" in said and "¥2,300.00" in said and "4月30日" in said
    await room.say(LINA, "新建商机")
    assert "已建商机 植保灯" in await room.say(LINA, "华兴科技 植保灯 3万")


async def test_a_second_product_is_not_dropped(room: Room) -> None:
    await room.say(LINA, "商机 华兴科技 展厅灯光 12万5")
    said = await room.say(LINA, "展厅灯光 加产品 LED-8W 100只 9折 QD.36 50只")
    assert "还没有加" in said and "QD.36 50只" in said
    assert await rows(room, OpportunityLine) == []
    await room.say(LINA, "展厅灯光 加产品 LED-8W 100只 9折")
    assert [line.discount for line in await rows(room, OpportunityLine)] == [Decimal(10)]


# -- contracts -----------------------------------------------------------------------------------------


async def test_the_end_of_a_contract_is_kept(room: Room) -> None:
    said = await room.say(LINA, "合同 3M ¥1,200.50 编号 QM-3M-9 今天签 明年3月1日到期")
    assert "3月2日 至 2027年3月1日（1 年）" in said
    assert "1,200.50 元" in await room.say(LINA, "登记合同")
    (made,) = await rows(room, Contract, col(Contract.number) == "QM-3M-9")
    assert (made.starts_on, made.ends_on) == (date(2026, 3, 2), date(2027, 3, 1))
    assert "QM-3M-9 为什么作废" in await room.say(LINA, "作废合同 QM-3M-9")


async def test_another_order_is_no_reason(room: Room) -> None:
    assert "为什么作废" in await room.say(LINA, "作废合同 合-7")
    said = await room.say(LINA, "华兴科技到账5万")
    assert "请核对 回款" in said and "已放下刚才的作废合同" in said
    assert {c.state for c in await rows(room, Contract)} == {"effective"}
    await room.say(LINA, "作废合同 合-7")
    assert "客户取消采购" in await room.say(LINA, "客户取消采购")  # begins with a noun that is a command elsewhere
    assert [c.void_reason for c in await rows(room, Contract, col(Contract.state) == "void")] == ["客户取消采购"]


# -- follow-ups ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        "华兴科技 下次联系改到下周三",
        "把华兴科技的下次跟进改到下周三",
        "把华兴科技推迟到下周三",
        "下次联系 华兴科技 改到下周三",
    ],
)
async def test_a_plan_is_moved_and_no_follow_up_made(room: Room, said: str) -> None:
    assert "「华兴科技有限公司」下次联系：3月11日 周三" in await room.say(LINA, said)
    assert await rows(room, FollowUp) == []


async def test_asking_about_follow_ups_makes_none(room: Room) -> None:
    await room.say(LINA, "查 华兴")
    for said in ("本周跟进了几家", "我今天的跟进记录", "我的跟进", "明天要联系谁"):
        assert "我的客户" in await room.say(LINA, said)
    assert await rows(room, FollowUp) == []


async def test_a_change_that_is_none_of_ours_is_no_past(room: Room) -> None:
    said = await room.say(LINA, "跟进 华兴科技 月底发货 不用联系了")
    assert "已记录" in said and "2月" not in said
    assert [f.at.date() for f in await rows(room, FollowUp)] == [date(2026, 3, 2)]


async def test_what_a_contact_said_is_offered(room: Room) -> None:
    assert "一心堂药业" in await room.say(LINA, "赵一说价格太贵")
    assert "已记录 · 一心堂药业" in await room.say(LINA, "1")


async def test_a_vague_day_is_asked_alone(room: Room) -> None:
    said = await room.say(LINA, "跟进 华兴科技 聊了 过两天再打")
    assert "内容记着" in said and "过两天" in said
    assert "已记录" in await room.say(LINA, "先不定")


# -- the pool, and people of one name ------------------------------------------------------------------


async def test_claimed_and_given_up_in_plain_words(room: Room) -> None:
    assert "已领取 温州恒通电器有限公司" in await room.say(LINA, "我要领恒通电器")
    assert "为什么退回" in await room.say(LINA, "恒通电器不跟了")
    assert "客户没预算" in await room.say(LINA, "客户没预算")
    assert (await customer_named(room, "温州恒通电器有限公司")).owner_id is None
    assert "已领取" not in await room.say(LINA, "领导今天来了")


async def test_which_of_two_of_one_name(room: Room) -> None:
    said = await room.say(WANG, "绍兴越达给王强")
    assert "有 2 位「王强」，是哪一位？回复数字：" in said and "销售一部" in said and "销售二部" in said
    assert "回复 1 到 2" in await room.say(WANG, "3")
    number = "2" if said.index("销售二部") > said.index("销售一部") else "1"
    assert "绍兴越达纺织有限公司" in await room.say(WANG, number)
    assert (await customer_named(room, "绍兴越达纺织有限公司")).owner_id == "qiang8"
    await room.say(WANG, "把台州金阳分给王强")
    assert "放下了" in await room.say(WANG, "取消")
    assert (await customer_named(room, "台州金阳模具有限公司")).owner_id is None


async def test_a_customer_given_out_of_sight_is_taken_back(room: Room) -> None:
    assert "转给 周敏" in await room.say(LINA, "把华星电子转给周敏")
    assert "没有找到" in await room.say(LINA, "查 华星电子")
    assert "已撤销" in await room.say(LINA, "撤销")
    assert (await customer_named(room, "华星电子有限公司")).owner_id == LINA
    assert "没有找到" in await room.say(LINA, "查 深圳创想电子")  # no more is seen than before


async def test_a_saved_filter_by_its_name(room: Room) -> None:
    await room.say(LINA, "保存筛选 大客户 机械")
    assert "大客户" in (said := await room.say(LINA, "大客户")) and "华东精密" in said
