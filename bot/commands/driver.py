"""The app as the sandbox's clock drives it: what falls due on the way is done at its own time."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from bot.app import App
from bot.core.clock import BEIJING
from bot.sandbox.state import Sandbox
from storage import outbox


class DemoDriver:
    """Implements `bot.sandbox.state.Driver`."""

    def __init__(self, app: App, sandbox: Sandbox) -> None:
        self._app, self._sandbox = app, sandbox
        self.loaded = False

    def ready(self) -> bool:
        """Whether the mirror is filled and the company loaded."""
        return self.loaded

    async def idle(self, wait: float) -> bool:
        """Whether everything is worked off and delivered."""
        loop = asyncio.get_running_loop()
        until = loop.time() + wait
        while True:
            if self._sandbox.switchboard.in_flight == 0 and await self._app.idle():
                return True
            if loop.time() >= until:
                return False
            await asyncio.sleep(0.02)

    async def advance(self, set_now: Callable[[datetime], None], target: datetime) -> list[dict[str, str]]:
        """Jobs and messages planned for later, in order, each at its own time; then `target`."""
        jobs, done = self._app.jobs, []
        jobs.paused = True
        try:
            await self.idle(10)
            while True:
                due = await self._next(target)
                if due is None:
                    break
                if due > self._sandbox.clock.now():
                    set_now(due)
                for run in await jobs.run_due():
                    done.append({"name": run.name, "due": run.due.isoformat(timespec="seconds"), "result": run.result})
                self._app.delivery.wake()
                await self.idle(30)
            if target > self._sandbox.clock.now():
                set_now(target)
            self._app.delivery.wake()
            await self.idle(5)
        finally:
            jobs.paused = False
        return done

    async def _next(self, target: datetime) -> datetime | None:
        """The earliest thing due until `target`."""
        now = self._sandbox.clock.now()
        moments = [await self._app.jobs.next_due(), await self._app.db.read(None, outbox.next_due)]
        due = [m.astimezone(BEIJING) for m in moments if m is not None]
        job = moments[0]
        later = [m for m in due if m <= target and (m > now or m == job)]
        return min(later) if later else None
