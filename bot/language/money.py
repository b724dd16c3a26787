"""Amounts of money as people write and say them. Decimal only, yuan."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from bot.language.normalize import fold
from bot.language.numbers import DIGITS


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount found at `start:end` of a text.

    `value` is None when the words leave it open (几十万, 30多万). `sure` is False also where a value is
    known but should be asked about: 30万左右, or digits beside it that belong to nothing.
    """

    start: int
    end: int
    text: str
    value: Decimal | None
    sure: bool
    reason: str = ""


_CENT: Final = Decimal("0.01")
_MOST: Final = Decimal(10) ** 20  # yuan; cents of more cannot be told
_SMALL: Final = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000, "k": 1000}
_BIG: Final = {"万": 10**4, "w": 10**4, "亿": 10**8}
_CN: Final = "零〇一二两三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟"
_VAGUE: Final = "几多来余数"
_MEASURES: Final = (
    "台套个件吨米克人家次平份只箱公里字步瓦年月天小时分钟号点折倍户亩条支包瓶桶张页股位项种楼层%％度元素线店级站期批盒"
)

_LONE_UNITS: Final = frozenset({*"十百千万亿拾佰仟wk"})

_ARABIC: Final = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_RUN: Final = re.compile(
    rf"(?P<approx>约|大约|大概|差不多|将近|近|上|不到|超过|小)?"
    rf"(?P<cur>[¥$]|rmb|cny|人民币)?\s?(?P<neg>[-−])?"
    rf"(?P<run>(?:{_ARABIC}|[{_CN}{_VAGUE}点]|\s?[wk](?![a-z])|\s(?=[万亿千百])|个(?=[万亿]))+)"
    rf"\s?(?P<yuan>元|块钱|块|圆|rmb)?"
    rf"(?P<frac>零?[\d{_CN}][角毛](?:零?[\d{_CN}]分)?|零?[\d{_CN}]分|(?<=块)[\d一二两三四五六七八九](?![\d{_CN}.]))?"
    rf"(?P<whole>整|正)?(?P<after>左右|上下|以上|以内|出头|多)?",
    re.ASCII,
)
_COINS: Final = re.compile(rf"(?:[\d{_CN}][角毛])?(?:零?[\d{_CN}]分)?[整正钱]?", re.ASCII)
_PIECE: Final = re.compile(rf"{_ARABIC}|[{_CN}wk点]", re.ASCII)
_LETTER: Final = re.compile(r"[a-z_]")
_JOINER: Final = re.compile(rf"\s?(?:到|至|[-~—])\s?(?=[¥\d{_CN}])", re.ASCII)


def find_amounts(text: str, *, bare: bool = False) -> list[Amount]:
    """Every amount in a sentence.

    A number counts as money by its sign or unit (¥, 元, 块, 万, 亿, w, k, 千, thousands commas). With `bare`
    plain numbers count too; only for text of which an amount is expected.
    """
    return list(_amounts(text, bare=bare))


def parse_amount(text: str) -> Amount | None:
    """The one amount that `text` consists of; None when it holds none or several. Leftovers make it unsure."""
    coins = fold(text).strip()
    if len(coins) >= 2 and _COINS.fullmatch(coins):
        return Amount(0, len(text), text, _fraction(coins.rstrip("整正钱")), sure=True)
    found = find_amounts(text, bare=True)
    if len(found) != 1:
        return None
    amount = found[0]
    rest = fold(text[: amount.start] + text[amount.end :])
    if re.sub(r"[\s,.。!吧的呢啊是就共金额总价合计一]|人民币|这个数", "", rest) and amount.sure:
        return Amount(amount.start, amount.end, amount.text, amount.value, sure=False, reason="旁边还有别的字")
    return amount


def _amounts(text: str, *, bare: bool) -> Iterator[Amount]:
    folded = fold(text)
    position = 0
    while match := _RUN.search(folded, position):
        position = max(match.end(), position + 1)
        joiner = _JOINER.match(folded, match.end())
        upper = _RUN.match(folded, joiner.end()) if joiner else None
        if upper is not None:
            high = _read(text, folded, upper, bare=bare)
            if high is not None:
                position = max(upper.end(), position)
                shown = text[match.start() : high.end].strip()
                yield Amount(match.start(), high.end, shown, None, sure=False, reason="是个范围")
                continue
        amount = _read(text, folded, match, bare=bare)
        if amount is not None:
            yield amount


def _read(text: str, folded: str, match: re.Match[str], *, bare: bool) -> Amount | None:
    run = match["run"]
    stripped = run.strip()
    start = match.start("approx") if match["approx"] and stripped else match.start()
    if match["cur"] is None and match["neg"] is None and match["approx"] is None:
        start = match.start("run") + (len(run) - len(run.lstrip()))
    end = match.end()
    marked = bool(match["cur"] or match["yuan"] or match["whole"])
    scaled = any(c in "万亿千仟wk" for c in stripped) or re.search(r"\d,\d{3}", stripped) is not None
    if not any(c.isdigit() or c in DIGITS or c in "十百千万亿几数" for c in stripped):
        return None
    if not (marked or scaled or bare):
        return None
    if not marked and not _may_be_money(folded, match, stripped, bare=bare):
        return None
    shown = text[start:end].strip()
    value = _value(stripped)
    if stripped in _LONE_UNITS:
        return None
    if any(c in _VAGUE for c in stripped) or match["approx"] in {"上", "近", "小"} or match["after"] == "多":
        return Amount(start, end, shown, None, sure=False, reason="约数")
    if value is None:
        return Amount(start, end, shown, None, sure=False, reason="数字没认全")
    value += _fraction(match["frac"])
    reason = ""
    if match["neg"]:
        value, reason = -value, "带负号"
    elif match["approx"] or match["after"]:
        reason = "约数"
    elif match["cur"] == "$":
        reason = "不是人民币"
    elif _touches_digits(folded, start, end):
        reason = "旁边还有数字"
    elif value >= _MOST:
        reason = "数字太大"
    elif value != value.quantize(_CENT):
        reason = "不到一分"
    return Amount(start, end, shown, value, sure=not reason, reason=reason)


def _may_be_money(folded: str, match: re.Match[str], run: str, *, bare: bool) -> bool:
    after = folded[match.end("run") : match.end("run") + 2].strip()
    if after and after[0] in _MEASURES:
        return False
    before = folded[match.start("run") - 1 : match.start("run")]
    if _LETTER.match(before) or (after and _LETTER.match(after)):
        return False
    leading_unit = run[0] in "百千万亿十" and not bare
    if leading_unit:
        return run in {"百万", "千万"} and (not after or after[0] in ",.。;级的")
    if run[0] in _VAGUE:
        return any(c in "万亿千百十" for c in run) and run[0] in "几数"
    return not (run[0] == "点" or (len(run) > 1 and run[-1] == "点"))


def _touches_digits(folded: str, start: int, end: int) -> bool:
    before = folded[start - 1 : start] if start else ""
    after = folded[end : end + 2]
    if before.isdigit() or after[:1].isdigit():
        return True
    ahead = folded[start - 2 : start - 1] if start > 1 else ""
    cut_before = before in {".", ","} and (ahead.isdigit() or (before == "." and not ahead.strip(" ,.")))  # .5万
    cut_after = after[:1] in {".", ","} and after[1:2].isdigit()
    return (cut_before and folded[start].isdigit()) or (cut_after and folded[end - 1].isdigit())


def _value(run: str) -> Decimal | None:
    """The value of digits and units, or None when they do not make one number."""
    total = section = Decimal(0)
    pending: Decimal | None = None
    spelled = ""
    last = 0
    floor = 10**12
    gap = fraction = fresh = decimals = False
    if not all(c in "个 " for c in _PIECE.sub("", run)):
        return None
    for piece in _PIECE.findall(run.replace(" ", "").replace("个", "")):
        if piece[0].isdigit() and piece[0].isascii():
            if pending is not None or fraction:
                return None
            pending, spelled = Decimal(piece.replace(",", "")), piece
        elif piece in "零〇" and not fraction:
            if pending is not None:
                return None
            gap = True
        elif piece == "点":
            if fraction:
                return None
            if pending is None:
                if not gap:
                    return None
                pending = Decimal(0)
            fraction, spelled, gap = True, "", False
        elif piece in DIGITS:
            if fraction:
                spelled += str(DIGITS[piece])
                continue
            if pending is not None:
                return None
            pending, spelled = Decimal(DIGITS[piece]), "1"
        elif piece in _SMALL or piece in _BIG:
            if fraction:
                if not spelled or pending is None:
                    return None
                pending += Decimal(f"0.{spelled}")
                fraction = False
            decimals = decimals or (pending is not None and pending != pending.to_integral_value())
            unit = _SMALL.get(piece) or _BIG[piece]
            if unit >= floor and unit < 10**4:
                return None
            if unit < 10**4:
                section += (Decimal(1) if pending is None else pending) * unit
                floor = unit
            else:
                section += pending if pending is not None else Decimal(0)
                if section == 0 and not fresh:
                    section = Decimal(1)
                if unit == 10**8:
                    total, section = (total + section) * unit, Decimal(0)
                else:
                    total, section = total + section * unit, Decimal(0)
                floor = 10**12
            pending, last, gap, fresh = None, unit, False, True
        else:
            return None
    if fraction:
        if not spelled or pending is None:
            return None
        pending += Decimal(f"0.{spelled}")
    if pending is not None:
        if last and (decimals or pending != pending.to_integral_value()):
            return None
        if last >= 100 and not gap and len(spelled) == 1:
            section += pending * last / 10
        elif last and pending >= last:
            return None
        else:
            section += pending
    elif gap and not fresh and total + section == 0:
        return Decimal(0)
    return total + section


def _fraction(text: str | None) -> Decimal:
    """角 and 分; a bare digit after 块 is 角."""
    if not text:
        return Decimal(0)
    total = Decimal(0)
    for digit, unit in re.findall(rf"([\d{_CN}])([角毛分]|$)", text):
        number = int(digit) if digit.isdigit() and digit.isascii() else DIGITS.get(digit, 0)
        total += Decimal(number) * (_CENT if unit == "分" else Decimal("0.1"))
    return total


def show_money(amount: Decimal) -> str:
    """¥1,234.50: two places, rounded half up."""
    rounded = amount.quantize(_CENT, rounding=ROUND_HALF_UP)
    sign = "-" if rounded < 0 else ""
    return f"{sign}¥{abs(rounded):,.2f}"


_SHORT_UNITS: Final = ((Decimal(10**8), "亿", Decimal(10**4)), (Decimal(10**4), "万", Decimal(1)))


def show_money_short(amount: Decimal) -> str:
    """For summaries: 12.5 万, 1.2 亿, at most two places; below 万 in 元, with fen if there are any: 1,200.50 元."""
    sign = "-" if amount < 0 else ""
    size = abs(amount)
    # 99,999,999 is 10,000 万 when rounded, so it is written as 1 亿.
    unit, name = next(
        ((u, n) for u, n, lower in _SHORT_UNITS if _rounded(size / lower) * lower >= u), (Decimal(1), "元")
    )
    scaled = _rounded(size / unit)
    text = f"{scaled:,.2f}".removesuffix(".00")
    if unit != 1:
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{sign if scaled else ''}{text} {name}"


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(_CENT, rounding=ROUND_HALF_UP)


_WORDS: Final = "零壹贰叁肆伍陆柒捌玖"


def in_words(amount: Decimal) -> str:
    """The sum in words as a cheque has it: 50000 → 伍万元整, 1004.5 → 壹仟零肆元伍角整.

    Raises ValueError from 10¹² yuan on.
    """
    fen = int((abs(amount) * 100).to_integral_value(rounding=ROUND_HALF_UP))
    yuan, rest = divmod(fen, 100)
    if yuan >= 10**12:
        raise ValueError(f"{amount} is too large to be written in words")
    jiao, cents = divmod(rest, 10)
    text = _integer_words(yuan) + "元" if yuan else ""
    if jiao:
        text += _WORDS[jiao] + "角"
    elif cents and yuan:
        text += "零"
    if cents:
        text += _WORDS[cents] + "分"
    else:
        text = (text or "零元") + "整"
    return ("负" if amount < 0 and fen else "") + text


def _integer_words(number: int) -> str:
    text = ""
    for unit, name in ((10**8, "亿"), (10**4, "万"), (1, "")):
        chunk, number = divmod(number, unit)
        if not chunk:
            text += "零" if text and number else ""
            continue
        if text and chunk < 1000:
            text += "零"
        for small, small_name in ((1000, "仟"), (100, "佰"), (10, "拾"), (1, "")):
            digit, chunk = divmod(chunk, small)
            if digit:
                text += _WORDS[digit] + small_name
            elif chunk and text and not text.endswith("零"):
                text += "零"
        text += name
    return re.sub("零+", "零", text)
