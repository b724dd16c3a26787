"""The work on xlsx files that `bot.sheets` has done in a process of its own: `python -m bot.sheetwork read|write|…`.

openpyxl is slow and a hostile file can make it slower, so it runs where it stops nobody and can be ended. What comes
in is judged by its content, never by its name, and refused before openpyxl sees it (reliability S3 to S5).
"""

import codecs
import contextlib
import io
import json
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import IO, Any, Final

import orjson

MEGABYTE: Final = 1024 * 1024
MAX_FILE: Final = 10 * MEGABYTE
MAX_INFLATED: Final = 100 * MEGABYTE
MAX_RATIO: Final = 100
MAX_PARTS: Final = 2000
MAX_ROWS: Final = 100_000
MAX_COLUMNS: Final = 100
MAX_TEXT: Final = 30 * MEGABYTE  # of all cells together
BATCH: Final = 500  # rows of one line between the processes
MEMORY: Final = 768 * MEGABYTE
DANGEROUS: Final = "=+-@\t\r\n\0＝＋－＠"  # a cell that begins so is a formula to some program (S3)

_ILLEGAL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_ENCODING: Final = re.compile(rb"encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_RATIO_FROM: Final = 4 * MEGABYTE  # below this a high ratio harms nobody: blank cells compress well


class BadSheet(Exception):
    """The file is refused; the text says why, in words for who sent it."""


def check_package(content: bytes) -> None:
    """What can be told without unpacking: milliseconds, whatever the file.

    Raises:
        BadSheet: no xlsx, or too large packed or unpacked.
    """
    if len(content) > MAX_FILE:
        raise BadSheet("文件超过 10 MB，请拆成几个小一点的再发。")
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise BadSheet("这是旧版 xls 或加了密码的文件，请用 Excel 或 WPS 另存为不加密的 xlsx 再发。")
    if not content.startswith(b"PK") and _is_text(content[:4096]):
        raise BadSheet(
            "这是 csv 之类的文本，不是 xlsx 表格。请用 Excel 或 WPS 打开，点「另存为」选「Excel 工作簿（.xlsx）」再发。"
        )
    if not content.startswith(b"PK"):
        raise BadSheet("这不是 xlsx 表格（看的是内容，不是文件名），请用 Excel 或 WPS 另存为 xlsx 再发。")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = package.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, UnicodeDecodeError, EOFError) as broken:
        raise BadSheet("表格文件损坏了，打不开，请重新保存一份再发。") from broken
    names = [part.filename for part in parts]
    if len(names) > MAX_PARTS or len(set(names)) != len(names):
        raise BadSheet("表格文件的结构不正常，请用 Excel 或 WPS 新建一个表格，把内容复制过去再发。")
    if any(part.flag_bits & 1 for part in parts):
        raise BadSheet("表格加了密码，请去掉密码再发。")
    if any(part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for part in parts):
        raise BadSheet("表格文件的压缩方式不认识，请用 Excel 或 WPS 重新保存一份再发。")
    inflated = sum(part.file_size for part in parts)
    if inflated > MAX_INFLATED or (inflated > _RATIO_FROM and inflated > MAX_RATIO * len(content)):
        raise BadSheet("表格解压后太大，请删掉多余的内容，或拆成几个小一点的再发。")
    if "[Content_Types].xml" not in names or "xl/workbook.xml" not in names:
        raise BadSheet("这不是 xlsx 表格（看的是内容，不是文件名），请用 Excel 或 WPS 另存为 xlsx 再发。")


def _is_text(head: bytes) -> bool:
    """Whether it begins like lines of text, in UTF-8 or as Chinese Windows writes them."""
    if not head or any(byte < 32 and byte not in b"\t\r\n" for byte in head):
        return False
    for encoding in ("utf-8-sig", "gb18030"):
        with contextlib.suppress(UnicodeDecodeError):
            codecs.getincrementaldecoder(encoding)().decode(head)  # its last character may be cut
            return True
    return False


def check_parts(content: bytes) -> None:
    """Unpacks every part once, counting, before any of it is parsed.

    Raises:
        BadSheet: it holds more than it declares, or defines entities (no spreadsheet program writes a DOCTYPE).
    """
    total = 0
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            for part in package.infolist():
                text = part.filename.lower().endswith((".xml", ".rels", ".vml"))
                tail = b""
                with package.open(part) as stream:
                    first = True
                    while chunk := stream.read(MEGABYTE):
                        total += len(chunk)
                        if total > MAX_INFLATED:
                            raise BadSheet("表格解压后太大，请删掉多余的内容，或拆成几个小一点的再发。")
                        if text:
                            if first:
                                _check_encoding(chunk[:200])
                            if b"<!DOCTYPE" in (seen := tail + chunk) or b"<!ENTITY" in seen:
                                raise BadSheet(
                                    "表格里有不允许的内容（实体定义），没有读取。请用 Excel 或 WPS 重新保存一份再发。"
                                )
                            tail = chunk[-10:]
                        first = False
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError, zipfile.LargeZipFile) as broken:
        raise BadSheet("表格文件损坏了，打不开，请重新保存一份再发。") from broken
    except Exception as broken:
        if type(broken).__name__ == "error":  # zlib.error has no better name
            raise BadSheet("表格文件损坏了，打不开，请重新保存一份再发。") from broken
        raise


def _check_encoding(head: bytes) -> None:
    """Only UTF-8 lets the search for a DOCTYPE see everything."""
    declared = _ENCODING.search(head)
    odd = b"\0" in head or head.startswith((b"\xff\xfe", b"\xfe\xff"))
    if odd or (declared and declared[1].lower() not in (b"utf-8", b"us-ascii", b"ascii")):
        raise BadSheet("表格文件的编码不认识，请用 Excel 或 WPS 重新保存一份再发。")


def read(content: bytes) -> list[tuple[int, list[str]]]:
    """As `rows_of`, all at once."""
    return list(rows_of(content))


def rows_of(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """The rows of the first visible sheet that are not empty, by their number in the file, as text.

    Formulas count with the value the file remembers for them; merged cells with that of their first cell.

    Raises:
        BadSheet: refused, see `check_package`, `check_parts`; or more rows or columns than allowed.
    """
    check_package(content)
    check_parts(content)
    from bot.sheetstream import stream_rows  # noqa: PLC0415 -- only in the process that works

    try:
        yield from _bounded(stream_rows(content, cell_text, MAX_COLUMNS))
    except BadSheet:
        raise
    except MemoryError:
        raise BadSheet("表格太大，读不下，请拆成几个小一点的再发。") from None
    except Exception as broken:  # a file that is not what it says breaks anywhere
        raise BadSheet("表格读不出来，请用 Excel 或 WPS 重新保存一份再发。") from broken


def _bounded(rows: Iterable[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    kept = size = 0
    for number, cells in rows:
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            continue
        kept += 1
        size += sum(map(len, cells))
        if kept > MAX_ROWS + 1:  # the header besides
            raise BadSheet(f"表格超过 {MAX_ROWS} 行，请拆成几个再发。")
        if len(cells) > MAX_COLUMNS:
            raise BadSheet(f"表格第 {number} 行超过 {MAX_COLUMNS} 列，请删掉多余的列再发。")
        if size > MAX_TEXT:
            raise BadSheet("表格里的文字太多，请拆成几个小一点的再发。")
        yield number, cells


def cell_text(value: object) -> str:
    """A cell as people read it: 2026-03-02, 13800000001 (never 1.38E+10), 是."""
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case datetime():
            day = value.replace(tzinfo=None)
            midnight = not (day.hour or day.minute or day.second)
            return day.date().isoformat() if midnight else day.isoformat(" ", "minutes")
        case date():
            return value.isoformat()
        case time():
            return value.isoformat("minutes")
        case timedelta():
            return str(value)
        case int():
            return str(value)
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e18 else f"{value:.10g}"
        case _:
            return _ILLEGAL.sub("", str(value)).strip()


def write(table: dict[str, Any]) -> bytes:
    """`table` as `bot.core.tabular.Table` is stored. Every cell is text; none can act as a formula."""
    from openpyxl import Workbook  # noqa: PLC0415 -- only in the process that works
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
    from openpyxl.styles import Font, PatternFill  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415
    from openpyxl.worksheet.datavalidation import DataValidation  # noqa: PLC0415

    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet(table["title"])
    columns: list[dict[str, Any]] = table["columns"]
    bold, head = Font(bold=True), PatternFill("solid", fgColor="DDE7F3")

    def cell(into: Any, text: object) -> Any:
        value = _ILLEGAL.sub("", str(text)).replace("\r\n", "\n")[:32767]
        made: Any = WriteOnlyCell(into, value)
        made.data_type = "s"
        if value[:1] in DANGEROUS:
            made.quotePrefix = True
        return made

    for number, column in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = column.get("width") or 16
    sheet.freeze_panes = "A2"
    chosen = [c for c in columns if c.get("choices")]
    for number, column in enumerate(columns, start=1):
        if not column.get("choices"):
            continue
        letter = get_column_letter(chosen.index(column) + 1)
        source = f"=可选值!${letter}$2:${letter}${len(column['choices']) + 1}"
        rule = DataValidation(type="list", formula1=source, allow_blank=True)
        rule.error, rule.errorTitle = "请从下拉列表里选", column["title"][:30]
        # a cell that may hold several values, or somebody's own words, is only helped
        rule.showErrorMessage = not column.get("several")
        rule.add(f"{get_column_letter(number)}2:{get_column_letter(number)}5000")
        sheet.data_validations.append(rule)
    titles = []
    for column in columns:
        made = cell(sheet, column["title"])
        made.font, made.fill = bold, head
        titles.append(made)
    sheet.append(titles)
    for row in table["rows"]:
        sheet.append([cell(sheet, value) for value in row])
    if chosen:
        values: Any = book.create_sheet("可选值")
        for number in range(1, len(chosen) + 1):
            values.column_dimensions[get_column_letter(number)].width = 22
        values.append([cell(values, c["title"]) for c in chosen])
        for i in range(max(len(c["choices"]) for c in chosen)):
            values.append([cell(values, c["choices"][i] if i < len(c["choices"]) else "") for c in chosen])
    if notes := table.get("notes"):
        told: Any = book.create_sheet("说明")
        told.column_dimensions["A"].width = 90
        for note in notes:
            told.append([cell(told, note)])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read_out(content: bytes, out: IO[bytes], most: int) -> None:
    """Lines of JSON: lists of [number, cells], BATCH rows each, `most` in all (0: every row); then how many there are.

    Rows past `most` are counted by their tags alone, empty ones too, as long as they are not too many: whoever wants
    the first rows is not to wait for the last.

    Raises:
        BadSheet.
    """
    batch: list[tuple[int, list[str]]] = []
    kept = 0
    for kept, row in enumerate(rows_of(content), start=1):
        if most and kept > most:
            if kept == most + 1 and (total := _counted(content)) <= MAX_ROWS:
                kept = max(kept, total)
                break
            continue
        batch.append(row)
        if len(batch) == BATCH:
            out.write(orjson.dumps(batch) + b"\n")
            batch = []
    if batch:
        out.write(orjson.dumps(batch) + b"\n")
    out.write(orjson.dumps({"rows": kept}) + b"\n")


def _counted(content: bytes) -> int:
    from bot.sheetstream import count_rows  # noqa: PLC0415 -- only in the process that works

    return count_rows(content)


def main(what: str, *options: str) -> int:
    """Standard input to standard output; 3: refused, with the reason as the last line of standard output.

    read [most]: a file to lines of rows. write: a table to a file. stream: a table's head and lines of rows to a file.
    """
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 -- not on Windows

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    given, out = sys.stdin.buffer, sys.stdout.buffer
    try:
        if what == "read":
            read_out(given.read(), out, int(options[0]) if options else 0)
        elif what == "stream":
            from bot.sheetwrite import write_lines  # noqa: PLC0415 -- only in the process that works

            out.write(write_lines(given))
        else:
            out.write(write(json.loads(given.read())))
    except BadSheet as refusal:
        out.write(json.dumps({"refused": str(refusal)}, ensure_ascii=False).encode() + b"\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
