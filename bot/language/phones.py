"""Telephone numbers, credit codes, and the people they belong to, as typed."""

import re
from dataclasses import dataclass
from typing import Final

from stdnum.cn import uscc

MOBILE: Final = re.compile(r"(?<![\d])(?:\+?86[\s-]?)?(1[3-9]\d(?:[\s-]?\d{4}){2})(?!\d)")
LANDLINE: Final = re.compile(r"(?<!\d)(0\d{2,3}[\s-]?\d{7,8}(?:[-转]\d{1,5})?|[48]00[\s-]?\d{3}[\s-]?\d{4})(?!\d)")
CODE: Final = re.compile(r"(?<![0-9A-Za-z])([0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10})(?![0-9A-Za-z])", re.IGNORECASE)
TITLES: Final = (
    "总经理", "副总经理", "副总", "董事长", "总监", "采购经理", "采购主管", "采购员", "采购", "项目经理", "技术经理", "销售经理", "经理",
    "主管", "主任", "厂长", "工程师", "会计", "出纳", "财务", "老板", "助理", "秘书", "部长", "处长", "科长", "专员",
)  # fmt: skip
NAME: Final = re.compile(r"[\u4e00-\u9fff]{2,4}")


@dataclass(frozen=True, slots=True)
class Phone:
    """A number as it stands in the text, and its digits."""

    text: str
    digits: str


@dataclass(frozen=True, slots=True)
class Person:
    """陈强 · 采购经理 · 13812345678; what was not said is empty."""

    name: str = ""
    title: str = ""
    mobile: str = ""


def find_mobiles(text: str) -> list[Phone]:
    """Mobile numbers, +86 and separators taken off."""
    return [Phone(m.group(0), re.sub(r"\D", "", m.group(1))) for m in MOBILE.finditer(text)]


def find_phones(text: str) -> list[Phone]:
    """Mobiles, then landlines and 400/800 numbers."""
    found = find_mobiles(text)
    rest = text
    for phone in found:
        rest = rest.replace(phone.text, " ")
    return found + [Phone(m.group(0), re.sub(r"\D", "", m.group(1))) for m in LANDLINE.finditer(rest)]


def mask(number: str) -> str:
    """138****5678."""
    if len(number) < 7:
        return "*" * len(number)
    return f"{number[:3]}{'*' * (len(number) - 7)}{number[-4:]}"


def digits_tail(text: str) -> str:
    """The digits, if the text is nothing but the last four to eleven of a number; else empty."""
    digits = re.sub(r"[\s-]", "", text)
    return digits if digits.isascii() and digits.isdecimal() and 4 <= len(digits) <= 12 else ""


def find_credit_code(text: str) -> str:
    """A valid 统一社会信用代码 in the text, or empty."""
    for found in CODE.finditer(text):
        if credit_code_ok(found.group(1)):
            return found.group(1).upper()
    return ""


def credit_code_ok(code: str) -> bool:
    """18 characters with the right checksum."""
    return bool(uscc.is_valid(code.upper()))


def read_contact(text: str) -> Person:
    """Name, title and number in any order: `陈强13812345678 采购经理`, `采购陈强`."""
    phones = find_phones(text)
    mobile = phones[0].digits if phones else ""
    rest = text
    for phone in phones:
        rest = rest.replace(phone.text, " ")
    title = next((t for t in TITLES if t in rest), "")
    if title:
        rest = rest.replace(title, " ", 1)
    rest = re.sub(r"联系人|电话|手机|职务|姓名|[:：,，;；、]", " ", rest)
    name = next((m.group(0) for part in rest.split() if (m := NAME.fullmatch(part))), "")
    if not name and (latin := re.search(r"[A-Za-z][A-Za-z .]{1,30}", rest)):
        name = latin.group(0).strip()
    return Person(name, title, mobile)
