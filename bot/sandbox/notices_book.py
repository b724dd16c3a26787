"""Who gets a work notification and who silently does not (platform.md 4.1, behaviours 32 and 33)."""

import hashlib
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

import orjson

from bot.sandbox.state import Sandbox

Fate = Literal["delivered", "duplicate", "daily_limit", "rate_limit", "out_of_scope", "invalid"]

FORBIDDEN_CODES: Final[dict[Fate, int]] = {"rate_limit": 143103, "daily_limit": 143105, "duplicate": 143106}
RECEIVERS_PER_SEND: Final = 5000
MINUTE: Final = timedelta(minutes=1)
STARTED_AFTER: Final = timedelta(seconds=1)
FINISHED_AFTER: Final = timedelta(seconds=2)
FIRST_TASK: Final = 256_271_667_526


@dataclass(slots=True)
class Task:
    """One accepted send; `items` are the inbox numbers of those it reached."""

    id: int
    at: datetime
    message: dict[str, Any]
    fates: dict[str, Fate]
    invalid_departments: list[int]
    items: dict[str, int] = field(default_factory=dict)
    recalled: bool = False

    def status(self, now: datetime) -> tuple[int, int]:
        """Return percent and status: 0 未开始, 1 处理中, 2 完毕 (behaviour 34)."""
        age = now - self.at
        if age < STARTED_AFTER:
            return 0, 0
        return (50, 1) if age < FINISHED_AFTER else (100, 2)


def content_key(message: dict[str, Any]) -> str:
    """Return what two messages of the same content share: the whole msg, whatever the order of its keys."""
    return hashlib.sha256(orjson.dumps(message, option=orjson.OPT_SORT_KEYS)).hexdigest()


class NoticeBook:
    """What was sent, and the counters that decide each receiver's fate. The day is Beijing's calendar day."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.tasks: dict[int, Task] = {}
        self._day: date | None = None
        self._sent_today: dict[str, set[str]] = {}
        self._count_today: Counter[str] = Counter()
        self._to_all_today = 0
        self._last_minute: deque[datetime] = deque()

    def send(
        self,
        message: dict[str, Any],
        receivers: Iterable[str],
        *,
        invalid_departments: list[int],
        to_all: bool,
    ) -> Task:
        """Decide every receiver's fate, once and for all, and remember the task."""
        now = self._sandbox.clock.now()
        if now.date() != self._day:
            self._day = now.date()
            self._sent_today, self._count_today, self._to_all_today = {}, Counter(), 0
        while self._last_minute and self._last_minute[0] <= now - MINUTE:
            self._last_minute.popleft()
        over_all = to_all and self._to_all_today >= self._sandbox.knobs.to_all_per_day
        self._to_all_today += to_all and not over_all
        key = content_key(message)
        fates: dict[str, Fate] = {}
        sent = 0
        for userid in receivers:
            fate = self._fate(userid, key, over=over_all or sent >= RECEIVERS_PER_SEND)
            fates[userid] = fate
            if fate == "delivered":
                sent += 1
                self._last_minute.append(now)
                self._sent_today.setdefault(userid, set()).add(key)
                self._count_today[userid] += 1
        task = Task(FIRST_TASK + len(self.tasks), now, message, fates, invalid_departments)
        self.tasks[task.id] = task
        return task

    def _fate(self, userid: str, key: str, *, over: bool) -> Fate:
        company, knobs = self._sandbox.company, self._sandbox.knobs
        person = company.person(userid)
        if person is None:
            return "invalid"
        if not company.person_readable(person):
            return "out_of_scope"
        if key in self._sent_today.get(userid, ()):
            return "duplicate"
        if 0 < knobs.daily_notices <= self._count_today[userid]:
            return "daily_limit"
        if over or 0 < knobs.notices_per_minute <= len(self._last_minute):
            return "rate_limit"
        return "delivered"


def book_of(sandbox: Sandbox) -> NoticeBook:
    """Return the sandbox's book, opened at the first use."""
    book: NoticeBook | None = sandbox.memory.get("notice_book")
    if book is None:
        book = sandbox.memory["notice_book"] = NoticeBook(sandbox)
    return book
