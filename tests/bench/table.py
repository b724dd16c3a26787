"""The benchmark table: every figure a median, against a baseline of the same run (`dingcrm bench`)."""

import json
import os
import sys
from collections.abc import Awaitable, Callable

from bot.commands import house
from tests.bench import absence, claims, follow_ups, importing, org_sync, replies, scale, starting, stream, taps
from tests.bench.figures import NORMAL, Figure, Scale

BENCHES: dict[str, Callable[[Scale], Awaitable[list[Figure]]]] = {
    "stream": stream.measure,
    "replies": replies.measure,
    "follow_ups": follow_ups.measure,
    "claims": claims.measure,
    "importing": importing.measure,
    "taps": taps.measure,
    "org_sync": org_sync.measure,
    "starting": starting.measure,
    "scale": scale.measure,
    "absence": absence.measure,
}


def run(as_json: bool) -> int:
    """Prints the table. DINGCRM_BENCH=stream,taps runs only those. Missed goals are shown, and no failure."""
    wanted = [name for name in os.environ.get("DINGCRM_BENCH", "").split(",") if name] or list(BENCHES)
    figures = [figure for name in wanted for figure in house.go(_measured(name))]
    if as_json:
        print(json.dumps([figure.as_json() for figure in figures], ensure_ascii=False, indent=1))
    else:
        print_table(figures)
    return 0


async def _measured(name: str) -> list[Figure]:
    print(f"{name} …", file=sys.stderr, flush=True)
    return await BENCHES[name](NORMAL)


def print_table(figures: list[Figure]) -> None:
    """In columns."""
    rows = [("bench", "value", "baseline", "ratio", "goal", "met")]
    for one in figures:
        baseline = f"{_short(one.baseline)} {one.against}" if one.baseline is not None else ""
        ratio = f"{one.ratio:.2f} ×" if one.ratio is not None else ""
        met = {True: "yes", False: "NO", None: ""}[one.met]
        rows.append((one.bench, f"{_short(one.value)} {one.unit}", baseline, ratio, one.goal, met))
    widths = [max(len(row[n]) for row in rows) for n in range(6)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(run(as_json="--json" in sys.argv))
