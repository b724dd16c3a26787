"""DingTalk's ways of saying no, as types. `failure_of` is the only place that knows the codes.

Source: platform.md 5.2, 5.3 and the error tables of each section there.
"""

import asyncio
import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import aiohttp
import orjson

BAN_SECONDS = 300.0  # how long DingTalk bars an IP


class DingTalkError(Exception):
    """DingTalk did not do what was asked, or did not answer.

    `retryable`: the same call may succeed later. `retry_after`: not before so many seconds.
    `code` is DingTalk's own (old style: the errcode as text); empty for a network failure.
    """

    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, code: str = "", request_id: str = "", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.request_id = request_id
        self.retry_after = retry_after

    def __str__(self) -> str:
        known = (self.code, self.message, self.request_id and f"request {self.request_id}")
        return ", ".join(part for part in known if part)


class TokenExpired(DingTalkError):
    """The access token is not accepted (any more); `DingTalkApi` renews it once before showing this."""

    retryable = True


class Throttled(DingTalkError):
    """Too fast; the call was not executed."""

    retryable = True


class Banned(DingTalkError):
    """Our IP is barred from every call for minutes; calling on prolongs it."""

    retryable = True


class Busy(DingTalkError):
    """DingTalk has a hiccup of its own; the call was not executed or may safely be repeated."""

    retryable = True


class Unreachable(DingTalkError):
    """No answer; the call was not executed or may safely be repeated."""

    retryable = True


class UnknownOutcome(DingTalkError):
    """The request left and no verdict came back: it may have taken effect. Do not blindly repeat it."""


class QuotaExhausted(DingTalkError):
    """The company's monthly number of calls is used up."""


class IpNotAllowed(DingTalkError):
    """Our egress IP is not on the app's white list."""


class PermissionMissing(DingTalkError):
    """The app lacks a permission point; `required_scopes` names it where DingTalk does."""

    def __init__(
        self, message: str, *, required_scopes: tuple[str, ...] = (), code: str = "", request_id: str = ""
    ) -> None:
        super().__init__(message, code=code, request_id=request_id)
        self.required_scopes = required_scopes


class BadRequest(DingTalkError):
    """The request itself is refused; repeating it unchanged is pointless."""


class WrongCredentials(BadRequest):
    """Client id and secret do not belong together."""


class NotInScope(BadRequest):
    """That person or department exists or not, but the app may not read it (50002, 50004). Not a departure."""


class PersonGone(BadRequest):
    """No such person in the company (any more)."""


class DepartmentGone(BadRequest):
    """No such department (any more)."""


class CodeRejected(BadRequest):
    """A login code that is unknown, older than five minutes, or used before (40078)."""


class UnsafeContent(BadRequest):
    """DingTalk's censor refuses the words, a link or a picture."""


class SessionExpired(BadRequest):
    """A session webhook past its time; the robot API still reaches the conversation."""


class CardExists(BadRequest):
    """A card with this out_track_id is there already."""


class CardMissing(BadRequest):
    """No card with this out_track_id."""


class TemplateUnusable(BadRequest):
    """The card template is unknown or not published: draw the thing another way."""


class NotDelivered(BadRequest):
    """A card was made but reached none of its spaces (HTTP 200 all the same)."""


class TooLarge(BadRequest):
    """Ours, before sending: over a size limit that DingTalk documents."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back over HTTP."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The decoded body; None if it is not JSON, an empty object if it is empty."""
        if not self.body.strip():
            return {}
        with contextlib.suppress(orjson.JSONDecodeError):
            return orjson.loads(self.body)
        return None


_OLD: dict[int, type[DingTalkError]] = {
    40001: TokenExpired,
    40014: TokenExpired,
    42001: TokenExpired,
    40089: WrongCredentials,
    60011: PermissionMissing,
    60020: IpNotAllowed,
    90002: Throttled,
    90005: Throttled,
    90006: Throttled,
    90018: Throttled,
    410100: Throttled,
    90020: QuotaExhausted,
    -1: Busy,
    15: Busy,
    88: Busy,
    50002: NotInScope,
    50004: NotInScope,
    33012: PersonGone,
    60121: PersonGone,
    60003: DepartmentGone,
    40078: CodeRejected,
    430101: UnsafeContent,
    430102: UnsafeContent,
    430103: UnsafeContent,
    430104: UnsafeContent,
}

_NEW: dict[str, type[DingTalkError]] = {
    "invalidauthentication": TokenExpired,
    "invalidclientidorsecret": WrongCredentials,
    "forbidden.accessdenied.accesstokenpermissiondenied": PermissionMissing,
    "forbidden.accessdenied.ipnotinwhitelist": IpNotAllowed,
    "forbidden.accessdenied.qpslimitforappkeyandapi": Throttled,
    "forbidden.accessdenied.qpslimitforapi": Throttled,
    "forbidden.accessdenied.qpmlimitforappkeyandapi": Throttled,
    "forbidden.accessdenied.apicountlimitfororg": QuotaExhausted,
    "send.too.fast": Throttled,
    "toomuch.msg": Throttled,
    "flowcontrolerror": Throttled,
    "systembusy": Busy,
    "system.busy": Busy,
    "system.error": Busy,
    "service.timeout": Busy,
    "staffid.notexisted": PersonGone,
    "param.contentunsafe": UnsafeContent,
    "param.cardalreadyexist": CardExists,
    "param.cardnotexist": CardMissing,
    "param.templatenotexist": TemplateUnusable,
    "param.templateunpublished": TemplateUnusable,
    "session.notexisted": SessionExpired,
    "session.expired": SessionExpired,
}

_WAITS = {  # seconds, where DingTalk counts by the minute
    "410100": 60.0,
    "forbidden.accessdenied.qpmlimitforappkeyandapi": 10.0,
    "90005": 10.0,
    "90006": 10.0,
}


def failure_of(outcome: Answer | Exception, *, repeatable: bool = False) -> DingTalkError | None:
    """What went wrong; None if nothing did.

    Takes an answer of either API family or of a session webhook, or what aiohttp raised instead of one.
    `repeatable`: doing the call twice is the same as once; then a lost answer is no more than `Unreachable`.
    Messages never hold an address: the old family carries its token there.
    """
    if isinstance(outcome, Exception):
        return _network_failure(outcome, repeatable=repeatable)
    content = outcome.json()
    if content is None:
        return _not_json(outcome, repeatable=repeatable)
    if not isinstance(content, Mapping):
        return None if outcome.status < 300 else _by_status(outcome.status, "", "", repeatable=repeatable)
    said = {str(key).lower().replace("_", ""): value for key, value in content.items()}
    if _number(said.get("status")) == 1111:
        wait = _number(said.get("wait")) or 0  # minutes, going by the documented five
        return Banned("DingTalk bars this IP", code="1111", retry_after=min(max(BAN_SECONDS, wait * 60), 3600.0))
    request_id = str(said.get("requestid") or "")
    if (errcode := _number(said.get("errcode"))) is not None:
        return _old_failure(errcode, said, request_id)
    if "errcode" in said:  # some webhook answers name the code
        return _named(str(said["errcode"]), str(said.get("errmsg") or ""), request_id, ())
    if outcome.status < 300:
        return None
    code, message = str(said.get("code") or ""), str(said.get("message") or "")
    if outcome.status in {502, 504} and not repeatable:
        return UnknownOutcome(message or f"HTTP {outcome.status}", code=code, request_id=request_id)
    if not code or (code.lower() not in _NEW and outcome.status in {401, 429}) or outcome.status >= 500:
        return _by_status(outcome.status, code, message, request_id=request_id, repeatable=repeatable)
    return _named(code, message, request_id, _scopes(said.get("accessdenieddetail")))


def _network_failure(problem: Exception, *, repeatable: bool) -> DingTalkError:
    kind = type(problem).__name__
    if isinstance(problem, aiohttp.InvalidURL):
        return BadRequest("not an address")
    if isinstance(problem, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return Unreachable(f"no connection ({kind})")
    what = "no answer in time" if isinstance(problem, asyncio.TimeoutError) else "connection lost"
    if repeatable:
        return Unreachable(f"{what} ({kind})")
    return UnknownOutcome(f"{what}, after the request had left ({kind})")


def _not_json(answer: Answer, *, repeatable: bool) -> DingTalkError:
    if answer.status < 500 and answer.body.lstrip().startswith(b"<"):
        return Banned("a page of HTML came instead of an answer", retry_after=BAN_SECONDS)
    return _by_status(502 if answer.status < 500 else answer.status, "", "unreadable answer", repeatable=repeatable)


def _by_status(status: int, code: str, message: str, *, request_id: str = "", repeatable: bool) -> DingTalkError:
    message = message or f"HTTP {status}"
    if status == 401:
        return TokenExpired(message, code=code, request_id=request_id)
    if status in {502, 504} and not repeatable:
        return UnknownOutcome(message, code=code, request_id=request_id)
    if status == 429 or status >= 500:
        return Busy(message, code=code, request_id=request_id)
    return BadRequest(message, code=code, request_id=request_id)


def _old_failure(errcode: int, said: Mapping[str, Any], request_id: str) -> DingTalkError | None:
    if errcode == 0:
        return None
    message = str(said.get("submsg") or said.get("errmsg") or "")
    if errcode == 88 and said.get("subcode"):  # 88 is a wrapper round another code
        return _named(str(said["subcode"]), message, request_id, (), otherwise=Busy)
    return _named(str(errcode), message, request_id, ())


def _named(
    code: str,
    message: str,
    request_id: str,
    scopes: tuple[str, ...],
    *,
    otherwise: type[DingTalkError] = BadRequest,
) -> DingTalkError:
    name = code.lower()
    number = _number(code)
    kind = _OLD.get(number) if number is not None else _NEW.get(name)
    if kind is None:
        kind = UnsafeContent if name.startswith("contain.") else otherwise
    if kind is PermissionMissing:
        return PermissionMissing(
            message, required_scopes=scopes or _bracketed(message), code=code, request_id=request_id
        )
    return kind(message, code=code, request_id=request_id, retry_after=_WAITS.get(name))


def _scopes(detail: object) -> tuple[str, ...]:
    if not isinstance(detail, Mapping):
        return ()
    found = next((value for key, value in detail.items() if str(key).lower() == "requiredscopes"), ())
    return tuple(str(scope) for scope in found) if isinstance(found, list | tuple) else ()


def _bracketed(message: str) -> tuple[str, ...]:
    """The old family names the permission point in its words: 应用尚未开通所需的权限：[qyapi_get_member]."""
    found = re.search(r"[\[【]([A-Za-z][\w.]*(?:\s*[,，、]\s*[A-Za-z][\w.]*)*)[\]】]", message)
    return tuple(re.split(r"\s*[,，、]\s*", found[1])) if found else ()


def _number(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        return int(value)
    except ValueError:
        return None
