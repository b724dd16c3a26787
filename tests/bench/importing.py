"""An import as a whole — read, checked, written — against openpyxl reading the same file."""

import io
import tempfile
import time
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
from tests.bench.figures import Figure, Scale, faster
from tests.support.company import NOW, load_company

TITLES = ("客户名称", "城市", "联系人", "联系人手机", "备注")


async def measure(scale: Scale) -> list[Figure]:
    """Once: it is long."""
    content = await _file(scale.imported)
    began = time.perf_counter()
    sheet = load_workbook(io.BytesIO(content), read_only=True).worksheets[0]
    assert sum(1 for _ in sheet.iter_rows(values_only=True)) == scale.imported + 1
    baseline = scale.imported / (time.perf_counter() - began)
    with tempfile.TemporaryDirectory(prefix="dingcrm-bench-") as directory:
        seconds = await _import(Path(directory), content, scale.imported)
    title = f"import of {scale.imported:,} customers with contacts"
    return [faster(title, [scale.imported / seconds], [baseline], unit="/s", against="openpyxl reads it", at_least=0.5)]


async def _file(rows: int) -> bytes:
    async with long_table(Table("客户", tuple(Column(t) for t in TITLES), ())) as made:
        for start in range(0, rows, 500):
            await made.put(
                [
                    [f"客户{n:06}号机械制造有限公司", "杭州", f"张{n % 97}", f"139{n:08}", "展会上认识的"]
                    for n in range(start, min(rows, start + 500))
                ]
            )
        return await made.file()


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
