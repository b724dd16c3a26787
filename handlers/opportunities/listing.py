"""Conditions of a list of opportunities: stage, result, owner, sum, expected day, standing still, words."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from bot.context import Context
from bot.language.dates import find_range
from bot.language.filters import read_list
from bot.language.money import find_amounts
from handlers.customfields.filters import take_conditions
from handlers.opportunities.stale import step_stale
from storage import people, stages
from storage.custom_fields import Condition
from storage.database import Tx
from storage.opportunities import OpportunityFilter

QUIET: Final = re.compile(r"(\d{1,4})\s*天(?:没|未|没有)?(?:跟进|联系)(?:的|过)?")
RESULTS: Final[Mapping[str, str]] = {
    "进行中": "open", "未结束": "open", "赢单": "won", "已赢": "won", "赢了": "won", "已赢单": "won", "成交": "won",
    "已成交": "won", "输单": "lost", "已输": "lost", "输了": "lost", "丢单": "lost", "已输单": "lost",
    "无效": "invalid", "作废": "invalid",
}  # fmt: skip
ALL: Final = re.compile(r"(?<!\S)(?:全部|所有)的?(?!\S)")
FILLED: Final = re.compile(r"预计(?:成交|签约|签单)?的?|成交的|签的|的(?=\s|$)")


def step_read_conditions(tx: Tx, ctx: Context, words: str, *, taken: Mapping[str, Any]) -> dict[str, Any]:
    """A list's state, as its card keeps it: `李娜 报价 10万以上 本月`; `taken`: known already.

    Raises:
        NotAValue, InvalidInput: a condition on one of the company's own fields that cannot be.
    """
    state: dict[str, Any] = dict(taken)
    said, words = take_conditions(tx, ctx, "opportunity", words)
    if said:
        state |= {"custom": [asdict(s.condition) for s in said], "said": [s.text for s in said if s.text]}
    if quiet := QUIET.search(words):
        state["quiet_days"] = int(quiet[1])
        words = QUIET.sub(" ", words)
    for amount in find_amounts(words):
        after = words[amount.end :].lstrip()[:2]
        state["most" if after in ("以下", "以内") else "least"] = str(amount.value)
        words = words[: amount.start] + re.sub(r"^\s*(?:以上|以下|以内)", "", words[amount.end :])
        break
    if span := find_range(words, ctx.now, prefer="future"):
        state["expected"] = [span.first.isoformat(), span.last.isoformat()]
        words = FILLED.sub(" ", f"{words[: span.start]} {words[span.end :]}")
    if ALL.search(words):
        state["result"], words = "", ALL.sub(" ", words)
    asked = read_list(words)
    left = [word for word in asked.words if not _known(tx, word, state)]
    return state | {"words": left, "page": asked.page}


def _known(tx: Tx, word: str, state: dict[str, Any]) -> bool:
    """Whether the word is a condition; it is in the state then."""
    stage = stages.find_stage(tx, word)
    plain = word.removesuffix("的").removesuffix("商机") or word
    if stage is not None:
        state["stage_id"] = stage.id
    elif word in ("逾期", "过期"):
        state["overdue"] = True
    elif word == "停滞":
        state["stale"] = True
    elif plain in RESULTS:
        state["result"] = RESULTS[plain]
    elif word != "商机":
        met = [p for p in people.list_by_name(tx, word) if p.name == word] if "owner" not in state else []
        if len(met) != 1:
            return False
        state |= {"owner": met[0].user_id, "owner_name": met[0].name}
    return True


def step_filter(tx: Tx, ctx: Context, state: Mapping[str, Any]) -> OpportunityFilter:
    """The conditions, with days reckoned from today."""
    quiet, expected = state.get("quiet_days"), state.get("expected") or (None, None)
    midnight = ctx.now.replace(hour=0, minute=0, second=0, microsecond=0)
    return OpportunityFilter(
        words=tuple(str(w) for w in state.get("words", ())),
        owner_id=str(state.get("owner") or state.get("mine") or ""), customer_id=state.get("customer_id"),
        stage_id=state.get("stage_id"), result=str(state.get("result", "open")),
        least=Decimal(state["least"]) if state.get("least") else None,
        most=Decimal(state["most"]) if state.get("most") else None,
        expected_from=date.fromisoformat(expected[0]) if expected[0] else None,
        expected_until=date.fromisoformat(expected[1]) if expected[1] else None,
        overdue_on=ctx.today if state.get("overdue") else None,
        quiet_since=midnight - timedelta(days=int(quiet) - 1) if quiet is not None else None,
        stale=step_stale(tx, ctx) if state.get("stale") else None,
        custom=tuple(Condition(**one) for one in state.get("custom", ())),
    )  # fmt: skip
