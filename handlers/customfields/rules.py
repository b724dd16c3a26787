"""What a field of the company's may be called, and what may be filled into it. Pure.

Source: requirements R5.11, R4.20; crm-rules.md 4.1 (custom values validated by a definition).
"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from bot.core.errors import InvalidInput, RuleBroken
from bot.core.forms import CUSTOM_FORMS, CUSTOM_KINDS, FORMS, FormField, Kind, form_label
from bot.language.commands import closest
from bot.language.money import parse_amount, show_money
from bot.language.normalize import fold

MOST: Final = 30  # fields of one form
LABEL_LENGTH: Final = 12  # characters: it stands on buttons and in columns
TEXT_LENGTH: Final = 500
DIGITS: Final = 15  # of an amount or a number (storage.custom_fields)
KIND_WORDS: Final[dict[str, Kind]] = {
    **{word: kind for kind, word in CUSTOM_KINDS.items()},
    "文字": "text", "单行文本": "text", "多行文本": "text", "字符": "text", "数值": "number", "数量": "number",
    "整数": "number", "小数": "number", "货币": "money", "日子": "date", "时间": "date", "单选": "choice",
    "下拉": "choice", "选择": "choice", "字典": "choice", "成员": "person", "同事": "person", "人": "person",
}  # fmt: skip
KINDS_TEXT: Final = "、".join(CUSTOM_KINDS.values())
EXAMPLES: Final[dict[str, str]] = {
    "text": "两台数控车床", "number": "12.5", "money": "50万", "date": "2026-03-05", "person": "李娜",
}  # fmt: skip
TAKEN: Final[dict[str, tuple[str, ...]]] = {  # besides a form's own fields: words its sentences give a meaning
    "customer": (
        "名称", "联系人", "手机", "职务", "微信", "负责人", "客户", "跟进", "公海", "创建时间", "最近跟进", "下次跟进",
    ),
    "contact": ("客户", "联系人", "电话", "名称"),
    "lead": ("客户", "名称", "电话", "负责人", "状态"),
    "opportunity": ("客户", "名称", "金额", "阶段", "赢率", "负责人", "竞争对手", "产品"),
    "contract": ("客户", "编号", "金额", "负责人", "状态", "产品", "名称"),
    "payment": ("客户", "合同", "金额", "日期", "负责人", "状态"),
    "product": ("编号", "名称", "分类", "单位", "价格"),
}  # fmt: skip
ACTIONS: Final = ("名称", "改名", "重命名", "必填", "选填", "非必填", "上移", "下移", "停用", "启用", "删除")
_PLAIN: Final = re.compile(r"[-+]?\d{1,30}(?:\.\d{1,30})?", re.ASCII)
_MARKS: Final = re.compile(r"[\s:：;；,，、。.!！?？=<>＜＞「」“”\"'（）()\[\]{}|/\\*_`~#]")


class LabelTaken(RuleBroken, code="customfields.label_taken"):
    """Labels are unique in a form, among its own fields and those added."""


class ChangedSince(RuleBroken, code="customfields.changed"):
    """The form's fields were changed again, so this change cannot be taken back."""


class StillFilled(RuleBroken, code="customfields.still_filled"):
    """Records have a value in it: it can be put out of use, not taken back."""


class Required(InvalidInput, code="customfields.required"):
    """New records lack values; `short`: of which forms which fields."""

    def __init__(self, short: Mapping[str, Sequence[FormField]], example: str) -> None:
        lacks = (f"{form_label(form)}还差必填的{'、'.join(f'「{f.label}」' for f in of)}" for form, of in short.items())
        super().__init__(f"{'，'.join(lacks)}，补上再发，例如「{example}」。")
        self.short = short


class NotAValue(InvalidInput, code="customfields.not_a_value"):
    """What was said cannot stand in the field."""


# -- definitions ------------------------------------------------------------------------------------


def read_form(word: str) -> str:
    """客户, 客户表单 → customer. Raises InvalidInput, offering those there are."""
    said = word.strip('「」“”" ').removesuffix("的").removesuffix("表单")
    for form in CUSTOM_FORMS:
        if said in (form_label(form), form):
            return form
    near = closest(said, [form_label(f) for f in CUSTOM_FORMS])
    hint = f"你是想说「{near[0]}」？" if near else ""
    forms = "、".join(form_label(f) for f in CUSTOM_FORMS)
    raise InvalidInput(f"没有「{word[:20]}」这张表单，或不能加字段。{hint}有：{forms}。例如「字段 客户」。")


def read_kind(word: str) -> Kind:
    """金额 → money. Raises InvalidInput."""
    kind = KIND_WORDS.get(word.strip('「」“”" 型'))
    if kind is None:
        raise InvalidInput(f"没有「{word[:20]}」这种字段，有：{KINDS_TEXT}。例如「新增字段 客户 年采购额 金额」。")
    return kind


def read_label(form: str, label: str) -> str:
    """As it is kept. Raises InvalidInput; LabelTaken for a word that means one of our own fields."""
    cleaned = label.strip('「」“”" ')
    if not cleaned:
        raise InvalidInput("字段叫什么？例如「新增字段 客户 年采购额 金额」。")
    if len(cleaned) > LABEL_LENGTH:
        raise InvalidInput(f"字段名称最多 {LABEL_LENGTH} 个字，这个有 {len(cleaned)} 个，请短一些，例如「年采购额」。")
    if _MARKS.search(cleaned) or cleaned.isdecimal():
        raise InvalidInput("字段名称里不能有空格和标点，也不能全是数字，例如「年采购额」。")
    if cleaned in ACTIONS or cleaned in KIND_WORDS:
        raise InvalidInput(f"「{cleaned}」是这里的指令用词，做字段名会分不清，请换一个，例如「年采购额」。")
    built_in = [word for field in FORMS[form] for word in _spellings(field, form)]
    if key(cleaned) in {key(word) for word in (*built_in, *TAKEN[form])}:
        raise LabelTaken(f"{form_label(form)}表单里本来就有「{cleaned}」，不用再加；要加别的就换一个名称。")
    return cleaned


def check_free(form: str, label: str, others: Sequence[tuple[str, bool]]) -> None:
    """`others`: label and whether it is in use, of the form's other added fields. Raises LabelTaken."""
    for other, active in others:
        if key(other) == key(label):
            off = "" if active else f"（已停用，发送「启用字段 {form_label(form)} {other}」就能再用）"
            raise LabelTaken(f"{form_label(form)}已经有「{other}」这个字段了{off}，请换一个名称。")


def check_count(form: str, count: int) -> None:
    """Raises InvalidInput if there is no room for one more."""
    if count >= MOST:
        raise InvalidInput(f"{form_label(form)}最多加 {MOST} 个字段，已经满了；停用的也算，可以把停用的改名再启用。")


def find_label(words: str, labels: Collection[str]) -> tuple[str, str]:
    """The longest of `labels` that a sentence begins with, and the rest; ("", words) if there is none."""
    folded = key(words)
    for label in sorted(labels, key=len, reverse=True):
        if folded.startswith(key(label)):
            return label, words[len(label) :].strip(" :：,，是为")
    return "", words


def key(text: str) -> str:
    """Folded: equal keys are one label."""
    return fold(text).strip()


def _spellings(field: FormField, form: str) -> set[str]:
    return {field.label, field.label.removeprefix(form_label(form))}


# -- values -----------------------------------------------------------------------------------------


def read_plain(field: FormField, text: str) -> str:
    """The stored value of a text, a number or an amount. Raises NotAValue."""
    said = text.strip()
    match field.kind:
        case "number":
            return _number(field, said)
        case "money":
            return _money(field, said)
        case _:
            if len(said) > TEXT_LENGTH:
                raise NotAValue(f"「{field.label}」最多 {TEXT_LENGTH} 个字，这里有 {len(said)} 个，请短一些。")
            return said


def _number(field: FormField, said: str) -> str:
    plain = fold(said).replace(",", "").replace("−", "-")
    value: Decimal | None = None
    if _PLAIN.fullmatch(plain):
        value = Decimal(plain)
    elif not re.search(r"[¥$元块]", plain) and (amount := parse_amount(said)) is not None and amount.sure:
        value = amount.value
    if value is None:
        raise NotAValue(f"「{field.label}」要填数字，没认出「{said[:30]}」，例如 12.5。")
    value = value.normalize()
    if len(f"{abs(value):f}".replace(".", "")) > DIGITS:
        raise NotAValue(f"「{field.label}」最多 {DIGITS} 位数字，「{said[:30]}」太长了。")
    return f"{value:f}" if value else "0"


def _money(field: FormField, said: str) -> str:
    plain = fold(said).replace(",", "").replace("−", "-").replace("¥", "")
    value: Decimal | None = None
    if _PLAIN.fullmatch(plain):
        value = Decimal(plain)  # below zero too, which in a sentence is asked about
    elif (amount := parse_amount(said)) is not None and amount.sure:
        value = amount.value
    if value is None:
        raise NotAValue(f"「{field.label}」要填一个确定的金额，没认出「{said[:30]}」，例如 50万 或 12,800元。")
    cents = value * 100
    if cents != cents.to_integral_value():
        raise NotAValue(f"「{field.label}」最多到分，「{said[:30]}」有更小的零头，请改成两位小数。")
    if abs(cents) >= 10**DIGITS:
        raise NotAValue(f"「{field.label}」的「{said[:30]}」太大了，请核对后再发。")
    return f"{value:.2f}" if value else "0.00"


def show_value(field: FormField, stored: str) -> str:
    """A stored value as people read it; a person's by the caller. What only shows its outline stays as it is."""
    match field.kind:
        case "money":
            return show_money(Decimal(stored))
        case "number":
            whole, dot, places = stored.partition(".")
            return f"{int(whole):,}{dot}{places}" if whole not in ("-0", "") else stored
        case "date":
            day = date.fromisoformat(stored)
            return f"{day.year}年{day.month}月{day.day}日"
        case _:
            return stored


def example_of(field: FormField) -> str:
    """What one may type for it."""
    return EXAMPLES.get(field.kind, "内容")
