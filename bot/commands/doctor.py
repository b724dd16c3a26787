"""`dingcrm doctor`: what is wrong and how to mend it, item by item."""

import argparse
import json
import shutil
import time
from dataclasses import asdict

from bot.app import App
from bot.commands import card_template, house
from bot.core.actor import SYSTEM
from bot.core.clock import SystemClock
from bot.core.errors import AppError
from bot.dingtalk.cards import PersonSpace
from bot.dingtalk.checkup import BAD, GOOD, WARN, Finding
from bot.dingtalk.errors import DingTalkError, NotDelivered, PermissionMissing, TemplateUnusable
from bot.dispatch import CardView
from bot.settings import Settings, read_settings
from cards.renderers import PUBLIC_TEMPLATE, renderer_of
from cards.template import FILE
from handlers.settings.checkup import inside, outside
from storage import card_templates, inbox
from storage.database import Database


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
            findings += await db.read(SYSTEM, lambda tx: inside(tx, SystemClock().now()))
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


async def _outside(settings: Settings, db: Database) -> list[Finding]:
    try:
        who = await house.find_credentials(settings, db)
    except AppError as refusal:
        return [Finding(BAD, "凭证", refusal.text)]
    app = App(settings, db, SystemClock(), lambda: who)
    try:
        found = await outside(app.toolbox)
        if all(f.state != BAD for f in found if f.item == "凭证"):
            found = [*(f for f in found if f.item != "卡片"), await _card_template(app)]
        return found
    finally:
        await app.close()


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
