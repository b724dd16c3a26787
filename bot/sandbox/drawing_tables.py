"""Table and chart variables as blocks (platform.md section 3.7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.sandbox.expression_values import as_text, number, truthy


@dataclass(frozen=True, slots=True)
class PressableCell:
    """A cell that sends a request or opens a link; `at` is its row and column, `row` the object of its row."""

    at: tuple[int, int]
    key: str
    id: str
    kind: str
    text: str
    disabled: bool
    props: Mapping[str, Any]
    row: str | None
    column: Any
    line: Any


def table_block(value: Any) -> tuple[dict[str, Any], list[PressableCell]]:
    """The table as a block, and its pressable cells in reading order."""
    meta, lines = _objects(value, "meta"), _objects(value, "data")
    rows: list[list[dict[str, Any]]] = []
    pressable: list[PressableCell] = []
    for at, line in enumerate(lines):
        cells = [cell_text(line.get(as_text(column.get("alias"))), as_text(column.get("dataType"))) for column in meta]
        name = _row_name(cells, meta)
        rows.append(
            [
                {"text": text, "kind": as_text(column.get("dataType")) or "STRING"}
                for text, column in zip(cells, meta, strict=True)
            ]
        )
        for place, column in enumerate(meta):
            cell = line.get(as_text(column.get("alias")))
            if (
                isinstance(cell, Mapping)
                and cells[place]
                and (made := _pressable(cell, (at, place), column, line, name))
            ):
                pressable.append(made)
    columns = [as_text(column.get("aliasName")) for column in meta]
    return {"type": "table", "columns": columns, "rows": rows}, pressable


def _objects(holder: Any, key: str) -> list[Mapping[str, Any]]:
    rows = holder.get(key) if isinstance(holder, Mapping) else None
    return [one for one in rows if isinstance(one, Mapping)] if isinstance(rows, list) else []


def cell_text(cell: Any, kind: str) -> str:
    """What a reader sees in one cell."""
    if isinstance(cell, Mapping):
        keys = {"MICROAPP": ("name", "text", "value"), "BUTTON": ("text", "value", "name")}.get(
            kind, ("value", "text", "name")
        )
        return next((as_text(cell[key]) for key in keys if cell.get(key) not in (None, "")), "")
    return as_text(cell)


def _row_name(cells: list[str], meta: list[Mapping[str, Any]]) -> str | None:
    """The first cell in words; a rank or a number only where there is nothing else."""
    texts = [text for text, column in zip(cells, meta, strict=True) if text and column.get("dataType") != "BUTTON"]
    return next((text for text in texts if number(text) is None), texts[0] if texts else None)


def _pressable(
    cell: Mapping[str, Any], at: tuple[int, int], column: Mapping[str, Any], line: Mapping[str, Any], name: str | None
) -> PressableCell | None:
    kind = as_text(column.get("dataType"))
    link = as_text(cell.get("url"))
    request = truthy(cell.get("request"))
    if kind not in {"BUTTON", "OBJECT"} or not (request or link or kind == "BUTTON"):
        return None
    if request:
        props: dict[str, Any] = {"actionType": "request", "actionId": as_text(cell.get("id"))}
    else:
        props = {"actionType": "url", "url": link}
    return PressableCell(
        at=at,
        key=f".{as_text(column.get('alias'))}",
        id=as_text(cell.get("id")),
        kind="request" if request else "url" if link else "none",
        text=cell_text(cell, kind),
        disabled=cell.get("status") == "disabled",
        props=props,
        row=name,
        column=dict(column),
        line=dict(line),
    )


def chart_block(value: Any) -> dict[str, Any]:
    """The chart as a block with its points, and the points in words for the plain text."""
    holder = value if isinstance(value, Mapping) else {}
    rows = _objects(value, "data")
    points = [{"x": as_text(row.get("x")), "y": row.get("y"), "type": as_text(row.get("type"))} for row in rows]
    words = [" ".join(part for part in (one["type"], one["x"], as_text(one["y"])) if part) for one in points]
    config = holder.get("config")
    return {
        "type": "chart",
        "chart": as_text(holder.get("type")) or "histogram",
        "title": as_text(holder.get("title")),
        "points": points,
        "config": dict(config) if isinstance(config, Mapping) else {},
        "lines": words,
    }
