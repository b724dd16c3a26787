"""xlsx in and out: hostile files are refused in one sentence, ours hold no formula (reliability S3 to S6)."""

import io
import time
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from bot import sheets, sheetstream, sheetwork
from bot.core.tabular import Column, Sheet, Table, sheet_of
from bot.sheets import BadFile, read_sheet, write_table
from bot.sheetwork import BadSheet, check_package, check_parts

TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
NAIVE = datetime.fromisoformat("2026-03-02 09:05")  # a cell knows no zone
BOOK = (
    f'<workbook xmlns="{MAIN}" xmlns:r="{RELS}"><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>'
)


def package(sheet: str | bytes, **more: bytes) -> bytes:
    """A minimal xlsx round one sheet part."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("[Content_Types].xml", TYPES)
        z.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{RELS}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        z.writestr("xl/workbook.xml", BOOK)
        z.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" Type="{RELS}/worksheet" '
            'Target="worksheets/sheet1.xml"/></Relationships>',
        )
        z.writestr("xl/worksheets/sheet1.xml", sheet)
        for name, content in more.items():
            z.writestr(name, content)
    return out.getvalue()


def sheet_xml(rows: str) -> str:
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def text_cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def book(*rows: list[object], change: Callable[[Workbook], None] = lambda _: None) -> bytes:
    made = Workbook()
    assert made.active is not None
    for row in rows:
        made.active.append(row)
    change(made)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


async def read(content: bytes) -> list[tuple[str, ...]]:
    sheet = await read_sheet(content)
    return [sheet.header, *(r.cells for r in sheet.rows)]


async def test_what_was_written_is_read_again() -> None:
    table = Table(
        "角色", (Column("角色*"), Column("范围", choices=("本人", "全部"))), [["业务员", "本人"], ["经理", "全部"]]
    )
    assert await read(await write_table(table.dump())) == [("角色*", "范围"), ("业务员", "本人"), ("经理", "全部")]


async def test_no_cell_is_a_formula_whatever_it_begins_with() -> None:
    bad = [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "\0=1",
        "＝1",
        "＋1",
        "－1",
        "＠1",
        '=HYPERLINK("x")',
    ]
    content = await write_table(Table("x", (Column("值"),), [[b] for b in bad]).dump())
    made = load_workbook(io.BytesIO(content))
    cells = [row[0] for row in made.worksheets[0].iter_rows(min_row=2)]
    assert len(cells) == len(bad)
    for cell in cells:
        assert cell.data_type == "s", cell.value
    assert all(c.quotePrefix for c in cells if str(c.value)[:1] in "=+-@＝＋－＠")
    with zipfile.ZipFile(io.BytesIO(content)) as z:
        assert b"<f>" not in z.read("xl/worksheets/sheet1.xml")


async def test_drop_downs_name_the_second_sheet() -> None:
    columns = (Column("名称"), Column("来源", choices=tuple(f"来源{i}" for i in range(300))))
    made = load_workbook(io.BytesIO(await write_table(Table("x", columns, [], ("说明一",)).dump())))
    assert made.sheetnames == ["x", "可选值", "说明"]
    (rule,) = made.worksheets[0].data_validations.dataValidation
    assert rule.formula1 == "=可选值!$A$2:$A$301"
    assert made["可选值"]["A301"].value == "来源299"


async def test_numbers_and_days_are_read_as_people_see_them() -> None:
    content = book(["手机", "日", "时", "数", "真"], [13812345678, date(2026, 3, 2), NAIVE, 2.5, True])
    assert (await read(content))[1] == ("13812345678", "2026-03-02", "2026-03-02 09:05", "2.5", "是")


async def test_a_formula_counts_with_its_remembered_value_never_as_itself() -> None:
    rows = '<row r="1">' + text_cell("A1", "x") + '</row><row r="2"><c r="A2"><f>1+1</f><v>2</v></c></row>'
    assert await read(package(sheet_xml(rows))) == [("x",), ("2",)]
    assert await read(book(["x"], ["=1+1"])) == [("x",)]


async def test_row_numbers_are_those_of_the_file_and_blank_rows_are_left_out() -> None:
    sheet = await read_sheet(book(["角色"], [None], ["业务员"]))
    assert [(r.number, r.cells) for r in sheet.rows] == [(3, ("业务员",))]


async def test_merged_cells_count_once() -> None:
    def merge(made: Workbook) -> None:
        assert made.active is not None
        made.active.merge_cells("A2:B3")

    assert await read(book(["甲", "乙"], ["一", "二"], ["三", "四"], change=merge)) == [("甲", "乙"), ("一",)]


async def test_the_first_visible_sheet_is_read() -> None:
    def hide(made: Workbook) -> None:
        other = made.create_sheet("b")
        other.append(["看得见"])
        assert made.active is not None
        made.active.sheet_state = "hidden"

    assert await read(book(["看不见"], change=hide)) == [("看得见",)]


def bomb() -> bytes:
    return package(sheet_xml("<row/>" + " " * 150_000_000))


def entities() -> bytes:
    lines = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 9))
    return package(f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">{lines}]>' + sheet_xml("&l8;"))


def outside() -> bytes:
    doctype = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    return package(doctype + sheet_xml('<row r="1">' + text_cell("A1", "&f;") + "</row>"))


def hidden_entities() -> bytes:
    doctype = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    return package((doctype + sheet_xml("&f;")).encode("utf-16"))


def truncated() -> bytes:
    return book(["a"] * 50, ["b"] * 50)[:-400]


def broken_part() -> bytes:
    content = bytearray(package(sheet_xml("<row/>" * 500)))
    place = content.find(b"xl/worksheets/sheet1.xml") + 40
    content[place : place + 20] = b"\xff" * 20
    return bytes(content)


def doubled() -> bytes:
    out = io.BytesIO(book(["a"]))
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(out, "a") as z:
        z.writestr("xl/workbook.xml", BOOK)
    return out.getvalue()


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "text": (lambda: b"name,phone\n", "不是 xlsx"),
    "empty": (lambda: b"", "不是 xlsx"),
    "old xls": (lambda: b"\xd0\xcf\x11\xe0" + b"\0" * 600, "旧版 xls"),
    "another zip": (lambda: _zip({"a.txt": b"x"}), "不是 xlsx"),
    "too large": (lambda: b"PK" + b"\0" * (10 * 1024 * 1024), "10 MB"),
    "bomb": (bomb, "太大"),
    "billion laughs": (entities, "不允许"),
    "a file of the machine": (outside, "不允许"),
    "the same in UTF-16": (hidden_entities, "编码"),
    "truncated": (truncated, "损坏"),
    "a broken part": (broken_part, "损坏"),
    "a part twice": (doubled, "结构"),
    "many parts": (lambda: _zip({f"x{i}": b"" for i in range(2500)}), "结构"),
    "no XML": (lambda: package(b"<worksheet"), "读不出来"),
    "many columns": (
        lambda: package(sheet_xml('<row r="1">' + text_cell("A1", "a") + text_cell("XFD1", "b") + "</row>")), "100 列"
    ),
}  # fmt: skip


def _zip(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name, content in parts.items():
            z.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize("name", list(HOSTILE))
async def test_a_hostile_file_is_refused_in_one_sentence(name: str) -> None:
    make, why = HOSTILE[name]
    with pytest.raises(BadFile) as refusal:
        await read_sheet(make())
    assert why in refusal.value.text
    assert len(refusal.value.text) < 80 and "\n" not in refusal.value.text


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    content = bomb()
    began = time.process_time()
    with pytest.raises(BadSheet):
        check_package(content)
    assert time.process_time() - began < 0.2


def test_a_part_that_holds_more_than_it_says_is_bounded() -> None:
    content = bytearray(package(sheet_xml("<row/>" * 200_000)))
    size = len(sheet_xml("<row/>" * 200_000)).to_bytes(4, "little")
    assert content.count(size) == 2
    lying = bytes(content).replace(size, (100).to_bytes(4, "little"))
    check_package(lying)
    with pytest.raises(BadSheet):
        check_parts(lying)


async def test_two_cells_far_apart_are_no_million_rows() -> None:
    rows = f'<row r="1">{text_cell("A1", "a")}</row><row r="1048576">{text_cell("A1048576", "b")}</row>'
    sheet = await read_sheet(package(sheet_xml(rows)))
    assert [(r.number, r.cells) for r in sheet.rows] == [(1048576, ("b",))]


async def test_many_empty_rows_are_bounded() -> None:
    rows = (
        f'<row r="1">{text_cell("A1", "a")}</row>'
        + "<row/>" * 400_000
        + f'<row r="400002">{text_cell("A400002", "b")}</row>'
    )
    sheet = await read_sheet(package(sheet_xml(rows)))
    assert [(r.number, r.cells) for r in sheet.rows] == [(400002, ("b",))]


@pytest.mark.parametrize("piece", [64, 97, 1024])
def test_rows_past_the_first_are_counted_by_their_tags(monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    monkeypatch.setattr(sheetstream, "PIECE", piece)
    rows: list[list[object]] = [[str(n)] for n in range(300)]
    content = book(["a"], *rows)
    assert sheetstream.count_rows(content) == 301
    out = io.BytesIO()
    sheetwork.read_out(content, out, 20)
    *batches, total = [orjson.loads(line) for line in out.getvalue().splitlines()]
    assert sum(len(b) for b in batches) == 20 and total == {"rows": 301}


def test_too_many_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheetwork, "MAX_ROWS", 3)
    assert len(sheetwork.read(book(["a"], ["1"], ["2"], ["3"]))) == 4
    with pytest.raises(BadSheet, match="3 行"):
        sheetwork.read(book(["a"], ["1"], ["2"], ["3"], ["4"]))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 3000))
def test_a_damaged_file_never_raises_anything_else(noise: bytes, place: int) -> None:
    content = bytearray(book(["角色", "功能"], ["业务员", "客户-查看"]))
    content[place : place + len(noise)] = noise
    try:
        sheetwork.read(bytes(content))
    except BadSheet:
        return


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.text(max_size=12), min_size=1, max_size=4), min_size=1, max_size=5))
def test_text_survives_and_stays_text(rows: list[list[str]]) -> None:
    width = max(map(len, rows))
    columns = [{"title": f"列{i}", "choices": [], "width": 10, "several": False} for i in range(width)]
    content = sheetwork.write({"title": "x", "columns": columns, "rows": rows, "notes": []})
    for row in load_workbook(io.BytesIO(content)).worksheets[0].iter_rows():
        assert all(
            cell.data_type in ("s", "n", "inlineStr") and not isinstance(cell.value, int | float) for cell in row
        )
    wanted = [[sheetwork.cell_text(v) for v in row] for row in rows]
    wanted = [r[: max((i + 1 for i, v in enumerate(r) if v), default=0)] for r in wanted]
    got = [cells for _, cells in sheetwork.read(content)[1:]]
    assert [[c.replace("\r", "\n") for c in r] for r in got] == [
        [c.replace("\r\n", "\n").replace("\r", "\n") for c in r] for r in wanted if r
    ]


def test_columns_are_found_by_their_title() -> None:
    sheet = sheet_of([(1, [" 角色 *", "数据 权限", "功能"]), (4, ["业务员"])])
    assert (sheet.column("角色"), sheet.column("数据权限"), sheet.column("成员")) == (0, 1, None)
    assert sheet.rows[0].cell(2) == "" and sheet.rows[0].cell(None) == ""
    assert Sheet().column("角色") is None


async def test_the_child_knows_no_secret_and_not_where_it_is_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot" / "__init__.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DINGCRM_SECRET_KEY", "a key that the child must not have")
    assert set(sheets.ENVIRONMENT) == {"PYTHONPATH"}
    assert await read(book(["角色"], ["业务员"])) == [("角色",), ("业务员",)]
