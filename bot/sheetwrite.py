"""A long xlsx of text, written row by row: a table's head and its rows come in as lines of JSON.

Every cell is an inline string, so none can be a formula; one that some program would take for one is marked as text
besides (S3). Short tables, with their drop-downs, are written by `bot.sheetwork.write`.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

from bot.sheetwork import DANGEROUS

LONGEST: Final = 32_767  # characters of a cell
_ILLEGAL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_STYLES: Final = (  # 0 text, 1 the header, 2 text that looks like a formula
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="3">'
    '<fill><patternFill patternType="none"/>'
    '</fill><fill><patternFill patternType="gray125"/></fill><fill><patternFill patternType="solid">'
    '<fgColor rgb="FFDDE7F3"/></patternFill></fill></fills><borders count="1"><border><left/><right/><top/><bottom/>'
    '<diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
    '</cellStyleXfs><cellXfs count="3"><xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="1" fillId="2" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


def write_lines(given: Iterable[bytes]) -> bytes:
    """The file. First line: title and columns, as `bot.core.tabular.Table` is stored; the others: lists of rows."""
    lines = iter(given)
    head: dict[str, Any] = json.loads(next(lines))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as package:
        for name, text in _frame(str(head["title"])):
            package.writestr(name, text)
        with package.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            columns: Sequence[dict[str, Any]] = head["columns"]
            widths = "".join(
                f'<col min="{n}" max="{n}" width="{c.get("width") or 16}" customWidth="1"/>'
                for n, c in enumerate(columns, start=1)
            )
            sheet.write(
                f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" '
                f'topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>{widths}'
                "</cols><sheetData>".encode()
            )
            sheet.write(_row([c["title"] for c in columns], style=1).encode())
            for line in lines:
                sheet.write("".join(_row(row) for row in json.loads(line)).encode())
            sheet.write(b"</sheetData></worksheet>")
    return out.getvalue()


def _row(cells: Sequence[object], style: int = 0) -> str:
    return f"<row>{''.join(_cell(str(value), style) for value in cells)}</row>"


def _cell(text: str, style: int) -> str:
    if not text:
        return f'<c s="{style}"/>'
    value = escape(_ILLEGAL.sub("", text).replace("\r\n", "\n")[:LONGEST])
    marked = 2 if text[0] in DANGEROUS else style
    return f'<c t="inlineStr" s="{marked}"><is><t xml:space="preserve">{value}</t></is></c>'


def _frame(title: str) -> list[tuple[str, str]]:
    """What is around the one sheet."""
    name = escape(title, {'"': "&quot;"})
    parts = (
        ("/xl/workbook.xml", "sheet.main"),
        ("/xl/worksheets/sheet1.xml", "worksheet"),
        ("/xl/styles.xml", "styles"),
    )
    overrides = "".join(f'<Override PartName="{part}" ContentType="{_TYPE}.{kind}+xml"/>' for part, kind in parts)
    relations = "".join(
        f'<Relationship Id="rId{n}" Type="{_RELATIONS}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate((("worksheet", "worksheets/sheet1.xml"), ("styles", "styles.xml")), start=1)
    )
    return [
        (
            "[Content_Types].xml",
            (
                f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
                'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
            ),
        ),
        (
            "_rels/.rels",
            (
                f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
                f'Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
            ),
        ),
        (
            "xl/workbook.xml",
            (
                f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets><sheet name="{name}" sheetId="1" '
                'r:id="rId1"/></sheets></workbook>'
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{relations}</Relationships>',
        ),
        ("xl/styles.xml", _STYLES),
    ]
