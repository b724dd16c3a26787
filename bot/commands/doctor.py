"""`dingcrm doctor`: what is wrong and how to mend it, item by item."""

import argparse
import json
import shutil
import time
from dataclasses import asdict

from bot.app import App
from bot.commands import house
from bot.core.actor import SYSTEM
from bot.core.clock import SystemClock
from bot.core.errors import AppError
from bot.dingtalk.checkup import BAD, GOOD, WARN, Finding
from bot.settings import Settings, read_settings
from handlers.settings.checkup import inside, outside
from storage import inbox
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
        return await outside(app.toolbox)
    finally:
        await app.close()
