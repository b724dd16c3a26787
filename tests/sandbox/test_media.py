"""Media upload: kinds, endings, sizes (behaviour 46)."""

import io
from typing import Any

import aiohttp
import pytest

from bot.sandbox.media import MEGABYTE
from tests.sandbox.old_calls import SEND, old
from tests.sandbox.wire_client import Wire


async def upload(wire: Wire, kind: str, name: str, content: bytes, field: str = "media") -> dict[str, Any]:
    """What an upload is answered."""
    form = aiohttp.FormData()
    form.add_field(field, io.BytesIO(content), filename=name)
    path = f"{wire.url}/media/upload?access_token={await wire.token()}&type={kind}"
    async with wire.session.post(path, data=form) as response:
        assert response.status == 200
        answer: dict[str, Any] = await response.json()
        return answer


async def test_b46_an_uploaded_picture_can_be_sent_and_seen(wire: Wire) -> None:
    answer = await upload(wire, "image", "图.png", b"\x89PNG-bytes")
    assert (answer["errcode"], answer["type"]) == (0, "image")
    assert answer["media_id"].startswith("@")
    message = {"msgtype": "image", "image": {"media_id": answer["media_id"]}}
    await old(wire, f"{SEND}/asyncsend_v2", {"agent_id": 100001, "userid_list": "lina04", "msg": message})
    (item,) = await wire.inbox("lina04")
    async with wire.session.get(f"{wire.url}/sandbox/v1/files/{item['file']['id']}") as response:
        assert await response.read() == b"\x89PNG-bytes"


@pytest.mark.parametrize(
    ("kind", "name", "size", "errcode"),
    [
        ("image", "a.png", 20 * MEGABYTE, 0),
        ("image", "a.png", 20 * MEGABYTE + 1, 40006),
        ("image", "a.webp", 10, 40005),
        ("voice", "a.amr", 2 * MEGABYTE, 0),
        ("voice", "a.amr", 2 * MEGABYTE + 1, 40006),
        ("voice", "a.ogg", 10, 40005),
        ("video", "a.mov", 10, 40005),
        ("video", "a.MP4", 10, 0),
        ("file", "报表.xlsx", 20 * MEGABYTE + 1, 40006),
        ("file", "报表.xlsx", 0, 40006),
        ("file", "报表.xlsx", 10, 0),
        ("music", "a.mp3", 10, 40004),
    ],
)
async def test_b46_the_limits_of_each_kind(wire: Wire, kind: str, name: str, size: int, errcode: int) -> None:
    assert (await upload(wire, kind, name, bytes(size)))["errcode"] == errcode


async def test_b46_the_part_must_be_named_media_and_the_token_stand_in_the_query(wire: Wire) -> None:
    assert (await upload(wire, "file", "a.txt", b"x", field="file"))["errcode"] == 41005
    await old(wire, "/media/upload?type=file", {"media": "x"}, errcode=41005)
    async with wire.session.post(f"{wire.url}/media/upload?type=file", data={"access_token": "x"}) as response:
        assert (await response.json())["errcode"] == 40014
