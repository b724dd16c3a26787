"""What a test is to the sandbox: the app on its sockets and API calls, and people through the control plane."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import orjson

BOT = {"type": "CALLBACK", "topic": "/v1.0/im/bot/messages/get"}
CARD = {"type": "CALLBACK", "topic": "/v1.0/card/instances/callback"}
EVENTS = {"type": "EVENT", "topic": "*"}
APP_ID = "dingapp0001"
APP_SECRET = "a-secret-of-the-app"

Answerer = Callable[[dict[str, Any]], Any]


def ok(frame: dict[str, Any]) -> dict[str, Any]:
    """The ack that the protocol describes."""
    data = frame["data"] if frame["type"] == "SYSTEM" else '{"response":null}'
    if frame["type"] == "EVENT":
        data = '{"status":"SUCCESS","message":"ok"}'
    return ack(frame, data=data)


def ack(frame: dict[str, Any], code: int = 200, data: str = '{"response":null}') -> dict[str, Any]:
    """An ack with any code and data."""
    headers = {"messageId": frame["headers"].get("messageId"), "contentType": "application/json"}
    return {"code": code, "message": "OK", "headers": headers, "data": data}


def silent(frame: dict[str, Any]) -> None:
    """No answer at all."""


class Socket:
    """One stream connection; answers each frame by `answer`, keeps all of them."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse, answer: Answerer) -> None:
        self.ws, self.answer = ws, answer
        self.frames: list[dict[str, Any]] = []
        self.closed = asyncio.Event()
        self._news = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self.ws:
            if message.type is aiohttp.WSMsgType.TEXT:
                frame = orjson.loads(message.data)
                self.frames.append(frame)
                self._news.set()
                reply = self.answer(frame)
                if reply is not None:
                    await self.ws.send_str(orjson.dumps(reply).decode())
        self.closed.set()

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The frames of a type."""
        return [frame for frame in self.frames if frame["type"] == kind]

    async def wait(self, count: int, kind: str | None = None, seconds: float = 5) -> list[dict[str, Any]]:
        """Until so many frames (of a type) have come; all of them."""

        def now() -> list[dict[str, Any]]:
            return self.frames if kind is None else self.of(kind)

        async with asyncio.timeout(seconds):
            while len(now()) < count:
                self._news.clear()
                await self._news.wait()
        return now()

    async def close(self) -> None:
        """Hangs up."""
        await self.ws.close()
        await self._reader


class Wire:
    """Requests to one sandbox."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = aiohttp.ClientSession()
        self.sockets: list[Socket] = []
        self._token = ""

    async def close(self) -> None:
        """Hangs up everywhere."""
        for socket in self.sockets:
            await socket.close()
        await self.session.close()

    # -- the app -------------------------------------------------------------------------------------

    async def open(self, *subscriptions: dict[str, str]) -> tuple[str, str]:
        """Endpoint and ticket."""
        body = {"clientId": APP_ID, "clientSecret": APP_SECRET, "subscriptions": list(subscriptions)}
        status, answer = await self.api("POST", "/v1.0/gateway/connections/open", body)
        assert status == 200, answer
        return answer["endpoint"], answer["ticket"]

    async def connect(self, *subscriptions: dict[str, str], answer: Answerer = ok) -> Socket:
        """A stream connection, by default for everything and answering properly."""
        endpoint, ticket = await self.open(*(subscriptions or (BOT, CARD, EVENTS)))
        ws = await self.session.ws_connect(f"{endpoint}?ticket={ticket}")
        socket = Socket(ws, answer)
        self.sockets.append(socket)
        return socket

    async def token(self) -> str:
        """The app's access token."""
        _, answer = await self.api("POST", "/v1.0/oauth2/accessToken", {"appKey": APP_ID, "appSecret": APP_SECRET})
        return str(answer["accessToken"])

    async def api(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, **options: Any
    ) -> tuple[int, Any]:
        """A platform call: status and what was answered."""
        headers = {"x-acs-dingtalk-access-token": token} if token is not None else {}
        async with self.session.request(method, self.url + path, json=body, headers=headers, **options) as response:
            raw = await response.read()
            try:
                return response.status, orjson.loads(raw)
            except ValueError:
                return response.status, raw.decode()

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """A platform call with the app's token."""
        return await self.api(method, path, body, token=await self.token())

    # -- the people ----------------------------------------------------------------------------------

    async def control(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        """A control-plane call that must answer with this status."""
        async with self.session.request(method, f"{self.url}/sandbox/v1{path}", json=body) as response:
            answer = orjson.loads(await response.read())
            assert response.status == status, (response.status, answer)
            return answer

    async def say(self, sender: str, text: str, **more: Any) -> Any:
        """Somebody types something."""
        return await self.control("POST", "/messages", {"from": sender, "text": text, **more})

    async def knobs(self, **values: Any) -> None:
        """Turns knobs."""
        await self.control("PATCH", "/knobs", values)

    async def inbox(self, userid: str, **query: Any) -> list[dict[str, Any]]:
        """What reached somebody."""
        words = "&".join(f"{key}={value}" for key, value in query.items())
        items: list[dict[str, Any]] = (await self.control("GET", f"/inbox/{userid}?{words}"))["items"]
        return items

    async def event(self, name: str = "user_modify_org", **headers: str) -> Any:
        """An event, pushed raw."""
        body = {
            "type": "EVENT",
            "topic": "*",
            "headers": {"eventType": name, **headers},
            "data": {"userId": ["lina04"]},
        }
        return await self.control("POST", "/frames", body)
