"""What stands in a cell, read by the kind of its column. What cannot be read is said in one short sentence."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from bot.core.errors import InvalidInput
from bot.core.money import CENT
from bot.language.money import parse_amount
from bot.language.phones import credit_code, read_phone
from handlers.dictionaries.rules import NotAChoice, nearest, read_choice
from handlers.exchange.rules import CLEAR, SheetColumn
from storage.dictionaries import Choices

_WIDE: Final = {0x3000: " ", 0xA0: " ", 0x200B: None, 0xFEFF: None} | {
    code: code - 0xFEE0
    for first, last in ((0xFF10, 0xFF19), (0xFF21, 0xFF3A), (0xFF41, 0xFF5A))
    for code in range(first, last + 1)
}  # fmt: skip
_UNTIDY: Final = re.compile(f"[{''.join(map(chr, _WIDE))} \\t]")  # nearly every cell has none of these
_BLANKS: Final = re.compile(r"[ \t]+")
_PLAIN: Final = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)
_MOBILE: Final = re.compile(r"1[3-9]\d{9}", re.ASCII)
_LANDLINE: Final = re.compile(r"(0(?:10|2\d|[3-9]\d\d))-?([2-8]\d{6,7})", re.ASCII)
_POWER: Final = re.compile(r"\d(?:\.\d+)?[eE]\+?\d{1,2}", re.ASCII)
_DAY: Final = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[\sT]+[\d:时分秒.]+)?", re.ASCII)
_COMPACT: Final = re.compile(r"(20\d{2})(\d{2})(\d{2})", re.ASCII)
_SERIAL: Final = re.compile(r"\d{5}(?:\.0+)?", re.ASCII)
_WITH_ID: Final = re.compile(r"^(.*?)\s*[(（]([^()（）]+)[)）]$")
_ERRORS: Final = frozenset({"#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"})
_MOST: Final = Decimal(10) ** 13  # yuan
_EPOCH: Final = date(1899, 12, 30)


class BadCell(InvalidInput, code="exchange.cell"):
    """A cell that cannot be read."""


@dataclass(slots=True)
class Known:
    """What cells are read against."""

    choices: Mapping[str, Choices] = field(default_factory=dict)  # by column's field; not there: free text
    people: Mapping[str, str] = field(default_factory=dict)  # active: user id → name
    _by_name: dict[str, list[str]] = field(default_factory=dict)
    _chosen: dict[tuple[str, str], str] = field(default_factory=dict)

    def person(self, text: str) -> str:
        """By name, by name and id, or by id. Raises BadCell."""
        if not self._by_name:
            for user_id, name in self.people.items():
                self._by_name.setdefault(name, []).append(user_id)
        with_id = _WITH_ID.match(text)
        if with_id and (user_id := with_id[2].strip()) in self.people:
            if self.people[user_id] != with_id[1].strip() and with_id[1].strip():
                raise BadCell(f"「{user_id}」是{self.people[user_id]}，不是{with_id[1].strip()}")
            return user_id
        if text in self.people:
            return text
        hits = self._by_name.get(text, [])
        if len(hits) == 1:
            return hits[0]
        if hits:
            raise BadCell(f"有好几位「{text}」，请写成：{'、'.join(f'{text}({h})' for h in hits[:5])}")
        near = nearest(text, sorted(self._by_name))
        raise BadCell(f"没有叫「{text}」的在职同事{f'，是不是「{near}」' if near else ''}")

    def choice(self, column: SheetColumn, text: str) -> str:
        """As the dictionary writes it. Raises BadCell."""
        choices = self.choices.get(column.field)
        if choices is None:
            return text
        known = self._chosen.get((column.field, text))
        if known is None:
            try:
                known = read_choice(column.title, text, choices.enabled, choices.disabled)
            except NotAChoice as wrong:
                raise BadCell(wrong.text.rstrip("。").removeprefix(column.title)) from wrong
            self._chosen[column.field, text] = known
        return known


def is_tidy(text: str) -> bool:
    """Whether `tidy` takes nothing away from any part of it but blanks around."""
    return _UNTIDY.search(text) is None


def tidy(text: str) -> str:
    """Without blanks around and within doubled, full-width letters and digits made plain."""
    if text.isascii():
        return text.strip()
    return (_BLANKS.sub(" ", text.translate(_WIDE)) if _UNTIDY.search(text) else text).strip()


def read_cell(column: SheetColumn, text: str, known: Known) -> Any:
    """The value; of 「<清空>」 the empty one of its kind. Raises BadCell."""
    if text == CLEAR:
        if column.required:
            raise BadCell("必填，不能清空")
        return None if column.kind in ("money", "date", "person", "whole", "number") else ""
    if text in _ERRORS:
        raise BadCell(f"公式出错了（{text}），请改成值")
    match column.kind:
        case "phone":
            return read_number(text)
        case "choice":
            return known.choice(column, text)
        case "money":
            return read_money(text)
        case "date":
            return read_day(text)
        case "person":
            return known.person(text)
        case "code":
            code = credit_code(text)
            if code is None:
                raise BadCell(f"「{text}」不是有效的统一社会信用代码")
            return code
        case "number":
            plain = unicodedata.normalize("NFKC", text).replace(",", "").removesuffix("%").strip()
            if not _PLAIN.fullmatch(plain):
                raise BadCell(f"「{text[:30]}」不是数字，例如 12.5")
            return Decimal(plain)
        case "whole":
            plain = unicodedata.normalize("NFKC", text).removesuffix("年").removesuffix("%").removesuffix(".0").strip()
            if not plain.isdecimal():
                raise BadCell(f"「{text}」不是整数")
            return int(plain)
        case _:
            if len(text) > column.longest:
                raise BadCell(f"太长了（{len(text)} 字），最多 {column.longest} 字")
            return text


def read_number(text: str) -> str:
    """A telephone number, also one that a spreadsheet took for a figure: 13812345678.0. Raises BadCell."""
    if _MOBILE.fullmatch(text):
        return text
    if landline := _LANDLINE.fullmatch(text):
        return landline[1] + landline[2]
    plain = unicodedata.normalize("NFKC", text).strip().lstrip("'‘’").removesuffix(".0")
    if _POWER.fullmatch(plain):
        value = Decimal(plain)
        digits = str(int(value)) if value == value.to_integral_value() else ""
        if len(plain.lower().partition("e")[0].replace(".", "")) < 10 or not _MOBILE.fullmatch(digits):
            raise BadCell(f"「{text}」变成了科学计数，请把这一列设成文本再填")
        return digits
    found = read_phone(plain)
    if found is not None:
        return found
    digits = re.sub(r"[\s-]", "", plain)
    if digits.isdecimal() and len(digits) in (7, 8):
        return digits  # a number of the same town
    if re.fullmatch(r"\+?\d+", digits):
        raise BadCell("位数不对")
    raise BadCell(f"没认出「{text[:30]}」里的一个号码")


def read_money(text: str) -> Decimal:
    """Yuan, not negative, at most two decimals. Raises BadCell."""
    if _PLAIN.fullmatch(text):
        value: Decimal | None = Decimal(text)
    else:
        amount = parse_amount(text)
        value = amount.value if amount is not None and amount.sure else None
    if value is None:
        raise BadCell(f"没认出「{text[:30]}」，例如 12800 或 1.28万")
    if value >= _MOST:
        raise BadCell("太大了")
    if value < 0 or value != value.quantize(CENT):
        raise BadCell("不能是负数，最多两位小数")
    return value.quantize(CENT)


def read_day(text: str) -> date:
    """2026-03-02, 2026/3/2, 2026年3月2日, 20260302, and the figure a spreadsheet keeps for it. Raises BadCell."""
    plain = unicodedata.normalize("NFKC", text).strip()
    found = _DAY.fullmatch(plain) or _COMPACT.fullmatch(plain)
    try:
        if found is not None:
            return date(int(found[1]), int(found[2]), int(found[3]))
        if _SERIAL.fullmatch(plain) and 20_000 <= float(plain) <= 80_000:
            return _EPOCH + timedelta(days=int(float(plain)))
    except ValueError:
        pass
    raise BadCell(f"没认出日期「{text[:30]}」，例如 2026-03-02")


def cell_of(value: Any) -> str:
    """As an export writes it, so that `read_cell` reads the same again."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value.isoformat() if isinstance(value, date) else str(value)
