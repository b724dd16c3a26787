"""What a form sends, as Python values, by the form the card shows."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from bot.core.clock import BEIJING
from bot.core.errors import InvalidInput
from bot.dispatch import Button, CardForm, FormField, choices
from bot.dispatch.forms import filled, read_form, shown


class Submit(Button):
    action: ClassVar[str] = "test.submit"


STAGES = choices("初步沟通", "报价", "签约")


def form_of(*fields: FormField) -> CardForm:
    return CardForm(fields, Submit())


@pytest.mark.parametrize(
    ("field", "sent", "read"),
    [
        (FormField("f", "名称"), " 华兴 ", "华兴"),
        (FormField("f", "名称"), None, ""),
        (FormField("f", "说明", "text_area"), ["第一行", "第二行"], "第一行\n第二行"),
        (FormField("f", "金额", "number"), "1,200.50", Decimal("1200.50")),
        (FormField("f", "金额", "number"), 35000, Decimal(35000)),
        (FormField("f", "金额", "number"), "", None),
        (FormField("f", "日期", "date"), "2026-03-05", date(2026, 3, 5)),
        (FormField("f", "日期", "date"), "2026/03/05", date(2026, 3, 5)),
        (FormField("f", "时间", "time"), "14:30", time(14, 30)),
        (FormField("f", "时刻", "datetime"), "2026-03-05 14:30", datetime(2026, 3, 5, 14, 30, tzinfo=BEIJING)),
        (FormField("f", "阶段", "select", options=STAGES), {"index": 1, "value": "报价"}, "报价"),
        (FormField("f", "阶段", "select", options=STAGES), {"index": 2}, "签约"),
        (FormField("f", "阶段", "select", options=STAGES), "报价", "报价"),
        (FormField("f", "阶段", "select", options=STAGES), None, ""),
        (FormField("f", "阶段", "select", options=(("a", "初访"), ("b", "报价"))), "初访", "a"),
        (FormField("f", "阶段", "multi_select", options=STAGES), {"index": [0, 2]}, ["初步沟通", "签约"]),
        (FormField("f", "阶段", "multi_select", options=STAGES), {"index": [2], "value": ["签约"]}, ["签约"]),
        (FormField("f", "阶段", "multi_select", options=STAGES), None, []),
        (FormField("f", "含税", "checkbox"), True, True),
        (FormField("f", "含税", "switch"), None, False),
    ],
)  # fmt: skip
def test_each_kind_is_read(field: FormField, sent: Any, read: Any) -> None:
    assert read_form(form_of(field), {"f": sent}) == {"f": read}


@pytest.mark.parametrize(
    ("field", "sent", "said"),
    [
        (FormField("f", "客户名称", required=True), "  ", "还没填「客户名称」"),
        (FormField("f", "开票金额", "number"), "三万五", "「开票金额」"),
        (FormField("f", "开票金额", "number"), "NaN", "「开票金额」"),
        (FormField("f", "签约日期", "date"), "2026-02-30", "「签约日期」"),
        (FormField("f", "阶段", "select", options=STAGES), "成交", "「阶段」没有「成交」"),
        (FormField("f", "阶段", "multi_select", options=STAGES), ["报价", "成交"], "「阶段」没有「成交」"),
        (FormField("f", "我同意", "checkbox", required=True), False, "还没填「我同意」"),
    ],
)
def test_what_is_wrong_is_said_by_name(field: FormField, sent: Any, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_form(form_of(field), {"f": sent})
    assert said in refused.value.text


def test_hidden_fields_are_the_cards_and_unknown_ones_are_ignored() -> None:
    form = form_of(FormField("id", "编号", value="42", hidden=True), FormField("name", "名称"))
    assert read_form(form, {"id": "43", "name": "华兴", "owner": "chen01"}) == {"id": "42", "name": "华兴"}


def test_what_was_entered_stays_also_where_it_is_wrong() -> None:
    form = form_of(
        FormField("name", "名称", value="旧名"), FormField("on", "日期", "date"),
        FormField("stage", "阶段", "select", options=STAGES), FormField("id", "编号", value="42", hidden=True),
    )  # fmt: skip
    kept = filled(form, {"name": "华兴", "on": "下下礼拜", "stage": {"index": 1, "value": "报价"}, "id": "43"})
    assert [f.value for f in kept.fields] == ["华兴", "下下礼拜", "报价", "42"]


def test_values_are_shown_as_the_form_component_wants_them() -> None:
    assert shown(datetime(2026, 3, 5, 14, 30, tzinfo=BEIJING)) == "2026-03-05 14:30"
    assert shown(date(2026, 3, 5)) == "2026-03-05" and shown(time(9, 5)) == "09:05"
    assert shown(Decimal("1200.50")) == "1200.50" and shown(None) == ""
