"""数据字典 as administrators keep it and everybody feels it: R3.60 to R3.65, D16, R-DICT-1 to 5."""

import asyncio
from typing import Any

import pytest

from storage import dictionaries
from tests.support.stage import Stage
from tests.support.world import customer, small_world

SENTENCES = (
    "数据字典", "字典 客户分类", "新建字典 颜色 红;绿", "新建字典 颜色 红；绿", "编辑字典 客户分类 甲;乙",
    "字典 来源 添加 抖音", "停用 展会", "启用 展会", "字典 来源 改名 渠道", "改值 展会 线下展会", "删除字典 客户分类",
    "绑定字典 客户 来源 客户分类", "解绑字典 客户 来源", "新建字典 颜色",
)  # fmt: skip


@pytest.fixture
def world() -> dict[str, Any]:
    world = small_world(admins=["chen01", "wang03"])
    world["customers"] += [
        customer("金华展品有限公司", "lina04", source="展会"),
        customer("衢州展品有限公司", "zhou06", source="展会"),
        customer("丽水网品有限公司", source="网络"),
    ]
    world["leads"] = [
        {"company": "湖州线索", "contact": "吴", "mobile": "13900000001", "source": "展会", "owner": "lina04"}
    ]
    return world


async def labels(stage: Stage, form: str, field: str) -> list[str]:
    return await stage.app.db.system(lambda tx: dictionaries.list_values(tx, form, field))


async def created(stage: Stage, words: str, who: str = "lina04") -> dict[str, Any]:
    return await stage.ask(who, f"新建客户 {words}")


async def test_nobody_else_sees_or_changes_them(stage: Stage) -> None:
    for sentence in SENTENCES:
        item = await stage.ask("lina04", sentence)
        assert item["text"] == "这是管理员的功能，需要的话请联系管理员。", sentence
    assert await labels(stage, "customer", "source") == ["展会", "网络", "转介绍"]


async def test_the_list_shows_bindings_and_counts(stage: Stage) -> None:
    item = await stage.ask("chen01", "数据字典")
    assert "共 3 个" in item["text"] and "3 个选项：展会、网络、转介绍" in item["text"]
    assert "客户-客户来源" in item["text"] and "商机-商机来源" in item["text"]
    opened = await stage.tap("chen01", item, "商机及客户来源")
    assert "3 条记录在用" in opened["card"]["text"], "two customers and a lead"
    back = await stage.tap("chen01", item, "返回")
    assert "共 3 个" in back["card"]["text"]


async def test_the_list_pages_by_five(stage: Stage) -> None:
    for n in range(4):
        await stage.ask("chen01", f"新建字典 字典{n} 甲;乙")
    item = await stage.ask("chen01", "数据字典")
    assert "共 7 个" in item["text"] and "字典3" not in item["text"]
    assert "字典3" in (await stage.tap("chen01", item, "下一页"))["card"]["text"]
    await stage.ask("chen01", "数据字典")
    assert "字典3" in (await stage.ask("chen01", "下一页"))["text"]


async def test_a_full_width_semicolon_is_refused_and_the_corrected_line_is_a_tap_away(stage: Stage) -> None:
    item = await stage.ask("chen01", "新建字典 客户等级 A级；B级;C级")
    assert "没有保存" in item["text"] and "新建字典 客户等级 A级;B级;C级" in item["text"]
    assert "没有叫「客户等级」的字典" in (await stage.ask("chen01", "字典 客户等级"))["text"]
    forged = await stage.tap("chen01", item, "改用英文分号")
    assert "3 个选项" in forged["card"]["text"]
    shown = await stage.ask("chen01", "字典 客户等级")
    assert [b["row"] for b in shown["buttons"] if b["text"] == "停用"] == ["A级", "B级", "C级"]
    for sentence, line in (
        ("编辑字典 客户等级 A级；D级", "编辑字典 客户等级 A级;D级"),
        ("字典 客户等级 添加 E级；F级", "字典 客户等级 添加 E级;F级"),
    ):
        refused = await stage.ask("chen01", sentence)
        assert "没有保存" in refused["text"] and line in refused["text"]
    assert "2 个选项" not in (await stage.ask("chen01", "字典 客户等级"))["text"]


async def test_names_are_unique_and_never_change(stage: Stage) -> None:
    for name in ("客户分类", " 客户分类 "):
        assert "名称不能重复" in (await stage.ask("chen01", f"新建字典 {name.strip()} 甲;乙"))["text"]
    await stage.ask("chen01", "新建字典 VIP 甲;乙")
    assert "名称不能重复" in (await stage.ask("chen01", "新建字典 ｖｉｐ 甲;乙"))["text"]
    for sentence in ("字典 VIP 改名 贵宾", "编辑字典 VIP 改名 贵宾", "字典改名 VIP 贵宾"):
        assert "不能修改，「VIP」和它的选项都没有变" in (await stage.ask("chen01", sentence))["text"]
    assert "甲" in (await stage.ask("chen01", "字典 VIP"))["text"]


async def test_removing_a_used_value_harms_nothing(stage: Stage) -> None:
    item = await stage.ask("chen01", "编辑字典 商机及客户来源 抖音;网络")
    assert "原来：展会、网络、转介绍" in item["text"] and "现在：抖音、网络" in item["text"]
    assert "停用：展会，3 条记录在用" in item["text"] and "去掉：转介绍" in item["text"]
    assert "展会" in (await stage.ask("lina04", "查 金华展品"))["text"], "old records keep showing it"
    refused = await created(stage, "台州新品有限公司 吴刚 13955556666 展会")
    assert "「展会」已停用" in refused["text"] and "可以选：抖音、网络" in refused["text"]
    refused = await created(stage, "台州新品有限公司 吴刚 13955556666 来源：抖音号")
    assert "是不是「抖音」" in refused["text"]
    made = await created(stage, "台州新品有限公司 吴刚 13955556666 抖音")
    assert made["kind"] == "card" and "抖音" in made["text"]
    assert await labels(stage, "customer", "source") == ["抖音", "网络"], "the order is that of the line"
    assert "已撤销" in (await stage.ask("chen01", "撤销"))["text"]
    assert await labels(stage, "customer", "source") == ["展会", "网络", "转介绍"]
    assert "抖音" in (await stage.ask("lina04", "查 台州新品"))["text"]


async def test_one_value_is_switched_off_and_on_by_word_and_by_card(stage: Stage) -> None:
    item = await stage.ask("chen01", "停用 展会")
    assert "3 条记录在用" in item["text"]
    assert await labels(stage, "lead", "source") == ["网络", "转介绍"]
    tapped = await stage.tap("chen01", item, "启用 展会")
    assert "启用：展会" in tapped["card"]["text"]
    assert await labels(stage, "lead", "source") == ["展会", "网络", "转介绍"]
    await stage.tap("chen01", item, "停用 网络")
    await stage.tap("chen01", item, "撤销")
    assert await labels(stage, "lead", "source") == ["展会", "网络", "转介绍"]


async def test_a_corrected_label_takes_its_records_along(stage: Stage) -> None:
    item = await stage.ask("chen01", "字典 来源 改值 展会 线下展会")
    assert "3 条记录一起改了" in item["text"]
    assert "线下展会" in (await stage.ask("lina04", "查 金华展品"))["text"]
    assert "衢州展品" in (await stage.ask("zhou06", "客户 线下展会"))["text"]
    await stage.ask("chen01", "撤销")
    assert "线下展会" not in (await stage.ask("lina04", "查 金华展品"))["text"]
    assert "不能合并" in (await stage.ask("chen01", "字典 来源 改值 展会 网络"))["text"]


async def test_a_rebound_field_checks_what_is_new_and_keeps_what_is_old(stage: Stage) -> None:
    await stage.ask("chen01", "新建字典 渠道 老客户;官网")
    item = await stage.ask("chen01", "绑定字典 客户 来源 渠道")
    assert "数据字典设置成功" in item["text"] and "有 3 条记录的值不在这个字典里" in item["text"]
    assert "展会" in (await stage.ask("lina04", "查 金华展品"))["text"]
    assert "可以选：老客户、官网" in (await created(stage, "台州新品有限公司 吴刚 13955556666 来源：展会"))["text"]
    assert await labels(stage, "lead", "source") == ["展会", "网络", "转介绍"], "a binding is of one field"
    again = await stage.ask("chen01", "绑定字典 线索-线索来源 渠道")
    assert "数据字典设置成功" in again["text"]
    bound = await stage.ask("chen01", "删除字典 渠道")
    assert "客户-客户来源" in bound["text"] and "线索-线索来源" in bound["text"] and "不能删除" in bound["text"]
    await stage.ask("chen01", "解绑字典 线索 来源")
    await stage.ask("chen01", "解绑字典 客户 来源")
    free = await created(stage, "台州新品有限公司 吴刚 13955556666 来源：随便写")
    assert free["kind"] == "card" and "随便写" in free["text"]
    assert "已删除字典「渠道」" in (await stage.ask("chen01", "删除字典 渠道"))["text"]
    assert "已撤销" in (await stage.ask("chen01", "撤销"))["text"]
    assert "2 个选项" in (await stage.ask("chen01", "字典 渠道"))["text"]


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ("客户 来源", "客户-客户来源"), ("客户-客户分类", "客户-客户分类"), ("客户行业", "客户-客户行业"),
        ("客户表单的客户来源", "客户-客户来源"), ("产品 单位", "产品-计量单位"), ("产品分类", "产品-产品分类"),
        ("计量单位", "产品-计量单位"), ("跟进 方式", "跟进-跟进方式"), ("商机来源", "商机-商机来源"),
        ("线索 线索来源", "线索-线索来源"),
    ],
)  # fmt: skip
async def test_a_field_is_named_as_people_name_it(stage: Stage, words: str, field: str) -> None:
    await stage.ask("chen01", "新建字典 来源与单位 甲;乙")
    item = await stage.ask("chen01", f"绑定字典 {words} 来源与单位")
    assert f"数据字典设置成功：「{field}」" in item["text"] and "「来源与单位」" in item["text"]


async def test_what_cannot_be_bound_is_said(stage: Stage) -> None:
    assert "能绑定字典的表单" in (await stage.ask("chen01", "绑定字典 天气 来源 客户分类"))["text"]
    assert "客户分类、客户行业、客户来源" in (await stage.ask("chen01", "绑定字典 客户 电话 客户分类"))["text"]
    assert "没有叫「没有的」的字典" in (await stage.ask("chen01", "绑定字典 客户 来源 没有的"))["text"]


async def test_follow_up_methods_change_at_once(stage: Stage) -> None:
    await stage.ask("chen01", "字典 跟进方式 添加 抖音私信")
    item = await stage.ask("lina04", "跟进 华兴科技 抖音私信聊了报价，明天再打")
    assert "抖音私信" in item["text"]
    await stage.ask("chen01", "停用 抖音私信")
    again = await stage.ask("lina04", "跟进 华星电子 抖音私信聊了样品，明天再打")
    assert " 抖音私信 " not in again["text"].replace("抖音私信聊了样品", "")


async def test_an_undo_gives_way_to_a_later_change(stage: Stage) -> None:
    first = await stage.ask("chen01", "字典 来源 添加 抖音")
    await stage.ask("wang03", "字典 来源 添加 快手")
    answer = await stage.tap("chen01", first, "撤销")
    assert "之后又改过，不能撤销" in answer["card"]["text"]
    assert await labels(stage, "customer", "source") == ["展会", "网络", "转介绍", "抖音", "快手"]


async def test_of_two_who_take_the_same_name_one_is_told(both: Stage) -> None:
    await both.look("chen01")
    await both.look("wang03")
    await asyncio.gather(
        both.post("/messages", {"from": "chen01", "text": "新建字典 等级 甲;乙"}),
        both.post("/messages", {"from": "wang03", "text": "新建字典 等级 丙;丁"}),
    )
    await both.settle()
    texts = [(await both.look(who))[-1]["text"] for who in ("chen01", "wang03")]
    assert sorted("不能重复" in t for t in texts) == [False, True], texts


async def test_two_edits_at_once_lose_nothing(both: Stage) -> None:
    await asyncio.gather(
        both.post("/messages", {"from": "chen01", "text": "字典 来源 添加 抖音"}),
        both.post("/messages", {"from": "wang03", "text": "字典 来源 添加 快手"}),
    )
    await both.settle()
    assert sorted(await labels(both, "customer", "source")) == sorted(["展会", "网络", "转介绍", "抖音", "快手"])


async def test_a_forged_or_forwarded_card_changes_nothing(stage: Stage) -> None:
    item = await stage.ask("chen01", "字典 来源")
    button = next(b for b in item["buttons"] if (b["text"], b["row"]) == ("停用", "展会"))
    body = {"as": "lina04", "force": True, "action_ids": button["action_ids"], "params": button["params"]}
    answer = await stage.post(f"/cards/{item['card']['out_track_id']}/tap", body)
    assert "网络" not in str(answer["card"])
    assert await labels(stage, "customer", "source") == ["展会", "网络", "转介绍"]
    lines = await stage.ask("chen01", "操作记录 李娜 被拒绝")
    assert "共 1 条" in lines["text"] and "卡片" in lines["text"]


async def test_the_name_alone_asks_for_the_values(stage: Stage) -> None:
    assert "有哪些选项" in (await stage.ask("chen01", "新建字典 颜色"))["text"]
    assert "2 个选项" in (await stage.ask("chen01", "红;绿"))["text"]
    told = await stage.ask("chen01", "编辑字典 颜色")
    assert told["text"].endswith("编辑字典 颜色 红;绿"), "ready to be changed and sent"
