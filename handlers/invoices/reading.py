"""What a sentence about an application for an invoice says; the rest names the customer. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from bot.core.errors import InvalidInput
from bot.language.money import find_amounts
from bot.language.numbers import integer
from handlers.contracts.reading import NUMBER
from handlers.invoices.buyers import NO_TAX_NO

_TO: Final = (
    r"(?:(?:不对|有误|写?错了?)[，,\s]*)?(?:应该)?(?:改成|改为|改到|换成|换为|写成|应为|是|为)?[\s:：]*"
    r"(?:(?:改成|改为|换成|应该是|应为|是|为)[\s:：]+)?"
)
KIND: Final = re.compile(
    r"(?:开|增值税|电子|数电|全电)*(?P<kind>专票|普票|专用(?:电子)?发票|普通(?:电子)?发票|(?<![一-龥])(?:专用|普通)(?![一-龥]))"
)
NOT_KIND: Final = re.compile(
    r"(?:不要|不开|别开|不用开?|不是|非)\s*(?:增值税|电子)*(?P<kind>专|普)(?:票|[用通](?:电子)?发票)[，,\s]*(?:而是|要|开|是)?"
)
OTHER: Final = {"专": "普票", "普": "专票"}
RATE: Final = re.compile(
    rf"(?:税率|税点){_TO}(?P<plain>\d{{1,2}}(?:\.\d{{1,2}})?)(?![\d.万千百亿])\s*(?:[%％]|个?点)?"
    r"|(?<![\d.])(?P<rate>\d{1,2}(?:\.\d{1,2})?)\s*(?:[%％]|个点)|(?:税率|税点)?百分之(?P<spoken>[一二三四五六七八九十]+)"
)
TAX_NO: Final = re.compile(
    rf"(?:纳税人识别号|(?:统一社会)?信用代码|税号){_TO}"
    r"(?P<labelled>(?:[0-9A-Za-z]{4}[ -]){4}[0-9A-Za-z]{2}(?![0-9A-Za-z])|[0-9A-Za-z]{6,22})"
    r"|(?<![0-9A-Za-z])(?P<bare>9[123][0-9A-Za-z]{16}|(?=\d*[A-Za-z])(?:1[1-3]|5[1-3])[0-9A-Za-z]{16})(?![0-9A-Za-z])"
)
NO_TAX: Final = re.compile(
    rf"(?P<none>(?:没有?|无|不用|不需要)\s*(?:纳税人识别号|税号)|(?:纳税人识别号|税号){_TO}(?:没有|无(?:税号)?)(?![一-龥])"
    r"|(?<![一-龥])个人(?:抬头|开票)?(?![一-龥]))"
)
TITLE: Final = re.compile(
    rf"(?:发票)?抬头{_TO}(?:[「“\"](?P<quoted>[^」”\"]{{2,100}})[」”\"]"
    r"|(?P<latin>[A-Za-z][A-Za-z0-9.&'()-]*(?:,? (?![A-Za-z]{2,4}-?\d)[A-Za-z&(][A-Za-z0-9.&'()-]*)*)(?![^\s，,；;。])"
    r"|(?P<title>[^\s，,；;]{2,100}))"
)
DETAILS: Final = {
    "bank": re.compile(rf"(?:开户行|开户银行){_TO}(?P<bank>[^\s，,；;]{{2,100}})"),
    "account": re.compile(rf"(?:银行)?(?:账号|帐号|账户){_TO}(?P<account>\d(?:[ -]?\d){{5,31}})"),
    "address": re.compile(rf"(?:注册)?地址{_TO}(?P<address>[^\s，,；;]{{2,100}})"),
    "phone": re.compile(rf"(?:注册)?电话{_TO}(?P<phone>[+\d][\d()（）-]{{6,19}})"),
}
DETAIL_WORDS: Final = {"bank": "开户行", "account": "账号", "address": "地址", "phone": "电话"}
EMAIL: Final = re.compile(rf"(?:(?:电子)?邮箱|邮件)?{_TO}(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)", re.ASCII)
REMARK: Final = re.compile(  # to the end, or to what another label says
    rf"备注(?:里|栏)?{_TO}(?P<remark>.+?)(?=[\s，,；;]+(?:(?:电子)?邮箱[\s:：是]*[\w.+-]+@|(?:发票)?抬头[\s:：]|开户行[\s:：]"
    r"|(?:纳税人识别号|税号)[\s:：是]*[0-9A-Za-z]{15}|(?:银行)?[账帐]号[\s:：]*\d)|$)",
    re.DOTALL,
)
FILLER: Final = re.compile(
    r"开票申请|申请开票|开票|发票|金额|(?<![一-龥])票(?![一-龥])|(?<![一-龥])(?:给|为|的|开|要)(?![一-龥])"
)
TAKEN_BACK: Final = re.compile(
    r"^(?:(?:不对|不是|错了|写错了|说错了|等等|等一下|应该是?|改成|改为|改到|换成|那就|还是|嗯|好的?)[\s,，。]*(?:是(?=[\s\d]))?\s*)+"
)
INSTEAD: Final = re.compile(r"不是[^，,。\s]{1,20}?[\s,，。]*(?:而是|应该是|是|要)")


def without_correction(text: str) -> str:
    """4.85万 of 不对，是4.85万; 13% of 不是6%，是13%."""
    return TAKEN_BACK.sub("", INSTEAD.sub("", text.strip())).strip()


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
    title = take(TITLE)
    words.title = (title.get("quoted") or title.get("latin") or title.get("title", "")).strip(" 。")
    words.tax_no = NO_TAX_NO if take(NO_TAX) else ""
    tax = take(TAX_NO)
    if tax:
        words.tax_no = re.sub(r"[ -]", "", tax.get("labelled") or tax.get("bare", "")).upper()
    named = NUMBER.search(text)
    if named is not None:
        words.number = named[0].upper()
        text = f"{text[: named.start()]} {text[named.end() :]}"
    _kind(words, take)
    _rate(words, take)
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


def _kind(words: InvoiceWords, take: Callable[[re.Pattern[str]], dict[str, str]]) -> None:
    """不要专票 is 普票; two different ones are a doubt."""
    refused = take(NOT_KIND).get("kind", "")
    said = []
    while found := take(KIND).get("kind", ""):
        said.append(f"{found[0]}票")
    kinds = list(dict.fromkeys(said)) or ([OTHER[refused]] if refused else [])
    words.kind = kinds[0] if len(kinds) == 1 else ""
    if len(kinds) > 1:
        words.doubts.append("还是".join(kinds))


def _rate(words: InvoiceWords, take: Callable[[re.Pattern[str]], dict[str, str]]) -> None:
    said = []
    while found := take(RATE):
        spoken = integer(found["spoken"]) if "spoken" in found else None
        said.append(Decimal(spoken if spoken is not None else found.get("rate") or found["plain"]))
    rates = list(dict.fromkeys(said))
    words.rate = rates[0] if len(rates) == 1 else None
    if len(rates) > 1:
        words.doubts.append("、".join(f"{rate}%" for rate in rates))
