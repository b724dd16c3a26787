"""A company's own fields (R5.11): which there are, and their values in the `custom` column of the forms' tables.

A value is a text, by the field's name: an amount `500000.00` and a number `12.5` exactly as they are, a day
`2026-03-05`, a person's userId, a dictionary's label. A field without a value is not in the document. Amounts and
numbers have at most 15 digits, so that SQLite, which compares them as doubles, tells any two apart.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Numeric, String, and_, bindparam, cast, delete, literal, update
from sqlalchemy import select as core_select
from sqlmodel import SQLModel, col, func, select

from bot.core.errors import NotFound
from bot.core.forms import CUSTOM_KINDS, FORMS, FormField, Forms, Kind
from storage import dictionaries
from storage.database import Tx
from storage.dictionaries import fold
from storage.documents import text_at
from storage.plain import Plain, given, table_of
from storage.tables import CustomField, RoleField
from storage.types import Json

Operator = Literal["eq", "ne", "gt", "ge", "lt", "le", "has", "empty", "filled"]
ORDERED: Final = ("number", "money", "date")  # kinds of which one value is more than another

F = table_of(CustomField)
_USED = core_select(F.c.form, F.c.name, F.c.label, F.c.kind, F.c.required).where(F.c.active)
USED = Plain(_USED.order_by(F.c.position, F.c.id))
USED_OF = Plain(_USED.where(F.c.form == given("of_form")).order_by(F.c.position, F.c.id))


@dataclass(frozen=True, slots=True)
class Definition:
    """A field as it is kept; enough to put it back."""

    name: str
    label: str
    kind: Kind
    required: bool
    position: int
    active: bool

    def field(self) -> FormField:
        """As forms have it."""
        return FormField(self.name, self.label, self.kind, custom=True, required=self.required)


def _field(row: Any) -> FormField:
    return FormField(row.name, row.label, row.kind, custom=True, required=row.required)


def list_custom(tx: Tx, form: str) -> tuple[FormField, ...]:
    """The company's own fields of a form that are in use, in their order."""
    return tuple(_field(row) for row in USED_OF.run(tx, of_form=form))


def fields_of(tx: Tx, form: str) -> tuple[FormField, ...]:
    """Every field of a form: ours, then the company's own."""
    return (*FORMS[form], *list_custom(tx, form))


def forms_of(tx: Tx) -> Forms:
    """Every form with all its fields."""
    added: dict[str, list[FormField]] = {}
    for row in USED.run(tx):
        added.setdefault(row.form, []).append(_field(row))
    return {form: (*fields, *added.get(form, ())) for form, fields in FORMS.items()}


# -- the administrator's list -------------------------------------------------------------------------------------


def list_definitions(tx: Tx, form: str) -> list[Definition]:
    """All of a form, those out of use too, in their order."""
    query = select(CustomField).where(CustomField.form == form)
    rows = tx.exec(query.order_by(col(CustomField.position), col(CustomField.id))).all()
    kinds: dict[str, Kind] = {kind: kind for kind in CUSTOM_KINDS}
    return [Definition(r.name, r.label, kinds[r.kind], r.required, r.position, r.active) for r in rows]


def access_definition(tx: Tx, form: str, name: str) -> Definition:
    """Raises NotFound."""
    found = next((d for d in list_definitions(tx, form) if d.name == name), None)
    if found is None:
        raise NotFound("没有找到这个字段，发送「字段」看看有哪些。")
    return found


def new_name(tx: Tx, form: str, kind: Kind) -> str:
    """One that no field of the form has or, as far as chance goes, ever had."""
    taken = {d.name for d in list_definitions(tx, form)}
    while (name := f"{kind}_{secrets.token_hex(2)}") in taken:
        pass
    return name


def put_definitions(tx: Tx, form: str, wanted: Sequence[Definition]) -> None:
    """Makes the form's own fields exactly these. Of one that goes, so do its dictionary and what roles say of it."""
    rows = {row.name: row for row in tx.exec(select(CustomField).where(CustomField.form == form)).all()}
    for name in rows.keys() - {d.name for d in wanted}:
        dictionaries.bind(tx, form, name, None)
        tx.execute(delete(RoleField).where(col(RoleField.form) == form, col(RoleField.field) == name))
        tx.delete(rows[name])
    for one in wanted:  # a label that moves from one field to another must be free first
        row = rows.get(one.name)
        if row is not None and row.label_key != fold(one.label):
            row.label_key = f"\x01{row.id}"  # no label has such a mark; PostgreSQL takes no zero byte
    tx.flush()
    for one in wanted:
        row = rows.get(one.name) or CustomField(form=form, name=one.name, label="", label_key="", kind=one.kind)
        row.label, row.label_key = one.label, fold(one.label)
        row.required, row.position, row.active = one.required, one.position, one.active
        tx.add(row)
    tx.flush()


def dump(definitions: Iterable[Definition]) -> list[dict[str, Any]]:
    """For an undo."""
    return [asdict(one) for one in definitions]


def restore(rows: Iterable[Mapping[str, Any]]) -> list[Definition]:
    """The inverse of `dump`."""
    return [Definition(**row) for row in rows]


def count_filled(tx: Tx, form: str, name: str) -> int:
    """How many records of the company have a value in the field; of those deleted too, since they keep it."""
    model: Any = dictionaries.TABLES[form]
    query = select(func.count()).select_from(model).where(value_of(model, name).is_not(None))
    return tx.exec(query, execution_options={"unscoped": "a field in use by anybody is in use"}).one()


# -- values ---------------------------------------------------------------------------------------------------------


def put_values(tx: Tx, record: SQLModel, changes: Mapping[str, str | None]) -> None:
    """Sets these values of a stored record, by the fields' names; None takes one away. What else it has stays.

    The record may be one of which the transaction's person sees a part; it is read anew.
    """
    model: Any = type(record)
    document, patch = model.custom, bindparam(None, dict(changes), type_=Json)
    tx.flush()
    merged = (
        func.json_patch(document, patch)
        if tx.get_bind().dialect.name == "sqlite"
        else func.jsonb_strip_nulls(document.op("||")(patch))  # all values are texts: only what is taken away is null
    )
    tx.execute(
        update(model).where(model.id == record.id).values(custom=merged),  # type: ignore[attr-defined]
        execution_options={"synchronize_session": False},
    )
    tx.expire(record, ["custom"])


def value_of(model: Any, name: str) -> ColumnElement[Any]:
    """A field's value in a statement, as text; NULL where there is none, or the person of the scope does not see it."""
    return text_at(model.custom, name)


@dataclass(frozen=True, slots=True)
class Condition:
    """What a list can be narrowed by: a field of the company's, compared with a stored value."""

    name: str
    kind: Kind
    operator: Operator
    value: str = ""


def custom_condition(form: str, wanted: Condition) -> ColumnElement[bool]:
    """In SQL, for a WHERE over the form's model. A field that is hidden from the transaction's person fits nothing, of
    a masked one its outline is compared; nor does a customer in the pool, of which no such field is shown (D14).
    """
    model: Any = dictionaries.TABLES[form]
    fits = _compared(value_of(model, wanted.name), wanted)
    return and_(fits, col(model.owner_id).is_not(None)) if form == "customer" else fits


def _compared(stored: ColumnElement[Any], wanted: Condition) -> ColumnElement[bool]:
    if wanted.operator == "empty":
        return stored.is_(None)
    if wanted.operator == "filled":
        return stored.is_not(None)
    if wanted.operator == "has":
        return stored.contains(wanted.value, autoescape=True)
    left, right = _measure(stored, wanted.kind), _measure(literal(wanted.value, String), wanted.kind)
    match wanted.operator:
        case "eq":
            return left == right
        case "ne":
            return (left != right) | stored.is_(None)
        case "gt":
            return left > right
        case "ge":
            return left >= right
        case "lt":
            return left < right
        case _:
            return left <= right


def custom_order(form: str, field: FormField) -> ColumnElement[Any]:
    """What to sort the form's records by for a field: amounts and numbers by size, days by date, all else as text."""
    return _measure(value_of(dictionaries.TABLES[form], field.name), field.kind)


def _measure(value: ColumnElement[Any], kind: str) -> ColumnElement[Any]:
    return cast(value, Numeric) if kind in ("number", "money") else value
