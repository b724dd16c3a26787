"""Subjects as processes."""

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.bench.light import Light, light_dingtalk

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def subject(kind: str, *numbers: int) -> AsyncIterator[Light]:
    """A process of that kind, connected to a light DingTalk."""
    with tempfile.TemporaryDirectory(prefix="dingcrm-bench-") as directory:
        async with light_dingtalk() as light:
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.bench.subject", kind, light.url, directory, *(str(n) for n in numbers),
                cwd=ROOT, env={**os.environ, "NO_PROXY": "127.0.0.1"}, stdout=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            try:
                await _connected(light, child)
                yield light
            finally:
                await end(child)


async def _connected(light: Light, child: asyncio.subprocess.Process) -> None:
    connected, died = asyncio.create_task(light.connected.wait()), asyncio.create_task(child.wait())
    try:
        await asyncio.wait({connected, died}, timeout=120, return_when=asyncio.FIRST_COMPLETED)
        if not light.connected.is_set():
            raise RuntimeError("the subject has not connected")
    finally:
        connected.cancel()
        died.cancel()
        await asyncio.gather(connected, died, return_exceptions=True)


async def end(child: asyncio.subprocess.Process) -> None:
    """Asks it to end, and makes it."""
    if child.returncode is None:
        child.terminate()
        try:
            async with asyncio.timeout(20):
                await child.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
