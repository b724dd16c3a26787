"""What a sentence about a contact means, and what may be done with one. Pure.

Source: crm-rules.md 1.14, R-CONT-1..6.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.errors import InvalidInput, RuleBroken
from bot.language.phones import find_phones

EXAMPLE = "改联系人 华兴 陈强 职务 总监"
CLEAR = frozenset({"清空", "<清空>", "《清空》", "清除", "删掉", "空"})
WORDS: dict[str, tuple[str, ...]] = {
    "name": ("姓名", "名字"),
    "title": ("职务", "职位", "头衔"),
    "mobile": ("手机号码", "手机号", "手机", "联系电话", "电话", "号码"),
    "phone": ("座机", "固话", "办公电话"),
    "wechat": ("微信号", "微信"),
    "decider": ("决策人",),
    "reports_to": ("直属上级", "上级", "汇报给", "领导"),
}
LABELS = {
    "name": "姓名", "title": "职务", "mobile": "手机", "phone": "座机", "wechat": "微信", "decider": "决策人",
    "reports_to": "上级", "main": "主联系人", "disabled_reason": "停用",
}  # fmt: skip
LONG = 60  # characters
_LABELS = "|".join(sorted((w for words in WORDS.values() for w in words), key=len, reverse=True))
_FIELD = re.compile(
    rf"(?:^|[\s,，、;；。]+|的|把)(?P<label>{_LABELS})\s*"
    r"(?P<joint>[:：=]|(?:改|换|变|设|修改|更新|调整)(?:成|为|到|了)|\s|是(?=\S)|(?=<清空>|《清空》|清空))\s*"
)
_OF_LABEL = {word: field for field, words in WORDS.items() for word in words}


class StillNamed(RuleBroken, code="contacts.still_named"):
    """A contact that something refers to is not deleted (R-CONT-3)."""


class NotAbove(RuleBroken, code="contacts.not_above"):
    """Somebody of another customer, or a circle (R-CONT-4)."""


class Stale(RuleBroken, code="contacts.stale"):
    """Somebody changed the contact after the form was filled."""


class ChangedSince(RuleBroken, code="contacts.changed_since"):
    """A change cannot be taken back: the contact was changed again."""


class Disabled(RuleBroken, code="contacts.disabled"):
    """Somebody who is there no more is nobody's main contact."""


@dataclass(frozen=True, slots=True)
class ContactEdit:
    """Whose fields, and what shall stand in them; "" clears."""

    whose: str
    changes: Mapping[str, str]


def read_contact_edit(text: str) -> ContactEdit | None:
    """`华兴 陈强 职务 总监 微信 cq88`. None: no field is named with a value."""
    marks = list(_FIELD.finditer(text))
    if not marks:
        return None
    whose = text[: marks[0].start()].strip(" \t,，、;；。的把").removesuffix("的")
    changes: dict[str, str] = {}
    for mark, after in zip(marks, [*marks[1:], None], strict=True):
        value = text[mark.end() : after.start() if after is not None else len(text)].strip(" \t,，、;；。")
        if not value:
            return None
        changes[_OF_LABEL[mark["label"]]] = "" if value in CLEAR else value
    return ContactEdit(whose, changes)


def check_value(field: str, value: str) -> str:
    """As it is stored. Raises InvalidInput, naming the field."""
    value, label = value.strip(), LABELS[field]
    if field == "name" and not value:
        raise InvalidInput("「姓名」不能清空。")
    if len(value) > LONG:
        raise InvalidInput(f"「{label}」太长了（{len(value)} 字），不超过 {LONG} 字。")
    if field in ("mobile", "phone") and value:
        phones = find_phones(value)
        if len(phones) != 1:
            raise InvalidInput(f"「{label}」认不出「{value[:30]}」，写 11 位手机号，或 0571-88886666 这样的座机。")
        return phones[0].number
    return value


def read_switch(value: str) -> bool:
    """是 or 否. Raises InvalidInput."""
    if value in ("是", "对", "yes", "1", "true", "True"):
        return True
    if value in ("", "否", "不是", "no", "0", "false", "False"):
        return False
    raise InvalidInput("「决策人」写是或否，例如「改联系人 华兴 陈强 决策人 是」。")


def check_above(contact_id: int, boss_id: int, above: Mapping[int, int | None]) -> None:
    """Nobody reports to himself, not by any detour. `above`: contact → whom he reports to.

    Raises:
        NotAbove.
    """
    seen, one = {contact_id}, boss_id
    while one is not None:
        if one in seen:
            raise NotAbove("上级不能是本人，也不能绕一圈回到本人，请换一位。")
        seen.add(one)
        one = above.get(one)  # type: ignore[assignment]
