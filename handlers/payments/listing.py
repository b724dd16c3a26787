"""Conditions of a list of payments: owner, customer, days, method, words."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from bot.context import Context
from bot.language.dates import find_range
from bot.language.filters import read_list
from handlers.customers.finding import step_find_customer
from handlers.customfields.filters import take_conditions
from storage import people
from storage.custom_fields import Condition
from storage.database import Tx
from storage.payments import PaymentFilter


def step_read_conditions(tx: Tx, ctx: Context, text: str, *, taken: Mapping[str, Any]) -> dict[str, Any]:
    """A list's state, as its card keeps it: `华兴 本月 转账`; `taken`: known already.

    Raises:
        NotAValue, InvalidInput: a condition on one of the company's own fields that cannot be.
    """
    state: dict[str, Any] = {"page": 1, "title": text.strip()[:20], **taken}
    own, text = take_conditions(tx, ctx, "payment", text)
    if own:
        state["own"] = [asdict(one.condition) for one in own]
    if span := find_range(text, ctx.now, prefer="past"):
        state["span"] = [span.first.isoformat(), span.last.isoformat()]
        text = f"{text[: span.start]} {text[span.end :]}"
    asked = read_list(re.sub(r"回款|记录|列表|的(?=\s|$)", " ", text))
    left: list[str] = []
    for word in asked.words:
        met = [p for p in people.list_by_name(tx, word) if p.name == word] if "owner" not in state else []
        if len(met) == 1:
            state["owner"] = met[0].user_id
            continue
        known = state.get("contract_id") or state.get("customer_id")
        meant = step_find_customer(tx, ctx, word, pooled=None).certain if not known and not left else None
        if meant is not None:
            state["customer_id"] = meant
        else:
            left.append(word)
    return state | {"words": left, "page": asked.page}


def filter_of(state: Mapping[str, Any], *, live: bool = False) -> PaymentFilter:
    """A list's conditions. `live`: without voided ones."""
    span = state.get("span") or (None, None)
    days = [date.fromisoformat(d) if d else None for d in span]
    words, own = state.get("words", ()), state.get("own", ())
    return PaymentFilter(
        contract_id=state.get("contract_id"), customer_id=state.get("customer_id"),
        owner_id=str(state.get("owner") or state.get("mine") or ""), words=tuple(str(w) for w in words),
        paid_from=days[0], paid_until=days[1], custom=tuple(Condition(**one) for one in own), live=live,
    )  # fmt: skip
