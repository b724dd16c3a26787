"""Who is really gone, how many may go unasked, and an administrator's word on the rest (R-SYNC-1..3).

Missing from a list proves nothing: the app's scope may have shrunk. Only DingTalk's "no such person" does
(platform.md 13, trap 38), so whoever is missing is asked for by id first.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.dingtalk.contacts import Contacts
from bot.dingtalk.errors import DepartmentGone, DingTalkError, NotInScope, PersonGone
from bot.dingtalk.records import DepartmentRecord, UserRecord
from storage import org, sync_runs
from storage.database import Tx
from sync.report import reason_of
from sync.snapshot import Problem

VERIFIED = 200  # more missing people than that are not asked for one by one: an administrator is
AT_LEAST = 5
SHARE = 10  # per cent


def over_the_line(leaving: int, active: int) -> bool:
    """Whether so many of the active staff are too many to go unasked: more than max(5, 10 %)."""
    return leaving > AT_LEAST and leaving * 100 > active * SHARE


@dataclass(slots=True)
class Verdict:
    """What became of those who were missing."""

    gone: set[str] = field(default_factory=set)
    present: list[UserRecord] = field(default_factory=list)
    gone_units: set[int] = field(default_factory=set)
    present_units: list[DepartmentRecord] = field(default_factory=list)
    hidden_units: set[int] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)


async def verify(contacts: Contacts, user_ids: Collection[str], department_ids: Collection[int]) -> Verdict:
    """Asks DingTalk for each of them."""
    verdict = Verdict()
    async with asyncio.TaskGroup() as group:
        for user_id in sorted(user_ids):
            group.create_task(_verify_person(contacts, user_id, verdict))
        for department_id in sorted(department_ids):
            group.create_task(_verify_unit(contacts, department_id, verdict))
    return verdict


async def _verify_person(contacts: Contacts, user_id: str, verdict: Verdict) -> None:
    try:
        verdict.present.append(await contacts.user(user_id))
    except PersonGone:
        verdict.gone.add(user_id)
    except NotInScope as failure:
        verdict.problems.append(Problem("hidden", user_id, reason_of(failure)))
    except DingTalkError as failure:
        verdict.problems.append(Problem("unverified", user_id, reason_of(failure)))


async def _verify_unit(contacts: Contacts, department_id: int, verdict: Verdict) -> None:
    try:
        verdict.present_units.append(await contacts.department(department_id))
    except DepartmentGone:
        verdict.gone_units.add(department_id)
    except NotInScope:
        verdict.hidden_units.add(department_id)
    except DingTalkError as failure:
        verdict.problems.append(Problem("department", department_id, reason_of(failure)))


def confirm_removals(tx: Tx, run_id: int, by: str, now: datetime) -> tuple[str, ...]:
    """The administrator says they have left: returns who worked here until now.

    Whoever was seen at work meanwhile is no longer on the list, and nobody removes himself.

    Raises:
        NotFound: no such run.
        RuleBroken: it was decided on already, or a later sync judged anew.
    """
    org.lock(tx, now=now)
    run = sync_runs.take_waiting(tx, run_id, by=by, now=now)
    left = org.mark_left(tx, [user_id for user_id in run.removals if user_id != by], now=now)
    departments: Sequence[int] = run.counts.get("departments_held", ())
    org.remove_units(tx, departments)
    held = run.counts.get("waiting", 0)
    run.counts = run.counts | {
        "left": run.counts.get("left", 0) + len(left), "waiting": 0, "spared": held - len(left),
        "departments_removed": run.counts.get("departments_removed", 0) + len(departments), "departments_waiting": 0,
    }  # fmt: skip
    return left


def refuse_removals(tx: Tx, run_id: int, by: str, now: datetime) -> tuple[str, ...]:
    """The administrator says they all stay; returns who that is. The next sync asks again if it finds the same.

    Raises:
        NotFound: no such run.
        RuleBroken: it was decided on already, or a later sync judged anew.
    """
    run = sync_runs.take_waiting(tx, run_id, by=by, now=now)
    run.counts = run.counts | {"waiting": 0, "spared": run.counts.get("waiting", 0), "departments_waiting": 0}
    return tuple(run.removals)
