"""A company's own fields for every form that has them: read from a sentence or a form card, offered, shown, stored.

What a slice needs: `take_custom` (a sentence), `custom_form_fields` and `read_custom` (a form card), `check_new` (a new
record), `write_custom` (a changed one), `custom_lines` (a card). For tables: `readable` and `writable` give the
columns, `read_custom` what a row fills in, `typed_values` what a record holds. Those with `tx` are steps of a use case.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final, Protocol

from bot.context import Context
from bot.core.actor import Actor
from bot.core.fields import FieldLevel
from bot.core.forms import FormField, check_may_fill, custom_kind, form_label, withheld
from bot.core.markup import escape
from bot.dispatch import FormField as Asked
from bot.dispatch import FormValue, choices
from bot.language.normalize import fold
from handlers.customfields import rules
from handlers.customfields.reading import read_value
from handlers.customfields.rules import NotAValue, Required
from handlers.dictionaries.service import step_choose
from storage import custom_fields, dictionaries, people
from storage.database import Tx

Values = dict[str, str]  # of one record, by the fields' names, as they are stored; "" where one is taken away
EMPTY: Final = ("无", "空", "清空", "没有", "删除", "去掉", "不填")  # said of a field: it shall have no value
_BEFORE = r"(?:^|(?<=[\s,，;；、。|（(的]))"
_BETWEEN = r"\s*(?:[:：=]|是|为|改成|改为|→)?\s*"
_QUOTED = r"[「“\"](?P<quoted>[^」”\"]*)[」”\"]"
_WORD = r"(?P<word>[^\s,，;；、。|）)]+)"
_SUM = r"(?P<word>[^\s，;；、。|）)]*[^\s,，;；、。|）)](?:\s(?=[万亿千百])[^\s,，;；、。|）)]+)?)"  # 12,800元, 50 万


class HasCustom(Protocol):
    """A record of a form."""

    @property
    def custom(self) -> Mapping[str, Any]: ...  # noqa: D102


# -- which fields -------------------------------------------------------------------------------------------------


def readable(actor: Actor, form: str, fields: Iterable[FormField]) -> tuple[FormField, ...]:
    """Those of which the actor sees something: the columns of an export, the words of a filter."""
    rights = actor.scope.fields
    return tuple(f for f in fields if f.always or rights.level(form, f.name) is not FieldLevel.HIDDEN)


def writable(actor: Actor, form: str, fields: Iterable[FormField]) -> tuple[FormField, ...]:
    """Those the actor may fill in: what a form card offers, the columns of an import."""
    rights = actor.scope.fields
    return tuple(f for f in fields if f.always or rights.level(form, f.name) is FieldLevel.WRITE)


def levels_of(actor: Actor, form: str, named: Mapping[str, str]) -> dict[str, FieldLevel]:
    """How much the actor may read of fields by the labels under which an audit line kept them. `named`: label → name.

    A field that shows no outline is hidden where others are masked.
    """
    levels = {}
    for label, name in named.items():
        level = actor.scope.fields.level(form, name)
        outlined = custom_kind(name) in ("text", "choice")
        levels[label] = FieldLevel.HIDDEN if level is FieldLevel.MASKED and not outlined else level
    return levels


def own_fields(ctx: Context, form: str, words: str) -> tuple[Values, str]:
    """As `take_custom`, for a door."""
    with ctx.begin() as tx:
        return take_custom(tx, ctx, form, words)


def read_filled(ctx: Context, form: str, filled: Mapping[str, FormValue]) -> Values:
    """As `read_custom`, for a door."""
    with ctx.begin() as tx:
        return read_custom(tx, ctx, form, filled)


def asked_of(ctx: Context, form: str, record: HasCustom | Mapping[str, str] | None = None) -> tuple[Asked, ...]:
    """As `custom_form_fields`, for a painter."""
    with ctx.begin() as tx:
        return custom_form_fields(tx, ctx, form, record)


# -- in -----------------------------------------------------------------------------------------------------------


def take_custom(tx: Tx, ctx: Context, form: str, words: str) -> tuple[Values, str]:
    """The values that a sentence names by their fields' labels (`年采购额 50万`, `设备类型：数控`, `交货日 下周三`,
    `说明 「两台 数控」`), and the sentence without them. `无` empties a field.

    Raises:
        NotAValue, NotAChoice.
        Forbidden: one that the actor may not fill in.
    """
    fields = custom_fields.list_custom(tx, form)
    taken: Values = {}
    for field in sorted(fields, key=lambda f: -len(f.label)):
        found = _pattern(field).search(fold(words))
        if found is None:
            continue
        which = "quoted" if found["quoted"] is not None else "word"
        said = words[found.start(which) : found.end(which)]
        taken[field.name] = "" if said in EMPTY and field.kind != "text" else read_value(tx, ctx, form, field, said)
        words = f"{words[: found.start()]} {words[found.end() :]}".strip()
    _check_may_fill(ctx, form, taken, fields)
    return taken, words


def _pattern(field: FormField) -> re.Pattern[str]:
    """A number, an amount or a day may follow its label at once; of a word one could not tell where it begins."""
    direct = field.kind in ("number", "money", "date")
    between = _BETWEEN if direct else r"(?:\s*(?:[:：=]|改成|改为|→)\s*|\s+(?:[是为]\s)?|(?=[「“\"]))"
    value = f"(?:{_QUOTED}|{_SUM if direct else _WORD})"
    return re.compile(f"{_BEFORE}{re.escape(fold(field.label))}{between}{value}")


def read_custom(tx: Tx, ctx: Context, form: str, filled: Mapping[str, FormValue]) -> Values:
    """What a form card handed in of the company's own fields, among the rest; "" where one was left empty or emptied.

    Raises:
        NotAValue, NotAChoice, Forbidden.
    """
    fields = custom_fields.list_custom(tx, form)
    values = {f.name: read_value(tx, ctx, form, f, filled[f.name]) for f in fields if f.name in filled}
    _check_may_fill(ctx, form, values, fields)
    return values


def _check_may_fill(ctx: Context, form: str, values: Mapping[str, str], fields: tuple[FormField, ...]) -> None:
    named = dict.fromkeys(values, True)  # to empty one is to write it too
    check_may_fill(ctx.actor, form, named, {form: fields})


def check_new(tx: Tx, ctx: Context, form: str, values: Mapping[str, str]) -> Values:
    """The values of a new record, as they are stored, for its `custom`. Every use case that creates one asks this.

    Raises:
        Forbidden, NotAChoice; NotAValue: a value of none of the form's fields.
        Required: one is missing that the actor may fill in.
    """
    return check_all_new(tx, ctx, {form: values})[form]


def check_all_new(tx: Tx, ctx: Context, given: Mapping[str, Mapping[str, str]]) -> dict[str, Values]:
    """As `check_new`, for records of several forms that come to be together: all that is missing is said at once."""
    short: dict[str, tuple[FormField, ...]] = {}
    checked: dict[str, Values] = {}
    for form, said in given.items():
        fields = custom_fields.list_custom(tx, form)
        values = {name: value for name, value in said.items() if value}
        _check_known(form, values, fields)
        _check_may_fill(ctx, form, values, fields)
        kept = withheld(ctx.actor, form, {form: fields})
        missing = tuple(f for f in fields if f.required and not values.get(f.name) and f.name not in kept)
        if missing:
            short[form] = missing
        checked[form] = {f.name: _again(tx, form, f, values[f.name]) for f in fields if f.name in values}
    if short:
        raise Required(short, " ".join(dict.fromkeys(_example(tx, form, missing) for form, missing in short.items())))
    return checked


def new_changes(tx: Tx, form: str, values: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """What a new record has been given, by label, for the audit."""
    fields = custom_fields.list_custom(tx, form) if values else ()
    return {f.label: ("", text) for f in fields if (text := texts_of(tx, fields, values).get(f.name))}


def write_custom(
    tx: Tx, ctx: Context, form: str, record: Any, values: Mapping[str, str]
) -> tuple[dict[str, tuple[str, str]], Values]:
    """Stores changed values of a record that the caller has access to and may write.

    Returns what has changed by label, was → now in words, for the audit; and the values as they were, which written
    again take the change back. Values that are as they were are left alone.

    Raises:
        Forbidden, NotAChoice, NotAValue; Required: a required one would be emptied.
    """
    fields = custom_fields.list_custom(tx, form)
    _check_known(form, values, fields)
    _check_may_fill(ctx, form, values, fields)
    before: Values = {f.name: str(record.custom.get(f.name, "")) for f in fields}
    changed = {name: value for name, value in values.items() if value != before[name]}
    emptied = tuple(f for f in fields if f.required and f.name in changed and not changed[f.name])
    if emptied:
        raise Required({form: emptied}, _example(tx, form, emptied))
    new = {f.name: _again(tx, form, f, changed[f.name]) for f in fields if f.name in changed}
    if not new:
        return {}, {}
    custom_fields.put_values(tx, record, {name: value or None for name, value in new.items()})
    was = {name: before[name] for name in new}
    said, now = texts_of(tx, fields, was), texts_of(tx, fields, new)
    return {f.label: (said.get(f.name, ""), now.get(f.name, "")) for f in fields if f.name in new}, was


def undo_custom(tx: Tx, form: str, record: Any, was: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Takes a change of `write_custom` back; a value may be of a dictionary that has lost it since.

    Returns what has changed, as `write_custom`.
    """
    if not was:
        return {}
    fields = custom_fields.list_custom(tx, form)
    now, then = texts_of(tx, fields, record.custom), texts_of(tx, fields, was)
    custom_fields.put_values(tx, record, {name: value or None for name, value in was.items()})
    return {f.label: (now.get(f.name, ""), then.get(f.name, "")) for f in fields if f.name in was}


def labels_of(tx: Tx, form: str, names: Iterable[str]) -> dict[str, str]:
    """Label → name of those fields, as they are called now."""
    wanted = set(names)
    return {f.label: f.name for f in custom_fields.list_custom(tx, form) if f.name in wanted}


def _check_known(form: str, values: Iterable[str], fields: tuple[FormField, ...]) -> None:
    known = {f.name for f in fields}
    if any(name not in known for name in values):
        raise NotAValue(f"{form_label(form)}的字段刚刚改过，请再发一次。发送「帮助」看看怎么填。")


def _example(tx: Tx, form: str, fields: Iterable[FormField]) -> str:
    """年采购额 50万 设备类型 数控."""
    options = {f.name: dictionaries.list_values(tx, form, f.name) for f in fields if f.kind == "choice"}
    return " ".join(f"{f.label} {next(iter(options.get(f.name, ())), '') or rules.example_of(f)}" for f in fields)


def _again(tx: Tx, form: str, field: FormField, value: str) -> str:
    """A draft may be older than the dictionary."""
    return step_choose(tx, form, field.name, value) if field.kind == "choice" and value else value


# -- out ----------------------------------------------------------------------------------------------------------


def custom_form_fields(
    tx: Tx, ctx: Context, form: str, record: HasCustom | Mapping[str, str] | None = None
) -> tuple[Asked, ...]:
    """The company's own fields for a form card, as far as the actor may fill them in, with what is known of them."""
    fields = writable(ctx.actor, form, custom_fields.list_custom(tx, form))
    known = {} if record is None else record if isinstance(record, Mapping) else record.custom
    return tuple(_asked(tx, form, field, str(known.get(field.name, ""))) for field in fields)


def _asked(tx: Tx, form: str, field: FormField, value: str) -> Asked:
    if field.kind == "choice":
        bound = dictionaries.choices_of(tx, form, field.name)
        if bound is not None:
            options = bound.enabled if not value or value in bound.enabled else (*bound.enabled, value)
            return Asked(
                field.name, field.label, "select", required=field.required, value=value or None,
                options=choices(*options),
            )  # fmt: skip
    if field.kind == "date":
        day = date.fromisoformat(value) if value else None
        return Asked(field.name, field.label, "date", required=field.required, value=day)
    example = rules.example_of(field)
    if field.kind == "person" and value:
        value = people.name_of(tx, value)
    return Asked(
        field.name, field.label, "text", required=field.required, value=value or None,
        placeholder=f"例如 {example}",
    )  # fmt: skip


def custom_lines(ctx: Context, form: str, record: HasCustom) -> tuple[tuple[str, str], ...]:
    """Label and value in words for a card, of what the record has and the actor sees; no markdown of theirs counts."""
    with ctx.begin() as tx:
        return lines_of(tx, form, record.custom)


def lines_of(tx: Tx, form: str, stored: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """As `custom_lines`, in a use case."""
    if not stored:
        return ()
    fields = custom_fields.list_custom(tx, form)
    texts = texts_of(tx, fields, stored)
    return tuple((f.label, escape(texts[f.name])) for f in fields if texts.get(f.name))


def texts_of(tx: Tx, fields: Iterable[FormField], stored: Mapping[str, Any]) -> dict[str, str]:
    """Values in words, by the fields' names; of those without one nothing."""
    held = [(f, str(stored[f.name])) for f in fields if stored.get(f.name)]
    names = people.names_of(tx, [value for f, value in held if f.kind == "person"])
    return {f.name: names.get(value, value) if f.kind == "person" else rules.show_value(f, value) for f, value in held}


def typed_values(stored: Mapping[str, Any]) -> dict[str, Decimal | date | str]:
    """A record's values as a table wants them: amounts and numbers as Decimal, days as date, a person by userId."""
    shown: dict[str, Decimal | date | str] = {}
    for name, value in stored.items():
        kind = custom_kind(name)
        if kind in ("money", "number"):
            shown[name] = Decimal(value)
        else:
            shown[name] = date.fromisoformat(value) if kind == "date" else str(value)
    return shown


def cell_text(names: Mapping[str, str], field: FormField, stored: str) -> str:
    """A stored value for a cell: exact, and such that `read_value` reads it again. `names`: userId → name."""
    return names.get(stored, stored) if field.kind == "person" else stored
