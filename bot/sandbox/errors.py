"""Refusals in the three manners a client meets: new-style API, old-style API, control plane."""

import uuid
from abc import ABC, abstractmethod
from typing import Any

from aiohttp import web


class SandboxError(Exception, ABC):
    """Base; `response()` is what goes over the wire."""

    @abstractmethod
    def response(self) -> web.Response:
        """The HTTP answer."""


class PlatformError(SandboxError):
    """`api.dingtalk.com`: 4xx/5xx with code, message, requestid (lower case, platform.md 5.2)."""

    def __init__(self, status: int, code: str, message: str = "", **extra: Any) -> None:
        super().__init__(code)
        self.status, self.code, self.message, self.extra = status, code, message or code, extra

    def response(self) -> web.Response:
        """JSON with the status."""
        body = {"code": self.code, "requestid": request_id(), "message": self.message, **self.extra}
        return web.json_response(body, status=self.status)


class OapiError(SandboxError):
    """`oapi.dingtalk.com`: HTTP 200 with errcode ≠ 0."""

    def __init__(self, errcode: int, errmsg: str, **extra: Any) -> None:
        super().__init__(errmsg)
        self.errcode, self.errmsg, self.extra = errcode, errmsg, extra

    def response(self) -> web.Response:
        """JSON, status 200."""
        body = {"errcode": self.errcode, "errmsg": self.errmsg, "request_id": request_id(), **self.extra}
        return web.json_response(body)


class ControlError(SandboxError):
    """The control plane: `{"code", "message"}` with 400, 404 or 409."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def response(self) -> web.Response:
        """JSON with the status."""
        return web.json_response({"code": self.code, "message": self.message}, status=self.status)


def not_found(what: str) -> ControlError:
    """404 of the control plane."""
    return ControlError(404, "not_found", f"no such {what}")


def bad(message: str) -> ControlError:
    """400 of the control plane."""
    return ControlError(400, "bad_request", message)


def conflict(message: str) -> ControlError:
    """409 of the control plane: the present state does not allow it."""
    return ControlError(409, "conflict", message)


def request_id() -> str:
    """As DingTalk gives with every answer."""
    return uuid.uuid4().hex[:16]
