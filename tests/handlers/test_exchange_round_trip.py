"""What was exported comes in again and changes nothing, with the company's own fields, for every form that has them."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from bot.core.errors import Forbidden
from bot.core.fields import FieldLevel
from bot.core.forms import CUSTOM_FORMS
from handlers.exchange import export
from handlers.exchange.catalogue import KINDS
from storage import custom_fields, dictionaries, roles
from storage.custom_fields import Definition
from storage.database import Database, Tx
from storage.dictionaries import Value
from storage.tables import Audit, Contact, Contract, Customer, Lead, Opportunity, Payment, Product
from tests.handlers.test_exchange import Row, _exported, bring, context, count
from tests.handlers.test_exchange_chain import CONTRACTS, _company

HUAXING = "华兴科技有限公司"
FIELDS = {
    "text_0001": ("工艺", "text"), "number_0001": ("台数", "number"), "money_0001": ("年采购额", "money"),
    "date_0001": ("交货日", "date"), "choice_0001": ("设备类型", "choice"), "person_0001": ("技术负责", "person"),
}  # fmt: skip
TITLES = [label for label, _ in FIELDS.values()]
OWN = st.tuples(
    st.sampled_from(["", "两台 数控", "=1+1", " 有  空格 ", "１２３", "-5", "<b>粗</b>", "0012", "@甲", "2026-03-05"]),
    st.sampled_from(["", "12", "12.50", "1,200", "３", "-4"]),
    st.sampled_from(["", "50万", "12,800.50", "0", "1.28万"]),
    st.sampled_from(["", "2026-03-05", "2026/3/5", "20260305", "46086"]),
    st.sampled_from(["", "数控", "激光"]),
    st.sampled_from(["", "李娜", "李娜(lina04)", "lina04"]),
)
KEYED: dict[str, tuple[Row, Any]] = {
    "customers": (["客户名称"], lambda n: [f"第{n}机床有限公司"]),
    "leads": (["公司名称", "手机"], lambda n: [f"第{n}线索有限公司", f"1390000{n:04}"]),
    "contacts": (["客户名称", "姓名"], lambda n: [HUAXING, f"王{n}"]),
    "products": (["产品编号", "产品名称", "单价"], lambda n: [f"P-{n}", f"主轴{n}", "12.5"]),
    "opportunities": (
        ["客户名称", "商机名称", "商机金额", "预计成交"], lambda n: [HUAXING, f"机会{n}", "1万", "2026-12-31"],
    ),
    "contracts": (["合同编号", "客户名称", "合同金额"], lambda n: [f"HT-9{n}", HUAXING, "1000"]),
    "payments": (
        ["合同编号", "回款编号", "回款金额", "回款日期", "回款方式"],
        lambda n: ["HT-1", f"SK-9{n}", "10", "2026-02-01", "转账"],
    ),
}  # fmt: skip

MODELS: dict[str, Any] = {
    "customers": Customer, "leads": Lead, "contacts": Contact, "products": Product, "opportunities": Opportunity,
    "contracts": Contract, "payments": Payment,
}  # fmt: skip


def test_every_form_with_own_fields_is_here() -> None:
    assert {KINDS[kind].resource for kind in KEYED} == set(CUSTOM_FORMS)


def _define(tx: Tx) -> None:
    dictionary = dictionaries.add_dictionary(tx, "设备类型")
    assert dictionary.id is not None
    dictionaries.put_values(tx, dictionary.id, [Value(0, v, n, True) for n, v in enumerate(("数控", "激光"))])
    for form in CUSTOM_FORMS:
        made = [Definition(name, label, kind, False, n, True) for n, (name, (label, kind)) in enumerate(FIELDS.items())]  # type: ignore[arg-type]
        custom_fields.put_definitions(tx, form, made)
        dictionaries.bind(tx, form, "choice_0001", dictionary.id)


@pytest.fixture
async def company(database: Database) -> Database:
    await _company(database)
    await database.system(_define)
    await bring(database, "chen01", CONTRACTS, kind="contracts")
    return database


def _held(tx: Tx, kind: str) -> list[tuple[int, dict[str, Any]]]:
    model = MODELS[kind]
    return [(r.id, dict(r.custom)) for r in tx.exec(select(model).order_by(col(model.id))).all()]


@settings(max_examples=14, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(sorted(KEYED)), rows=st.lists(OWN, min_size=1, max_size=5))
async def test_an_export_that_comes_in_again_changes_nothing(company: Database, kind: str, rows: list[Row]) -> None:
    header, key = KEYED[kind]
    done = await bring(company, "chen01", [[*header, *TITLES], *([*key(n), *r] for n, r in enumerate(rows))], kind=kind)
    assert done.get("problem", 0) == 0, done
    before = await company.system(lambda tx: (_held(tx, kind), count(tx, Audit)))
    exported = await company.unit(None, lambda tx: _exported(tx, kind))
    back = await bring(company, "chen01", exported, kind=kind)
    assert back.get("same") == len(exported) - 1 > 0, (back, exported)
    assert await company.system(lambda tx: (_held(tx, kind), count(tx, Audit))) == before


@pytest.mark.parametrize("kind", sorted(KEYED))
async def test_a_hidden_column_is_not_exported_and_one_that_is_only_read_is_refused(
    company: Database, kind: str
) -> None:
    resource = KINDS[kind].resource

    def narrow(tx: Tx) -> None:
        sheet = roles.find_by_name(tx, "业务员")
        assert sheet is not None
        fields = {(resource, "money_0001"): FieldLevel.HIDDEN, (resource, "text_0001"): FieldLevel.READ}
        functions = sheet.functions | {f"{resource}:import", f"{resource}:export"}
        roles.write_role(
            tx, sheet, replace(sheet, functions=functions, fields={**sheet.fields, **fields}, level="advanced")
        )

    await company.system(narrow)

    def columns(tx: Tx) -> tuple[set[str], set[str]]:
        ctx = context(tx, "lina04")
        with ctx.begin():
            template = export.template_table(tx, ctx, KINDS[kind])
            return {c.title for c in template.columns}, {c.title for c in export.export_columns(tx, ctx, KINDS[kind])}

    template, exported = await company.unit(None, columns)
    assert "技术负责" in template and not {"年采购额", "工艺"} & template
    assert {"技术负责", "工艺"} <= exported and "年采购额" not in exported
    header, key = KEYED[kind]
    for title, value in (("年采购额", "1"), ("工艺", "磨")):
        with pytest.raises(Forbidden, match=title):
            await bring(company, "lina04", [[*header, title], [*key(0), value]], kind=kind)
