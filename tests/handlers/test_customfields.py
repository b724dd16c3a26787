"""What may be a field of the company's, what may be filled into it, and how it is read, over the real desk."""

import contextlib
import json
import re
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.context import Context, make_context
from bot.core.errors import AppError, Forbidden, InvalidInput
from bot.core.forms import FORMS, FormField
from bot.identity import identify
from handlers.customfields import filters, rules, values
from handlers.customfields.reading import read_value
from handlers.customfields.rules import NotAValue, read_plain
from handlers.dictionaries.rules import NotAChoice
from storage import custom_fields, dictionaries
from storage.custom_fields import Condition, Definition
from storage.database import Database, Tx
from storage.settings import read_settings
from storage.tables import Customer, SyncRun
from tests.support.company import NOW, customer_id, load_company
from tests.support.room import Room

MONEY, CHOICE, TEXT = "money_0001", "choice_0001", "text_0001"
NUMBER, DAY, PERSON = "number_0001", "date_0001", "person_0001"
DEFINITIONS = [
    Definition(MONEY, "年采购额", "money", False, 0, True), Definition(CHOICE, "设备类型", "choice", False, 1, True),
    Definition(TEXT, "说明", "text", False, 2, True), Definition(NUMBER, "员工数", "number", False, 3, True),
    Definition(DAY, "交货日", "date", False, 4, True), Definition(PERSON, "技术负责", "person", False, 5, True),
]  # fmt: skip
HUAXING = "华兴科技有限公司"


def define(tx: Tx) -> None:
    custom_fields.put_definitions(tx, "customer", DEFINITIONS)
    made = dictionaries.add_dictionary(tx, "设备类型")
    assert made.id is not None
    values_of = [dictionaries.Value(0, label, n, label != "专机") for n, label in enumerate(("数控", "普通", "专机"))]
    dictionaries.put_values(tx, made.id, values_of)
    dictionaries.bind(tx, "customer", CHOICE, made.id)


@pytest.fixture
async def company(database: Database) -> Database:
    await load_company(database)
    await database.system(define)
    return database


async def doing(db: Database, work: Any, who: str = "lina04") -> Any:
    """As a use case of that person's."""

    def unit(tx: Tx) -> Any:
        settings = read_settings(tx)
        ctx = make_context(tx, identify(tx, who, settings), NOW, settings, "chat")
        with ctx.begin() as inside:
            return work(inside, ctx)

    return await db.unit(None, unit)


# -- pure -----------------------------------------------------------------------------------------------------------

AMOUNT, COUNT = FormField("money_0001", "年采购额", "money"), FormField("number_0001", "员工数", "number")


@given(st.integers(-(10**15) + 1, 10**15 - 1).map(lambda fen: Decimal(fen).scaleb(-2)))
def test_an_amount_is_kept_exactly_and_read_again(amount: Decimal) -> None:
    stored = read_plain(AMOUNT, f"{amount:.2f}")
    assert Decimal(stored) == amount and len(stored.partition(".")[2]) == 2
    assert read_plain(AMOUNT, stored) == stored
    assert read_plain(AMOUNT, rules.show_value(AMOUNT, stored)) == stored


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**11), max_value=10**11))
def test_a_number_is_kept_exactly_and_read_again(number: Decimal) -> None:
    stored = read_plain(COUNT, f"{number:f}")
    assert Decimal(stored) == number
    assert read_plain(COUNT, rules.show_value(COUNT, stored)) == stored


@given(st.text(max_size=40))
def test_whatever_is_typed_is_a_value_or_refused_in_a_sentence(text: str) -> None:
    for field in (AMOUNT, COUNT):
        with contextlib.suppress(NotAValue):
            assert re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", read_plain(field, text))


@pytest.mark.parametrize(
    ("said", "stored"),
    [("50万", "500000.00"), ("12.8万元", "128000.00"), ("12,800元", "12800.00"), ("¥3.5", "3.50"), ("0", "0.00"),
     ("三万五", "35000.00")],
)  # fmt: skip
def test_amounts_as_people_write_them(said: str, stored: str) -> None:
    assert read_plain(AMOUNT, said) == stored


@pytest.mark.parametrize("said", ["很多", "几十万", "50万左右", "1e9", "inf", "1.234", "12 34", "9" * 20, "-"])
def test_what_is_no_amount_is_asked_for_again(said: str) -> None:
    with pytest.raises(NotAValue):
        read_plain(AMOUNT, said)


@pytest.mark.parametrize(
    "label",
    ["", "年 采购额", "年采购额：", "a" * 13, "12", "必填", "金额", "客户名称", "名称", "来源", "客户来源", "备注",
     "电话", "联系人", "负责人", "「」"],
)  # fmt: skip
def test_labels_that_cannot_be(label: str) -> None:
    with pytest.raises(AppError):
        rules.read_label("customer", label)


def test_a_label_may_be_used_in_another_form() -> None:
    assert rules.read_label("contact", "备注") == "备注"
    assert rules.read_label("customer", " 「年采购额」 ") == "年采购额"


# -- sentences ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "taken", "rest"),
    [
        ("无锡天虹 陈强 年采购额 50万", {MONEY: "500000.00"}, "无锡天虹 陈强"),
        ("年采购额50万 设备类型：数控", {MONEY: "500000.00", CHOICE: "数控"}, ""),
        ("年采购额是 50 万，员工数120", {MONEY: "500000.00", NUMBER: "120"}, "，"),
        ("说明 「两台 数控」 陈强", {TEXT: "两台 数控"}, "陈强"),
        ("交货日 4月5日 技术负责 赵磊", {DAY: "2026-04-05", PERSON: "zhao05"}, ""),
        ("技术负责：我", {PERSON: "lina04"}, ""),
        ("年采购额 无", {MONEY: ""}, ""),
        ("设备类型研究所 陈强", {}, "设备类型研究所 陈强"),
        ("长年采购额 50万", {}, "长年采购额 50万"),
    ],
)
async def test_a_sentence_names_fields_by_their_labels(
    company: Database, words: str, taken: dict[str, str], rest: str
) -> None:
    found, left = await doing(company, lambda tx, ctx: values.take_custom(tx, ctx, "customer", words))
    assert (found, left.strip()) == (taken, rest)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("年采购额 很多", "要填一个确定的金额"), ("设备类型 激光", "没有「激光」这个选项"), ("设备类型 专机", "已停用"),
        ("交货日 哪天", "要填日期"), ("技术负责 没此人", "没有找到在职的「没此人」"), ("员工数 一些", "要填数字"),
    ],
)  # fmt: skip
async def test_what_cannot_be_read_is_said_with_an_example(company: Database, words: str, why: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await doing(company, lambda tx, ctx: values.take_custom(tx, ctx, "customer", words))
    assert why in refusal.value.text


@pytest.mark.parametrize(
    ("words", "conditions", "rest"),
    [
        ("年采购额 大于50万", [(MONEY, "gt", "500000.00")], ""),
        ("杭州 年采购额不低于 30 万", [(MONEY, "ge", "300000.00")], "杭州"),
        ("年采购额 30到50万 机械", [(MONEY, "ge", "300000.00"), (MONEY, "le", "500000.00")], "机械"),
        ("员工数 100以上", [(NUMBER, "ge", "100")], ""),
        ("员工数<20", [(NUMBER, "lt", "20")], ""),
        ("设备类型 数控", [(CHOICE, "eq", "数控")], ""),
        ("设备类型 不是 专机", [(CHOICE, "ne", "专机")], ""),
        ("说明 包含 数控", [(TEXT, "has", "数控")], ""),
        ("交货日 4月", [(DAY, "ge", "2026-04-01"), (DAY, "le", "2026-04-30")], ""),
        ("交货日 4月1日之前", [(DAY, "lt", "2026-04-01")], ""),
        ("交货日 晚于 2026-04-05", [(DAY, "gt", "2026-04-05")], ""),
        ("技术负责 赵磊", [(PERSON, "eq", "zhao05")], ""),
        ("年采购额 没填", [(MONEY, "empty", "")], ""),
        ("年采购额 已填 设备类型 数控", [(MONEY, "filled", ""), (CHOICE, "eq", "数控")], ""),
        ("杭州 机械", [], "杭州 机械"),
    ],
)
async def test_a_list_is_narrowed_by_them(
    company: Database, words: str, conditions: list[tuple[str, str, str]], rest: str
) -> None:
    found, left = await doing(company, lambda tx, ctx: filters.take_conditions(tx, ctx, "customer", words))
    read = [(s.condition.name, s.condition.operator, s.condition.value) for s in found]
    assert (sorted(read), left.strip()) == (sorted(conditions), rest)


@pytest.mark.parametrize("words", ["年采购额 大于很多", "设备类型 激光", "设备类型 大于 数控", "交货日 哪天"])
async def test_a_condition_that_cannot_be_read_is_not_dropped(company: Database, words: str) -> None:
    with pytest.raises(NotAValue):
        await doing(company, lambda tx, ctx: filters.take_conditions(tx, ctx, "customer", words))


# -- records --------------------------------------------------------------------------------------------------------


async def test_unrelated_edits_leave_a_disabled_value_valid(company: Database) -> None:
    """Invariant 36: it cannot be newly chosen, and what holds it can be changed otherwise."""

    def work(tx: Tx, ctx: Context) -> None:
        record = tx.get(Customer, customer_id(tx, HUAXING))
        assert record is not None
        custom_fields.put_values(tx, record, {CHOICE: "专机"})
        changes, was = values.write_custom(tx, ctx, "customer", record, {CHOICE: "专机", MONEY: "5.00"})
        assert changes == {"年采购额": ("", "¥5.00")} and was == {MONEY: ""}
        assert record.custom == {CHOICE: "专机", MONEY: "5.00"}
        values.write_custom(tx, ctx, "customer", record, {CHOICE: "数控"})
        with pytest.raises(NotAChoice, match="已停用"):
            values.write_custom(tx, ctx, "customer", record, {CHOICE: "专机"})
        values.undo_custom(tx, "customer", record, {CHOICE: "专机", **was})
        assert record.custom == {CHOICE: "专机"}

    await doing(company, work)


async def test_a_required_field_is_required_of_new_records_and_not_emptied(company: Database) -> None:
    def require(tx: Tx) -> None:
        custom_fields.put_definitions(
            tx, "customer", [Definition(MONEY, "年采购额", "money", True, 0, True), *DEFINITIONS[1:]]
        )

    def work(tx: Tx, ctx: Context) -> None:
        with pytest.raises(rules.Required, match="年采购额 50万"):
            values.check_new(tx, ctx, "customer", {TEXT: "x"})
        assert values.check_new(tx, ctx, "customer", {TEXT: "x", MONEY: "1.00"}) == {TEXT: "x", MONEY: "1.00"}
        record = tx.get(Customer, customer_id(tx, HUAXING))
        assert record is not None
        values.write_custom(tx, ctx, "customer", record, {TEXT: "老数据照样能改"})
        values.write_custom(tx, ctx, "customer", record, {MONEY: "1.00"})
        with pytest.raises(rules.Required):
            values.write_custom(tx, ctx, "customer", record, {MONEY: ""})

    await company.system(require)
    await doing(company, work)


async def test_what_one_may_not_fill_in_is_refused_and_not_offered(company: Database) -> None:
    """Invariant 30: setting a hidden field is refused, by every door; a form does not offer it."""
    await company.system(lambda tx: tx.add(SyncRun(kind="full", status="ok", started_at=NOW, finished_at=NOW)))
    room = Room(company)
    for level in ("隐藏", "只读"):
        assert "已生效" in await room.say("chen01", f"字段权限 业务员 客户 年采购额 {level}")

        def work(tx: Tx, ctx: Context) -> None:
            offered = values.custom_form_fields(tx, ctx, "customer")
            assert MONEY not in {f.name for f in offered} and CHOICE in {f.name for f in offered}
            for refused in (
                lambda: values.take_custom(tx, ctx, "customer", "年采购额 5万"),
                lambda: values.check_new(tx, ctx, "customer", {MONEY: "1.00"}),
                lambda: values.read_custom(tx, ctx, "customer", {MONEY: "1"}),
            ):
                with pytest.raises(Forbidden, match="年采购额"):
                    refused()
            record = tx.get(Customer, customer_id(tx, HUAXING))
            for value in ("1.00", ""):
                with pytest.raises(Forbidden, match="年采购额"):
                    values.write_custom(tx, ctx, "customer", record, {MONEY: value})

        await doing(company, work)
    assert "年采购额 大于1万" in await room.say("lina04", "客户 年采购额 大于1万")
    await room.say("chen01", "字段权限 业务员 客户 年采购额 隐藏")
    for words in (
        "客户 {} 大于1万",
        "客户 制造业 {} 1万以上",
        "客户 {}：5万",
        "客户 未成交 按{}倒序",
        "保存筛选 甲 {} 大于1万",
    ):
        hidden, unknown = [
            re.sub(r"dc-[0-9a-f]+", "", await room.say("lina04", words.format(label)))
            for label in ("年采购额", "火星字段")
        ]
        assert "没认出" in hidden
        assert hidden.replace("年采购额", "火星字段") == unknown  # invariant 30: no answer tells that there is one
    said = await room.say("chen01", "为什么 李娜 看不到 年采购额")
    assert "字段权限" in said and "业务员" in said


async def test_a_table_has_the_columns_one_may_read_or_fill(company: Database) -> None:
    def work(tx: Tx, ctx: Context) -> None:
        fields = custom_fields.fields_of(tx, "customer")
        assert fields[: len(FORMS["customer"])] == FORMS["customer"]
        assert [f.label for f in values.readable(ctx.actor, "customer", fields)][-6:] == [d.label for d in DEFINITIONS]
        for field, cell, stored in zip(
            fields[-6:],
            ("500000", "数控", "新", "12.50", "2026-04-05", "赵磊"),
            ("500000.00", "数控", "新", "12.5", "2026-04-05", "zhao05"),
            strict=True,
        ):
            assert read_value(tx, ctx, "customer", field, cell) == stored
            text = values.cell_text({"zhao05": "赵磊"}, field, stored)
            assert read_value(tx, ctx, "customer", field, text) == stored
            typed = values.typed_values({field.name: stored})
            assert values.read_custom(tx, ctx, "customer", typed) == {field.name: stored}

    await doing(company, work)


def test_conditions_outlive_a_card() -> None:
    """They stand in a card's state as JSON."""
    condition = Condition(MONEY, "money", "gt", "1.00")
    assert Condition(**json.loads(json.dumps(asdict(condition)))) == condition
