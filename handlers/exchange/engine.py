"""The engine under every import: rows are read, looked at, written and taken back, a few hundred in one transaction."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.context import Context
from bot.core.errors import AppError
from handlers.exchange.catalogue import KINDS
from handlers.exchange.kinds import Changed, Look, Values
from handlers.exchange.reading import Cells, Reader
from handlers.exchange.rules import REASON, Counted, plain_title
from storage import exchange, records
from storage.database import Tx
from storage.tables import Exchange, ExchangeRow

CHUNK: Final = 200  # rows written before it is asked whether others wait: claims must not wait for longer (C17)
LOOKED: Final = 500  # rows looked at in one
TOLD_ROWS: Final = 3  # problems named on the card
LATE: Final = "刚刚已经有这一条了，没有动"
CLASH: Final = "和别人同时写的冲突了，请把这一行再导入一次"


@dataclass(slots=True)
class Thought:
    """What is thought of one row."""

    number: int
    cells: Cells
    key: str
    verdict: str
    reason: str
    values: Values


def look_at(tx: Tx, ctx: Context, job: Exchange, rows: Sequence[tuple[int, Cells]]) -> list[Thought]:
    """The dry run of some rows.

    Raises:
        Forbidden: a column that the actor may not write, by its name.
    """
    reader = Reader(tx, ctx, job)
    thoughts: list[Thought] = []
    seen: dict[str, int] = {}
    for number, cells in rows:
        if reader.is_sample(cells):
            thoughts.append(Thought(number, cells, "", "blank", "", {}))
            continue
        values, problems = reader.read(cells)
        key = reader.kind.key(values)
        thoughts.append(Thought(number, cells, key, "problem" if problems else "", "；".join(problems), values))
    open_ones = [t for t in thoughts if not t.verdict]
    before = exchange.first_with(tx, job.id or 0, [t.key for t in open_ones]) if open_ones else {}
    batch = reader.batch()
    batch.carried.update(job.counts.get("carried", {}))
    batch.prepare([t.values for t in open_ones])
    for thought in open_ones:
        first = before.get(thought.key, thought.number)
        if first >= thought.number:
            first = seen.setdefault(thought.key, thought.number)
        if first != thought.number:
            thought.verdict, thought.reason = "problem", f"和第 {first} 行是同一{reader.kind.unit}{reader.kind.label}"
            continue
        try:
            look = batch.look(thought.values)
        except AppError as refusal:
            thought.verdict, thought.reason = "problem", refusal.text.rstrip("。")
        else:
            thought.verdict, thought.reason = look.verdict, look.reason
    note(job, thoughts, batch.carried)
    return thoughts


def note(job: Exchange, thoughts: Sequence[Thought], carried: Mapping[str, int]) -> None:
    """Adds to what the card says."""
    counts: dict[str, Any] = dict(job.counts)
    for verdict, number in Counter(t.verdict for t in thoughts).items():
        counts[verdict] = int(counts.get(verdict, 0)) + number
    told = list(counts.get("rows", []))
    for thought in thoughts:
        if thought.verdict == "problem" and len(told) < TOLD_ROWS:
            told.append(thought.number)
            counts.setdefault("why", thought.reason.partition("；")[0][:60])
    counts["rows"], counts["carried"] = told, dict(carried)
    job.counts = counts


def rows_to_store(job: Exchange, thoughts: Sequence[Thought]) -> list[dict[str, object]]:
    """As `storage.exchange.add_rows` takes them."""
    return [
        {
            "exchange_id": job.id, "number": t.number, "cells": list(t.cells), "key": t.key, "verdict": t.verdict,
            "reason": t.reason[:500], "outcome": "", "record": None, "before": None, "after": None,
        }
        for t in thoughts
    ]  # fmt: skip


def counted(job: Exchange) -> Counted:
    """What the dry run found; blank rows are those that are in no row of the table, and the sample."""
    found = {name: int(job.counts.get(name, 0)) for name in ("new", "update", "alike", "same", "problem")}
    return Counted(total=job.total, **found, blank=max(0, job.total - sum(found.values())))


def chosen_verdicts(job: Exchange) -> tuple[str, ...]:
    """Which rows are written: the new ones, with `merge` those that are there too, or exactly those named."""
    if job.options.get("rows"):
        return ("new", "update", "alike")
    return ("new", "update") if job.options.get("merge") else ("new",)


def write_rows(tx: Tx, reader: Reader, job: Exchange, rows: Sequence[Any], *, boldly: bool = False) -> None:
    """Does what the rows say, each on its own: what clashes takes none of the others with it.

    `boldly`: without the savepoint that this needs, which costs as much as the rows. Raises IntegrityError then: the
    caller's transaction is to be undone and the same done again, not boldly.
    """
    wanted = set(job.options.get("rows") or ())
    picked = [r for r in rows if not wanted or r.number in wanted]
    marks = [_mark(r, "skipped", r.reason) for r in rows if wanted and r.number not in wanted]
    if picked and KINDS[job.kind].one_by_one:
        for row in picked:
            marks += _alone(tx, reader, job, row)
    elif picked and boldly:
        marks += _write(reader, job, picked)
    elif picked:
        marks += _together(tx, reader, job, picked)
    exchange.mark(tx, marks)
    told = Counter(str(mark["becomes"]) for mark in marks)
    job.counts = {**job.counts, **{name: int(job.counts.get(name, 0)) + more for name, more in told.items()}}
    job.cursor = rows[-1].number


def _together(tx: Tx, reader: Reader, job: Exchange, rows: Sequence[Any]) -> list[dict[str, object]]:
    """All at once; if that clashes with what others wrote, each half of them, until the row is found that does."""
    done = records.attempt(tx, lambda: _write(reader, job, rows))
    if done is not None:
        return done
    if len(rows) == 1:
        return [_mark(rows[0], "failed", CLASH)]
    half = len(rows) // 2
    return _together(tx, reader, job, rows[:half]) + _together(tx, reader, job, rows[half:])


def _alone(tx: Tx, reader: Reader, job: Exchange, row: Any) -> list[dict[str, object]]:
    """A row in a savepoint: a step that refuses half-way leaves nothing."""
    try:
        done = records.attempt(tx, lambda: _write(reader, job, [row]))
    except AppError as refusal:
        return [_mark(row, "failed", refusal.text.rstrip("。"))]
    return done if done is not None else [_mark(row, "failed", CLASH)]


def _mark(row: Any, outcome: str, reason: str = "", **more: Any) -> dict[str, object]:
    return {
        "of": row.exchange_id, "at": row.number, "becomes": outcome, "why": reason[:500],
        "id_": more.get("record"), "was": more.get("before"), "now_": more.get("after"),
    }  # fmt: skip


def _write(reader: Reader, job: Exchange, rows: Sequence[Any]) -> list[dict[str, object]]:
    batch = reader.batch()
    batch.decided = True
    read = []
    marks: list[dict[str, object]] = []
    for row in rows:
        values, problems = reader.read(row.cells)
        if problems:  # a dictionary's value or a colleague has gone since the dry run
            marks.append(_mark(row, "failed", "；".join(problems)))
        else:
            read.append((row, values))
    batch.prepare([values for _, values in read])
    created: list[tuple[Any, Values]] = []
    changed: list[Look] = []
    by_create: list[Any] = []
    by_change: list[Any] = []
    merge = bool(job.options.get("merge") or job.options.get("rows"))
    for row, values in read:
        try:
            look = batch.look(values)
            if look.verdict in ("new", "alike"):
                created.append((batch.create(values), values))
                by_create.append(row)
            elif look.verdict == "same":
                marks.append(_mark(row, "skipped", ""))
            elif merge or row.verdict == "update":
                batch.change(look)
                changed.append(look)
                by_change.append(row)
            else:
                marks.append(_mark(row, "skipped", LATE))
        except AppError as refusal:
            if KINDS[job.kind].one_by_one:
                raise  # what its steps have written so far must go: see `_alone`
            marks.append(_mark(row, "failed", refusal.text.rstrip("。")))
    written = batch.finish(created, changed)
    for row, one, outcome in zip(
        [*by_create, *by_change], written, ["created"] * len(by_create) + ["updated"] * len(by_change), strict=True
    ):
        marks.append(_mark(row, outcome, record=one.record, before=one.before, after=one.after))
    return marks


def take_back(tx: Tx, ctx: Context, job: Exchange, rows: Sequence[ExchangeRow]) -> None:
    """Undoes what these rows did, where nobody has worked on the record since."""
    kind, acting = KINDS[job.kind], replace(ctx, via="import")
    marks = []
    undone = kept = 0
    for row in rows:
        try:
            kind.take_back(tx, acting, row.record or 0, row.before, row.after or {})
        except (Changed, AppError) as refusal:
            kept += 1
            marks.append(_mark(row, row.outcome, refusal.text, record=row.record, before=row.before, after=row.after))
        else:
            undone += 1
            marks.append(_mark(row, "undone", "", record=row.record, before=row.before, after=row.after))
    exchange.mark(tx, marks)
    job.counts = {
        **job.counts, "undone": int(job.counts.get("undone", 0)) + undone,
        "kept": int(job.counts.get("kept", 0)) + kept,
    }  # fmt: skip
    job.cursor = rows[-1].number


def unknown_titles(job: Exchange) -> list[str]:
    """Columns of the file that are not read."""
    ours = {plain_title(REASON), plain_title("问题")}
    return [t for i, t in enumerate(job.header) if t and str(i) not in job.mapping and plain_title(t) not in ours]
