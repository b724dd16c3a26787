"""A started sandbox with a small stream client, for the card tests."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.sandbox.server import Running, start
from bot.sandbox.state import Sandbox

EXPORTS = Path(__file__).resolve().parents[3] / "shared" / "dingtalk" / "card-templates"
CARD_TOPIC = "/v1.0/card/instances/callback"
DYNAMIC_TOPIC = "/v1.0/card/dynamicData/get"
GROUP = "cidSales=="
WORLD: dict[str, Any] = {
    "version": 1,
    "now": "2026-03-02T09:00:00+08:00",
    "company": {"corp_id": "dingcorp01", "name": "试验公司"},
    "app": {"client_id": "dingapp01", "client_secret": "secret01", "agent_id": 7},
    "departments": [
        {"id": 1, "name": "试验公司"},
        {"id": 2, "name": "销售部", "parent": 1},
        {"id": 9, "name": "外部", "parent": 1},
    ],
    "users": [
        {"userid": "lina04", "name": "李娜", "departments": [2]},
        {"userid": "chen01", "name": "陈晨", "departments": [2]},
        {"userid": "wang02", "name": "王伟", "departments": [2]},
        {"userid": "far09", "name": "远人", "departments": [9]},
    ],
    "groups": [{"id": GROUP, "name": "销售群", "members": ["lina04", "chen01", "wang02"]}],
    "address_book_scope": {"departments": [2], "users": []},
}

needs_exports = pytest.mark.skipif(
    not EXPORTS.is_dir(), reason=f"the official card exports are not at {EXPORTS}; they lie beside the project"
)
APPROVAL = {
    "title": "李娜的报销",
    "type": "差旅",
    "amount": "120元",
    "reason": "出差",
    "createTime": "2026-03-02",
    "status": "",
}

Answer = Callable[[dict[str, Any]], Awaitable[Any]]


async def silent_ok(_payload: dict[str, Any]) -> Any:
    """An app that answers at once without changing anything."""
    return {}


@dataclass(slots=True)
class Bench:
    """Talks to both sides of a sandbox; `frames` are the callbacks that arrived, decoded."""

    running: Running
    session: aiohttp.ClientSession
    token: str
    frames: list[dict[str, Any]] = field(default_factory=list)
    answer: Answer = silent_ok
    code: int = 200

    @property
    def sandbox(self) -> Sandbox:
        return self.running.sandbox

    async def api(self, method: str, path: str, body: Any = None, **query: str) -> tuple[int, Any]:
        """A platform call with the app's token."""
        async with self.session.request(
            method,
            self.running.url + path,
            json=body,
            params=query,
            headers={"x-acs-dingtalk-access-token": self.token},
        ) as response:
            return response.status, await response.json()

    async def control(self, method: str, path: str, body: Any = None, **query: str) -> tuple[int, Any]:
        """A control plane call."""
        async with self.session.request(
            method, f"{self.running.url}/sandbox/v1{path}", json=body, params=query
        ) as response:
            return response.status, await response.json()

    async def template(self, name: str, own: str = "tpl.schema", publish: str = "1") -> dict[str, Any]:
        """Import one of the official exports."""
        return await self.template_text(export_text(name), own, publish)

    async def template_text(self, text: str, own: str = "tpl.schema", publish: str = "1") -> dict[str, Any]:
        async with self.session.post(
            f"{self.running.url}/sandbox/v1/templates", data=text.encode(), params={"id": own, "publish": publish}
        ) as response:
            assert response.status == 200, await response.text()
            made: dict[str, Any] = await response.json()
            return made

    async def send(
        self,
        data: dict[str, Any],
        own: str = "card-1",
        template: str = "tpl.schema",
        private: dict[str, dict[str, Any]] | None = None,
        space: str = "IM_ROBOT.lina04",
        **extra: Any,
    ) -> dict[str, Any]:
        """createAndDeliver; values that are no strings are turned into them."""
        status, body = await self.api(
            "POST", "/v1.0/card/instances/createAndDeliver", delivery(data, own, template, private, space, **extra)
        )
        assert status == 200, body
        result: dict[str, Any] = body["result"]
        return result

    async def card(self, userid: str = "lina04", own: str = "card-1") -> dict[str, Any]:
        status, body = await self.control("GET", f"/cards/{own}", **{"as": userid})
        assert status == 200, body
        shown: dict[str, Any] = body
        return shown

    async def tap(self, own: str = "card-1", status: int = 200, person: str = "lina04", **body: Any) -> dict[str, Any]:
        got, answer = await self.control("POST", f"/cards/{own}/tap", {"as": person, **body})
        assert got == status, answer
        outcome: dict[str, Any] = answer
        return outcome

    async def press(
        self, text: str, userid: str = "lina04", own: str = "card-1", row: str | None = None
    ) -> dict[str, Any]:
        """Tap the button with these words."""
        buttons = (await self.card(userid, own))["buttons"]
        button = next(one for one in buttons if one["text"] == text and (row is None or one["row"] == row))
        return await self.tap(own, person=userid, button=button["id"])


def text_map(values: dict[str, Any]) -> dict[str, str]:
    return {k: v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for k, v in values.items()}


def delivery(
    data: dict[str, Any],
    own: str = "card-1",
    template: str = "tpl.schema",
    private: dict[str, dict[str, Any]] | None = None,
    space: str = "IM_ROBOT.lina04",
    **extra: Any,
) -> dict[str, Any]:
    """A complete createAndDeliver body."""
    body: dict[str, Any] = {
        "userIdType": 1,
        "cardTemplateId": template,
        "outTrackId": own,
        "callbackType": "STREAM",
        "cardData": {"cardParamMap": text_map(data)},
        "openSpaceId": f"dtv1.card//{space}",
        "imRobotOpenSpaceModel": {"supportForward": True},
        "imRobotOpenDeliverModel": {"spaceType": "IM_ROBOT"},
        "imGroupOpenSpaceModel": {"supportForward": True},
        "imGroupOpenDeliverModel": {"robotCode": "dingapp01"},
        **extra,
    }
    if private:
        body["privateData"] = {user: {"cardParamMap": text_map(values)} for user, values in private.items()}
    return body


def export_text(name: str) -> str:
    return (EXPORTS / f"{name}.json").read_text(encoding="utf-8")


def answered(
    public: dict[str, Any] | None = None, private: dict[str, Any] | None = None, by_key: bool = True
) -> dict[str, Any]:
    """A callback's answer in the wire's shape."""
    response: dict[str, Any] = {"cardUpdateOptions": {"updateCardDataByKey": by_key, "updatePrivateDataByKey": by_key}}
    if public is not None:
        response["cardData"] = {"cardParamMap": text_map(public)}
    if private is not None:
        response["userPrivateData"] = {"cardParamMap": text_map(private)}
    return {"response": response}


@asynccontextmanager
async def started_bench() -> AsyncIterator[Bench]:
    """A sandbox with one stream connection that answers card callbacks by `bench.answer`."""
    sandbox = Sandbox.from_world(WORLD)
    sandbox.knobs.qps = 0
    running = await start(sandbox)
    async with aiohttp.ClientSession() as session:
        async with session.post(
            f"{running.url}/v1.0/oauth2/accessToken", json={"appKey": "dingapp01", "appSecret": "secret01"}
        ) as response:
            token = (await response.json())["accessToken"]
        bench = Bench(running, session, token)
        async with session.post(
            f"{running.url}/v1.0/gateway/connections/open",
            json={
                "clientId": "dingapp01",
                "clientSecret": "secret01",
                "subscriptions": [
                    {"type": "CALLBACK", "topic": CARD_TOPIC},
                    {"type": "CALLBACK", "topic": DYNAMIC_TOPIC},
                    {"type": "CALLBACK", "topic": "/v1.0/im/bot/messages/get"},
                ],
            },
        ) as response:
            opened = await response.json()
        async with session.ws_connect(f"{opened['endpoint']}?ticket={opened['ticket']}") as ws:
            reader = asyncio.create_task(_serve(bench, ws))
            try:
                yield bench
            finally:
                reader.cancel()
                await asyncio.gather(reader, return_exceptions=True)
                await ws.close()
    await running.close()


async def _serve(bench: Bench, ws: aiohttp.ClientWebSocketResponse) -> None:
    tasks: set[asyncio.Task[None]] = set()
    try:
        async for message in ws:
            frame = json.loads(message.data)
            task = asyncio.create_task(_answer(bench, ws, frame))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _answer(bench: Bench, ws: aiohttp.ClientWebSocketResponse, frame: dict[str, Any]) -> None:
    payload = json.loads(frame["data"])
    if "content" in payload and isinstance(payload["content"], str):
        payload["content"] = json.loads(payload["content"])
    bench.frames.append(payload)
    data = await bench.answer(payload)
    reply = {
        "code": bench.code,
        "message": "OK",
        "headers": {"messageId": frame["headers"]["messageId"], "contentType": "application/json"},
        "data": json.dumps(data, ensure_ascii=False),
    }
    await ws.send_str(json.dumps(reply))


def sent(frame: dict[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """actionIds and params of a callback."""
    inner = frame["content"]["cardPrivateData"]
    return inner["actionIds"], inner["params"]


async def refusal(
    bench: Bench, body: dict[str, Any], path: str = "/v1.0/card/instances/createAndDeliver", method: str = "POST"
) -> str:
    """The code a call of the card API is refused with."""
    status, answer = await bench.api(method, path, body)
    assert status == 400, answer
    assert answer["requestid"]
    assert answer["message"]
    return str(answer["code"])
