import asyncio
import heapq
import itertools

import pytest

from bot.dingtalk.errors import Banned
from bot.dingtalk.limiter import Limiter


class Wheel:
    """Virtual time for many sleepers at once."""

    def __init__(self, lag: float = 0.0) -> None:
        self.at = 0.0
        self._lag = lag
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = itertools.count()

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.at + seconds, next(self._count), future))
        await future

    async def spin(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        while self._sleepers:
            due, _, future = heapq.heappop(self._sleepers)
            # A lagging loop wakes in gulps.
            due = due if not self._lag else (due // self._lag + 1) * self._lag
            self.at = max(self.at, due)
            if not future.done():
                future.set_result(None)
            for _ in range(3):
                await asyncio.sleep(0)


async def releases(limiter: Limiter, wheel: Wheel, api: str, count: int) -> list[float]:
    times: list[float] = []

    async def one() -> None:
        await limiter.turn(api)
        times.append(wheel.now())

    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(one())
        group.create_task(wheel.spin())
    return times


@pytest.mark.parametrize("lag", [0.0, 0.03, 0.4, 1.7])
async def test_never_more_than_twenty_in_any_second(lag: float) -> None:
    wheel = Wheel(lag)
    times = await releases(Limiter(now=wheel.now, sleep=wheel.sleep), wheel, "a", 205)
    assert len(times) == 205
    for index in range(len(times) - 20):
        assert times[index + 20] - times[index] >= 1.0


async def test_the_pace_is_near_to_twenty() -> None:
    wheel = Wheel()
    times = await releases(Limiter(now=wheel.now, sleep=wheel.sleep), wheel, "a", 400)
    assert times[-1] - times[0] <= 400 / 20 * 1.05
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert max(gaps) < 0.06


async def test_apis_do_not_wait_for_each_other() -> None:
    wheel = Wheel()
    limiter = Limiter(now=wheel.now, sleep=wheel.sleep)
    for number in range(50):
        await limiter.turn(f"api{number}")
    assert wheel.at == 0


async def test_a_ban_stops_every_api_and_ends() -> None:
    wheel = Wheel()
    limiter = Limiter(now=wheel.now, sleep=wheel.sleep)
    limiter.ban(300)
    for api in ("a", "b"):
        with pytest.raises(Banned) as caught:
            await limiter.turn(api)
        assert caught.value.retry_after == 300
    wheel.at = 299.0
    with pytest.raises(Banned):
        await limiter.turn("a")
    wheel.at = 300.0
    await limiter.turn("a")


async def test_a_clock_set_back_does_not_prolong_a_ban_for_hours() -> None:
    wheel = Wheel()
    wheel.at = 10_000.0
    limiter = Limiter(now=wheel.now, sleep=wheel.sleep)
    limiter.ban(300)
    wheel.at = 1.0
    assert limiter.banned_for() == 300
    wheel.at = 301.0
    assert limiter.banned_for() == 0


async def test_calls_waiting_when_the_ban_falls_do_not_leave() -> None:
    wheel = Wheel()
    limiter = Limiter(now=wheel.now, sleep=wheel.sleep)
    await limiter.turn("a")
    waiting = asyncio.create_task(limiter.turn("a"))
    await asyncio.sleep(0)
    limiter.ban(300)
    await wheel.spin()
    with pytest.raises(Banned):
        await waiting
