"""What a sentence about targets means, and when a batch must ask. Pure.

Source: manual 3.4; requirements R3.30–R3.32; crm-rules.md R-TGT-1, R-TGT-2.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from bot.core.errors import InvalidInput, RuleBroken
from bot.core.money import CENT
from bot.language.money import parse_amount, show_money_short

EXAMPLE: Final = "设目标 李四 合同额 2026年 每月30万"
METRICS: Final = {"contract": "合同额", "payment": "回款额"}
METRIC: Final = re.compile(r"(合同额?|签约额?|业绩|回款额?|到账)(?:目标)?")
YEAR: Final = re.compile(r"(?:(\d{4})\s*年?|(今年|本年|明年|去年))(?=\s|$|度|每|[一-龥])", re.ASCII)
EVERY: Final = re.compile(r"(?:每个?月|每月各?|月均)\s*(?P<amount>[^\s,，;；]+)")
MONTH: Final = re.compile(r"(?<!\d)(?P<month>\d{1,2})\s*月(?:份)?\s*[:：]?\s*(?P<amount>[^\s,，;；、]+)", re.ASCII)
ALL_MONTHS: Final = tuple(range(1, 13))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a person is with one metric in a month. Yuan; `target` None: there is none, hence no rate."""

    metric: str
    actual: Decimal
    target: Decimal | None


def rate(actual: Decimal, target: Decimal | None) -> int | None:
    """Percent, rounded half up; None without a target, or with one of nothing (R-TGT-5, invariant 94)."""
    if not target:
        return None
    return int((actual * 100 / target).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def progress_text(one: Progress) -> str:
    """合同额 12 万 / 30 万（40%）; 合同额 12 万（未设目标）."""
    said = f"{METRICS[one.metric]} {show_money_short(one.actual)}"
    if one.target is None:
        return f"{said}（未设目标）"
    percent = rate(one.actual, one.target)
    return f"{said} / {show_money_short(one.target)}" + (f"（{percent}%）" if percent is not None else "（—）")


class ChangedSince(RuleBroken, code="targets.changed"):
    """Somebody has changed these months after what would be taken back."""


@dataclass(frozen=True, slots=True)
class TargetWords:
    """A sentence taken apart. `metric` empty: not said."""

    who: str
    metric: str  # contract | payment | ""
    year: int
    months: dict[int, Decimal]  # yuan
    batch: bool  # 每月: one initial value for all twelve

    def row(self) -> dict[str, object]:
        """As JSON, for a question that is still open."""
        return {
            "who": self.who, "metric": self.metric, "year": self.year, "batch": self.batch,
            "months": {str(m): str(a) for m, a in self.months.items()},
        }  # fmt: skip


def words_of(row: dict[str, object]) -> TargetWords:
    """The inverse of `TargetWords.row`."""
    months = {int(m): Decimal(str(a)) for m, a in dict(row["months"]).items()}  # type: ignore[call-overload]
    return TargetWords(str(row["who"]), str(row["metric"]), int(str(row["year"])), months, bool(row["batch"]))


def read_metric(text: str) -> str:
    """合同额 or 回款额; empty: neither."""
    found = METRIC.search(text)
    if found is None:
        return ""
    return "payment" if found.group(1)[0] in "回到" else "contract"


def read_targets(text: str, *, today: date) -> TargetWords:
    """`李四 合同额 2026年 每月30万`, `销售一部 回款额 7月 50万 8月 60万`. Without a year: this year.

    Raises:
        InvalidInput: names what is missing.
    """
    rest = text.strip()
    months: dict[int, Decimal] = {}
    every = EVERY.search(rest)
    if every is not None:
        months = dict.fromkeys(ALL_MONTHS, _amount(every["amount"]))
        rest = rest[: every.start()] + " " + rest[every.end() :]
    for found in MONTH.finditer(rest):
        month = int(found["month"])
        if not 1 <= month <= 12:
            raise InvalidInput(f"没有 {month} 月，月份是 1 到 12。")
        months[month] = _amount(found["amount"])
    rest = MONTH.sub(" ", rest)
    metric = read_metric(rest)
    rest = METRIC.sub(" ", rest)
    year = today.year
    named = YEAR.search(rest)
    if named is not None:
        year = int(named[1]) if named[1] else today.year + {"明年": 1, "去年": -1}.get(named[2], 0)
        rest = rest[: named.start()] + " " + rest[named.end() :].removeprefix("度")
    who = re.sub(r"[\s,，:：;；、]+", " ", rest).strip().removesuffix("的").strip()
    missing = [label for label, there in (("给谁", who), ("多少", months)) if not there]
    if missing:
        raise InvalidInput(f"还差{'、'.join(missing)}，例如「{EXAMPLE}」或「设目标 销售一部 回款额 7月 50万」。")
    if not 2000 <= year <= 2100:
        raise InvalidInput(f"没认出年份「{year}」，例如 2026年。")
    return TargetWords(who, metric, year, months, batch=every is not None)


def differing(words: TargetWords, present: dict[int, Decimal]) -> dict[int, Decimal]:
    """Months that have another target already, which a batch must not overwrite unasked (R3.32)."""
    if not words.batch:
        return {}
    return {m: present[m] for m in words.months if m in present and present[m] != words.months[m]}


def _amount(text: str) -> Decimal:
    found = parse_amount(text)
    if found is None or found.value is None or not found.sure:
        raise InvalidInput(f"没认出金额「{text}」，例如 30万 或 300000。")
    if found.value < 0 or found.value != found.value.quantize(CENT):
        raise InvalidInput("目标不能是负数，最多两位小数。")
    return found.value.quantize(CENT)
