"""The reader that streams reads what openpyxl reads; the writer that streams writes what openpyxl reads back."""

import asyncio
import io
import os
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from bot import sheets, sheetwork
from bot.core.tabular import Column, Table
from bot.sheets import BadFile, long_table, read_sheet, stream_sheet

CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9),
    st.dates(date(1901, 1, 1), date(2100, 1, 1)),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=8).filter(
        lambda t: not t.startswith("=")
    ),
)


def made(rows: list[list[Any]]) -> bytes:
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def by_openpyxl(content: bytes) -> list[tuple[int, list[str]]]:
    sheet = load_workbook(io.BytesIO(content), read_only=True, data_only=True).worksheets[0]
    found = []
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells = [sheetwork.cell_text(v) for v in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            found.append((number, cells))
    return found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(CELLS, max_size=5), max_size=6))
def test_it_reads_what_openpyxl_reads(rows: list[list[Any]]) -> None:
    content = made(rows)
    assert sheetwork.read(content) == by_openpyxl(content)


def test_dates_formulas_merged_cells_hidden_sheets_and_numbers() -> None:
    book = Workbook()
    hidden = book.active
    assert hidden is not None
    hidden.sheet_state = "hidden"
    hidden.append(["不该读"])
    sheet = book.create_sheet("客户")
    sheet.append(["a", datetime(2026, 3, 2, 10, 30), date(2026, 3, 2), 13812345678.0, 0.5, True])  # noqa: DTZ001
    sheet.append(["=1+1", "#N/A"])
    sheet.merge_cells("A4:C4")
    sheet["A4"] = "合并"
    out = io.BytesIO()
    book.save(out)
    assert sheetwork.read(out.getvalue()) == [
        (1, ["a", "2026-03-02 10:30", "2026-03-02", "13812345678", "0.5", "是"]),
        (2, ["", "#N/A"]),
        (4, ["合并"]),
    ]


def test_a_formula_counts_with_the_value_the_file_remembers() -> None:
    content = made([["x"]])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.infolist():
            data = old.read(part)
            if part.filename.endswith("sheet1.xml"):
                head, _, tail = data.partition(b"<sheetData>")
                cells = b'<row r="1"><c r="A1"><f>1+1</f><v>2</v></c><c r="C1" t="str"><f>A1</f><v>yes</v></c></row>'
                data = head + b"<sheetData>" + cells + b"</sheetData>" + tail.partition(b"</sheetData>")[2]
            new.writestr(part, data)
    assert sheetwork.read(out.getvalue()) == [(1, ["2", "", "yes"])]


async def test_a_long_table_is_written_row_by_row_and_no_cell_is_a_formula() -> None:
    table = Table("客户", (Column("名称*"), Column("备注")), ())
    rows = [[f"客户{n}", '=HYPERLINK("x")' if n % 2 else " 空格 \n行"] for n in range(1200)]
    async with long_table(table) as file:
        for start in range(0, 1200, 500):
            await file.put(rows[start : start + 500])
        content = await file.file()
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    assert sheet.max_row == 1201 and sheet["B3"].data_type == "s" and sheet["B3"].quotePrefix
    read = await read_sheet(content)
    assert read.header == ("名称*", "备注") and len(read.rows) == 1200 and read.complete
    assert read.rows[1].cells == ("客户1", '=HYPERLINK("x")')


async def test_of_a_long_file_only_its_head_is_held() -> None:
    content = made([["a"], *[[str(n)] for n in range(50)]])
    head = await read_sheet(content, most=11)
    assert (len(head.rows), head.total, head.complete) == (10, 50, False)
    batches = [batch async for batch in stream_sheet(content)]
    assert sum(len(b) for b in batches) == 51


async def hundred_thousand() -> bytes:
    async with long_table(Table("客户", tuple(Column(f"列{n}") for n in range(12)), ())) as file:
        for start in range(0, 99_999, 1000):
            rows = [[f"第{start + n}行的第{c}格" for c in range(12)] for n in range(min(1000, 99_999 - start))]
            await file.put(rows)
        return await file.file()


async def test_a_hundred_thousand_rows_in_bounded_memory() -> None:
    """Ours grows by little, the child's stays under what it is allowed, whatever the file's length."""
    content = await hundred_thousand()
    assert len(content) < sheetwork.MAX_FILE
    before = _resident()
    rows = most = child = 0
    async for batch in stream_sheet(content):
        rows += len(batch)
        most = max(most, _resident() - before)
        child = max(child, _largest_reader())
    assert rows == 100_000
    assert most < 40, f"grew by {most} MB"
    assert 0 < child < 200, f"a child took {child} MB"


def _largest_reader() -> int:
    """MB that the reading child has held at most. Not `ru_maxrss`: that counts what its parent held when it began."""
    children = (task / "children" for task in Path("/proc/self/task").iterdir())
    return max((_megabytes(int(pid), "VmHWM") for file in children for pid in file.read_text().split()), default=0)


def _resident() -> int:
    """Megabytes this process holds now."""
    return _megabytes(os.getpid(), "VmRSS")


def _megabytes(pid: int, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except FileNotFoundError:  # it has ended meanwhile
        return 0
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith(name)), 0)


def with_rows(rows: bytes) -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(made([["a"], ["b"]]))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            data = old.read(part)
            if part.filename.endswith("sheet1.xml"):
                data = data.replace(b"</sheetData>", rows + b"</sheetData>")
            new.writestr(part, data)
    return out.getvalue()


async def test_two_million_empty_rows_are_refused_or_no_rows() -> None:
    with pytest.raises(BadFile, match="解压后太大"):
        await read_sheet(with_rows(b"<row/>" * 2_000_000))
    numbered = b"".join(b'<row r="%d"/>' % n for n in range(3, 400_000))
    assert len((await read_sheet(with_rows(numbered))).rows) == 1


async def test_a_reader_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "READ_SECONDS", 0.01)
    async with asyncio.timeout(20):
        with pytest.raises(BadFile, match="太复杂"):
            await read_sheet(made([["a"]]))
