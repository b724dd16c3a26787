"""What DingTalk does wrong on one call costs nobody the answer, and gives it to nobody twice."""

import asyncio
from typing import Any

import pytest

from tests.support.stage import Stage

DENIED = {"status": 403, "body": {"code": "Forbidden.AccessDenied.AccessTokenPermissionDenied", "message": "no right"}}
FAULTS: dict[str, dict[str, Any]] = {
    "throttled": {"status": 429, "body": {"code": "Throttling", "message": "slow down"}},
    "broken": {"status": 500, "body": {}},
    "reset": {"reset": True},
    "slow": {"delay_ms": 500},
}


ROBOT, CARD, TOKEN = "/v1.0/robot/oToMessages/batchSend", "/v1.0/card/instances", "/v1.0/oauth2/accessToken"


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        (ROBOT, "throttled"), (ROBOT, "broken"), (ROBOT, "slow"), (CARD, "reset"),
        (TOKEN, "broken"),
    ],
)  # fmt: skip
async def test_one_answer_arrives_whatever_a_call_does(stage: Stage, path: str, fault: str) -> None:
    said, heard = ("公海", "累计领取 0/3") if path == CARD else ("帮助", "直接说话就行")
    if path == TOKEN:
        await stage.post("/tokens", {"do": "expire"})
    await stage.post("/faults", {"path": path, "method": "*", "times": 1, "do": FAULTS[fault]})
    await stage.post("/messages", {"from": "lina04", "text": said})
    for _ in range(60):
        await stage.get("/idle", wait=0.3)
        if await stage.get("/inbox/lina04", after=0) != {"items": [], "next": 0}:
            break
        await stage.advance(advance_seconds=60)
        await asyncio.sleep(0.05)
    await stage.settle()
    answers = await stage.look("lina04")
    assert [heard in a["text"] for a in answers if a["kind"] != "notice"] == [True]


async def test_where_cards_are_refused_words_arrive_with_what_to_reply(stage: Stage) -> None:
    await stage.post("/faults", {"path": "/v1.0/card/instances", "method": "*", "times": 9, "do": DENIED})
    answer = await stage.ask("lina04", "公海 食品")
    assert answer["kind"] == "markdown" and "「领取 宁波海蓝食品有限公司」" in answer["text"]
    assert "已领取 宁波海蓝食品有限公司" in (await stage.ask("lina04", "1"))["text"]


async def test_a_burst_of_one_person_is_answered_in_its_order_each_once(stage: Stage) -> None:
    said = [{"from": "lina04", "text": f"跟进 华兴科技 电话 第{n:02}次"} for n in range(20)]
    for body in said:
        await stage.post("/messages", body)
    await stage.settle(60)
    texts = [item["text"] for item in await stage.look("lina04")]
    assert [f"第{n:02}次" in text for n, text in enumerate(texts)] == [True] * 20


async def test_three_thousand_characters_are_refused_with_the_next_step(stage: Stage) -> None:
    refused = await stage.ask("lina04", "跟进 华兴科技 " + "很长的内容" * 600)
    assert "太长" in refused["text"] and "2000" in refused["text"] and len(refused["text"]) < 80
    for sentence in (
        "很" * 3000,
        "公海 " + "词 " * 1500,
        "查 " + "名" * 3000,
        "分配 " + "名" * 1500 + " 给 " + "人" * 1500,
    ):
        answer = await stage.ask("wang03", sentence)
        assert len(answer["text"]) < 400, answer["text"][:80]
