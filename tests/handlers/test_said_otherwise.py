"""What people of another company say in other words than ours; what is labelled is never guessed."""

from typing import Any

import pytest
from sqlmodel import select

from storage.database import Database, Tx
from storage.tables import Contact, Customer, Lead, SyncRun
from tests.support.company import load_company
from tests.support.other_world import other_world
from tests.support.room import NOW, Room


@pytest.fixture
async def room(database: Database) -> Room:
    world = other_world()
    world["settings"]["usage_scope"] = {"mode": "all", "departments": [], "users": []}
    world["roles"][0]["functions"] += ["lead:view", "lead:add"]
    await load_company(database, world)
    await database.system(lambda tx: tx.add(SyncRun(kind="full", status="ok", started_at=NOW, finished_at=NOW)))
    return Room(database)


LABELLED: tuple[tuple[str, dict[str, str], str], ...] = (
    ("行业 白酒 分类 A类 杨过 13800000000", {"industry": "白酒", "customer_class": "A类"}, "杨过"),
    ("来源 抖音 联系人 杨过 电话 13800000000", {"source": "抖音"}, "杨过"),
    ("杨过 13800000000 城市 成都 备注 要两台 下月", {"city": "成都", "remark": "要两台 下月"}, "杨过"),
    ("联系人 欧阳锋 13800000000", {}, "欧阳锋"),
)


@pytest.mark.parametrize(("words", "columns", "person"), LABELLED)
async def test_a_label_is_no_person_and_its_value_no_remark(
    room: Room, words: str, columns: dict[str, str], person: str
) -> None:
    await room.say("a1", f"新建客户 成都甲乙有限公司 {words}")
    made, contact = await room.db.system(_made)
    assert {name: getattr(made, name) for name in columns} == columns
    assert made.remark == columns.get("remark", "")
    assert (contact.name, contact.mobile) == (person, "13800000000")


def _made(tx: Tx) -> tuple[Any, Any]:
    made = tx.exec(select(Customer).where(Customer.name == "成都甲乙有限公司")).one()
    return made, tx.exec(select(Contact).where(Contact.customer_id == made.id)).one()


@pytest.mark.parametrize(
    "sentence", ["新建客户 成都甲乙有限公司 杨过 来源 抖爱", "新建线索 成都甲乙有限公司 杨过 来源 抖爱"]
)
async def test_a_labelled_value_that_is_not_in_the_list_is_refused_with_the_list(room: Room, sentence: str) -> None:
    """R3.60."""
    said = await room.say("a1", sentence)
    assert "抖爱" in said and "老客户介绍" in said and "地推" in said, said
    there = await room.db.system(
        lambda tx: [*tx.exec(select(Lead.company)).all(), *tx.exec(select(Customer.name)).all()]
    )
    assert "成都甲乙有限公司" not in there


async def test_a_leads_label_is_no_person(room: Room) -> None:
    await room.say("a1", "新建线索 成都甲乙有限公司 来源 抖音 联系人 杨过 电话 13800000000 备注 要两台")
    lead = await room.db.system(lambda tx: tx.exec(select(Lead).where(Lead.company == "成都甲乙有限公司")).one())
    assert (lead.source, lead.contact, lead.mobile, lead.remark) == ("抖音", "杨过", "13800000000", "要两台")


@pytest.mark.parametrize("sentence", ["谁是管理员", "管理员是谁", "管理员有谁"])
async def test_everybody_may_ask_whom_to_turn_to(room: Room, sentence: str) -> None:
    said = await room.say("a1", sentence)
    assert "欧阳静怡" in said and "添加管理员" not in said
    assert "添加管理员" in await room.say("boss", sentence)


@pytest.mark.parametrize("sentence", ["把司马光设为管理员", "让司马光当管理员", "将 司马光 设置为管理员"])
async def test_an_administrator_is_made_in_other_words(room: Room, sentence: str) -> None:
    assert "管理员的功能" in await room.say("a1", sentence)
    assert "欧阳静怡、司马光" in await room.say("boss", sentence)


async def test_a_role_is_opened_by_the_manuals_word(room: Room) -> None:
    """编辑角色, R2.34."""
    said = await room.say("boss", "编辑角色 销售代表")
    assert "角色 销售代表" in said and "数据权限" in said
    assert "管理员的功能" in await room.say("a1", "编辑角色 销售代表")


async def test_a_member_is_added_with_the_departments_he_serves(room: Room) -> None:
    """R2.33: each membership may carry 服务部门."""
    said = await room.say("boss", "角色 大区经理 添加 温馨 服务部门 西南大区")
    assert "添加成员：温馨" in said and "西南大区" in said, said
    assert "SAP" in await room.say("b2", "查 SAP")


@pytest.mark.parametrize("sentence", ["给温馨加上大区经理角色", "给温馨添加角色 大区经理"])
async def test_a_role_is_given_in_other_words(room: Room, sentence: str) -> None:
    assert "管理员的功能" in await room.say("a1", sentence)
    assert "添加成员：温馨" in await room.say("boss", sentence)


async def test_all_fields_of_a_form_at_once(room: Room) -> None:
    await room.say("a1", "改 天府软件有限公司 城市 成都")
    await room.say("boss", "字段权限 销售代表 客户 全部 隐藏")
    shown = await room.say("a1", "查 天府软件有限公司")
    assert "天府软件有限公司" in shown and "成都" not in shown.replace("成都组", "") and "A类" not in shown, shown
    await room.say("boss", "字段权限 销售代表 客户 默认")
    assert "A类" in await room.say("a1", "查 天府软件有限公司")


async def test_the_usage_scope_names_departments_without_more_words(room: Room) -> None:
    said = await room.say("boss", "使用范围 成都组、温馨")
    assert "部分员工：成都组、温馨" in said
    assert "使用范围" in await room.say("a2", "今天")
    assert "没有找到部门或在职同事「除了成都组」" in await room.say("boss", "使用范围 除了成都组")
    assert "全部员工" in await room.say("boss", "使用范围 全公司")


async def test_why_somebody_may_not_is_answered_with_what_he_may(room: Room) -> None:
    said = await room.say("boss", "为什么 陈晨曦 不能导出客户")
    assert "陈晨曦 的权限" in said and "销售代表" in said
    assert "的权限" in await room.say("a3", "为什么我不能导出客户")
    assert "管理员的功能" in await room.say("a3", "为什么 温馨 不能导出客户")


async def test_who_is_no_administrator_reads_his_own_help(room: Room) -> None:
    """R1.01: administrators the fourteen topics, others what they may say."""
    assert "安装与使用范围" in await room.say("boss", "管理员帮助")
    said = await room.say("a1", "管理员帮助")
    assert "管理员的功能" in said and "公海" in said and "使用范围" not in said
