"""Steps of an import, each inside somebody's transaction: a use case's for a short one, a job's for a long one."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, Final

from bot.context import Context
from bot.core.errors import NotFound
from handlers.exchange import engine
from handlers.exchange.catalogue import KINDS
from handlers.exchange.reading import Reader
from handlers.exchange.rules import NothingToImport
from storage import audit, exchange, undos
from storage.database import Tx
from storage.tables import Exchange

UNDO: Final = timedelta(hours=24)
ABSENT: Final = "没有找到这次导入，可能放得太久了，请重新发一次文件。"


def step_access(
    tx: Tx, ctx: Context, exchange_id: int, *, states: Collection[str] = (), lock: bool = False
) -> Exchange:
    """An import that is the actor's own. Raises NotFound, NothingToImport: it is in none of these states."""
    job = exchange.get(tx, exchange_id, lock=lock)
    if job is None or job.user_id != ctx.actor.user_id or job.direction != "import":
        raise NotFound(ABSENT, attempt=f"exchange:{exchange_id}" if job is not None else "")
    if states and job.state not in states:
        done = {
            "asking": "先点卡片告诉我这是哪种表格，再导入。", "running": "正在导入，请等它完成。",
            "reading": "还在检查，请等一下。",
            "dropped": "这个文件没有导入，要导入请重新发一次。",
        }  # fmt: skip
        raise NothingToImport(done.get(job.state, "这个文件已经导入过了。要再导入，请重新发一次文件。"))
    return job


def step_look_again(tx: Tx, ctx: Context, job: Exchange, rows: Sequence[Any]) -> None:
    """The dry run of rows that are in the table already."""
    for row in rows:
        row.key = ""
    tx.flush()
    by_number = {r.number: r for r in rows}
    for thought in engine.look_at(tx, ctx, job, [(r.number, r.cells) for r in rows]):
        row = by_number[thought.number]
        row.key, row.verdict, row.reason = thought.key, thought.verdict, thought.reason[:500]
    job.cursor = rows[-1].number
    tx.flush()


def step_write(tx: Tx, ctx: Context, job: Exchange, reader: Reader, *, boldly: bool = False) -> bool:
    """Writes the next rows. False: all are written, and it is done. `boldly`: as `engine.write_rows`."""
    verdicts = engine.chosen_verdicts(job)
    rows = exchange.waiting_rows(tx, job.id or 0, job.cursor, limit=engine.CHUNK, verdicts=verdicts)
    if rows:
        engine.write_rows(tx, reader, job, rows, boldly=boldly)
        tx.flush()
        return True
    exchange.mark_rest(tx, job.id or 0, verdicts=("problem",), outcome="failed")
    exchange.mark_rest(tx, job.id or 0, verdicts=("new", "update", "alike", "same", "blank"), outcome="skipped")
    outcomes = exchange.count_outcomes(tx, job.id or 0)
    job.counts = {
        **job.counts,
        "created": outcomes["created"],
        "updated": outcomes["updated"],
        "failed": outcomes["failed"],
    }
    job.state, job.done_at = "done", ctx.now
    done = outcomes["created"] + outcomes["updated"]
    if done and job.user_id:
        kind = KINDS[job.kind]
        job.undo_id = undos.offer(
            tx, user_id=job.user_id, kind="exchange.import", payload={"exchange_id": job.id}, now=ctx.now, lasts=UNDO,
            text=f"导入{kind.label} {done:,} {kind.unit}",
        )  # fmt: skip
    record(tx, ctx, job, "import.records")
    return False


def record(tx: Tx, ctx: Context, job: Exchange, action: str) -> None:
    """One line for the whole of it, besides those of each record."""
    told = {"created": "新增", "updated": "更新", "failed": "失败", "undone": "撤销", "kept": "没有撤销"}
    counts = {label: ("", str(job.counts[name])) for name, label in told.items() if job.counts.get(name)}
    label = KINDS[job.kind].label if job.kind in KINDS else ""
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=f"exchange:{job.id}",
        name=f"{label} {job.name}", changes=counts or None,
    )  # fmt: skip


def step_take_back(tx: Tx, ctx: Context, job: Exchange) -> bool:
    """Takes back the next rows. False: done."""
    rows = exchange.rows_after(tx, job.id or 0, job.cursor, limit=engine.CHUNK, outcomes=("created", "updated"))
    if rows:
        engine.take_back(tx, ctx, job, rows)
        tx.flush()
        return True
    job.state = "undone"
    record(tx, ctx, job, "undo.import")
    return False


def undone_text(job: Exchange) -> str:
    """What an undo has done."""
    kind = KINDS[job.kind]
    undone, kept = int(job.counts.get("undone", 0)), int(job.counts.get("kept", 0))
    rest = f"；{kept:,} {kind.unit}之后又改过或用过，没有动" if kept else ""
    return f"已撤销导入的 {undone:,} {kind.unit}{kind.label}{rest}。"
