"""Which permission points the app has, asked one by one without doing anything (R1.03).

Each call is made for something that does not exist: DingTalk looks at the permission first, so "no such person" is a
yes. Names of the points: platform.md 2.3, 3.2, 4.1 and the head of 6.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from bot.dingtalk.cards import PersonSpace
from bot.dingtalk.client import DingTalk
from bot.dingtalk.contacts import ROOT
from bot.dingtalk.errors import (
    BadRequest,
    DingTalkError,
    IpNotAllowed,
    PermissionMissing,
    QuotaExhausted,
    TemplateUnusable,
    TokenExpired,
    WrongCredentials,
)
from bot.dingtalk.lenient import as_dict, as_int
from bot.dingtalk.robot import markdown_message

GOOD, WARN, BAD = "好", "注意", "不好"
NOBODY: Final = "dingcrm-self-check"
WHERE: Final = "open-dev.dingtalk.com → 应用开发 → 企业内部应用 → 这个应用 → 开发配置 → 权限管理"
SCOPE_WHERE: Final = f"{WHERE} → 通讯录权限范围"


@dataclass(frozen=True, slots=True)
class Finding:
    """One item: how it stands, what it is, what to do."""

    state: str
    item: str
    text: str


@dataclass(frozen=True, slots=True)
class Point:
    """A permission point: its name in the API, in the console, and what does not work without it."""

    name: str
    title: str
    use: str


DEPARTMENTS = Point("qyapi_get_department_list", "通讯录部门信息读权限", "同步不到部门")
MEMBERS = Point("qyapi_get_department_member", "通讯录部门成员读权限", "同步不到部门里的人")
PEOPLE = Point("qyapi_get_member", "成员信息读权限", "读不到人员信息和直属主管")
ROBOT = Point("qyapi_robot_sendmsg", "企业内机器人发送消息权限", "机器人回复不了")
NOTICE = Point("qyapi_base", "调用企业 API 基础权限", "发不了工作通知")
CARD = Point("Card.Instance.Write", "互动卡片实例写权限", "卡片发不出，只能回文字")
TODO = Point("Todo.Todo.Write", "待办应用中待办写权限", "审批不进钉钉待办（审批本身照常）")
POINTS: Final = (DEPARTMENTS, MEMBERS, PEOPLE, ROBOT, NOTICE, CARD)


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom the app's token may read, and how many the company has (not narrowed by the scope)."""

    departments: tuple[int, ...]
    users: tuple[str, ...]
    company: int | None  # people; None: not known


async def check_token(dingtalk: DingTalk) -> Finding:
    """Whether the credentials are good."""
    try:
        await dingtalk.api.check_token()
    except WrongCredentials:
        return Finding(
            BAD, "凭证", "钉钉不认这组 Client ID / Client Secret。在聊天里发送「凭证」，或运行 dingcrm init 重新填写"
        )
    except DingTalkError as failure:
        return Finding(BAD, "凭证", f"钉钉没有答应：{failure}")
    return Finding(GOOD, "凭证", "Client ID 和 Client Secret 可用")


async def check_permissions(dingtalk: DingTalk, probe_card: tuple[str, dict[str, str]]) -> list[Finding]:
    """Every point, in the order of use. `probe_card`: template and variables; no template: words only."""
    agent_id = dingtalk.api.credentials.agent_id
    template, variables = probe_card
    found = [
        await _permission(DEPARTMENTS, lambda: dingtalk.contacts.list_subdepartment_ids(ROOT)),
        await _permission(
            MEMBERS, lambda: dingtalk.api.old("/topapi/user/listid", {"dept_id": ROOT}, repeatable=True)
        ),
        await _permission(PEOPLE, lambda: dingtalk.contacts.user(NOBODY)),
        await _permission(
            ROBOT, lambda: dingtalk.robot.send_to_people([NOBODY], markdown_message("自检", "自检"))
        ),
    ]  # fmt: skip
    if not agent_id:
        found.append(Finding(BAD, "AgentId", "没有填写，发不了工作通知，运行 dingcrm init"))
    else:
        asked = {"agent_id": agent_id, "task_id": 1}
        path = "/topapi/message/corpconversation/getsendprogress"
        found.append(await _permission(NOTICE, lambda: dingtalk.api.old(path, asked, repeatable=True)))
    if not template:
        found.append(Finding(WARN, "卡片", "按设置用文字消息，没有按钮"))
        return found

    async def card() -> None:
        await dingtalk.cards.create_and_deliver(
            template_id=template, out_track_id=f"{NOBODY}-{agent_id}", spaces=[PersonSpace(NOBODY)], data=variables,
            summary="自检",
        )  # fmt: skip

    found.append(await _permission(CARD, card))
    return found


async def check_todo(dingtalk: DingTalk) -> Finding:
    """Whether 待办 may be made, where the company wants them."""
    return await _permission(TODO, lambda: dingtalk.todos.finish(NOBODY, NOBODY))


async def _permission(point: Point, call: Callable[[], Awaitable[object]]) -> Finding:
    item = f"权限 {point.name}"
    try:
        await call()
    except PermissionMissing as missing:
        names = "、".join(missing.required_scopes) or point.name
        return Finding(
            BAD, item, f"缺少「{point.title}」（{names}），{point.use}。到 {WHERE}，搜索 {point.name}，申请开通"
        )
    except TemplateUnusable:
        text = "卡片模板不可用，改用文字消息；可在卡片平台导入模板后设置 DINGCRM_CARD_TEMPLATE"
        return Finding(WARN, "卡片", text)
    except (TokenExpired, WrongCredentials, IpNotAllowed, QuotaExhausted) as failure:
        return Finding(WARN, item, f"没有查清：{failure}")
    except BadRequest as answer:
        if answer.code == "40056":
            return Finding(BAD, "AgentId", "钉钉不认这个 AgentId，到「凭证与基础信息」核对后运行 dingcrm init")
    except DingTalkError as failure:
        return Finding(WARN, item, f"没有查清：{failure}")
    return Finding(GOOD, item, f"已开通「{point.title}」")


async def read_reach(dingtalk: DingTalk) -> Reach | Finding:
    """Whom the token may read (platform.md 6.3); what it cannot tell is a finding."""
    try:
        scope = await dingtalk.contacts.scopes()
    except DingTalkError as failure:
        return Finding(BAD, "通讯录权限范围", f"没有读到：{failure}")
    company = None
    try:
        answer = await dingtalk.api.old("/topapi/user/count", {"only_active": False}, repeatable=True)
        company = as_int((as_dict(answer.get("result")) or {}).get("count"))
    except DingTalkError:
        company = None  # the permission's own finding says so
    return Reach(tuple(scope.departments), tuple(scope.users), company)
