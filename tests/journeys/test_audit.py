"""操作记录: what was changed and who was refused, as administrators look back."""

from typing import Any

import pytest

from tests.support.files import fetch_file, only_file, rows_of
from tests.support.stage import Stage
from tests.support.world import small_world


@pytest.fixture
def world() -> dict[str, Any]:
    return small_world()


async def test_changes_are_told_with_who_what_from_and_to(stage: Stage) -> None:
    item = await stage.ask("lina04", "公海 食品")
    await stage.tap("lina04", item, "海蓝")
    await stage.ask("lina04", "退回 宁波海蓝食品 联系不上")
    await stage.ask("wang03", "分配 杭州蓝海机械 给 赵磊")
    shown = (await stage.ask("chen01", "操作记录"))["text"]
    assert "李娜 领取客户「宁波海蓝食品有限公司」" in shown and "负责人 公海 → 李娜" in shown and "卡片" in shown
    assert "负责人 李娜 → 公海；原因：联系不上" in shown
    assert "王强 分配客户「杭州蓝海机械有限公司」" in shown and "负责人 公海 → 赵磊" in shown and "对话" in shown
    assert "共 1 条" in (await stage.ask("chen01", "操作记录 王强"))["text"]
    assert "共 2 条" in (await stage.ask("chen01", "操作记录 海蓝食品"))["text"]
    assert "共 2 条" in (await stage.ask("chen01", "操作记录 李娜 本周 公海"))["text"]
    assert "没有符合条件" in (await stage.ask("chen01", "操作记录 李娜 上周"))["text"]
    assert "没有符合条件" in (await stage.ask("chen01", "操作记录 李娜 字典"))["text"]


async def test_refusals_for_lack_of_rights_are_kept(stage: Stage) -> None:
    await stage.ask("lina04", "同步组织")
    await stage.ask("lina04", "分配 宁波海蓝食品 给 赵磊")
    told = await stage.ask("lina04", "查 深圳创想电子有限公司")
    absent = await stage.ask("lina04", "查 深圳创新电子有限公司")
    assert told["text"].replace("创想", "创新") == absent["text"], "the answer tells nothing"
    shown = (await stage.ask("chen01", "操作记录 被拒绝"))["text"]
    assert "共 3 条" in shown, "a name that is not there is no attempt"
    assert "想「同步组织」；这是管理员的功能" in shown
    assert "李娜 被拒绝「深圳创想电子有限公司」" in shown
    assert "创新" not in shown


async def test_who_is_outside_the_usage_scope_is_kept_too(stage: Stage) -> None:
    await stage.ask("qian07", "公海")
    assert "钱多 被拒绝" in (await stage.ask("chen01", "操作记录 钱多"))["text"]


async def test_what_was_said_is_kept_without_secrets(stage: Stage) -> None:
    await stage.ask("lina04", "新建字典 x app_secret=Zx81-abc-DEF 手机13812345678")
    shown = (await stage.ask("chen01", "操作记录 被拒绝"))["text"]
    assert "新建字典 x" in shown
    assert "Zx81" not in shown and "13812345678" not in shown


async def test_nobody_else_looks_back(stage: Stage) -> None:
    for sentence in ("操作记录", "操作记录 李娜", "导出操作记录 本周"):
        assert (await stage.ask("wang03", sentence))["text"] == "这是管理员的功能，需要的话请联系管理员。"
    item = await stage.ask("chen01", "操作记录")
    button = next(b for b in item["buttons"] if b["text"] == "导出这些记录")
    body = {"as": "lina04", "force": True, "action_ids": button["action_ids"], "params": button["params"]}
    await stage.post(f"/cards/{item['card']['out_track_id']}/tap", body)
    await stage.settle()
    assert not [i for i in await stage.look("lina04") if i["kind"] == "file"]


async def test_the_list_pages_and_goes_as_a_file(stage: Stage) -> None:
    for n in range(7):
        await stage.ask("chen01", f"字典 来源 添加 来源{n}")
    item = await stage.ask("chen01", "操作记录 字典")
    assert "共 7 条" in item["text"] and "第 1/2 页" in item["text"]
    assert "来源0" in (await stage.tap("chen01", item, "下一页"))["card"]["text"]
    await stage.tap("chen01", item, "导出")
    await stage.settle()
    rows = rows_of(await fetch_file(stage, only_file(await stage.look("chen01"))))
    assert rows[0] == ("时间", "谁", "做了什么", "对象", "从 → 到", "怎么做的", "来源编号")
    assert len(rows) == 8 and rows[1][1:4] == ("陈静", "修改字典", "商机及客户来源")
    assert all(row[6].startswith("bot:") for row in rows[1:]), "each line names the message it came from"
    items = await stage.say("chen01", "导出操作记录")
    assert len(rows_of(await fetch_file(stage, only_file(items)))) > 8
    assert "导出操作记录" in (await stage.ask("chen01", "操作记录 导出"))["text"]


async def test_a_file_is_sent_again_until_it_arrives(stage: Stage) -> None:
    await stage.ask("chen01", "字典 来源 添加 抖音")
    fault = {"path": "/media/upload", "method": "*", "times": 2, "do": {"status": 503, "body": {}}}
    await stage.post("/faults", fault)
    await stage.post("/messages", {"from": "chen01", "text": "导出操作记录"})
    await stage.settle(30)
    only_file(await stage.look("chen01"))


async def test_asked_in_a_group_the_file_goes_to_the_asker_alone(stage: Stage) -> None:
    await stage.ask("wang03", "公海")
    await stage.post("/messages", {"from": "wang03", "to": "cidSALES", "text": "导出操作记录"})
    await stage.settle()
    assert not [i for who in ("lina04", "wang03") for i in await stage.look(who) if i["kind"] == "file"]


async def test_a_leaving_that_ends_rights_is_kept_and_found_by_what_it_is_called(stage: Stage) -> None:
    await stage.request("DELETE", "/company/users/lina04")
    await stage.settle()
    kept = await stage.ask("chen01", "操作记录 离职")
    assert "系统 离职「李娜」" in kept["text"] and "角色 业务员 → （空）" in kept["text"]
    await stage.ask("chen01", "交接 李娜 给 王强 全部")
    await stage.ask("chen01", "开始交接")
    assert "陈静 交接「李娜 → 王强」" in (await stage.ask("chen01", "操作记录 交接"))["text"]


async def test_a_refused_tap_is_kept_in_words(stage: Stage) -> None:
    menu = await stage.ask("chen01", "后台管理")
    button = menu["buttons"][0]
    await stage.post(
        f"/cards/{menu['card']['out_track_id']}/tap",
        {"as": "lina04", "force": True, "action_ids": button["action_ids"], "params": button["params"]},
    )
    kept = (await stage.ask("chen01", "操作记录 被拒绝"))["text"]
    assert "想「点后台管理卡片上的按钮」" in kept and "settings.open" not in kept
