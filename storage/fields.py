"""Which values of a row a transaction gives out. Bound to the transaction, as whose rows it sees (R-PERM-5).

Two hooks, so that no list, card, search, error text, notice or export can forget it. When a row is loaded, what the
transaction's person may not see is replaced in the object, without making it dirty: the database keeps its value. In
every SELECT, a column he may not see is replaced wherever it stands — shown, compared, sorted, grouped or summed — by
what he does see of it: a hidden telephone number matches nothing, a masked one only what its mask shows.

What a company's own fields hold stands in one document a row (column `custom`); it is cut field by field in the same
two places. A field's name says of which kind it is, so nothing need be looked up for that.

Of what is in a pool everybody but administrators sees what may be known before it is claimed (D14). Of leads both hooks
see to it; of customers the first one, and the queries.

Statements past the session (`storage.plain.Plain`) meet neither hook; they refuse fields of forms unless they say why.
A query that must look at the true values says why: `.execution_options(unmasked="…")`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import (
    CTE,
    Alias,
    Column,
    ColumnElement,
    Integer,
    Select,
    String,
    Subquery,
    Table,
    and_,
    case,
    event,
    func,
    inspect,
    literal_column,
    type_coerce,
)
from sqlalchemy.orm import ORMExecuteState, Session, object_session
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.sql import visitors
from sqlmodel import SQLModel

from bot.core.actor import Scope
from bot.core.fields import FieldLevel, FieldRights
from bot.core.forms import CUSTOM_FORMS, DOCUMENT, FORMS, FormField, custom_kind
from bot.language.phones import mask as mask_phone
from storage.documents import Outlined, Without

TABLES: Final[Mapping[str, str]] = {form: "follow_up" if form == "followup" else form for form in FORMS}
TEXTS: Final = ("text", "choice", "phone")  # kinds of which an outline can be shown
DERIVED: Final[Mapping[tuple[str, str], tuple[tuple[str, str], ...]]] = {  # columns that hold a field's value again
    ("contact", "mobile"): (("contact", "mobile_tail"),),
    ("followup", "content"): (("comment", "content"), ("visit", "remark"), ("lead_follow_up", "content")),
    ("followup", "method"): (("lead_follow_up", "method"),),
    ("followup", "next_at"): (
        ("customer", "next_follow_up_at"),
        ("opportunity", "next_follow_up_at"),
        ("lead", "next_follow_up_at"),
        ("lead_follow_up", "next_at"),
    ),
    ("opportunity", "amount"): (("opportunity_line", "price"), ("opportunity_line", "amount")),
    ("contract", "amount"): (("contract_line", "price"), ("contract_line", "amount")),
    ("product", "price"): (
        ("product_price", "price"),
        ("opportunity_line", "price"),
        ("contract_line", "price"),
    ),
    ("product", "spec"): (("opportunity_line", "spec"), ("contract_line", "spec")),
}
STARS: Final = "*" * 64
OPEN_LEADS: Final = ("new", "following", "interested")  # without an owner these are in the leads' pool, if there is one


@dataclass(frozen=True, slots=True)
class Cut:
    """What becomes of one column's value. `kind`: of its field; a tail is what a masked number shows anyway."""

    level: FieldLevel
    kind: str

    def value(self, value: Any) -> Any:
        """As the person sees it."""
        if self.kind == "tail":
            return value if self.level is FieldLevel.MASKED else ""
        if self.kind not in TEXTS:
            return None
        if not value or self.level is FieldLevel.HIDDEN:
            return ""
        return mask_phone(value) if self.kind == "phone" else f"{value[0]}***"

    def expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """The same in SQL. It still names the column, so that the statement keeps its table and its scope."""
        if self.kind == "tail" and self.level is FieldLevel.MASKED:
            return column
        if self.kind not in (*TEXTS, "tail"):
            return type_coerce(func.nullif(column, column), column.type)
        if self.level is FieldLevel.HIDDEN:
            return func.coalesce(func.substr(column, _number(1), _number(0)), _words(""))
        if self.kind == "phone":
            return _masked_phone(column)
        first = func.substr(column, _number(1), _number(1)).concat(_words("***"))
        return case((func.length(column) > _number(0), first), else_=_words(""))


def _number(value: int) -> ColumnElement[int]:
    """Written into the statement: PostgreSQL takes two equal expressions with parameters for different ones."""
    return literal_column(str(value), Integer)


def _words(value: str) -> ColumnElement[str]:
    return literal_column(f"'{value}'", String)


def pooled_lead(table: Any) -> ColumnElement[bool]:
    """That a row of leads is in their pool."""
    return and_(table.c.owner_id.is_(None), table.c.state.in_([_words(state) for state in OPEN_LEADS]))


def _masked_phone(column: ColumnElement[Any]) -> ColumnElement[Any]:
    digits = func.replace(func.replace(column, _words("-"), _words("")), _words(" "), _words(""))
    length = func.length(digits)
    third = case(
        (length >= _number(12), _number(4)), (length >= _number(9), _number(3)), (length >= _number(6), _number(2)),
        else_=_number(1),
    )  # fmt: skip
    general = (
        func.substr(digits, _number(1), third)
        .concat(func.substr(_words(STARS), _number(1), length - _number(2) * third))
        .concat(func.substr(digits, length - third + _number(1), third))
    )
    mobile = (
        func.substr(digits, _number(1), _number(3))
        .concat(_words("****"))
        .concat(func.substr(digits, _number(8), _number(4)))
    )
    return case(
        ((length == _number(11)) & (func.substr(digits, _number(1), _number(1)) == _words("1")), mobile),
        (length < _number(5), func.substr(_words(STARS), _number(1), length)),
        else_=general,
    )


@dataclass(frozen=True, slots=True)
class DocumentCut:
    """What becomes of the column that holds a company's own fields. `whole`: nothing of it is shown."""

    fields: tuple[tuple[str, Cut], ...] = ()  # by name
    whole: bool = False

    def value(self, value: Any) -> Any:
        """As the person sees it."""
        if self.whole or not value:
            return {}
        limited = dict(self.fields)
        seen = {name: limited[name].value(one) if name in limited else one for name, one in value.items()}
        return {name: one for name, one in seen.items() if one}

    def expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """The same in SQL."""
        if self.whole:
            return type_coerce(func.nullif(column, column), column.type)
        cut = column
        for name, one in self.fields:
            shown = one.level is FieldLevel.MASKED and one.kind in TEXTS
            cut = (Outlined if shown else Without)(cut, _words(name))
        return cut


Cuts = Mapping[str, Mapping[str, Cut | DocumentCut]]  # table → column → what becomes of it
POOL: Final[Cuts] = {
    "customer": {
        "phone": Cut(FieldLevel.MASKED, "phone"),
        **{name: Cut(FieldLevel.HIDDEN, "text") for name in ("source", "credit_code", "remark", "address", "website")},
        **{name: Cut(FieldLevel.HIDDEN, "number") for name in ("lng", "lat")},
        DOCUMENT: DocumentCut(whole=True),
    },
    "lead": {
        "mobile": Cut(FieldLevel.MASKED, "phone"),
        **{name: Cut(FieldLevel.HIDDEN, "text") for name in ("contact", "remark")},
        DOCUMENT: DocumentCut(whole=True),
    },
}
POOLED_LEADS: Final[Cuts] = {"lead": POOL["lead"]}


@lru_cache(maxsize=256)
def cuts(rights: FieldRights) -> Cuts:
    """By table and column, for those that are less than readable."""
    found: dict[str, dict[str, Cut | DocumentCut]] = {}
    for form, fields in FORMS.items():
        for field in fields:
            level = rights.level(form, field.name)
            if field.always or level not in (FieldLevel.HIDDEN, FieldLevel.MASKED):
                continue
            found.setdefault(TABLES[form], {})[field.attribute] = Cut(level, field.kind)
            for table, column in DERIVED.get((form, field.name), ()):
                found.setdefault(table, {})[column] = Cut(level, "tail" if column.endswith("_tail") else field.kind)
    for form in CUSTOM_FORMS:
        limited = tuple(
            (name, Cut(level, kind))
            for of, name, level in sorted(rights.limits)
            if of == form and level in (FieldLevel.HIDDEN, FieldLevel.MASKED) and (kind := custom_kind(name))
        )
        if limited:
            found.setdefault(TABLES[form], {})[DOCUMENT] = DocumentCut(limited)
    return found


def maskable(field: FormField) -> bool:
    """Whether an outline of it can be shown; of an amount or a day it cannot."""
    return field.kind in TEXTS and not field.always


def guarded_columns() -> dict[str, frozenset[str]]:
    """By table, every column that some role might not see."""
    found: dict[str, set[str]] = {}
    for form, fields in FORMS.items():
        for field in fields:
            if not field.always:
                found.setdefault(TABLES[form], set()).add(field.attribute)
                for table, column in DERIVED.get((form, field.name), ()):
                    found.setdefault(table, set()).add(column)
    for form in CUSTOM_FORMS:
        found.setdefault(TABLES[form], set()).add(DOCUMENT)
    return {table: frozenset(columns) for table, columns in found.items()}


GUARDED: Final = guarded_columns()


def conceal(instance: Any, session: Session | None, names: Iterable[str] | None = None) -> None:
    """Leaves in a loaded object what its transaction's person may see of it; `names`: only these were loaded anew."""
    scope: Scope | None = session.info.get("scope") if session is not None else None
    if scope is None:
        return
    table = instance.__tablename__
    if scope.fields:
        _apply(instance, cuts(scope.fields).get(table, {}), names)
    if scope.pool_masked and table == "customer" and instance.__dict__.get("owner_id", "") is None:
        _apply(instance, POOL["customer"], names)
    if scope.lead_pool and table == "lead" and _is_pooled_lead(instance.__dict__):
        _apply(instance, POOL["lead"], names)


def _is_pooled_lead(loaded: Mapping[str, Any]) -> bool:
    return loaded.get("owner_id", "") is None and loaded.get("state", OPEN_LEADS[0]) in OPEN_LEADS


def _apply(instance: Any, columns: Mapping[str, Cut | DocumentCut], names: Iterable[str] | None) -> None:
    loaded = instance.__dict__
    for name, cut in columns.items():
        if name in loaded and (names is None or name in names):
            set_committed_value(instance, name, cut.value(loaded[name]))


def rebind(tx: Session, scope: Scope) -> None:
    """The transaction is somebody else's from here: what it holds of forms is read anew, with his eyes."""
    tx.flush()
    for instance in list(tx.identity_map.values()):
        if getattr(instance, "__tablename__", "") in GUARDED:
            tx.expire(instance)
    tx.info["scope"] = scope


def watch(models: Mapping[str, type[SQLModel]]) -> None:
    """Called by `storage.tables` when every model is defined: by name of the table."""
    for table in {*TABLES.values(), *GUARDED}:
        model = models[table]
        event.listen(model, "load", _on_load)
        event.listen(model, "refresh", _on_refresh)
        if DOCUMENT in model.model_fields:
            event.listen(getattr(model, DOCUMENT), "set", _on_set)


def _on_load(instance: Any, context: Any) -> None:
    conceal(instance, context.session)


def _on_refresh(instance: Any, context: Any, names: Any) -> None:
    conceal(instance, context.session if context is not None else object_session(instance), names)


def _on_set(instance: Any, *_: Any) -> None:
    """What a person sees of a stored document may be less than there is: written back whole, it would lose the rest."""
    if inspect(instance).persistent:
        raise TypeError("a stored row's own fields are changed by storage.custom_fields.put_values")


@event.listens_for(Session, "do_orm_execute")
def _cut_columns(state: ORMExecuteState) -> None:
    """Replaces columns in SELECTs; refuses what it cannot look into."""
    scope: Scope | None = state.session.info.get("scope")
    if scope is None or "unmasked" in state.execution_options or not state.is_select:
        return
    if not (scope.fields or scope.lead_pool):
        return
    if state.is_column_load or state.is_relationship_load:  # of objects, which are cut when they are there
        return
    found, pooled = cuts(scope.fields) if scope.fields else {}, POOLED_LEADS if scope.lead_pool else {}
    if found or pooled:
        state.statement = cut_statement(state.statement, found, pooled)


def cut_statement(statement: Any, found: Cuts, pooled: Cuts = MappingProxyType({})) -> Any:
    """The SELECT as the person of `found` may ask it. `pooled`: what is cut besides of leads in their pool."""
    for element in visitors.iterate(statement):
        if isinstance(element, (Subquery, CTE)) and any(
            _cut_of(e, found) or _cut_of(e, pooled) for e in visitors.iterate(element.element)
        ):
            raise TypeError("a limited field inside a derived table: select it directly, or say unmasked=…")

    def replace(element: Any, **_: Any) -> Any:
        cut, besides = _cut_of(element, found), _cut_of(element, pooled)
        if cut is None and besides is None:
            return None
        shown = element if cut is None else cut.expression(element)
        if besides is not None and element.table is not None:
            shown = case((pooled_lead(element.table), besides.expression(element)), else_=shown)
        return shown.label(element.key)

    if not isinstance(statement, Select):
        return statement
    options: Any = statement  # an object that is read again brings the criteria of its first reading: no part of it
    return visitors.replacement_traverse(statement, {"stop_on": [*options._with_options]}, replace)  # noqa: SLF001


def _cut_of(element: Any, found: Cuts) -> Cut | DocumentCut | None:
    for table, key in _columns(element):
        if table is not None and key is not None and key in found.get(table.name, {}):
            return found[table.name][key]
    return None


def _columns(element: Any) -> Iterator[tuple[Table | None, str | None]]:
    """The tables' columns that a column of a statement is, whatever the table is called in it."""
    if not isinstance(element, Column):
        return
    for base in element.base_columns:
        table: Any = getattr(base, "table", None)
        while isinstance(table, Alias):
            table = table.element
        yield table if isinstance(table, Table) else None, base.key


def shows_fields(statement: Any) -> bool:
    """Whether a statement gives out, or compares, a field that some role might not see."""
    whole = list(getattr(statement, "_returning", ()))
    if isinstance(statement, Select):
        whole.append(statement)
    return any(
        table is not None and key in GUARDED.get(table.name, ())
        for one in whole
        for e in visitors.iterate(one)
        for table, key in _columns(e)
    )
