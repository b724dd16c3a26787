"""Changes of the company tell the app with the exact bodies of platform.md 6.5 (behaviour 42)."""

from typing import Any

import orjson
import pytest

from tests.sandbox.old_calls import result
from tests.sandbox.wire_client import Wire


async def told(wire: Wire, count: int = 1) -> list[tuple[str, dict[str, Any]]]:
    """The events that come: type and data."""
    frames = await wire.sockets[0].wait(count, "EVENT")
    for frame in frames:
        assert frame["headers"]["topic"] == "*"
        assert frame["headers"]["eventCorpId"] == "dingcorp0001"
        assert frame["headers"]["eventId"]
        assert frame["headers"]["eventBornTime"].isdigit()
    return [(frame["headers"]["eventType"], orjson.loads(frame["data"])) for frame in frames]


def stamped(data: dict[str, Any]) -> dict[str, Any]:
    """The data without its time, which must be milliseconds as text."""
    assert isinstance(data["timeStamp"], str)
    assert len(data["timeStamp"]) == 13
    return {key: value for key, value in data.items() if key != "timeStamp"}


async def test_b42_joining_and_leaving_name_the_people(wire: Wire) -> None:
    await wire.connect()
    await wire.control("POST", "/company/users", {"userid": "new01", "name": "新人", "departments": [101]})
    ((kind, data),) = await told(wire)
    assert (kind, stamped(data)) == ("user_add_org", {"userId": ["new01"]})
    await wire.control("DELETE", "/company/users/new01")
    kind, data = (await told(wire, 2))[1]
    assert (kind, stamped(data)) == ("user_leave_org", {"userId": ["new01"]})


async def test_b42_a_change_tells_what_differs_of_seven_fields(wire: Wire) -> None:
    await wire.control("PATCH", "/company/users/lina04?silent=1", {"telephone": "0574-1", "job_number": "7"})
    await wire.connect()
    change = {"telephone": "", "job_number": "8", "manager": "wang03", "title": "经理", "hired_on": "2020-05-01"}
    await wire.control("PATCH", "/company/users/lina04", change)
    ((kind, data),) = await told(wire)
    assert kind == "user_modify_org"
    assert stamped(data) == {
        "userId": ["lina04"],
        "diffInfo": {
            "prev": {"telephone": "0574-1", "jobNumber": "7"},
            "curr": {"jobNumber": "8", "managerUserid": "wang03", "hiredDate": "2020-05-01"},
            "userid": "lina04",
        },
    }


async def test_b42_profile_silence_activation_and_admin_rights(wire: Wire) -> None:
    await wire.connect()
    await wire.control("PATCH", "/company/users/lina04", {"avatar": "https://example.com/a.png"})
    await wire.control("PATCH", "/company/users/lina04?silent=1", {"name": "李丽", "active": False})
    await wire.control("PATCH", "/company/users/lina04", {"active": True})
    await wire.control("PATCH", "/company/users/lina04", {"dingtalk_admin": True})
    await wire.control("PATCH", "/company/users/lina04", {"dingtalk_admin": False})
    events = await told(wire, 3)
    assert sorted(kind for kind, _ in events) == ["org_admin_add", "org_admin_remove", "user_active_org"]
    assert ("user_active_org", {"userId": ["lina04"]}) in events
    assert (await wire.control("GET", "/idle?wait=3"))["idle"]
    assert len(wire.sockets[0].of("EVENT")) == 3


async def test_b42_departments_and_the_firm(wire: Wire) -> None:
    await wire.connect()
    await wire.control("POST", "/company/departments", {"id": 200, "name": "新部", "parent": 1})
    await told(wire, 1)
    await wire.control("PATCH", "/company/departments/200", {"name": "旧部"})
    await told(wire, 2)
    await wire.control("DELETE", "/company/departments/200")
    await told(wire, 3)
    await wire.control("PATCH", "/company", {"name": "改名有限公司"})
    assert await told(wire, 4) == [
        ("org_dept_create", {"deptId": [200]}),
        ("org_dept_modify", {"deptId": [200]}),
        ("org_dept_remove", {"deptId": [200]}),
        ("org_change", {}),
    ]


async def test_b42_roles(wire: Wire) -> None:
    await wire.connect()
    await wire.control("PUT", "/company/roles/11", {"name": "出纳", "members": ["lina04"]})
    first = await told(wire, 2)
    assert ("label_conf_add", {"scope": "1", "labelIdList": [11]}) in first
    assert ("label_user_change", {"userIdList": ["lina04"], "action": "add", "labelIdList": [11]}) in first
    await wire.control("PUT", "/company/roles/11", {"name": "会计", "members": ["lina04"]})
    kind, data = (await told(wire, 3))[2]
    assert kind == "label_conf_modify"
    assert orjson.loads(data["preLabelList"][0])["name"] == "出纳"
    assert orjson.loads(data["postLabelList"][0])["name"] == "会计"
    await wire.control("DELETE", "/company/roles/11")
    assert (await told(wire, 4))[3] == ("label_conf_del", {"labelIdList": [11]})


async def test_b42_many_changes_come_in_one_event(wire: Wire) -> None:
    await wire.connect()
    people = [{"userid": f"n{n}", "name": f"新{n}"} for n in range(30)]
    await wire.control("POST", "/company/bulk", {"join": people})
    ((kind, data),) = await told(wire)
    assert (kind, len(data["userId"])) == ("user_add_org", 30)
    await wire.control("POST", "/company/bulk", {"leave": [one["userid"] for one in people]})
    kind, data = (await told(wire, 2))[1]
    assert (kind, len(data["userId"])) == ("user_leave_org", 30)


async def test_b42_reads_may_lag_behind_the_event(wire: Wire) -> None:
    await wire.connect()
    await wire.knobs(read_delay_seconds=60)
    await wire.control("PATCH", "/company/users/lina04", {"name": "李丽"})
    await wire.control("POST", "/company/users", {"userid": "new01", "name": "新人"})
    await told(wire, 2)
    assert (await result(wire, "/topapi/v2/user/get", {"userid": "lina04"}))["name"] == "李娜"
    assert await result(wire, "/topapi/user/count", {}) == {"count": 3}
    assert (await wire.control("GET", "/company"))["users"][-1]["userid"] == "new01"
    await wire.control("POST", "/clock", {"advance_seconds": 61})
    assert (await result(wire, "/topapi/v2/user/get", {"userid": "lina04"}))["name"] == "李丽"
    assert await result(wire, "/topapi/user/count", {}) == {"count": 4}


@pytest.mark.parametrize("silent", ["silent=1", "silent=true"])
async def test_silent_changes_tell_nobody(wire: Wire, silent: str) -> None:
    await wire.connect()
    await wire.control("DELETE", f"/company/users/lina04?{silent}")
    await wire.control("POST", f"/company/departments?{silent}", {"name": "新部", "parent": 1})
    assert (await wire.control("GET", "/idle?wait=3"))["idle"]
    assert wire.sockets[0].of("EVENT") == []
