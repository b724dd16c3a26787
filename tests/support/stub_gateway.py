"""A few lines of DingTalk's stream gateway, misbehaving as a test says. The sandbox is the faithful one."""

import asyncio
import itertools
import json
import socket
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from bot.stream.frames import BOT_TOPIC, CARD_TOPIC


@dataclass
class Peer:
    """One websocket, seen from the gateway."""

    ws: web.WebSocketResponse
    request: web.Request
    acks: dict[str, dict[str, Any]] = field(default_factory=dict)
    pings: int = 0
    mute: bool = False  # half-open: reads nothing, answers nothing
    announced: bool = False
    close_code: int | None = None
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def live(self) -> bool:
        return not self.announced and not self.gone.is_set()


@dataclass
class StubGateway:
    """`open_answers` are given first, each once: (status, body) or "hang"."""

    url: str = ""
    open_answers: deque[Any] = field(default_factory=deque)
    always: Any = None  # answer of every open from now on
    requests: list[dict[str, Any]] = field(default_factory=list)
    peers: list[Peer] = field(default_factory=list)
    tickets: set[str] = field(default_factory=set)
    announce_at_once: bool = False
    close_at_once: bool = False
    refuse_handshake: int = 0
    acked: asyncio.Condition = field(default_factory=asyncio.Condition)
    fewest_open: int = 99  # sockets left whenever one went
    _ids: Any = field(default_factory=lambda: itertools.count(1))

    async def open(self, request: web.Request) -> web.StreamResponse:
        """The REST half."""
        self.requests.append(await request.json())
        answer = self.open_answers.popleft() if self.open_answers else self.always
        if answer == "hang":
            await asyncio.sleep(30)
        elif answer is not None:
            status, body = answer
            return web.Response(status=status, body=body)
        ticket = f"t+/={next(self._ids)}"
        self.tickets.add(ticket)
        return web.json_response({"endpoint": self.url.replace("http", "ws") + "/connect", "ticket": ticket})

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """The socket half."""
        ticket = request.query.get("ticket", "")
        if ticket not in self.tickets or self.refuse_handshake:
            return web.Response(status=self.refuse_handshake or 403)
        self.tickets.remove(ticket)
        ws = web.WebSocketResponse(autoping=False, timeout=0.2)
        await ws.prepare(request)
        peer = Peer(ws, request)
        self.peers.append(peer)
        if self.announce_at_once:
            await self.announce(peer)
        if self.close_at_once:
            await ws.close()
        try:
            while True:
                message = await ws.receive()
                if message.type is WSMsgType.PING:
                    peer.pings += 1
                    if not peer.mute:
                        await ws.pong(message.data)
                elif message.type is WSMsgType.TEXT:
                    ack = json.loads(message.data)
                    peer.acks[ack["headers"]["messageId"]] = ack
                    async with self.acked:
                        self.acked.notify_all()
                elif message.type is not WSMsgType.PONG:
                    break
        finally:
            peer.close_code = ws.close_code
            peer.gone.set()
            self.fewest_open = min(self.fewest_open, sum(not one.gone.is_set() for one in self.peers))
        return ws

    @property
    def live(self) -> list[Peer]:
        """Those that would be pushed to."""
        return [peer for peer in self.peers if peer.live]

    async def wait_peers(self, count: int) -> Peer:
        """The newest, once so many have ever connected."""
        async with asyncio.timeout(10):
            while len(self.peers) < count:
                await asyncio.sleep(0.005)
        return self.peers[count - 1]

    async def send(self, peer: Peer, type_: str, topic: str, data: Any, **headers: str) -> str:
        """Pushes a frame; returns its message id."""
        message_id = headers.pop("messageId", f"m{next(self._ids)}")
        outer = {
            "specVersion": "1.0",
            "type": type_,
            "headers": {
                "topic": topic,
                "contentType": "application/json",
                "messageId": message_id,
                "time": "1",
                **headers,
            },
            "data": json.dumps(data),
        }
        await peer.ws.send_str(json.dumps(outer))
        return message_id

    async def say(self, peer: Peer, text: str = "x", **more: Any) -> str:
        """A bot message."""
        data = {"msgId": f"msg{next(self._ids)}", "msgtype": "text", "text": {"content": text}, **more}
        return await self.send(peer, "CALLBACK", BOT_TOPIC, data)

    async def tap(self, peer: Peer) -> str:
        """A tap."""
        data = {"outTrackId": "o", "userId": "u", "content": '{"cardPrivateData":{"actionIds":["a"],"params":{}}}'}
        return await self.send(peer, "CALLBACK", CARD_TOPIC, data)

    async def event(self, peer: Peer, event_id: str = "e1") -> str:
        """A contact event."""
        return await self.send(peer, "EVENT", "*", {"userId": ["u"]}, eventType="user_add_org", eventId=event_id)

    async def announce(self, peer: Peer) -> None:
        """The planned disconnect: told, then silence."""
        frame = {"type": "SYSTEM", "headers": {"topic": "disconnect"}, "data": '{"reason":"connection is expired"}'}
        await peer.ws.send_str(json.dumps(frame))
        peer.announced = True

    def abort(self, peer: Peer) -> None:
        """Resets TCP."""
        transport = peer.request.transport
        assert transport is not None
        transport.abort()

    async def ack_of(self, message_id: str, peer: Peer | None = None, seconds: float = 5) -> dict[str, Any]:
        """The ack, over `peer` or any."""
        peers = [peer] if peer else self.peers

        def found() -> dict[str, Any] | None:
            return next((one.acks[message_id] for one in peers if message_id in one.acks), None)

        async with asyncio.timeout(seconds), self.acked:
            await self.acked.wait_for(lambda: found() is not None)
        ack = found()
        assert ack is not None
        return ack


@asynccontextmanager
async def stub_gateway() -> AsyncIterator[StubGateway]:
    """A running stub."""
    stub = StubGateway()
    app = web.Application()
    app.router.add_post("/v1.0/gateway/connections/open", stub.open)
    app.router.add_get("/connect", stub.connect)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    stub.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield stub
    finally:
        for peer in stub.peers:
            with suppress(ConnectionError):
                if not peer.gone.is_set():
                    stub.abort(peer)
        await runner.cleanup()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
