"""A company's own fields (R5.11) in tables: columns like ours, kept in the record's `custom`."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.context import Context
from bot.core.forms import CUSTOM_FORMS, custom_kind
from handlers.customfields.values import check_new, write_custom
from handlers.exchange.kinds import Values
from storage import custom_fields, people
from storage.database import Tx


class OwnFields:
    """Those of one form, for the rows of one batch. Values are texts, as they are stored; "" takes one away."""

    def __init__(self, tx: Tx, ctx: Context, form: str) -> None:
        self.tx, self.ctx, self.form = tx, ctx, form
        self.fields = custom_fields.list_custom(tx, form) if form in CUSTOM_FORMS else ()
        self.titles = {f.name: f.label for f in self.fields}

    def given(self, values: Values) -> dict[str, str]:
        """What a row says of them."""
        return {f.name: str(values[f.name] or "") for f in self.fields if f.name in values}

    def new(self, values: Values) -> dict[str, str]:
        """A new record's. Raises Forbidden, Required, NotAValue."""
        return check_new(self.tx, self.ctx, self.form, self.given(values)) if self.fields else {}

    def changes(self, record: Any, values: Values) -> dict[str, str]:
        """What a row says otherwise than the record."""
        if not self.fields:
            return {}
        return {n: v for n, v in self.given(values).items() if v != str(record.custom.get(n, ""))}

    def write(self, record: Any, changes: Values) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
        """What changed in words by label, and what it was. Raises Forbidden, Required, NotAValue."""
        given = self.given(changes)
        return write_custom(self.tx, self.ctx, self.form, record, given) if given else ({}, {})


def own_facts(record: Any) -> dict[str, str]:
    """What a record holds, by the fields' names."""
    return {name: str(value) for name, value in (getattr(record, "custom", None) or {}).items()}


def own_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Of a record's facts those of the company's own fields."""
    return {name: value for name, value in facts.items() if custom_kind(name) is not None}


def put_own_back(tx: Tx, record: Any, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """The own fields as they were."""
    was, now = own_of(before), own_of(after)
    if was != now:
        custom_fields.put_values(tx, record, {name: was.get(name) for name in {*was, *now}})


def own_cells(tx: Tx, form: str, found: Sequence[Any]) -> list[dict[str, str]]:
    """For an export: exact, and such that an import reads the same again; of people with their id."""
    held = (
        [{n: v for n, v in own_facts(r).items() if v} for r in found] if form in CUSTOM_FORMS else [{} for _ in found]
    )
    known = people.plain_names(tx, [v for row in held for n, v in row.items() if custom_kind(n) == "person"])
    return [
        {n: f"{known[v]}({v})" if custom_kind(n) == "person" and v in known else v for n, v in row.items()}
        for row in held
    ]
