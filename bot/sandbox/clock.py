"""The sandbox's clock: it ticks like the real one and can be set forward."""

import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class SandboxClock:
    """A moment plus the time that has passed since it was set; steady when the machine's own clock is corrected."""

    def __init__(self, now: datetime | None = None) -> None:
        self._base = datetime.now(SHANGHAI)
        self._since = time.monotonic()
        if now is not None:
            self.set(now)

    def now(self) -> datetime:
        """The moment it is here, in Beijing time."""
        return self._base + timedelta(seconds=time.monotonic() - self._since)

    def set(self, now: datetime) -> None:
        """It is this moment now, and ticks on from here."""
        self._base = now.astimezone(SHANGHAI)
        self._since = time.monotonic()

    def millis(self) -> int:
        """Milliseconds since 1970, as DingTalk writes moments."""
        return int(self.now().timestamp() * 1000)


def parse_moment(text: str) -> datetime:
    """ISO 8601 with offset. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset; write 2026-03-02T09:00:00+08:00")
    return moment.astimezone(SHANGHAI)


def iso(moment: datetime) -> str:
    """To the second, with offset."""
    return moment.astimezone(SHANGHAI).isoformat(timespec="seconds")
