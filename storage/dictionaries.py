"""数据字典: the values a field takes."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Text, cast, literal
from sqlalchemy import select as core_select
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, col, delete, func, select, update

from bot.core.errors import NotFound
from bot.core.forms import custom_kind, field_of
from storage.database import Tx
from storage.documents import text_at
from storage.kept import kept
from storage.plain import InsertNew, Plain, given, table_of
from storage.tables import (
    Competitor,
    Contact,
    Contract,
    Customer,
    Dictionary,
    DictionaryValue,
    FieldDictionary,
    FollowUp,
    Lead,
    Opportunity,
    Payment,
    Product,
)

METHODS = ("电话", "微信", "拜访", "会议", "邮件", "其他")  # 跟进方式 where the company has no such dictionary


METHOD_DICTIONARY = "跟进方式"
MEANINGS = {  # the fields that take a dictionary's values, and the dictionary of that meaning (world.md)
    ("customer", "class"): "客户分类",
    ("customer", "industry"): "客户行业",
    ("customer", "source"): "商机及客户来源",
    ("lead", "source"): "商机及客户来源",
    ("opportunity", "source"): "商机及客户来源",
    ("product", "category"): "产品分类",
    ("product", "unit"): "计量单位",
    ("followup", "method"): METHOD_DICTIONARY,
}
TABLES: dict[str, type[SQLModel]] = {  # the form's records
    "customer": Customer, "contact": Contact, "followup": FollowUp, "lead": Lead, "opportunity": Opportunity,
    "contract": Contract, "payment": Payment, "product": Product, "competitor": Competitor,
}  # fmt: skip
Field = tuple[str, str]  # form, field

V, F = table_of(DictionaryValue), table_of(FieldDictionary)
CHOICES = Plain(
    core_select(V.c.label, V.c.enabled)
    .select_from(F.outerjoin(V, V.c.dictionary_id == F.c.dictionary_id))
    .where(F.c.form == given("of_form"), F.c.field == given("of_field"))
    .order_by(V.c.position, V.c.id)
)


BIND_NEW = InsertNew(FieldDictionary, ["form", "field"], "form")


class NameTaken(Exception):
    """Another dictionary has this name."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a bound field may hold: on writing the enabled values, on reading the disabled ones too (R-DICT-3)."""

    enabled: tuple[str, ...]
    disabled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Value:
    """One value as it stands, enough to put it back."""

    id: int
    label: str
    position: int
    enabled: bool


def fold(text: str) -> str:
    """Trimmed, width- and case-folded: how names and labels are compared (R-DICT-1)."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


@kept
def choices_of(tx: Tx, form: str, field: str) -> Choices | None:
    """The dictionary a field is bound to, in order; None: it is bound to none and takes free text."""
    rows = CHOICES.run(tx, of_form=form, of_field=field).all()
    if not rows:
        return None
    return Choices(
        tuple(r.label for r in rows if r.label is not None and r.enabled),
        tuple(r.label for r in rows if r.label is not None and not r.enabled),
    )


def list_values(tx: Tx, form: str, field: str) -> list[str]:
    """The enabled values of the dictionary a field is bound to, in order. Whether it is bound: `choices_of`."""
    choices = choices_of(tx, form, field)
    return list(choices.enabled) if choices is not None else []


def list_methods(tx: Tx) -> list[str]:
    """The company's follow-up methods."""
    choices = choices_of(tx, "followup", "method")
    return list(METHODS) if choices is None else list(choices.enabled)


def get_by_name(tx: Tx, name: str) -> Dictionary | None:
    """A dictionary by its folded name."""
    return tx.exec(select(Dictionary).where(Dictionary.name_key == fold(name))).first()


def list_dictionaries(tx: Tx) -> list[Dictionary]:
    """All, in the order they were made."""
    return list(tx.exec(select(Dictionary).order_by(col(Dictionary.id))).all())


def access_dictionary(tx: Tx, dictionary_id: int, *, lock: bool = False) -> Dictionary:
    """Raises NotFound. `lock`: two administrators change it one after the other."""
    query = select(Dictionary).where(Dictionary.id == dictionary_id)
    found = tx.exec(query.with_for_update() if lock else query).first()
    if found is None:
        raise NotFound("没有找到这个字典，可能已经删除了。发送「数据字典」看看有哪些。")
    return found


def add_dictionary(tx: Tx, name: str) -> Dictionary:
    """Raises NameTaken, also when somebody else makes it in the same moment; then the transaction is lost."""
    made = Dictionary(name=name, name_key=fold(name))
    tx.add(made)
    try:
        tx.flush()
    except IntegrityError as twin:
        raise NameTaken(name) from twin
    return made


def remove_dictionary(tx: Tx, dictionary_id: int) -> None:
    """With its values; it must be bound to nothing."""
    tx.execute(delete(DictionaryValue).where(col(DictionaryValue.dictionary_id) == dictionary_id))
    tx.execute(delete(Dictionary).where(col(Dictionary.id) == dictionary_id))


def values_of(tx: Tx, dictionary_id: int) -> list[Value]:
    """Enabled and disabled, in order."""
    query = select(DictionaryValue).where(DictionaryValue.dictionary_id == dictionary_id)
    rows = tx.exec(query.order_by(col(DictionaryValue.position), col(DictionaryValue.id))).all()
    return [Value(r.id or 0, r.label, r.position, r.enabled) for r in rows]


def count_values(tx: Tx) -> dict[int, tuple[int, int]]:
    """Of each dictionary: enabled, disabled."""
    query = select(DictionaryValue.dictionary_id, DictionaryValue.enabled, func.count())
    counts: dict[int, tuple[int, int]] = {}
    for dictionary_id, enabled, count in tx.exec(
        query.group_by(col(DictionaryValue.dictionary_id), col(DictionaryValue.enabled))
    ).all():
        on, off = counts.get(dictionary_id, (0, 0))
        counts[dictionary_id] = (on + count, off) if enabled else (on, off + count)
    return counts


def put_values(tx: Tx, dictionary_id: int, wanted: Sequence[Value]) -> None:
    """Makes the values exactly these. `id` 0: a new one; an id the dictionary has lost comes back."""
    before = {
        row.id: row
        for row in tx.exec(select(DictionaryValue).where(DictionaryValue.dictionary_id == dictionary_id)).all()
    }
    for gone in before.keys() - {v.id for v in wanted}:
        tx.delete(before[gone])
    for value in wanted:  # a label that moves from one value to another must be free first
        row = before.get(value.id)
        if row is not None and row.label_key != fold(value.label):
            row.label_key = f"\x01{row.id}"  # no label has such a mark; PostgreSQL takes no zero byte
    tx.flush()
    for value in wanted:
        row = before.get(value.id) or DictionaryValue(
            id=value.id or None, dictionary_id=dictionary_id, label=value.label, label_key=fold(value.label)
        )
        row.label, row.label_key = value.label, fold(value.label)
        row.position, row.enabled = value.position, value.enabled
        tx.add(row)
    tx.flush()


def dump(values: Sequence[Value]) -> list[dict[str, Any]]:
    """For an undo."""
    return [asdict(v) for v in values]


def restore(rows: Sequence[dict[str, Any]]) -> list[Value]:
    """The inverse of `dump`."""
    return [Value(**row) for row in rows]


def bindings_of(tx: Tx, dictionary_id: int) -> list[Field]:
    """The fields that take its values."""
    query = select(FieldDictionary).where(FieldDictionary.dictionary_id == dictionary_id)
    rows = tx.exec(query.order_by(col(FieldDictionary.form), col(FieldDictionary.field))).all()
    return [(r.form, r.field) for r in rows]


def list_bindings(tx: Tx) -> dict[Field, int]:
    """Every bound field and its dictionary."""
    return {(r.form, r.field): r.dictionary_id for r in tx.exec(select(FieldDictionary)).all()}


def bind(tx: Tx, form: str, field: str, dictionary_id: int | None) -> None:
    """From now on the field takes this dictionary's values; None: free text."""
    here = (col(FieldDictionary.form) == form, col(FieldDictionary.field) == field)
    if dictionary_id is None:
        tx.execute(delete(FieldDictionary).where(*here))
    elif not BIND_NEW.run(tx, [{"form": form, "field": field, "dictionary_id": dictionary_id}]):
        tx.execute(update(FieldDictionary).where(*here).values(dictionary_id=dictionary_id))


def count_uses(tx: Tx, fields: Sequence[Field]) -> Counter[str]:
    """How many records hold each value in these fields, by folded label; deleted records do not count."""
    uses: Counter[str] = Counter()
    for form, field in fields:
        column = _column(form, field)
        if column is None:
            continue
        for label, count in tx.exec(select(column, func.count()).where(column != "").group_by(column)).all():
            uses[fold(label)] += count
    return uses


def relabel(tx: Tx, fields: Sequence[Field], was: str, now: str) -> int:
    """Records that hold `was` in these fields hold `now`; returns how many."""
    changed = 0
    for form, field in fields:
        column = _column(form, field)
        if column is None:
            continue
        model: Any = TABLES[form]
        if custom_kind(field) is not None:
            document, at = model.custom, literal("$." + field)
            changed_to = (
                func.json_replace(document, at, now)
                if tx.get_bind().dialect.name == "sqlite"
                else func.jsonb_set(document, postgresql.array([field]), func.to_jsonb(cast(now, Text)))
            )
            change = update(model).where(column == was).values(custom=changed_to)
            done = tx.execute(change, execution_options={"synchronize_session": False})
        else:
            done = tx.execute(update(model).where(column == was).values({column.key: now}))
        changed += int(done.rowcount)  # type: ignore[attr-defined]
    return changed


def _column(form: str, field: str) -> Any:
    known = field_of(form, field)
    model: Any = TABLES.get(form)
    if custom_kind(field) is not None:
        return text_at(model.custom, field)
    return getattr(model, known.attribute, None) if known is not None and model is not None else None
