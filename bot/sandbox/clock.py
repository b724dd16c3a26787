"""The sandbox's clock: ticks like the real one, and can be set forward."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class SandboxClock:
    """Real time plus an offset."""

    def __init__(self, now: datetime | None = None) -> None:
        self._offset = timedelta(0)
        if now is not None:
            self.set(now)

    def now(self) -> datetime:
        """The moment it is here, in Beijing time."""
        return datetime.now(SHANGHAI) + self._offset

    def set(self, now: datetime) -> None:
        """From here on it ticks."""
        self._offset = now.astimezone(SHANGHAI) - datetime.now(SHANGHAI)

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
