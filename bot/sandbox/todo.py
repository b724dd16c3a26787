"""Todos (待办) of DingTalk (platform.md section 8, behaviour 46).

Events are fired for what people do, not for the app's own calls: whether those come back is not documented.
Additions of ours: `GET /sandbox/v1/todos/{userid}` and `POST /sandbox/v1/todos/{id}/tick`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from aiohttp import web

from bot.sandbox import events
from bot.sandbox.auth import body_of, require_app
from bot.sandbox.clock import SHANGHAI
from bot.sandbox.control import V1, read_body
from bot.sandbox.errors import ControlError, not_found
from bot.sandbox.messages import link_buttons
from bot.sandbox.state import Sandbox
from bot.sandbox.todo_tasks import FieldReader, TodoTask
from bot.sandbox.wire import json_ok

READ: Final = "Todo.Todo.Read"
WRITE: Final = "Todo.Todo.Write"
PAGE: Final = 20


@dataclass(slots=True)
class TodoBook:
    """All tasks, and the sourceIds ever used: each makes one task, also after that one was deleted."""

    tasks: dict[str, TodoTask] = field(default_factory=dict)
    sources: set[str] = field(default_factory=set)


def book_of(sandbox: Sandbox) -> TodoBook:
    """Return the sandbox's todos, begun at the first use."""
    book: TodoBook | None = sandbox.memory.get("todos")
    if book is None:
        book = sandbox.memory["todos"] = TodoBook()
    return book


def routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """Create, change, executor status, delete, query; and the people's side."""
    book = book_of(sandbox)

    async def begin(request: web.Request, verb: str, permission: str = WRITE) -> tuple[FieldReader, dict[str, Any]]:
        require_app(sandbox, request, permission)
        reader = FieldReader(sandbox.company, verb)
        reader.union_id(request.match_info["unionId"], "unionId")
        if "operatorId" in request.query:
            reader.union_id(request.query["operatorId"], "operatorId")
        return reader, await body_of(request)

    def existing(request: web.Request, reader: FieldReader) -> TodoTask:
        task = book.tasks.get(request.match_info["taskId"])
        if task is None:
            raise reader.refusal("task not exist")
        return task

    def changed_by(request: web.Request, task: TodoTask, raw: dict[str, Any]) -> None:
        task.modified = sandbox.clock.millis()
        task.modifier = request.query.get("operatorId", request.match_info["unionId"])
        show(sandbox, task, raw)

    async def create(request: web.Request) -> web.Response:
        reader, body = await begin(request, "taskCreate")
        fields = reader.created(body)
        creator = reader.union_id(body.get("creatorId", request.match_info["unionId"]), "creatorId")
        source = fields.get("sourceId")
        if source is not None:
            if source in book.sources:
                raise reader.refusal("task exist")
            book.sources.add(source)
        task = TodoTask(creator, sandbox.clock.millis(), fields)
        book.tasks[task.id] = task
        show(sandbox, task, body)
        return json_ok(task.as_created())

    async def change(request: web.Request) -> web.Response:
        reader, body = await begin(request, "taskUpdate")
        fields = reader.changed(body)
        task = existing(request, reader)
        done = fields.pop("done", None)
        task.fields |= fields
        if done is not None:
            task.finish(task.executors, sandbox.clock.millis(), done=done)
        changed_by(request, task, body)
        return json_ok({"result": True})

    async def executor_status(request: web.Request) -> web.Response:
        reader, body = await begin(request, "executorStatusUpdate")
        task = existing(request, reader)
        rows = body.get("executorStatusList")
        if not isinstance(rows, list) or not rows:
            raise reader.refusal("executorStatusList必填")
        for row in rows:
            if (
                not isinstance(row, dict)
                or row.get("id") not in task.executors
                or not isinstance(row.get("isDone"), bool)
            ):
                raise reader.refusal("executorStatusList格式不正确，或者不是执行人")
        for row in rows:
            task.finish([row["id"]], sandbox.clock.millis(), done=row["isDone"])
        changed_by(request, task, body)
        return json_ok({"result": True})

    async def delete(request: web.Request) -> web.Response:
        reader, _ = await begin(request, "taskDelete")
        task = existing(request, reader)
        del book.tasks[task.id]
        for userid, seq in task.items.items():
            sandbox.inbox.take_back(userid, seq)
        return json_ok({"result": True})

    async def query(request: web.Request) -> web.Response:
        reader, body = await begin(request, "taskQuery", READ)
        union_id, done = request.match_info["unionId"], body.get("isDone")
        token = str(body.get("nextToken") or "0")
        if not token.isdigit():
            raise reader.refusal("nextToken格式不正确")
        rows = [
            task.as_listed()
            for task in book.tasks.values()
            if (union_id in task.executors or union_id == task.creator) and done in {None, task.done}
        ]
        start, end = int(token), int(token) + PAGE
        page: dict[str, Any] = {"todoCards": rows[start:end]}
        return json_ok(page | ({"nextToken": str(end)} if end < len(rows) else {}))

    tasks = "/v1.0/todo/users/{unionId}/tasks"
    return [
        web.post(tasks, create),
        web.put(f"{tasks}/{{taskId}}", change),
        web.put(f"{tasks}/{{taskId}}/executorStatus", executor_status),
        web.delete(f"{tasks}/{{taskId}}", delete),
        web.post("/v1.0/todo/users/{unionId}/org/tasks/query", query),
        *_people_routes(sandbox),
    ]


def _people_routes(sandbox: Sandbox) -> list[web.RouteDef]:
    book = book_of(sandbox)

    async def listed(request: web.Request) -> web.Response:
        person = sandbox.company.known_person(request.match_info["userid"])
        if person is None:
            raise not_found("person")
        rows = [
            {**task.as_created(), "done_by_me": person.unionid in task.done_by}
            for task in book.tasks.values()
            if person.unionid in task.executors
        ]
        return json_ok({"items": rows})

    async def tick(request: web.Request) -> web.Response:
        """A person ticks the task off, or takes the tick back; the app is told (behaviour 46)."""
        task = book.tasks.get(request.match_info["id"])
        if task is None:
            raise not_found("todo")
        body = await read_body(request)
        person = sandbox.company.person(str(body.get("as")))
        if person is None:
            raise not_found(f"person {body.get('as')}")
        if person.unionid not in task.executors:
            raise ControlError(409, "not_executor", f"{person.name} 不是这条待办的执行人")
        task.finish([person.unionid], sandbox.clock.millis(), done=body.get("done", True) is True)
        task.modified, task.modifier = sandbox.clock.millis(), person.unionid
        show(sandbox, task, body)
        data = {"unionIdList": [person.unionid], "bizTag": "sandbox", "taskId": task.id}
        events.fire(sandbox, "todo_task_update", data)
        return json_ok({"id": task.id, "done": task.done})

    return [web.get(f"{V1}/todos/{{userid}}", listed), web.post(f"{V1}/todos/{{id}}/tick", tick)]


def show(sandbox: Sandbox, task: TodoTask, raw: dict[str, Any]) -> None:
    """Put the task before its executors: a new item for a new one, a redrawn one for the others."""
    link = task.fields["detailUrl"]
    buttons = link_buttons([("查看详情", link.get("appUrl") or link.get("pcUrl"))])
    wanted = {}
    for union_id in task.executors:
        person = sandbox.company.person_by_unionid(union_id)
        if person is not None:
            wanted[person.userid] = _text(task, union_id)
    for userid in [one for one in task.items if one not in wanted]:
        sandbox.inbox.take_back(userid, task.items.pop(userid))
    for userid, text in wanted.items():
        seq = task.items.get(userid)
        if seq is None:
            task.items[userid] = sandbox.inbox.add(
                userid, kind="todo", conversation="work", via="todo", title=task.fields["subject"],
                text=text, buttons=buttons, raw=raw, todo=task.id,
            )  # fmt: skip
            continue
        for item in sandbox.inbox.after(userid, seq - 1, 1):
            if item["seq"] == seq:
                item["title"], item["text"] = task.fields["subject"], text


def _text(task: TodoTask, union_id: str) -> str:
    """What the client draws: not the description, which work todos do not show."""
    lines = [str(task.fields["subject"])]
    lines += [f"{row['fieldKey']}：{row['fieldValue']}" for row in task.fields.get("contentFieldList", ())]
    if "dueTime" in task.fields:
        due = datetime.fromtimestamp(task.fields["dueTime"] / 1000, tz=SHANGHAI)
        lines.append(f"截止：{due:%Y-%m-%d %H:%M}")
    if union_id in task.done_by:
        lines.append("已完成")
    return "\n".join(lines)
