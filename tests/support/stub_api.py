"""A few lines of DingTalk's HTTP side, answering exactly what a test says. The sandbox is the faithful one."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from bot.dingtalk.api import DingTalkApi, open_session
from bot.dingtalk.credentials import Credentials

OURS = Credentials("dingclient", "s3cret-value", "dingcorp", 1234)
RESET, HANG = "reset", "hang"


@dataclass
class Seen:
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class StubApi:
    """`answers[path]` are given in turn, the last again and again; (status, body), RESET or HANG."""

    url: str = ""
    answers: dict[str, deque[Any]] = field(default_factory=lambda: defaultdict(deque))
    seen: list[Seen] = field(default_factory=list)
    tokens: int = 0
    good: str = ""  # the token now accepted; empty: any
    token_delay: float = 0.0
    token_status: int = 200

    def say(self, path: str, *answers: Any) -> None:
        """Sets what `path` answers."""
        self.answers[path] = deque(answers)

    def calls(self, path: str) -> list[Seen]:
        """The requests to `path`."""
        return [one for one in self.seen if one.path == path]

    @property
    def counts(self) -> Counter[str]:
        """Requests by path."""
        return Counter(one.path for one in self.seen)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Everything."""
        raw = await request.read()
        try:
            body = orjson.loads(raw) if raw else None
        except orjson.JSONDecodeError:
            body = raw
        self.seen.append(Seen(request.method, request.path, dict(request.query), dict(request.headers), body))
        if request.path == "/v1.0/oauth2/accessToken":
            return await self._token()
        given = request.headers.get("x-acs-dingtalk-access-token") or request.query.get("access_token")
        if self.good and given != self.good:
            if request.path.startswith("/v1.0"):
                return web.json_response({"code": "InvalidAuthentication", "message": "bad"}, status=400)
            return web.json_response({"errcode": 40014, "errmsg": "不合法的access_token"})
        queue = self.answers[request.path]
        if not queue:
            return web.json_response({"errcode": 0} if not request.path.startswith("/v1.0") else {})
        answer = queue.popleft() if len(queue) > 1 else queue[0]
        if answer == RESET:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if answer == HANG:
            await asyncio.sleep(60)
            return web.Response()
        status, content = answer
        if isinstance(content, bytes):
            return web.Response(status=status, body=content)
        return web.json_response(content, status=status)

    async def _token(self) -> web.Response:
        await asyncio.sleep(self.token_delay)
        self.tokens += 1
        if self.token_status != 200:
            return web.json_response({"code": "invalidClientIdOrSecret", "message": "无效"}, status=self.token_status)
        return web.json_response({"accessToken": self.good or f"token{self.tokens}", "expireIn": 7200})


class FakeTime:
    """Seconds that pass only while somebody sleeps."""

    def __init__(self) -> None:
        self.at = 1000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds
        await asyncio.sleep(0)


@asynccontextmanager
async def stub_api(time: FakeTime | None = None, **options: Any) -> AsyncIterator[tuple[StubApi, DingTalkApi]]:
    """A running stub and a client pointed at it, whose back-off takes no time."""
    stub = StubApi()
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{tail:.*}", stub.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    stub.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    time = time or FakeTime()
    session = open_session()
    try:
        api = DingTalkApi(
            lambda: OURS, session, api_base=stub.url, oapi_base=stub.url, now=time.now, sleep=time.sleep, **options
        )
        yield stub, api
    finally:
        await session.close()
        await runner.cleanup()
