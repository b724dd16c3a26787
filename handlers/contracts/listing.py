"""Conditions of a list of contracts: state, owner, days, amounts, words."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from bot.context import Context
from bot.language.dates import find_range
from bot.language.filters import read_list
from bot.language.money import parse_amount
from handlers.contracts.finding import step_person_called
from handlers.customfields.filters import take_conditions
from storage.contracts import DEALT, ContractFilter
from storage.custom_fields import Condition
from storage.database import Tx

EXPIRY: Final = 30  # days, where the company has set none for its reminder
STATE_WORDS: Final = (
    (re.compile(r"草稿|未生效|没生效"), ("draft",)),
    (re.compile(r"已?生效的?|有效的?|执行中的?|履行中的?|进行中的?"), ("effective",)),
    (re.compile(r"已?作废的?|废掉的"), ("void",)),
    (re.compile(r"已?结束的?|已?完结的?|已?完成的?"), ("ended",)),
)
EXPIRING: Final = re.compile(
    r"(?:(?P<days>\d{1,3})\s*天(?:之?内|以内)?\s*)?(?:快|即将|将要|马上|就要)?到期的?|(?P<soon>快到期)"
)
EXPIRED: Final = re.compile(r"已到期的?|已经到期的?|到期了的?|已?过期的?|逾期的?")
COMPARED: Final = re.compile(
    r"(?P<low>[\d.,]+\s?[万亿千kw元]*)\s?(?:到|至|-|~|—)\s?(?P<high>[\d.,]+\s?[万亿千kw元]+)"
    r"|(?:大于等于|不低于|不少于|至少|大于|超过|高于|>=?)\s?(?P<over>[\d.,]+\s?[万亿千kw元]*)"
    r"|(?:小于等于|不超过|不高于|最多|小于|低于|不到|<=?)\s?(?P<under>[\d.,]+\s?[万亿千kw元]*)"
    r"|(?P<above>[\d.,]+\s?[万亿千kw元]*)\s?(?:以上|起)|(?P<below>[\d.,]+\s?[万亿千kw元]*)\s?(?:以下|以内)"
)
ENDING: Final = re.compile(r"到期|截止|结束|终止")
OWNER: Final = re.compile(r"(?:负责人|归)\s*[:：]?\s*(?P<name>\S{2,20})|(?P<whose>[一-龥]{2,4})的$")


def compares(text: str) -> bool:
    """Whether a sum in it is a bound, not a contract's own."""
    return COMPARED.search(text) is not None


def read_conditions(ctx: Context, text: str, *, mine: bool = False) -> dict[str, Any]:
    """As `step_read_conditions`, for a door."""
    with ctx.begin() as tx:
        return step_read_conditions(tx, ctx, text, mine=mine)


def step_read_conditions(tx: Tx, ctx: Context, text: str, *, mine: bool = False) -> dict[str, Any]:
    """A list's state, as its card keeps it: `执行中 李娜 本月签的 50万以上`.

    Raises:
        NotAValue, InvalidInput: a condition on one of the company's own fields that cannot be.
    """
    state: dict[str, Any] = {"page": 1, "said": text.strip(), "mine": ctx.actor.user_id if mine else ""}
    own, text = take_conditions(tx, ctx, "contract", text)
    if own:
        state["own"] = [asdict(one.condition) for one in own]
    text = _amounts(text, state)
    if EXPIRED.search(text):
        state["expired"], text = True, EXPIRED.sub(" ", text)
    else:
        found = EXPIRING.search(text)
        if found is None or not found["days"]:
            text = _days(text, state, ctx.now)
        if found := EXPIRING.search(text):
            state["expiring"] = int(found["days"]) if found["days"] else expiry_days(ctx)
            text = EXPIRING.sub(" ", text)
    for pattern, states in STATE_WORDS:
        if pattern.search(text):
            state["states"], text = [*state.get("states", ()), *states], pattern.sub(" ", text)
    state["said"] = "" if state["said"] in ("总额", "总数", "一共") else state["said"]
    asked = read_list(
        re.sub(r"合同|签订的?|签了(?:的|哪些|多少)?|签约?的?(?=\s|$)|金额|总额|总数|一共|哪些|的(?=\s|$)", " ", text)
    )
    words = []
    for word in asked.words:
        named = OWNER.fullmatch(word)
        name = (named["name"] or named["whose"]) if named else word
        person = step_person_called(tx, name)
        if person is not None and "owner" not in state:
            state["owner"] = person
        else:
            words.append(word)
    state["words"], state["page"] = words, asked.page
    return state


def _amounts(text: str, state: dict[str, Any]) -> str:
    found = COMPARED.search(text)
    if found is None:
        return text
    high = _yuan(found["high"])
    low_text = found["low"]
    if low_text and not re.search(r"[万亿千kw元]", low_text):  # 10到50万
        low_text += re.sub(r"[\d.,\s]", "", found["high"])
    for name, value in (
        ("least", _yuan(found["over"] or found["above"]) if low_text is None else _yuan(low_text)),
        ("most", _yuan(found["under"] or found["below"]) if high is None else high),
    ):
        if value is not None:
            state[name] = str(value)
    return f"{text[: found.start()]} {text[found.end() :]}"


def _yuan(text: str | None) -> Decimal | None:
    amount = parse_amount(text) if text else None
    return amount.value if amount is not None else None


def _days(text: str, state: dict[str, Any], now: datetime) -> str:
    span = find_range(text, now, prefer="past")
    if span is None:
        return text
    after = text[span.end :]
    ending = ENDING.match(after.lstrip()) or ENDING.search(text[: span.start])
    if ending:
        again = find_range(text, now, prefer="future")
        span = again or span
    state["ends" if ending else "signed"] = [span.first.isoformat(), span.last.isoformat()]
    text = f"{text[: span.start]} {text[span.end :]}"
    return ENDING.sub(" ", text) if ending else text


def expiry_days(ctx: Context) -> int:
    """N of 快到期: as the reminder rule has it."""
    days = ctx.settings.reminders.contract_expiry_days
    return EXPIRY if days is None else days


def filter_of(state: Mapping[str, Any], ctx: Context) -> ContractFilter:
    """The conditions, with days reckoned from today."""
    signed, ends = state.get("signed") or (None, None), state.get("ends") or (None, None)
    states = tuple(state.get("states", ()))
    ends_from, ends_until = _day(ends[0]), _day(ends[1])
    not_renewed = False
    if state.get("expiring") is not None:
        ends_from, ends_until = ctx.today, ctx.today + timedelta(days=int(state["expiring"]))
        states, not_renewed = ("effective",), True
    elif state.get("expired"):
        ends_from, ends_until = None, ctx.today - timedelta(days=1)
        states = DEALT
    return ContractFilter(
        words=tuple(str(w) for w in state.get("words", ())),
        owner_id=str(state.get("owner") or state.get("mine") or ""),
        states=states, ends_from=ends_from, ends_until=ends_until, signed_from=_day(signed[0]),
        signed_until=_day(signed[1]), least=_money(state.get("least")), most=_money(state.get("most")),
        not_renewed=not_renewed, customer_id=state.get("customer_id"),
        custom=tuple(Condition(**one) for one in state.get("own", ())),
    )  # fmt: skip


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _money(text: str | None) -> Decimal | None:
    return Decimal(text) if text else None


def title_of(state: Mapping[str, Any]) -> str:
    """我的合同 · 执行中 50万以上."""
    head = "我的合同" if state.get("mine") else "合同"
    if state.get("expiring") is not None:
        head = f"{head} · {state['expiring']} 天内到期"
    elif state.get("expired"):
        head = f"{head} · 已到期"
    elif state.get("said"):
        head = f"{head} · {str(state['said'])[:20]}"
    return head


def empty_list(state: Mapping[str, Any]) -> str:
    """Why there is nothing, and what can be done."""
    if state.get("expiring") is not None:
        return f"{state['expiring']} 天内没有到期的合同。想看得远一点，发送「60天内到期的合同」。"
    if state.get("expired"):
        return "没有已到期的合同。发送「快到期的合同」看看接下来的。"
    if state.get("said") or state.get("words"):
        return f"没有符合「{str(state.get('said') or '')[:40]}」的合同，少写一个条件再试试，例如「合同 执行中」。"
    return "还没有合同。发送「合同 华兴 30万 一年」登记一份。"
