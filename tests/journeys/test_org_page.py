"""The organisation in chat: tree, branches, a sync with its progress, and credentials asked for once, in private."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from storage import secrets as vault
from storage.database import Tx
from storage.tables import Audit, Inbox, Outbox
from tests.support.stage import KEY, Stage
from tests.support.world import small_world, user

SECRET = "Zx9-new_secret_of_the_app_7431"


@pytest.fixture
def world() -> dict[str, Any]:
    made = small_world()
    made["departments"] += [{"id": 200 + n, "name": f"区域{n:02d}", "parent": 102} for n in range(20)]
    made["departments"].append({"id": 300, "name": "销售一部", "parent": 103})
    made["users"] += [user(f"s{n:02d}", f"同事{n:02d}", 201, title="顾问") for n in range(18)]
    made["settings"]["admins"] = ["chen01", "wang03"]
    return made


async def test_the_tree_with_head_counts_is_paged(stage: Stage) -> None:
    card = await stage.ask("chen01", "组织机构")
    assert "部门 26 个 · 在职 24 人" in card["text"] and "第 1/2 页" in card["text"]
    assert "销售部 22 人" in card["text"] and "上次同步 03-02 09:30 · 成功" in card["text"]
    assert "区域19" not in card["text"]
    second = await stage.tap("chen01", card, "下一页")
    assert "区域19" in second["card"]["text"] and "财务部 1 人" in second["card"]["text"]
    assert "区域19" in (await stage.ask("chen01", "下一页"))["text"]
    assert "管理员的功能" in (await stage.ask("lina04", "组织机构"))["text"]


async def test_a_branch_with_its_people(stage: Stage) -> None:
    asked = await stage.ask("chen01", "组织机构 销售一部")
    assert "销售部/销售一部" in asked["text"] and "财务部/销售一部" in asked["text"]
    branch = await stage.ask("chen01", "1")
    assert "王强 · 主管" in branch["text"] and "李娜" in branch["text"] and "周敏" not in branch["text"]
    big = await stage.ask("chen01", "组织机构 区域01")
    assert "共 18 人" in big["text"] and "同事00 · 顾问" in big["text"] and "第 1/2 页" in big["text"]
    assert "没有找到部门「市场部」" in (await stage.ask("chen01", "组织机构 市场部"))["text"]


async def test_who_left_and_still_owns_things_with_counts_by_kind(stage: Stage) -> None:
    await stage.request("DELETE", "/company/users/lina04")
    await stage.settle()
    text = (await stage.ask("chen01", "组织机构"))["text"]
    assert "离职后名下还有数据 1 人" in text and "李娜：客户 3 家" in text


async def test_a_sync_shows_its_progress_on_one_card_and_tells_its_result(stage: Stage) -> None:
    await stage.request("POST", "/company/users?silent=1", {"userid": "new1", "name": "新人", "departments": [103]})
    await stage.request("PATCH", "/company/users/zhao05?silent=1", {"departments": [102]})
    items = await stage.say("chen01", "同步组织")
    cards = [i for i in items if i["kind"] == "card"]
    assert len(cards) == 1 and "正在同步" in cards[0]["text"]
    result = [i for i in items if i["kind"] != "card"]
    assert len(result) == 1 and "新增 1 · 更新 0 · 转部门 1 · 离职 0" in result[0]["text"]
    assert "✓ 同步完成" in (await stage.card("chen01", cards[0]))["text"]
    updates = [c for c in await stage.calls("/v1.0/card/instances") if c["method"] == "PUT"]
    assert 1 <= len(updates) <= 10


async def test_a_second_start_is_answered_with_the_first(both: Stage) -> None:
    stage = both
    await stage.post("/faults", {"path": "/auth/scopes", "times": 1, "do": {"delay_ms": 1500}})
    await asyncio.gather(
        stage.post("/messages", {"from": "chen01", "text": "同步组织"}),
        stage.post("/messages", {"from": "wang03", "text": "同步组织"}),
    )
    await stage.settle()
    said = {who: " ".join(i["text"] for i in await stage.look(who)) for who in ("chen01", "wang03")}
    assert sum("同步完成" in text for text in said.values()) == 1, said
    assert all("正在同步" in text for text in said.values())


async def rejected(stage: Stage) -> None:
    body = {"errcode": 40089, "errmsg": "不合法的corpId或corpSecret"}
    await stage.post("/faults", {"path": "/auth/scopes", "times": 1, "do": {"body": body}})


def reset_in_the_console(stage: Stage) -> None:
    stage.sandbox.app = replace(stage.sandbox.app, client_secret=SECRET)


def dump(tx: Tx) -> str:
    from sqlmodel import select

    return " ".join(str(row.model_dump()) for model in (Inbox, Audit, Outbox) for row in tx.exec(select(model)).all())


async def test_rejected_credentials_are_asked_for_stored_and_never_shown(stage: Stage, tmp_path: Path) -> None:
    await rejected(stage)
    items = await stage.say("chen01", "同步组织")
    guide = items[-1]["text"]
    for step in ("1. ", "2. ", "3. ", "4. ", "open-dev.dingtalk.com", "凭证与基础信息", "CorpSecret 已被应用凭证取代"):
        assert step in guide, step
    reset_in_the_console(stage)
    answers = await stage.say("chen01", f"Client ID dingapp0001 Client Secret {SECRET}")
    said = " ".join(i["text"] for i in answers)
    assert "…7431" in said and SECRET not in said and "同步完成" in said
    stored = await stage.app.db.system(lambda tx: vault.read_secret(tx, KEY, "dingtalk.client_secret"))
    everything = await stage.app.db.system(dump)
    assert stored == SECRET and SECRET not in everything and SECRET[:-4] not in everything
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path
    assert stage.app.dingtalk.api.credentials.client_secret == SECRET


async def test_wrong_credentials_are_not_taken_up_and_asked_for_again(stage: Stage) -> None:
    await rejected(stage)
    await stage.say("chen01", "同步组织")
    assert "没认出凭证" in (await stage.ask("chen01", "在哪里看"))["text"]
    answers = await stage.say("chen01", f"dingapp0001 {SECRET}")
    assert "…7431" in answers[0]["text"] and "不认刚发的凭证，没有采用" in answers[-1]["text"]
    assert stage.app.dingtalk.api.credentials.client_secret == "s3cret-for-tests"
    reset_in_the_console(stage)
    assert "同步完成" in (await stage.say("chen01", SECRET))[-1]["text"]
    again = await stage.say("chen01", "同步组织")
    assert "同步完成" in again[-1]["text"] and not any("凭证" in i["text"] for i in again), "asked for once"


async def test_a_secret_reset_in_the_console_is_asked_for_though_no_call_works_any_more(stage: Stage) -> None:
    reset_in_the_console(stage)
    await stage.post("/tokens", {"do": "expire"})
    items = await stage.say("wang03", "同步组织")
    assert "凭证与基础信息" in items[-1]["text"], [i["text"] for i in items]
    assert "同步完成" in (await stage.say("wang03", f"凭证：Client Secret {SECRET}"))[-1]["text"]


async def test_in_a_group_credentials_are_refused_without_an_echo(stage: Stage) -> None:
    for text in (f"Client Secret {SECRET}", f"凭证 dingapp0001 {SECRET}"):
        items = await stage.say("wang03", text, to="cidSALES")
        said = " ".join(i["text"] for i in items)
        assert "不能发在群里" in said and SECRET not in said and SECRET[-4:] not in said

    def names(tx: Tx) -> list[str]:
        return vault.list_secret_names(tx)

    assert "dingtalk.client_secret" not in await stage.app.db.system(names)


async def test_only_an_administrator_may_fill_them_in(stage: Stage) -> None:
    item = await stage.ask("lina04", f"Client ID dingapp0001 Client Secret {SECRET}")
    assert "管理员的功能" in item["text"] and SECRET not in item["text"]

    def bodies(tx: Tx) -> str:
        from sqlmodel import select

        return " ".join(tx.exec(select(Inbox.body)).all())

    assert SECRET not in await stage.app.db.system(bodies)


async def test_a_newcomer_who_writes_first_is_read_at_once(stage: Stage) -> None:
    await stage.request("POST", "/company/users?silent=1", {"userid": "new1", "name": "新人", "departments": [101]})
    assert "新人" in (await stage.ask("new1", "帮助"))["text"]
    assert "只为本公司" not in (await stage.ask("new1", "公海"))["text"]
