"""Whom an invoice is made out to, and what must be known of him (R-INV-2). Pure.

A firm or institution (单位) has a tax number, on a 普票 too; a person has none. Of a 专票 the buyer's bank, account,
address and phone can be given; a company's administrator says whether they must be.
"""

import re
from collections.abc import Mapping
from typing import Final

from bot.core.errors import InvalidInput
from bot.language.companies import likeness
from bot.language.names import DOUBLE_SURNAMES, SURNAMES
from bot.language.phones import credit_code

DETAILS: Final = {"bank": "开户行", "account": "银行账号", "address": "注册地址", "phone": "注册电话"}
ASKED: Final = "开户行 账号 地址 电话"  # the four in one line, as a form asks for them
NO_TAX_NO: Final = "无税号"  # said, and kept as the tax number: of government bodies, buyers abroad
TAX_NO_WORDS: Final = f"税号（没有就写「{NO_TAX_NO}」）"
TITLE_LENGTH: Final = 100
DETAIL_LENGTH: Final = 60
OLD_TAX_NO: Final = re.compile(r"[0-9A-Z]{15}|[0-9A-Z]{17}|[0-9A-Z]{20}")
ACCOUNT: Final = re.compile(r"\d(?:[ -]?\d){5,31}")
PHONE: Final = re.compile(r"\+?[\d()（） -]{7,20}")
PERSON: Final = re.compile(
    rf"(?:{DOUBLE_SURNAMES})[一-龥]{{1,2}}|[{SURNAMES}][一-龥]{{1,2}}|[一-龥]{{2,8}}·[一-龥]{{2,8}}"
)
SAYS_PERSON: Final = re.compile(r"[（(]?个人[）)]?$")
FIRM: Final = re.compile(
    r"(?:公司|集团|合伙|合作社|中心|学校|大学|学院|中学|小学|医院|研究[院所]|协会|学会|商会|基金会|委员会|银行|支行|分行|"
    r"事务所|经营部|门市部|工作室|商行|政府|科技|贸易|实业|[厂局店院社馆])$"
)
ALIKE: Final = 0.6  # `likeness` of two titles of which one is the other, written better


def is_person(title: str) -> bool:
    """张三, 欧阳明日, 李四（个人）, as far as a name tells it."""
    plain = "".join(title.split())
    if SAYS_PERSON.search(plain):
        return True
    return PERSON.fullmatch(plain) is not None and FIRM.search(plain) is None


def needs_tax_no(title: str, kind: str) -> bool:
    """Whether there must be one, or a word that there is none."""
    return kind == "专票" or bool(title and not is_person(title))


def check_title(title: str) -> str:
    """Raises InvalidInput."""
    title = " ".join(title.split())
    if not title:
        raise InvalidInput("还差发票抬头，一般是客户的全名。")
    if len(title) > TITLE_LENGTH:
        raise InvalidInput(f"发票抬头最多 {TITLE_LENGTH} 个字，请核对。")
    return title


def check_tax_no(tax_no: str, kind: str, title: str) -> str:
    """15, 17 or 20 characters, or 18 with a right check character; `NO_TAX_NO`, or empty for a person, on a 普票.

    Raises InvalidInput.
    """
    plain = re.sub(r"[\s-]", "", tax_no).upper()
    if plain in (NO_TAX_NO, "无", "没有"):
        if kind == "专票":
            raise InvalidInput(
                f"专票一定要有税号，例如「税号 91330100799655058B」；买方没有税号就回复「普票 {NO_TAX_NO}」。"
            )
        return NO_TAX_NO
    if not plain:
        if not needs_tax_no(title, kind):
            return ""
        raise InvalidInput(
            "开专票要写税号，例如「税号 91330100799655058B」。"
            if kind == "专票"
            else f"「{title}」是单位，要写税号，例如「税号 91330100799655058B」；没有税号就写「{NO_TAX_NO}」。"
        )
    if len(plain) == 18:
        if (found := credit_code(plain)) is None:
            raise InvalidInput(f"税号 {plain} 的校验位不对，请对照营业执照核对一下。")
        return found
    if OLD_TAX_NO.fullmatch(plain) is None:
        raise InvalidInput(f"税号要 15、17、18 或 20 位，「{plain}」是 {len(plain)} 位，请核对。")
    return plain


def check_details(details: Mapping[str, str], kind: str, *, required: bool) -> dict[str, str]:
    """开户行, 账号, 地址, 电话. `required`: on a 专票 all four. Raises InvalidInput."""
    plain = {name: " ".join(details.get(name, "").split()) for name in DETAILS}
    for name, text in plain.items():
        if len(text) > DETAIL_LENGTH:
            raise InvalidInput(f"{DETAILS[name]}最多 {DETAIL_LENGTH} 个字，请核对。")
    if plain["account"] and ACCOUNT.fullmatch(plain["account"]) is None:
        raise InvalidInput(f"银行账号「{plain['account']}」不对，要 6 到 32 位数字，请核对。")
    if plain["phone"] and PHONE.fullmatch(plain["phone"]) is None:
        raise InvalidInput(f"注册电话「{plain['phone']}」不对，例如 0571-88886666。")
    lacks = missing_details(plain, kind) if required else []
    if lacks:
        raise InvalidInput(f"开专票还要写{'、'.join(lacks)}，例如「开户行 工行西湖支行 账号 1202026809014567890」。")
    return plain


def missing_details(details: Mapping[str, str], kind: str) -> list[str]:
    """The labels of those a 专票 lacks."""
    return [label for name, label in DETAILS.items() if not details.get(name)] if kind == "专票" else []


def is_rewritten(title: str, was: str) -> bool:
    """Whether it is the same buyer's name, completed or mended, and not another buyer's."""
    return title in was or was in title or likeness(title, was) >= ALIKE
