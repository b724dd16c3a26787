import asyncio
import json
import logging
from typing import Any

import pytest

from bot.dingtalk.api import open_session
from bot.stream import connection as connection_module
from bot.stream.connection import StreamConnection
from bot.stream.frames import BotFrame, EventFrame, TapFrame
from bot.stream.gateway import Gateway
from bot.stream.link import StreamLimits
from tests.support.stream_bench import Taker, streaming, until
from tests.support.stub_api import OURS
from tests.support.stub_gateway import free_port, stub_gateway


async def test_frames_are_taken_and_acknowledged() -> None:
    taker = Taker()
    async with stub_gateway() as stub, streaming(stub, taker) as connection:
        await connection.wait_connected(5)
        peer = await stub.wait_peers(1)
        asked = stub.requests[0]
        assert (asked["clientId"], asked["clientSecret"]) == (OURS.client_id, OURS.client_secret)
        assert {one["topic"] for one in asked["subscriptions"]} == {
            "*", "/v1.0/im/bot/messages/get", "/v1.0/card/instances/callback"
        }  # fmt: skip
        assert "dingcrm" in asked["ua"]
        bot = await stub.ack_of(await stub.say(peer, " 公海"))
        assert (bot["code"], json.loads(bot["data"])) == (200, {"response": None})
        tap = await stub.ack_of(await stub.tap(peer))
        assert json.loads(tap["data"]) == {"response": {"cardData": {"cardParamMap": {"a": "b"}}}}
        event = await stub.ack_of(await stub.event(peer, "e7"))
        assert json.loads(event["data"])["status"] == "SUCCESS"
        ping = await stub.ack_of(await stub.send(peer, "SYSTEM", "ping", {"opaque": "0b"}))
        assert json.loads(ping["data"]) == {"opaque": "0b"}
        other = await stub.ack_of(await stub.send(peer, "CALLBACK", "/v1.0/graph/api/invoke", {}))
        assert other["code"] == 404
        assert taker.taken == ["公海", "o", "e7"]
        assert (connection.counters.bot, connection.counters.taps, connection.counters.events) == (1, 1, 1)
        assert connection.counters.acks == 5


async def test_an_event_put_off() -> None:
    async def later(frame: EventFrame) -> bool:
        return False

    async with stub_gateway() as stub, streaming(stub, Taker(on_event=later)):
        ack = await stub.ack_of(await stub.event(await stub.wait_peers(1)))
        assert (ack["code"], json.loads(ack["data"])["status"]) == (200, "LATER")


async def test_an_unreadable_frame_harms_nothing() -> None:
    taker = Taker()
    async with stub_gateway() as stub, streaming(stub, taker) as connection:
        peer = await stub.wait_peers(1)
        await peer.ws.send_str("nonsense")
        await peer.ws.send_bytes(b"\xff\xfe")
        await peer.ws._writer.send_frame(b"\xff\xfe", 1)  # type: ignore[union-attr] # a text that is not UTF-8
        await peer.ws.send_str(json.dumps({"type": "EVENT", "headers": {"messageId": "b1", "topic": "*"}, "data": "{"}))
        ack = await stub.ack_of("b1")
        assert json.loads(ack["data"])["status"] == "SUCCESS"
        await stub.ack_of(await stub.say(peer, "公" * 400_000))
        assert connection.counters.bad == 4
        assert len(stub.peers) == 1


async def test_what_is_not_taken_is_not_acknowledged(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(frame: BotFrame) -> None:
        if frame.text == "bad":
            raise OSError("disk full")

    async with stub_gateway() as stub, streaming(stub, Taker(on_bot=broken)) as connection:
        peer = await stub.wait_peers(1)
        bad = await stub.say(peer, "bad")
        await stub.ack_of(await stub.say(peer, "good"))
        await until(lambda: connection.counters.failed == 1)
        assert bad not in peer.acks
        assert "disk full" in caplog.text


async def test_a_slow_handler_holds_nobody_up() -> None:
    gate = asyncio.Event()

    async def slow(frame: BotFrame) -> None:
        if frame.text == "slow":
            await gate.wait()

    async with stub_gateway() as stub, streaming(stub, Taker(on_bot=slow)) as connection:
        peer = await stub.wait_peers(1)
        first = await stub.say(peer, "slow")
        for _ in range(20):
            await stub.ack_of(await stub.say(peer, "quick"))
        assert first not in peer.acks
        assert connection.in_hand == 1
        gate.set()
        await stub.ack_of(first)


async def test_a_late_answer_to_a_tap_is_not_sent_and_not_cut_short() -> None:
    finished = asyncio.Event()

    async def slow(frame: TapFrame) -> dict[str, Any]:
        await asyncio.sleep(0.3)
        finished.set()
        return {"cardData": {"cardParamMap": {"a": frame.out_track_id}}}

    limits = StreamLimits(tap_answer=0.1, drain=1)
    taker = Taker(on_tap=slow)
    async with stub_gateway() as stub, streaming(stub, taker, limits) as connection:
        peer = await stub.wait_peers(1)
        tap = await stub.tap(peer)
        await until(lambda: connection.counters.late_taps == 1)
        await stub.ack_of(await stub.say(peer))
        assert finished.is_set()
        assert tap not in peer.acks
        [(card, response)] = taker.unanswered
        assert response == {"cardData": {"cardParamMap": {"a": card}}}, "the card gets it another way"


def test_a_tap_has_less_than_two_seconds() -> None:
    assert StreamLimits().tap_answer <= 1.9


async def test_too_many_in_hand_stops_the_reading() -> None:
    gate = asyncio.Event()
    taker = Taker(on_bot=lambda frame: gate.wait())  # type: ignore[arg-type, return-value]
    limits = StreamLimits(handlers=10, quiet_before_ping=0.1, quiet_before_dead=0.2, drain=1)
    async with stub_gateway() as stub, streaming(stub, taker, limits) as connection:
        peer = await stub.wait_peers(1)
        sent = [await stub.say(peer, str(number)) for number in range(50)]
        await until(lambda: connection.in_hand == 10)
        await asyncio.sleep(0.4)  # longer than the watchdog's patience: we are silent, not the gateway
        assert connection.in_hand == 10
        assert connection.counters.bot == 11
        gate.set()
        for message_id in sent:
            await stub.ack_of(message_id, peer)
        assert connection.counters.dead == 0
        assert len(stub.peers) == 1


async def test_a_planned_disconnect_leaves_no_gap() -> None:
    taker = Taker()
    async with stub_gateway() as stub, streaming(stub, taker) as connection:
        await stub.wait_peers(1)
        for rotation in range(30):
            peer = stub.live[0]
            sent = [await stub.say(peer, f"{rotation}-{number}") for number in range(5)]
            await stub.announce(peer)
            await stub.wait_peers(rotation + 2)
            for message_id in sent:
                await stub.ack_of(message_id, peer)
            await connection.wait_connected(1)  # the other side knows of the new socket a step before us
            async with asyncio.timeout(5):
                await peer.gone.wait()
            assert peer.close_code == 1000
        assert stub.fewest_open == 1  # the next was up before the last went down
        assert len(taker.taken) == 150
        assert connection.counters.announced == 30


async def test_a_quiet_connection_is_renewed_without_a_wait_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "_SETTLED", 0.02)
    async with stub_gateway() as stub, streaming(stub, Taker(), StreamLimits(backoff_first=60, drain=0.2)):
        for rotation in range(6):
            peer = await stub.wait_peers(rotation + 1)
            await asyncio.sleep(0.05)
            await stub.announce(peer)
        await stub.wait_peers(7)


async def test_the_old_socket_stays_until_its_frames_are_acknowledged() -> None:
    gate = asyncio.Event()

    async def slow(frame: BotFrame) -> None:
        if frame.text == "slow":
            await gate.wait()

    limits = StreamLimits(drain=5)
    async with stub_gateway() as stub, streaming(stub, Taker(on_bot=slow), limits) as connection:
        old = await stub.wait_peers(1)
        slow_id = await stub.say(old, "slow")
        await until(lambda: connection.in_hand == 1)
        await stub.announce(old)
        new = await stub.wait_peers(2)
        await stub.ack_of(await stub.say(new, "quick"), new)
        assert not old.gone.is_set()
        gate.set()
        await stub.ack_of(slow_id, old)  # over the socket that brought it
        assert slow_id not in new.acks
        async with asyncio.timeout(5):
            await old.gone.wait()


async def test_the_old_socket_does_not_stay_for_ever() -> None:
    gate = asyncio.Event()
    taker = Taker(on_bot=lambda frame: gate.wait())  # type: ignore[arg-type, return-value]
    limits = StreamLimits(drain=0.3)
    async with stub_gateway() as stub, streaming(stub, taker, limits) as connection:
        old = await stub.wait_peers(1)
        await stub.say(old)
        await until(lambda: connection.in_hand == 1)
        await stub.announce(old)
        async with asyncio.timeout(5):
            await old.gone.wait()
        assert connection.in_hand == 1  # the handler goes on; only its ack has nowhere to go
        gate.set()
        await until(lambda: connection.counters.unsent_acks == 1)
        assert stub.peers[1].acks == {}


@pytest.mark.parametrize("how", ["abort", "close"])
async def test_an_unplanned_end_is_followed_by_a_new_connection(how: str) -> None:
    gate = asyncio.Event()
    taker = Taker(on_bot=lambda frame: gate.wait())  # type: ignore[arg-type, return-value]
    async with stub_gateway() as stub, streaming(stub, taker) as connection:
        peer = await stub.wait_peers(1)
        await stub.say(peer, "in hand")
        await until(lambda: connection.in_hand == 1)
        if how == "abort":
            stub.abort(peer)
        else:
            await peer.ws.close()
        new = await stub.wait_peers(2)
        gate.set()
        await stub.ack_of(await stub.say(new, "next"), new)
        await until(lambda: len(taker.taken) == 2)
        assert taker.taken[0] == "in hand"  # nothing is cancelled because a socket went


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"<html>deny</html>"), (200, b'{"status":1111,"wait":5}'), (500, b""), (500, b"<html></html>"),
        (200, b""), (200, b"{}"), (200, b"[]"), (200, b'{"endpoint":"ftp://x","ticket":"t"}'),
        (200, b'{"endpoint":"ws://[","ticket":"t"}'), (200, b'{"endpoint":"ws://127.0.0.1:9/c","ticket":"t"}'),
        (403, b'{"code":"Forbidden.AccessDenied.QpsLimitForApi"}'), "hang",
    ],
)  # fmt: skip
async def test_a_gateway_that_answers_oddly_is_asked_again(answer: Any) -> None:
    async with stub_gateway() as stub:
        stub.open_answers.extend([answer, answer])
        async with streaming(stub, Taker(), deadline=0.2) as connection:
            await connection.wait_connected(10)
            assert connection.counters.open_failures == 2
            assert len(stub.requests) == 3


async def test_nobody_listening_is_no_hot_loop() -> None:
    limits = StreamLimits(backoff_first=0.05, backoff_longest=0.2)
    async with stub_gateway() as stub:
        nowhere = f"http://127.0.0.1:{free_port()}"
        async with streaming(stub, Taker(), limits, url=nowhere) as connection:
            with pytest.raises(TimeoutError):
                await connection.wait_connected(0.9)
            assert not connection.connected
            assert 3 <= connection.counters.open_failures <= 9


@pytest.mark.parametrize("status", [400, 401])
async def test_a_wrong_secret_is_tried_rarely(status: int) -> None:
    async with stub_gateway() as stub:
        stub.always = (status, b'{"code":"invalidClientIdOrSecret","message":"m"}')
        limits = StreamLimits(backoff_first=0.01, backoff_refused=30)
        async with streaming(stub, Taker(), limits) as connection:
            await until(lambda: connection.counters.open_failures == 1)
            await asyncio.sleep(0.2)
            assert len(stub.requests) == 1


@pytest.mark.parametrize("fault", ["announce", "close", "handshake"])
async def test_a_gateway_that_drops_us_at_once_is_no_hot_loop(fault: str) -> None:
    async with stub_gateway() as stub:
        stub.announce_at_once, stub.close_at_once = fault == "announce", fault == "close"
        stub.refuse_handshake = 503 if fault == "handshake" else 0
        async with streaming(stub, Taker(), StreamLimits(drain=0.1)):
            await asyncio.sleep(1.0)
            assert len(stub.requests) <= 6


async def test_backoff_doubles_to_a_minute_and_starts_anew() -> None:
    async with open_session() as session:
        gateway = Gateway(lambda: OURS, session, api_base="http://127.0.0.1:9")
        connection = StreamConnection(gateway, Taker())
        pauses = [connection._backoff() for _ in range(15)]
    for number, pause in enumerate(pauses):
        assert min(2**number, 60) <= pause <= min(2**number + 1, 60)
    assert sum(pauses[:15]) > 600  # ten minutes without a gateway cost 15 tries at most


async def test_a_half_open_connection_is_found() -> None:
    limits = StreamLimits(quiet_before_ping=0.1, quiet_before_dead=0.5, backoff_first=0.01, drain=0.2)
    async with stub_gateway() as stub, streaming(stub, Taker(), limits) as connection:
        alive = await stub.wait_peers(1)
        await asyncio.sleep(0.8)
        assert alive.pings >= 3  # and answered, so nothing happens
        assert len(stub.peers) == 1
        alive.mute = True
        new = await stub.wait_peers(2)
        assert connection.counters.dead == 1
        await stub.ack_of(await stub.say(new), new)


def test_a_dead_socket_is_found_within_a_minute() -> None:
    limits = StreamLimits()
    assert limits.quiet_before_dead + limits.quiet_before_ping / 5 <= 60
    assert limits.quiet_before_ping * 2 < limits.quiet_before_dead


async def test_no_secret_and_no_ticket_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with stub_gateway() as stub:
        stub.open_answers.append((500, b""))
        stub.refuse_handshake = 403
        async with streaming(stub, Taker()) as connection:
            await until(lambda: connection.counters.open_failures >= 2)
            stub.refuse_handshake = 0
            await connection.wait_connected(5)
        assert "stream connected" in caplog.text
        assert OURS.client_secret not in caplog.text
        assert "t+/=" not in caplog.text
        assert "ticket=" not in caplog.text


async def test_a_flood_is_taken_whole() -> None:
    taker = Taker()
    async with stub_gateway() as stub, streaming(stub, taker) as connection:
        peer = await stub.wait_peers(1)
        count = 3000
        for number in range(count):
            await stub.say(peer, str(number))
        await until(lambda: len(peer.acks) == count, 30)
        assert sorted(map(int, taker.taken)) == list(range(count))
        assert connection.counters.failed == 0
