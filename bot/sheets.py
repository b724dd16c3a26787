"""xlsx in and out: rows of text, strict limits, nothing of it on the event loop or in the database's writer.

A `bot.core.tabular.Table` is what a use case hands over, kept with the message that will carry it and made into a
file only when it is sent. Reading and writing run in a child process (`bot.sheetwork`) with bounded memory and time;
long tables go through it piece by piece.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

import orjson

from bot import sheetwork
from bot.core.errors import InvalidInput
from bot.core.tabular import Sheet, Table, sheet_of

READ_SECONDS: Final = 60.0
WRITE_SECONDS: Final = 120.0
AT_ONCE: Final = 2  # child processes; the machine is small
MAX_ROWS: Final = sheetwork.MAX_ROWS
HEAD_ROWS: Final = 2_000  # of a table held in memory while its message is worked
LINE: Final = sheetwork.MAX_TEXT * 2  # bytes of one line from the child
# all the child knows: no secret of ours, and not the folder we were started in
ENVIRONMENT: Final = {"PYTHONPATH": str(Path(sheetwork.__file__).parents[1])}
TOO_COMPLEX: Final = "表格太复杂，读不出来，请删掉多余的行列和格式，或拆成几个小一点的再发。"
Rows = list[tuple[int, list[str]]]


class BadFile(InvalidInput, code="bad_file"):
    """The file sent cannot be read as a table; the text says why and what to do."""


_slots: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


def _slot() -> asyncio.Semaphore:
    """Of this loop: a semaphore waits on one loop only."""
    return _slots.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE))


async def read_sheet(content: bytes, *, most: int = 0) -> Sheet:
    """The table, or its first `most` rows: `Sheet.total` says how many there are. Raises BadFile."""
    rows: Rows = []
    total = 0
    async for batch in _lines(content, most):
        if isinstance(batch, int):
            total = batch
        else:
            rows += batch
    return sheet_of(rows, total=max(0, total - 1))


async def stream_sheet(content: bytes) -> AsyncIterator[Rows]:
    """All rows that are not empty, the header among them, a few hundred at a time. Raises BadFile."""
    async for batch in _lines(content, 0):
        if not isinstance(batch, int):
            yield batch


async def _lines(content: bytes, most: int) -> AsyncIterator[Rows | int]:
    """Batches of rows, and how many rows the file has."""
    try:
        sheetwork.check_package(content)  # cheap, and spares a process
    except sheetwork.BadSheet as refusal:
        raise BadFile(str(refusal)) from refusal
    async with _child("read", str(most)) as process:
        feeding = asyncio.create_task(_feed(process, content))
        complete = False
        try:
            async with asyncio.timeout(READ_SECONDS) as limit:
                while line := await process.stdout.readline():
                    said = orjson.loads(line)
                    if isinstance(said, dict):
                        if "refused" in said:
                            raise BadFile(said["refused"])
                        complete = True
                        yield int(said["rows"])
                    else:
                        limit.reschedule(None)  # while our reader works, the child only waits
                        yield [(number, cells) for number, cells in said]
                        limit.reschedule(asyncio.get_running_loop().time() + READ_SECONDS)
        except (TimeoutError, ValueError) as slow:  # ValueError: a line that never ends, or no JSON
            raise BadFile(TOO_COMPLEX) from slow
        finally:
            feeding.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await feeding
        if not complete:
            raise BadFile(TOO_COMPLEX)


async def write_table(dumped: bytes) -> bytes:
    """The xlsx of a `Table.dump()`. Raises RuntimeError if it cannot be made."""
    async with _child("write") as process:
        return await _made(process, dumped)


@asynccontextmanager
async def long_table(table: Table) -> AsyncIterator["LongTable"]:
    """An xlsx of many rows: put them in, then ask for the file. `table` is its head; it has no drop-downs."""
    async with _child("stream") as process:
        made = LongTable(process)
        await made.line(
            {"title": table.title, "columns": [{"title": c.title, "width": c.width} for c in table.columns]}
        )
        yield made


class LongTable:
    """A file in the making."""

    def __init__(self, process: Any) -> None:
        self._process = process

    async def line(self, value: Any) -> None:
        """One line to the child, which takes it when it is ready."""
        self._process.stdin.write(orjson.dumps(value) + b"\n")
        await self._process.stdin.drain()

    async def put(self, rows: Sequence[Sequence[str]]) -> None:
        """More rows."""
        if rows:
            await self.line(rows)

    async def file(self) -> bytes:
        """The whole file. Raises RuntimeError if it cannot be made."""
        return await _made(self._process, b"")


async def _made(process: Any, given: bytes) -> bytes:
    try:
        out, _ = await asyncio.wait_for(process.communicate(given), WRITE_SECONDS)
    except TimeoutError:
        raise RuntimeError("the sheet could not be written in time") from None
    if process.returncode != 0:
        raise RuntimeError(f"the sheet could not be written: child ended with {process.returncode}")
    return bytes(out)


async def _feed(process: Any, content: bytes) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has seen enough
        process.stdin.write(content)
        await process.stdin.drain()
    process.stdin.close()


@asynccontextmanager
async def _child(what: str, *options: str) -> AsyncIterator[Any]:
    async with _slot():
        process: Any = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "bot.sheetwork", what, *options, env=ENVIRONMENT, limit=LINE,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
