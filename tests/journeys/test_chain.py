"""From the customer to the money, by taps only: each step starts from the one before without typing again (R4.02)."""

from typing import Any

import pytest
from sqlmodel import select

from storage.tables import Contract, Opportunity, Payment
from tests.support.deals import deals_world
from tests.support.stage import Stage

LINA = "lina04"


@pytest.fixture
def world() -> dict[str, Any]:
    world = deals_world()
    world["stages"].insert(1, {"name": "报价", "win_rate": 40, "kind": "open"})
    world["opportunities"] = []
    return world


async def _answered(stage: Stage, item: dict[str, Any], button: str) -> dict[str, Any]:
    """Taps what answers with a card of its own, and looks at that."""
    await stage.tap(LINA, item, button)
    await stage.settle()
    return (await stage.look(LINA))[-1]


def _texts(card: dict[str, Any]) -> list[str]:
    return [b["text"] for b in card["buttons"]]


async def test_from_the_customer_to_the_money_by_taps(stage: Stage) -> None:
    shown = await stage.ask(LINA, "查 华兴科技")
    card = await stage.card(LINA, shown)
    assert {"建商机", "登记合同"} <= set(_texts(card)) and "登记回款" not in _texts(card)
    assert len(_texts(card)) <= 6
    await stage.tap(LINA, shown, "更多")
    assert "退回公海" in _texts(await stage.card(LINA, shown))
    await stage.tap(LINA, shown, "收起")
    await stage.tap(LINA, shown, "建商机")
    made = await stage.fill(LINA, shown, customer="华兴科技有限公司", name="三期扩容", amount="30万")
    assert "已建商机 三期扩容" in made["card"]["text"]
    await stage.tap(LINA, shown, "改阶段")
    assert "初步沟通 → 报价" in (await stage.tap(LINA, shown, "报价"))["card"]["text"]
    assert "登记合同" not in _texts(await stage.card(LINA, shown))
    assert "报价 → 赢单" in (await stage.tap(LINA, shown, "赢了"))["card"]["text"]
    form = await _answered(stage, shown, "登记合同")
    known = {f["name"]: f["value"] for f in (await stage.card(LINA, form))["form"]["fields"]}
    assert (known["customer"], known["amount"]) == ("华兴科技有限公司", "300000.00"), "nothing is typed again"
    known = {name: value for name, value in known.items() if value is not None}
    assert "叁拾万元整" in (await stage.fill(LINA, form, **known))["card"]["text"]
    assert "已登记 HT-2026-0008" in (await stage.tap(LINA, form, "登记合同"))["card"]["text"]
    pay = await _answered(stage, form, "登记回款")
    chosen = {f["name"]: f["value"] for f in (await stage.card(LINA, pay))["form"]["fields"]}
    filled = {name: value for name, value in chosen.items() if value is not None} | {"amount": "12万"}
    await stage.fill(LINA, pay, **filled)
    assert "已登记回款" in (await stage.tap(LINA, pay, "登记回款"))["card"]["text"]
    again = await stage.ask(LINA, "查 华兴科技")
    assert "已成交" in again["text"] and "回款 12 万/30 万" in again["text"]
    assert "登记回款" in _texts(await stage.card(LINA, again)) and len(_texts(await stage.card(LINA, again))) <= 6
    rows = await stage.app.db.system(
        lambda tx: (
            tx.exec(select(Opportunity)).one(),
            tx.exec(select(Contract)).all()[-1],
            tx.exec(select(Payment)).all()[-1],
        )
    )
    assert rows[0].result == "won" and rows[1].opportunity_id == rows[0].id and rows[2].contract_id == rows[1].id
    told = str((await stage.ask(LINA, "华兴科技 时间线"))["text"])
    assert "商机阶段" in told and "报价 → 赢单" in told and "登记合同" in told and "回款" in told
    await stage.say(LINA, "结束合同 HT-2026-0008")
    assert "生效 → 已结束" in (said := str((await stage.ask(LINA, "华兴科技 时间线"))["text"])) or "合同状态" in said
