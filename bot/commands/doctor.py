"""`dingcrm doctor`: what is wrong and how to mend it, item by item."""

import argparse
import json
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import timedelta

from bot.app import App
from bot.commands import card_template, house
from bot.core.clock import SystemClock
from bot.core.errors import AppError
from bot.dingtalk.cards import PersonSpace
from bot.dingtalk.errors import DingTalkError, NotDelivered, PermissionMissing, TemplateUnusable, WrongCredentials
from bot.dispatch import CardView
from bot.settings import Settings, read_settings
from cards.renderers import PUBLIC_TEMPLATE, renderer_of
from cards.template import FILE
from storage import card_templates, inbox, jobs, notices, outbox, people
from storage import org_chart as org
from storage.database import Database, Tx
from storage.settings import read_settings as read_company

GOOD, WARN, BAD = "好", "注意", "不好"


@dataclass(frozen=True, slots=True)
class Finding:
    """One item: how it stands, what it is, what to do."""

    state: str
    item: str
    text: str


def main(given: argparse.Namespace) -> int:
    """Exit 1 if something is bad."""
    findings = house.go(_doctor())
    if given.json:
        print(json.dumps([asdict(f) for f in findings], ensure_ascii=False))
    else:
        for finding in findings:
            print(f"[{finding.state}] {finding.item}：{finding.text}")
    return 1 if any(f.state == BAD for f in findings) else 0


async def _doctor() -> list[Finding]:
    house.log_to_stderr("CRITICAL")
    findings: list[Finding] = []
    try:
        settings = read_settings()
        findings.append(_disk(settings))
        async with house.open_database(settings, create=False) as db:
            findings.append(await _speed(db))
            findings += await db.read(None, _inside)
            findings += await _outside(settings, db)
    except AppError as refusal:
        findings.append(Finding(BAD, "启动", refusal.text))
    return findings


def _disk(settings: Settings) -> Finding:
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    free = shutil.disk_usage(settings.data_dir).free // 2**20
    state = GOOD if free > 500 else BAD
    return Finding(
        state, "磁盘", f"{settings.data_dir} 还有 {free} MB" + ("" if free > 500 else "，不到 500 MB，请清理")
    )


async def _speed(db: Database) -> Finding:
    started = time.perf_counter()
    for _ in range(5):
        await db.system(lambda tx: inbox.renew(tx, holder="doctor", wall=SystemClock().now()))
    millis = (time.perf_counter() - started) / 5 * 1000
    ok = millis < 200
    return Finding(
        GOOD if ok else WARN,
        "数据库",
        f"{db.kind}，一次写入 {millis:.1f} 毫秒" + ("" if ok else "，太慢，换一块快的盘"),
    )


def _inside(tx: Tx) -> list[Finding]:
    now = SystemClock().now()
    company = read_company(tx)
    found = [
        Finding(GOOD, "开通", f"已开通，管理员 {'、'.join(company.admins)}")
        if company.opened
        else Finding(BAD, "开通", "还没有开通，运行 dingcrm init")
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
    for job in jobs.list_states(tx):
        if job.last_run_at is not None and "出错了" in job.last_result:
            found.append(Finding(WARN, f"任务 {job.name}", f"{job.last_run_at:%m-%d %H:%M} {job.last_result}"))
    return found


async def _outside(settings: Settings, db: Database) -> list[Finding]:
    try:
        who = await house.find_credentials(settings, db)
    except AppError as refusal:
        return [Finding(BAD, "凭证", refusal.text)]
    app = App(settings, db, SystemClock(), lambda: who)
    try:
        found = [await _probe("凭证", "Client ID 和 Client Secret 可用", app.dingtalk.api.check_token)]
        if found[0].state == GOOD:
            found.append(await _probe("通讯录权限", "能读通讯录范围", app.dingtalk.contacts.scopes))
            found.append(await _card_template(app))
        if not who.agent_id:
            found.append(Finding(BAD, "AgentId", "没有填写，发不了工作通知，运行 dingcrm init"))
        return found
    finally:
        await app.close()


async def _probe(item: str, good: str, call: Callable[[], Awaitable[object]]) -> Finding:
    try:
        await call()
    except WrongCredentials:
        return Finding(BAD, item, "钉钉不认这组凭证，运行 dingcrm init 重新填写")
    except PermissionMissing as missing:
        return Finding(BAD, item, f"缺少权限 {'、'.join(missing.required_scopes)}，到开发者后台 → 权限管理 开通")
    except DingTalkError as failure:
        return Finding(BAD, item, f"钉钉没有答应：{failure}")
    return Finding(GOOD, item, good)


async def _card_template(app: App) -> Finding:
    """A card to nobody: what is refused first tells whether the template and the permission are there."""
    await app.choose_renderer()
    wanted, template = app.settings.card_template, app.renderer.template_id
    kept = await app.db.read(None, card_templates.read)
    if not template:
        return Finding(WARN, "卡片", "按设置（DINGCRM_CARD_TEMPLATE=none）用文字消息，没有按钮和表单")
    own = wanted if wanted not in ("", "public") else kept.template_id if not wanted else ""
    if own and template != own and await _probe_template(app, own) is None:
        await app.db.system(lambda tx: card_templates.note_good(tx, now=SystemClock().now()))
        return Finding(GOOD, "卡片", f"自有模板 {own} 又可用了，重启 dingcrm 后使用")
    trouble = await _probe_template(app, template)
    if trouble is not None:
        return trouble
    if template == PUBLIC_TEMPLATE:
        refused = f"自有模板 {own} 用不了（没有发布或已被删除），现在" if own else ""
        text = f"{refused}用钉钉 SDK 的公共模板 {template}，没有表单。{card_template.BY_HAND}"
        return Finding(WARN if refused else GOOD, "卡片", text)
    if not wanted and kept.digest != card_template.digest():
        text = f"自有模板 {template} 是旧版本导入的，运行 dingcrm init 重新导入。{card_template.BY_HAND}"
        return Finding(WARN, "卡片", text)
    return Finding(GOOD, "卡片", f"用自有模板 {template}（文件 {FILE}）")


async def _probe_template(app: App, template: str) -> Finding | None:
    """None: it can be used."""
    renderer = renderer_of(template)
    view = CardView(title="doctor")
    try:
        await app.dingtalk.cards.create_and_deliver(
            template_id=template, out_track_id=f"doctor-{time.time_ns()}", spaces=[PersonSpace("doctor-nobody")],
            data=renderer.variables(view), summary="doctor",
        )  # fmt: skip
    except TemplateUnusable:
        return Finding(WARN, "卡片", f"模板 {template} 不可用，改用文字消息。{card_template.BY_HAND}")
    except PermissionMissing as missing:
        return Finding(BAD, "卡片", f"缺少权限 {'、'.join(missing.required_scopes)}")
    except NotDelivered:
        return None
    except DingTalkError as failure:
        return Finding(WARN, "卡片", f"没有查清：{failure}")
    return None
