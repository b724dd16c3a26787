"""DingTalk's side with as little of it as can be, so that it is not what is measured. The sandbox is the faithful one.

A gateway that pushes prepared frames so many at a time, and endpoints that take what a bot sends after a latency.
"""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from bot.stream.frames import BOT_TOPIC, CARD_TOPIC

APP = ("dingbench", "s3cret-for-benches")
_ids = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Push:
    """A frame ready to be pushed."""

    message_id: str
    user_id: str
    text: str


@dataclass
class Drive:
    """One run: what took how long, from the push on, in seconds."""

    seconds: float = 0.0
    acks: list[float] = field(default_factory=list)
    replies: list[float] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return max(len(self.acks), len(self.replies)) / self.seconds


class Light:
    """One app's DingTalk."""

    def __init__(self) -> None:
        self.url = ""
        self.latency = 0.0  # of an endpoint that sends
        self.connected = asyncio.Event()
        self._ws: web.WebSocketResponse | None = None
        self._on_ack: Callable[[str, dict[str, Any]], None] = lambda _id, _ack: None
        self._on_reply: Callable[[str], None] = lambda _user: None

    def app(self) -> web.Application:
        app = web.Application(client_max_size=1 << 20)
        app.router.add_post("/v1.0/gateway/connections/open", self._open)
        app.router.add_get("/connect", self._connect)
        app.router.add_post("/v1.0/oauth2/accessToken", self._token)
        app.router.add_post("/v1.0/robot/oToMessages/batchSend", self._say)
        app.router.add_post("/v1.0/card/instances/createAndDeliver", self._card)
        app.router.add_put("/v1.0/card/instances", self._update)
        app.router.add_post("/webhook/{user_id}", self._webhook)
        return app

    async def _open(self, request: web.Request) -> web.Response:
        await request.read()
        return web.json_response({"endpoint": self.url.replace("http", "ws") + "/connect", "ticket": f"t{next(_ids)}"})

    async def _connect(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(compress=False)
        await ws.prepare(request)
        self._ws = ws
        self.connected.set()
        async for message in ws:
            if message.type is WSMsgType.TEXT:
                ack = orjson.loads(message.data)
                self._on_ack(ack["headers"]["messageId"], ack)
        if self._ws is ws:
            self.connected.clear()
        return ws

    async def _token(self, request: web.Request) -> web.Response:
        await request.read()
        return web.json_response({"accessToken": "token", "expireIn": 7200})

    async def _say(self, request: web.Request) -> web.Response:
        body = orjson.loads(await request.read())
        await asyncio.sleep(self.latency)
        for user_id in body["userIds"]:
            self._on_reply(user_id)
        return web.json_response(
            {"processQueryKey": f"q{next(_ids)}", "invalidStaffIdList": [], "flowControlledStaffIdList": []}
        )

    async def _card(self, request: web.Request) -> web.Response:
        space = orjson.loads(await request.read())["openSpaceId"]
        await asyncio.sleep(self.latency)
        self._on_reply(space.rpartition(".")[2])
        row = {"spaceId": space, "spaceType": "IM_ROBOT", "success": True, "carrierId": "c"}
        return web.json_response({"success": True, "result": {"outTrackId": "o", "deliverResults": [row]}})

    async def _update(self, request: web.Request) -> web.Response:
        await request.read()
        return web.json_response({"success": True, "result": True})

    async def _webhook(self, request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(self.latency)
        self._on_reply(request.match_info["user_id"])
        return web.json_response({"errcode": 0, "errmsg": "ok"})

    # -- frames -------------------------------------------------------------------------------------

    def bot(self, user_id: str, words: str) -> Push:
        """A message to the bot, shaped as DingTalk's (about 1.1 KB)."""
        number = next(_ids)
        data = {
            "conversationId": f"cid{user_id}" + "A" * 20, "conversationType": "1", "chatbotCorpId": "dingcorp",
            "chatbotUserId": "$:LWCP_v1:$bot", "robotCode": APP[0], "msgId": f"msgbench{number}==",
            "createAt": int(time.time() * 1000), "senderId": f"$:LWCP_v1:${user_id}", "senderNick": user_id,
            "senderCorpId": "dingcorp", "senderStaffId": user_id, "isAdmin": False, "senderPlatform": "Mac",
            "sessionWebhook": f"{self.url}/webhook/{user_id}", "sessionWebhookExpiredTime": 1900000000000,
            "openThreadId": f"cid{user_id}", "msgtype": "text", "text": {"content": words},
        }  # fmt: skip
        return self._push("CALLBACK", BOT_TOPIC, number, user_id, data)

    def tap(self, user_id: str, out_track_id: str, component_id: str) -> Push:
        """A tap on a button of the public template."""
        content = {"cardPrivateData": {"actionIds": [component_id], "params": {}}}
        data = {
            "type": "actionCallback", "outTrackId": out_track_id, "corpId": "dingcorp", "userId": user_id,
            "userIdType": 1, "spaceType": "IM", "spaceId": "cid", "extension": "{}",
            "content": orjson.dumps(content).decode(), "value": orjson.dumps(content).decode(),
        }  # fmt: skip
        return self._push("CALLBACK", CARD_TOPIC, next(_ids), user_id, data)

    def _push(self, type_: str, topic: str, number: int, user_id: str, data: dict[str, Any]) -> Push:
        message_id = f"212ca9d7_974_{number}"
        headers = {
            "appId": "1305d5f5-0001", "connectionId": "c1", "contentType": "application/json",
            "messageId": message_id, "time": str(int(time.time() * 1000)), "topic": topic,
        }  # fmt: skip
        outer = {"specVersion": "1.0", "type": type_, "headers": headers, "data": orjson.dumps(data).decode()}
        return Push(message_id, user_id, orjson.dumps(outer).decode())

    # -- driving ------------------------------------------------------------------------------------

    async def drive(self, pushes: Iterable[Push], in_flight: int, *, replies: bool = False) -> Drive:
        """Keeps `in_flight` pushes unanswered until all are: acknowledged, or (`replies`) replied to.

        With `replies` a person says the next thing after the reply to the last; `in_flight` people speak.
        """
        assert self._ws is not None
        ws, run, waiting = self._ws, Drive(), deque(pushes)
        lanes: dict[str, deque[Push]] = {}
        if replies:
            for push in waiting:
                lanes.setdefault(push.user_id, deque()).append(push)
            assert len(lanes) == in_flight
        total = len(waiting)
        begun: dict[str, float] = {}
        asked: dict[str, float] = {}
        finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        to_send: asyncio.Queue[Push] = asyncio.Queue()

        def ended(count: int) -> None:
            if count == total and not finished.done():
                finished.set_result(None)

        def on_ack(message_id: str, ack: dict[str, Any]) -> None:
            at = begun.pop(message_id, None)
            if at is None:
                return
            run.acks.append(time.perf_counter() - at)
            run.answers.append(ack)
            if not replies:
                if waiting:
                    to_send.put_nowait(waiting.popleft())
                ended(len(run.acks))

        def on_reply(user_id: str) -> None:
            at = asked.pop(user_id, None)
            if at is None:
                return
            run.replies.append(time.perf_counter() - at)
            if lanes[user_id]:
                to_send.put_nowait(lanes[user_id].popleft())
            ended(len(run.replies))

        self._on_ack = on_ack
        if replies:
            self._on_reply = on_reply

        async def send() -> None:
            while True:
                push = await to_send.get()
                begun[push.message_id] = asked[push.user_id] = time.perf_counter()
                await ws.send_str(push.text)

        sender = asyncio.create_task(send())
        started = time.perf_counter()
        first = [lane.popleft() for lane in lanes.values()] if replies else [
            waiting.popleft() for _ in range(min(in_flight, total))
        ]  # fmt: skip
        for push in first:
            to_send.put_nowait(push)
        try:
            async with asyncio.timeout(300):
                await finished
            run.seconds = time.perf_counter() - started
            async with asyncio.timeout(10):
                while begun:  # a reply can overtake its acknowledgement
                    await asyncio.sleep(0.005)
        finally:
            sender.cancel()
            with suppress(asyncio.CancelledError):
                await sender
            self._on_ack, self._on_reply = lambda _id, _ack: None, lambda _user: None
        return run


@asynccontextmanager
async def light_dingtalk() -> AsyncIterator[Light]:
    """A running one."""
    light = Light()
    runner = web.AppRunner(light.app(), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    light.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield light
    finally:
        if light._ws is not None:
            await light._ws.close()
        await runner.cleanup()
