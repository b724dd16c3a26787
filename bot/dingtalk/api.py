"""Calls to DingTalk's two API families: token, pace, patience, and errors as types.

Source: platform.md, the table at its head, and section 5.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import aiohttp
import orjson
from yarl import URL

from bot.dingtalk.credentials import Credentials, CredentialsSource
from bot.dingtalk.errors import (
    BAN_SECONDS,
    Answer,
    Banned,
    DingTalkError,
    QuotaExhausted,
    Throttled,
    TokenExpired,
    WrongCredentials,
    failure_of,
)
from bot.dingtalk.limiter import Limiter
from bot.dingtalk.tokens import TokenCache, TokenStore
from bot.dingtalk.usage import Bucket, UsageMeter, bucket_of

logger = logging.getLogger(__name__)

TIMEOUT = aiohttp.ClientTimeout(total=10, connect=3)
API_BASE = "https://api.dingtalk.com"
OAPI_BASE = "https://oapi.dingtalk.com"


def open_session() -> aiohttp.ClientSession:
    """The one HTTP session of the process; its maker closes it. Proxies of the environment are not used."""
    return aiohttp.ClientSession(timeout=TIMEOUT, trust_env=False, cookie_jar=aiohttp.DummyCookieJar())


@dataclass(frozen=True, slots=True)
class Patience:
    """How often one call is tried when DingTalk is too busy for it; delays double."""

    tries: int = 3
    first_delay: float = 1.0  # seconds
    longest: float = 10.0  # a longer wait is left to the caller


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    url: URL
    api: str  # as throttled and counted
    bucket: Bucket
    repeatable: bool
    auth: Literal["header", "query", "none"]
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes | None
    form: Callable[[], aiohttp.FormData] | None = None  # made anew for each try


class DingTalkApi:
    """DingTalk's HTTP side for one app. Safe to use from many tasks at once."""

    def __init__(
        self,
        credentials: CredentialsSource,
        session: aiohttp.ClientSession,
        *,
        api_base: str = API_BASE,
        oapi_base: str = OAPI_BASE,
        limiter: Limiter | None = None,
        patience: Patience | None = None,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        tokens: TokenStore | None = None,
    ) -> None:
        """Makes no call yet.

        `now`: seconds by which tokens age and bans pass; the pace always follows the monotonic clock. `tokens`:
        where the processes of one app share their token; without it this one keeps its own in memory.
        """
        self._credentials = credentials
        self._session = session
        self.api_base = api_base.rstrip("/")
        self.oapi_base = oapi_base.rstrip("/")
        self.usage = UsageMeter()
        self._limiter = limiter or Limiter(ban_clock=now)
        self._patience = patience or Patience()
        self._sleep = sleep
        self._tokens = TokenCache(self._fetch_token, now=now, store=tokens)
        self._token_owner: Credentials | None = None

    @property
    def credentials(self) -> Credentials:
        """Those in force now."""
        return self._credentials()

    async def new(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        params: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
        api: str = "",
        token: str | None = None,
    ) -> dict[str, Any]:
        """A call of the new family (`/v1.0/…`), answered by its bare result.

        Args:
            method: GET, POST, PUT or DELETE.
            path: from `/v1.0` on.
            body: sent as JSON.
            params: the query.
            repeatable: doing it twice is the same as once; by default all but POST.
            api: name to throttle and count by; needed for a path that holds an id.
            token: instead of the app's own (a user's, after web login); "" for none.

        Raises:
            DingTalkError: its subclass says why; UnknownOutcome when it may have been done all the same.
        """
        call = _Call(
            method=method,
            url=URL(f"{self.api_base}{path}"),
            api=api or f"{method} {path}",
            bucket=bucket_of(path),
            repeatable=method != "POST" if repeatable is None else repeatable,
            auth="header" if token is None else "none",
            params=params or {},
            headers={"x-acs-dingtalk-access-token": token} if token else {},
            body=None if body is None else orjson.dumps(body),
        )
        return await self._persist(call)

    async def old(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        method: str = "POST",
        params: Mapping[str, str] | None = None,
        repeatable: bool = False,
        form: Callable[[], aiohttp.FormData] | None = None,
    ) -> dict[str, Any]:
        """A call of the old family (`/topapi/…`): the whole answer, its errcode already seen to be 0.

        Raises:
            DingTalkError: its subclass says why; UnknownOutcome when it may have been done all the same.
        """
        call = _Call(
            method=method,
            url=URL(f"{self.oapi_base}{path}"),
            api=f"{method} {path}",
            bucket=bucket_of(path),
            repeatable=repeatable,
            auth="query",
            params=params or {},
            headers={},
            body=orjson.dumps(body or {}) if form is None and method != "GET" else None,
            form=form,
        )
        return await self._persist(call)

    async def webhook(self, url: URL, body: Mapping[str, Any]) -> dict[str, Any]:
        """A post to a session webhook, whose address is its own credential; the caller has checked the host."""
        call = _Call(
            method="POST",
            url=url,
            api="POST session webhook",
            bucket=Bucket.WEBHOOK_STREAM,
            repeatable=False,
            auth="none",
            params={},
            headers={},
            body=orjson.dumps(body),
        )
        return await self._persist(call)

    async def download(self, url: str, *, limit: int) -> bytes | None:
        """The bytes at a temporary address that DingTalk gave us; None if there are more than `limit`.

        Raises:
            BadRequest: the address has expired.
            DingTalkError: otherwise as any call.
        """
        try:
            async with self._session.get(URL(url, encoded=True), timeout=aiohttp.ClientTimeout(60)) as response:
                if response.status >= 400:
                    raise failure_of(Answer(response.status, b"{}"), repeatable=True) or DingTalkError("refused")
                content = bytearray()
                async for chunk in response.content.iter_chunked(1 << 16):
                    content += chunk
                    if len(content) > limit:
                        return None
                return bytes(content)
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            failure = failure_of(problem, repeatable=True)
        raise failure or DingTalkError("no answer")

    async def check_token(self) -> None:
        """Raises what keeps us from having an access token (wrong secret, no network); for `doctor`."""
        await self._tokens.get()

    async def _persist(self, call: _Call) -> dict[str, Any]:
        renewed = False
        tries = 0
        while True:
            self._forget_token_of_others()
            token = None if call.auth == "none" else await self._tokens.get()
            failure: DingTalkError
            try:
                return await self._once(call, token.value if token else "")
            except TokenExpired as problem:
                if token is None or renewed or not self._tokens.reject(token):
                    raise
                renewed = True
                logger.info("token refused, renewing it once (%s)", problem.code)
                continue
            except DingTalkError as problem:
                failure = problem
            tries += 1
            delay = max(failure.retry_after or 0.0, self._patience.first_delay * 2 ** (tries - 1))
            hopeless = not failure.retryable or isinstance(failure, Banned)
            if hopeless or tries >= self._patience.tries or delay > self._patience.longest:
                raise failure
            logger.info("%s: %s; trying again in %.0f s", call.api, failure, delay)
            await self._sleep(delay)

    async def _once(self, call: _Call, token: str) -> dict[str, Any]:
        await self._limiter.turn(call.api)
        params = dict(call.params)
        headers = dict(call.headers)
        if call.auth == "header":
            headers["x-acs-dingtalk-access-token"] = token
        elif call.auth == "query":
            params["access_token"] = token
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        outcome: Answer | Exception
        try:
            async with self._session.request(
                call.method,
                call.url,
                params=params or None,
                headers={"Accept": "application/json", **headers},
                data=call.form() if call.form else call.body,
                timeout=TIMEOUT,
                allow_redirects=False,
            ) as response:
                outcome = Answer(response.status, await response.read())
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            outcome = problem
        failure = failure_of(outcome, repeatable=call.repeatable)
        if isinstance(outcome, Answer) and not isinstance(failure, Throttled | Banned | QuotaExhausted):
            self.usage.count(call.bucket, call.api)
        if isinstance(failure, Banned):
            self._limiter.ban(failure.retry_after or BAN_SECONDS)
            logger.error("DingTalk bars this IP: no call for %.0f s", self._limiter.banned_for())
        if failure is not None:
            # Not `from outcome`: aiohttp's texts hold the address, and with it the token.
            raise failure from None
        content = outcome.json() if isinstance(outcome, Answer) else {}
        return content if isinstance(content, dict) else {"result": content}

    def _forget_token_of_others(self) -> None:
        current = self._credentials()
        if self._token_owner is not None and self._token_owner != current:
            self._tokens.forget()
        self._token_owner = current

    async def _fetch_token(self) -> tuple[str, float]:
        ours = self._credentials()
        try:
            answer = await self.new(
                "POST",
                "/v1.0/oauth2/accessToken",
                {"appKey": ours.client_id, "appSecret": ours.client_secret},
                repeatable=True,
                token="",
            )
        except TokenExpired as problem:  # no token was sent: it is the secret
            raise WrongCredentials(problem.message, code=problem.code, request_id=problem.request_id) from problem
        value = answer.get("accessToken")
        if not isinstance(value, str) or not value:
            raise DingTalkError("the answer holds no access token")
        try:
            life = float(answer.get("expireIn") or 7200)
        except (TypeError, ValueError):
            life = 7200.0
        return value, max(life, 60.0)
