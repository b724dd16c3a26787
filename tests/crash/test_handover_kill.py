"""A handover, and its taking back, is done wholly or not at all, wherever the process is killed (issue 3, D9)."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from storage.database import Database, Tx
from storage.tables import Audit, Customer, Handover, HandoverItem, Outbox, OwnerHistory, Undo
from tests.support.company import load_company

ROOT = Path(__file__).parents[2]


async def play(db: Database, what: str, at: int) -> tuple[int, int]:
    """Its return code and how many statements it ran."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.crash.handover_child", db.url, what, str(at), cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await child.communicate()
    assert child.returncode is not None
    return child.returncode, int(said or 0)


def everything(tx: Tx) -> dict[str, Any]:
    """All that a handover writes."""
    owners = {c.id: (c.owner_id, c.version) for c in tx.exec(select(Customer)).all()}
    tables = (Handover, HandoverItem, OwnerHistory, Outbox, Audit, Undo)
    return {"owners": owners} | {t.__name__: len(tx.exec(select(t)).all()) for t in tables}


@pytest.mark.timeout(400)
async def test_killed_in_the_middle_it_is_all_or_nothing(database: Database) -> None:
    await load_company(database)
    for what, owner in (("hand_over", "zhao05"), ("undo", "lina04")):
        before = await database.system(everything)
        died = 0
        for at in (18, 26, 30) if what == "hand_over" else (10, 16):
            code, _ = await play(database, what, at)
            died += code == -signal.SIGKILL
            assert await database.system(everything) == before, f"killed at statement {at} of {what}"
        code, count = await play(database, what, 0)
        assert code == 0 and count > 18
        assert died >= 2, "the kills came too late: choose earlier statements"
        after = await database.system(everything)
        names = [o for i, (o, _) in after["owners"].items() if before["owners"][i] != after["owners"][i]]
        assert names == [owner] * 3
