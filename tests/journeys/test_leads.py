"""线索 as people meet them: a sentence or a form, taps on the card, a customer in the end."""

from typing import Any

import pytest

from tests.support.stage import Stage
from tests.support.world import small_world


@pytest.fixture
def world() -> dict[str, Any]:
    world = small_world()
    for role in world["roles"]:
        role["functions"] = [
            *role["functions"], "lead:view", "lead:add", "opportunity:view", "opportunity:add",
        ]  # fmt: skip
    world["roles"][1]["functions"] += ["lead:edit", "lead:transfer", "lead:delete"]
    world["stages"] = [{"name": "初步沟通", "win_rate": 10, "kind": "open"}]
    return world


async def test_from_a_sentence_to_a_customer(both: Stage) -> None:
    made = await both.ask("lina04", "新建线索 杭州远航贸易 陈强 13812345679 展会 要两台注塑机")
    assert "已建线索" in made["text"] and "新线索" in made["text"] and "要两台注塑机" in made["text"]
    assert "直接在聊天里发" in str(await both.tap("lina04", made, "记跟进"))
    logged = await both.ask("lina04", "电话聊了需求 下周三再联系")
    assert "跟进中" in logged["text"] and "聊了需求" in logged["text"]
    assert "有意向" in (await both.tap("lina04", logged, "有意向"))["card"]["text"]
    doubt = (await both.tap("lina04", logged, "转客户并建商机"))["card"]
    assert "可能重复：「苏州远航贸易有限公司」" in doubt["text"]
    done = (await both.tap("lina04", logged, "仍要新建"))["card"]
    assert "已转客户" in done["text"] and "商机已建" in done["text"]
    assert "聊了需求" in (await both.ask("lina04", "查 杭州远航贸易"))["text"]
    assert "没有重复新建" in (await both.ask("lina04", "线索转客户 杭州远航贸易"))["text"]
    assert "杭州远航贸易" in (await both.ask("lina04", "线索 已转客户"))["text"]


async def test_a_form_and_an_invalid_one(stage: Stage) -> None:
    form = await stage.ask("lina04", "新建线索")
    made = await stage.fill("lina04", form, company="苏州北辰电子", mobile="13812345670", source="展会")
    assert "已建线索" in made["card"]["text"]
    asked = (await stage.tap("lina04", form, "无效"))["card"]
    assert "为什么无效" in asked["text"]
    assert "无效：空号" in (await stage.tap("lina04", form, "空号"))["card"]["text"]
    assert "跟进中" in (await stage.tap("lina04", form, "恢复"))["card"]["text"]
    assert "没有找到" in (await stage.ask("zhou06", "查线索 苏州北辰电子"))["text"]


async def test_given_back_and_taken_by_a_tap_then_changed_in_its_form(stage: Stage) -> None:
    assert "线索公海" in (await stage.ask("chen01", "公海设置 线索公海 开"))["text"]
    made = await stage.ask("lina04", "新建线索 温州百川五金 陈强 13812345679 展会")
    asked = (await stage.tap("lina04", made, "退回公海"))["card"]
    assert "为什么退回" in asked["text"]
    assert "已退回线索公海" in (await stage.tap("lina04", made, "联系不上"))["card"]["text"]
    first, second = [await stage.ask(who, "线索公海") for who in ("zhao05", "zhou06")]
    assert "温州百川五金" in first["text"] and "陈强" not in first["text"] and "13812345679" not in first["text"]
    assert "领取成功" in str(await stage.tap("zhao05", first, "领取 温州百川五金"))
    told = str(await stage.tap("zhou06", second, "领取 温州百川五金"))
    assert "赵磊" in told and "领取" in told
    form = await stage.ask("zhao05", "改线索 它")
    card = await stage.card("zhao05", form)
    assert "温州百川五金" in str(card["form"])
    saved = await stage.fill("zhao05", form, company="温州百川五金", contact="陈二", mobile="13812345679", remark="")
    assert "已改：联系人" in saved["card"]["text"] and "陈二" in saved["card"]["text"]


async def test_a_form_asks_for_what_the_company_needs_of_a_lead(stage: Stage) -> None:
    assert "必填" in (await stage.ask("chen01", "新增字段 线索 年采购额 金额 必填"))["text"]
    form = await stage.ask("lina04", "新建线索")
    card = await stage.card("lina04", form)
    amount = next(f for f in card["form"]["fields"] if f["label"] == "年采购额")
    assert amount["required"]
    lacking = await stage.fill("lina04", form, company="苏州北辰电子", mobile="13812345670")
    assert "必填" in str(lacking) and "已建线索" not in str(lacking)
    made = await stage.fill(
        "lina04", form, company="苏州北辰电子", mobile="13812345670", **{amount["name"]: "50万"}
    )  # fmt: skip
    assert "已建线索" in made["card"]["text"] and "¥500,000.00" in made["card"]["text"]
