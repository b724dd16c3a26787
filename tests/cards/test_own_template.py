"""The template we ship, what is put into it, and that the same view works without it."""

import json
from typing import Any, ClassVar

import pytest

from bot.dispatch import (
    Button,
    CardButton,
    CardForm,
    CardRow,
    CardTap,
    CardUpdate,
    CardView,
    Dispatcher,
    FormField,
    RawTap,
    Router,
    choices,
)
from bot.sandbox.cards import typed
from bot.sandbox.drawing import View, draw
from bot.sandbox.templates import Component, Template, import_export
from cards.renderers import OwnTemplateRenderer, PublicTemplateRenderer, WordsRenderer
from cards.template import FILE, ROWS, export
from tests.sandbox.cards_bench import EXPORTS

OWN = OwnTemplateRenderer("own.schema")


class Take(Button):
    action: ClassVar[str] = "test.take"
    customer_id: int
    reason: str = ""


class Submit(Button):
    action: ClassVar[str] = "test.submit"
    draft_id: int


FORM = CardForm(
    (
        FormField("name", "客户名称", required=True, value="无锡天虹"),
        FormField("source", "来源", "select", options=choices("展会", "网络"), value="网络"),
        FormField("tags", "标签", "multi_select", options=choices("老客户", "重点")),
        FormField("on", "日期", "date"),
        FormField("draft", "草稿", value="7", hidden=True),
    ),
    Submit(draft_id=7),
    "新建客户",
    "陈强 13812345678",
)  # fmt: skip


@pytest.fixture(scope="module")
def template() -> Template:
    return import_export(FILE.read_text(encoding="utf-8"))


def seen(template: Template, view: CardView) -> View:
    return draw(template, typed(template, OWN.variables(view)), typed(template, OWN.private(view)), {})


def listed(count: int) -> CardView:
    rows = tuple(
        CardRow(
            f"第{n}家很长名字的机械设备制造有限公司", "机械制造 · 杭州余杭 · 在公海 12 天", "",
            (CardButton(f"领取 第{n}家很长名字的机械设备制造有限公司", Take(customer_id=n), "primary"),),
        )
        for n in range(1, count + 1)
    )  # fmt: skip
    return CardView("公海", tags=("✓ 示例",), body="累计领取 0/3", rows=rows, footer="共 5 家")


def test_the_shipped_file_is_the_one_described() -> None:
    assert json.loads(FILE.read_text(encoding="utf-8")) == export(), "run python -m cards.template"


def test_it_is_an_export_as_the_builder_makes_them(template: Template) -> None:
    made = export()
    assert list(made) == ["mode", "type", "editorData", "widgetInfo"]
    assert template.warnings == () and not template.streaming
    ids = [node.id for root in template.roots for node in root.walk()]
    assert len(ids) == len(set(ids))


@pytest.mark.skipif(not EXPORTS.is_dir(), reason=f"the official card exports are not at {EXPORTS}")
def test_only_components_and_properties_of_official_exports_are_used(template: Template) -> None:
    known: dict[str, set[str]] = {}
    for path in EXPORTS.glob("*.json"):
        for node in _nodes(import_export(path.read_text(encoding="utf-8"))):
            known.setdefault(node.name, set()).update(node.props)
    for node in _nodes(template):
        assert node.name in known, node.name
        assert set(node.props) <= known[node.name], (node.name, set(node.props) - known[node.name])


def _nodes(template: Template) -> list[Component]:
    return [node for root in template.roots for node in root.walk()]


@pytest.mark.parametrize("view", [listed(5), CardView("空"), CardView("表单", form=FORM, note="还差电话")])
def test_every_value_has_its_variable_of_that_type_and_secrecy(template: Template, view: CardView) -> None:
    public, private = OWN.variables(view), OWN.private(view)
    assert set(public) | set(private) == set(template.variables)
    assert {name for name, one in template.variables.items() if one.private} == set(private)
    for name, value in {**public, **private}.items():
        assert isinstance(value, str)
        assert template.variables[name].read(value)[0], (name, value)


@pytest.mark.parametrize("count", [1, 5, 10, 16])
def test_a_list_is_spread_so_that_no_value_is_longer_than_a_kilobyte(template: Template, count: int) -> None:
    values = OWN.variables(listed(count))
    assert max(len(value.encode()) for value in values.values()) <= 1024
    assert sum(len(json.loads(values[name])) for name in ROWS) == count
    drawn = seen(template, listed(count))
    assert [b.params["ids"]["customer_id"] for b in drawn.pressable] == [str(n) for n in range(1, count + 1)]


def test_long_texts_are_spread_too(template: Template) -> None:
    view = CardView("帮助", body="\n".join(["跟进 华兴 电话聊了报价" * 3] * 30), rows=(CardRow("聊" * 900),))
    values = OWN.variables(view)
    assert max(len(value.encode()) for value in values.values()) <= 1024
    text = seen(template, view).text
    assert text.count("跟进 华兴") == 90 and text.count("聊") == 900 + 90


def test_a_row_button_says_its_verb_and_belongs_to_its_row(template: Template) -> None:
    button = seen(template, listed(1)).pressable[0]
    assert (button.text, button.row) == ("领取", "第1家很长名字的机械设备制造有限公司")


def test_a_tap_brings_the_button_back(template: Template) -> None:
    router = Router("test")
    told: list[Button] = []

    @router.button(Take)
    def take(tap: CardTap[Take], ctx: Any) -> CardUpdate:
        told.append(tap.button)
        return CardUpdate()

    view = CardView("退回", buttons=(CardButton("无需求", Take(customer_id=3, reason="无需求")), CardButton("已关闭")))
    first, second = seen(template, view).pressable
    raw = RawTap("k", "lina04", "dc-1", first.action_ids, dict(first.params))
    button, _ = Dispatcher([router]).read_tap(raw)
    assert button == Take(customer_id=3, reason="无需求")
    assert second.disabled and not first.disabled


def test_a_form_is_drawn_with_what_is_known(template: Template) -> None:
    form = seen(template, CardView("新建客户", form=FORM)).form
    assert form is not None and not form.disabled and form.submit == "新建客户"
    fields = {f.name: f for f in form.fields}
    assert fields["name"].required and fields["name"].value == "无锡天虹"
    assert fields["source"].public()["value"] == {"index": 1, "value": "网络"}
    assert fields["draft"].hidden and fields["on"].type == "date" and fields["tags"].type == "multi_select"
    assert seen(template, CardView("没有表单")).form is None


def test_a_choice_too_long_for_a_value_is_written_instead() -> None:
    many = tuple(f"第{n}类很长的行业名称" for n in range(40))
    form = CardForm(
        (FormField("industry", "行业", "select", options=choices(*many), value=many[3]),), Submit(draft_id=1)
    )
    drawn = json.loads(OWN.private(CardView("x", form=form))["form"])["fields"][0]
    assert drawn["type"] == "TEXT" and drawn["defaultValue"] == many[3] and many[0] in drawn["placeholder"]


@pytest.mark.parametrize("renderer", [PublicTemplateRenderer(), WordsRenderer()])
def test_without_the_template_a_form_says_what_to_type(renderer: PublicTemplateRenderer | WordsRenderer) -> None:
    title, words = renderer.words(CardView("新建客户", form=FORM))
    body = renderer.variables(CardView("新建客户", form=FORM)).get("msgContent", words)
    for text in (words, body):
        assert "客户名称：无锡天虹" in text and "来源：网络" in text
        assert "标签（老客户/重点）" in text and "草稿" not in text
        assert "直接回复就行，例如：陈强 13812345678" in text
    assert title == "新建客户"
