"""Templates, exports and returned rows: what goes out as a file, to who asked for it alone."""

from collections.abc import Sequence
from typing import Any, Final

from bot.context import Context
from bot.core.errors import NotFound
from bot.core.tabular import Column, Table
from handlers.exchange import reading
from handlers.exchange.cells import cell_of
from handlers.exchange.kinds import Kind, Wanted, choices_for
from handlers.exchange.rules import CLEAR, REASON, SAMPLE, SheetColumn
from storage import org_chart
from storage.database import Tx
from storage.tables import Exchange

AT_ONCE: Final = 2_000  # records of a file made while others wait for the database; more are a job's work
PAGE: Final = 500


def template_table(tx: Tx, ctx: Context, kind: Kind) -> Table:
    """Header, a sample, drop-downs; only columns the actor may fill in."""
    columns = reading.writable(ctx, kind.columns(tx))
    choices = choices_for(tx, columns)
    made = tuple(_column(tx, c, choices.get(c.field)) for c in columns)
    sample = []
    for column in columns:
        values = choices[column.field].enabled if column.field in choices else ()
        sample.append(values[0] if values else column.sample)
    return Table(kind.label, made, [sample], (*_notes(columns), *kind.notes))


def _column(tx: Tx, column: SheetColumn, choices: Any) -> Column:
    allowed: tuple[str, ...] = tuple(choices.enabled) if choices is not None else ()
    if column.kind == "person":
        allowed = tuple(f"{name}({user_id})" for user_id, name in org_chart.active_people(tx).items())[:2000]
    elif column.field == "metric":
        allowed = ("合同额", "回款额")
    return Column(column.header, column.width, allowed)


def _notes(columns: Sequence[SheetColumn]) -> tuple[str, ...]:
    required = "、".join(c.title for c in columns if c.required)
    return (
        f"带 * 的列必填：{required}。列的顺序可以换，不用的列可以删。",
        f"第 2 行是{SAMPLE}，导入时自动跳过，可以删掉。",
        "有下拉的列只能选「可选值」里有的，要加新的值请管理员发送「数据字典」。",
        f"更新已有的记录时，空着的格不改；要清空请写「{CLEAR}」。",
        "填好后私聊发给我，我先检查给你看，确认了才导入。",
    )


def export_columns(tx: Tx, ctx: Context, kind: Kind) -> list[SheetColumn]:
    """Those of the template, without what is hidden from the actor."""
    hidden = ctx.actor.scope.fields
    return [
        c for c in kind.columns(tx)
        if not c.form or hidden.level(c.form, c.form_field) != "hidden" or (c.required and not c.own)
    ]  # fmt: skip


def head_of(kind: Kind, columns: Sequence[SheetColumn]) -> Table:
    """A file's head, its rows to follow."""
    return Table(kind.label, tuple(Column(c.header, c.width) for c in columns), ())


def page_of(
    tx: Tx, ctx: Context, kind: Kind, columns: Sequence[SheetColumn], wanted: Wanted, after: int
) -> tuple[list[list[str]], int]:
    """The next rows as text, and the id of the last one; none: that was all."""
    found = kind.rows(tx, ctx, wanted, after, PAGE)
    rows = [[cell_of(values.get(c.field)) for c in columns] for _, values in found]
    return rows, found[-1][0] if found else after


def problem_head(job: Exchange) -> Table:
    """The file's own header and why its rows were left."""
    titles = [str(t) for t in job.header]
    kept = [i for i, t in enumerate(titles) if t != REASON]
    return Table("问题行", (*(Column(titles[i] or " ", 18) for i in kept), Column(REASON, 60)), ())


def problem_rows(job: Exchange, rows: Sequence[Any]) -> list[list[str]]:
    """As they were sent, each with its reason: to be corrected and sent again."""
    titles = [str(t) for t in job.header]
    kept = [i for i, t in enumerate(titles) if t != REASON]
    return [
        [
            *(str(r.cells[i]) if i < len(r.cells) else "" for i in kept),
            f"第 {r.number} 行：{r.reason}" if r.reason else "",
        ]
        for r in rows
    ]


def check_any(total: int, kind: Kind) -> None:
    """Raises NotFound."""
    if not total:
        raise NotFound(f"没有符合条件的{kind.label}，没有导出。")
