"""Conditions on a company's own fields in the words of a list: `年采购额 大于50万`, `设备类型 数控`."""

import re
from dataclasses import dataclass
from typing import Final

from bot.context import Context
from bot.core.forms import FormField, form_label
from bot.language.dates import parse_moment
from bot.language.moment import Prefer
from bot.language.normalize import fold
from bot.language.ranges import find_range
from handlers.customfields import rules
from handlers.customfields.rules import NotAValue
from handlers.customfields.values import readable
from storage import custom_fields, dictionaries, people
from storage.custom_fields import ORDERED, Condition, Operator
from storage.database import Tx

AHEAD: Final[tuple[tuple[Operator, str], ...]] = (  # longer ones first
    ("ge", r"大于等于|大于或等于|不低于|不少于|不小于|至少|不早于|>=|≥"),
    ("le", r"小于等于|小于或等于|不高于|不超过|不大于|不多于|至多|最多|不晚于|<=|≤"),
    ("ne", r"不等于|不是|不为|!=|<>|≠"),
    ("gt", r"大于|超过|高于|多于|晚于|>"),
    ("lt", r"小于|低于|少于|不到|不足|早于|<"),
    ("has", r"包含|含有|有"),
    ("eq", r"等于|正好|就是|是|为|在|=|[:：]"),
)
BEHIND: Final[tuple[tuple[Operator, str], ...]] = (
    ("ge", r"及?以上|起"), ("le", r"及?以下|以内|之内"), ("lt", r"之前|以前|前"), ("gt", r"之后|以后|后"),
)  # fmt: skip
_NOTHING: Final = re.compile(r"没有?填写?|未填写?|没有|为空|空着?|是空的?|无")
_SOMETHING: Final = re.compile(r"已填写?|填了|有值|不为空|不是空的?|非空")
_AHEAD: Final = re.compile("|".join(f"(?P<{op}>{words})" for op, words in AHEAD))
_BEHIND: Final = re.compile(f"(?:{'|'.join(f'(?P<{op}>{words})' for op, words in BEHIND)})$")
_TO: Final = re.compile(r"(?<=\S)(?:到|至|~|—|-)(?=\S)")
_VALUE = r"(?P<value>[^\s;；、。|]+(?:\s(?=[万亿千百])[^\s;；、。|]+)?(?:\s?(?:到|至|~|—)\s?[^\s;；、。|]+)?)"


@dataclass(frozen=True, slots=True)
class Said:
    """A condition, and how it is said back."""

    condition: Condition
    text: str


def own_conditions(ctx: Context, form: str, words: str) -> tuple[list[Said], str]:
    """As `take_conditions`, for a door."""
    with ctx.begin() as tx:
        return take_conditions(tx, ctx, form, words)


def take_conditions(tx: Tx, ctx: Context, form: str, words: str) -> tuple[list[Said], str]:
    """The conditions that `words` names by the fields' labels, and the words without them.

    To who does not read a field its label is a word like any other, so that no answer tells that there is one
    (invariant 30).

    Raises:
        NotAValue: a field is named, but with what it is to be compared cannot be read.
    """
    fields = readable(ctx.actor, form, custom_fields.list_custom(tx, form))
    found: list[Said] = []
    for field in sorted(fields, key=lambda f: -len(f.label)):
        pattern = re.compile(
            rf"(?:^|(?<=[\s,，;；、。|]))(?:{form_label(form)}的?)?{re.escape(fold(field.label))}"
            rf"\s*(?P<op>{'|'.join(w for _, w in AHEAD)})?\s*{_VALUE}"
        )
        hit = pattern.search(fold(words))
        if hit is None:
            continue
        at = hit.start("op") if hit["op"] else hit.start("value")
        said = words[at : hit.end()].strip()
        text = f"{field.label} {said}"
        found += [Said(one, text if n == 0 else "") for n, one in enumerate(_read(tx, ctx, form, field, said))]
        words = f"{words[: hit.start()]} {words[hit.end() :]}".strip(" 的")
    return found, words


def _read(tx: Tx, ctx: Context, form: str, field: FormField, said: str) -> list[Condition]:
    folded = fold(said).removesuffix("的")
    if _NOTHING.fullmatch(folded):
        return [Condition(field.name, field.kind, "empty")]
    if _SOMETHING.fullmatch(folded):
        return [Condition(field.name, field.kind, "filled")]
    ahead = _AHEAD.match(folded)
    operator: Operator | None = next((op for op, _ in AHEAD if ahead and ahead[op]), None)
    value = said[ahead.end() if ahead else 0 : len(folded)].strip()
    if field.kind in ORDERED:
        return _ordered(ctx, field, operator, value)
    stored = _equal_to(tx, form, field, value)
    usual: Operator = "has" if field.kind == "text" else "eq"
    if operator in (None, "has") or (operator == "eq" and field.kind != "text"):
        operator = usual
    if operator not in ("eq", "ne", "has"):
        raise NotAValue(f"「{field.label}」不能比大小，例如「{field.label} {value[:20]}」。")
    return [Condition(field.name, field.kind, operator, stored)]


def _ordered(ctx: Context, field: FormField, operator: Operator | None, value: str) -> list[Condition]:
    behind = _BEHIND.search(fold(value))
    if operator in (None, "eq") and behind is not None:
        operator = next(op for op, _ in BEHIND if behind[op])
        value = value[: behind.start()]
    if operator in (None, "eq", "has"):
        bounds = _TO.split(value, maxsplit=1) if field.kind != "date" else [value]
        if len(bounds) == 2:
            low, high = (_size(field, one) for one in _same_unit(*bounds))
            return [Condition(field.name, field.kind, "ge", low), Condition(field.name, field.kind, "le", high)]
        first, last = _span(ctx, field, value)
        if first == last:
            return [Condition(field.name, field.kind, "eq", first)]
        return [Condition(field.name, field.kind, "ge", first), Condition(field.name, field.kind, "le", last)]
    first, last = _span(ctx, field, value)
    return [Condition(field.name, field.kind, operator, last if operator in ("gt", "le") else first)]


def _same_unit(low: str, high: str) -> tuple[str, str]:
    """30到50万 means 30万."""
    unit = re.search(r"[万亿千百][元块]?$", high)
    return (low + unit[0], high) if unit and re.fullmatch(r"[\d.]+", low, re.ASCII) else (low, high)


def _span(ctx: Context, field: FormField, value: str) -> tuple[str, str]:
    """The first and the last value meant; of days 3月 means thirty-one."""
    if field.kind != "date":
        size = _size(field, value)
        return size, size
    ways: tuple[Prefer, ...] = ("past", "future")
    days = [f for way in ways if (f := parse_moment(value, ctx.now, prefer=way)) is not None]
    spans = [(f.day, f.day) for f in days if f.sure]
    spans = spans or [(s.first, s.last) for way in ways if (s := find_range(value, ctx.now, prefer=way)) is not None]
    spans = spans or [(f.day, f.day) for f in days]
    if not spans:
        raise NotAValue(f"「{field.label}」按日期筛选，没认出「{value[:30]}」，例如「{field.label} 3月」。")
    # A field's days may lie behind or ahead: 4月 without a year is this year's.
    first, last = next((span for span in spans if span[0].year == ctx.today.year), spans[0])
    return first.isoformat(), last.isoformat()


def _size(field: FormField, value: str) -> str:
    try:
        return rules.read_plain(field, value)
    except NotAValue as wrong:
        example = "大于50万" if field.kind == "money" else "大于10"
        raise NotAValue(f"{wrong.text}筛选例如「{field.label} {example}」。") from wrong


def _equal_to(tx: Tx, form: str, field: FormField, value: str) -> str:
    if field.kind == "person":
        name = value.strip("@＠ ")
        found = people.find_anybody(tx, name) or people.list_by_name(tx, name)
        if len(found) == 1:
            return found[0].user_id
        some = "、".join(people.tell_apart(tx, [p.user_id for p in found[:5]]).values())
        raise NotAValue(
            f"「{field.label}」有好几位「{name[:20]}」：{some}，写成其中一个再试。"
            if found
            else f"「{field.label}」没有找到同事「{name[:20]}」，例如「{field.label} 李娜」。"
        )
    if field.kind == "choice" and (bound := dictionaries.choices_of(tx, form, field.name)) is not None:
        known = (*bound.enabled, *bound.disabled)
        for label in known:
            if dictionaries.fold(label) == dictionaries.fold(value):
                return label
        raise NotAValue(f"「{field.label}」没有「{value[:20]}」这个选项，可以选：{'、'.join(known[:12])}。")
    return value.strip('「」“”"')
