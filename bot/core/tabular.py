"""Tables as plain text, before and after they are xlsx files (`bot.sheets`)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import orjson


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
    """What was read: the header and the rows below it. `total`: of the file, where only its first rows are here."""

    header: tuple[str, ...] = ()
    rows: tuple[SheetRow, ...] = field(default=(), repr=False)
    header_number: int = 1  # as the spreadsheet program counts
    total: int = 0

    @property
    def complete(self) -> bool:
        """Whether every row is here."""
        return len(self.rows) >= self.total

    def column(self, *titles: str) -> int | None:
        """The place of the column with one of these titles; a star behind (required) and blanks do not count."""
        wanted = {_title(t) for t in titles}
        return next((i for i, t in enumerate(self.header) if _title(t) in wanted), None)

    def has(self, *titles: str) -> bool:
        """Whether every one of these columns is there."""
        return all(self.column(t) is not None for t in titles)


def _title(text: str) -> str:
    return text.replace(" ", "").replace("　", "").rstrip("*＊").strip().casefold()


def sheet_of(rows: Sequence[tuple[int, Sequence[str]]], *, total: int = 0) -> Sheet:
    """The first row that is not empty is the header."""
    if not rows:
        return Sheet()
    (first, header), *rest = rows
    kept = tuple(SheetRow(number, tuple(cells)) for number, cells in rest)
    return Sheet(tuple(header), kept, first, max(total, len(kept)))
