"""The buttons, forms and fields of one drawing, as they are met in reading order."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from bot.sandbox.drawing_actions import Action, Button, fingerprint, link_of, read_action, said_by, sent_by
from bot.sandbox.drawing_fields import Field, Form, form_fields
from bot.sandbox.drawing_scope import Scope
from bot.sandbox.drawing_text import object_named
from bot.sandbox.expression_values import truthy
from bot.sandbox.templates import Component, Template

_NO_ACTION: Final = Action("none", {})
LONGEST_LABEL: Final = 24  # characters; longer words are a text that stands above, not a name
_SHARED_IDS: Final = frozenset({"grid", "main"})


class Controls:
    """What can be pressed or filled so far; `blocks` is a tree of plain JSON objects."""

    def __init__(self, template: Template) -> None:
        self._template = template
        self.blocks: list[dict[str, Any]] = []
        self.buttons: list[Button] = []
        self.forms: list[Form] = []
        self.loose: list[Field] = []
        self.title = ""
        self.link: str | None = None
        self._ids: set[str] = set()
        self._target = self.blocks

    def _put(self, block: dict[str, Any]) -> None:
        self._target.append(block)

    put = _put

    def _draw_button(self, props: Mapping[str, Any], text: str, action: Action, place: str, scope: Scope) -> None:
        button = self._press(text, action, place, disabled=is_disabled(props, scope), scope=scope)
        color = scope.text(props.get("color"))
        self._put({"type": "button", "text": text, "button": button.id, "color": color, "disabled": button.disabled})

    def press(self, text: str, props: Mapping[str, Any], own_id: str, scope: Scope) -> None:
        """A button that a built-in painter draws from plain data."""
        self._draw_button(props, text, read_action(props, scope, own_id), own_id, scope)

    def _press(
        self, text: str, action: Action, place: str, *, disabled: bool, scope: Scope, row: str | None = None
    ) -> Button:
        url = link_of(action.props, scope) if action.kind in {"url", "says"} else None
        says = said_by(url) if action.kind == "says" else None
        ids, params = sent_by(action, scope)
        base = (ids[0] if ids else "") or action.fallback_id or place
        if scope.turns or row is not None or base in self._template.repeated_ids or base in _SHARED_IDS:
            base = f"{base}~{fingerprint(place, params or url or says or [turn.index for turn in scope.turns])}"
        unique, count = base, 1
        while unique in self._ids:
            count += 1
            unique = f"{base}#{count}"
        self._ids.add(unique)
        button = Button(
            id=unique,
            text=text,
            row=row or object_named(text),
            disabled=disabled,
            url=None if says is not None else url,
            says=says,
            action_ids=tuple(ids),
            params=params,
            action=action,
        )
        self.buttons.append(button)
        return button

    def _form(self, node: Component, scope: Scope) -> None:
        props = node.props
        fields = form_fields(scope.value(props["formSchema"]), scope)
        own = scope.text(props.get("id")) or "form"
        form = Form(
            id=own,
            fields=fields,
            submit=scope.text(props.get("submitText")) or "提交",
            disabled=is_disabled(props, scope),
            action=read_action({"actionType": "request", **props}, scope, own),
        )
        self.forms.append(form)
        self._put(
            {
                "type": "form", "id": own, "fields": [one.block() for one in fields], "submit": form.submit,
                "disabled": form.disabled,
            }
        )  # fmt: skip

    def _add_field(self, made: Field) -> None:
        taken = {one.name for one in self.loose}
        names = (*made.aliases, made.name)
        name = next(
            (one for one in (made.name, *made.aliases) if one and one not in taken), f"{made.name}~{len(taken)}"
        )
        if name != made.name:
            made = replace(made, name=name, aliases=tuple(one for one in names if one != name))
        if not made.label:
            made = replace(made, label=_words_before(self._target))
        self.loose.append(made)
        self._put(made.block())

    def label_from_neighbours(self, blocks: list[dict[str, Any]]) -> None:
        """Name fields without a label by the words that stand right after them, as beside a tick box."""
        for at, block in enumerate(blocks[:-1]):
            if block["type"] == "field" and not block["label"] and (words := _label(blocks[at + 1])):
                block["label"] = words
                self.loose = [replace(one, label=words) if one.name == block["name"] else one for one in self.loose]

    def label_from_reading_order(self) -> None:
        """Name what is still without a label by the words last read before it, in whatever containers they stand."""
        words = ""
        for leaf in _leaves(self.blocks):
            if leaf["type"] == "field":
                if not leaf["label"] and 0 < len(words) <= LONGEST_LABEL:
                    leaf["label"] = words
                    self.loose = [replace(one, label=words) if one.name == leaf["name"] else one for one in self.loose]
                words = ""
            elif leaf["type"] in {"text", "markdown"}:
                words = _label(leaf) or words  # a lone asterisk belongs to the words before it
            else:
                words = ""

    def gathered_form(self) -> Form | None:
        """Input components that stand alone, as one form: filled in together, sent by the card's own button."""
        if not self.loose:
            return None
        names = {path for one in self.loose if one.action and (path := _local_of(one.action))}
        requests = [button for button in self.buttons if button.action.kind == "request"]
        last = requests[-1] if requests and not names else None
        button = next((one for one in requests if names & _bound(one.action)), last)
        given = _parameter_names(button.action) if button else {}
        fields = tuple(
            replace(one, aliases=tuple(dict.fromkeys((*one.aliases, *given.get(_local_of(one.action) or "", ())))))
            if one.action
            else one
            for one in self.loose
        )
        self.loose = list(fields)
        return Form(
            id=button.id if button else "",
            fields=fields,
            submit=button.text if button else "",
            disabled=button.disabled if button else all(one.read_only for one in fields),
            action=button.action if button else _NO_ACTION,
            loose=True,
            button=button.id if button else "",
        )


def is_disabled(props: Mapping[str, Any], scope: Scope) -> bool:
    """Whether a component is drawn as not to be used now."""
    return scope.text(props.get("status")) in {"disabled", "disable", "loading"} or truthy(
        scope.value(props.get("disabled"))
    )


def _leaves(blocks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for block in blocks:
        if "children" in block:
            yield from _leaves(block["children"])
        else:
            yield block


def _words_before(blocks: list[dict[str, Any]]) -> str:
    return _label(blocks[-1]) if blocks else ""


def _label(block: dict[str, Any]) -> str:
    if block["type"] not in {"text", "markdown"}:
        return ""
    words = str(block.get("plain", block["text"])).strip()
    return words.strip("*：: ") if "\n" not in words else ""


def _local_of(action: Action) -> str:
    target = action.props.get("localVarAction")
    if action.kind != "local" or not isinstance(target, Mapping):
        return ""
    return str(target.get("variable") or "")


def _bound(action: Action) -> set[str]:
    return {name for name in _parameter_names(action) if name}


def _parameter_names(action: Action) -> dict[str, list[str]]:
    """By bound variable: the parameters of a request that carry it."""
    found: dict[str, list[str]] = {}
    rows = action.props.get("params")
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, Mapping) and row.get("type") == "variable" and row.get("name"):
            found.setdefault(str(row.get("variable") or ""), []).append(str(row["name"]))
    return found
