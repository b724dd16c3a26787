"""The unmodified Python SDK takes the sandbox for DingTalk."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.sandbox.wire_client import APP_ID, APP_SECRET, CARD, Wire

SCRIPT = Path(__file__).with_name("sdk_app.py")


async def connected(wire: Wire, count: int) -> None:
    async with asyncio.timeout(20):
        while (await wire.control("GET", "/health"))["connections"] != count:
            await asyncio.sleep(0.05)


@pytest.fixture
async def sdk(wire: Wire) -> AsyncIterator[None]:
    """The SDK's client, connected."""
    surroundings = {
        **{key: value for key, value in os.environ.items() if "proxy" not in key.lower()},
        "DINGTALK_OPENAPI_ENDPOINT": wire.url,
        "NO_PROXY": "127.0.0.1,localhost",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), APP_ID, APP_SECRET,
        env=surroundings, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await connected(wire, 1)
        yield
    finally:
        process.kill()
        await process.wait()


@pytest.mark.usefixtures("sdk")
async def test_the_sdk_gets_messages_and_answers_in_single_chats_and_groups(wire: Wire) -> None:
    assert (await wire.say("lina04", "公海"))["ack"]["code"] == 200
    assert (await wire.say("wang03", "公海", to="cidSALES"))["ack"]["code"] == 200
    single, group = await wire.inbox("lina04")
    assert (single["text"], single["via"]) == ("lina04 说：公海", "session_webhook")
    assert (group["text"].strip(), group["conversation"]) == ("wang03 说：公海", "cidSALES")


@pytest.mark.usefixtures("sdk")
async def test_the_sdk_answers_events_and_card_callbacks(wire: Wire) -> None:
    event = (await wire.event("user_add_org", eventId="e1"))["ack"]
    assert event["code"] == 200
    assert "status" not in event["data"]  # it echoes the event
    assert (await wire.control("GET", "/idle?wait=5"))["idle"] is True
    assert len((await wire.control("GET", "/pushes"))["items"]) == 1
    data = {
        "type": "actionCallback",
        "outTrackId": "card-1",
        "corpId": "dingcorp0001",
        "userId": "lina04",
        "content": "{}",
    }
    tap = await wire.control("POST", "/frames", {"type": "CALLBACK", "topic": CARD["topic"], "data": data})
    assert tap["ack"]["data"] == {"response": {"cardData": {"cardParamMap": {"got": "card-1"}}}}


@pytest.mark.usefixtures("sdk")
async def test_the_sdk_comes_back_after_an_announced_disconnect_and_answers_pings(wire: Wire) -> None:
    await wire.knobs(ping_seconds=0.2)
    await wire.control("POST", "/connections", {"do": "disconnect"})
    await connected(wire, 0)
    await connected(wire, 1)
    assert (await wire.say("lina04", "还在"))["ack"]["code"] == 200
    await asyncio.sleep(0.6)
    assert (await wire.control("GET", "/violations"))["items"] == []
