"""xlsx in and out: rows of text, strict limits, nothing of it on the event loop or in the database's writer.

A `Table` is what a use case hands over: plain data, kept with the message that will carry it and made into a file
only when it is sent. Reading and writing run in a child process (`bot.sheetwork`) with bounded memory and time.
"""

import asyncio
import contextlib
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final
from weakref import WeakKeyDictionary

import orjson

from bot import sheetwork
from bot.core.errors import InvalidInput

READ_SECONDS: Final = 30.0
WRITE_SECONDS: Final = 120.0
AT_ONCE: Final = 2  # child processes; the machine is small
MAX_ROWS: Final = sheetwork.MAX_ROWS
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class BadFile(InvalidInput, code="bad_file"):
    """The file sent cannot be read as a table; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table to be written. `several`: a cell may hold more than one of the choices."""

    title: str
    width: int = 16
    choices: tuple[str, ...] = ()
    several: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet to be written: every value is text."""

    title: str  # of the sheet, at most 31 characters
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[str]]
    notes: tuple[str, ...] = ()  # a last sheet 说明, one line each

    def dump(self) -> bytes:
        """As it is kept until it is sent."""
        return orjson.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row that is not empty. `number`: as the spreadsheet program counts, from 1."""

    number: int
    cells: tuple[str, ...]

    def cell(self, index: int | None) -> str:
        """Trimmed; empty where the row is shorter or the column absent."""
        return self.cells[index].strip() if index is not None and index < len(self.cells) else ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was read: the header and the rows below it."""

    header: tuple[str, ...] = ()
    rows: tuple[SheetRow, ...] = field(default=(), repr=False)

    def column(self, *titles: str) -> int | None:
        """The place of the column with one of these titles; a star behind (required) and blanks do not count."""
        wanted = {_title(t) for t in titles}
        return next((i for i, t in enumerate(self.header) if _title(t) in wanted), None)

    def has(self, *titles: str) -> bool:
        """Whether every one of these columns is there."""
        return all(self.column(t) is not None for t in titles)


def _title(text: str) -> str:
    return text.replace(" ", "").replace("　", "").rstrip("*＊").strip().casefold()


def sheet_of(rows: Sequence[tuple[int, Sequence[str]]]) -> Sheet:
    """The first row that is not empty is the header."""
    if not rows:
        return Sheet()
    (_, header), *rest = rows
    return Sheet(tuple(header), tuple(SheetRow(number, tuple(cells)) for number, cells in rest))


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
            sys.executable, "-m", "bot.sheetwork", what,
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
