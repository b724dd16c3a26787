"""The page a person uses: `GET /` and its parts, read from the package; all it knows it asks the control plane."""

import uuid
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Final

from aiohttp import web

from bot.sandbox.state import Sandbox

_PARTS: Final = files("bot.sandbox") / "page"
_TYPES: Final = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
# Nothing from elsewhere is loaded or run; frames are the app's own pages, on another loopback port.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data: blob: http://127.0.0.1:* http://localhost:*; media-src 'self' blob:; "
    "frame-src http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def read_part(name: str) -> tuple[bytes, str]:
    """A file of the page and its content type.

    Raises:
        FileNotFoundError: no such part; names with a path in them are none.
    """
    suffix = PurePosixPath(name).suffix
    part = _PARTS / name
    if suffix not in _TYPES or PurePosixPath(name).name != name or not part.is_file():
        raise FileNotFoundError(name)
    return part.read_bytes(), _TYPES[suffix]


def routes(sandbox: Sandbox) -> list[web.RouteDef]:  # noqa: ARG001 -- every module is asked the same way
    """`/` and `/page/{name}`.

    Each start has an id of its own, written into the page: what a browser remembers of chats belongs to one start.
    """
    boot = uuid.uuid4().hex

    def answer(name: str) -> web.Response:
        try:
            body, content_type = read_part(name)
        except FileNotFoundError as missing:
            raise web.HTTPNotFound(text="没有这个文件") from missing
        if name == "index.html":
            body = body.replace(b"{{boot}}", boot.encode())
        return web.Response(body=body, content_type=content_type, charset="utf-8", headers=_HEADERS)

    async def index(_: web.Request) -> web.Response:
        return answer("index.html")

    async def part(request: web.Request) -> web.Response:
        return answer(request.match_info["name"])

    async def icon(_: web.Request) -> web.Response:
        return answer("icon.svg")

    return [web.get("/", index), web.get("/page/{name}", part), web.get("/favicon.ico", icon)]
