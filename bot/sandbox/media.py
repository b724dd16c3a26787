"""Media files (platform.md section 9, behaviour 46): upload with the documented limits.

What is uploaded is kept in `Sandbox.files` under its media_id, so people's clients can show it.
"""

import uuid
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from aiohttp import web
from aiohttp.web_request import FileField

from bot.sandbox.auth import require_oapi
from bot.sandbox.errors import OapiError
from bot.sandbox.state import Sandbox, StoredFile
from bot.sandbox.wire import oapi_ok

MEGABYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limit:
    """Bytes and file endings of one media type; no endings: any."""

    size: int
    endings: tuple[str, ...] = ()


LIMITS: Final = {
    "image": Limit(20 * MEGABYTE, (".jpg", ".jpeg", ".gif", ".png", ".bmp")),
    "voice": Limit(2 * MEGABYTE, (".amr", ".mp3", ".wav")),
    "video": Limit(20 * MEGABYTE, (".mp4",)),
    "file": Limit(20 * MEGABYTE),
}


def store(sandbox: Sandbox, kind: str, name: str, content: bytes, content_type: str) -> StoredFile:
    """Keep a media file; raise OapiError 40004 (type), 40005 (ending), 40006 (size)."""
    limit = LIMITS.get(kind)
    if limit is None:
        raise OapiError(40004, "不合法的媒体文件类型")
    if limit.endings and PurePosixPath(name).suffix.lower() not in limit.endings:
        raise OapiError(40005, "不合法的文件类型")
    if not 0 < len(content) <= limit.size:
        raise OapiError(40006, "不合法的文件大小")
    stored = StoredFile(f"@lADO{uuid.uuid4().hex}", name, content, content_type)
    sandbox.files[stored.id] = stored
    return stored


def routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """`/media/upload`."""

    async def upload(request: web.Request) -> web.Response:
        require_oapi(sandbox, request)
        form = await request.post() if request.content_type == "multipart/form-data" else None
        field = form.get("media") if form is not None else None
        if not isinstance(field, FileField):
            raise OapiError(41005, "缺少多媒体文件数据")
        given = request.query.get("type") or (form.get("type") if form is not None else None)
        kind = given if isinstance(given, str) else ""
        stored = store(sandbox, kind, field.filename, field.file.read(), field.content_type)
        return oapi_ok(type=kind, media_id=stored.id, created_at=sandbox.clock.millis())

    return [web.post("/media/upload", upload)]
