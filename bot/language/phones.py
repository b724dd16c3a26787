"""Telephone numbers, credit codes and pasted contacts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from stdnum.cn import uscc

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
    rf"(?:(?:\+|00)?86{_GAP}|[(])?0?(?:10|2\d|[3-9]\d{{2}})[)]?{_GAP}[2-8]\d{{2,3}}{_GAP}\d{{4}}(?:\s?(?:转|-|ext\.?)\s?(?P<ext>\d{{1,5}}))?"
)
_PHONE: Final = re.compile(
    rf"(?<![\d.])(?:(?P<mobile>{_MOBILE})|(?P<service>{_SERVICE})|(?P<landline>(?=[(+]?0){_LANDLINE}))(?![\d.]\d|\d)", re.ASCII
)
_SPELLED: Final = re.compile(r"[幺一][三四五六七八九][零〇幺一二两三四五六七八九]{9}(?![零〇幺一二两三四五六七八九])")
_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}", re.ASCII)

_TITLES: Final = (
    "董事长|副董事长|总经理|副总经理|总监|副总监|总裁|副总裁|总工程师|总工|采购经理|采购总监|采购主管|采购员|采购|销售经理|销售总监|市场经理|项目经理|"
    "技术经理|技术总监|财务经理|财务总监|财务|会计|出纳|人事经理|行政经理|行政|办公室主任|主任|副主任|部长|副部长|科长|处长|厂长|副厂长|车间主任|经理|副经理|"
    "主管|工程师|设计师|店长|老板|法人|负责人|联系人|助理|秘书|专员|主席|院长|校长|所长|站长|组长|老师|ceo|cto|cfo|coo"
)
_TITLE: Final = re.compile(_TITLES)
_HONORIFIC: Final = re.compile(r"总|工|姐|哥|先生|女士|小姐|老师|经理|主任|老板|部长|厂长")
_SURNAMES: Final = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳酆鲍史唐费廉岑薛雷贺倪汤"
    "滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏"
    "蔡田樊胡凌霍虞万支柯昝管卢莫经房裘缪干解应宗丁宣贲邓郁单杭洪包诸左石崔吉钮龚程嵇邢滑裴陆荣翁荀羊於惠甄曲家封芮羿储靳汲邴糜松井段富巫乌焦巴弓牧隗山谷车侯宓蓬全郗班仰秋仲伊"
    "宫宁仇栾暴甘钭厉戎祖武符刘景詹束龙叶幸司韶郜黎蓟薄印宿白怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴胥能苍双闻莘党翟谭贡劳逄姬申扶堵冉宰郦雍璩桑桂濮牛寿通边扈燕冀郏浦尚农温别庄晏柴瞿阎"
    "充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧殳沃利蔚越夔隆师巩厍聂晁勾敖融冷訾辛阚那简饶空曾毋沙乜养鞠须丰巢关蒯相查后荆红游竺权逯盖益桓公肖闫涂覃涵付"
)
_DOUBLE_SURNAMES: Final = "欧阳|司马|上官|诸葛|夏侯|皇甫|尉迟|公孙|慕容|令狐|宇文|长孙|东方|南宫|司徒|端木|万俟"
_NAME: Final = re.compile(rf"(?:{_DOUBLE_SURNAMES}|[{_SURNAMES}])[\u4e00-\u9fff·]{{1,3}}?(?=$|[\s,，;；、:：\d(])")
_LABELS: Final = re.compile(r"(?:联系人|姓名|手机号?码?|电话号?码?|联系电话|职务|职位|邮箱|tel|mobile|phone|email)\s?[:：]?\s?", re.IGNORECASE)


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
    """138****5678; other numbers keep about the outer thirds; fewer than five digits show nothing."""
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
    digits = (re.sub(r"\D", "", number.split("-")[0] if number.count("-") == 1 and len(number) > 12 else number) for number in numbers)
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


def _title(text: str) -> tuple[str, str]:
    folded = fold(text)
    for match in sorted(_TITLE.finditer(folded), key=lambda m: -len(m[0])):
        before, after = folded[: match.start()], folded[match.end() :]
        stands = (not after or not "\u4e00" <= after[0] <= "\u9fff") and (
            not before or not "\u4e00" <= before[-1] <= "\u9fff" or re.search(rf"(?:^|[\s,，;；])[{_SURNAMES}][\u4e00-\u9fff]{{0,2}}$", before)
        )
        if stands:
            name = re.search(rf"(?:^|[\s,，;；])([{_SURNAMES}])$", before)
            if name and _HONORIFIC.fullmatch(match[0]):
                continue  # 王经理 is how he is called, not his office
            shown = text[match.start() : match.end()]
            return shown, f"{text[: match.start()]} {text[match.end() :]}"
    return "", text


def _name(text: str, *, has_number: bool) -> tuple[str, str, bool]:
    for match in re.finditer(rf"(?:^|(?<=[\s,，;；、:：]))([{_SURNAMES}](?:{_HONORIFIC.pattern}))(?=$|[\s,，;；、:：])", text):
        return match[1], text[: match.start()] + " " + text[match.end() :], has_number
    for match in _NAME.finditer(text):
        before = text[: match.start()]
        if before and "\u4e00" <= before[-1] <= "\u9fff":
            continue
        return match[0], before + " " + text[match.end() :], True
    return "", text, False


def _tidy(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip(" ,，;；、:：")
