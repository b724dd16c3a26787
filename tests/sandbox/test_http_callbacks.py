"""HTTP event pushes: the fallback to the stream, encrypted and signed (behaviour 46)."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.sandbox.http_callbacks import Envelope, EnvelopeError
from tests.sandbox.wire_client import APP_ID, Wire

TOKEN = "sandboxtoken"
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


def opened(query: dict[str, str], encrypted: str) -> dict[str, Any]:
    """The event inside, read step by step as the documents describe it, not by the sandbox's own code."""
    plain = "".join(sorted([TOKEN, query["timestamp"], query["nonce"], encrypted]))
    assert query["msg_signature"] == query["signature"] == hashlib.sha1(plain.encode()).hexdigest()
    key = base64.b64decode(KEY + "=")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    content = decryptor.update(base64.b64decode(encrypted)) + decryptor.finalize()
    assert len(content) % 32 == 0
    content = content[: -content[-1]]
    length = int.from_bytes(content[16:20], "big")
    assert content[20 + length :].decode() == APP_ID
    event: dict[str, Any] = orjson.loads(content[20 : 20 + length])
    return event


def success() -> web.Response:
    """The answer that is asked for."""
    encrypted, signature = Envelope(TOKEN, KEY, APP_ID).seal("success", timestamp="1700000000000", nonce="n")
    body = {"msg_signature": signature, "timeStamp": "1700000000000", "nonce": "n", "encrypt": encrypted}
    return web.json_response(body)


class Receiver:
    """The app's address for HTTP pushes."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.answer: Callable[[], web.Response] = success
        self.delay = 0.0
        self.url = ""
        self._news = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        """Takes a push."""
        body = await request.json()
        self.events.append(opened(dict(request.query), body["encrypt"]))
        self._news.set()
        await asyncio.sleep(self.delay)
        return self.answer()

    async def wait(self, count: int) -> None:
        """Until so many pushes have come."""
        async with asyncio.timeout(10):
            while len(self.events) < count:
                self._news.clear()
                await self._news.wait()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A listening address."""
    one = Receiver()
    app = web.Application()
    app.router.add_post("/callback", one.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    one.url = f"http://127.0.0.1:{runner.addresses[0][1]}/callback"
    yield one
    await runner.cleanup()


async def test_b46_the_first_push_is_check_url(wire: Wire, receiver: Receiver) -> None:
    await wire.control("POST", "/http-callback", {"url": receiver.url})
    assert receiver.events == [{"EventType": "check_url"}]
    assert (await wire.control("GET", "/knobs"))["http_callback_url"] == receiver.url


async def test_b46_an_address_that_answers_wrongly_is_not_registered(wire: Wire, receiver: Receiver) -> None:
    receiver.answer = lambda: web.json_response({"encrypt": "success"})
    await wire.control("POST", "/http-callback", {"url": receiver.url}, status=409)
    receiver.answer = lambda: web.json_response({"msg_signature": "x", "timeStamp": "1", "nonce": "n", "encrypt": "x"})
    refusal = await wire.control("POST", "/http-callback", {"url": receiver.url}, status=409)
    assert "900005" in refusal["message"]
    await wire.control("POST", "/http-callback", {"url": "https://example.com/"}, status=400)
    assert (await wire.control("GET", "/knobs"))["http_callback_url"] == ""


async def test_b46_events_go_there_flat_and_not_over_the_stream(wire: Wire, receiver: Receiver) -> None:
    socket = await wire.connect()
    await wire.control("POST", "/http-callback", {"url": receiver.url})
    await wire.control("DELETE", "/company/users/lina04")
    await receiver.wait(2)
    event = receiver.events[1]
    assert (event["EventType"], event["CorpId"], event["userId"]) == ("user_leave_org", "dingcorp0001", ["lina04"])
    assert event["eventId"]
    assert event["EventTime"].isdigit()
    assert (await wire.control("GET", "/idle?wait=3"))["idle"]
    assert socket.of("EVENT") == []


async def test_b46_an_unanswered_push_is_repeated_and_then_kept(wire: Wire, receiver: Receiver) -> None:
    await wire.control("POST", "/http-callback", {"url": receiver.url})
    await wire.knobs(event_attempts=2, event_retry_seconds=0.01)
    receiver.answer = lambda: web.Response(status=500)
    await wire.control("DELETE", "/company/users/lina04")
    await receiver.wait(3)
    assert receiver.events[1] == receiver.events[2]
    assert (await wire.control("GET", "/idle?wait=3"))["idle"]
    assert len(receiver.events) == 3
    path = f"/call_back/get_call_back_failed_result?access_token={await wire.token()}"
    _, answer = await wire.api("GET", path)
    assert [one["call_back_tag"] for one in answer["failed_list"]] == ["user_leave_org"]
    assert (await wire.api("GET", path))[1]["failed_list"] == []


async def test_b46_a_late_answer_counts_as_none(
    wire: Wire, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await wire.control("POST", "/http-callback", {"url": receiver.url})
    await wire.knobs(event_attempts=2, event_retry_seconds=0.01)
    monkeypatch.setattr("bot.sandbox.http_callbacks.TIMEOUT", 0.1)
    receiver.delay = 1
    await wire.control("DELETE", "/company/users/lina04")
    await receiver.wait(3)
    assert receiver.events[1]["eventId"] == receiver.events[2]["eventId"]


def test_b46_the_envelope_refuses_what_is_not_for_it() -> None:
    envelope = Envelope(TOKEN, KEY, APP_ID)
    encrypted, signature = envelope.seal("你好", timestamp="1", nonce="n")
    assert envelope.open(encrypted, signature=signature, timestamp="1", nonce="n") == "你好"
    with pytest.raises(EnvelopeError, match="签名") as wrong:
        envelope.open(encrypted, signature=signature, timestamp="2", nonce="n")
    assert wrong.value.code == 900005
    other = Envelope(TOKEN, KEY, "suite")
    with pytest.raises(EnvelopeError) as owner:
        other.open(encrypted, signature=signature, timestamp="1", nonce="n")
    assert owner.value.code == 900010
    with pytest.raises(EnvelopeError):
        Envelope(TOKEN, "short", APP_ID)


@pytest.mark.parametrize("length", range(33))
def test_b46_the_padding_fills_blocks_of_32(length: int) -> None:
    envelope = Envelope(TOKEN, KEY, APP_ID)
    message = "x" * length
    encrypted, signature = envelope.seal(message, timestamp="1", nonce="n")
    head = 16 + 4 + length + len(APP_ID)
    assert len(base64.b64decode(encrypted)) == head + 32 - head % 32
    assert envelope.open(encrypted, signature=signature, timestamp="1", nonce="n") == message
