"""Before the opening nobody gets anything; the first administrator opens the app, and it works at once."""

import asyncio
from typing import Any

import pytest

from storage.database import Tx
from storage.settings import read_settings
from storage.tables import Audit
from tests.support.stage import Stage
from tests.support.world import small_world, user


@pytest.fixture
def world() -> dict[str, Any]:
    made = small_world(opened=False, consented_by="", admins=[], usage_scope={"mode": "all"})
    made["users"].append(user("he08", "何平", 1, dingtalk_admin=True))
    made["users"].append(user("xu09", "徐一", 102))
    return made


async def test_before_it_everybody_hears_the_same_sentence_and_sees_nothing(stage: Stage) -> None:
    for text in ("公海", "查 华兴科技", "后台管理", "我同意", "立即开通"):
        item = await stage.ask("lina04", text)
        assert "应用尚未开通" in item["text"] and not item["buttons"], text
        assert "海蓝" not in item["text"] and "华兴" not in item["text"]
    await stage.look("zhou06")
    await stage.post("/messages", {"from": "外部王总", "external": True, "to": "cidSALES", "text": "公海"})
    await stage.settle()
    assert "应用尚未开通" in (await stage.look("zhou06"))[0]["text"]


async def test_three_steps_by_tap_and_it_works_with_the_next_message(stage: Stage) -> None:
    card = await stage.ask("chen01", "在吗")
    assert "1. 使用条款" in card["text"] and "全部员工（8 人）" in card["text"]
    refused = await stage.tap("chen01", card, "立即开通")
    assert "先同意使用条款" in refused["card"]["text"]
    assert "应用尚未开通" in (await stage.ask("lina04", "公海"))["text"]
    agreed = await stage.tap("chen01", card, "我同意")
    assert "陈静 今天 09:30 已同意" in agreed["card"]["text"]
    assert "我同意" not in [b["text"] for b in agreed["card"]["buttons"]]
    opened = await stage.tap("chen01", card, "立即开通")
    assert "应用已开通" in opened["card"]["text"] and not opened["card"]["buttons"]
    assert "共 7 家" in (await stage.ask("lina04", "公海"))["text"]
    assert "应用尚未开通" not in (await stage.ask("qian07", "帮助"))["text"]
    settings = await stage.app.db.system(read_settings)
    assert settings.consented_by == "chen01" and settings.consented_terms and settings.consented_at is not None
    assert settings.admins == ("chen01",)


async def test_by_sentences_for_some_people_and_departments(stage: Stage) -> None:
    assert "先同意使用条款" in (await stage.ask("he08", "立即开通"))["text"]
    assert "何平" in (await stage.ask("he08", "我同意"))["text"]
    chosen = await stage.ask("he08", "使用范围 部分员工 销售部 钱多")
    assert "全部员工（8 人）→ 部分员工：销售部、钱多（6 人）" in chosen["text"]
    assert "开通后生效" in chosen["text"]
    alone = await stage.ask("he08", "使用范围 管理员")
    assert "→ 管理员（1 人），开通后生效" in alone["text"], "who opens it is its administrator"
    await stage.ask("he08", "使用范围 部分员工 销售部 钱多")
    assert "没有找到" in (await stage.ask("he08", "使用范围 部分员工 市场部"))["text"]
    assert "应用已开通" in (await stage.ask("he08", "立即开通"))["text"]
    assert "累计领取" in (await stage.ask("lina04", "公海"))["text"], "in a department below the chosen one"
    assert "使用范围" not in (await stage.ask("qian07", "帮助"))["text"]
    assert "使用范围" in (await stage.ask("chen01", "帮助"))["text"], "DingTalk's administrator, but not chosen"
    await stage.request("POST", "/company/users", {"userid": "new10", "name": "新来", "departments": [102]})
    await stage.settle()
    assert "使用范围" not in (await stage.ask("new10", "帮助"))["text"], "later joiners of a chosen department"


async def test_the_scope_is_changed_after_the_opening_now_to_new(stage: Stage) -> None:
    await stage.ask("chen01", "我同意")
    await stage.ask("chen01", "立即开通")
    await stage.ask("lina04", "公海")
    changed = await stage.ask("chen01", "使用范围 管理员")
    assert "全部员工（8 人）→ 管理员（1 人）" in changed["text"]
    assert "使用范围" in (await stage.ask("lina04", "公海"))["text"]
    await stage.ask("chen01", "撤销")
    assert "累计领取" in (await stage.ask("lina04", "公海"))["text"]
    for wrong in ("使用范围 部分员工", "使用范围 一些人", "使用范围 全部员工 张三"):
        assert "例如「使用范围 部分员工" in (await stage.ask("chen01", wrong))["text"], wrong
    assert "管理员的功能" in (await stage.ask("lina04", "使用范围 全部员工"))["text"]


async def test_taps_of_others_change_and_show_nothing(stage: Stage) -> None:
    card = await stage.ask("chen01", "在吗")
    await stage.tap("chen01", card, "我同意")
    track = card["card"]["out_track_id"]
    forged = {"as": "lina04", "force": True, "action_ids": ["opening.open"], "params": {}}
    assert (await stage.post(f"/cards/{track}/tap", forged))["card"] is None
    params = {"action": "pool.claim", "ids": {"customer_id": "1"}}
    claim = {"force": True, "action_ids": ["pool.claim"], "params": params}
    await stage.post("/cards/dc-unknown/tap", {"as": "lina04", **claim})
    answer = await stage.post(f"/cards/{track}/tap", {"as": "chen01", **claim})
    assert "尚未开通" in answer["card"]["text"], "who may open may do nothing else"
    assert "海蓝" not in answer["card"]["text"]
    assert not (await stage.app.db.system(read_settings)).opened
    assert "应用尚未开通" in (await stage.ask("lina04", "公海"))["text"]


async def test_two_administrators_at_once_open_it_once(both: Stage) -> None:
    stage = both
    cards = {who: await stage.ask(who, "在吗") for who in ("chen01", "he08")}
    agreed = await asyncio.gather(*(stage.tap(who, card, "我同意") for who, card in cards.items()))
    assert all("已同意" in a["card"]["text"] for a in agreed)
    await asyncio.gather(*(stage.tap(who, card, "立即开通") for who, card in cards.items()))
    settings = await stage.app.db.system(read_settings)
    assert settings.opened and len(settings.admins) == 1

    def count(tx: Tx) -> dict[str, int]:
        from collections import Counter

        from sqlmodel import select

        return Counter(tx.exec(select(Audit.subject)).all())

    counts = await stage.app.db.system(count)
    assert counts["setting:opened"] == 1 and counts["setting:consent"] == 1
    await stage.settle()
    for who, card in cards.items():
        text = (await stage.card(who, card))["text"]
        assert "应用已开通" in text or "应用已由" in text, who
    late = "he08" if settings.admins == ("chen01",) else "chen01"
    assert "应用已由" in (await stage.ask(late, "立即开通"))["text"]


async def test_a_double_tap_opens_once(stage: Stage) -> None:
    card = await stage.ask("chen01", "在吗")
    await stage.tap("chen01", card, "我同意")
    button = next(b for b in (await stage.card("chen01", card))["buttons"] if b["text"] == "立即开通")
    path = f"/cards/{card['card']['out_track_id']}/tap"
    await stage.post(path, {"as": "chen01", "button": button["id"]})
    second = await stage.post(path, {"as": "chen01", "button": button["id"], "stale": True})
    assert "应用已由 陈静" in second["card"]["text"]


async def test_where_nobody_may_open_it_the_way_out_is_named(world: dict[str, Any], tmp_path: Any) -> None:
    from tests.support.stage import open_stage

    for row in world["users"]:
        row["dingtalk_admin"] = False
    async with open_stage(world, f"sqlite+aiosqlite:///{tmp_path}/house.sqlite3", tmp_path) as stage:
        assert "dingcrm init" in (await stage.ask("chen01", "你好"))["text"]


async def test_a_named_administrator_opens_it_too(world: dict[str, Any], tmp_path: Any) -> None:
    from tests.support.stage import open_stage

    world["settings"] |= {"admins": ["wang03"], "consented_by": "chen01"}
    async with open_stage(world, f"sqlite+aiosqlite:///{tmp_path}/house.sqlite3", tmp_path) as stage:
        assert "陈静" in (await stage.ask("wang03", "你好"))["text"]
        assert "应用已开通" in (await stage.ask("wang03", "立即开通"))["text"]
        assert "使用范围" in (await stage.ask("wang03", "后台管理"))["text"]
