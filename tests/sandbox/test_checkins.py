"""签到 on the local DingTalk: the event, the record, and what the call refuses."""

from typing import Any

import orjson
import pytest

from tests.sandbox.wire_client import Wire

PATH = "/topapi/checkin/record/get"
DAY = 86_400_000
HERE = {"longitude": 121.49, "latitude": 29.87, "place": "望春工业园", "remark": "看了设备"}


async def asked(wire: Wire, **body: Any) -> dict[str, Any]:
    path = f"{PATH}?access_token={await wire.token()}"
    _, answer = await wire.api("POST", path, {"cursor": 0, "size": 100, **body})
    return dict(answer)


async def test_the_event_says_who_and_when_the_record_the_rest(wire: Wire) -> None:
    client = await wire.connect()
    done = await wire.control("POST", "/checkins", {"as": "lina04", **HERE})
    (event,) = await client.wait(1, "EVENT")
    at = done["checkin_time"]
    assert orjson.loads(event["data"]) == {"timeStamp": at, "staffId": "lina04"}
    assert event["headers"]["eventType"] == "check_in"
    found = await asked(wire, userid_list="lina04,zhao05", start_time=at - 1000, end_time=at + 1000)
    assert found["errcode"] == 0 and found["result"]["next_cursor"] is None
    (row,) = found["result"]["page_list"]
    assert row == {
        "userid": "lina04", "checkin_time": at, "longitude": "121.490000", "latitude": "29.870000",
        "place": "望春工业园", "detail_place": "望春工业园", "remark": "看了设备",
    }  # fmt: skip


async def test_pages_follow_the_cursor(wire: Wire) -> None:
    """Also where several fall into one millisecond, as five in a row may."""
    remarks = [f"第 {n} 次" for n in range(5)]
    made = [
        await wire.control("POST", "/checkins?silent=1", {"as": "lina04", **HERE, "remark": remark})
        for remark in remarks
    ]
    begin, end = made[0]["checkin_time"], made[-1]["checkin_time"]
    seen: list[str] = []
    cursor: int | None = 0
    while cursor is not None:
        page = await asked(wire, userid_list="lina04", start_time=begin, end_time=end, cursor=cursor, size=2)
        seen += [row["remark"] for row in page["result"]["page_list"]]
        cursor = page["result"]["next_cursor"]
    assert seen == remarks


@pytest.mark.parametrize(
    "body",
    [
        {"userid_list": ""},
        {"userid_list": ",".join(f"u{n}" for n in range(11))},
        {"userid_list": "lina04", "end_time": 10 * DAY + 1},
        {"userid_list": "lina04,zhao05", "end_time": DAY + 1},
        {"userid_list": "lina04", "end_time": -1},
        {"userid_list": "lina04", "size": 101},
        {"userid_list": "lina04", "size": 0},
        {"userid_list": "lina04", "cursor": -1},
    ],
)
async def test_what_the_documents_do_not_allow_is_refused(wire: Wire, body: dict[str, Any]) -> None:
    assert (await asked(wire, **{"start_time": 0, "end_time": 1, **body}))["errcode"] == 40035


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"as": "ghost", **HERE}, 404),
        ({**HERE}, 404),
        ({"as": "lina04", **HERE, "latitude": 91}, 400),
        ({"as": "lina04", **HERE, "latitude": "north"}, 400),
        ({"as": "lina04", "place": "x"}, 400),
        ({"as": "lina04", **HERE, "remark": 5}, 400),
        ({"as": "lina04", **HERE, "when": "now"}, 400),
    ],
)
async def test_nobody_and_nowhere_are_refused(wire: Wire, body: dict[str, Any], status: int) -> None:
    await wire.control("POST", "/checkins", body, status=status)
