"""An import as a whole — read, checked, written — against openpyxl reading the same file."""

import io
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from openpyxl import load_workbook

from bot.context import make_context
from bot.core.clock import FixedClock
from bot.core.tabular import Column, Table
from bot.identity import identify
from bot.jobs.spec import Toolbox
from bot.sheets import HEAD_ROWS, long_table, read_sheet
from handlers.exchange import service
from handlers.exchange.work import work_off
from storage import exchange
from storage.database import Database, Tx
from storage.migrate import upgrade
from storage.settings import read_settings
from tests.bench.company import sqlite_url
from tests.bench.crowd import FAMILY, GIVEN, INDUSTRIES, PLACES, SIGNS, TRADES
from tests.bench.figures import Figure, Scale, faster
from tests.support.company import NOW, load_company

NARROW = ("客户名称", "城市", "联系人", "联系人手机", "备注")
WHOLE = (
    "客户名称", "简称", "客户分类", "客户行业", "客户来源", "城市", "省份", "地址", "电话", "网址", "备注", "联系人",
    "联系人职务", "联系人手机", "负责人",
)  # fmt: skip
GOAL = 0.5  # of openpyxl reading the same file


async def measure(scale: Scale) -> list[Figure]:
    """A short table and one with the template's columns, each once: it is long."""
    return [
        await _measured(scale.imported, WHOLE, "customers, the template's columns"),
        await _measured(scale.imported, NARROW, "customers, five columns"),
    ]


async def _measured(rows: int, titles: Sequence[str], of: str) -> Figure:
    content = await _file(rows, titles)
    before = _read_by_openpyxl(content, rows)
    with tempfile.TemporaryDirectory(prefix="dingcrm-bench-") as directory:
        seconds = await _import(Path(directory), content, rows)
    rates = [before, _read_by_openpyxl(content, rows)]  # around the import: a busy machine is busy for both
    return faster(
        f"import of {rows:,} {of}", [rows / seconds], rates, unit="/s", against="openpyxl reads it", at_least=GOAL
    )


def _read_by_openpyxl(content: bytes, rows: int) -> float:
    """Rows a second."""
    began = time.perf_counter()
    sheet = load_workbook(io.BytesIO(content), read_only=True).worksheets[0]
    assert sum(1 for _ in sheet.iter_rows(values_only=True)) == rows + 1
    return rows / (time.perf_counter() - began)


async def _file(rows: int, titles: Sequence[str]) -> bytes:
    chance = random.Random(11)
    signs = chance.sample([a + b + c for a in SIGNS for b in SIGNS for c in SIGNS[:20]], rows)  # no two sound alike
    async with long_table(Table("客户", tuple(Column(t) for t in titles), ())) as made:
        for start in range(0, rows, 500):
            whole = [_row(chance, n, signs[n]) for n in range(start, min(rows, start + 500))]
            await made.put([[row[title] for title in titles] for row in whole])
        return await made.file()


def _row(chance: random.Random, number: int, sign: str) -> dict[str, str]:
    place, trade = chance.choice(PLACES), chance.choice(TRADES)
    return {
        "客户名称": f"{place}{sign}{trade}有限公司", "简称": sign, "客户分类": chance.choice(("重点客户", "普通客户")),
        "客户行业": chance.choice(INDUSTRIES), "客户来源": chance.choice(("展会", "网络", "转介绍")), "城市": place,
        "省份": "浙江", "地址": f"{place}市人民路 {number} 号", "电话": f"0571-{80_000_000 + number}",
        "网址": f"www.c{number}.com.cn", "备注": "展会上认识的",
        "联系人职务": chance.choice(("采购经理", "总经理", "厂长")),
        "联系人": chance.choice(FAMILY) + chance.choice(GIVEN) + chance.choice(GIVEN), "联系人手机": f"139{number:08}",
        "负责人": "",
    }  # fmt: skip


async def _import(directory: Path, content: bytes, rows: int) -> float:
    db = Database(sqlite_url(directory))
    try:
        await upgrade(db)
        await load_company(db)
        began = time.perf_counter()
        head = await read_sheet(content, most=HEAD_ROWS + 1)

        def start(tx: Tx) -> int:
            settings = read_settings(tx)
            ctx = make_context(tx, identify(tx, "chen01", settings), NOW, settings, "chat")
            return service.start_import(ctx, "客户.xlsx", head, content)

        exchange_id = await db.unit(None, start)
        tools = Toolbox(db, FixedClock(NOW), None, _no_fates)
        await _finish(db, tools)

        def run(tx: Tx) -> None:
            settings = read_settings(tx)
            ctx = make_context(tx, identify(tx, "chen01", settings), NOW, settings, "tap")
            service.run_import(ctx, exchange_id)

        await db.unit(None, run)
        await _finish(db, tools)
        seconds = time.perf_counter() - began
        done = await db.read(None, lambda tx: exchange.get(tx, exchange_id))
        assert done is not None and done.state == "done" and done.counts["created"] == rows, done
    finally:
        await db.close()
    return seconds


async def _finish(db: Database, tools: Toolbox) -> None:
    while await db.read(None, exchange.is_any_open):
        await work_off(tools)


async def _no_fates(_task_id: str, _user_ids: list[str]) -> dict[str, str]:
    return {}
