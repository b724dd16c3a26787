"""The company's own fields, and all of ours, are columns of templates, imports and exports; rights cut them."""

from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import select

from bot.core.fields import FieldLevel
from handlers.exchange import export, service
from handlers.exchange.catalogue import KINDS
from storage import custom_fields, roles
from storage.custom_fields import Definition
from storage.database import Database, Tx
from storage.tables import Contact, Contract, Customer, Product
from tests.handlers.test_exchange import _exported, bring, context
from tests.support.company import load_company

MONEY, PERSON = "money_0001", "person_0001"
HUAXING = "华兴科技有限公司"


def _define(tx: Tx) -> None:
    for form in ("customer", "contact", "contract", "product"):
        fields = [Definition(MONEY, "年采购额", "money", False, 0, True),
                  Definition(PERSON, "技术负责", "person", False, 1, True)]  # fmt: skip
        custom_fields.put_definitions(tx, form, fields)


@pytest.fixture
async def company(database: Database) -> Database:
    await load_company(database)
    await database.system(_define)
    return database


def _custom(model: Any, name: str, column: str = "name") -> Any:
    return lambda tx: tx.exec(select(model).where(getattr(model, column) == name)).one().custom


async def _comes_back(db: Database, kind: str) -> None:
    exported = await db.unit(None, lambda tx: _exported(tx, kind))
    back = await bring(db, "chen01", exported, kind=kind)
    assert back.get("same") == len(exported) - 1 > 0, (back, exported)


async def test_an_own_field_is_a_column_of_template_import_and_export(company: Database) -> None:
    titles = await company.unit(None, lambda tx: _titles(tx, "chen01"))
    assert {"年采购额", "技术负责", "简称", "省份", "地址", "网址"} <= set(titles) and "锁定到" not in titles
    rows = [["客户名称", "年采购额", "技术负责", "简称", "地址", "网址", "省份"],
            ["甲机床有限公司", "50万", "李娜", "甲机", "杭州市文一路 1 号", "jia.cn", "浙江"],
            [HUAXING, "12,800.50", "", "华兴", "", "", ""], ["乙机床有限公司", "很多", "", "", "", "", ""]]  # fmt: skip
    done = await bring(company, "chen01", rows, kind="customers")
    assert (done["created"], done["updated"], done["problem"]) == (1, 1, 1), done
    assert await company.system(_custom(Customer, "甲机床有限公司")) == {MONEY: "500000.00", PERSON: "lina04"}
    assert await company.system(_custom(Customer, HUAXING)) == {MONEY: "12800.50"}
    made = await company.system(lambda tx: tx.exec(select(Customer).where(Customer.name == "甲机床有限公司")).one())
    assert (made.short_name, made.address, made.website, made.region) == ("甲机", "杭州市文一路 1 号", "jia.cn", "浙江")
    exported = await company.unit(None, lambda tx: _exported(tx, "customers"))
    row = next(dict(zip(exported[0], r, strict=True)) for r in exported[1:] if "甲机床有限公司" in r)
    assert (row["年采购额"], row["技术负责"], row["简称"]) == ("500000.00", "李娜(lina04)", "甲机")
    await _comes_back(company, "customers")
    clear = await bring(company, "chen01", [["客户名称", "年采购额"], [HUAXING, "<清空>"]], kind="customers")
    assert clear["updated"] == 1 and await company.system(_custom(Customer, HUAXING)) == {}
    for done_id in (clear["id"], done["id"]):
        await company.unit(None, lambda tx, of=done_id: service.undo_import(context(tx, "chen01"), {"exchange_id": of}))  # type: ignore[misc]
    assert await company.system(_custom(Customer, HUAXING)) == {}
    assert not await company.system(lambda tx: tx.exec(select(Customer).where(Customer.short_name == "甲机")).all())


@pytest.mark.parametrize(
    ("kind", "model", "column", "rows"),
    [
        ("products", Product, "code", [["产品编号", "产品名称", "单价", "年采购额"], ["P-1", "主轴", "1", "50万"]]),
        ("contracts", Contract, "number",
         [["合同编号", "客户名称", "合同金额", "年采购额"], ["HT-1", HUAXING, "1", "50万"]]),
        ("contacts", Contact, "name",
         [["客户名称", "姓名", "座机", "年采购额"], [HUAXING, "王五", "0571-88888888", "50万"]]),
    ],
)  # fmt: skip
async def test_so_it_is_for_every_kind(company: Database, kind: str, model: Any, column: str, rows: Any) -> None:
    key = rows[1][1] if kind == "contacts" else rows[1][0]
    done = await bring(company, "chen01", rows, kind=kind)
    assert done["created"] == 1, done
    assert await company.system(_custom(model, key, column)) == {MONEY: "500000.00"}
    await _comes_back(company, kind)
    again = await bring(company, "chen01", [rows[0], [*rows[1][:-1], "60万"]], kind=kind)
    assert again["updated"] == 1, again
    assert await company.system(_custom(model, key, column)) == {MONEY: "600000.00"}
    await company.unit(None, lambda tx: service.undo_import(context(tx, "chen01"), {"exchange_id": again["id"]}))
    assert await company.system(_custom(model, key, column)) == {MONEY: "500000.00"}


async def test_its_rights_are_those_of_any_field(company: Database) -> None:
    def narrow(tx: Tx) -> None:
        sheet = roles.find_by_name(tx, "业务员")
        assert sheet is not None
        functions = sheet.functions | {"customer:import", "customer:export"}
        fields = {**sheet.fields, ("customer", MONEY): FieldLevel.HIDDEN}
        roles.write_role(tx, sheet, replace(sheet, functions=functions, fields=fields, level="advanced"))

    await company.system(narrow)
    titles = await company.unit(None, lambda tx: _titles(tx, "lina04"))
    assert "技术负责" in titles and "年采购额" not in titles
    assert "年采购额" not in await company.unit(None, lambda tx: _exports(tx, "lina04"))
    done = await bring(company, "lina04", [["客户名称", "技术负责"], [HUAXING, "李娜"]], kind="customers")
    assert done["updated"] == 1
    with pytest.raises(Exception, match="年采购额"):
        await bring(company, "lina04", [["客户名称", "年采购额"], [HUAXING, "1"]], kind="customers")


def _titles(tx: Tx, who: str) -> list[str]:
    ctx = context(tx, who)
    with ctx.begin():
        return [c.title.rstrip("*") for c in export.template_table(tx, ctx, KINDS["customers"]).columns]


def _exports(tx: Tx, who: str) -> list[str]:
    ctx = context(tx, who)
    with ctx.begin():
        return [c.title for c in export.export_columns(tx, ctx, KINDS["customers"])]
