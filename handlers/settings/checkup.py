"""自检: what our database tells and what DingTalk tells, item by item, for `dingcrm doctor` and for the chat alike."""

from datetime import datetime, timedelta

from bot.core.actor import SYSTEM
from bot.dingtalk.checkup import (
    BAD,
    GOOD,
    SCOPE_WHERE,
    TODO,
    WARN,
    WHERE,
    Finding,
    Reach,
    check_permissions,
    check_todo,
    check_token,
    read_reach,
)
from bot.identity import active_admins
from bot.jobs.spec import Toolbox
from handlers.opening.service import members_of, scope_text
from storage import inbox, jobs, notices, outbox, people, todos
from storage import org_chart as org
from storage.database import Tx
from storage.settings import read_settings


async def outside(tools: Toolbox) -> list[Finding]:
    """Credentials, each permission point, and the two scopes side by side (R-SCOPE-1)."""
    found = [await check_token(tools.dingtalk)]
    if found[0].state != GOOD or tools.probe_card is None:
        return found
    found += await check_permissions(tools.dingtalk, tools.probe_card())
    if (await tools.db.read(SYSTEM, read_settings)).approvals.dingtalk_todo:
        found.append(await check_todo(tools.dingtalk))
    reach = await read_reach(tools.dingtalk)
    if isinstance(reach, Finding):
        return [*found, reach]
    return found + await tools.db.read(SYSTEM, lambda tx: scopes(tx, reach))


def scopes(tx: Tx, reach: Reach) -> list[Finding]:
    """Who may use the app, and whom its token may read: two settings in two places."""
    settings = read_settings(tx)
    wanted = members_of(tx, settings)
    readable = readable_people(tx, reach)
    departments = people.with_subdepartments(tx, reach.departments)
    users = len(wanted)
    if settings.usage_scope.mode == "all" and reach.company is not None:
        users = max(users, reach.company)
    missing = max(users - len(wanted), 0) + len(wanted - readable)
    use = f"{users} 人（使用范围：{scope_text(tx, settings)}）"
    read = f"{len(readable)} 人 / {len(departments)} 个部门"
    if missing <= 0:
        return [Finding(GOOD, "可使用", use), Finding(GOOD, "通讯录可读", read)]
    text = (
        f"{read} ← 太小：使用范围里有 {missing} 人读不到，认不出他们，也收不到消息。"
        f"到 {SCOPE_WHERE} 加上这些部门或人，再「同步组织」"
    )
    return [Finding(GOOD, "可使用", use), Finding(BAD, "通讯录可读", text)]


def readable_people(tx: Tx, reach: Reach) -> frozenset[str]:
    """Who of the mirror the token may read."""
    departments = people.with_subdepartments(tx, reach.departments)
    return frozenset(u for u, mine in people.places(tx).items() if mine & departments or u in reach.users)


def report(found: list[Finding]) -> str:
    """The message: what is to be done first, then the two scopes, then what is well."""
    wrong = [f for f in found if f.state != GOOD]
    head = f"自检完成：{len(wrong)} 项要处理" if wrong else f"自检完成：{len(found)} 项都正常"
    side = [f for f in found if f.item in ("可使用", "通讯录可读")]
    fine = [f.item.removeprefix("权限 ") for f in found if f.state == GOOD and f not in side]
    lines = [f"- [{f.state}] {f.item}：{f.text}" for f in wrong if f not in side]
    lines += [f"- {f'[{f.state}] ' if f.state != GOOD else ''}{f.item} {f.text}" for f in side]
    return "\n".join([head, *lines, *([f"正常：{'、'.join(fine)}"] if fine else [])])


def todo_refused(why: str) -> str:
    """What an administrator does about 待办 that DingTalk does not take."""
    return (
        f"最近一条没有建成（{why[:80]}），审批照常。到 {WHERE}，搜索 {TODO.name}，申请开通；不要就发送「钉钉待办 关」"
    )


def inside(tx: Tx, now: datetime) -> list[Finding]:
    """What our own database tells."""
    company = read_settings(tx)
    admins = people.names_of(tx, active_admins(tx, company))
    found = [
        Finding(GOOD, "开通", f"已开通，管理员 {'、'.join(admins.values())}")
        if company.opened and admins
        else Finding(BAD, "管理员", "没有在职的管理员：请钉钉管理员给机器人发送「我来管理」，或运行 dingcrm init")
        if company.opened
        else Finding(BAD, "开通", "应用尚未开通：钉钉管理员给机器人发一条消息就能开通，或运行 dingcrm init")
    ]
    run = org.last_run(tx)
    if run is None:
        found.append(Finding(BAD, "组织", "还没有同步过，运行 dingcrm sync"))
    else:
        state = {"ok": GOOD, "running": GOOD, "partial": WARN, "waiting": WARN}.get(run.status, BAD)
        todo = {
            "partial": "；有些部门没读到，检查通讯录权限", "waiting": "；有离职名单等管理员在聊天里「确认停用」",
            "failed": "；看日志，再运行 dingcrm sync",
        }.get(run.status, "")  # fmt: skip
        size = f"部门 {people.count_departments(tx)} 个，在职 {people.count_active(tx)} 人"
        text = f"{size}，上次同步 {run.started_at:%m-%d %H:%M}{todo}"
        found.append(Finding(state, "组织", text))
    dead, waiting = inbox.count_dead(tx), inbox.count_new(tx)
    found.append(
        Finding(
            WARN if dead else GOOD,
            "收件",
            f"待处理 {waiting} 条，没处理成 {dead} 条" + ("，按编号查日志" if dead else ""),
        )
    )
    failed = outbox.list_failed(tx)
    text = f"待发 {outbox.count_open(tx, now=now)} 条，没发成 {len(failed)} 条"
    found.append(
        Finding(WARN if failed else GOOD, "发件", text + (f"，最近：{failed[0].error[:60]}" if failed else ""))
    )
    lost = notices.list_undelivered(tx, since=now - timedelta(days=7))
    found.append(
        Finding(
            WARN if lost else GOOD,
            "工作通知",
            f"最近 7 天没送达 {len(lost)} 条" + ("，在聊天里发送「通知状态」查看" if lost else ""),
        )
    )
    refusal = todos.refusal(tx) if company.approvals.dingtalk_todo else ""
    if refusal:
        found.append(Finding(WARN, "钉钉待办", todo_refused(refusal)))
    for job in jobs.list_states(tx):
        if job.last_run_at is not None and "出错了" in job.last_result:
            found.append(Finding(WARN, f"任务 {job.name}", f"{job.last_run_at:%m-%d %H:%M} {job.last_result}"))
    return found
