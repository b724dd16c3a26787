"""Rows of an xlsx file, one after the other: what openpyxl reads, five times as fast and in little memory.

Expat goes over the sheet's XML in pieces, so neither the length of a file nor cells that lie far apart cost memory.
Only values are read: of a formula what the file remembers as its result. `tests/bot/test_sheet_stream.py` compares
with openpyxl.
"""

import io
import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any, Final
from xml.parsers import expat

PIECE: Final = 256 * 1024
_DATES: Final = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))  # built-in number formats
_ROW: Final = re.compile(rb"<(?:\w{1,20}:)?row[\s>/]")
_TAG: Final = 32  # bytes, more than the beginning of a row's tag
Text = Callable[[object], str]


class Malformed(Exception):
    """The parts of the file do not fit together."""


def stream_rows(content: bytes, text_of: Text, widest: int) -> Iterator[tuple[int, list[str]]]:
    """The rows of the first visible sheet that hold anything, by their number in the file.

    `text_of`: how a number or a date is spelled. A row keeps at most `widest` + 1 cells, enough to tell it is too wide.

    Raises:
        Malformed, and what zipfile and expat raise.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        book = _Book(package)
        shared = _shared_strings(package, book.shared)
        dates = _date_styles(package, book.styles)
        reader = _SheetReader(shared, dates, text_of, widest, old_calendar=book.old_calendar)
        with package.open(book.sheet) as stream:
            while piece := stream.read(PIECE):
                reader.parser.Parse(piece, False)
                yield from reader.take()
        reader.parser.Parse(b"", True)
        yield from reader.take()


def count_rows(content: bytes) -> int:
    """How many rows the first visible sheet has, those with nothing in them too: told by their tags, unparsed."""
    count = 0
    with zipfile.ZipFile(io.BytesIO(content)) as package, package.open(_Book(package).sheet) as stream:
        tail = b""
        while piece := stream.read(PIECE):
            seen = tail + piece
            count += sum(1 for _ in _ROW.finditer(seen))
            tail = seen[-_TAG:]
            count -= sum(1 for _ in _ROW.finditer(tail))  # they come again
    return count + sum(1 for _ in _ROW.finditer(tail))


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _parser() -> Any:
    """Refuses what no spreadsheet program writes: a document type, and with it every entity."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _no_doctype
    return parser


def _no_doctype(*_: Any) -> None:
    raise Malformed("a document type")


def _elements(package: zipfile.ZipFile, name: str) -> list[tuple[str, dict[str, str]]]:
    """Every element of a small part with its attributes, by local names."""
    found: list[tuple[str, dict[str, str]]] = []
    parser = _parser()
    parser.StartElementHandler = lambda tag, given: found.append(
        (_local(tag), {_local(k): v for k, v in given.items()})
    )
    parser.Parse(package.read(name), True)
    return found


class _Book:
    """Where things are."""

    def __init__(self, package: zipfile.ZipFile) -> None:
        names = set(package.namelist())
        targets: dict[str, str] = {}
        self.shared = self.styles = ""
        for tag, given in _elements(package, "xl/_rels/workbook.xml.rels"):
            if tag != "Relationship" or given.get("TargetMode") == "External":
                continue
            target = given.get("Target", "")
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
            targets[given.get("Id", "")] = path
            kind = given.get("Type", "").rpartition("/")[2]
            if kind == "sharedStrings" and path in names:
                self.shared = path
            elif kind == "styles" and path in names:
                self.styles = path
        sheets: list[tuple[str, str]] = []
        self.old_calendar = False  # days counted from 1904, as old Macs did
        for tag, given in _elements(package, "xl/workbook.xml"):
            if tag == "sheet":
                sheets.append((given.get("state", "visible"), targets.get(given.get("id", ""), "")))
            elif tag == "workbookPr":
                self.old_calendar = given.get("date1904", "") in ("1", "true")
        there = [(state, path) for state, path in sheets if path in names]
        chosen = next((path for state, path in there if state == "visible"), there[0][1] if there else "")
        if not chosen:
            raise Malformed("no sheet")
        self.sheet = chosen


def _shared_strings(package: zipfile.ZipFile, name: str) -> list[str]:
    """Texts that cells name by number, without the readings some programs put beside Chinese characters."""
    strings: list[str] = []
    if not name:
        return strings
    parts: list[str] = []
    state = {"text": False, "reading": False}

    def start(tag: str, _given: dict[str, str]) -> None:
        local = _local(tag)
        if local == "si":
            parts.clear()
        elif local == "rPh":
            state["reading"] = True
        elif local == "t":
            state["text"] = not state["reading"]

    def end(tag: str) -> None:
        local = _local(tag)
        if local == "si":
            strings.append("".join(parts))
        elif local == "rPh":
            state["reading"] = False
        elif local == "t":
            state["text"] = False

    def characters(text: str) -> None:
        if state["text"]:
            parts.append(text)

    parser = _parser()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, characters
    with package.open(name) as stream:
        while piece := stream.read(PIECE):
            parser.Parse(piece, False)
    parser.Parse(b"", True)
    return strings


def _date_styles(package: zipfile.ZipFile, name: str) -> frozenset[int]:
    """The numbers of the styles under which a number is a day or an hour."""
    if not name:
        return frozenset()
    from openpyxl.styles.numbers import is_date_format  # noqa: PLC0415 -- only in the process that works

    custom: dict[int, str] = {}
    formats: list[int] = []
    inside = False
    for tag, given in _elements(package, name):
        if tag == "numFmt":
            custom[int(given.get("numFmtId", "0"))] = given.get("formatCode", "")
        elif tag == "cellXfs":
            inside = True
        elif tag in ("cellStyles", "dxfs"):
            inside = False
        elif tag == "xf" and inside:
            formats.append(int(given.get("numFmtId", "0")))
    return frozenset(
        style
        for style, number in enumerate(formats)
        if (is_date_format(custom[number]) if number in custom else number in _DATES)
    )


class _SheetReader:
    """Expat's handlers, and the rows that are finished."""

    def __init__(
        self, shared: list[str], dates: frozenset[int], text_of: Text, widest: int, *, old_calendar: bool
    ) -> None:
        self._shared, self._dates, self._text_of, self._widest = shared, dates, text_of, widest
        self._old_calendar = old_calendar
        self._rows: list[tuple[int, list[str]]] = []
        self._number = 0  # of the row
        self._cells: list[str] = []
        self._filled = False
        self._at = -1  # the cell's column, from 0
        self._kind = "n"
        self._style = 0
        self._parts: list[str] = []
        self._keeping = self._reading = False
        self.parser = _parser()
        self.parser.StartElementHandler, self.parser.EndElementHandler = self._start, self._end
        self.parser.CharacterDataHandler = self._characters

    def take(self) -> list[tuple[int, list[str]]]:
        """What is finished since the last time."""
        rows, self._rows = self._rows, []
        return rows

    def _start(self, tag: str, given: dict[str, str]) -> None:
        if ":" in tag:
            tag = _local(tag)
        if tag == "c":
            place = given.get("r")
            self._at = _column(place) if place else self._at + 1
            self._kind, self._style = given.get("t", "n"), int(given.get("s", "0"))
            self._parts = []
        elif tag == "v" or (tag == "t" and self._kind == "inlineStr" and not self._reading):
            self._keeping = True
        elif tag == "rPh":
            self._reading = True
        elif tag == "row":
            number = given.get("r")
            self._number = int(number) if number else self._number + 1
            self._cells, self._at, self._filled = [], -1, False

    def _end(self, tag: str) -> None:
        if ":" in tag:
            tag = _local(tag)
        if tag in ("v", "t"):
            self._keeping = False
        elif tag == "c":
            if self._parts and (text := self._value()):
                self._put(text)
        elif tag == "rPh":
            self._reading = False
        elif tag == "row" and self._filled:
            self._rows.append((self._number, self._cells))

    def _characters(self, text: str) -> None:
        if self._keeping:
            self._parts.append(text)

    def _put(self, text: str) -> None:
        cells, at = self._cells, min(self._at, self._widest)
        if len(cells) <= at:
            cells.extend([""] * (at + 1 - len(cells)))
        cells[at] = text
        self._filled = True

    def _value(self) -> str:
        raw = "".join(self._parts)
        match self._kind:
            case "s":
                return self._text_of(self._shared[int(raw)])
            case "b":
                return self._text_of(raw.strip() in ("1", "true"))
            case "n" | "":
                return self._number_text(raw.strip())
            case "d":
                return self._text_of(raw.strip().replace("T", " ").removesuffix(" 00:00:00"))
            case _:  # str: a formula's text; inlineStr; e: #N/A
                return self._text_of(raw)

    def _number_text(self, raw: str) -> str:
        if not raw:
            return ""
        if self._style in self._dates:
            return self._text_of(self._moment(float(raw)))
        if raw.isdecimal() or (raw[0] == "-" and raw[1:].isdecimal()):
            return str(int(raw))
        return self._text_of(float(raw))

    def _moment(self, days: float) -> object:
        from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel  # noqa: PLC0415 -- as above

        try:
            return from_excel(days, MAC_EPOCH if self._old_calendar else WINDOWS_EPOCH)
        except (ValueError, OverflowError):
            return days  # no day there is: the number, for its reader to see


def _column(place: str) -> int:
    """AB12 → 27."""
    number = 0
    for letter in place:
        if "A" <= letter <= "Z":
            number = number * 26 + ord(letter) - 64
        elif "a" <= letter <= "z":
            number = number * 26 + ord(letter) - 96
        else:
            break
    if not 1 <= number <= 16_384:
        raise Malformed("a cell outside the sheet")
    return number - 1
