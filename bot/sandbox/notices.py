"""Work notifications (工作通知): sending, progress, result, recall, status bar (platform.md section 4).

Sending answers errcode 0 also for what is then dropped; only the result tells (behaviours 32–34, 43).
"""

from datetime import timedelta
from typing import Any, Final

from aiohttp import web

from bot.sandbox.auth import body_of, require_oapi
from bot.sandbox.clock import iso
from bot.sandbox.company import Company
from bot.sandbox.errors import OapiError
from bot.sandbox.notices_book import FORBIDDEN_CODES, NoticeBook, Task, book_of
from bot.sandbox.notices_messages import (
    STATUS_BAR_RECEIVERS,
    check_status_bar,
    has_status_bar,
    media_ids,
    notice_item,
    read_message,
)
from bot.sandbox.state import Sandbox
from bot.sandbox.wire import comma_list, flag, integer, invalid_parameter, oapi_ok

PERMISSION: Final = "qyapi_base"
PATH: Final = "/topapi/message/corpconversation"
MAX_USERS: Final = 100
MAX_DEPARTMENTS: Final = 20
RESULT_RECEIVERS: Final = 100
ASKED_WITHIN: Final = timedelta(hours=24)
STATUS_BAR_WITHIN: Final = timedelta(days=7)


def routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """Send, progress, result, recall, status bar."""

    async def read(request: web.Request) -> dict[str, Any]:
        require_oapi(sandbox, request, PERMISSION)
        body = await body_of(request)
        if integer(body, "agent_id") != sandbox.app.agent_id:
            raise OapiError(40056, "不合法的agentid")
        return body

    async def send(request: web.Request) -> web.Response:
        body = await read(request)
        as_text = request.content_type == "application/x-www-form-urlencoded"
        message = read_message(body.get("msg"), as_text=as_text)
        for media_id in media_ids(message):
            if media_id not in sandbox.files:
                raise OapiError(40007, "不合法的媒体文件id")
        task = deliver(sandbox, {**body, "msg": message})
        return oapi_ok(task_id=task.id)

    async def progress(request: web.Request) -> web.Response:
        body = await read(request)
        task = access_task(sandbox, integer(body, "task_id"))
        percent, status = task.status(sandbox.clock.now())
        return oapi_ok(progress={"progress_in_percent": percent, "status": status})

    async def result(request: web.Request) -> web.Response:
        body = await read(request)
        task = access_task(sandbox, integer(body, "task_id"))
        if len(task.fates) > RESULT_RECEIVERS:
            raise OapiError(
                15, "Remote service error", sub_code="isp.http-read-timeout", sub_msg="接收者超过100人，查询超时"
            )
        return oapi_ok(send_result=send_result(sandbox, task))

    async def recall(request: web.Request) -> web.Response:
        body = await read(request)
        try:
            task = access_task(sandbox, integer(body, "msg_task_id"))
        except OapiError as wrong:
            raise OapiError(400002, "不合法的agentId或taskId") from wrong
        task.recalled = True
        for userid, seq in task.items.items():
            sandbox.inbox.take_back(userid, seq)
        return oapi_ok()

    async def status_bar(request: web.Request) -> web.Response:
        body = await read(request)
        check_status_bar(body.get("status_value"), body.get("status_bg"))
        task = access_task(sandbox, integer(body, "task_id"), within=STATUS_BAR_WITHIN)
        if not has_status_bar(task.message):
            raise OapiError(40035, "不合法的taskId：不是带状态栏的OA消息")
        if len(task.fates) > STATUS_BAR_RECEIVERS or task.status(sandbox.clock.now())[1] != 2:
            raise OapiError(41052, "接收者过多，或者还没有发送完")
        change_status_bar(sandbox, task, str(body["status_value"]), str(body["status_bg"]))
        return oapi_ok()

    return [
        web.post(f"{PATH}/asyncsend_v2", send),
        web.post(f"{PATH}/getsendprogress", progress),
        web.post(f"{PATH}/getsendresult", result),
        web.post(f"{PATH}/recall", recall),
        web.post(f"{PATH}/status_bar/update", status_bar),
    ]


def access_task(sandbox: Sandbox, task_id: int, *, within: timedelta = ASKED_WITHIN) -> Task:
    """Return a task that may still be asked about; raise OapiError 40035 for an unknown or old one."""
    task = book_of(sandbox).tasks.get(task_id)
    if task is None or sandbox.clock.now() - task.at > within:
        raise OapiError(40035, "不合法的taskId")
    return task


def deliver(sandbox: Sandbox, body: dict[str, Any]) -> Task:
    """Send a checked message to whom the body names; raise OapiError 40035 for impossible receivers."""
    message: dict[str, Any] = body["msg"]
    users, departments = comma_list(body, "userid_list"), comma_list(body, "dept_id_list")
    to_all = flag(body, "to_all_user")
    if not (users or departments or to_all):
        raise invalid_parameter("userid_list")
    if len(users) > MAX_USERS:
        raise OapiError(40035, f"不合法的参数：userid_list 超过 {MAX_USERS} 个")
    if len(departments) > MAX_DEPARTMENTS:
        raise OapiError(40035, f"不合法的参数：dept_id_list 超过 {MAX_DEPARTMENTS} 个")
    if has_status_bar(message) and (to_all or departments or len(users) > STATUS_BAR_RECEIVERS):
        raise OapiError(40035, f"不合法的参数：status_bar 只能用于 userid_list，最多 {STATUS_BAR_RECEIVERS} 人")
    company = sandbox.company
    invalid_departments: list[int] = []
    if to_all:
        receivers = [person.userid for person in company.readable_people()]
    else:
        below, invalid_departments = _below(company, departments)
        receivers = list(dict.fromkeys([*users, *below]))
    book: NoticeBook = book_of(sandbox)
    task = book.send(message, receivers, invalid_departments=invalid_departments, to_all=to_all)
    item = notice_item(message)
    for userid, fate in task.fates.items():
        if fate == "delivered":
            task.items[userid] = sandbox.inbox.add(
                userid, kind="notice", conversation="work", via="work_notification", raw=body, **item
            )
        sandbox.notices.add(
            {
                "at": iso(task.at),
                "userid": userid,
                "msgtype": message["msgtype"],
                "text": item["text"],
                "fate": fate,
                "task_id": task.id,
            }
        )
    return task


def _below(company: Company, written: list[str]) -> tuple[list[str], list[int]]:
    """Return everybody in and below these departments, and the departments that are none of the app's."""
    userids: list[str] = []
    invalid: list[int] = []
    for one in written:
        if not one.isdigit():
            raise invalid_parameter("dept_id_list")
        department = int(one)
        if department in company.departments and company.department_readable(department):
            userids += [person.userid for person in company.people_below(department)]
        else:
            invalid.append(department)
    return userids, invalid


def send_result(sandbox: Sandbox, task: Task) -> dict[str, Any]:
    """Return the lists of getsendresult; a message to somebody inactive stays unread (behaviour 43)."""
    opened: dict[str, int] = sandbox.memory.get("opened", {})
    read = [userid for userid, seq in task.items.items() if opened.get(userid, 0) >= seq and _active(sandbox, userid)]
    forbidden = {userid: fate for userid, fate in task.fates.items() if fate in FORBIDDEN_CODES}
    limits = {
        "duplicate": 1,
        "daily_limit": sandbox.knobs.daily_notices,
        "rate_limit": sandbox.knobs.notices_per_minute,
    }
    return {
        "invalid_user_id_list": [u for u, fate in task.fates.items() if fate in {"invalid", "out_of_scope"}],
        "forbidden_user_id_list": list(forbidden),
        "failed_user_id_list": [],
        "read_user_id_list": read,
        "unread_user_id_list": [userid for userid in task.items if userid not in read],
        "invalid_dept_id_list": task.invalid_departments,
        "forbidden_list": [
            {"code": FORBIDDEN_CODES[fate], "count": limits[fate], "userid": userid}
            for userid, fate in forbidden.items()
        ],
    }


def _active(sandbox: Sandbox, userid: str) -> bool:
    person = sandbox.company.known_person(userid)
    return person is not None and person.active


def change_status_bar(sandbox: Sandbox, task: Task, text: str, colour: str) -> None:
    """Redraw a delivered OA message with another status bar; no new item."""
    oa = {**task.message["oa"], "status_bar": {"status_value": text, "status_bg": colour}}
    task.message = {**task.message, "oa": oa}
    drawn = notice_item(task.message)
    for userid, seq in task.items.items():
        for item in sandbox.inbox.after(userid, seq - 1, 1):
            if item["seq"] == seq:
                item["text"] = drawn["text"]
                item["raw"] = {**item["raw"], "msg": task.message}
