"""Use cases of imports: a file is checked, shown, written only when its sender says so, and taken back for a day."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from bot.context import Context
from bot.core.errors import InvalidInput, RuleBroken
from bot.core.tabular import Sheet, Table
from handlers.exchange import engine, export, reading, rules
from handlers.exchange.catalogue import KINDS
from handlers.exchange.kinds import Kind, Wanted
from handlers.exchange.rules import Guess, NothingToImport
from handlers.exchange.shown import Shown, step_show
from handlers.exchange.steps import step_access, step_look_again, step_take_back, step_write, undone_text
from storage import attachments, audit, exchange
from storage.database import Tx
from storage.tables import Exchange

INLINE: Final = 300  # rows written at once with the tap; more are a job's work
LEAST_FREE: Final = 200  # MB on the disk, below which nothing more is taken in


class NoRoom(RuleBroken, code="exchange.no_room"):
    """The disk is nearly full: no import is begun."""


def start_import(ctx: Context, name: str, sheet: Sheet, content: bytes = b"", *, kind: str = "") -> int:
    """Takes in what somebody sent; returns the import's id. `kind`: said before, or empty: guessed, or asked.

    Raises:
        Forbidden: no right to import this kind, or a column of the file that the person may not write.
        NotReadable, NoRoom.
    """
    may = [k for k in KINDS.values() if ctx.actor.may(k.importing)]
    if not may:
        ctx.actor.require(KINDS[kind or "customers"].importing)
    with ctx.begin() as tx:
        free = exchange.free_megabytes(tx)
        if free is not None and free < LEAST_FREE:
            raise NoRoom(f"服务器磁盘只剩 {free} MB，暂时不能导入，请联系管理员清理后再发。")
        guesses = _guess(tx, sheet, name, [KINDS[kind]] if kind else list(KINDS.values()))
        if not guesses:
            raise rules.NotReadable(_unreadable(KINDS.get(kind)))
        sure = bool(kind) or rules.is_sure(guesses)
        best = guesses[0]
        if sure:
            ctx.actor.require(KINDS[best.kind].importing)
            if kind and not best.fits and len(best.mapping) < 2:
                raise rules.NotReadable(_unreadable(KINDS[kind]))
        rows = [(sheet.header_number, sheet.header), *((r.number, r.cells) for r in sheet.rows)]
        number, header = rows[best.header_at]
        last = rows[-1][0] if sheet.complete else number + sheet.total - best.header_at
        job = Exchange(
            user_id=ctx.actor.user_id, direction="import", kind=best.kind if sure else "", name=name[:120] or "表.xlsx",
            state="reading" if sure else "asking", header=list(header), header_number=number,
            mapping={str(i): f for i, f in best.mapping.items()} if sure else {}, total=max(0, last - number),
            options={"guesses": [g.kind for g in guesses if KINDS[g.kind] in may][:4]}, created_at=ctx.now,
        )  # fmt: skip
        exchange_id = exchange.add(tx, job)
        body = rows[best.header_at + 1 :]
        if not sheet.complete:
            exchange.keep_file(tx, exchange_id, content)
        elif sure:
            exchange.add_rows(tx, engine.rows_to_store(job, engine.look_at(tx, ctx, job, body)))
            job.state = "ready"
        else:
            raw = [engine.Thought(n, cells, "", "", "", {}) for n, cells in rows if n > number]
            exchange.add_rows(tx, engine.rows_to_store(job, raw))
        tx.flush()
        return exchange_id


def _unreadable(kind: Kind | None) -> str:
    what = f"「{kind.label}导入模板」" if kind is not None else "「导入模板」"
    return f"没认出这张表的列名（第一行要是列名，例如「客户名称」）。发送{what}拿到模板，填好再发给我。"


def _guess(tx: Tx, sheet: Sheet, name: str, kinds: Sequence[Kind]) -> list[Guess]:
    rows = [sheet.header, *(r.cells for r in sheet.rows[: rules.HEADER_WITHIN])]
    return rules.guess_kinds(rows, name, {k.name: (k.columns(tx), k.keys, (k.label, *k.words)) for k in kinds})


def choose_kind(ctx: Context, exchange_id: int, kind: str) -> None:
    """The answer to what kind of table it is. Raises Forbidden, NotFound, NothingToImport."""
    if kind not in KINDS:
        raise InvalidInput("没认出是哪种表格，请点卡片上的一项。")
    ctx.actor.require(KINDS[kind].importing)
    with ctx.begin() as tx:
        job = step_access(tx, ctx, exchange_id, states=("asking",))
        job.kind = kind
        columns = list(KINDS[kind].columns(tx))
        job.mapping = {str(i): f for i, f in rules.guess_mapping(job.header, columns).items()}
        _look_again(tx, ctx, job)


def map_columns(ctx: Context, exchange_id: int, mapping: Mapping[int, str]) -> None:
    """改对应关系: place in the file → field; empty: that column is not read. Checks everything anew.

    Raises:
        Forbidden, NotFound, NothingToImport.
        InvalidInput: two columns for one field, or one that there is not.
    """
    with ctx.begin() as tx:
        job = step_access(tx, ctx, exchange_id, states=("ready", "failed"))
        ctx.actor.require(KINDS[job.kind].importing)
        titles = {f: c.title for f, c in reading.columns_of(tx, KINDS[job.kind]).items()}
        kept = {str(i): f for i, f in mapping.items() if f}
        for field in kept.values():
            if field not in titles:
                raise InvalidInput("没有这一列，请重新选。")
            if list(kept.values()).count(field) > 1:
                raise InvalidInput(f"有两列都对应「{titles[field]}」，请只留一列。")
        job.mapping, job.text = kept, ""
        _look_again(tx, ctx, job)


def _look_again(tx: Tx, ctx: Context, job: Exchange) -> None:
    """At once where the rows are few, else by the job."""
    job.counts, job.cursor, job.told, job.state = {}, 0, 0, "reading"
    if exchange.file_of(tx, job.id or 0) is None and job.total <= engine.LOOKED * 4:
        while rows := exchange.rows_after(tx, job.id or 0, job.cursor, limit=engine.LOOKED):
            step_look_again(tx, ctx, job, rows)
        job.state = "ready"
    tx.flush()
    exchange.redraw(tx, job.id or 0, now=ctx.now)


def set_blank_owner(ctx: Context, exchange_id: int, *, to_pool: bool) -> None:
    """Whose a new customer without an owner is: the importer's or the pool's (R-IMP-3). Raises Forbidden, NotFound."""
    with ctx.begin() as tx:
        job = step_access(tx, ctx, exchange_id, states=("ready",))
        ctx.actor.require(KINDS[job.kind].importing)
        job.options = {**job.options, "blank": "pool" if to_pool else "me"}
        _look_again(tx, ctx, job)


def run_import(ctx: Context, exchange_id: int, *, merge: bool = False, rows: Collection[int] = ()) -> None:
    """Writes the new rows; with `merge` what is there already too; or exactly the rows named.

    A few at once, many as a job that goes on whatever becomes of the process.

    Raises:
        Forbidden, NotFound.
        NothingToImport: done already, or no row fits.
    """
    with ctx.begin() as tx:
        job = step_access(tx, ctx, exchange_id, states=("ready",), lock=True)
        ctx.actor.require(KINDS[job.kind].importing)
        job.options = {**job.options, "merge": merge, "rows": sorted(rows)}
        verdicts = engine.chosen_verdicts(job)
        todo = sum(int(job.counts.get(v, 0)) for v in verdicts)
        if rows:
            wanted = set(rows)
            there = [r for r in _rows_at(tx, job, wanted) if r.verdict in verdicts]
            todo = len(there)
            if not todo:
                raise NothingToImport("这些行里没有能导入的：有问题的请改好再发，没有变化的不用导入。")
        if not todo:
            raise NothingToImport("没有可以导入的行。")
        job.cursor, job.told, job.state = 0, 0, "running"
        if todo <= INLINE and job.total <= engine.LOOKED * 4:
            reader = reading.Reader(tx, ctx, job)
            while step_write(tx, ctx, job, reader):
                pass
        tx.flush()
        exchange.redraw(tx, exchange_id, now=ctx.now, but=ctx.key)


def _rows_at(tx: Tx, job: Exchange, wanted: set[int]) -> list[Any]:
    found = exchange.rows_after(tx, job.id or 0, min(wanted) - 1, limit=max(wanted) - min(wanted) + 1)
    return [r for r in found if r.number in wanted]


def drop_import(ctx: Context, exchange_id: int) -> None:
    """「不导入」: nothing is written. Raises Forbidden, NotFound, NothingToImport."""
    with ctx.begin() as tx:
        job = step_access(tx, ctx, exchange_id, states=("asking", "ready", "reading", "failed"))
        exchange.drop_file(tx, exchange_id)
        exchange.clear_rows(tx, exchange_id)
        job.state = "dropped"


def undo_import(ctx: Context, payload: Mapping[str, Any]) -> str:
    """Takes back every row that nobody has touched since. Many: as a job. Raises NotFound."""
    with ctx.begin() as tx:
        job = step_access(tx, ctx, int(payload["exchange_id"]), states=("done",), lock=True)
        job.state, job.cursor = "undoing", 0
        kind = KINDS[job.kind]
        many = int(job.counts.get("created", 0)) + int(job.counts.get("updated", 0))
        if many > INLINE:
            exchange.redraw(tx, job.id or 0, now=ctx.now)
            return f"正在撤销导入的 {many:,} {kind.unit}{kind.label}，完成后告诉你。"
        while step_take_back(tx, ctx, job):
            pass
        tx.flush()
        exchange.redraw(tx, job.id or 0, now=ctx.now)
        return undone_text(job)


def show_import(ctx: Context, exchange_id: int) -> Shown:
    """How far it is. Raises NotFound: none of this person's."""
    with ctx.begin() as tx:
        job = step_access(tx, ctx, exchange_id)
        return step_show(tx, ctx, job)


def latest(ctx: Context) -> int | None:
    """The person's import that waits for his word, if there is one."""
    with ctx.begin() as tx:
        job = exchange.last_of(tx, ctx.actor.user_id, states=("ready", "asking", "failed"), now=ctx.now)
        return job.id if job is not None else None


# -- what goes out -------------------------------------------------------------------------------------


def send_template(ctx: Context, kind: str) -> str:
    """The template as a file, to the asker alone; returns what to say. Raises Forbidden."""
    ctx.actor.require(KINDS[kind].importing)
    with ctx.begin() as tx:
        of = KINDS[kind]
        _send(tx, ctx, f"{of.label}导入模板.xlsx", export.template_table(tx, ctx, of))
        return f"{of.label}导入模板私聊发给你了。填好后把文件私聊发回给我，我先检查给你看，确认了才导入。"


def export_records(ctx: Context, kind: str, wanted: Wanted) -> str:
    """The records within the asker's scope, cut by his field rights, as a file to him alone; returns what to say.

    Raises:
        Forbidden.
        NotFound: there are none.
    """
    of = KINDS[kind]
    ctx.actor.require(of.exporting)
    with ctx.begin() as tx:
        total = of.count(tx, ctx, wanted)
        export.check_any(total, of)
        name = f"{of.label}_{ctx.now:%Y%m%d_%H%M}.xlsx"
        audit.record(
            tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="export.records", subject=f"export:{kind}",
            name=" ".join([of.label, *(["我的"] if wanted.mine else []), *wanted.words]),
            changes={"条数": ("", str(total))},
        )  # fmt: skip
        if total > export.AT_ONCE:
            job = Exchange(
                user_id=ctx.actor.user_id, direction="export", kind=kind, name=name, state="running", total=total,
                options=wanted.row(), created_at=ctx.now,
            )  # fmt: skip
            exchange.add(tx, job)
            return f"共 {total:,} {of.unit}{of.label}，正在准备文件，好了就私聊发给你。"
        columns = export.export_columns(tx, ctx, of)
        rows: list[list[str]] = []
        after, page = 0, [[""]]
        while page:
            page, after = export.page_of(tx, ctx, of, columns, wanted, after)
            rows += page
        _send(tx, ctx, name, replace(export.head_of(of, columns), rows=rows))
        return f"共 {total:,} {of.unit}{of.label}，已导出，文件私聊发给你了。"


def send_problems(ctx: Context, exchange_id: int) -> str:
    """The rows that were not or will not be imported, each with its reason, as a file; returns what to say.

    Raises:
        NotFound, NothingToImport: there are none.
    """
    with ctx.begin() as tx:
        job = step_access(tx, ctx, exchange_id, states=("ready", "done", "undone"))
        ctx.actor.require(KINDS[job.kind].importing)
        total = exchange.count_left(tx, exchange_id, done=job.state != "ready")
        if not total:
            raise NothingToImport("没有有问题的行。")
        name = f"{job.name.rpartition('.')[0][:60] or KINDS[job.kind].label}_问题.xlsx"
        if total > export.AT_ONCE:
            more = Exchange(
                user_id=ctx.actor.user_id, direction="problems", kind=job.kind, name=name, state="running", total=total,
                options={"of": exchange_id}, created_at=ctx.now,
            )  # fmt: skip
            exchange.add(tx, more)
            return f"有问题的 {total:,} 行正在准备，好了就私聊发给你。"
        found = exchange.left_rows(tx, exchange_id, 0, limit=export.AT_ONCE, done=job.state != "ready")
        _send(tx, ctx, name, replace(export.problem_head(job), rows=export.problem_rows(job, found)))
        return f"有问题的 {total:,} 行私聊发给你了，改好后把文件发回来就能再导。"


def _send(tx: Tx, ctx: Context, name: str, table: Table) -> None:
    key = f"exchange:{name}:{ctx.actor.user_id}:{ctx.key}:{ctx.now.isoformat()}"
    attachments.send(tx, user_id=ctx.actor.user_id, name=name, content=table.dump(), key=key, now=ctx.now)
