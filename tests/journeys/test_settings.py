"""后台管理: fourteen topics in the manual's order, each with its present values and its sentences; now → new."""

import re
from typing import Any

import pytest

from storage.settings import read_settings
from tests.support.stage import Stage
from tests.support.world import customer, small_world

MANUAL = (
    "安装与使用范围", "登录方式", "组织机构", "交接任务", "设置角色", "设置权限", "产品", "竞争对手", "销售阶段",
    "销售目标", "公海设置", "提醒规则", "数据字典", "开票审批",
)  # fmt: skip


@pytest.fixture
def world() -> dict[str, Any]:
    made = small_world()
    made["stages"] = [
        {"name": "初步接洽", "win_rate": 10, "kind": "open"}, {"name": "赢单", "win_rate": 100, "kind": "won"},
    ]  # fmt: skip
    made["products"] = [{"code": "ZJ-001", "name": "数控主轴", "category": "", "unit": "台", "price": "12800.00"}]
    made["customers"].append(customer("很久没联系有限公司", "zhou06", owner_since="2025-11-01"))
    return made


async def test_the_menu_has_the_manuals_topics_in_its_order(stage: Stage) -> None:
    card = await stage.ask("chen01", "你好")
    for word in ("后台管理", "设置", "管理员帮助"):
        card = await stage.ask("chen01", word)
        places = [card["text"].index(f"\n{title}\n") for title in MANUAL]
        assert places == sorted(places)
        assert "管理员的功能" in (await stage.ask("lina04", word))["text"]
    opened = await stage.tap("chen01", card, "销售阶段")
    assert "初步接洽\n赢率 10%" in opened["card"]["text"]
    card = await stage.ask("chen01", "设置")
    await stage.tap("chen01", card, "公海设置")
    back = await stage.tap("chen01", card, "返回")
    assert "开票审批" in back["card"]["text"]
    assert "12,800.00 元/台" in (await stage.ask("chen01", "产品"))["text"]


@pytest.mark.parametrize("title", MANUAL)
async def test_each_topic_answers_to_its_name_and_refuses_others(stage: Stage, title: str) -> None:
    shown = (await stage.ask("chen01", title))["text"]
    assert {"设置角色": "角色权限", "设置权限": "角色权限"}.get(title, title) in shown
    refused = (await stage.ask("lina04", title))["text"]
    if title == "销售目标":  # everybody may look at his own
        assert "还没有目标" in refused
    else:
        assert re.search("管理员|权限", refused) and len(refused) < 60, refused


async def test_a_topic_is_chosen_by_its_number(stage: Stage) -> None:
    await stage.ask("chen01", "设置")
    assert "领取上限（累计） 3" in (await stage.ask("chen01", "11"))["text"]


async def test_the_claim_cap_holds_from_the_next_claim_and_is_taken_back(stage: Stage) -> None:
    changed = await stage.ask("chen01", "公海设置 领取上限 1")
    assert "领取上限（累计）：3 → 1" in changed["text"]
    await stage.ask("zhou06", "领取 宁波海蓝")
    assert "1/1" in (await stage.ask("zhou06", "领取 台州金阳"))["text"]
    lower = await stage.ask("chen01", "公海设置 领取上限 0")
    assert "累计领取已到上限：周敏 1" in lower["text"]
    await stage.tap("chen01", lower, "撤销")
    assert (await stage.app.db.system(read_settings)).pool.claim_cap == 1
    assert "不限" in (await stage.ask("chen01", "公海设置 领取上限 不限"))["text"]
    assert "已领取" in (await stage.ask("zhou06", "领取 台州金阳"))["text"]


async def test_the_return_rule_foretells_a_week_and_takes_nobody_by_surprise(stage: Stage) -> None:
    changed = await stage.ask("chen01", "未跟进返回 30天")
    assert "15 天 → 30 天" in changed["text"]
    tightened = await stage.ask("chen01", "未跟进返回 5天")
    assert "7 天内会返回公海：6 家" in tightened["text"]
    assert "重新算，最早 3月7日 返回" in tightened["text"]
    await stage.advance(now="2026-03-05T10:00:00+08:00")
    assert "很久没联系" in (await stage.ask("zhou06", "客户"))["text"]
    off = await stage.ask("chen01", "未跟进返回 关闭")
    assert "5 天 → 关闭" in off["text"] and "没有客户会自动返回" in off["text"]
    since = (await stage.app.db.system(read_settings)).pool_rule_since
    await stage.ask("chen01", "撤销")
    settings = await stage.app.db.system(read_settings)
    assert settings.pool.return_after_days == 5 and settings.pool_rule_since == since, "the clock is not begun anew"


async def test_reminder_rules_say_what_tomorrow_brings(stage: Stage) -> None:
    changed = await stage.ask("chen01", "提醒规则 未跟进 5天")
    assert "未跟进：关闭 → 5 天" in changed["text"] and "明天 09:00 会提醒：未跟进 6 条" in changed["text"]
    assert "09:00 → 08:50" in (await stage.ask("chen01", "提醒时间 8:50"))["text"]
    jobs = await stage.advance(now="2026-03-03T08:55:00+08:00")
    assert any(j["name"] == "morning" and "08:50" in j["due"] for j in jobs)
    assert "很久没联系" in " ".join(i["text"] for i in await stage.look("zhou06"))
    again = await stage.ask("chen01", "提醒规则 未跟进 6天")
    assert "未跟进 0 条" in again["text"], "what has been reminded of does not come again"
    assert "20:00–08:30 → 21:00–08:00" in (await stage.ask("chen01", "免打扰 晚上9点到早上8点"))["text"]
    await stage.ask("chen01", "提醒规则")
    assert "合同到期提前：关闭 → 7 天" in (await stage.ask("chen01", "合同到期 7天"))["text"]


async def test_the_free_edition_says_that_nothing_has_effect(stage: Stage) -> None:
    assert "不生效" in (await stage.ask("chen01", "版本 免费版"))["text"]
    for sentence in (
        "公海设置", "公海设置 领取上限 1", "未跟进返回 5天", "提醒规则", "提醒规则 未成交 3天", "提醒时间 8:00",
        "免打扰 21:00-8:00",
    ):  # fmt: skip
        text = (await stage.ask("chen01", sentence))["text"]
        assert "免费版" in text and "不生效" in text, sentence
    for name in ("宁波海蓝", "台州金阳"):
        assert "已领取" in (await stage.ask("zhou06", f"领取 {name}"))["text"]
    assert "免费版 → 付费版" in (await stage.ask("chen01", "版本 付费版"))["text"]
    assert "2/1" in (await stage.ask("zhou06", "领取 温州恒通"))["text"]


@pytest.mark.parametrize(
    ("wrong", "example"),
    [
        ("公海设置 领取上限 -1", "公海设置 领取上限 3"),
        ("公海设置 领取上限 3.5", "公海设置 领取上限 3"),
        ("公海设置 领取上限 很多", "公海设置 领取上限 3"),
        ("公海设置 领取上限", "公海设置 领取上限 3"),
        ("未跟进返回 0天", "未跟进返回 15天"),
        ("未跟进返回 九九八十一天", "未跟进返回 15天"),
        ("公海设置 有合同也返回 也许", "公海设置 有合同也返回"),
        ("公海设置 上限", "公海设置 领取上限"),
        ("提醒规则 未成交 0", "提醒规则 未成交 30天"),
        ("提醒时间 下午", "提醒时间 8:50"),
        ("免打扰 20:00", "免打扰 20:00-8:30"),
        ("版本 旗舰版", "版本 付费版"),
    ],
)
async def test_what_cannot_be_is_refused_with_an_example(stage: Stage, wrong: str, example: str) -> None:
    before = await stage.app.db.system(read_settings)
    assert example in (await stage.ask("chen01", wrong))["text"]
    assert await stage.app.db.system(read_settings) == before


async def test_a_change_made_since_is_not_undone(stage: Stage) -> None:
    first = await stage.ask("chen01", "公海设置 领取上限 5")
    await stage.ask("chen01", "公海设置 每天领取 2")
    await stage.tap("chen01", first, "撤销")
    pool = (await stage.app.db.system(read_settings)).pool
    assert (pool.claim_cap, pool.claims_per_day) == (3, 2), "only what that change changed"
    second = await stage.ask("chen01", "公海设置 领取上限 6")
    await stage.ask("chen01", "公海设置 领取上限 7")
    refused = await stage.tap("chen01", second, "撤销")
    assert "之后又改过" in refused["card"]["text"]
    for text in ("公海设置 领取上限 9", "版本 免费版", "未跟进返回 3天", "提醒规则 未跟进 3天", "免打扰 关闭"):
        assert "管理员的功能" in (await stage.ask("wang03", text))["text"]
    assert (await stage.app.db.system(read_settings)).pool.claim_cap == 7
