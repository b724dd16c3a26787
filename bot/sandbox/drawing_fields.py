"""Fields to fill: those of a form variable and the single input components (platform.md sections 3.5, 3.7)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.sandbox.drawing_actions import Action
from bot.sandbox.drawing_scope import Scope
from bot.sandbox.expression_values import Value, as_text, number, same

FORM_TYPES: Final = {
    "TEXT": "text",
    "TEXT_AREA": "text_area",
    "TEXT_ARRAY": "text_area",
    "NUMBER": "number",
    "DATE": "date",
    "TIME": "time",
    "DATETIME": "datetime",
    "SELECT": "select",
    "MULTI_SELECT": "multi_select",
    "CHECKBOX_GROUP": "select",
    "MULTI_CHECKBOX_GROUP": "multi_select",
    "CHECKBOX": "checkbox",
    "SWITCH": "switch",
}
_NOTHING: Final[tuple[Any, ...]] = (None, "", [], {})


class FieldError(ValueError):
    """A value that this field cannot take; the message is for the caller of the control plane."""


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to fill. `wire` is the shape in which its value is sent: raw | choice | choices | lines.

    `options` are (value, text) pairs. `action` is what a change does at once (single components only).
    """

    name: str
    label: str
    type: str
    required: bool = False
    required_text: str = ""
    value: Value = None
    placeholder: str | None = None
    options: tuple[tuple[Value, str], ...] | None = None
    hidden: bool = False
    read_only: bool = False
    wire: str = "raw"
    listed: bool = False
    label_drawn: bool = True
    aliases: tuple[str, ...] = ()
    action: Action | None = None
    component: str = ""

    def public(self) -> dict[str, Any]:
        """The contract's object (sandbox-api.md, Cards)."""
        return {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "required": self.required,
            "value": self.value,
            "placeholder": self.placeholder,
            "options": None
            if self.options is None
            else [{"value": value, "text": text} for value, text in self.options],
            "hidden": self.hidden,
            "read_only": self.read_only,
        }

    def block(self) -> dict[str, Any]:
        """The field for the page and for the plain text."""
        chosen = self.chosen(self.value) if self.options else []
        options = [
            {"value": value, "text": text, "chosen": at in chosen}
            for at, (value, text) in enumerate(self.options or ())
        ]
        return {
            **self.public(),
            "options": options or None,
            "type": "field",
            "input": self.type,
            "display": self.display(),
            "label_drawn": self.label_drawn,
            "choices_shown": self.listed,
        }

    def display(self) -> str:
        """The present value as a reader sees it."""
        if self.type in {"checkbox", "switch"}:
            return ("☑" if self.value is True else "☐") if self.type == "checkbox" else "开" if self.value else "关"
        if self.options is not None and self.wire != "lines":
            chosen = self.chosen(self.value)
            return "、".join(self.options[at][1] for at in chosen)
        if isinstance(self.value, list):
            return "、".join(as_text(one) for one in self.value)
        return as_text(self.value)

    def chosen(self, given: Value) -> list[int]:
        """The indexes of the options that a value in any of its shapes names; unknown ones are left out."""
        if isinstance(given, Mapping):
            given = given.get("index") if given.get("index") not in _NOTHING else given.get("value")
            wanted = given if isinstance(given, list) else [given]
            return [at for at in wanted if isinstance(at, int) and 0 <= at < len(self.options or ())] or [
                at for one in wanted if (at := self._index(one)) is not None
            ]
        wanted = given if isinstance(given, list) else [] if given in _NOTHING else [given]
        return [at for one in wanted if (at := self._index(one)) is not None]

    def _index(self, given: Value) -> int | None:
        options = self.options or ()
        for at, (value, _) in enumerate(options):
            if same(value, given) and given is not None:
                return at
        return next((at for at, (_, text) in enumerate(options) if text == given), None)

    def sent(self, given: Value) -> Value:
        """The value as the client sends it; None for an empty one.

        Raises:
            FieldError: no such option, no number, no date.
        """
        if self.type in {"checkbox", "switch"}:
            if given is None:
                return None
            if not isinstance(given, bool):
                raise FieldError(f"{self.name} takes true or false")
            return given
        if given in _NOTHING:
            return None
        if self.wire in {"choice", "choices", "value", "values"}:
            return self._choice(given)
        if self.wire == "lines":
            lines = given if isinstance(given, list) else as_text(given).splitlines()
            return [as_text(line) for line in lines]
        if self.type == "number":
            if number(given) is None:
                raise FieldError(f"{self.name} takes a number, not {given!r}")
            return given
        if isinstance(given, (list, Mapping)):
            raise FieldError(f"{self.name} takes a text")
        return as_text(given)

    def _choice(self, given: Value) -> Value:
        asked = given.get("value", given.get("index")) if isinstance(given, Mapping) else given
        count = len(asked) if isinstance(asked, list) else 1
        found = self.chosen(given)
        if len(found) != count:
            raise FieldError(f"{self.name} has no option {given!r}")
        options = self.options or ()
        if self.wire == "choices":
            return {"index": found, "value": [options[at][0] for at in found]}
        if self.wire == "values":
            return [options[at][0] for at in found]
        if len(found) != 1:
            raise FieldError(f"{self.name} takes one option")
        return {"index": found[0], "value": options[found[0]][0]} if self.wire == "choice" else options[found[0]][0]


@dataclass(frozen=True, slots=True)
class Form:
    """A form component as drawn, with what submitting it sends."""

    id: str
    fields: tuple[Field, ...]
    submit: str
    disabled: bool
    action: Action
    loose: bool = False
    button: str = ""

    def public(self) -> dict[str, Any]:
        """The contract's object."""
        return {
            "fields": [one.public() for one in self.fields],
            "submit": self.submit,
            "disabled": self.disabled,
        }


def form_fields(schema: Value, scope: Scope) -> tuple[Field, ...]:
    """The fields of a form variable; a field of a type unknown to the client is a text."""
    rows = schema.get("fields") if isinstance(schema, Mapping) else schema
    found: list[Field] = []
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, Mapping) or not isinstance(row.get("name"), str):
            scope.warn("form: a field without a name is not drawn")
            continue
        found.append(_form_field(row, scope))
    return tuple(found)


def _form_field(row: Mapping[str, Any], scope: Scope) -> Field:
    kind = str(row.get("type") or "TEXT").upper()
    if kind not in FORM_TYPES:
        scope.warn(f"form: field {row['name']} has the unknown type {kind}, drawn as a text")
    wires = {
        "SELECT": "choice",
        "MULTI_SELECT": "choices",
        "CHECKBOX_GROUP": "value",
        "MULTI_CHECKBOX_GROUP": "values",
        "TEXT_ARRAY": "lines",
    }
    label = as_text(row.get("label"))
    options = read_options(row.get("options"), scope) if kind in wires and kind != "TEXT_ARRAY" else None
    made = Field(
        name=row["name"],
        label=label,
        type=FORM_TYPES.get(kind, "text"),
        required=row.get("required") is True,
        required_text=as_text(row.get("requiredMsg")) or f"{label}是必填项",
        value=row.get("defaultValue", row.get("defautValue")),
        placeholder=as_text(row.get("placeholder")) or None,
        options=options,
        hidden=row.get("hidden") is True,
        read_only=row.get("readOnly") is True,
        wire=wires.get(kind, "raw"),
        listed=kind in {"CHECKBOX_GROUP", "MULTI_CHECKBOX_GROUP"},
    )
    return _settled(made, scope)


def _settled(made: Field, scope: Scope) -> Field:
    """The field with its default in the shape it is sent in; a default that does not fit has no effect."""
    try:
        value = made.sent(made.value)
    except FieldError as error:
        scope.warn(f"form: the default of {error}")
        value = None
    return replace(made, value=value)


def read_options(dynamic: Any, scope: Scope) -> tuple[tuple[Value, str], ...]:
    """Option lists in all their shapes: fixed or bound, with `text` or `label`, by language or not."""
    rows = scope.value(dynamic) if isinstance(dynamic, Mapping) else dynamic
    found: list[tuple[Value, str]] = []
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, Mapping):
            text = next((scope.text(row[key]) for key in ("text", "label", "name", "title") if row.get(key)), "")
            value = scope.value(row.get("value"))
            found.append((text if value is None else value, text or as_text(value)))
        else:
            found.append((row, as_text(row)))
    return tuple(found)
