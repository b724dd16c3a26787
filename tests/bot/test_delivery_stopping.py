"""Stopping the outbox's sender, whatever happens at the same moment."""

import asyncio

import pytest

from bot.core.clock import SystemClock
from bot.delivery import Delivery
from storage.database import Database


async def nothing(_id: str) -> None:
    return None


@pytest.mark.parametrize("ticks", range(5))
async def test_a_stop_that_comes_with_a_wake_is_not_lost(sqlite: Database, ticks: int) -> None:
    delivery = Delivery(sqlite, SystemClock(), object(), nothing, nothing)  # type: ignore[arg-type]
    delivery.start()
    await asyncio.sleep(0.3)  # it has looked once and waits
    delivery.wake()
    for _ in range(ticks):
        await asyncio.sleep(0)
    stopping = asyncio.create_task(delivery.stop())
    done, _ = await asyncio.wait({stopping}, timeout=10)
    assert done == {stopping}
