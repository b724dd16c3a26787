"""xlsx in and out: rows of text, strict limits, nothing of it on the event loop or in the database's writer.

A `bot.core.tabular.Table` is what a use case hands over, kept with the message that will carry it and made into a
file only when it is sent. Reading and writing run in a child process (`bot.sheetwork`) with bounded memory and time.
"""

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

import orjson

from bot import sheetwork
from bot.core.errors import InvalidInput
from bot.core.tabular import Sheet, sheet_of

READ_SECONDS: Final = 30.0
WRITE_SECONDS: Final = 120.0
AT_ONCE: Final = 2  # child processes; the machine is small
MAX_ROWS: Final = sheetwork.MAX_ROWS
# all the child knows: no secret of ours, and not the folder we were started in
ENVIRONMENT: Final = {"PYTHONPATH": str(Path(sheetwork.__file__).parents[1])}


class BadFile(InvalidInput, code="bad_file"):
    """The file sent cannot be read as a table; the text says why and what to do."""


_slots: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


def _slot() -> asyncio.Semaphore:
    """Of this loop: a semaphore waits on one loop only."""
    return _slots.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE))


async def read_sheet(content: bytes) -> Sheet:
    """Raises BadFile."""
    try:
        sheetwork.check_package(content)  # cheap, and spares a process
    except sheetwork.BadSheet as refusal:
        raise BadFile(str(refusal)) from refusal
    code, out = await _child("read", content, READ_SECONDS)
    if code == 3:
        raise BadFile(out.decode())
    if code != 0:
        raise BadFile("表格太复杂，读不出来，请删掉多余的行列和格式，或拆成几个小一点的再发。")
    return sheet_of(orjson.loads(out))


async def write_table(dumped: bytes) -> bytes:
    """The xlsx of a `Table.dump()`. Raises RuntimeError if it cannot be made."""
    code, out = await _child("write", dumped, WRITE_SECONDS)
    if code != 0:
        raise RuntimeError(f"the sheet could not be written: child ended with {code}")
    return out


async def _child(what: str, given: bytes, seconds: float) -> tuple[int | None, bytes]:
    """Exit code (None: it took too long and was ended) and output."""
    async with _slot():
        process: Any = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "bot.sheetwork", what, env=ENVIRONMENT,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            out, _ = await asyncio.wait_for(process.communicate(given), seconds)
        except TimeoutError:
            return None, b""
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        return process.returncode, out
