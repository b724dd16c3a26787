"""Work notifications: accepted is not delivered (behaviours 32–34)."""

from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest

from bot.sandbox.notices_book import Task
from tests.sandbox.old_calls import SEND, fates, notify, old, text
from tests.sandbox.wire_client import Wire

OA: dict[str, Any] = {
    "msgtype": "oa",
    "oa": {
        "message_url": "https://example.com/1",
        "head": {"bgcolor": "FFBBBBBB", "text": "头部标题"},
        "status_bar": {"status_value": "进行中", "status_bg": "0xFFF65E5E"},
        "body": {
            "title": "开票申请",
            "form": [{"key": f"第{n}行:", "value": f"值{n}"} for n in range(1, 8)],
            "rich": {"num": "15.6", "unit": "元"},
            "content": "大段文本",
            "author": "李四",
        },
    },
}


async def fate_of(wire: Wire) -> list[tuple[str, str]]:
    """Who got what fate, of all that was asked for."""
    return [(one["userid"], one["fate"]) for one in (await wire.control("GET", "/notices"))["items"]]


async def works(wire: Wire, userid: str) -> list[dict[str, Any]]:
    """The work notifications of a person's phone."""
    return [item for item in await wire.inbox(userid) if item["conversation"] == "work"]


async def test_b32_the_same_content_reaches_a_person_once_a_calendar_day(wire: Wire) -> None:
    await wire.control("POST", "/clock", {"now": "2026-03-02T23:50:00+08:00"})
    await notify(wire, "lina04")
    again = await notify(wire, "lina04,zhao05")
    told = await fates(wire, again)
    assert told["forbidden_user_id_list"] == ["lina04"]
    assert [(one["code"], one["userid"]) for one in told["forbidden_list"]] == [(143106, "lina04")]
    assert told["unread_user_id_list"] == ["zhao05"]
    await notify(wire, "lina04", msg=text("请提交日报。"))
    await wire.control("POST", "/clock", {"now": "2026-03-03T00:00:30+08:00"})
    await notify(wire, "lina04")
    assert [fate for userid, fate in await fate_of(wire) if userid == "lina04"] == [
        "delivered",
        "duplicate",
        "delivered",
        "delivered",
    ]
    assert len(await works(wire, "lina04")) == 3


async def test_b32_what_differs_anywhere_in_the_message_is_no_duplicate(wire: Wire) -> None:
    for url in ("https://example.com/1", "https://example.com/2"):
        card = {"title": "待办", "markdown": "看一看", "single_title": "看", "single_url": url}
        await notify(wire, msg={"msgtype": "action_card", "action_card": card})
    assert [fate for _, fate in await fate_of(wire)] == ["delivered", "delivered"]


async def test_b32_a_dropped_message_does_not_block_the_next_one(wire: Wire) -> None:
    await wire.knobs(notices_per_minute=1)
    await notify(wire, "zhao05")
    task = await notify(wire, "lina04")
    assert (await fates(wire, task))["forbidden_list"][0]["code"] == 143103
    await wire.control("POST", "/clock", {"advance_seconds": 61})
    await notify(wire, "lina04")
    assert await fate_of(wire) == [("zhao05", "delivered"), ("lina04", "rate_limit"), ("lina04", "delivered")]


async def test_b32_daily_cap_scope_and_unknown_people(wire: Wire) -> None:
    await wire.knobs(daily_notices=1)
    await wire.control("PUT", "/company/scope", {"departments": [101], "users": []})
    await notify(wire, "lina04")
    task = await notify(wire, "lina04,wang03,nobody,zhao05", msg=text("第二条"))
    assert await fate_of(wire) == [
        ("lina04", "delivered"),
        ("lina04", "daily_limit"),
        ("wang03", "out_of_scope"),
        ("nobody", "invalid"),
        ("zhao05", "delivered"),
    ]
    told = await fates(wire, task)
    assert told["invalid_user_id_list"] == ["wang03", "nobody"]
    assert told["forbidden_list"] == [{"code": 143105, "count": 1, "userid": "lina04"}]
    assert await works(wire, "wang03") == []


async def test_b32_the_result_is_there_for_24_hours_and_up_to_100_receivers(wire: Wire) -> None:
    people = [{"userid": f"n{n}", "name": f"新{n}", "departments": [101]} for n in range(101)]
    await wire.control("POST", "/company/bulk?silent=1", {"join": people})
    answer = await old(wire, f"{SEND}/asyncsend_v2", {"agent_id": 100001, "dept_id_list": "101", "msg": text("大家好")})
    body = {"agent_id": 100001, "task_id": answer["task_id"]}
    assert "超时" in (await old(wire, f"{SEND}/getsendresult", body, errcode=15))["sub_msg"]
    task = await notify(wire)
    await wire.control("POST", "/clock", {"advance_seconds": 24 * 3600 + 1})
    await old(wire, f"{SEND}/getsendresult", {"agent_id": 100001, "task_id": task}, errcode=40035)
    await old(wire, f"{SEND}/getsendresult", {"agent_id": 7, "task_id": task}, errcode=40056)


async def test_b33_departments_count_with_all_below_them(wire: Wire) -> None:
    await wire.control("POST", "/company/departments?silent=1", {"id": 102, "name": "一组", "parent": 101})
    await wire.control("PATCH", "/company/users/zhao05?silent=1", {"departments": [102]})
    task = await notify(wire, "lina04", dept_id_list="101,999")
    assert await fate_of(wire) == [("lina04", "delivered"), ("zhao05", "delivered")]
    assert (await fates(wire, task))["invalid_dept_id_list"] == [999]


async def test_b33_to_all_three_times_a_day(wire: Wire) -> None:
    for n in range(4):
        await notify(wire, "", to_all_user=True, msg=text(f"第{n}次"))
    assert [fate for userid, fate in await fate_of(wire) if userid == "lina04"] == ["delivered"] * 3 + ["rate_limit"]
    await wire.control("POST", "/clock", {"advance_seconds": 24 * 3600})
    await notify(wire, "", to_all_user=True, msg=text("第二天"))
    assert (await fate_of(wire))[-1][1] == "delivered"


@pytest.mark.parametrize(
    "change",
    [
        {"userid_list": ",".join(f"u{n}" for n in range(101))},
        {"userid_list": None},
        {"dept_id_list": ",".join(str(n) for n in range(21))},
        {"dept_id_list": "abc"},
        {"msg": text("中" * 683)},
        {"msg": text("")},
        {"msg": {"msgtype": "card", "card": {}}},
        {"msg": {**text("a"), "markdown": {"title": "a", "text": "b"}}},
        {"msg": orjson.dumps(text("a")).decode()},
        {"msg": {"msgtype": "voice", "voice": {"media_id": "@x", "duration": "60"}}},
        {"msg": {"msgtype": "link", "link": {"title": "a", "text": "b", "messageUrl": "https://example.com"}}},
        {"msg": {"msgtype": "markdown", "markdown": {"text": "b"}}},
        {"msg": {"msgtype": "oa", "oa": {"head": {"bgcolor": "0xFFBBBBBB"}, "body": {"title": "a"}}}},
        {"msg": {"msgtype": "oa", "oa": {"body": {}}}},
        {"msg": {"msgtype": "action_card", "action_card": {"title": "a", "markdown": "b", "single_title": "c"}}},
        {
            "msg": {
                "msgtype": "action_card",
                "action_card": {"title": "a", "markdown": "b", "single_title": "超" * 21, "single_url": "https://a.cn"},
            }
        },
        {
            "msg": {
                "msgtype": "action_card",
                "action_card": {
                    "title": "a",
                    "markdown": "b",
                    "btn_orientation": "1",
                    "btn_json_list": [{"title": "一", "action_url": "https://a.cn/" + "x" * 700}],
                },
            }
        },
        {"msg": OA, "userid_list": "a,b,c,d,e,f"},
        {"msg": OA, "dept_id_list": "101"},
        {"msg": OA, "to_all_user": True},
    ],
)
async def test_b33_what_is_over_a_limit_is_refused(wire: Wire, change: dict[str, Any]) -> None:
    body = {"agent_id": 100001, "userid_list": "lina04", "msg": text("好")} | change
    await old(wire, f"{SEND}/asyncsend_v2", body, errcode=40035)
    assert await fate_of(wire) == []


async def test_b33_the_limit_is_in_bytes_not_characters(wire: Wire) -> None:
    room = 2048 - len(orjson.dumps(text("")))
    await notify(wire, msg=text("a" * room))
    body = {"agent_id": 100001, "userid_list": "lina04", "msg": text("a" * (room + 1))}
    await old(wire, f"{SEND}/asyncsend_v2", body, errcode=40035)


async def test_b33_a_form_carries_the_message_as_text(wire: Wire) -> None:
    form = {"agent_id": "100001", "userid_list": "lina04", "msg": orjson.dumps(text("表单")).decode()}
    path = f"{wire.url}{SEND}/asyncsend_v2?access_token={await wire.token()}"
    async with wire.session.post(path, data=form) as response:
        answer = await response.json()
    assert answer["errcode"] == 0
    (item,) = await works(wire, "lina04")
    assert (item["kind"], item["via"], item["text"]) == ("notice", "work_notification", "表单")
    assert item["raw"]["msg"] == text("表单")


async def test_b33_pictures_must_have_been_uploaded(wire: Wire) -> None:
    body = {"agent_id": 100001, "userid_list": "lina04", "msg": {"msgtype": "image", "image": {"media_id": "@no"}}}
    await old(wire, f"{SEND}/asyncsend_v2", body, errcode=40007)


def test_b34_progress_goes_from_0_over_1_to_2() -> None:
    sent = datetime.fromisoformat("2026-03-02T09:00:00+08:00")
    task = Task(1, sent, text("好"), {}, [])
    ages = [task.status(sent + timedelta(seconds=age)) for age in (0, 0.9, 1, 1.9, 2, 86_400)]
    assert ages == [(0, 0), (0, 0), (50, 1), (50, 1), (100, 2), (100, 2)]


async def test_b34_progress_follows_the_clock(wire: Wire) -> None:
    body = {"agent_id": 100001, "task_id": await notify(wire)}
    await wire.control("POST", "/clock", {"advance_seconds": 2})
    answer = await old(wire, f"{SEND}/getsendprogress", body)
    assert answer["progress"] == {"progress_in_percent": 100, "status": 2}
    await old(wire, f"{SEND}/getsendprogress", {**body, "task_id": 1}, errcode=40035)


async def test_b34_opening_it_makes_it_read(wire: Wire) -> None:
    first = await notify(wire)
    await wire.control("POST", "/inbox/lina04/read", {})
    second = await notify(wire, msg=text("第二条"))
    assert (await fates(wire, first))["read_user_id_list"] == ["lina04"]
    assert (await fates(wire, second))["unread_user_id_list"] == ["lina04"]


async def test_b34_recall_within_24_hours(wire: Wire) -> None:
    task = await notify(wire)
    body = {"agent_id": 100001, "msg_task_id": task}
    await old(wire, f"{SEND}/recall", {**body, "msg_task_id": 1}, errcode=400002)
    await old(wire, f"{SEND}/recall", body)
    assert await works(wire, "lina04") == []
    late = await notify(wire, msg=text("晚了"))
    await wire.control("POST", "/clock", {"advance_seconds": 24 * 3600 + 1})
    await old(wire, f"{SEND}/recall", {**body, "msg_task_id": late}, errcode=400002)
    assert len(await works(wire, "lina04")) == 1


async def test_b34_a_status_bar_changes_for_seven_days(wire: Wire) -> None:
    task = await notify(wire, "lina04,zhao05", msg=OA)
    body = {"agent_id": 100001, "task_id": task, "status_value": "已完成", "status_bg": "0xFF00B042"}
    await old(wire, f"{SEND}/status_bar/update", body, errcode=41052)
    await wire.control("POST", "/clock", {"advance_seconds": 2})
    await old(wire, f"{SEND}/status_bar/update", body)
    (item,) = await works(wire, "lina04")
    assert "已完成" in item["text"]
    assert "进行中" not in item["text"]
    plain = await notify(wire)
    await wire.control("POST", "/clock", {"advance_seconds": 2})
    await old(wire, f"{SEND}/status_bar/update", {**body, "task_id": plain}, errcode=40035)
    await old(wire, f"{SEND}/status_bar/update", {**body, "agent_id": 1}, errcode=40056)
    await wire.control("POST", "/clock", {"advance_seconds": 7 * 24 * 3600})
    await old(wire, f"{SEND}/status_bar/update", body, errcode=40035)


async def test_what_the_receiver_reads(wire: Wire) -> None:
    await notify(wire, msg=OA)
    card = {
        "title": "催办",
        "markdown": "**请处理** FP-0007",
        "btn_orientation": "1",
        "btn_json_list": [{"title": "去处理", "action_url": "https://example.com/7"}],
    }
    await notify(wire, msg={"msgtype": "action_card", "action_card": card})
    await notify(wire, msg={"msgtype": "markdown", "markdown": {"title": "早报", "text": "# 早报\n- 一件事"}})
    oa, action, markdown = await works(wire, "lina04")
    assert oa["title"] == "开票申请"
    for words in ("开票申请", "第6行: 值6", "15.6元", "大段文本", "李四", "进行中"):
        assert words in oa["text"]
    for hidden in ("第7行", "头部标题"):  # six rows are shown; the head carries the app's name
        assert hidden not in oa["text"]
    assert oa["buttons"][0]["url"] == "https://example.com/1"
    assert action["text"].splitlines() == ["催办", "请处理 FP-0007", "去处理"]
    assert action["buttons"][0]["text"] == "去处理"
    assert markdown["text"].startswith("早报\n")
    assert "一件事" in markdown["text"]
    (listed,) = (await wire.control("GET", "/notices?after=1"))["items"][:1]
    assert listed["text"] == action["text"]
    assert (listed["msgtype"], listed["fate"], listed["seq"]) == ("action_card", "delivered", 2)
