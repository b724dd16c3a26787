"""The control plane as the contract has it: health, idle, inbox, logs, clock, files, refusals, start and stop."""

import asyncio
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import orjson
import pytest

from bot.sandbox.books import InboxBook
from bot.sandbox.clock import SandboxClock
from bot.sandbox.server import Running, start
from bot.sandbox.state import Sandbox
from tests.sandbox.wire_client import APP_ID, Wire, ok, silent

BATCH = "/v1.0/robot/oToMessages/batchSend"


def text_to(*users: str, content: str = "你好") -> dict[str, Any]:
    param = orjson.dumps({"content": content}).decode()
    return {"robotCode": APP_ID, "userIds": list(users), "msgKey": "sampleText", "msgParam": param}


async def test_health_is_ready_with_a_live_connection(wire: Wire) -> None:
    cold = await wire.control("GET", "/health")
    assert cold == {"ready": False, "connections": 0, "now": cold["now"]}
    assert cold["now"].startswith("2026-03-02T09:00:0")
    assert cold["now"].endswith("+08:00")
    await wire.connect()
    assert (await wire.control("GET", "/health"))["ready"] is True


async def test_messages_wait_for_the_ack(wire: Wire) -> None:
    await wire.connect()
    answer = await wire.say("lina04", "你好")
    assert set(answer) == {"msg_id", "message_id", "ack"}
    assert answer["ack"]["code"] == 200
    assert isinstance(answer["ack"]["elapsed_ms"], int)
    push = (await wire.control("GET", "/pushes"))["items"][0]
    assert (push["message_id"], push["userid"], push["type"]) == (answer["message_id"], "lina04", "CALLBACK")
    assert push["ack"] == {"code": 200}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"from": "ghost", "text": "x"}, 404, "not_found"),
        ({"from": "lina04", "text": "x", "to": "cidNONE"}, 404, "not_found"),
        ({"from": "lina04", "picture": {"file": "none"}}, 404, "not_found"),
        ({"from": "zhao05", "text": "x", "to": "cidSALES"}, 409, "conflict"),
        ({"from": "lina04"}, 400, "bad_request"),
        ({"from": "lina04", "text": "x", "audio": {}}, 400, "bad_request"),
        ({"from": "lina04", "text": 5}, 400, "bad_request"),
        ({"from": "lina04", "rich_text": "x"}, 400, "bad_request"),
        ({"from": "lina04", "text": "x", "msg_id": 7}, 400, "bad_request"),
        ({"text": "x"}, 400, "bad_request"),
        ([], 400, "bad_request"),
    ],
)
async def test_messages_refuse_what_cannot_be_said(wire: Wire, body: Any, status: int, code: str) -> None:
    answer = await wire.control("POST", "/messages", body, status=status)
    assert answer["code"] == code
    assert set(answer) == {"code", "message"}


async def test_somebody_who_has_left_may_still_type(wire: Wire, running: Running) -> None:
    stream = await wire.connect()
    running.sandbox.company.leave("lina04")
    assert (await wire.say("lina04", "我走了"))["ack"]["code"] == 200
    assert (await wire.say("lina04", "群里也是", to="cidSALES"))["ack"]["code"] == 200
    assert len(stream.frames) == 2


async def test_inbox_pages_and_waits(wire: Wire) -> None:
    assert await wire.control("GET", "/inbox/lina04") == {"items": [], "next": 0}
    for number in range(3):
        await wire.call("POST", BATCH, text_to("lina04", "wang03", content=f"第{number}条"))
    page = await wire.control("GET", "/inbox/lina04?limit=2")
    assert [item["text"] for item in page["items"]] == ["第0条", "第1条"]
    rest = await wire.control("GET", f"/inbox/lina04?after={page['next']}")
    assert [item["text"] for item in rest["items"]] == ["第2条"]
    item = rest["items"][0]
    assert set(item) >= {
        "seq", "at", "kind", "conversation", "via", "title", "text", "buttons", "card", "file", "raw"
    }  # fmt: skip
    assert (item["card"], item["file"], item["buttons"]) == (None, None, [])
    last = rest["next"]
    waiting = asyncio.create_task(wire.control("GET", f"/inbox/lina04?after={last}&wait=20"))
    while not running_waits(wire):
        await asyncio.sleep(0.01)
    await wire.call("POST", BATCH, text_to("wang03", content="别人的"))
    assert not waiting.done()
    await wire.call("POST", BATCH, text_to("lina04", content="我的"))
    async with asyncio.timeout(5):
        assert [item["text"] for item in (await waiting)["items"]] == ["我的"]
    assert await wire.inbox("lina04", after=last + 100, wait=0.05) == []
    await wire.control("GET", "/inbox/ghost", status=404)
    await wire.control("GET", "/inbox/lina04?after=x", status=400)
    await wire.control("GET", "/inbox/lina04?limit=0", status=400)


def running_waits(wire: Wire) -> bool:
    """Whether the long poll has left for the server."""
    return bool(wire.session.connector and wire.session.connector._acquired)


async def test_inbox_waiters_do_not_pile_up() -> None:
    book = InboxBook(SandboxClock())
    for _ in range(3):
        await book.wait("lina04", 0, 0.01)
    waits = [asyncio.create_task(book.wait("lina04", 0, 5)) for _ in range(2)]
    await asyncio.sleep(0)
    book.add("wang03", kind="text", conversation="bot", via="robot_batch")
    await asyncio.sleep(0)
    assert not any(wait.done() for wait in waits)
    book.add("lina04", kind="text", conversation="bot", via="robot_batch", text="x")
    async with asyncio.timeout(2):
        await asyncio.gather(*waits)
    assert not any(book._waiting.values())


async def test_idle_is_false_while_something_is_on_its_way(wire: Wire) -> None:
    assert (await wire.control("GET", "/idle?wait=3"))["idle"] is True
    stream = await wire.connect(answer=silent)
    saying = asyncio.create_task(wire.say("lina04", "慢"))
    frame = (await stream.wait(1))[0]
    assert (await wire.control("GET", "/idle"))["idle"] is False
    assert (await wire.control("GET", "/idle?wait=0.1"))["idle"] is False
    await stream.ws.send_str(orjson.dumps(ok(frame)).decode())
    await saying
    assert (await wire.control("GET", "/idle?wait=5"))["idle"] is True
    await wire.control("POST", "/faults", {"path": BATCH, "times": 1, "do": {"delay_ms": 300}})
    sending = asyncio.create_task(wire.call("POST", BATCH, text_to("lina04")))
    while not (await wire.control("GET", "/calls"))["items"][-1]["path"].endswith("batchSend"):
        await asyncio.sleep(0.01)
    assert (await wire.control("GET", "/idle"))["idle"] is False
    assert (await wire.control("GET", "/idle?wait=5"))["idle"] is True
    assert sending.done()


async def test_clock_goes_forward_only(wire: Wire) -> None:
    moved = await wire.control("POST", "/clock", {"advance_seconds": 3600})
    assert moved["jobs"] == []
    assert moved["now"].startswith("2026-03-02T10:00:0")
    assert (await wire.control("POST", "/clock", {"now": "2026-03-03T01:00:00+00:00"}))["now"].startswith(
        "2026-03-03T09:00:0"
    )
    for past in ({"now": "2026-03-02T09:00:00+08:00"}, {"advance_seconds": -1}):
        assert (await wire.control("POST", "/clock", past, status=409))["code"] == "conflict"
    for wrong in (
        {}, {"now": "tomorrow"}, {"now": "2026-04-02T09:00:00"}, {"advance_seconds": "x"},
        {"advance_seconds": True}, {"advance_seconds": 1e300},
        {"now": "2026-04-02T09:00:00+08:00", "advance_seconds": 1},
    ):  # fmt: skip
        await wire.control("POST", "/clock", wrong, status=400)
    assert (await wire.control("GET", "/clock"))["now"].startswith("2026-03-03T09:00:")


class Jobs:
    """An app that has one job at ten."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.busy = True

    async def advance(self, set_now: Callable[[datetime], None], target: datetime) -> list[dict[str, str]]:
        set_now(target - timedelta(minutes=30))
        self.seen.append(target.isoformat())
        return [{"name": "morning", "due": "2026-03-02T10:00:00+08:00", "result": "done"}]

    async def idle(self, wait: float) -> bool:
        return not self.busy

    def ready(self) -> bool:
        return not self.busy


async def test_a_driver_lives_by_the_clock(wire: Wire, running: Running) -> None:
    running.sandbox.driver = jobs = Jobs()
    await wire.connect()
    assert (await wire.control("GET", "/health"))["ready"] is False
    assert (await wire.control("GET", "/idle?wait=0.1"))["idle"] is False
    jobs.busy = False
    assert (await wire.control("GET", "/health"))["ready"] is True
    assert (await wire.control("GET", "/idle"))["idle"] is True
    answer = await wire.control("POST", "/clock", {"now": "2026-03-02T10:30:00+08:00"})
    assert answer["jobs"] == [{"name": "morning", "due": "2026-03-02T10:00:00+08:00", "result": "done"}]
    assert answer["now"] == "2026-03-02T10:30:00+08:00"
    assert jobs.seen == ["2026-03-02T10:30:00+08:00"]


async def test_files_are_kept_as_they_came(wire: Wire) -> None:
    form = aiohttp.FormData()
    form.add_field("other", "x")
    form.add_field("file", b"\x00\x01", filename="客户.xlsx", content_type="application/vnd.ms-excel")
    async with wire.session.post(f"{wire.url}/sandbox/v1/files", data=form) as response:
        answer = await response.json()
    assert list(answer) == ["id"]
    async with wire.session.get(f"{wire.url}/sandbox/v1/files/{answer['id']}") as response:
        assert (response.status, await response.read()) == (200, b"\x00\x01")
        assert response.content_type == "application/octet-stream"
    await wire.control("GET", "/files/none", status=404)
    assert (await wire.control("POST", "/files", {"file": "x"}, status=400))["code"] == "bad_request"


async def test_knobs_are_shown_and_checked(wire: Wire) -> None:
    assert (await wire.control("GET", "/knobs"))["event_attempts"] == 3
    assert (await wire.control("PATCH", "/knobs", {"event_attempts": 5}))["event_attempts"] == 5
    for wrong in (
        {"no_such": 1}, {"event_attempts": "5"}, {"event_attempts": 1.5}, {"published": 1}, {"qps": True},
        {"offline_bot": "retry"}, {"throttled_users": "lina04"}, {"event_attempts": -1},
        {"published": False, "no_such": 1},
    ):  # fmt: skip
        assert (await wire.control("PATCH", "/knobs", wrong, status=400))["code"] == "bad_request"
    assert (await wire.control("GET", "/knobs"))["published"] is True


async def test_refusals_have_the_contracts_form(wire: Wire) -> None:
    for method, path, status in (("GET", "/nothing", 404), ("DELETE", "/health", 405)):
        answer = await wire.control(method, path, status=status)
        assert set(answer) == {"code", "message"}
    for path, body in (
        ("/connections", {"do": "explode"}),
        ("/tokens", {}),
        ("/connections", {"do": "close", "index": "x"}),
    ):
        assert (await wire.control("POST", path, body, status=400))["code"] == "bad_request"
    async with wire.session.post(f"{wire.url}/sandbox/v1/clock", data=b"{no json") as response:
        assert (response.status, (await response.json())["code"]) == (400, "bad_request")


async def test_start_refuses_a_taken_port_and_other_hosts(small_world: dict[str, Any]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match=r"address already in use|\d+"):
            await start(Sandbox.from_world(small_world), taken.getsockname()[1])
    for host in ("0.0.0.0", "192.0.2.1", "::"):
        with pytest.raises(ValueError, match="loopback"):
            await start(Sandbox.from_world(small_world), 0, host)


async def test_stopping_ends_long_polls_hanging_calls_and_connections(small_world: dict[str, Any]) -> None:
    running = await start(Sandbox.from_world(small_world))
    wire = Wire(running.url)
    stream = await wire.connect(answer=silent)
    await wire.control("POST", "/faults", {"path": BATCH, "do": {"hang": True}})
    work = [
        asyncio.create_task(wire.say("lina04", "x")),
        asyncio.create_task(wire.api("POST", BATCH, text_to("lina04"), token="x")),
        asyncio.create_task(wire.control("GET", "/inbox/lina04?wait=30")),
    ]
    await stream.wait(1)
    async with asyncio.timeout(5):
        await running.close()
        await asyncio.gather(*work, return_exceptions=True)
        await stream.closed.wait()
    await wire.close()


async def test_the_clock_starts_where_it_is_told(small_world: dict[str, Any]) -> None:
    world = Sandbox.from_world(small_world)
    given = Sandbox.from_world(small_world, datetime.fromisoformat("2026-05-01T08:00:00+08:00"))
    del small_world["now"]
    real = Sandbox.from_world(small_world)
    assert world.clock.now().isoformat().startswith("2026-03-02T09:00:0")
    assert given.clock.now().isoformat().startswith("2026-05-01T08:00:0")
    assert abs(real.clock.now() - datetime.now().astimezone()) < timedelta(seconds=5)
