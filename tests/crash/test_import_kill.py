"""An import that is killed again and again ends as one that was never touched (invariant 86)."""

import asyncio
import contextlib
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from bot.context import make_context
from bot.identity import identify
from bot.sheets import HEAD_ROWS, read_sheet
from handlers.exchange import service
from handlers.exchange.rules import NothingToImport
from storage.database import Database, Tx
from storage.settings import read_settings
from storage.tables import Audit, Contact, Customer, Exchange, OwnerHistory
from tests.support.company import NOW, load_company
from tests.support.files import table

ROOT = Path(__file__).parents[2]
ROWS = 2300


async def play(db: Database, at: int) -> tuple[int, int]:
    """Its return code and how many pieces it did."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.crash.import_child", db.url, str(at), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await child.communicate()
    assert child.returncode is not None
    return child.returncode, int(said or 0)


def everything(tx: Tx) -> dict[str, Any]:
    """All that an import writes."""
    customers = tx.exec(select(Customer).order_by(col(Customer.name))).all()
    made = tx.exec(select(Audit.action, Audit.name).order_by(col(Audit.name), col(Audit.action))).all()
    return {
        "customers": [(c.name, c.city, c.owner_id) for c in customers],
        "contacts": sorted((c.name, c.mobile) for c in tx.exec(select(Contact)).all()),
        "history": len(tx.exec(select(OwnerHistory)).all()),
        "audit": [tuple(line) for line in made],
        "counts": [
            (e.state, {k: v for k, v in e.counts.items() if k != "carried"}) for e in tx.exec(select(Exchange)).all()
        ],
    }


async def bring(db: Database) -> None:
    rows = [[f"客户{n:05}号制造有限公司", "杭州" if n % 7 else None, f"张{n}", f"139{n:08}"] for n in range(ROWS)]
    rows[5][3] = "139"
    content = table(["客户名称", "城市", "联系人", "联系人手机"], *rows)
    head = await read_sheet(content, most=HEAD_ROWS + 1)
    assert not head.complete

    def start(tx: Tx) -> None:
        settings = read_settings(tx)
        ctx = make_context(tx, identify(tx, "chen01", settings), NOW, settings, "chat")
        service.start_import(ctx, "客户.xlsx", head, content)

    await db.unit(None, start)


async def decide(db: Database, *, undo: bool = False) -> None:
    def work(tx: Tx) -> None:
        settings = read_settings(tx)
        ctx = make_context(tx, identify(tx, "chen01", settings), NOW, settings, "tap")
        if undo:
            service.undo_import(ctx, {"exchange_id": 1})
        else:
            service.run_import(ctx, 1)

    await db.unit(None, work)


@pytest.mark.timeout(600)
async def test_killed_again_and_again_it_ends_as_if_it_never_was(database: Database) -> None:
    """Invariant 86."""
    await load_company(database)
    empty = await database.system(everything)
    await bring(database)
    died = 0
    for at in (3, 0):
        died += (await play(database, at))[0] == -signal.SIGKILL
    await decide(database)
    for at in (2, 5, 0):
        died += (await play(database, at))[0] == -signal.SIGKILL
    assert died == 3, "the kills came too late: choose earlier pieces"
    broken = await database.system(everything)
    assert broken["counts"][0] == ("done", broken["counts"][0][1]) and broken["counts"][0][1]["created"] == ROWS - 1
    assert len(broken["customers"]) == len(empty["customers"]) + ROWS - 1
    assert len(broken["contacts"]) == len(empty["contacts"]) + ROWS - 1
    assert broken["history"] == empty["history"] + ROWS - 1
    assert len(broken["audit"]) == len(empty["audit"]) + ROWS - 1 + 1, "one line a record, one for the whole"
    await decide(database, undo=True)
    for at in (2, 0):
        await play(database, at)
    undone = await database.system(everything)
    assert undone["customers"] == empty["customers"] and undone["contacts"] == empty["contacts"]
    with contextlib.suppress(NothingToImport):
        await decide(database)
    assert (await database.system(everything))["customers"] == empty["customers"]
