"""Files as people send and get them: over the control plane, made and looked into with openpyxl."""

import io
from collections.abc import Sequence
from typing import Any

import aiohttp
from openpyxl import Workbook, load_workbook

from tests.support.stage import Stage


def table(*rows: Sequence[str | None]) -> bytes:
    """An xlsx of one sheet."""
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def rows_of(content: bytes, sheet: int = 0) -> list[tuple[str, ...]]:
    """Its rows as text."""
    made = load_workbook(io.BytesIO(content)).worksheets[sheet]
    return [tuple("" if v is None else str(v) for v in row) for row in made.iter_rows(values_only=True)]


async def send_file(stage: Stage, who: str, content: bytes, name: str = "表.xlsx") -> list[dict[str, Any]]:
    """Sends it to the bot; returns what reached the person then."""
    return await stage.say(who, "", file={"file": await _stored(stage, content), "name": name})


async def send_picture(stage: Stage, who: str, content: bytes) -> list[dict[str, Any]]:
    """The same of a picture, which has no name."""
    return await stage.say(who, "", picture={"file": await _stored(stage, content)})


async def _stored(stage: Stage, content: bytes) -> str:
    form = aiohttp.FormData()
    form.add_field("file", content, filename="upload")
    async with stage.http.post(f"{stage.url}/sandbox/v1/files", data=form) as answer:
        return str((await answer.json())["id"])


async def fetch_file(stage: Stage, item: dict[str, Any]) -> bytes:
    """What the bot sent."""
    async with stage.http.get(f"{stage.url}/sandbox/v1/files/{item['file']['id']}") as answer:
        assert answer.status == 200
        return await answer.read()


def only_file(items: list[dict[str, Any]]) -> dict[str, Any]:
    """The one item that is a file."""
    files = [i for i in items if i["kind"] == "file"]
    assert len(files) == 1, [i["text"] for i in items]
    return files[0]
