"""The sandbox is DingTalk enough: the official clients, as their registries serve them, work against it.

platform.md sections 1.1–1.4, 1.8 and 3.5. Each client is a program of its own (tests/sandbox/official) that was
written for DingTalk and is only told another host: the Python SDK by its environment variable, the Node SDK, whose
hosts are hard-coded, by a preload that redirects them outside the package, Alibaba's clients by their endpoint.
"""

import asyncio
import hashlib
import json
import sys
import sysconfig
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.sandbox.cards_bench import GROUP
from tests.sandbox.official import installed
from tests.sandbox.official.peer import House, Peer, opened_house, program

SCRIPTS = Path(__file__).parent / "official"
SITE = Path(sysconfig.get_path("purelib"))
RELEASED, PRE_RELEASE, NODE = "python-0.24.3", "python-0.24.4b1", "npm-2.1.5"
CLIENTS = [RELEASED, PRE_RELEASE, pytest.param(NODE, marks=pytest.mark.npm)]
OPEN = "/v1.0/gateway/connections/open"
# SHA-256 of what npm serves as dingtalk-stream 2.1.5; the hosts are hard-coded in constants.cjs.
NODE_FILES = {
    "client.cjs": "a75a154307946b7715559a958303fd20b0070cb1c43180e2e8cac32e1a15d319",
    "constants.cjs": "ea7206500b53621eb7d05a326e80196a7a8343d1a4134d39a442d1cfdc8157a6",
    "index.cjs": "2b330d6e90cea4f35c90b2bbaae4dd7ec9503eb1a8190f1f7b86aaee38aa1f36",
}


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with opened_house() as opened:
        yield opened


@pytest.fixture(params=CLIENTS)
async def client(request: pytest.FixtureRequest, house: House) -> AsyncIterator[Peer]:
    """One of the stream clients, connected."""
    if request.param == NODE:
        modules = await asyncio.to_thread(installed.npm_modules)
        command = ["node", "--require", str(SCRIPTS / "redirect.cjs"), str(SCRIPTS / "node_client.cjs")]
        env = {"NODE_PATH": str(modules), "SANDBOX_URL": house.url}
    else:
        command = [sys.executable, str(SCRIPTS / "python_client.py")]
        env = {"DINGTALK_OPENAPI_ENDPOINT": house.url, "PYTHONDONTWRITEBYTECODE": "1"}
        if request.param == RELEASED:
            env["PYTHONPATH"] = str(await asyncio.to_thread(installed.released_sdk))
    async with program(command, env) as peer:
        if request.param != NODE:
            started = await peer.saw("start")
            assert started["version"] == request.param.removeprefix("python-")
            assert Path(started["home"]) == Path(env.get("PYTHONPATH", str(SITE)))
        await house.connected()
        yield peer


@pytest.fixture
async def cloud(house: House) -> AsyncIterator[Peer]:
    """Alibaba's generated clients."""
    endpoint = house.url.removeprefix("http://")
    async with program([sys.executable, str(SCRIPTS / "cloud_client.py")], {"ENDPOINT": endpoint}) as peer:
        yield peer


# -- what runs is what the registries serve -----------------------------------------------------------------------


def test_the_python_clients_are_as_published() -> None:
    assert installed.altered_files(installed.released_sdk()) == []
    assert installed.altered_files(SITE) == []


@pytest.mark.npm
def test_the_node_client_is_as_published() -> None:
    dist = installed.npm_modules() / "dingtalk-stream" / "dist"
    assert {name: hashlib.sha256((dist / name).read_bytes()).hexdigest() for name in NODE_FILES} == NODE_FILES
    assert "https://api.dingtalk.com/v1.0/gateway/connections/open" in (dist / "constants.cjs").read_text()


def test_a_changed_file_of_a_package_is_noticed(tmp_path: Path) -> None:
    record = tmp_path / "dingtalk_stream-1.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: dingtalk-stream\nVersion: 1\n")
    (record / "RECORD").write_text(
        "kept.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\nbent.py,sha256=AAAA,0\n"
    )
    for name in ("kept.py", "bent.py"):
        (tmp_path / name).write_bytes(b"")
    assert installed.altered_files(tmp_path) == ["bent.py"]


# -- the stream clients -------------------------------------------------------------------------------------------


async def test_it_receives_a_message_and_replies_by_the_session_webhook(house: House, client: Peer) -> None:
    said = await house.say("公海")
    seen = await client.saw("message")
    assert (seen["from"], seen["text"], seen["reply"]) == ("lina04", "公海", {"errcode": 0, "errmsg": "ok"})
    item = await house.next_item("lina04")
    assert (item["kind"], item["text"], item["via"]) == ("text", "收到：公海", "session_webhook")
    assert said["ack"]["code"] == 200
    [push] = (await house.control("GET", "/pushes"))["items"]
    assert (push["message_id"], push["ack"]["code"]) == (said["message_id"], 200)

    assert (await house.say("今天", who="chen01", to=GROUP))["ack"]["code"] == 200
    assert (await client.saw("message"))["text"] == "今天"
    for member in ("chen01", "wang02"):
        heard = await house.next_item(member)
        assert (heard["conversation"], heard["text"]) == (GROUP, "收到：今天")


async def test_it_sends_a_card_and_answers_its_callback(house: House, client: Peer) -> None:
    assert (await house.say("卡片"))["ack"]["code"] == 200
    own = (await client.saw("message"))["card"]
    shown = await house.control("GET", f"/cards/{own}", **{"as": "lina04"})
    assert "公海" in shown["text"]
    assert "甬江机电" in shown["text"]
    [button] = [one for one in shown["buttons"] if one["text"] == "领取"]

    tapped = await house.control("POST", f"/cards/{own}/tap", {"as": "lina04", "button": button["id"]})
    assert (tapped["status"], tapped["elapsed_ms"] < 2000) == ("ok", True)
    callback = await client.saw("card")
    assert (callback["card"], callback["from"], callback["action"]) == (own, "lina04", "claim")
    assert "已由 lina04 领取" in tapped["card"]["text"]
    assert "甬江机电" not in tapped["card"]["text"]
    assert "公海" in tapped["card"]["text"]  # the answer changed its own key, no other
    refused = [call for call in await house.calls() if call["status"] != 200]
    assert refused == []


async def test_it_takes_an_event_and_answers_the_keep_alive(house: House, client: Peer) -> None:
    await house.control("POST", "/company/users", {"userid": "zhou11", "name": "周舟", "departments": [2]})
    event = await client.saw("event")
    assert (event["type"], event["data"]["userId"]) == ("user_add_org", ["zhou11"])
    assert (await house.control("GET", "/idle", wait=10))["idle"]
    pushes = (await house.control("GET", "/pushes"))["items"]
    assert [(push["type"], push["ack"]["code"]) for push in pushes] == [("EVENT", 200)]  # taken, so never again

    ping = {"type": "SYSTEM", "topic": "ping", "data": {"opaque": "o-1"}}
    ack = (await house.control("POST", "/frames", ping))["ack"]
    assert (ack["code"], ack["data"]) == (200, {"opaque": "o-1"})


async def test_it_returns_after_the_announced_disconnect(house: House, client: Peer) -> None:
    house.running.sandbox.knobs.disconnect_grace = 0.2  # Node waits until TCP is dropped
    await house.control("POST", "/connections", {"do": "disconnect"})
    await house.connected(opened=2)
    assert (await house.say("我回来了"))["ack"]["code"] == 200
    assert (await client.saw("message"))["text"] == "我回来了"
    assert [call["status"] for call in await house.calls(OPEN)] == [200, 200]


@pytest.mark.npm
async def test_the_redirect_lets_nothing_else_out(house: House) -> None:
    reach = "require('https').get('https://example.com/', () => {}).on('error', () => {})"
    node = ["node", "--require", str(SCRIPTS / "redirect.cjs"), "--eval", reach]
    await asyncio.to_thread(installed.npm_modules)  # says so where node is absent
    async with program(node, {"SANDBOX_URL": house.url}) as peer:
        assert await peer.process.wait() != 0
        assert await asyncio.wait_for(peer.told.get(), 5) is None
        await peer.heard_out()
        assert "redirect: https://example.com is not DingTalk" in peer.wrote()


# -- the clients of the server API --------------------------------------------------------------------------------


async def test_alibabas_clients_get_a_token_and_send_in_batch(house: House, cloud: Peer) -> None:
    token = await cloud.order("fetch")
    assert token["saw"] == "fetch", token
    assert token["body"]["expireIn"] == 7200
    assert token["body"]["characters"] > 10

    sent = await cloud.order("send", users=["lina04", "chen01", "nobody"], text="今天 3 位客户要跟进")
    assert sent["saw"] == "send", sent
    assert sent["body"]["processQueryKey"]
    assert sent["body"]["invalidStaffIdList"] == ["nobody"]
    for person in ("lina04", "chen01"):
        item = await house.next_item(person)
        assert (item["via"], item["text"]) == ("robot_batch", "今天 3 位客户要跟进")


async def test_alibabas_clients_create_and_update_a_card(house: House, cloud: Peer) -> None:
    await cloud.order("fetch")
    full = {
        "order": ["msgTitle", "msgContent", "msgButtons"],
        "msgButtons": [{"text": "领取", "id": "c", "request": True}],
    }
    data = {
        "flowStatus": "3",
        "msgTitle": "公海",
        "msgContent": "宁波海蓝食品",
        "sys_full_json_obj": json.dumps(full, ensure_ascii=False),
    }
    made = await cloud.order("create", own="cloud-1", user="lina04", data=data)
    assert made["saw"] == "create", made
    assert made["body"]["success"] is True
    [delivered] = made["body"]["result"]["deliverResults"]
    assert (delivered["spaceType"], delivered["spaceId"], delivered["success"]) == ("IM_ROBOT", "lina04", True)
    assert (await house.next_item("lina04"))["card"]["out_track_id"] == "cloud-1"

    changed = await cloud.order("update", own="cloud-1", data={"msgContent": "已由陈晨领取"})
    assert (changed["saw"], changed["body"]) == ("update", {"result": True, "success": True})
    card = await house.control("GET", "/cards/cloud-1", **{"as": "lina04"})
    assert "已由陈晨领取" in card["text"]
    assert "宁波海蓝食品" not in card["text"]
    assert [button["text"] for button in card["buttons"]] == ["领取"]  # kept: changed by key


async def test_alibabas_clients_read_the_platforms_refusals(house: House, cloud: Peer) -> None:
    wrong = await cloud.order("fetch", secret="wrong")
    assert (wrong["saw"], wrong["code"]) == ("refusal", "invalidClientIdOrSecret")

    await cloud.order("fetch")
    unknown = await cloud.order("update", own="never-made", data={"msgContent": "x"})
    assert (unknown["saw"], unknown["code"], unknown["data"]["statusCode"]) == ("refusal", "param.cardNotExist", 400)
    assert unknown["data"]["requestid"] in unknown["message"]

    await house.control("POST", "/tokens", {"do": "expire"})
    expired = await cloud.order("send", users=["lina04"], text="晚了")
    assert (expired["saw"], expired["code"]) == ("refusal", "InvalidAuthentication")
