"""What a sentence about an application for an invoice says; the rest names the customer. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from bot.core.errors import InvalidInput
from bot.language.money import find_amounts
from handlers.contracts.reading import NUMBER

KIND: Final = re.compile(r"(?:开|增值税)?(?P<kind>专票|普票|专用发票|普通发票|专用|普通)")
RATE: Final = re.compile(
    r"(?:税率)?\s*[:：]?\s*(?P<rate>\d{1,2}(?:\.\d{1,2})?)\s*[%％]|税率\s*[:：]?\s*(?P<plain>\d{1,2})\b"
)
TAX_NO: Final = re.compile(
    r"(?:纳税人识别号|税号)\s*[:：是为]?\s*(?P<labelled>[0-9A-Za-z]{6,22})|\b(?P<bare>91[0-9A-Za-z]{16})\b"
)
TITLE: Final = re.compile(r"(?:发票)?抬头\s*[:：是为]?\s*(?P<title>[^\s，,；;]{2,100})")
DETAILS: Final = {
    "bank": re.compile(r"(?:开户行|开户银行)\s*[:：是为]?\s*(?P<bank>[^\s，,；;]{2,100})"),
    "account": re.compile(r"(?:银行)?(?:账号|帐号|账户)\s*[:：是为]?\s*(?P<account>\d(?:[ -]?\d){5,31})"),
    "address": re.compile(r"(?:注册)?地址\s*[:：是为]?\s*(?P<address>[^\s，,；;]{2,100})"),
    "phone": re.compile(r"(?:注册)?电话\s*[:：是为]?\s*(?P<phone>[+\d][\d()（）-]{6,19})"),
}
DETAIL_WORDS: Final = {"bank": "开户行", "account": "账号", "address": "地址", "phone": "电话"}
EMAIL: Final = re.compile(r"(?:邮箱)?\s*[:：是为]?\s*(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)")
REMARK: Final = re.compile(r"备注\s*[:：是为]?\s*(?P<remark>.+)$")
FILLER: Final = re.compile(r"开票申请|申请开票|开票|发票|金额|(?<![一-龥])(?:给|为|的|开)(?![一-龥])")


@dataclass(slots=True)
class InvoiceWords:
    """What was said; empty: not said."""

    amount: Decimal | None = None
    kind: str = ""
    rate: Decimal | None = None
    tax_no: str = ""
    title: str = ""
    email: str = ""
    remark: str = ""
    details: dict[str, str] = field(default_factory=dict)  # bank, account, address, phone of the buyer
    number: str = ""  # of the contract
    doubts: list[str] = field(default_factory=list)
    rest: str = ""

    @property
    def says_something(self) -> bool:
        """Besides whose it is."""
        return bool(
            self.amount is not None or self.kind or self.rate is not None or self.tax_no or self.title or self.email
            or self.remark or self.details
        )  # fmt: skip


def details_text(details: Mapping[str, str]) -> str:
    """开户行 工行宁波分行 账号 1202026809014567890: one line that `read_details` reads again."""
    return " ".join(f"{word} {details[name]}" for name, word in DETAIL_WORDS.items() if details.get(name))


def read_details(text: str) -> dict[str, str]:
    """The inverse. Raises InvalidInput where there is something else."""
    found = {}
    for name, pattern in DETAILS.items():
        said = pattern.search(text)
        if said is not None:
            found[name] = said[name]
            text = f"{text[: said.start()]} {text[said.end() :]}"
    if rest := text.strip(" ，,;；。"):
        raise InvalidInput(
            f"没认出「{rest[:20]}」，写成「开户行 工行宁波分行 账号 1202… 地址 江北路1号 电话 0574-88886666」。"
        )
    return found


def read_invoice(text: str) -> InvoiceWords:
    """`华兴 5万 专票 6%`."""
    words = InvoiceWords()

    def take(pattern: re.Pattern[str]) -> dict[str, str]:
        nonlocal text
        found = pattern.search(text)
        if found is None:
            return {}
        text = f"{text[: found.start()]} {text[found.end() :]}"
        return {k: v for k, v in found.groupdict().items() if v}

    words.remark = take(REMARK).get("remark", "").strip()
    words.email = take(EMAIL).get("email", "")
    words.details = {name: told[name] for name, pattern in DETAILS.items() if (told := take(pattern))}
    words.title = take(TITLE).get("title", "")
    tax = take(TAX_NO)
    words.tax_no = (tax.get("labelled") or tax.get("bare", "")).upper()
    named = NUMBER.search(text)
    if named is not None:
        words.number = named[0].upper()
        text = f"{text[: named.start()]} {text[named.end() :]}"
    kind = take(KIND).get("kind", "")
    words.kind = f"{kind[0]}票" if kind else ""
    rate = take(RATE)
    if rate:
        words.rate = Decimal(rate.get("rate") or rate["plain"])
    found = find_amounts(text) or [a for a in find_amounts(text, bare=True) if a.value is not None and a.value >= 100]
    sums = {a.value for a in found if a.sure and a.value is not None}
    if len(sums) == 1 and len(found) == 1:
        words.amount = sums.pop()
    elif found:
        words.doubts.append("、".join(a.text for a in found))
    for amount in reversed(found):
        text = f"{text[: amount.start]} {text[amount.end :]}"
    words.rest = re.sub(r"[\s，,。;；:：]+", " ", FILLER.sub(" ", text)).strip()
    return words
