"""Reads the parameters of old-style calls as leniently as DingTalk does, and writes their answers.

Old-style calls come as JSON or as a form, so a number may arrive as text (platform.md, head of the file).
"""

from typing import Any

import orjson
from aiohttp import web

from bot.sandbox.errors import OapiError, request_id


def oapi_ok(**fields: Any) -> web.Response:
    """Answer an old-style call: errcode 0 and the given fields beside it."""
    body = {"errcode": 0, "errmsg": "ok", **fields, "request_id": request_id()}
    return web.Response(body=orjson.dumps(body), content_type="application/json")


def json_ok(body: Any) -> web.Response:
    """Answer a new-style call: the bare result."""
    return web.Response(body=orjson.dumps(body), content_type="application/json")


def invalid_parameter(name: str) -> OapiError:
    """The old family's refusal of a missing or impossible parameter."""
    return OapiError(40035, f"不合法的参数：{name}")


def integer(body: dict[str, Any], name: str, default: int | None = None) -> int:
    """Return a whole number, also written as text; raise OapiError 40035 when missing or something else."""
    value = body.get(name, default)
    if isinstance(value, str):
        try:
            value = int(value)
        except ValueError as wrong:
            raise invalid_parameter(name) from wrong
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid_parameter(name)
    return value


def text(body: dict[str, Any], name: str) -> str:
    """Return a non-empty text; raise OapiError 40035 when missing or something else."""
    value = body.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value:
        raise invalid_parameter(name)
    return value


def flag(body: dict[str, Any], name: str, *, default: bool = False) -> bool:
    """Return a yes or no, also written as text; raise OapiError 40035 for something else."""
    value = body.get(name, default)
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        value = value.lower() == "true"
    if not isinstance(value, bool):
        raise invalid_parameter(name)
    return value


def comma_list(body: dict[str, Any], name: str) -> list[str]:
    """Return the parts of a comma-separated text (`userid_list`); a JSON list is taken too; absent is empty."""
    value = body.get(name)
    if value is None or value == "":
        return []
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list):
        raise invalid_parameter(name)
    return [str(part).strip() for part in parts if str(part).strip()]
