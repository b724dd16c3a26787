"""A company's own fields on contracts, payments and products (R5.11): sentences, forms, cards, lists, undo, rights."""

from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import select

from bot.core.errors import Forbidden
from handlers.contracts.making import NewContract
from handlers.contracts.service import create_contract, edit_contract
from handlers.customfields.rules import Required
from handlers.payments.making import NewPayment
from handlers.payments.service import create_payment, edit_payment
from handlers.undo.service import take_back
from storage import custom_fields
from storage.custom_fields import Definition
from storage.database import Database, Tx
from storage.tables import Audit, Contract, Payment, Product, Role, RoleField
from tests.handlers.test_contracts import _contract, run
from tests.support.company import customer_id, load_company
from tests.support.deals import deals_world
from tests.support.room import Room

NINE = Decimal(9)
DEPOSIT, KIND, VOUCHER, MATERIAL = "money_0001", "text_0001", "text_0002", "text_0003"


def company() -> dict[str, Any]:
    world = deals_world()
    world["products"] = [
        {"code": "ZJ-001", "name": "数控主轴", "price": "12800.00"},
        {"code": "ZJ-002", "name": "刀库", "price": "900.00"},
    ]
    products = [f"product:{verb}" for verb in ("view", "add", "edit")]
    world["roles"][0]["functions"] = [*world["roles"][0]["functions"], *products]
    return world


async def begin(database: Database, *, required: bool = False) -> Room:
    await load_company(database, company())

    def define(tx: Tx) -> None:
        deposit = Definition(DEPOSIT, "保证金", "money", required, 0, True)
        custom_fields.put_definitions(tx, "contract", [deposit, Definition(KIND, "类型", "text", False, 1, True)])
        custom_fields.put_definitions(tx, "payment", [Definition(VOUCHER, "凭证号", "text", required, 0, True)])
        custom_fields.put_definitions(tx, "product", [Definition(MATERIAL, "材质", "text", required, 0, True)])

    await database.system(define)
    return Room(database)


async def held(database: Database, table: Any, **where: Any) -> dict[str, str]:
    query = select(table).filter_by(**where)
    return dict(await database.system(lambda tx: tx.exec(query).one().custom))


async def test_a_contract_has_them_from_the_sentence_to_the_list(database: Database) -> None:
    room = await begin(database)
    asked = await room.say("lina04", "合同 华兴科技 30万 一年 保证金 3万 类型：框架")
    assert "保证金" in asked and "¥30,000.00" in asked and "叁拾万元整" in asked
    assert "¥40,000.00" in await room.say("lina04", "保证金 4万")
    done = await room.say("lina04", "登记合同")
    assert "¥40,000.00" in done and "框架" in done
    assert await held(database, Contract, number="HT-2026-0008") == {DEPOSIT: "40000.00", KIND: "框架"}
    assert "HT-2026-0008" in await room.say("lina04", "合同 保证金 大于2万")
    assert "没有符合" in await room.say("lina04", "合同 保证金 大于5万")
    assert "共 1 份" in await room.say("lina04", "合同 类型 框架")
    changed = await room.say("lina04", "合同 HT-2026-0008 保证金 5万")
    assert "保证金：¥40,000.00 → ¥50,000.00" in changed
    await room.say("lina04", "撤销")
    assert (await held(database, Contract, number="HT-2026-0008"))[DEPOSIT] == "40000.00"
    await room.say("lina04", "合同 HT-2026-0008 类型 无 名称 框架协议")
    assert "续签" in (asked := await room.say("lina04", "续签 HT-2026-0008")) and "¥40,000.00" in asked


async def test_a_payment_has_them_from_the_sentence_to_the_list(database: Database) -> None:
    room = await begin(database)
    asked = await room.say("lina04", "回款 宁波华东 5万 昨天 凭证号 PZ77")
    assert "记到 HT-2025-112" in asked and "PZ77" in asked
    assert "PZ77" in await room.say("lina04", "登记回款")
    assert await held(database, Payment, number="HK-2026-0002") == {VOUCHER: "PZ77"}
    assert "共 1 笔" in await room.say("lina04", "回款记录 凭证号 PZ77")
    assert "凭证号：PZ77 → PZ78" in await room.say("lina04", "修改回款 HK-2026-0002 凭证号 PZ78")
    await room.say("lina04", "撤销")
    assert await held(database, Payment, number="HK-2026-0002") == {VOUCHER: "PZ77"}


async def test_a_product_has_them_from_the_sentence_to_the_list(database: Database) -> None:
    room = await begin(database)
    assert "材质 钢" in await room.say("lina04", "新增产品 ZJ-009 底座 100 材质：钢")
    assert await held(database, Product, code="ZJ-009") == {MATERIAL: "钢"}
    assert "材质：（空） → 铝" in await room.say("lina04", "修改产品 ZJ-001 材质 铝")
    assert "共 1 个" in await room.say("lina04", "产品 材质 铝")
    assert "改回原样" in await room.say("lina04", "撤销")
    assert await held(database, Product, code="ZJ-001") == {}
    assert "一次改一项" in await room.say("lina04", "修改产品 ZJ-001 单价 9 材质 铝")


async def test_what_is_required_is_asked_for_on_the_form(database: Database) -> None:
    room = await begin(database, required=True)
    asked = await room.say("lina04", "合同 华兴科技 30万 一年")
    assert "还差必填的「保证金」" in asked
    assert "请核对" in await room.say("lina04", "保证金 3万")
    assert "已登记" in await room.say("lina04", "登记合同")
    assert "还差必填的「凭证号」" in await room.say("lina04", "回款 宁波华东 5万")
    assert "记到 HT-2025-112" in await room.say("lina04", "凭证号 PZ1")
    assert "还差必填的「材质」" in await room.say("lina04", "新增产品 ZJ-009 底座 100")
    key = await database.system(lambda tx: customer_id(tx, "华兴科技有限公司"))
    with pytest.raises(Required):
        await run(database, "lina04", create_contract, NewContract(key, NINE))


async def test_the_audit_says_which_labels_are_the_companys(database: Database) -> None:
    """So that who may not see a field reads nothing of it there either."""
    await begin(database)
    key = await _contract(database, "HT-2025-112")
    await run(database, "lina04", edit_contract, key, {"name": "维保"}, {DEPOSIT: "9.00"})
    query = select(Audit).where(Audit.action == "edit.contract")
    line = await database.system(lambda tx: tx.exec(query).one())
    assert line.detail["changes"]["保证金"] == ["", "¥9.00"] and line.detail["fields"] == {"保证金": DEPOSIT}
    await run(database, "lina04", take_back, None)
    assert await held(database, Contract, id=key) == {}


async def test_fields_one_may_not_write_are_refused(database: Database) -> None:
    await begin(database)

    def close(tx: Tx) -> None:
        role = tx.exec(select(Role).where(Role.name == company()["roles"][0]["name"])).one()
        for form, name in (("contract", DEPOSIT), ("payment", VOUCHER)):
            tx.add(RoleField(role_id=role.id or 0, form=form, field=name, level="read"))

    await database.system(close)
    key = await _contract(database, "HT-2025-112")
    with pytest.raises(Forbidden):
        await run(database, "lina04", edit_contract, key, {}, {DEPOSIT: "9.00"})
    with pytest.raises(Forbidden):
        await run(database, "lina04", create_payment, NewPayment(key, NINE, custom={VOUCHER: "P"}))
    made = await run(database, "lina04", create_payment, NewPayment(key, NINE))
    with pytest.raises(Forbidden):
        await run(database, "lina04", edit_payment, made.payment.id, {}, {VOUCHER: "P"})
