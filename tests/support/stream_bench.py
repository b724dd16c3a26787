"""A stream connection on a stub gateway, with an intake that a test can hold up or break."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from bot.dingtalk.api import open_session
from bot.stream.connection import StreamConnection
from bot.stream.frames import BotFrame, EventFrame, TapFrame
from bot.stream.gateway import Gateway
from bot.stream.link import StreamLimits
from tests.support.stub_api import OURS
from tests.support.stub_gateway import StubGateway

QUICK = StreamLimits(backoff_first=0.02, backoff_longest=0.2, backoff_refused=0.15, drain=1.0)


@dataclass
class Taker:
    """An intake a test can hold up or break."""

    taken: list[str] = field(default_factory=list)
    on_bot: Callable[[BotFrame], Awaitable[None]] | None = None
    on_event: Callable[[EventFrame], Awaitable[bool]] | None = None
    on_tap: Callable[[TapFrame], Awaitable[dict[str, Any] | None]] | None = None
    unanswered: list[tuple[str, dict[str, Any] | None]] = field(default_factory=list)

    async def bot(self, frame: BotFrame) -> None:
        if self.on_bot:
            await self.on_bot(frame)
        self.taken.append(frame.text or "")

    async def event(self, frame: EventFrame) -> bool:
        self.taken.append(frame.event_id)
        return await self.on_event(frame) if self.on_event else True

    async def tap(self, frame: TapFrame) -> dict[str, Any] | None:
        answer = await self.on_tap(frame) if self.on_tap else {"cardData": {"cardParamMap": {"a": "b"}}}
        self.taken.append(frame.out_track_id)
        return answer

    async def tap_unanswered(self, frame: TapFrame, response: dict[str, Any] | None) -> None:
        self.unanswered.append((frame.out_track_id, response))


@asynccontextmanager
async def streaming(
    stub: StubGateway, taker: Taker, limits: StreamLimits = QUICK, *, url: str = "", deadline: float = 2.0
) -> AsyncIterator[StreamConnection]:
    """A connection to `stub`, running; stopped at the end unless the test has done so."""
    async with open_session() as session:
        gateway = Gateway(lambda: OURS, session, api_base=url or stub.url, deadline=deadline)
        connection = StreamConnection(gateway, taker, limits=limits)
        running = asyncio.create_task(connection.run())
        try:
            yield connection
        finally:
            await connection.stop()
            await running


async def until(holds: Callable[[], bool], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.005)
