"""Field rights at the base data's doors, what an undo puts back, and two administrators at once; on both databases."""

import asyncio
import itertools
import re
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import col, select

from bot.core.fields import FieldLevel
from handlers.audit.words import action_words, detail_words
from storage import roles
from storage.database import Database, Tx
from storage.tables import Audit, Competitor, Product, Stage
from tests.support.company import id_of, load_company
from tests.support.room import Room
from tests.support.world import small_world

BASE = frozenset(
    f"{form}:{verb}" for form in ("product", "competitor") for verb in ("view", "add", "edit", "delete")
) | {"target:view", "target:set"}
RIVAL = {"strengths": "价格低廉", "weaknesses": "交期很长", "tactics": "强调售后"}


async def company(db: Database, **limits: str) -> Room:
    """李娜 keeps products and competitors; `limits`: form__field=level."""
    world = small_world()
    world["products"] = [{"code": "QX-9", "name": "激光头", "category": "卧式", "unit": "台", "price": "8600.00"}]
    world["competitors"] = [{"name": "恒力机床", **RIVAL}]
    world["stages"] = [
        {"name": "接洽", "win_rate": 10, "kind": "open"}, {"name": "报价", "win_rate": 40, "kind": "open"},
        {"name": "赢单", "win_rate": 100, "kind": "won"}, {"name": "输单", "win_rate": 0, "kind": "lost"},
    ]  # fmt: skip
    world["settings"]["admins"] = ["chen01", "wang03"]
    await load_company(db, world)
    await db.system(lambda tx: limit(tx, **limits))
    return Room(db)


def limit(tx: Tx, **limits: str) -> None:
    role = roles.find_by_name(tx, "业务员")
    assert role is not None
    fields = {}
    for name, level in limits.items():
        form, _, field = name.partition("__")
        fields[form, field] = FieldLevel(level)
    wanted = replace(role, functions=role.functions | BASE, level="advanced", data_scope="all", fields=fields)
    roles.write_role(tx, role, wanted)


async def product(db: Database) -> tuple[Any, ...]:
    rows = await db.system(lambda tx: tx.exec(select(Product)).all())
    return tuple((p.code, p.name, p.category, p.unit, f"{p.price:.2f}", p.enabled) for p in rows)


async def rival(db: Database) -> dict[str, str]:
    one = await db.system(lambda tx: tx.exec(select(Competitor)).one())
    return {name: getattr(one, name) for name in RIVAL}


@pytest.mark.parametrize("level", ["hidden", "masked"])
async def test_what_one_may_not_see_of_a_product_is_not_shown_changed_or_lost(database: Database, level: str) -> None:
    room = await company(database, product__price=level, product__category=level)
    for sentence in ("产品", "产品 QX-9", "修改产品 QX-9"):
        shown = await room.say("lina04", sentence)
        assert "激光头" in shown and "8,600" not in shown and "卧式" not in shown and "None" not in shown, sentence
    assert "你不能填产品的「单价」" in await room.say("lina04", "修改产品 QX-9 单价 9000")
    assert "你不能填产品的「产品分类」" in await room.say("lina04", "修改产品 QX-9 分类 配件")
    assert "你不能填产品的「单价」" in await room.say("lina04", "新增产品 Z-1 底座 300")
    assert "没有找到" not in (said := await room.say("lina04", "修改产品 QX-9 名称 新激光头")) and "8,600" not in said
    assert "新激光头" in said
    await room.say("lina04", "撤销")
    await room.say("lina04", "停用产品 QX-9")
    await room.say("lina04", "撤销")
    assert await product(database) == (("QX-9", "激光头", "卧式", "台", "8600.00", True),)


@pytest.mark.parametrize("level", ["hidden", "masked"])
async def test_what_one_may_not_see_of_a_competitor_comes_back_whole(database: Database, level: str) -> None:
    room = await company(database, competitor__strengths=level)
    for sentence in ("竞争对手", "竞争对手 恒力机床"):
        shown = await room.say("lina04", sentence)
        assert "恒力机床" in shown and "价格低廉" not in shown
    assert "你不能填竞争对手的「优势」" in await room.say("lina04", "修改竞争对手 恒力机床 优势 服务好")
    assert "你不能填竞争对手的「优势」" in await room.say("lina04", "新增竞争对手 大明机床 优势 服务好")
    for sentence in ("修改竞争对手 恒力机床 劣势 没有售后", "停用竞争对手 恒力机床", "删除竞争对手 恒力机床"):
        shown = await room.say("lina04", sentence)
        assert "价格低廉" not in shown
        assert "已撤销" in await room.say("lina04", "撤销"), sentence
        assert await rival(database) == RIVAL, sentence
    lines = await said_by(database, "remove.competitor")
    assert "优势 价格低廉 → （空）" in lines[0], "the audit has it whole, for administrators"


async def said_by(db: Database, action: str) -> list[str]:
    query = select(Audit).where(Audit.action == action).order_by(col(Audit.id))
    rows = await db.system(lambda tx: tx.exec(query).all())
    return [detail_words(row.action, row.detail) for row in rows]


UNDONE = (  # what one administrator does, what the other does then, what stays
    ("修改产品 QX-9 单价 9000", "修改产品 QX-9 单价 9500", "产品", "9,500.00"),
    ("修改竞争对手 恒力机床 优势 甲", "修改竞争对手 恒力机床 优势 乙", "竞争对手 恒力机床", "乙"),
    ("新增竞争对手 大明机床 优势 甲", "修改竞争对手 大明机床 优势 乙", "竞争对手 大明机床", "乙"),
    ("阶段 报价 赢率 45%", "新增阶段 样品测试 20%", "销售阶段", "样品测试"),
    ("设目标 李娜 合同额 2026年 3月10万", "设目标 李娜 合同额 2026年 3月20万", "销售目标", "200,000.00"),
    ("开票审批设置|参与者 李娜", "开票审批设置|参与者 赵磊", "开票审批设置", "赵磊"),
    ("高级操作 客户 删除", "高级操作 客户 导出", "高级操作", "客户：导出"),
)


@pytest.mark.parametrize(("first", "then", "ask", "stays"), UNDONE)
async def test_an_undo_does_not_take_back_what_another_did_since(
    database: Database, first: str, then: str, ask: str, stays: str
) -> None:
    room = await company(database)
    await database.system(_synced)
    for who, sentences in (("chen01", first), ("wang03", then)):
        for sentence in sentences.split("|"):
            await room.say(who, sentence)
        room.later(minutes=1)
    refused = await room.say("chen01", "撤销")
    assert "之后又改过" in refused, refused
    assert stays in await room.say("chen01", ask)


def _synced(tx: Tx) -> None:
    from storage.tables import SyncRun
    from tests.support.room import NOW

    tx.add(SyncRun(kind="full", status="ok", started_at=NOW, finished_at=NOW))


@pytest.mark.parametrize(
    ("sentence", "action", "line"),
    [
        ("设目标 李娜 合同额 2026年 1月2万 2月2万 5月2万", "undo.target", "1–2、5月 20,000.00 → （空）"),
        ("设目标 李娜 合同额 2026年 每月30万", "undo.target", "每月 300,000.00 → （空）"),
        ("修改产品 QX-9 单价 9000", "undo.edit_product", "单价 9,000.00 元 → 8,600.00 元"),
        ("新增产品 Z-1 底座 300", "undo.add_product", "300.00 元 → （空）"),
        ("角色 业务员 数据权限 本人", "undo.role", "数据权限：本人 → 全部"),
        ("新建角色 电销", "undo.role", "删掉角色：电销"),
        ("阶段 报价 移到 接洽 前", "undo.stage", "接洽、报价、赢单、输单 → 报价、接洽、赢单、输单"),
        ("阶段 报价 停滞 14天", "undo.stage", "报价 停滞：不限 → 14 天"),
        ("开票审批设置|参与者 李娜", "undo.flow", "恢复成"),
    ],
)
async def test_a_change_taken_back_is_one_line_from_and_to(
    database: Database, sentence: str, action: str, line: str
) -> None:
    room = await company(database)
    await database.system(_synced)
    said = ""
    for part in sentence.split("|"):
        said = await room.say("chen01", part)
    before = await database.system(lambda tx: len(tx.exec(select(Audit.id)).all()))
    assert "已撤销" in await room.say("chen01", "撤销"), said
    assert await database.system(lambda tx: len(tx.exec(select(Audit.id)).all())) == before + 1
    (told,) = await said_by(database, action)
    assert line in told and "{" not in told, told


async def test_when_a_stage_counts_as_stale(database: Database) -> None:
    room = await company(database)
    assert "14 天没动静算停滞" in await room.say("chen01", "阶段 报价 停滞 14天") + await room.say("chen01", "销售阶段")
    assert "14 天 → 不限" in await room.say("chen01", "阶段 报价 停滞 不限")
    for days in ("0", "1000"):
        assert "1 到 999" in await room.say("chen01", f"阶段 报价 停滞 {days}天")
    assert "不会停滞" in await room.say("chen01", "阶段 赢单 停滞 14天")
    assert "管理员" in await room.say("lina04", "阶段 报价 停滞 14天")


async def test_a_form_offers_only_what_one_may_fill_in(database: Database) -> None:
    room = await company(
        database, customer__source="masked", customer__city="read", contact__mobile="hidden", contact__title="read"
    )
    shown = await room.say("lina04", "新建客户")
    assert "联系人" in shown and "分类" in shown
    assert "来源" not in shown and "电话" not in shown
    assert "你不能填客户的「客户来源」" in await room.say("lina04", "新建客户 杭州新远航贸易 来源：展会")
    assert "你不能填联系人的「手机」" in await room.say("lina04", "新建客户 杭州新远航贸易 13812340000")
    await room.say("lina04", "查 华兴科技")
    shown = await room.say("lina04", "添加联系人")
    assert "姓名" in shown and "电话" not in shown and "职务" not in shown, shown


async def test_an_attempt_on_a_foreign_customer_is_kept_whichever_door(database: Database) -> None:
    from cards.customers import FollowButton
    from cards.pool import ClaimButton

    await load_company(database)
    room, foreign = Room(database), await id_of(database, "深圳创想电子有限公司")
    for door in (FollowButton, ClaimButton):
        for customer in (foreign, 999_999):
            await room.say("lina04", "我的客户")
            await room.tap("lina04", (await room.cards("lina04"))[-1], door(customer_id=customer))
        query = select(Audit.subject).where(Audit.action == "refuse.attempt")
        subjects = await database.system(lambda tx, q=query: tx.exec(q).all())  # type: ignore[misc]
        assert subjects == [f"customer:{foreign}"] * (1 if door is FollowButton else 2), door


TOGETHER = (
    "新增产品 QX-1 切割头 100",
    "新增竞争对手 大明机床",
    "新增阶段 样品测试 20%",
    "新建角色 电销",
    "新建字典 付款 月结;现款",
)


@pytest.mark.postgres
@pytest.mark.parametrize("sentence", TOGETHER)
async def test_of_two_who_add_the_same_at_once_one_is_told(postgres: Database, sentence: str) -> None:
    room = await company(postgres)
    await postgres.system(_synced)
    answers = await asyncio.gather(room.say("chen01", sentence), _other(postgres).say("wang03", sentence))
    refused = [re.search("已经有|已经是|已由别人", answer) is not None for answer in answers]
    assert refused.count(True) == 1, answers
    assert not any("出错" in a for a in answers), answers


def _other(db: Database) -> Room:
    room = Room(db)
    room._numbers = itertools.count(1000)
    return room


@pytest.mark.postgres
async def test_two_at_once_lose_nothing_of_each_other(postgres: Database) -> None:
    room = await company(postgres)
    await postgres.system(_synced)
    other = _other(postgres)
    for mine, theirs in (
        ("高级操作 客户 删除", "高级操作 合同 作废"),
        ("设目标 李娜 合同额 2026年 3月10万", "设目标 李娜 合同额 2026年 3月20万"),
        ("阶段 报价 移到 接洽 前", "新增阶段 样品测试 20%"),
        ("修改产品 QX-9 单价 1", "修改产品 QX-9 单价 2"),
        ("公海设置 领取上限 7", "公海设置 未跟进返回 20天"),
        ("角色 业务员 添加功能 合同-查看", "角色 业务员 添加功能 报表-查看"),
    ):
        answers = await asyncio.gather(room.say("chen01", mine), other.say("wang03", theirs))
        assert not any("出错" in a for a in answers), answers
    assert "客户：删除" in (said := await room.say("chen01", "高级操作")) and "合同：作废" in said
    stages = await postgres.system(lambda tx: tx.exec(select(Stage.name, Stage.position)).all())
    assert len({position for _, position in stages}) == len(stages) == 5
    prices = await said_by(postgres, "edit.product")
    assert prices[1].startswith(f"单价 {prices[0].split(' → ')[1]}"), "each line says what it really was"
    said = await room.say("chen01", "公海设置")
    assert "7" in said and "20" in said
    role = await postgres.system(lambda tx: roles.find_by_name(tx, "业务员"))
    assert role is not None and {"contract:view", "report:view"} <= role.functions


@pytest.mark.parametrize(
    "sentence",
    ["产品", "产品 QX-9", "修改产品 QX-9", "修改产品 QX-9 单价 8600.50", "竞争对手", "竞争对手 恒力机床",
     "修改竞争对手 恒力机床 优势 价格低廉得很", "销售阶段", "开票审批设置", "销售目标", "设目标 李娜 合同额 3月1万"],
)  # fmt: skip
async def test_base_data_asked_for_in_a_group_goes_to_the_asker_alone(sqlite: Database, sentence: str) -> None:
    """Of those in the group not everybody may look at it."""
    await company(sqlite)
    room = Room(sqlite, ("chen01", "zhou06"))
    told = await room.say("chen01", sentence, group=True)
    assert any(word in told for word in ("激光头", "恒力机床", "接洽", "出纳开票", "目标")), told
    assert not any(
        "QX" in t or "价格" in t or "接洽" in t or "出纳" in t or "10,000" in t for t in room.shown["zhou06"]
    )


async def test_ones_own_targets_need_no_function(sqlite: Database) -> None:
    room = await company(sqlite)
    for who, amount in (("李娜", "11万"), ("赵磊", "22万"), ("销售一部", "33万")):
        await room.say("chen01", f"设目标 {who} 合同额 2026年 3月{amount}")
    await sqlite.system(lambda tx: _take(tx, "target:view", "target:set"))
    shown = await room.say("lina04", "销售目标")
    assert "110,000.00" in shown and "共 1 项" in shown and "220,000" not in shown and "330,000" not in shown


def _take(tx: Tx, *functions: str) -> None:
    role = roles.find_by_name(tx, "业务员")
    assert role is not None
    roles.write_role(tx, role, replace(role, functions=role.functions - set(functions)))


CHANGES = (
    "新增产品 Z-1 底座 300", "修改产品 Z-1 单价 310", "停用产品 Z-1", "启用产品 Z-1",
    "新增竞争对手 大明机床 优势 快", "修改竞争对手 大明机床 优势 很快", "停用竞争对手 大明机床",
    "删除竞争对手 大明机床", "新增阶段 样品测试 20%", "阶段 样品测试 赢率 25%", "阶段 样品测试 改名 样机测试",
    "阶段 样机测试 移到 接洽 前", "停用阶段 样机测试", "删除阶段 样机测试", "设目标 李娜 合同额 2026年 每月3万",
    "新建字典 付款方式 月结;现款", "编辑字典 付款方式 月结;预付", "绑定字典 客户 来源 付款方式", "新建角色 电销",
    "角色 电销 添加 周敏", "角色 电销 添加功能 公海-全部", "角色 电销 数据权限 服务部门",
    "角色 电销 周敏 服务部门 销售二部", "角色 电销 操作权限 高级", "字段权限 电销 客户 电话 脱敏",
    "角色 电销 移除 周敏", "角色 电销 改名 电话销售", "高级操作 客户 删除", "公海设置 领取上限 9",
    "提醒规则 未跟进 9天", "使用范围 全部员工", "添加管理员 李娜", "移除管理员 李娜", "版本 免费版",
    "绑定字典 客户 来源 商机及客户来源", "版本 付费版", "导出操作记录 本周", "导出角色", "分配 宁波海蓝 给 赵磊",
)  # fmt: skip


async def test_every_change_is_one_readable_line_with_the_name_and_the_door(sqlite: Database) -> None:
    room = await company(sqlite)
    await sqlite.system(_synced)
    count = len(await sqlite.system(_lines))
    for sentence in CHANGES:
        room.later(seconds=5)
        said = await room.say("chen01", sentence)
        lines = await sqlite.system(_lines)
        assert len(lines) == count + 1, (sentence, said, lines[count:])
        count += 1
        user_id, via, action, name, detail = lines[-1]
        words = detail_words(action, detail)
        assert (user_id, via) == ("chen01", "chat") and name, (sentence, lines[-1])
        assert action_words(action) != "其他操作", action
        assert action.startswith("export") or (words and "{" not in words and "None" not in words), (sentence, words)
        assert action.startswith("export") or " → " in words or "角色：" in words or "阶段" in words, (sentence, words)


def _lines(tx: Tx) -> list[Any]:
    query = select(Audit).order_by(col(Audit.id))
    return [(a.user_id, a.via, a.action, a.name, a.detail) for a in tx.exec(query).all()]
