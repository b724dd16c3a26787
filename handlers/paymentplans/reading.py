"""What sentences about payment plans say. Pure."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from bot.language.money import find_amounts
from bot.language.numbers import integer
from handlers.contracts.reading import GAP, SPACED, find_days
from handlers.payments.reading import PERIOD

FIRST_DUE: Final = re.compile(r"(?:按|照)?(?:到期)?(?:先后|顺序)|默认|自动|不指定")
PERIODS: Final = re.compile(r"(?:分|共|分成)?\s*(?P<count>\d{1,3}|[一二两三四五六七八九十]{1,3})\s*期")


@dataclass(frozen=True, slots=True)
class PlanWords:
    """Instalments, or how many equal ones; `doubts`: what was not sure."""

    plans: tuple[tuple[date, Decimal], ...] = ()
    count: int | None = None
    doubts: tuple[str, ...] = ()


def read_plans(text: str, now: datetime) -> PlanWords:
    """`4月底 10万 6月底 20万`, in either order of day and sum; `3期`."""
    text = SPACED.sub(GAP, text)
    days = find_days(text, now)
    doubts = [said for *_, said, _back, _ahead, sure in days if not sure]
    masked = text
    for start, end, *_ in days:
        masked = masked[:start] + GAP * (end - start) + masked[end:]
    sums = find_amounts(masked)
    doubts += [a.text for a in sums if not a.sure or a.value is None]
    if not days and not sums:
        found = PERIODS.search(text.replace(GAP, ""))
        return PlanWords(count=integer(found["count"]) if found else None)
    if doubts:
        return PlanWords(doubts=tuple(doubts))
    if len(days) != len(sums):
        return PlanWords(doubts=(f"{len(days)} 个日期和 {len(sums)} 个金额",))
    plans = []
    for (_, _, _, _, ahead, _), amount in zip(days, sums, strict=True):
        assert amount.value is not None
        plans.append((ahead, amount.value))
    return PlanWords(tuple(plans))


def read_parts(text: str) -> list[tuple[int, Decimal | None]] | None:
    """`第2期 3万 第3期`: periods and amounts, None: as much as there is; `按到期先后`: []. None: neither."""
    if FIRST_DUE.fullmatch(text.strip(" 。.!！")):
        return []
    found = list(PERIOD.finditer(text))
    parts: list[tuple[int, Decimal | None]] = []
    for n, one in enumerate(found):
        following = found[n + 1].start() if n + 1 < len(found) else None
        sums = find_amounts(text[one.end() : following])
        if len(sums) > 1 or any(not s.sure or s.value is None for s in sums):
            return None
        parts.append((integer(one["period"]) or 0, sums[0].value if sums else None))
    return parts or None
