"""What sentences about payments and plans say; the rest names the customer or the contract. Pure."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from bot.core.errors import InvalidInput
from bot.language.money import find_amounts
from bot.language.numbers import integer
from handlers.contracts.reading import GAP, NUMBER, SPACED, find_days, nearest

METHOD: Final = re.compile(
    r"(?:方式|通过|用|走)?\s*[:：]?\s*(?P<method>银行转账|对公转账|转账|电汇|汇款|银行承兑|承兑汇票|承兑|支票|现金|微信|支付宝|其他)(?:支付|付款|收款)?"
)
CALLED: Final = {"银行转账": "转账", "对公转账": "转账", "汇款": "电汇", "银行承兑": "承兑", "承兑汇票": "承兑"}
FILLER: Final = re.compile(
    r"回款日期|回款|货款|打款|款项|到账|收款|收到了?|金额|日期|时间|(?:第?[一二三四五六七八九十\d]+期|首|尾|中期|预付|定)款?(?=$|[\s；])|"
    r"(?<![一-龥])(?:了|的|共|是|为|款|钱)(?![一-龥])"
)
OURS: Final = re.compile(r"HK-\d{4}-\d+", re.IGNORECASE)
PERIOD: Final = re.compile(r"第\s*(?P<period>\d{1,2}|[一二两三四五六七八九十]{1,3})\s*期(?:的?款)?")
CAME: Final = re.compile(r"(?:再|又|刚|今天)?(?:收到了?|收了)\s*(?P<rest>.{2,40})")
PAID: Final = re.compile(
    r"(?P<name>.{2,30}?)\s*(?:的)?(?:今天|昨天|前天|刚刚?|已经?)?\s*(?:回款|到账|到款|打款|汇款|付款|付|打|汇|转)(?:了|过来|来)?\s*(?:了)?\s*(?P<rest>.+?)(?:过来了?|来了)?"
)


@dataclass(slots=True)
class PaymentWords:
    """What was said."""

    amount: Decimal | None = None
    paid_on: date | None = None
    method: str = ""
    number: str = ""  # of the contract
    doubts: list[str] = field(default_factory=list)
    rest: str = ""
    custom: dict[str, str] = field(default_factory=dict)  # the company's own fields, as they are stored
    period: int | None = None  # the instalment it is for


def read_payment(text: str, now: datetime) -> PaymentWords:
    """`华兴 5万 昨天 转账`; a day without a year is the nearest one."""
    words = PaymentWords()
    if named := NUMBER.search(text):
        words.number = named[0].upper()
        text = f"{text[: named.start()]}{GAP}{text[named.end() :]}"
    if paid := METHOD.search(text):
        words.method = CALLED.get(paid["method"], paid["method"])
        text = f"{text[: paid.start()]}{GAP}{text[paid.end() :]}"
    if which := PERIOD.search(text):
        words.period = integer(which["period"])
        text = f"{text[: which.start()]}{GAP}{text[which.end() :]}"
    text = SPACED.sub(GAP, text)
    for start, end, said, back, ahead, sure in reversed(find_days(text, now)):
        if sure:
            words.paid_on = nearest(back, ahead, now.date())  # one that is to come is refused by the rule
        else:
            words.doubts.append(said)
        text = f"{text[:start]}{GAP}{text[end:]}"
    found = find_amounts(text)
    if not found:  # a bare number is money where money is expected
        found = [
            a for a in find_amounts(text, bare=True) if a.text.strip().replace(",", "").replace(".", "").isdecimal()
        ]
        found = [a for a in found if a.value is not None and a.value >= 100]
    sums = {a.value for a in found if a.sure and a.value is not None}
    if len(sums) == 1 and len(found) == 1:
        words.amount = sums.pop()
    elif found:
        words.doubts.append("、".join(a.text for a in found))
    for amount in reversed(found):
        text = f"{text[: amount.start]}{GAP}{text[amount.end :]}"
    words.rest = re.sub(rf"[\s{GAP},，。;:：]+", " ", FILLER.sub(" ", text)).strip()
    return words


def take_number(text: str, example: str) -> tuple[str, str]:
    """The payment's number in a sentence, and the rest of it. Raises InvalidInput."""
    found = OURS.search(text)
    if found is None:
        raise InvalidInput(f"要写回款编号，例如「{example}」；发送「回款记录」看看编号。")
    return found[0], f"{text[: found.start()]} {text[found.end() :]}".strip(" ，,:：")
