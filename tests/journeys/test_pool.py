"""The public pool as people meet it: browse, claim, lose, return, assign, and what it costs."""

import asyncio
from typing import Any

import pytest

from tests.journeys.conftest import DRAWN
from tests.support.stage import Stage
from tests.support.world import small_world


@DRAWN
async def test_the_list_begins_with_the_claim_count_and_pages_by_five(stage: Stage) -> None:
    item = await stage.ask("lina04", "公海")
    assert item["kind"] == "card"
    assert "累计领取 0/3" in item["text"] and "共 7 家" in item["text"]
    claims = [b for b in item["buttons"] if b["text"].startswith("领取")]
    assert len(claims) == 5
    assert all(b["row"] in item["text"] and b["row"].endswith("公司") for b in claims)
    await stage.tap("lina04", item, "下一页")
    second = await stage.card("lina04", item)
    assert len([b for b in second["buttons"] if b["text"].startswith("领取")]) == 2


async def test_filters_combine(stage: Stage) -> None:
    item = await stage.ask("lina04", "公海 杭州 机械")
    assert "杭州蓝海机械" in item["text"] and "海蓝食品" not in item["text"]


@DRAWN
async def test_two_phones_one_winner_and_the_loser_sees_who(both: Stage) -> None:
    first, second = await both.ask("lina04", "公海 食品"), await both.ask("zhao05", "公海 食品")
    before = len(await both.calls())
    answers = await asyncio.gather(both.tap("lina04", first, "海蓝"), both.tap("zhao05", second, "海蓝"))
    assert [a["status"] for a in answers] == ["ok", "ok"]
    mine = [i for i, a in enumerate(answers) if "你已领取" in a["card"]["text"]]
    assert len(mine) == 1
    loser = answers[1 - mine[0]]["card"]["text"]
    winner = ["李娜", "赵磊"][mine[0]]
    assert f"已被 {winner}" in loser and "09:3" in loser
    await both.settle()
    spent = (await both.calls())[before:]
    assert {c["path"] for c in spent} <= {"/v1.0/card/instances"}  # updates only: the answers rode in the acks
    assert len(spent) <= 1


async def test_fifty_claimers_one_winner(both: Stage) -> None:
    for n in range(50):
        await both.post("/company/users", {"userid": f"u{n:02}", "name": f"员工{n:02}", "departments": [101]})
    await both.settle(60)
    await _give_everyone_the_role(both)
    item = await both.ask("lina04", "公海 食品")
    claim = next(b for b in item["buttons"] if "海蓝" in b["row"])
    track = item["card"]["out_track_id"]

    async def tap(n: int) -> dict[str, Any]:
        body = {
            "as": f"u{n:02}",
            "button": claim["id"],
            "force": True,
            "action_ids": claim["action_ids"],
            "params": claim["params"],
        }
        return await both.post(f"/cards/{track}/tap", body)

    await asyncio.gather(*(tap(n) for n in range(50)))
    await both.settle(60)
    owners, claims = await _owners(both, "宁波海蓝食品有限公司")
    assert len(claims) == 1
    assert owners == [claims[0]]


@DRAWN
async def test_the_same_tap_twice_is_one_claim(stage: Stage) -> None:
    item = await stage.ask("lina04", "公海 食品")
    claim = next(b for b in item["buttons"] if "海蓝" in b["row"])
    body = {"as": "lina04", "force": True, "action_ids": claim["action_ids"], "params": claim["params"]}
    for _ in range(3):
        answer = await stage.post(f"/cards/{item['card']['out_track_id']}/tap", body)
        assert answer["status"] == "ok"
    assert "累计领取 1/3" in (await stage.ask("lina04", "公海"))["text"]


async def test_the_cap_holds_and_names_itself(stage: Stage) -> None:
    for name in ("海蓝", "蓝海", "远航"):
        assert "已领取" in (await stage.ask("lina04", f"领取 {name}"))["text"]
    refused = await stage.ask("lina04", "领取 越达")
    assert "累计领取 3/3" in refused["text"]


@DRAWN
async def test_cards_that_others_hold_show_the_new_owner(stage: Stage) -> None:
    held = await stage.ask("zhao05", "公海 食品")
    await stage.ask("lina04", "领取 海蓝")
    await stage.settle()
    seen = await stage.card("zhao05", held)
    assert "已被 李娜" in seen["text"]
    assert not [b for b in seen["buttons"] if "海蓝" in f"{b['text']} {b['row']}"]


@DRAWN
async def test_a_claim_in_a_group_is_seen_by_all_with_one_merged_update(stage: Stage) -> None:
    items = await stage.say("lina04", "公海 食品", to="cidSALES")
    card = next(i for i in items if i["kind"] == "card")
    assert card["conversation"] == "cidSALES"
    before = len(await stage.calls())
    await stage.tap("zhao05", card, "海蓝")
    await stage.settle()
    assert len((await stage.calls())[before:]) == 1
    assert "已被 赵磊" in (await stage.card("zhou06", card))["text"]


async def test_pool_customers_show_no_contact(stage: Stage) -> None:
    await stage.ask("lina04", "退回 华兴科技 联系不上")
    seen = await stage.ask("zhao05", "查 华兴科技")
    assert "陈强" not in seen["text"] and "13812345678" not in seen["text"]
    claimed = await stage.ask("zhao05", "领取 华兴科技")
    assert "陈强" in claimed["text"] and "13812345678" in claimed["text"]


@DRAWN
async def test_return_asks_for_the_reason_and_can_be_undone(stage: Stage) -> None:
    asked = await stage.ask("lina04", "退回 华星电子")
    assert "为什么退回" in asked["text"]
    answer = await stage.tap("lina04", asked, "无需求")
    assert "已退回公海" in answer["card"]["text"]
    await stage.tap("lina04", asked, "撤销")
    assert "你" in (await stage.ask("lina04", "查 华星电子"))["text"]
    owners, _ = await _owners(stage, "华星电子有限公司")
    assert owners == ["lina04"]


async def test_an_assigned_customer_is_announced_and_is_no_claim(stage: Stage) -> None:
    said = await stage.ask("wang03", "分配 宁波海蓝 给 赵磊")
    assert "赵磊" in said["text"]
    news = await stage.look("zhao05")
    assert [n["kind"] for n in news] == ["notice"] and "宁波海蓝食品有限公司" in news[0]["text"]
    assert "累计领取 0/3" in (await stage.ask("zhao05", "公海"))["text"]


async def test_without_the_function_it_is_refused(stage: Stage) -> None:
    assert "分配" in (await stage.ask("lina04", "分配 宁波海蓝 给 赵磊"))["text"]
    owners, _ = await _owners(stage, "宁波海蓝食品有限公司")
    assert owners == [None]


async def test_it_returns_by_itself_after_the_warnings(stage: Stage) -> None:
    """Owner since 02-25, 15 days: warned at 7, 3 and 1 days left, returned on 03-12."""
    await stage.advance(now="2026-03-05T09:30:00+08:00")
    first = await stage.look("lina04")
    assert len(first) == 1 and "还有 7 天返回公海" in first[0]["text"]
    await stage.advance(now="2026-03-11T09:30:00+08:00")
    texts = [i["text"] for i in await stage.look("lina04")]
    assert any("还有 3 天" in t for t in texts) and any("还有 1 天" in t for t in texts)
    assert all("华兴科技" in t for t in texts)
    await stage.advance(now="2026-03-12T09:30:00+08:00")
    gone = await stage.look("lina04")
    assert "已自动返回公海" in gone[0]["text"]
    owners, _ = await _owners(stage, "华兴科技有限公司")
    assert owners == [None]


@pytest.fixture
def world(request: pytest.FixtureRequest) -> dict[str, Any]:
    return small_world(edition=getattr(request, "param", "paid"))


@pytest.mark.parametrize("world", ["free"], indirect=True)
async def test_the_free_edition_has_neither_cap_nor_return(stage: Stage) -> None:
    for name in ("海蓝", "蓝海", "远航", "越达"):
        assert "已领取" in (await stage.ask("lina04", f"领取 {name}"))["text"]
    await stage.advance(now="2026-04-20T09:30:00+08:00")
    assert await stage.look("lina04") == []
    owners, _ = await _owners(stage, "华兴科技有限公司")
    assert owners == ["lina04"]


async def _owners(stage: Stage, name: str) -> tuple[list[str | None], list[str]]:
    """Present owner, and who has claimed it."""
    from sqlmodel import select

    from storage.tables import ClaimLog, Customer

    def look(tx: Any) -> tuple[list[str | None], list[str]]:
        row = tx.exec(select(Customer).where(Customer.name == name)).one()
        claims = tx.exec(select(ClaimLog.user_id).where(ClaimLog.customer_id == row.id)).all()
        return [row.owner_id], list(claims)

    return await stage.app.db.system(look)


async def _give_everyone_the_role(stage: Stage) -> None:
    from sqlmodel import select

    from storage.tables import Role, RoleMember

    def work(tx: Any) -> None:
        role = tx.exec(select(Role).where(Role.name == "业务员")).one()
        tx.add_all(RoleMember(role_id=role.id, user_id=f"u{n:02}") for n in range(50))

    await stage.app.db.system(work)
