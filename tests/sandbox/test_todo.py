"""Todos of DingTalk (behaviour 46)."""

from typing import Any

import orjson
import pytest

from bot.sandbox.company_records import unionid_of
from tests.sandbox.wire_client import Wire

LINA, ZHAO = unionid_of("lina04"), unionid_of("zhao05")
TASKS = f"/v1.0/todo/users/{LINA}/tasks"


def task(**fields: Any) -> dict[str, Any]:
    """A task as the app creates it."""
    return {
        "sourceId": "crm-task-42",
        "subject": "审批 FP-0007",
        "creatorId": LINA,
        "description": "不显示的说明",
        "dueTime": 1_772_416_800_000,
        "executorIds": [ZHAO],
        "detailUrl": {"appUrl": "https://example.com/7", "pcUrl": "https://example.com/7"},
        "contentFieldList": [{"fieldKey": "客户", "fieldValue": "华东电气"}],
        **fields,
    }


async def created(wire: Wire, **fields: Any) -> dict[str, Any]:
    """A task that is accepted."""
    status, answer = await wire.call("POST", f"{TASKS}?operatorId={LINA}", task(**fields))
    assert status == 200, answer
    row: dict[str, Any] = answer
    return row


async def seen(wire: Wire, userid: str = "zhao05") -> list[dict[str, Any]]:
    """The todos on a phone."""
    return [item for item in await wire.inbox(userid) if item["kind"] == "todo"]


async def test_b46_a_new_task_reaches_its_executors(wire: Wire) -> None:
    row = await created(wire)
    assert (row["subject"], row["creatorId"], row["done"]) == ("审批 FP-0007", LINA, False)
    (item,) = await seen(wire)
    assert (item["via"], item["conversation"], item["title"]) == ("todo", "work", "审批 FP-0007")
    assert item["text"].splitlines() == ["审批 FP-0007", "客户：华东电气", "截止：2026-03-02 10:00"]
    assert item["buttons"][0]["url"] == "https://example.com/7"
    assert await seen(wire, "lina04") == []


async def test_b46_a_source_makes_one_task_only(wire: Wire) -> None:
    row = await created(wire)
    status, answer = await wire.call("POST", TASKS, task())
    assert (status, answer["code"], answer["message"]) == (400, "todo.taskCreate.paramError", "task exist")
    await created(wire, sourceId="crm-task-43")
    await wire.call("DELETE", f"{TASKS}/{row['id']}")
    assert (await wire.call("POST", TASKS, task()))[0] == 400
    assert len(await seen(wire)) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": ""},
        {"subject": "长" * 1025},
        {"description": "长" * 4097},
        {"dueTime": "2026-03-02"},
        {"executorIds": ["lina04"]},
        {"executorIds": ZHAO},
        {"creatorId": "nobody"},
        {"detailUrl": None},
        {"detailUrl": {}},
        {"detailUrl": {"appUrl": "https://example.com/" + "x" * 1024}},
        {"priority": 15},
        {"contentFieldList": [{"fieldKey": "客户"}]},
        {"isOnlyShowExecutor": "true"},
        {"todoType": "NOTE"},
    ],
)
async def test_b46_wrong_fields_are_refused_and_use_up_no_source(wire: Wire, wrong: dict[str, Any]) -> None:
    status, answer = await wire.call("POST", TASKS, task(**wrong))
    assert (status, answer["code"]) == (400, "todo.taskCreate.paramError")
    assert await seen(wire) == []
    await created(wire)


async def test_b46_userids_in_the_path_are_refused(wire: Wire) -> None:
    status, answer = await wire.call("POST", "/v1.0/todo/users/lina04/tasks", task())
    assert (status, answer["code"]) == (400, "todo.taskCreate.paramError")


async def test_b46_ticking_it_off_tells_the_app(wire: Wire) -> None:
    socket = await wire.connect()
    row = await created(wire, executorIds=[LINA, ZHAO])
    answer = await wire.control("POST", f"/todos/{row['id']}/tick", {"as": "zhao05"})
    assert answer == {"id": row["id"], "done": False}
    (frame,) = await socket.wait(1, "EVENT")
    assert frame["headers"]["eventType"] == "todo_task_update"
    data = orjson.loads(frame["data"])
    assert data == {"unionIdList": [ZHAO], "bizTag": "sandbox", "taskId": row["id"]}
    assert (await wire.control("POST", f"/todos/{row['id']}/tick", {"as": "lina04"}))["done"] is True
    assert "已完成" in (await seen(wire))[0]["text"]
    await wire.control("POST", f"/todos/{row['id']}/tick", {"as": "wang03"}, status=409)
    await wire.control("POST", "/todos/none/tick", {"as": "lina04"}, status=404)


async def test_b46_the_app_changes_finishes_and_deletes(wire: Wire) -> None:
    row = await created(wire)
    path = f"{TASKS}/{row['id']}"
    assert await wire.call("PUT", path, {"subject": "审批 FP-0008", "executorIds": [LINA]}) == (200, {"result": True})
    assert await seen(wire) == []
    assert (await seen(wire, "lina04"))[0]["title"] == "审批 FP-0008"
    status_path = f"{path}/executorStatus"
    wrong = {"executorStatusList": [{"id": ZHAO, "isDone": True}]}
    assert (await wire.call("PUT", status_path, wrong))[0] == 400
    right = {"executorStatusList": [{"id": LINA, "isDone": True}]}
    assert await wire.call("PUT", status_path, right) == (200, {"result": True})
    query = f"/v1.0/todo/users/{LINA}/org/tasks/query"
    _, done = await wire.call("POST", query, {"isDone": True})
    assert [one["taskId"] for one in done["todoCards"]] == [row["id"]]
    assert (await wire.call("POST", query, {"isDone": False}))[1]["todoCards"] == []
    await wire.call("PUT", path, {"done": False})
    assert len((await wire.call("POST", query, {"isDone": False}))[1]["todoCards"]) == 1
    assert await wire.call("DELETE", path) == (200, {"result": True})
    assert await seen(wire, "lina04") == []
    status, answer = await wire.call("PUT", path, {"subject": "x"})
    assert (status, answer["code"]) == (400, "todo.taskUpdate.paramError")
    assert (await wire.call("PUT", path, {"colour": "red"}))[0] == 400


async def test_b46_permission_points(wire: Wire) -> None:
    await wire.knobs(denied_permissions=["Todo.Todo.Write"])
    status, answer = await wire.call("POST", TASKS, task())
    assert status == 403
    assert answer["accessdenieddetail"] == {"requiredScopes": ["Todo.Todo.Write"]}
    assert (await wire.call("POST", f"/v1.0/todo/users/{LINA}/org/tasks/query", {}))[0] == 200
