"""The cards of the company's own fields: what their buttons carry and what they show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardRow, CardView
from cards.paging import turns


class FormsButton(Button):
    """「自定义字段」: the forms that take fields."""

    action: ClassVar[str] = "customfields.forms"


class OpenFormButton(Button):
    """One form's fields, or another page of them."""

    action: ClassVar[str] = "customfields.open"
    form: str
    page: int = 1


class MoveFieldButton(Button):
    """「上移」."""

    action: ClassVar[str] = "customfields.move"
    form: str
    name: str


class RequireFieldButton(Button):
    """「必填」or「选填」."""

    action: ClassVar[str] = "customfields.require"
    form: str
    name: str
    required: bool


class SwitchFieldButton(Button):
    """「停用」or「启用」."""

    action: ClassVar[str] = "customfields.switch"
    form: str
    name: str
    active: bool


def forms_card(rows: Sequence[tuple[str, str, str]]) -> CardView:
    """`字段`. `rows`: form, its label, how many fields have been added."""
    drawn = tuple(
        CardRow(label, said, "", (CardButton(f"查看 {label}", OpenFormButton(form=form), typed=f"字段 {label}"),))
        for form, label, said in rows
    )
    footer = "加字段：「新增字段 客户 年采购额 金额」，种类有 文本、数字、金额、日期、选项、人员"
    return CardView("自定义字段", body=f"共 {len(rows)} 张表单可以加字段", rows=drawn, footer=footer)


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One added field."""

    name: str
    label: str
    detail: str
    required: bool
    active: bool
    first: bool


def form_card(
    *, form: str, label: str, built_in: Sequence[str], rows: Sequence[FieldRow], total: int, page: int, pages: int,
    more: Sequence[CardButton], told: str = "",
) -> CardView:  # fmt: skip
    """`字段 客户`. `told`: what has just been done."""
    shown = f" · 第 {page}/{pages} 页" if pages > 1 else ""
    added = f"共 {total} 个自定义字段{shown}" if total else "还没有自定义字段"
    drawn = tuple(CardRow(escape(row.label), escape(row.detail), "", _buttons(form, label, row)) for row in rows)
    buttons = list(more)
    buttons += turns(page, pages, lambda to: OpenFormButton(form=form, page=to))
    buttons.append(CardButton("返回自定义字段", FormsButton(), typed="字段"))
    footer = f"加：「新增字段 {label} 年采购额 金额」 · 改名：「修改字段 {label} 原名 名称 新名」"
    body = f"{added}\n自带字段：{'、'.join(built_in)}"
    if told:
        body = f"✓ {escape(told)}\n{body}"
    return CardView(f"{label}的字段", body=body, rows=drawn, buttons=tuple(buttons), footer=footer)


def _buttons(form: str, label: str, row: FieldRow) -> tuple[CardButton, ...]:
    named = row.label
    switch = "停用" if row.active else "启用"
    buttons = [
        CardButton(
            f"{switch} {named}", SwitchFieldButton(form=form, name=row.name, active=not row.active),
            typed=f"{switch}字段 {label} {named}",
        )
    ]  # fmt: skip
    if row.active:
        need = "选填" if row.required else "必填"
        button = RequireFieldButton(form=form, name=row.name, required=not row.required)
        buttons.insert(0, CardButton(f"{need} {named}", button, typed=f"修改字段 {label} {named} {need}"))
    if not row.first:
        move = MoveFieldButton(form=form, name=row.name)
        buttons.insert(0, CardButton(f"上移 {named}", move, typed=f"修改字段 {label} {named} 上移"))
    return tuple(buttons)
