"""What every kind of record that comes and goes by xlsx has in common; the slices' `sheet.py` fill it in.

A batch looks at a few hundred rows in one transaction: `prepare` reads once what they are held against, `look` says of
each what it would do, `write` does it. The same code answers the dry run and does the import.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Literal

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput, RuleBroken
from bot.core.forms import FormField
from handlers.exchange.cells import tidy
from handlers.exchange.rules import SheetColumn
from storage import audit, custom_fields, dictionaries, org_chart
from storage.database import Tx

Values = dict[str, Any]  # field → value; a blank cell is not there
Verdict = Literal["new", "update", "alike", "same"]


class RowProblem(InvalidInput, code="exchange.row"):
    """This row cannot be imported; the text says why."""


class Changed(RuleBroken, code="exchange.changed"):
    """The record was worked on after the import: it is not taken back."""


@dataclass(slots=True)
class Look:
    """What a row would do. `changes`: field → new value, where it differs."""

    verdict: Verdict
    record: Any = None
    changes: Values = field(default_factory=dict)
    reason: str = ""
    before: dict[str, Any] | None = None  # once it is being changed


@dataclass(frozen=True, slots=True)
class Written:
    """What a row did: the record, and its values before and after, as JSON, for the undo."""

    record: int
    before: dict[str, Any] | None
    after: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records an export is of. `words`: each in one of the record's texts; of a kind whose list reads conditions
    (`Kind.listed`): that list's words, as said.
    """

    words: tuple[str, ...] = ()
    mine: bool = False
    year: int = 0

    def row(self) -> dict[str, Any]:
        """As JSON."""
        return {"words": list(self.words), "mine": self.mine, "year": self.year}


def wanted_of(row: Mapping[str, Any]) -> Wanted:
    """The inverse of `Wanted.row`."""
    return Wanted(tuple(row.get("words", ())), bool(row.get("mine")), int(row.get("year", 0)))


class Batch(ABC):
    """Rows of one kind, looked at and written in one transaction."""

    def __init__(self, tx: Tx, ctx: Context, options: Mapping[str, Any]) -> None:
        self.tx, self.ctx, self.options = tx, ctx, options
        self.me = ctx.actor.user_id
        self.carried: dict[str, int] = {}  # customers each would be given, from one batch of a dry run to the next
        self.decided = False  # written are rows that were looked at before: what only looks alike is no question now
        self.system = not self.me  # the command line: its rights are the system's

    @abstractmethod
    def prepare(self, rows: Sequence[Values]) -> None:
        """Reads what these rows are held against."""

    @abstractmethod
    def look(self, values: Values) -> Look:
        """Raises AppError: the row cannot be imported."""

    @abstractmethod
    def create(self, values: Values) -> Any:
        """Stores a new record; `finish` may complete it."""

    @abstractmethod
    def change(self, look: Look) -> None:
        """Writes what differs onto the record."""

    @abstractmethod
    def finish(self, created: Sequence[tuple[Any, Values]], changed: Sequence[Look]) -> list[Written]:
        """Flushes; gives what became of each, in this order: the created ones, then the changed ones."""


class Kind(ABC):
    """One kind of record."""

    name: ClassVar[str]  # of the command line: customers
    resource: ClassVar[str]  # of the permissions: customer
    label: ClassVar[str]  # 客户
    unit: ClassVar[str]  # 家
    words: ClassVar[tuple[str, ...]] = ()  # what else people call it
    keys: ClassVar[tuple[str, ...]]  # fields that say which record a row is
    one_by_one: ClassVar[bool] = False  # its rows are written by use cases' steps, which may refuse half-way
    owned: ClassVar[bool] = False  # has an owner that a row may leave open
    listed: ClassVar[bool] = False  # an export takes the conditions of the kind's list
    notes: ClassVar[tuple[str, ...]] = ()  # for the template

    @property
    def importing(self) -> Permission:
        """Who may import it."""
        return Permission(f"{self.resource}:import")

    @property
    def exporting(self) -> Permission:
        """Who may export it."""
        return Permission(f"{self.resource}:export")

    @abstractmethod
    def columns(self, tx: Tx) -> tuple[SheetColumn, ...]:
        """In the order of the template."""

    @abstractmethod
    def key(self, values: Values) -> str:
        """Equal for two rows of the same record."""

    @abstractmethod
    def batch(self, tx: Tx, ctx: Context, options: Mapping[str, Any]) -> Batch:
        """Rows to come."""

    @abstractmethod
    def take_back(
        self, tx: Tx, ctx: Context, record: int, before: dict[str, Any] | None, after: dict[str, Any]
    ) -> None:
        """Undoes what a row did. Raises Changed, NotFound."""

    @abstractmethod
    def count(self, tx: Tx, ctx: Context, wanted: Wanted) -> int:
        """How many records an export is of."""

    @abstractmethod
    def rows(self, tx: Tx, ctx: Context, wanted: Wanted, after: int, limit: int) -> list[tuple[int, Values]]:
        """The next records by id, with their values by field."""


def form_columns(
    tx: Tx,
    form: str,
    *,
    skip: Iterable[str] = (),
    prefix: str = "",
    **more: Mapping[str, Any],
) -> list[SheetColumn]:
    """The columns of a form's fields; `more`: what a field's column has besides, by the field's name."""
    made = []
    for one in custom_fields.fields_of(tx, form):
        if one.name in skip:
            continue
        extra: dict[str, Any] = dict(more.get(one.name, {}))
        extra.setdefault("required", one.required)
        made.append(
            SheetColumn(
                f"{prefix}{one.name}",
                extra.pop("title", one.label),
                _kind(one),
                form=form,
                form_field=one.name,
                own=one if one.custom else None,
                **extra,
            )
        )
    return made


def _kind(one: FormField) -> str:
    known = {
        "choice": "choice",
        "phone": "phone",
        "money": "money",
        "date": "date",
        "person": "person",
        "number": "number",
    }
    return "code" if one.name == "credit_code" else known.get(one.kind, "text")


OWNER = SheetColumn(
    "owner",
    "负责人",
    "person",
    synonyms=("所有者", "归属人", "跟进人", "销售", "业务员", "销售负责人", "客户经理"),
    width=18,
)


def choices_for(tx: Tx, columns: Sequence[SheetColumn]) -> dict[str, dictionaries.Choices]:
    """Field → what may be chosen, for those bound to a dictionary."""
    found = {}
    for column in columns:
        if column.kind == "choice" or column.form:
            choices = dictionaries.choices_of(tx, column.form, column.form_field)
            if choices is not None:
                found[column.field] = choices
    return found


def people_for(tx: Tx) -> dict[str, str]:
    """Everybody who works here."""
    return org_chart.active_people(tx)


def same(present: Any, given: Any) -> bool:
    """Whether a cell says what is there already."""
    if isinstance(present, str) and isinstance(given, str):
        return present == given or tidy(present) == given
    return bool((present or None) == (given or None)) if not isinstance(present, Decimal) else bool(present == given)


def plain(value: Any) -> Any:
    """As JSON."""
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value


def words_of(value: Any) -> str:
    """As the audit says it."""
    return "" if value is None else str(value)


def record_change(
    tx: Tx, ctx: Context, *, action: str, subject: str, name: str, columns: Mapping[str, str],
    before: Mapping[str, Any], after: Mapping[str, Any], source: str,
) -> None:  # fmt: skip
    """A line in the audit: what differs, by the columns' titles. Telephone numbers are not told."""
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=subject, name=name,
        changes=told_changes(columns, before, after) or None, source=source,
    )  # fmt: skip


def told_changes(
    columns: Mapping[str, str], before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, tuple[str, str]]:
    """What differs, by the columns' titles."""
    told = {}
    for name, now in after.items():
        was = before.get(name)
        if (now or was) and now != was and (title := columns.get(name)) is not None:
            hidden = "电话" in title or "手机" in title
            told[title] = ("", "已改") if hidden else (words_of(was), words_of(now))
    return told
