"""Nothing acknowledged is lost, no effect twice, no notice twice, whenever the process is killed.

The suite kills 20 times; `DINGCRM_KILLS=200 pytest tests/crash` is the long form.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.harness import Report, run_kills

KILLS = int(os.environ.get("DINGCRM_KILLS", "20"))
TRIES = 4  # of a broken variant: five kills on a slow machine may all miss it
SEED = int(os.environ.get("DINGCRM_SEED", "20260302"))


@pytest.mark.timeout(180 + KILLS * 25)
async def test_the_house_survives_every_kill(tmp_path: Path) -> None:
    report = await run_kills("sound", KILLS, tmp_path, SEED)
    assert report.kills == KILLS
    assert report.acked > KILLS, "the harness hardly said anything"
    assert report.repeats > 0
    assert sum(report.approvals.values()) > KILLS // 2, "the harness hardly applied for anything"
    ends = [report.approvals[end] for end in ("approved", "rejected", "cancelled")]
    assert sum(ends) > KILLS // 4 and sum(map(bool, ends)) > 1, report.approvals
    assert report.clean, report


async def noticed(variant: str, kills: int, place: Path, tells: Callable[[Report], bool]) -> bool:
    """Whether a house broken on purpose is told from a sound one; chance has a few tries to strike."""
    for attempt in range(TRIES):
        (place / str(attempt)).mkdir()
        if tells(await run_kills(variant, kills, place / str(attempt), SEED + attempt)):
            return True
    return False


@pytest.mark.timeout(600)
@pytest.mark.parametrize("variant", ["ack_first", "two_steps"])
async def test_the_harness_notices_a_broken_house(variant: str, tmp_path: Path) -> None:
    """A control that passes is a broken harness. It is given enough kills to strike."""
    assert await noticed(variant, 6, tmp_path, lambda report: bool(report.lost))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("variant", ["tap_first", "half_tap"])
async def test_the_harness_notices_a_broken_decision(variant: str, tmp_path: Path) -> None:
    """A 同意 that is answered before it is done, and one that is done by halves."""

    def tells(report: Report) -> bool:
        return any("FP-" in one for one in (report.lost if variant == "tap_first" else report.other))

    assert await noticed(variant, 5, tmp_path, tells)
