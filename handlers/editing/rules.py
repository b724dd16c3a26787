"""What a sentence about a customer's fields means, and what may stand in one. Pure.

Source: crm-rules.md 1.13, R-DUP-1, R-IMP-2 (`<清空>`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.core.errors import InvalidInput, RuleBroken
from bot.core.forms import FORMS
from bot.language.phones import find_phones, is_credit_code

EXAMPLE = "改 华兴 城市 杭州"
CLEAR = frozenset({"清空", "<清空>", "《清空》", "＜清空＞", "清除", "删掉", "空"})
BY_ITSELF = frozenset({"lng", "lat", "coord_sys", "lock_until"})  # set by a visit, by 锁定: not by filling in
WORDS: dict[str, tuple[str, ...]] = {  # field of the form → what people call it
    "name": ("客户名称", "公司名称", "名称", "公司名", "全称", "名字"),
    "short_name": ("简称",),
    "class": ("客户分类", "客户级别", "客户等级", "分类", "级别", "等级"),
    "industry": ("客户行业", "行业"),
    "source": ("客户来源", "来源"),
    "city": ("城市",),
    "phone": ("公司电话", "电话", "总机"),
    "credit_code": ("统一社会信用代码", "社会信用代码", "信用代码", "税号"),
    "region": ("省份", "地区", "省"),
    "address": ("公司地址", "详细地址", "地址"),
    "website": ("官网", "网站", "网址"),
    "remark": ("备注",),
}
LONGEST = {"name": 80, "remark": 2000}  # characters
LONG = 200
_LABELS = "|".join(sorted((w for words in WORDS.values() for w in words), key=len, reverse=True))
_FIELD = re.compile(
    rf"(?:^|[\s,，、;；。]+|的|把)(?P<label>{_LABELS})\s*"
    r"(?P<joint>[:：=]|(?:改|换|变|设|修改|更新|调整)(?:成|为|到|了)|\s|$|(?=<清空>|《清空》|清空))\s*"
)
_OF_LABEL = {word: field for field, words in WORDS.items() for word in words}


class Stale(RuleBroken, code="editing.stale"):
    """Somebody else changed it after the form was filled; the text says who and what."""


class ChangedSince(RuleBroken, code="editing.changed_since"):
    """An edit cannot be taken back: the field was changed again."""


@dataclass(frozen=True, slots=True)
class EditWords:
    """Whose fields, and what shall stand in them; "" clears."""

    whose: str
    changes: Mapping[str, str]


def label_of(field: str) -> str:
    """As people read it: 城市."""
    return next(f.label for f in FORMS["customer"] if f.name == field)


def editable() -> tuple[str, ...]:
    """The form's fields that are filled in by people."""
    return tuple(f.name for f in FORMS["customer"] if f.name not in BY_ITSELF)


def read_edit(text: str) -> EditWords | None:
    """`华兴 城市 杭州 来源 展会`, `华兴的城市改成杭州`. None: no field is named."""
    marks = list(_FIELD.finditer(text))
    if not marks:
        return None
    whose = text[: marks[0].start()].strip(" \t,，、;；。的把").removesuffix("的")
    changes: dict[str, str] = {}
    for mark, after in zip(marks, [*marks[1:], None], strict=True):
        value = text[mark.end() : after.start() if after is not None else len(text)].strip(" \t,，、;；。")
        changes[_OF_LABEL[mark["label"]]] = "" if value in CLEAR else value
        if not value:
            raise InvalidInput(f"「{mark['label']}」改成什么？例如「{EXAMPLE}」；不要了就写「{mark['label']} 清空」。")
    return EditWords(whose, changes)


def check_value(field: str, value: str) -> str:
    """The value as it is stored. Raises InvalidInput, naming the field."""
    value = value.strip()
    label = label_of(field)
    if field == "name" and len(value) < 2:
        raise InvalidInput("「客户名称」至少两个字，不能清空。")
    if len(value) > LONGEST.get(field, LONG):
        raise InvalidInput(f"「{label}」太长了（{len(value)} 字），不超过 {LONGEST.get(field, LONG)} 字。")
    if field == "phone" and value:
        phones = find_phones(value)
        if len(phones) != 1:
            raise InvalidInput(f"「{label}」认不出「{value[:30]}」，写 11 位手机号，或 0571-88886666 这样的座机。")
        return phones[0].number
    if field == "credit_code" and value:
        if not is_credit_code(value.upper()):
            raise InvalidInput(f"「{value}」不是有效的统一社会信用代码，请核对后再发。")
        return value.upper()
    if field == "website" and value and ("." not in value or " " in value):
        raise InvalidInput(f"「{label}」认不出「{value[:30]}」，例如 www.huaxing.com。")
    return value


def changed_lines(changes: Mapping[str, Sequence[str]]) -> list[str]:
    """城市 杭州 → 宁波, one a field."""
    return [f"{label} {was or '（空）'} → {now or '（空）'}" for label, (was, now) in changes.items()]
