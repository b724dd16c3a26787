import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from bot.dingtalk.errors import (
    Answer,
    BadRequest,
    Banned,
    Busy,
    CardExists,
    CardMissing,
    CodeRejected,
    DepartmentGone,
    DingTalkError,
    IpNotAllowed,
    NotInScope,
    PermissionMissing,
    PersonGone,
    QuotaExhausted,
    SessionExpired,
    TemplateUnusable,
    Throttled,
    TokenExpired,
    UnknownOutcome,
    Unreachable,
    UnsafeContent,
    WrongCredentials,
    failure_of,
)

FORBIDDEN = "Forbidden.AccessDenied."


@pytest.mark.parametrize(
    ("status", "code", "kind", "retryable"),
    [
        (400, "InvalidAuthentication", TokenExpired, True),
        (401, "whatever", TokenExpired, True),
        (403, FORBIDDEN + "AccessTokenPermissionDenied", PermissionMissing, False),
        (403, FORBIDDEN + "IpNotInWhiteList", IpNotAllowed, False),
        (403, FORBIDDEN + "QpsLimitForAppkeyAndApi", Throttled, True),
        (403, FORBIDDEN + "QpsLimitForApi", Throttled, True),
        (403, FORBIDDEN + "QpmLimitForAppkeyAndApi", Throttled, True),
        (403, FORBIDDEN + "ApiCountLimitForOrg", QuotaExhausted, False),
        (400, "send.too.fast", Throttled, True),
        (429, "systemBusy", Busy, True),
        (429, "", Busy, True),
        (500, "system.busy", Busy, True),
        (500, "system.error", Busy, True),
        (500, "", Busy, True),
        (504, "service.timeout", UnknownOutcome, False),
        (400, "invalidClientIdOrSecret", WrongCredentials, False),
        (400, "staffId.notExisted", PersonGone, False),
        (400, "param.contentUnsafe", UnsafeContent, False),
        (400, "contain.unsafe.url", UnsafeContent, False),
        (400, "param.cardAlreadyExist", CardExists, False),
        (400, "param.cardNotExist", CardMissing, False),
        (400, "param.templateNotExist", TemplateUnusable, False),
        (400, "param.templateUnpublished", TemplateUnusable, False),
        (400, "session.expired", SessionExpired, False),
        (400, "msgParam.invalid", BadRequest, False),
        (404, "", BadRequest, False),
    ],
)
def test_new_style(status: int, code: str, kind: type[DingTalkError], retryable: bool) -> None:
    body = b'{"code":"%s","message":"m","requestid":"r1"}' % code.encode()
    failure = failure_of(Answer(status, body))
    assert type(failure) is kind
    assert failure is not None
    assert (failure.retryable, failure.code, failure.request_id) == (retryable, code, "r1")


@pytest.mark.parametrize(
    ("errcode", "kind"),
    [
        (40014, TokenExpired), (42001, TokenExpired), (40001, TokenExpired), (40089, WrongCredentials),
        (60011, PermissionMissing), (60020, IpNotAllowed), (90018, Throttled), (90002, Throttled),
        (90005, Throttled), (90006, Throttled), (410100, Throttled), (90020, QuotaExhausted), (-1, Busy),
        (15, Busy), (88, Busy), (50002, NotInScope), (50004, NotInScope), (33012, PersonGone),
        (60121, PersonGone), (60003, DepartmentGone), (40078, CodeRejected), (430104, UnsafeContent),
        (40035, BadRequest), (300001, BadRequest),
    ],
)  # fmt: skip
def test_old_style_fails_under_http_200(errcode: int, kind: type[DingTalkError]) -> None:
    failure = failure_of(Answer(200, b'{"errcode":%d,"errmsg":"m","request_id":"r2"}' % errcode))
    assert type(failure) is kind
    assert failure is not None
    assert (failure.code, failure.request_id, failure.message) == (str(errcode), "r2", "m")


@pytest.mark.parametrize("body", [b'{"errcode":0,"errmsg":"ok"}', b'{"errcode":"0"}', b"{}", b"", b"[1]"])
def test_success(body: bytes) -> None:
    assert failure_of(Answer(200, body)) is None


def test_a_wrapped_code_is_unwrapped() -> None:
    body = b'{"errcode":88,"errmsg":"ding talk error","sub_code":"60011","sub_msg":"no right"}'
    failure = failure_of(Answer(200, body))
    assert type(failure) is PermissionMissing
    assert failure.message == "no right"


@pytest.mark.parametrize(
    "body",
    [
        (
            b'{"code":"Forbidden.AccessDenied.AccessTokenPermissionDenied","requestid":"r",'
            b'"accessdenieddetail":{"requiredScopes":["Card.Instance.Write"]}}'
        ),
        (
            b'{"Code":"Forbidden.AccessDenied.AccessTokenPermissionDenied","RequestId":"r",'
            b'"accessDeniedDetail":{"RequiredScopes":["Card.Instance.Write"]}}'
        ),
    ],
)
def test_the_missing_permission_is_named_in_any_case(body: bytes) -> None:
    failure = failure_of(Answer(403, body))
    assert isinstance(failure, PermissionMissing)
    assert (failure.required_scopes, failure.request_id) == (("Card.Instance.Write",), "r")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b'{"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"u"}'),
        (200, b"<!DOCTYPE html><html>deny</html>"),
        (403, b"\n <html></html>"),
    ],
)
def test_a_ban_lasts_five_minutes_at_least(status: int, body: bytes) -> None:
    failure = failure_of(Answer(status, body))
    assert type(failure) is Banned
    assert failure.retry_after == 300


def test_an_unreadable_answer_leaves_a_send_open_but_not_a_read() -> None:
    assert type(failure_of(Answer(200, b'{"errco'))) is UnknownOutcome
    assert type(failure_of(Answer(200, b'{"errco'), repeatable=True)) is Busy
    assert type(failure_of(Answer(502, b"<html>bad gateway</html>"))) is UnknownOutcome
    assert type(failure_of(Answer(502, b"<html>bad gateway</html>"), repeatable=True)) is Busy
    assert type(failure_of(Answer(504, b"{}"), repeatable=True)) is Busy


def test_network_failures_tell_before_from_after_sending() -> None:
    key = ConnectionKey("h", 1, False, True, None, None, None)
    refused = aiohttp.ClientConnectorError(key, ConnectionRefusedError(111, "refused"))
    late = aiohttp.ConnectionTimeoutError("Connection timeout to host https://h/?access_token=SECRET")
    assert type(failure_of(refused)) is Unreachable
    assert type(failure_of(late)) is Unreachable
    for lost in (aiohttp.ServerDisconnectedError(), aiohttp.ClientOSError(104, "reset"), TimeoutError()):
        assert type(failure_of(lost)) is UnknownOutcome
        assert type(failure_of(lost, repeatable=True)) is Unreachable
    assert "SECRET" not in str(failure_of(late))
