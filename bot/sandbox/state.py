"""The stand-in's whole state: one object every module works on. In memory; begins anew at each start."""

import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Protocol

from bot.sandbox.books import InboxBook, Log, StoredFile, Usage
from bot.sandbox.cards import CardShelf
from bot.sandbox.clock import SandboxClock
from bot.sandbox.company import Company
from bot.sandbox.company_world import WorldApp, WorldError, read_world
from bot.sandbox.errors import bad
from bot.sandbox.faults import Faults
from bot.sandbox.knobs import Knobs
from bot.sandbox.push import Switchboard

AppCredentials = WorldApp


class Driver(Protocol):
    """The app in the same process (`dingcrm demo`), living by the sandbox's clock."""

    async def advance(self, set_now: Callable[[datetime], None], target: datetime) -> list[dict[str, str]]:
        """Does what falls due on the way to `target`, in order, each at its own time.

        `set_now` moves the sandbox's clock. Returns the jobs done: name, due, result.
        """
        ...

    async def idle(self, wait: float) -> bool:
        """Whether everything is worked off and delivered; waits for it at most `wait` seconds."""
        ...

    def ready(self) -> bool:
        """Whether the mirror is filled and the company loaded."""
        ...


class Sandbox:
    """The stand-in DingTalk.

    `memory` holds what only one module uses, under that module's own key; `closers` run when the server stops.
    """

    def __init__(self, company: Company, app: AppCredentials, clock: SandboxClock) -> None:
        self.company, self.app, self.clock = company, app, clock
        self.knobs = Knobs()
        self.rng = random.Random(20260302)  # noqa: S311 -- a dice for tests, no secret
        self.inbox = InboxBook(clock)
        self.calls, self.pushes, self.notices, self.violations = Log(), Log(), Log(), Log()
        self.faults = Faults()
        self.files: dict[str, StoredFile] = {}
        self.usage: dict[str, Usage] = defaultdict(Usage)
        self.switchboard = Switchboard(self)
        self.cards = CardShelf(self)
        self.driver: Driver | None = None
        self.base_url = ""
        self.last_call = 0.0  # loop time of the last platform request, for idle without a driver
        self.open_calls = 0
        self.stopping = False
        self.memory: dict[str, Any] = {}
        self.closers: list[Callable[[], Awaitable[None]]] = []

    @classmethod
    def from_world(cls, world: dict[str, Any], now: datetime | None = None) -> "Sandbox":
        """Reads the sections above `settings`; the clock starts at `now`, else at the world's, else at the real time.

        Raises:
            WorldError: names the path.
        """
        read = read_world(world)
        return cls(read.company, read.app, SandboxClock(now or read.now))

    @property
    def month(self) -> Usage:
        """Usage of the month the clock stands in."""
        return self.usage[self.clock.now().strftime("%Y-%m")]

    def set_knobs(self, values: dict[str, Any]) -> None:
        """All or none.

        Raises:
            ControlError: 400, names the knob.
        """
        try:
            self.knobs.set(values)
        except ValueError as wrong:
            raise bad(str(wrong)) from wrong


__all__ = [
    "AppCredentials",
    "Driver",
    "InboxBook",
    "Knobs",
    "Log",
    "Sandbox",
    "StoredFile",
    "Usage",
    "WorldError",
]
