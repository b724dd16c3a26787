"""Chinese integers: 十五, 两百三十, 二〇二六, 壹拾贰万, 三万五."""

import re
from typing import Final

DIGITS: Final = {
    **{c: i for i, c in enumerate("〇一二三四五六七八九")},
    **{c: i for i, c in enumerate("零壹贰叁肆伍陆柒捌玖")},
    "两": 2,
    "幺": 1,
    "弌": 1,
    "貳": 2,
    "參": 3,
    "陸": 6,
}
SMALL_UNITS: Final = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
BIG_UNITS: Final = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
NUMERALS: Final = "".join([*DIGITS, *SMALL_UNITS, *BIG_UNITS, "廿卅"])
"""Every character a Chinese integer may contain."""

_ZEROES: Final = "零〇"
_PLAIN: Final = "零一二三四五六七八九"


def spelled_digits(text: str) -> int | None:
    """Digits read out one by one: 二〇二六 → 2026, 幺三八 → 138. None when `text` has anything else."""
    if not text or any(c not in DIGITS for c in text):
        return None
    return int("".join(str(DIGITS[c]) for c in text))


def chinese_integer(text: str) -> int | None:
    """The value of a Chinese integer, or None when it is none or could be two things (两三, 三五).

    A last digit without its unit counts in the next lower one, as it is spoken: 一百二 → 120, 三万五 → 35000.
    """
    text = text.replace("廿", "二十").replace("卅", "三十")
    if not text:
        return None
    if len(text) >= 3 and all(c in DIGITS for c in text):
        return spelled_digits(text) if any(c in _ZEROES for c in text) else None
    return _evaluate(text)


def integer(text: str) -> int | None:
    """Arabic or Chinese. None when it is neither."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return int(text) if len(text) <= 18 else None
    return chinese_integer(text)


def _evaluate(text: str) -> int | None:
    total = section = 0
    pending: int | None = None
    last_unit = 0
    floor = 10**12
    gap = False
    for char in text:
        if char in _ZEROES:
            if pending is not None:
                return None
            if len(text) == 1:
                return 0
            gap = True
        elif char in DIGITS:
            if pending is not None:
                return None
            pending = DIGITS[char]
        elif char in SMALL_UNITS:
            unit = SMALL_UNITS[char]
            if pending is None and unit != 10:
                return None
            if unit >= floor:
                return None
            section += (1 if pending is None else pending) * unit
            pending, last_unit, floor, gap = None, unit, unit, False
        elif char in BIG_UNITS:
            unit = BIG_UNITS[char]
            section += pending or 0
            if section == 0 and not (unit == 10**8 and total):
                return None
            if unit == 10**8:
                total = (total + section) * unit
            else:
                total += section * unit
            section, pending, last_unit, floor, gap = 0, None, unit, 10**12, False
        else:
            return None
    if pending is not None:
        spoken = last_unit >= 100 and not gap
        section += pending * (last_unit // 10) if spoken else pending
    elif gap:
        return None
    return total + section


def to_chinese(number: int) -> str:
    """The integer in everyday characters: 12 → 十二, 105 → 一百零五. Raises ValueError outside 0 … 10¹²−1."""
    if number < 0 or number >= 10**12:
        raise ValueError(f"{number} has no short name")
    if number == 0:
        return "零"
    text = ""
    for unit, name in ((10**8, "亿"), (10**4, "万"), (1, "")):
        chunk, number = divmod(number, unit)
        if chunk:
            text += ("零" if text and chunk < 1000 else "") + _thousands(chunk) + name
        elif text and number:
            text += "零"
    text = re.sub("零+", "零", text)
    return text[1:] if text.startswith("一十") else text


def _thousands(number: int) -> str:
    text = ""
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, unit)
        if digit:
            text += _PLAIN[digit] + name
        elif text and number:
            text += "零"
    return re.sub("零+", "零", text)
