"""Rows as they stand in a file, made into values by the columns of their kind, as far as the actor may write those."""

from collections.abc import Sequence
from dataclasses import replace

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.core.forms import FORMS, FormField, check_may_fill, withheld
from handlers.customfields.reading import read_value
from handlers.exchange.catalogue import KINDS
from handlers.exchange.cells import BadCell, Known, is_tidy, read_cell, tidy
from handlers.exchange.kinds import Batch, Kind, Values, choices_for, people_for
from handlers.exchange.rules import CLEAR, SAMPLE, SheetColumn
from storage.database import Tx
from storage.tables import Exchange

Cells = Sequence[str]


def columns_of(tx: Tx, kind: Kind) -> dict[str, SheetColumn]:
    """By field."""
    return {c.field: c for c in kind.columns(tx)}


def writable(ctx: Context, columns: Sequence[SheetColumn]) -> list[SheetColumn]:
    """Those the actor may fill in: the template has no others."""
    forms = {c.form for c in columns if c.form}
    kept = {form: withheld(ctx.actor, form, {form: fields_in(form, columns)}) for form in forms}
    return [c for c in columns if not c.form or c.form_field not in kept[c.form]]


def fields_in(form: str, columns: Sequence[SheetColumn]) -> tuple[FormField, ...]:
    """A form's fields: ours, and the company's own among these columns."""
    return (*FORMS.get(form, ()), *(c.own for c in columns if c.own is not None and c.form == form))


class Reader:
    """Rows of one import, read in one transaction."""

    def __init__(self, tx: Tx, ctx: Context, job: Exchange) -> None:
        self.tx, self.job, self.kind = tx, job, KINDS[job.kind]
        self.ctx = replace(ctx, via="import")
        every = self.kind.columns(tx)
        by_field = {c.field: c for c in every}
        self.columns = [(int(at), by_field[field]) for at, field in sorted(job.mapping.items(), key=lambda p: int(p[0]))
                        if field in by_field]  # fmt: skip
        allowed = {c.field for c in writable(ctx, every)}
        self.refused = {c.field: c for _, c in self.columns if c.field not in allowed}
        self.known = Known(choices_for(tx, every), people_for(tx) if any(c.kind == "person" for c in every) else {})
        self.first = next((at for at, c in self.columns if c.required), None)
        self.columns_by_field = by_field
        self._plan = [(at, c, c.field, c.field in self.refused, c.longest if c.plain else 0) for at, c in self.columns]

    def batch(self) -> Batch:
        """To look at and write rows."""
        return self.kind.batch(self.tx, self.ctx, {**self.job.options, "source": f"import:{self.job.id}"})

    def read(self, cells: Cells) -> tuple[Values, list[str]]:
        """Values by field, and what is wrong. Raises Forbidden: a column that the actor may not write."""
        values: Values = {}
        problems: list[str] = []
        tidied = str.strip if is_tidy("\n".join(cells)) else tidy
        for at, column, field, refused, longest in self._plan:
            if at >= len(cells) or not (text := tidied(cells[at])):
                continue
            if refused:
                forms = {column.form: fields_in(column.form, [column])}
                check_may_fill(self.ctx.actor, column.form, {column.form_field: text}, forms)
            if len(text) <= longest and text != CLEAR and text[0] != "#":
                values[field] = text  # most cells are words, taken as they are
                continue
            try:
                values[field] = self._own(column, text) if column.own else read_cell(column, text, self.known)
            except BadCell as wrong:
                problems.append(f"{column.title}：{wrong.text}")
            except InvalidInput as wrong:
                problems.append(wrong.text.rstrip("。"))
        return values, problems

    def _own(self, column: SheetColumn, text: str) -> str:
        """As it is stored. Raises BadCell, NotAValue."""
        if text == CLEAR:
            return ""
        if column.kind in ("choice", "person"):
            return str(read_cell(column, text, self.known))
        if column.kind == "date":  # as in any column of days; people say 下周三 in chat, not in cells
            return str(read_cell(column, text, self.known).isoformat())
        assert column.own is not None
        return read_value(self.tx, self.ctx, column.form, column.own, text)

    def is_sample(self, cells: Cells) -> bool:
        """The template's own row, or one without anything that is read."""
        if not any(at < len(cells) and cells[at].strip() for at, _ in self.columns):
            return True
        return self.first is not None and self.first < len(cells) and cells[self.first].strip().startswith(SAMPLE)
