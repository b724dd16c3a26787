"""待办 in DingTalk's own list besides the card: it appears, moves and is ticked off; a refusal holds nothing up."""

from typing import Any

import pytest
from sqlmodel import select

from storage.database import Tx
from storage.tables import Outbox
from tests.journeys.test_invoices import SENTENCE
from tests.support.flows import flows_world
from tests.support.stage import Stage


@pytest.fixture
def world() -> dict[str, Any]:
    return flows_world()


async def _todos(stage: Stage, who: str) -> list[bool]:
    """Whether each of the person's 待办 is done."""
    return [bool(one["done"]) for one in (await stage.get(f"/todos/{who}"))["items"]]


async def _apply(stage: Stage) -> None:
    summary = await stage.ask("lina04", SENTENCE)
    await stage.tap("lina04", summary, "提交申请")
    await stage.settle()


async def test_it_appears_moves_and_is_ticked_off(stage: Stage) -> None:
    assert "新的审批同时进钉钉待办" in (await stage.ask("chen01", "钉钉待办 开"))["text"]
    assert "钉钉待办：开" in (await stage.ask("chen01", "开票审批设置"))["text"]
    await _apply(stage)
    assert (await _todos(stage, "qian07"), await _todos(stage, "sun08")) == ([False], [False])
    assert len(await stage.calls("/v1.0/todo")) == 2, "one call each"

    def again(tx: Tx) -> None:  # as after a crash between DingTalk's answer and our note of it
        for row in tx.exec(select(Outbox).where(Outbox.channel == "todo")).all():
            row.state, row.remote_id = "queued", ""

    await stage.app.db.system(again)
    await stage.settle()
    assert (await _todos(stage, "qian07"), await _todos(stage, "sun08")) == ([False], [False])
    before = len(await stage.calls("/v1.0/todo"))
    await stage.ask("qian07", "转交 FP-1 王强")
    await stage.settle()
    assert (await _todos(stage, "qian07"), await _todos(stage, "wang03")) == ([True], [False])
    assert len(await stage.calls("/v1.0/todo")) - before == 2, "one ticked off, one made"
    await stage.ask("wang03", "同意 FP-1")
    await stage.ask("wang03", "同意")
    await stage.settle()
    assert (await _todos(stage, "sun08"), await _todos(stage, "wang03")) == ([True], [True])
    assert len(await stage.calls("/v1.0/todo")) - before == 4, "and one call for each ticked off"


async def test_without_the_permission_the_approval_goes_on_and_administrators_can_see_why(stage: Stage) -> None:
    await stage.ask("chen01", "钉钉待办 开")
    await stage.request("PATCH", "/knobs", {"denied_permissions": ["Todo.Todo.Write"]})
    await _apply(stage)
    await stage.ask("qian07", "同意 FP-1")
    assert "已同意" in str(await stage.say("qian07", "同意"))
    await stage.settle()
    assert len(await stage.calls("/v1.0/todo")) == 2, "refused once each, and not asked to tick off what is not there"
    told = (await stage.ask("chen01", "通知状态"))["text"]
    assert "Todo.Todo.Write" in told and "审批照常" in told and "权限管理" in told
    text = str((await stage.say("chen01", "自检"))[-1]["text"])
    assert "待办写权限" in text and "搜索 Todo.Todo.Write" in text


async def test_ticked_off_in_dingtalk_it_decides_nothing_and_is_open_again(stage: Stage) -> None:
    await stage.ask("chen01", "钉钉待办 开")
    await _apply(stage)
    todo = (await stage.get("/todos/qian07"))["items"][0]
    assert "怎么处理" in str(todo)
    before = len(await stage.calls("/v1.0/todo"))
    await stage.post(f"/todos/{todo['id']}/tick", {"as": "qian07"})
    await stage.settle()
    assert await _todos(stage, "qian07") == [False]
    assert len(await stage.calls("/v1.0/todo")) - before == 2, "looked at and opened once, however often we are told"
    assert "FP-2026-0001" in (await stage.ask("qian07", "我的待办"))["text"]
    await stage.ask("qian07", "同意 FP-1")
    await stage.ask("qian07", "同意")
    await stage.settle()
    assert (await _todos(stage, "qian07"), await _todos(stage, "sun08")) == ([True], [True])
    await stage.post(f"/todos/{todo['id']}/tick", {"as": "qian07", "done": False})
    await stage.settle()
    assert len(await stage.calls("/v1.0/todo")) - before == 4, "what is decided is nobody's to open"
