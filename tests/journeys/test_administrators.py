"""There is always an administrator: the last cannot be removed, and when he leaves DingTalk's own are told."""

import asyncio
from typing import Any

import pytest

from bot.identity import active_admins
from storage.settings import read_settings
from tests.support.stage import Stage
from tests.support.world import small_world, user


@pytest.fixture
def world() -> dict[str, Any]:
    made = small_world()
    made["users"].append(user("he08", "何平", 103, dingtalk_admin=True))
    return made


async def admins(stage: Stage) -> tuple[str, ...]:
    """Those who work here."""
    return await stage.app.db.system(lambda tx: tuple(active_admins(tx, read_settings(tx))))


async def test_added_and_removed_with_the_next_message(stage: Stage) -> None:
    assert "管理员的功能" in (await stage.ask("wang03", "后台管理"))["text"]
    changed = await stage.ask("chen01", "添加管理员 王强")
    assert "管理员：陈静 → 陈静、王强" in changed["text"]
    told = await stage.look("wang03")
    assert len(told) == 1 and told[0]["kind"] == "notice" and "陈静" in told[0]["text"]
    assert "公海设置" in (await stage.ask("wang03", "后台管理"))["text"]
    assert "已经是管理员" in (await stage.ask("chen01", "添加管理员 王强"))["text"]
    assert "王强" in (await stage.ask("chen01", "管理员"))["text"]
    removed = await stage.ask("chen01", "移除管理员 王强")
    assert "管理员：陈静、王强 → 陈静" in removed["text"]
    assert "管理员的功能" in (await stage.ask("wang03", "后台管理"))["text"]
    assert "已撤销移除管理员 王强" in (await stage.ask("chen01", "撤销"))["text"]
    assert await admins(stage) == ("chen01", "wang03")


async def test_the_last_one_stays(stage: Stage) -> None:
    """Invariant 35."""
    assert "最后一位管理员" in (await stage.ask("chen01", "移除管理员 陈静"))["text"]
    assert "不是管理员" in (await stage.ask("chen01", "移除管理员 李娜"))["text"]
    assert "没有找到" in (await stage.ask("chen01", "添加管理员 王五"))["text"]
    assert "添加管理员 张三" in (await stage.ask("chen01", "添加管理员"))["text"]
    assert "管理员的功能" in (await stage.ask("lina04", "添加管理员 李娜"))["text"]
    assert await admins(stage) == ("chen01",)


async def test_two_who_remove_each_other_leave_one(both: Stage) -> None:
    """Invariant 35."""
    stage = both
    await stage.ask("chen01", "添加管理员 王强")
    await asyncio.gather(
        stage.post("/messages", {"from": "chen01", "text": "移除管理员 王强"}),
        stage.post("/messages", {"from": "wang03", "text": "移除管理员 陈静"}),
    )
    await stage.settle()
    assert len(await admins(stage)) == 1


async def test_a_removed_administrators_card_shows_nothing_more(stage: Stage) -> None:
    await stage.ask("chen01", "添加管理员 王强")
    await stage.look("wang03")
    menu = await stage.ask("wang03", "后台管理")
    await stage.ask("chen01", "移除管理员 王强")
    answer = await stage.tap("wang03", menu, "公海设置")
    assert "管理员的功能" in answer["card"]["text"] and "领取上限" not in answer["card"]["text"]


async def test_when_the_last_one_leaves_dingtalks_own_are_told_and_take_over(stage: Stage) -> None:
    assert "使用范围" in (await stage.ask("he08", "我来管理"))["text"], "not while there is one"
    await stage.request("DELETE", "/company/users/chen01")
    await stage.settle()
    told = await stage.look("he08")
    assert len(told) == 1 and "陈静 已离职" in told[0]["text"] and "我来管理" in told[0]["text"]
    assert await admins(stage) == ()
    assert "只有钉钉管理员" in (await stage.ask("wang03", "我来管理"))["text"]
    assert "我来管理" in (await stage.ask("he08", "公海"))["text"], "out of scope: he may only take over"
    assert "你现在是管理员" in (await stage.ask("he08", "我来管理"))["text"]
    assert "公海设置" in (await stage.ask("he08", "后台管理"))["text"]
    assert await admins(stage) == ("he08",)


async def test_a_leaver_is_dropped_and_the_others_are_told(stage: Stage) -> None:
    await stage.ask("chen01", "添加管理员 王强")
    await stage.look("chen01")
    await stage.request("DELETE", "/company/users/wang03")
    await stage.settle()
    assert await admins(stage) == ("chen01",)
    told = [i for i in await stage.look("chen01") if i["kind"] == "notice"]
    assert any("王强 的管理员身份已停用" in i["text"] for i in told)


async def test_a_sync_finds_the_last_one_gone(stage: Stage) -> None:
    await stage.ask("chen01", "添加管理员 王强")
    await stage.ask("chen01", "移除管理员 陈静")
    await stage.look("he08")
    await stage.request("DELETE", "/company/users/wang03?silent=1")
    await stage.app.jobs.run_once("sync")
    await stage.settle()
    assert await admins(stage) == ()
    assert any("我来管理" in i["text"] for i in await stage.look("he08"))
    assert any("我来管理" in i["text"] for i in await stage.look("chen01"))


async def test_several_at_once_are_asked_for_one_by_one(stage: Stage) -> None:
    answer = await stage.ask("chen01", "添加管理员 王强 李娜")
    assert "一次添加一位" in answer["text"] and "「添加管理员 王强」" in answer["text"]
    assert await admins(stage) == ("chen01",)


async def test_an_administrator_need_not_take_over(stage: Stage) -> None:
    await stage.ask("chen01", "添加管理员 王强")
    assert "你已经是管理员了" in (await stage.ask("wang03", "我来管理"))["text"]
    assert "只有钉钉管理员能接手" in (await stage.ask("lina04", "我来管理"))["text"]


async def test_an_undo_is_told_to_whom_it_concerns_and_gives_no_leaver_rights(stage: Stage) -> None:
    await stage.ask("chen01", "添加管理员 王强")
    assert "你是管理员了" in (await stage.look("wang03"))[0]["text"]
    await stage.ask("chen01", "撤销")
    assert "你不再是管理员" in (await stage.look("wang03"))[0]["text"]
    await stage.ask("chen01", "添加管理员 李娜")
    await stage.ask("chen01", "移除管理员 李娜")
    await stage.request("DELETE", "/company/users/lina04")
    await stage.settle()
    await stage.say("chen01", "撤销")
    assert await admins(stage) == ("chen01",), "who comes back would have the right again"
