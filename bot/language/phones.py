"""Telephone numbers, credit codes and pasted contacts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from stdnum.cn import uscc

from bot.language.names import DOUBLE_SURNAMES, SURNAMES
from bot.language.normalize import fold
from bot.language.numbers import spelled_digits

PhoneKind = Literal["mobile", "landline", "service"]


@dataclass(frozen=True, slots=True)
class Phone:
    """A number at `start:end` of a text. `number` has digits only; a landline keeps its area code, an extension
    follows after `-`.
    """

    start: int
    end: int
    number: str
    kind: PhoneKind


@dataclass(frozen=True, slots=True)
class ContactSnippet:
    """A contact out of a pasted text. Empty where nothing was said. `sure` is False when the name is a guess."""

    name: str
    title: str
    phone: str
    email: str
    rest: str
    sure: bool


_GAP: Final = r"[\s-]?"
_MOBILE: Final = rf"(?:(?:\+|00)?86{_GAP})?1[3-9]\d{_GAP}\d{{4}}{_GAP}\d{{4}}"
_SERVICE: Final = rf"[48]00{_GAP}\d{{3,4}}{_GAP}\d{{3,4}}"
_LANDLINE: Final = (
    rf"(?:(?:\+|00)?86{_GAP}|[(])?0?(?:10|2\d|"
    rf"[3-9]\d{{2}})[)]?{_GAP}[2-8]\d{{2,3}}{_GAP}\d{{4}}(?:\s?(?:转|-|ext\.?)\s?(?P<ext>\d{{1,5}}))?"
)
_PHONE: Final = re.compile(
    rf"(?<![\d.])(?:(?P<mobile>{_MOBILE})|(?P<service>{_SERVICE})|(?P<landline>(?=[(+]?0){_LANDLINE}))(?![\d.]\d|\d)",
    re.ASCII,
)
_SPELLED: Final = re.compile(r"[幺一][三四五六七八九][零〇幺一二两三四五六七八九]{9}(?![零〇幺一二两三四五六七八九])")
_EXTENSION: Final = re.compile(r"(?<=\d{7})(?:-|转)\d{1,5}$", re.ASCII)
_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}", re.ASCII)

_TITLES: Final = (
    "董事长|副董事长|总经理|副总经理|总监|副总监|总裁|副总裁|总工程师|总工|采购经理|采购总监|采购主管|"
    "采购员|采购|销售经理|销售总监|市场经理|项目经理|"
    "技术经理|技术总监|财务经理|财务总监|财务|会计|出纳|人事经理|行政经理|行政|办公室主任|主任|副主任|"
    "部长|副部长|科长|处长|厂长|副厂长|车间主任|经理|副经理|"
    "主管|工程师|设计师|店长|老板|法人|负责人|联系人|助理|秘书|专员|主席|院长|校长|所长|站长|组长|老师|"
    "ceo|cto|cfo|coo"
)
_TITLE: Final = re.compile(
    r"(?:技术|项目|采购|市场|销售|生产|质量|品质|设备|研发|区域|大区|运营|财务|行政|人事|信息|仓储|物流|供应链|工程|外贸|商务|产品|"
    rf"客户|人力资源|营销|高级|资深|首席)*(?:{_TITLES})"
)
_HONORIFIC: Final = re.compile(r"总|工|姐|哥|先生|女士|小姐|老师|经理|主任|老板|部长|厂长")
_NAME: Final = re.compile(rf"(?:{DOUBLE_SURNAMES}|[{SURNAMES}])[\u4e00-\u9fff·]{{1,3}}?(?=$|[\s,，;；、:：\d(])")
_LABELS: Final = re.compile(
    r"(?:联系人|姓名|手机号?码?|电话号?码?|联系电话|职务|职位|邮箱|tel|mobile|phone|email)\s?[:：]?\s?", re.IGNORECASE
)


def find_phones(text: str) -> list[Phone]:
    """Mobiles, landlines with their area code, 400 and 800 numbers; a mobile read out in characters too."""
    folded = fold(text)
    found: list[Phone] = []
    for match in _PHONE.finditer(folded):
        kind: PhoneKind = "mobile" if match["mobile"] else "service" if match["service"] else "landline"
        digits = re.sub(r"\D", "", match[0][: match.start("ext") - match.start()] if match["ext"] else match[0])
        if kind == "mobile":
            digits = digits[-11:]
        elif kind == "landline":
            digits = re.sub(r"^(?:00)?86(?=0?[1-9])", "", digits)
            digits = digits if digits.startswith("0") else f"0{digits}"
            if match["ext"]:
                digits += f"-{match['ext']}"
        found.append(Phone(match.start(), match.end(), digits, kind))
    for match in _SPELLED.finditer(folded):
        number = spelled_digits(match[0].replace("两", "二"))
        found.append(Phone(match.start(), match.end(), str(number), "mobile"))
    return sorted(found, key=lambda p: p.start)


def read_phone(text: str) -> str | None:
    """The digits of the one number `text` is; None when it is none, or has more than one."""
    found = find_phones(text)
    return found[0].number if len(found) == 1 else None


def mask(number: str) -> str:
    """138****5678; other numbers keep about the outer thirds; fewer than five digits show nothing.

    What is masked already stays as it is.
    """
    if "*" in number:
        return number
    digits = re.sub(r"[\s-]", "", number)
    if re.fullmatch(r"1\d{10}", digits, re.ASCII):
        return f"{digits[:3]}****{digits[7:]}"
    if len(digits) < 5:
        return "*" * len(digits)
    head = min(4, len(digits) // 3)
    tail = min(4, len(digits) // 3)
    return f"{digits[:head]}{'*' * (len(digits) - head - tail)}{digits[-tail:]}"


def tails(numbers: Iterable[str]) -> tuple[str, ...]:
    """Digits of the numbers without 86 and extensions, for `match.Candidate.phone_tails`."""
    digits = [re.sub(r"\D", "", _EXTENSION.sub("", number)) for number in numbers]
    return tuple(dict.fromkeys(d.removeprefix("86") if len(d) == 13 else d for d in digits if d))


def is_credit_code(code: str) -> bool:
    """Whether `code` is a unified social credit code: 18 characters with a right check character."""
    return bool(uscc.is_valid(fold(code).strip().upper()))


def credit_code(code: str) -> str | None:
    """The code in its one form, or None when it is none."""
    plain = re.sub(r"[\s-]", "", fold(code)).upper()
    return plain if uscc.is_valid(plain) else None


def read_contact(text: str) -> ContactSnippet | None:
    """A contact pasted in any order: 陈强13812345678 采购经理. None when there is neither a number nor a name.

    A name beside a number is taken as one; without a number only a text of nothing but a name and title is.
    """
    phones = find_phones(text)
    phone = phones[0].number if phones else ""
    cut = list(text)
    for one in phones:
        cut[one.start : one.end] = " " * (one.end - one.start)
    rest = "".join(cut)
    email = _EMAIL.search(rest)
    if email:
        rest = rest[: email.start()] + " " * len(email[0]) + rest[email.end() :]
    rest = _LABELS.sub(" ", rest)
    title, rest = _title(rest)
    name, rest, sure = _name(rest, has_number=bool(phone or email))
    if not phone and not name:
        return None
    if not phone and re.sub(r"[\s,，;；、:：.。()（）]+", "", rest):
        sure = False
    return ContactSnippet(name, title, phone, email[0] if email else "", _tidy(rest), sure)


def is_title(text: str) -> bool:
    """Whether the words are an office and nothing else: 采购经理, 技术负责人."""
    return _TITLE.fullmatch(fold(text)) is not None


def _title(text: str) -> tuple[str, str]:
    folded = fold(text)
    for match in sorted(_TITLE.finditer(folded), key=lambda m: -len(m[0])):
        before, after = folded[: match.start()], folded[match.end() :]
        stands = (not after or not "\u4e00" <= after[0] <= "\u9fff") and (
            not before
            or not "\u4e00" <= before[-1] <= "\u9fff"
            or re.search(rf"(?:^|[\s,，;；])[{SURNAMES}][\u4e00-\u9fff]{{0,2}}$", before)
        )
        if stands:
            name = re.search(rf"(?:^|[\s,，;；])([{SURNAMES}])$", before)
            if name and _HONORIFIC.fullmatch(match[0]):
                continue  # 王经理 is how he is called, not his office
            shown = text[match.start() : match.end()]
            return shown, f"{text[: match.start()]} {text[match.end() :]}"
    return "", text


def _name(text: str, *, has_number: bool) -> tuple[str, str, bool]:
    for match in re.finditer(
        rf"(?:^|(?<=[\s,，;；、:：]))([{SURNAMES}](?:{_HONORIFIC.pattern}))(?=$|[\s,，;；、:：])", text
    ):
        return match[1], text[: match.start()] + " " + text[match.end() :], has_number
    for match in _NAME.finditer(text):
        before = text[: match.start()]
        if before and "\u4e00" <= before[-1] <= "\u9fff":
            continue
        return match[0], before + " " + text[match.end() :], True
    return "", text, False


def _tidy(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip(" ,，;；、:：")
