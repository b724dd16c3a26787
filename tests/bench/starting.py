"""7. `dingcrm run`, from the shell to the stream connected; and what it then holds in memory."""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from bot.sandbox import server
from bot.sandbox.state import Sandbox
from tests.bench.figures import Figure, Scale, bounded, slower
from tests.bench.process import ROOT, end
from tests.support.world import small_world

SETTLE = 2.0  # seconds until memory is looked at: the first sync is over
KEY = "a key for benches only"


async def measure(scale: Scale) -> list[Figure]:
    """The database is there already, as after any restart."""
    starts: list[float] = []
    imports: list[float] = []
    resident: list[float] = []
    sandbox = Sandbox.from_world(small_world())
    running = await server.start(sandbox, 0)
    try:
        with tempfile.TemporaryDirectory(prefix="dingcrm-bench-") as directory:
            environment = _environment(running.url, sandbox, Path(directory))
            await _start(sandbox, environment)
            for _ in range(scale.starts):
                imports.append(await _imports(environment))
                seconds, megabytes = await _start(sandbox, environment)
                starts.append(seconds)
                resident.append(megabytes)
    finally:
        await running.close()
    return [
        slower("start to connected", starts, imports, against="imports alone", at_most=2),
        bounded("memory after start", resident, unit="MB", at_most=130),
    ]


def _environment(url: str, sandbox: Sandbox, directory: Path) -> dict[str, str]:
    ours = {
        "API_BASE": url, "OAPI_BASE": url, "LOGIN_BASE": url, "DATA_DIR": str(directory), "SECRET_KEY": KEY,
        "CLIENT_ID": sandbox.app.client_id, "CLIENT_SECRET": sandbox.app.client_secret,
        "CORP_ID": sandbox.company.corp_id, "AGENT_ID": str(sandbox.app.agent_id), "DATABASE_URL": "",
    }  # fmt: skip
    installed = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(directory / "pycache")}  # compiled once
    return {**os.environ, **installed, **{f"DINGCRM_{name}": value for name, value in ours.items()}}


async def _imports(environment: dict[str, str]) -> float:
    began = time.perf_counter()
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import bot.cli, bot.commands.run, uvloop; print()", cwd=ROOT, env=environment,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    await child.stdout.readline()
    seconds = time.perf_counter() - began
    assert await child.wait() == 0
    return seconds


async def _start(sandbox: Sandbox, environment: dict[str, str]) -> tuple[float, float]:
    before = set(map(id, sandbox.switchboard.lines))
    began = time.perf_counter()
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.cli", "run", cwd=ROOT, env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(60):
            while not {id(line) for line in sandbox.switchboard.lines} - before:
                assert child.returncode is None, "it has ended"
                await asyncio.sleep(0.002)
        seconds = time.perf_counter() - began
        await asyncio.sleep(SETTLE)
        assert child.returncode is None, "it has ended"
        status = await asyncio.to_thread(Path(f"/proc/{child.pid}/status").read_text)
        [resident] = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
        return seconds, int(resident) / 1024
    finally:
        await end(child)
