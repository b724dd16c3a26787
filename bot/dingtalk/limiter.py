"""How fast we allow ourselves to call (platform.md 5.3: 20 a second for each app and API)."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

from bot.dingtalk.errors import Banned

_MARGIN = 0.04  # seconds: two requests may travel at different speeds


class Limiter:
    """Lets calls of one API through evenly, and none at all while our IP is barred.

    Never more than `per_second` in any one-second window, whatever the event loop's lag; at 20 a second the
    pace is 19.2.
    """

    def __init__(
        self,
        per_second: int = 20,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        ban_clock: Callable[[], float] | None = None,
    ) -> None:
        """`ban_clock`: seconds by which a ban passes, where that is not `now` (the sandbox's clock)."""
        self._per_second = per_second
        self._window = 1.0 + _MARGIN
        self._interval = self._window / per_second
        self._now = now
        self._sleep = sleep
        self._ban_clock = ban_clock or now
        self._ban: tuple[float, float] | None = None  # when it began, how long it lasts
        self._slots: dict[str, float] = {}
        self._released: dict[str, deque[float]] = {}

    def ban(self, seconds: float) -> None:
        """From now on `turn` refuses, for `seconds`."""
        if seconds > self.banned_for():
            self._ban = (self._ban_clock(), seconds)

    def banned_for(self) -> float:
        """Seconds until calls are allowed again; 0 if they are."""
        if self._ban is None:
            return 0.0
        began, seconds = self._ban
        passed = self._ban_clock() - began
        if passed < 0:  # the clock was set back: count afresh rather than wait for hours
            self._ban = (self._ban_clock(), seconds)
            return seconds
        if passed >= seconds:
            self._ban = None
            return 0.0
        return seconds - passed

    async def turn(self, api: str) -> None:
        """Returns when one call of `api` may leave.

        Raises:
            Banned: no call may; `retry_after` says for how long.
        """
        self._refuse_if_banned()
        slot = max(self._now(), self._slots.get(api, 0.0))
        self._slots[api] = slot + self._interval
        released = self._released.setdefault(api, deque(maxlen=self._per_second))
        while True:
            now = self._now()
            free = slot
            if len(released) == self._per_second:
                free = max(slot, released[0] + self._window)
            if now >= free:
                break
            await self._sleep(free - now)
        self._refuse_if_banned()
        released.append(now)

    def _refuse_if_banned(self) -> None:
        if (rest := self.banned_for()) > 0:
            raise Banned("DingTalk bars this IP; waiting", retry_after=rest)
