"""What a bench says: medians, ratios against a baseline of the same run, and whether a goal is met."""

from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is done. `runs` of everything, of which the median counts."""

    runs: int
    frames: int  # bench 1, each run
    sdk_replies: int  # bench 2: the SDK makes 43 a second
    replies: int
    follow_ups: int
    follow_ups_in_flight: tuple[int, ...]
    customers: int  # bench 4: claimed by `claimers` people at once
    claimers: int
    taps: int
    people: int  # bench 6
    departments: int
    starts: int  # bench 7
    imported: int  # rows of a table of customers
    crowd: int = 1_000_000  # bench 8: customers, with five follow-ups each
    questions: int = 200


NORMAL = Scale(
    runs=5, frames=15_000, sdk_replies=150, replies=1_500, follow_ups=1_000, follow_ups_in_flight=(1, 50, 200),
    customers=30, claimers=50, taps=1_000, people=10_000, departments=500, starts=5,
    imported=20_000,
)  # fmt: skip
TINY = Scale(
    runs=1, frames=60, sdk_replies=8, replies=20, follow_ups=12, follow_ups_in_flight=(1, 4), customers=2, claimers=4,
    taps=8, people=40, departments=4, starts=1, imported=40, crowd=2_000, questions=6,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `met` None: shown for orientation, no goal."""

    bench: str
    value: float
    unit: str
    baseline: float | None = None
    against: str = ""
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def faster(
    bench: str, values: list[float], baselines: list[float], *, unit: str, against: str, at_least: float | None = None
) -> Figure:
    """A rate against another rate: more is better."""
    value, baseline = median(values), median(baselines)
    ratio = value / baseline
    goal, met = ("", None) if at_least is None else (f"≥ {at_least:g} ×", ratio >= at_least)
    return Figure(bench, value, unit, baseline, against, ratio, goal, met)


def slower(bench: str, values: list[float], baselines: list[float], *, against: str, at_most: float) -> Figure:
    """Seconds against seconds: less is better."""
    value, baseline = median(values), median(baselines)
    return Figure(
        bench, value, "s", baseline, against, value / baseline, f"≤ {at_most:g} ×", value / baseline <= at_most
    )


def bounded(bench: str, values: list[float], *, unit: str, at_most: float | None = None) -> Figure:
    """A figure with an absolute bound."""
    value = median(values)
    if at_most is None:
        return Figure(bench, value, unit)
    return Figure(bench, value, unit, goal=f"≤ {at_most:g} {unit}", met=value <= at_most)


def p99(latencies: list[float]) -> float:
    """In milliseconds, of seconds."""
    ranked = sorted(latencies)
    return 1000 * ranked[min(len(ranked) - 1, int(len(ranked) * 0.99))]
