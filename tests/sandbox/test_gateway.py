"""The stream gateway, behaviours 1–8 of platform.md section 12."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

import aiohttp
import orjson
import pytest
import uvloop

from bot.sandbox.server import Running, start
from bot.sandbox.state import Sandbox
from tests.sandbox.wire_client import APP_ID, APP_SECRET, BOT, CARD, EVENTS, Wire, ack, ok, silent

OPEN = "/v1.0/gateway/connections/open"


async def handshake(wire: Wire, endpoint: str, ticket: str) -> int:
    """Its status: 101, or the refusal's."""
    try:
        ws = await wire.session.ws_connect(f"{endpoint}?ticket={ticket}")
    except aiohttp.WSServerHandshakeError as refused:
        return refused.status
    await ws.close()
    return 101


async def raw_socket(wire: Wire, subscription: dict[str, str]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A stream connection below all libraries."""
    _, ticket = await wire.open(subscription)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(wire.url.rsplit(":", 1)[1]), limit=1024)
    request = (
        f"GET /connect?ticket={ticket} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    writer.write(request.encode())
    assert b"101" in await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def test_b01_open_gives_a_local_endpoint_and_a_url_safe_ticket(wire: Wire, running: Running) -> None:
    endpoint, ticket = await wire.open(BOT, EVENTS)
    assert endpoint == running.url.replace("http", "ws", 1) + "/connect"
    assert str(uuid.UUID(ticket)) == ticket


@pytest.mark.parametrize(
    "subscriptions",
    [
        None,
        [],
        [{"type": "CALLBACK"}],
        [{"type": "EVENT", "topic": "user_add_org"}],
        [{"type": "X", "topic": "*"}],
        ["a"],
    ],
)
async def test_b01_open_wants_readable_subscriptions(wire: Wire, subscriptions: Any) -> None:
    body = {"clientId": APP_ID, "clientSecret": APP_SECRET, "subscriptions": subscriptions}
    status, answer = await wire.api("POST", OPEN, body)
    assert status == 400
    assert set(answer) == {"code", "message", "requestid"}


async def test_b02_a_ticket_works_once(wire: Wire) -> None:
    endpoint, ticket = await wire.open(BOT)
    assert await handshake(wire, endpoint, ticket) == 101
    assert await handshake(wire, endpoint, ticket) == 403
    await wire.knobs(bad_ticket_status=401)
    assert await handshake(wire, endpoint, "never-given") == 401


async def test_b02_a_ticket_dies_after_90_seconds(wire: Wire) -> None:
    endpoint, early = await wire.open(BOT)
    _, late = await wire.open(BOT)
    await wire.control("POST", "/clock", {"advance_seconds": 80})
    assert await handshake(wire, endpoint, early) == 101
    await wire.control("POST", "/clock", {"advance_seconds": 11})
    assert await handshake(wire, endpoint, late) == 403


async def test_b03_wrong_credentials_are_refused_in_the_new_style(wire: Wire) -> None:
    body = {"clientId": APP_ID, "clientSecret": "wrong", "subscriptions": [BOT]}
    status, answer = await wire.api("POST", OPEN, body)
    assert (status, answer["code"]) == (400, "invalidClientIdOrSecret")
    assert answer["requestid"]
    await wire.knobs(wrong_secret_status=401)
    assert (await wire.api("POST", OPEN, {**body, "clientId": "nobody"}))[0] == 401


async def test_b04_frames_have_the_documented_form(wire: Wire) -> None:
    socket = await wire.connect()
    await wire.say("lina04", "你好")
    await wire.event(eventId="e1")
    bot, event = await socket.wait(2)
    assert set(bot) == {"specVersion", "type", "headers", "data"}
    assert (bot["specVersion"], bot["type"]) == ("1.0", "CALLBACK")
    assert set(bot["headers"]) == {"appId", "connectionId", "contentType", "messageId", "time", "topic"}
    assert isinstance(bot["data"], str)
    assert orjson.loads(bot["data"])["text"] == {"content": "你好"}
    assert set(event["headers"]) == {
        "topic", "messageId", "contentType", "time",
        "eventType", "eventId", "eventCorpId", "eventBornTime", "eventUnifiedAppId",
    }  # fmt: skip
    assert event["headers"]["topic"] == "*"
    assert event["headers"]["eventCorpId"] == "dingcorp0001"
    for frame in (bot, event):
        assert all(isinstance(value, str) for value in frame["headers"].values())
        assert int(frame["headers"]["time"]) > 1_700_000_000_000


@pytest.mark.parametrize("same", [False, True])
async def test_b04_a_redelivery_keeps_the_event_id_and_by_knob_the_message_id(wire: Wire, same: bool) -> None:
    await wire.knobs(keep_message_id=same, event_retry_seconds=0.01)
    socket = await wire.connect(answer=lambda frame: ack(frame, 500))
    await wire.event(eventId="e1")
    frames = await socket.wait(3)
    assert {frame["headers"]["eventId"] for frame in frames} == {"e1"}
    assert len({frame["headers"]["messageId"] for frame in frames}) == (1 if same else 3)


async def test_b05_only_subscribers_get_a_push(wire: Wire) -> None:
    cards, events = await wire.connect(CARD), await wire.connect(EVENTS)
    assert (await wire.say("lina04", "谁听见"))["ack"] is None
    assert (await wire.event())["ack"]["code"] == 200
    assert (cards.frames, len(events.frames)) == ([], 1)


async def test_b05_one_connection_is_chosen_uniformly(wire: Wire) -> None:
    sockets = [await wire.connect() for _ in range(3)]
    for number in range(300):
        assert (await wire.say("lina04", f"第{number}条"))["ack"]["code"] == 200
    counts = Counter(index for index, socket in enumerate(sockets) for _ in socket.frames)
    assert sum(counts.values()) == 300
    assert all(60 <= counts[index] <= 140 for index in range(3)), counts


async def test_b06_pings_carry_an_opaque_that_must_come_back(wire: Wire) -> None:
    await wire.knobs(ping_seconds=0.3)
    good = await wire.connect()
    ping = (await good.wait(1, "SYSTEM"))[0]
    assert ping["headers"]["topic"] == "ping"
    assert ping["headers"]["messageId"]
    assert orjson.loads(ping["data"])["opaque"]
    assert (await wire.control("GET", "/violations"))["items"] == []
    good.answer = lambda frame: ack(frame, data='{"opaque":"another"}')
    await good.wait(3, "SYSTEM")
    assert (await wire.control("GET", "/violations"))["items"][0]["behaviour"] == 6
    assert (await wire.control("GET", "/pushes"))["items"] == []


async def test_b06_websocket_pings_are_answered(wire: Wire) -> None:
    endpoint, ticket = await wire.open(BOT)
    ws = await wire.session.ws_connect(f"{endpoint}?ticket={ticket}", autoping=False)
    await ws.ping(b"still there?")
    message = await ws.receive(timeout=5)
    assert (message.type, message.data) == (aiohttp.WSMsgType.PONG, b"still there?")
    await ws.close()


async def test_b07_announced_disconnect_stops_pushes(wire: Wire) -> None:
    old = await wire.connect()
    assert (await wire.control("POST", "/connections", {"do": "disconnect"}))["connections"] == 0
    frame = (await old.wait(1))[0]
    assert (frame["type"], frame["headers"]["topic"]) == ("SYSTEM", "disconnect")
    assert "messageId" not in frame["headers"]
    assert orjson.loads(frame["data"]) == {"reason": "connection is expired"}
    new = await wire.connect()
    for _ in range(10):
        assert (await wire.say("lina04", "还在吗"))["ack"] is not None
    assert (len(old.frames), len(new.frames)) == (1, 10)
    assert not old.closed.is_set()


async def test_b07_announced_disconnect_drops_tcp_afterwards(wire: Wire) -> None:
    assert (await wire.control("GET", "/knobs"))["disconnect_grace"] == 10
    await wire.knobs(disconnect_grace=0.2)
    socket = await wire.connect()
    await wire.control("POST", "/connections", {"do": "disconnect"})
    async with asyncio.timeout(5):
        await socket.closed.wait()
    assert socket.ws.close_code == 1006


async def test_b07_an_answer_still_counts_after_the_announcement(wire: Wire) -> None:
    socket = await wire.connect(answer=silent)
    saying = asyncio.create_task(wire.say("lina04", "慢慢来"))
    frame = (await socket.wait(1))[0]
    await wire.control("POST", "/connections", {"do": "disconnect"})
    await socket.ws.send_str(orjson.dumps(ok(frame)).decode())
    assert (await saying)["ack"]["code"] == 200


async def test_b07_connections_are_disconnected_periodically(wire: Wire) -> None:
    await wire.knobs(disconnect_seconds=0.3, disconnect_grace=0.1)
    socket = await wire.connect()
    frame = (await socket.wait(1))[0]
    assert frame["headers"]["topic"] == "disconnect"
    async with asyncio.timeout(5):
        await socket.closed.wait()


async def test_b08_clean_close_and_tcp_reset(wire: Wire) -> None:
    clean, rough, kept = [await wire.connect() for _ in range(3)]
    answer = await wire.control("POST", "/connections", {"do": "close", "index": 0})
    assert answer["connections"] == 2
    await wire.control("POST", "/connections", {"do": "abort", "index": 0})
    async with asyncio.timeout(5):
        await clean.closed.wait()
        await rough.closed.wait()
    assert (clean.ws.close_code, rough.ws.close_code) == (1000, 1006)
    assert isinstance(rough.ws.exception(), ConnectionResetError | None)
    assert not kept.closed.is_set()
    assert (await wire.control("GET", "/health"))["connections"] == 1
    await wire.control("POST", "/connections", {"do": "close", "index": 7}, status=404)


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_b08_the_reset_reaches_the_peer_as_a_reset(run: Callable[[Any], Any], small_world: dict[str, Any]) -> None:
    async def story() -> None:
        running = await start(Sandbox.from_world(small_world))
        wire = Wire(running.url)
        try:
            reader, writer = await raw_socket(wire, BOT)
            await wire.control("POST", "/connections", {"do": "abort"})
            with pytest.raises(ConnectionResetError):
                await asyncio.wait_for(reader.read(), 5)
            writer.close()
        finally:
            await wire.close()
            await running.close()

    run(story())


async def test_b08_a_client_that_does_not_read_holds_nothing_up(wire: Wire, running: Running) -> None:
    _, writer = await raw_socket(wire, EVENTS)
    await wire.knobs(event_ack_seconds=0.05, event_attempts=1)
    body = {"type": "EVENT", "topic": "*", "data": {"long": "x" * 900_000}}
    for _ in range(20):  # more than the machine's buffers hold
        async with asyncio.timeout(3):
            assert (await wire.control("POST", "/frames", body))["ack"] is None
    async with asyncio.timeout(3):
        await running.close()
    writer.close()


async def test_b08_new_connections_can_be_refused(wire: Wire) -> None:
    endpoint, ticket = await wire.open(BOT)
    kept = await wire.connect()
    await wire.control("POST", "/connections", {"do": "refuse"})
    body = {"clientId": APP_ID, "clientSecret": APP_SECRET, "subscriptions": [BOT]}
    assert (await wire.api("POST", OPEN, body))[0] == 500
    assert await handshake(wire, endpoint, ticket) == 503
    assert not kept.closed.is_set()
    await wire.control("POST", "/connections", {"do": "accept"})
    await wire.connect()
    assert (await wire.control("GET", "/health"))["connections"] == 2


async def test_b08_open_can_fail_and_hang(wire: Wire) -> None:
    body = {"clientId": APP_ID, "clientSecret": APP_SECRET, "subscriptions": [BOT]}
    fault = {"path": OPEN, "times": 1, "do": {"status": 503, "body": {"code": "busy"}}}
    await wire.control("POST", "/faults", fault)
    assert await wire.api("POST", OPEN, body) == (503, {"code": "busy"})
    await wire.control("POST", "/faults", {"path": OPEN, "times": 1, "do": {"hang": True}})
    with pytest.raises(TimeoutError):
        await wire.api("POST", OPEN, body, timeout=aiohttp.ClientTimeout(total=0.2))
    assert (await wire.api("POST", OPEN, body))[0] == 200
    assert (await wire.control("GET", "/idle?wait=5"))["idle"] is True
