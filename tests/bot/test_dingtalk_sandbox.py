"""Our client and our stream against the faithful stand-in: strict about tokens, pace, shapes and time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from bot.dingtalk.api import DingTalkApi, open_session
from bot.dingtalk.cards import PersonSpace
from bot.dingtalk.client import DingTalk
from bot.dingtalk.credentials import Credentials
from bot.dingtalk.errors import Banned, CardMissing, NotInScope, PermissionMissing, PersonGone, TemplateUnusable
from bot.dingtalk.notices import (
    DUPLICATE,
    Fate,
    FateKind,
    LinkButton,
    action_card_notice,
    markdown_notice,
    oa_notice,
    text_notice,
)
from bot.dingtalk.robot import markdown_message, text_message, webhook_text
from bot.sandbox import server
from bot.sandbox.company_records import unionid_of
from bot.sandbox.state import Sandbox
from bot.stream.connection import StreamConnection
from bot.stream.frames import BotFrame, EventFrame, TapFrame
from bot.stream.gateway import Gateway
from tests.support.world import small_world

TEMPLATE = "382e4302-551d-4880-bf29-a30acfab2e71.schema"
BUTTONS = {
    "flowStatus": "3",
    "msgTitle": "拜访确认",
    "sys_full_json_obj": {
        "order": ["msgTitle", "msgButtons"],
        "msgButtons": [{"text": "确认", "color": "blue", "id": "confirm", "request": True}],
    },
}


class Recorder:
    """An intake that keeps what it gets."""

    def __init__(self) -> None:
        self.said: list[BotFrame] = []
        self.tapped: list[TapFrame] = []
        self.events: list[EventFrame] = []

    async def bot(self, frame: BotFrame) -> None:
        self.said.append(frame)

    async def event(self, frame: EventFrame) -> bool:
        self.events.append(frame)
        return True

    async def tap(self, frame: TapFrame) -> dict[str, Any] | None:
        self.tapped.append(frame)
        return {
            "cardUpdateOptions": {"updateCardDataByKey": True, "updatePrivateDataByKey": True},
            "cardData": {"cardParamMap": {"msgTitle": "已确认"}},
        }

    async def tap_unanswered(self, frame: TapFrame, response: dict[str, Any] | None) -> None:
        raise AssertionError(f"the answer to {frame.out_track_id} was not sent: {response}")


class Bench:
    """The stand-in, our client, our stream, and the control plane."""

    def __init__(self, sandbox: Sandbox, url: str, dingtalk: DingTalk, http: aiohttp.ClientSession) -> None:
        self.sandbox, self.url, self.dingtalk, self.http = sandbox, url, dingtalk, http
        self.intake = Recorder()

    async def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        async with self.http.request(method, f"{self.url}/sandbox/v1{path}", json=body) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def inbox(self, user_id: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self.control("GET", f"/inbox/{user_id}"))["items"]
        return items


@asynccontextmanager
async def bench() -> AsyncIterator[tuple[Bench, StreamConnection]]:
    """All of it, connected."""
    running = await server.start(Sandbox.from_world(small_world()), 0)
    session = open_session()
    sandbox = running.sandbox
    ours = Credentials(sandbox.app.client_id, sandbox.app.client_secret, sandbox.company.corp_id, sandbox.app.agent_id)
    api = DingTalkApi(
        lambda: ours,
        session,
        api_base=running.url,
        oapi_base=running.url,
        now=lambda: sandbox.clock.now().timestamp(),
    )
    the_bench = Bench(sandbox, running.url, DingTalk.over(api), session)
    stream = StreamConnection(Gateway(lambda: ours, session, api_base=running.url), the_bench.intake)
    task = asyncio.create_task(stream.run())
    try:
        await stream.wait_connected(10)
        yield the_bench, stream
    finally:
        await stream.stop()
        await task
        await session.close()
        await running.close()


async def test_a_message_comes_and_is_answered_three_ways() -> None:
    async with bench() as (house, _):
        said = await house.control("POST", "/messages", {"from": "lina04", "text": "公海"})
        assert said["ack"]["code"] == 200
        [frame] = house.intake.said
        assert (frame.user_id, frame.text, frame.group) == ("lina04", "公海", False)
        robot = house.dingtalk.robot
        await robot.reply_webhook(frame.session_webhook, webhook_text("一"))
        result = await robot.send_to_people(["lina04", "nobody"], markdown_message("标题", "二"))
        assert (result.invalid, result.reached("lina04"), result.reached("nobody")) == (("nobody",), True, False)
        await house.control("POST", "/messages", {"from": "lina04", "text": "公海", "to": "cidSALES"})
        assert house.intake.said[1].group
        assert house.intake.said[1].text == "公海"
        await robot.send_to_group(house.intake.said[1].conversation_id, text_message("三"))
        vias = [item["via"] for item in await house.inbox("lina04")]
        assert vias == ["session_webhook", "robot_batch", "robot_group"]
        assert (await house.control("GET", "/violations"))["items"] == []


async def test_a_card_is_made_tapped_and_changed() -> None:
    async with bench() as (house, _):
        cards = house.dingtalk.cards
        made = await cards.create_and_deliver(
            template_id=TEMPLATE, out_track_id="o1", spaces=[PersonSpace("lina04")], data=BUTTONS, summary="拜访"
        )
        assert set(made.delivered) == {"lina04"}
        again = await cards.create_and_deliver(
            template_id=TEMPLATE, out_track_id="o1", spaces=[PersonSpace("lina04")], data=BUTTONS
        )
        assert again.existed
        [item] = await house.inbox("lina04")
        [button] = item["buttons"]
        tap = await house.control("POST", "/cards/o1/tap", {"as": "lina04", "button": button["id"]})
        assert tap["status"] == "ok"
        assert "已确认" in tap["card"]["text"]
        [frame] = house.intake.tapped
        assert (frame.user_id, frame.out_track_id, frame.action_ids) == ("lina04", "o1", ("confirm",))
        await cards.update("o1", {"msgTitle": "已撤销"})
        seen = await house.control("GET", "/cards/o1?as=lina04")
        assert "已撤销" in seen["text"]
        assert seen["buttons"], "an update by key leaves the other variables alone"
        with pytest.raises(CardMissing):
            await cards.update("other", {"msgTitle": "x"})
        with pytest.raises(TemplateUnusable):
            await cards.create_and_deliver(
                template_id="none.schema", out_track_id="o2", spaces=[PersonSpace("lina04")], data={}
            )


async def test_the_address_book_is_read_at_full_pace() -> None:
    async with bench() as (house, _):
        contacts = house.dingtalk.contacts
        assert (await contacts.scopes()).departments == (1,)
        assert {one.name for one in await contacts.list_subdepartments(100)} == {"销售一部", "销售二部"}
        members = {one.user_id: one async for one in contacts.list_users(101)}
        assert set(members) == {"wang03", "lina04", "zhao05"}
        wang, lina = members["wang03"], await contacts.user("lina04")
        assert wang.leads == {101: True}
        assert (lina.manager_id, lina.mobile, lina.dept_ids) == ("wang03", "13800000004", (101,))
        assert await contacts.parents(101) == (101, 100, 1)
        with pytest.raises(PersonGone):
            await contacts.user("nobody")
        # Sixty reads in a row: as fast as allowed, and never told to slow down.
        await asyncio.gather(*(contacts.user("lina04") for _ in range(60)))
        async with house.http.get(f"{house.url}/sandbox/v1/calls") as answer:
            calls = (await answer.json())["items"]
        assert all(call["response"].get("errcode") != 90018 for call in calls if isinstance(call["response"], dict))
        async with house.http.put(
            f"{house.url}/sandbox/v1/company/scope", json={"departments": [101], "users": []}
        ) as answer:
            assert answer.status == 200
        with pytest.raises(NotInScope):
            await contacts.department(102)


async def test_an_expired_token_is_renewed_unnoticed() -> None:
    async with bench() as (house, _):
        contacts = house.dingtalk.contacts
        await contacts.user("lina04")
        await house.control("POST", "/tokens", {"do": "expire"})
        await asyncio.gather(*(contacts.user("lina04") for _ in range(5)))
        tokens = [one for one in await _calls(house) if one["path"] == "/v1.0/oauth2/accessToken"]
        assert len(tokens) == 2
        # Two hours by the product's clock: renewed beforehand, so nothing is refused.
        await house.control("POST", "/clock", {"advance_seconds": 7201})
        before = len(await _calls(house))
        await contacts.user("lina04")
        assert len(await _calls(house)) == before + 2


async def test_faults_come_out_as_what_they_are() -> None:
    async with bench() as (house, _):
        robot = house.dingtalk.robot
        throttled = {"status": 403, "body": {"code": "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"}}
        await house.control("POST", "/faults", {"path": "/v1.0/robot", "method": "*", "times": 1, "do": throttled})
        assert (await robot.send_to_people(["lina04"], text_message("一"))).reached("lina04")
        assert len(await house.inbox("lina04")) == 1
        house.sandbox.knobs.denied_permissions = ["qyapi_robot_sendmsg"]
        with pytest.raises(PermissionMissing) as caught:
            await robot.send_to_people(["lina04"], text_message("二"))
        assert caught.value.required_scopes == ("qyapi_robot_sendmsg",)
        house.sandbox.knobs.denied_permissions = []
        ban = {"path": "/v1.0/robot", "method": "*", "times": 1, "do": {"html": "<html>deny</html>"}}
        await house.control("POST", "/faults", ban)
        for _ in range(2):
            with pytest.raises(Banned):
                await robot.send_to_people(["lina04"], text_message("三"))
        await house.control("POST", "/clock", {"advance_seconds": 301})
        assert (await robot.send_to_people(["lina04"], text_message("三"))).reached("lina04")
        assert [item["text"] for item in await house.inbox("lina04")] == ["一", "三"]


@pytest.mark.parametrize("how", ["disconnect", "close", "abort"])
async def test_nothing_said_is_lost_round_a_lost_connection(how: str) -> None:
    async with bench() as (house, stream):
        await house.control("POST", "/connections", {"do": how})
        if how != "disconnect":
            async with asyncio.timeout(10):
                while stream.counters.opened < 2:
                    await asyncio.sleep(0.01)
        await stream.wait_connected(10)
        for number in range(5):
            said = await house.control("POST", "/messages", {"from": "lina04", "text": str(number)})
            assert said["ack"]["code"] == 200
        assert [frame.text for frame in house.intake.said] == list("01234")


async def test_notices_are_followed_to_their_end() -> None:
    async with bench() as (house, _):
        notices = house.dingtalk.notices
        message = oa_notice(title="3月2日要跟进", url=f"{house.url}/x", form=[("客户:", "华东电气")], content="两家")
        task_id = await notices.send(["lina04", "zhao05", "nobody"], message)
        second = await notices.send(["lina04"], message)
        assert task_id != second
        await house.control("POST", "/clock", {"advance_seconds": 60})
        assert (await notices.progress(task_id)).done
        fates = await notices.result(task_id)
        assert (fates["lina04"].delivered, fates["zhao05"].delivered) == (True, True)
        assert fates["nobody"].kind is FateKind.INVALID
        assert (await notices.result(second))["lina04"] == Fate(FateKind.FORBIDDEN, DUPLICATE)
        for builder in (
            text_notice("好" * 900),
            markdown_notice("标题", "好" * 900),
            action_card_notice("标题", "好" * 900, [LinkButton("看", "https://a")]),
            action_card_notice("标题", "好" * 900, [LinkButton("看", "https://a"), LinkButton("批", "https://b")]),
        ):
            assert await notices.send(["lina04"], builder)


async def test_events_come() -> None:
    async with bench() as (house, _):
        body = {"userid": "sun08", "name": "孙新", "departments": [101]}
        await house.control("POST", "/company/users", body)
        async with asyncio.timeout(5):
            while not house.intake.events:
                await asyncio.sleep(0.01)
        [event] = house.intake.events
        assert (event.event_type, event.get("userId")) == ("user_add_org", ["sun08"])
        assert event.born_at is not None


async def _calls(house: Bench) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await house.control("GET", "/calls"))["items"]
    return items


async def test_a_todo_whose_answer_was_lost_is_found_behind_many_others() -> None:
    async with bench() as (house, _):
        house.sandbox.knobs.qps = 0
        todos, lina = house.dingtalk.todos, unionid_of("lina04")
        made = [await todos.create(lina, source_id=f"dingcrm-{n}", subject=f"审批 {n}") for n in range(245)]
        for n in (0, 120, 244):
            assert await todos.create(lina, source_id=f"dingcrm-{n}", subject=f"审批 {n}") == made[n]
        await todos.finish(lina, made[0])
        assert await todos.create(lina, source_id="dingcrm-0", subject="审批 0") == "", "done: there is nothing to tick"
