"""What a sentence about a contract says: amount, number, days, how long; the rest names the customer. Pure."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal

from bot.language.dates import find_moments
from bot.language.moment import month_end
from bot.language.money import find_amounts
from bot.language.normalize import fold
from bot.language.numbers import integer
from handlers.contracts.rules import end_of

GAP: Final = "；"  # in place of what has been read: nothing beside it is taken together
NUMBER: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{1,8}(?:[-_/]?\d+)+(?![\dA-Za-z万亿千百元])")
LABELLED: Final = re.compile(r"(?:合同)?(?:编号|单号|合同号)\s*(?:是|为)?\s*[:：]?\s*([A-Za-z0-9][\w\-/.]{0,39})")
NAMED: Final = re.compile(r"(?:合同)?(?:名称|名字)\s*(?:是|为)?\s*[:：]?\s*(\S{2,60})")
DISCOUNT: Final = re.compile(r"(?:整单)?(?:折扣|优惠)\s*[:：]?\s*(\d{1,3}(?:\.\d{1,2})?)\s*[%％]")
DURATION: Final = re.compile(
    r"(?<![\d.第前去今明后近这每])(?:期限|为期|有效期|合同期|签|共)?\s*[:：]?\s*"
    r"(?:(?P<years>\d{1,2}|[一二两三四五六七八九十])\s?年(?P<half>半)?|(?P<months>\d{1,3}|[一二两三四五六七八九十]{1,2})\s?个月"
    r"|(?P<halfyear>半年))(?!\d|[一二三四五六七八九十]{0,2}月|[初底末前后])(?:期|的)?"
)
SPACED: Final = re.compile(r"(?<=\S)\s+(?![万亿千百元])")
UNTIL: Final = re.compile(
    r"(?<=[日号底\d])\s*(?:到|至|~|—+)\s*(?=\d|明年|今年|后年|去年|[一二三四五六七八九十]{1,2}月)"
)
IS: Final = r"\s*(?:是|为|在|改到|改为|改成)?\s*[:：；]*$"
BEFORE: Final = (
    ("ends_on", re.compile(r"(?:到期日?期?|截止日?期?|截至|结束日?期?|终止日?期?|止于|到|至)" + IS)),
    ("signed_on", re.compile(r"(?:签订日?期?|签署日?期?|签约日?期?|签字日?期?|签于|签)" + IS)),
    ("starts_on", re.compile(r"(?:开始日?期?|生效日?期?|起始日?期?|起|从|自)" + IS)),
)  # fmt: skip
AFTER: Final = (
    ("ends_on", re.compile(r"^[；\s]*(?:到期|截止|结束|终止|为止|止)")),
    ("signed_on", re.compile(r"^[；\s]*(?:签订|签署|签约|签的?|签了)")),
    ("starts_on", re.compile(r"^[；\s]*(?:开始|生效|起)")),
)  # fmt: skip
FILLER: Final = re.compile(
    r"签订日?期?|签署日?期?|签约日?期?|到期日?期?|截止日?期?|结束日?期?|终止|开始日?期?|生效日?期?|起始|为止|金额|合同额|总价|总额|"
    r"编号|期限|为期|有效期|(?<![一-龥])(?:签了?|起|从|自|到|至|的|共|是|为)(?![一-龥])"
)
MONTH: Final = re.compile(r"(?:\d{1,2}|[一二三四五六七八九十]{1,2}|下|下下|本|这个|下个)月份?$")
Slot = Literal["signed_on", "starts_on", "ends_on"]


@dataclass(slots=True)
class ContractWords:
    """What was said. `doubts`: what was not sure, in words; `rest`: what named nothing of it."""

    amount: Decimal | None = None
    number: str = ""
    name: str = ""
    discount: Decimal | None = None
    signed_on: date | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    months: int | None = None
    doubts: list[str] = field(default_factory=list)
    rest: str = ""
    custom: dict[str, str] = field(default_factory=dict)  # the company's own fields, as they are stored

    @property
    def anything(self) -> bool:
        """Whether anything of a contract was said."""
        known = (self.amount, self.discount, self.signed_on, self.starts_on, self.ends_on, self.months)
        return bool(self.number or self.name or self.doubts or self.custom) or any(value is not None for value in known)


def read_contract(text: str, now: datetime) -> ContractWords:
    """`华兴 30万 编号 HT-2026-019 签订日 3月1日 到期 明年2月底`."""
    words = ContractWords()
    text = _take(text, LABELLED, lambda m: setattr(words, "number", m[1]))
    if not words.number:
        text = _take(text, NUMBER, lambda m: setattr(words, "number", m[0]))
    text = _take(text, NAMED, lambda m: setattr(words, "name", m[1]))
    text = _take(text, DISCOUNT, lambda m: setattr(words, "discount", Decimal(m[1])))
    text = SPACED.sub(GAP, text)
    text = UNTIL.sub(f"{GAP}到{GAP}", text)
    text = _read_duration(text, words)
    text = _read_days(text, words, now)
    text = _read_amount(text, words)
    _fill_span(words, now.date())
    words.rest = re.sub(rf"[\s{GAP},，。;:：]+", " ", FILLER.sub(" ", text)).strip()
    return words


def _take(text: str, pattern: re.Pattern[str], keep: object) -> str:
    found = pattern.search(text)
    if found is None:
        return text
    assert callable(keep)
    keep(found)
    return f"{text[: found.start()]}{GAP}{text[found.end() :]}"


def _read_duration(text: str, words: ContractWords) -> str:
    found = DURATION.search(text)
    if found is None:
        return text
    months = 6 if found["halfyear"] else 0
    if found["years"]:
        months = (integer(found["years"]) or 0) * 12 + (6 if found["half"] else 0)
    elif found["months"]:
        months = integer(found["months"]) or 0
    if not 0 < months <= 1200:
        return text
    words.months = months
    return f"{text[: found.start()]}{GAP}{text[found.end() :]}"


def find_days(text: str, now: datetime) -> list[tuple[int, int, str, date, date, bool]]:
    """Every day in a text: start, end, words, looking back, looking ahead, whether it can be read at all."""
    back = {f.start: f for f in find_moments(text, now, prefer="past")}
    found = []
    for ahead in find_moments(text, now, prefer="future"):
        behind = back.get(ahead.start, ahead)
        same = (ahead.day.month, ahead.day.day) == (behind.day.month, behind.day.day)
        sure = (ahead.sure or behind.sure or same) and "数字" not in ahead.reason
        found.append((ahead.start, ahead.end, ahead.text, behind.day, ahead.day, sure))
    return found


def nearest(back: date, ahead: date, today: date) -> date:
    """A day without a year is the one nearest to today."""
    return min((back, ahead), key=lambda day: abs((day - today).days))


def _read_days(text: str, words: ContractWords, now: datetime) -> str:
    today = now.date()
    for start, end, said, back, ahead, sure in find_days(text, now):
        slot = _labelled(text[:start], text[end:], said)
        if not sure:
            words.doubts.append(said)
            continue
        if slot is None:
            near = nearest(back, ahead, today)
            slot = "signed_on" if near <= today and words.signed_on is None else "ends_on"
        if getattr(words, slot) is None:
            last = month_end(ahead.year, ahead.month) if MONTH.search(said) else ahead  # 到明年6月 is to its last day
            setattr(words, slot, last if slot == "ends_on" else nearest(back, ahead, today))
    for start, end, *_ in reversed(find_days(text, now)):
        text = f"{text[:start]}{GAP}{text[end:]}"
    return text


def _labelled(before: str, after: str, said: str) -> Slot | None:
    if said.endswith(("起", "开始")):
        return "starts_on"
    for slot, pattern in AFTER:  # what is written on to the day itself: 今天签, then 明年6月到期
        if not after.startswith((GAP, " ")) and pattern.search(after):
            return slot  # type: ignore[return-value]
    for slot, pattern in BEFORE:
        if pattern.search(before):
            return slot  # type: ignore[return-value]
    for slot, pattern in AFTER:
        if pattern.search(after):
            return slot  # type: ignore[return-value]
    return "starts_on" if re.match(rf"{GAP}?(?:到|至){GAP}", after) else None


def _read_amount(text: str, words: ContractWords) -> str:
    found = find_amounts(text)
    sure = [a for a in found if a.sure and a.value is not None]
    if len(found) == 1 and not sure:
        words.doubts.append(found[0].text)
    elif len({a.value for a in sure}) == 1:
        words.amount = sure[0].value
    elif found:
        words.doubts.append("、".join(a.text for a in found))
    for amount in reversed(found):
        text = f"{text[: amount.start]}{GAP}{text[amount.end :]}"
    return text


def _fill_span(words: ContractWords, today: date) -> None:
    """A length of time begins on the day named, or the day of signing, or today."""
    if words.ends_on is not None and words.starts_on is not None and words.ends_on < words.starts_on:
        return  # the rule says it
    if words.months is None:
        return
    begins = words.starts_on or words.signed_on or today
    words.starts_on = begins
    if words.ends_on is None:
        words.ends_on = end_of(begins, words.months)


def clean_number(text: str) -> str:
    """A contract's or payment's number in a sentence; empty if there is none."""
    found = NUMBER.search(fold(text).upper())
    return found[0].upper() if found is not None else ""
