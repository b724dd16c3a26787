"""The stand-in's whole state: one object every module works on. In memory; begins anew at each start."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Protocol

from bot.sandbox.clock import SandboxClock, iso
from bot.sandbox.company import Company
from bot.sandbox.company_world import WorldApp, WorldError, read_world


@dataclass(slots=True)
class Knobs:
    """What the documents leave open or a test wants to vary; defaults are the strict readings."""

    ticket_seconds: float = 90
    bad_ticket_status: int = 403
    wrong_secret_status: int = 400
    ping_seconds: float = 0  # 0: no SYSTEM ping
    disconnect_seconds: float = 0  # 0: no periodic announced disconnect
    disconnect_grace: float = 10  # seconds of silence before the TCP connection is dropped
    event_ack_seconds: float = 3
    event_attempts: int = 3
    event_retry_seconds: float = 1
    event_duplicate_rate: float = 0  # an acknowledged event is pushed again
    event_delay_seconds: float = 0  # up to so late, hence out of order
    keep_message_id: bool = False  # of a redelivery
    bot_redeliver_seconds: float = 0  # 0: fire and forget
    offline_events: str = "retry"  # retry | drop
    offline_bot: str = "drop"  # drop | queue
    published: bool = True  # False: no senderStaffId, no isAdmin
    quota_exhausted: bool = False
    webhook_millis: int = 5_400_000
    webhook_expired_code: int = 300001
    download_once: bool = False
    download_seconds: float = 600
    bot_per_minute: int = 0  # 0: unlimited
    qps: int = 20
    monthly_api: int = 0  # 0: unlimited
    invalid_token_status: int = 400
    denied_permissions: list[str] = field(default_factory=list)
    hidden_fields: list[str] = field(default_factory=list)  # mobile, email, extension …
    strings_for_bools: bool = False
    read_delay_seconds: float = 0  # reads show a change so late
    card_broadcast: bool = False  # a callback's cardData for all viewers
    tap_seconds: float = 2
    daily_notices: int = 500
    notices_per_minute: int = 5000
    to_all_per_day: int = 3
    http_callback_url: str = ""
    http_callback_token: str = "sandboxtoken"
    http_callback_aes_key: str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


AppCredentials = WorldApp


class Driver(Protocol):
    """The app in the same process (`dingcrm demo`), living by the sandbox's clock."""

    async def advance(self, set_now: Callable[[datetime], None], target: datetime) -> list[dict[str, str]]:
        """Does what falls due on the way to `target`, each at its own time."""
        ...

    async def idle(self, wait: float) -> bool:
        """Whether everything is worked off and delivered; waits for it."""
        ...

    def ready(self) -> bool:
        """Whether the mirror is filled and the company loaded."""
        ...


class InboxBook:
    """What reached each person, in one global sequence."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self.items: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.seq = 0
        self.changed = asyncio.Condition()

    def add(
        self, userid: str, *, kind: str, conversation: str, via: str, title: str = "", text: str = "",
        buttons: list[dict[str, Any]] | None = None, card: dict[str, Any] | None = None,
        file: dict[str, Any] | None = None, raw: Any = None,
    ) -> int:  # fmt: skip
        """A new item; wakes who waits."""
        self.seq += 1
        self.items[userid].append(
            {
                "seq": self.seq, "at": iso(self._clock.now()), "kind": kind, "conversation": conversation, "via": via,
                "title": title, "text": text, "buttons": buttons or [], "card": card, "file": file, "raw": raw,
            }
        )  # fmt: skip
        self.wake()
        return self.seq

    def wake(self) -> None:
        """Tells the long polls."""
        task = asyncio.ensure_future(self._notify())
        _KEPT.add(task)
        task.add_done_callback(_KEPT.discard)

    async def _notify(self) -> None:
        async with self.changed:
            self.changed.notify_all()


_KEPT: set[asyncio.Future[None]] = set()


class Log:
    """A numbered list for `?after=SEQ`."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(self, row: dict[str, Any]) -> dict[str, Any]:
        """Appends with the next `seq`; the row may be completed later."""
        row = {"seq": len(self.rows) + 1, **row}
        self.rows.append(row)
        return row

    def after(self, seq: int) -> dict[str, Any]:
        """The contract's page."""
        return {"items": self.rows[seq:], "next": len(self.rows)}


@dataclass(slots=True)
class StoredFile:
    """Bytes somebody gave or was given."""

    id: str
    name: str
    content: bytes
    content_type: str = "application/octet-stream"


@dataclass(slots=True)
class Usage:
    """Calls of one month."""

    api: int = 0
    webhook_stream: int = 0
    exempt: int = 0


class Sandbox:
    """The stand-in DingTalk."""

    def __init__(self, company: Company, app: AppCredentials, clock: SandboxClock) -> None:
        from bot.sandbox.cards import CardShelf  # noqa: PLC0415 -- these modules type against Sandbox
        from bot.sandbox.faults import Faults  # noqa: PLC0415
        from bot.sandbox.push import Switchboard  # noqa: PLC0415

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
        self.memory: dict[str, Any] = {}  # module name → its own state
        self.closers: list[Callable[[], Awaitable[None]]] = []

    @classmethod
    def from_world(cls, world: dict[str, Any], now: datetime | None = None) -> "Sandbox":
        """Reads the sections above `settings`.

        Raises:
            WorldError: names the path.
        """
        read = read_world(world)
        return cls(read.company, read.app, SandboxClock(now or read.now))

    @property
    def month(self) -> Usage:
        """This month's usage."""
        return self.usage[self.clock.now().strftime("%Y-%m")]

    def set_knobs(self, values: dict[str, Any]) -> None:
        """Raises KeyError for a name that is no knob."""
        known = {f.name for f in fields(Knobs)}
        for name in values:
            if name not in known:
                raise KeyError(name)
        for name, value in values.items():
            setattr(self.knobs, name, value)


__all__ = ["AppCredentials", "Driver", "InboxBook", "Knobs", "Log", "Sandbox", "StoredFile", "WorldError"]
