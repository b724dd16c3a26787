"""How a view is drawn: by our own template, by the SDK's public one, or as words where there is none (house 0.7).

Own template: `cards.template`; its buttons carry action and ids in their params. Public template: platform.md
3.9 (a); its buttons carry verb and ids in their id.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import orjson

from bot.core.markup import escape, inert
from bot.dispatch.forms import shown
from bot.dispatch.view import CardButton, CardForm, CardRow, CardView, FormField
from cards.template import BODIES, BUTTONS, FIELDS, ROWS

VALUE_BYTES: Final = 1024  # of one variable (platform.md 3.3)
PUBLIC_TEMPLATE = "382e4302-551d-4880-bf29-a30acfab2e71.schema"
WORDS: Final = "none"  # what a card that went as words notes as its template
BREAK = "  \n"  # a line break of DingTalk's markdown
COLOURS = {"primary": "blue", "normal": "gray", "danger": "red"}
TAG_COLOURS = {"✓": "green", "✗": "red"}
SIDE_CHARS = 4  # a row's only button stands beside it if its words are this short
FORM_TYPES: Final[Mapping[str, str]] = {
    "text": "TEXT", "text_area": "TEXT_AREA", "number": "NUMBER", "date": "DATE", "time": "TIME",
    "datetime": "DATETIME", "select": "SELECT", "multi_select": "MULTI_SELECT", "checkbox": "CHECKBOX",
    "switch": "SWITCH",
}  # fmt: skip


class TemplateRenderer(Protocol):
    """What draws for one template."""

    template_id: str
    note_variable: str
    note_private: bool

    def variables(self, view: CardView) -> dict[str, str]:
        """For all who hold the card."""
        ...

    def private(self, view: CardView) -> dict[str, str]:
        """For one person alone."""
        ...

    def words(self, view: CardView) -> tuple[str, str]:
        """Without the template."""
        ...


def renderer_of(template_id: str) -> TemplateRenderer:
    """Who draws the cards of that template; empty: cards from before templates were noted, which are public ones."""
    if template_id == WORDS:
        return WordsRenderer()
    return PublicTemplateRenderer() if template_id in ("", PUBLIC_TEMPLATE) else OwnTemplateRenderer(template_id)


class OwnTemplateRenderer:
    """The template we ship, imported into the firm's app."""

    note_variable = "note"
    note_private = True

    def __init__(self, template_id: str) -> None:
        self.template_id = template_id

    def variables(self, view: CardView) -> dict[str, str]:
        """Every public variable, also the empty ones: an update leaves nothing of what was there before."""
        return {
            "lastMessage": escape(view.title),
            "title": escape(view.title),
            "tags": _json([{"text": tag, "color": TAG_COLOURS.get(tag[:1], "blue")} for tag in view.tags]),
            **_texts(BODIES, view.body),
            **_lists(FIELDS, [{"name": name, "value": value} for name, value in view.fields]),
            **_lists(ROWS, [drawn for row in view.rows for drawn in _rows(row)]),
            **_lists(BUTTONS, [_bound(button) for button in view.buttons]),
            "footer": "\n".join(line for line in (view.footer, _instead(view.form)) if line),
        }

    def private(self, view: CardView) -> dict[str, str]:
        """The note and the form, as in the builder's own form example."""
        return {"note": BREAK.join(view.note.split("\n")), **_form(view.form)}

    def words(self, view: CardView) -> tuple[str, str]:
        """For the day the template is refused."""
        return words_of(view)


class PublicTemplateRenderer:
    """Zero set-up: the template every app may use."""

    template_id = PUBLIC_TEMPLATE
    note_variable = "staticMsgContent"
    note_private = False

    def variables(self, view: CardView) -> dict[str, str]:
        """Strings only; the order names the blocks that are shown."""
        buttons = [_button(b) for b in all_buttons(view)]
        order = ["msgTitle", "msgContent", "staticMsgContent", "msgButtons"]
        return {
            "flowStatus": "3",
            "msgTitle": escape(view.title),
            "msgContent": body_markdown(view),
            "staticMsgContent": inert(view.note),
            "sys_full_json_obj": orjson.dumps({"order": order, "msgButtons": buttons}).decode(),
        }

    def private(self, view: CardView) -> dict[str, str]:  # noqa: ARG002 -- it has no private variables
        """Nothing."""
        return {}

    def words(self, view: CardView) -> tuple[str, str]:
        """For the day the template is refused."""
        return words_of(view)


class WordsRenderer:
    """No template: a message with typed replies."""

    template_id = ""
    note_variable = ""
    note_private = False

    def variables(self, view: CardView) -> dict[str, str]:  # noqa: ARG002 -- no template, no variables
        """Nothing to update."""
        return {}

    def private(self, view: CardView) -> dict[str, str]:  # noqa: ARG002
        """Nothing either."""
        return {}

    def words(self, view: CardView) -> tuple[str, str]:
        """Title and markdown."""
        return words_of(view)


def _button(button: CardButton) -> dict[str, object]:
    drawn: dict[str, object] = {
        "text": button.text,
        "color": COLOURS[button.style],
        "id": button.button.encode() if button.button is not None else "none",
        "request": button.button is not None and not button.disabled,
    }
    if button.disabled:
        drawn["status"] = "disabled"
    return drawn


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _lists(names: Sequence[str], items: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The items in order, as many in each variable as it may hold; the last one takes the rest."""
    held: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    at = 0
    for item in items:
        here = held[names[at]]
        if here and at + 1 < len(names) and len(_json([*here, item]).encode()) > VALUE_BYTES:
            at += 1
            here = held[names[at]]
        here.append(item)
    return {name: _json(some) for name, some in held.items()}


def _texts(names: Sequence[str], text: str) -> dict[str, str]:
    """The lines in order, as many in each variable as it may hold; the last one takes the rest."""
    held = dict.fromkeys(names, "")
    at = 0
    for line in [piece for part in text.split("\n") for piece in _pieces(part)]:
        longer = BREAK.join([held[names[at]], line]) if held[names[at]] else line
        if held[names[at]] and at + 1 < len(names) and len(longer.encode()) > VALUE_BYTES:
            at += 1
            longer = line
        held[names[at]] = longer
    return held


def _pieces(line: str) -> list[str]:
    """The line, cut where it alone would fill more than a variable (a character has at most 4 bytes)."""
    size = VALUE_BYTES // 4 - 6
    return [line[at : at + size] for at in range(0, len(line), size)] or [line]


def _bound(button: CardButton, text: str = "") -> dict[str, Any]:
    ids = button.button.params() if button.button is not None else {}
    return {
        "text": text or button.text, "color": COLOURS[button.style],
        "status": "normal" if ids and not button.disabled else "disabled",
        "action": ids.pop("action", ""), "ids": ids,
    }  # fmt: skip


def _rows(row: CardRow) -> list[dict[str, Any]]:
    """What a row says and does. Its buttons need not name the object again; a lone line is no heading."""
    buttons = [_bound(b, b.text.removesuffix(row.title).strip()) for b in row.buttons]
    if not (row.detail or row.state or buttons):
        return [{"line": piece} for piece in _pieces(row.title)]
    drawn: dict[str, Any] = {"title": row.title, "detail": row.detail, "state": row.state}
    beside = len(buttons) == 1 and len(buttons[0]["text"]) <= SIDE_CHARS
    drawn["side" if beside else "below"] = buttons
    return [{name: value for name, value in drawn.items() if value}]


def _form(form: CardForm | None) -> dict[str, str]:
    if form is None:
        return {
            "form": _json({"fields": []}), "form_status": "disabled", "form_btn_text": "", "form_shown": "no",
            "form_action": "", "form_ids": "{}",
        }  # fmt: skip
    ids = form.button.params()
    return {
        "form": _fitting(form.fields),
        "form_status": "disabled" if form.disabled else "normal",
        "form_btn_text": form.submit,
        "form_shown": "yes",
        "form_action": ids.pop("action"),
        "form_ids": _json(ids),
    }


def _instead(form: CardForm | None) -> str:
    return f"也可以直接回复，例如：{form.typed}" if form is not None and form.typed and not form.disabled else ""


def _fitting(fields: Sequence[FormField]) -> str:
    """The form variable. While it is too long, what is minor and empty is left out, then the longest choice that may
    stay empty becomes a text to write, then a minor choice and the last field that may stay empty are left out: a
    sentence says it as well.
    """
    written: set[str] = set()
    fields = list(fields)
    while True:
        drawn = _json({"fields": [_field(field, written=field.name in written) for field in fields]})
        spare = [f for f in fields if not (f.required or f.hidden) and f.value in (None, "", [])]
        lists = [f for f in fields if f.kind == "select" and not (f.required or f.minor) and f.name not in written]
        minor = [f for f in spare if f.minor and f.kind != "select"]
        last = [f for f in fields if f.minor and f.kind == "select"] or spare
        if len(drawn.encode()) <= VALUE_BYTES or not (lists or minor or last):
            return drawn
        if lists and not minor:
            written.add(max(lists, key=lambda f: len(_json(f.options))).name)
        else:
            fields.remove((minor or last)[-1])


def _field(field: FormField, *, written: bool) -> dict[str, Any]:
    drawn: dict[str, Any] = {"name": field.name, "label": field.label, "type": FORM_TYPES[field.kind]}
    value = shown(field.value) if field.value is not None else None
    if field.hidden:
        drawn["hidden"] = True
    if field.required:
        drawn["required"] = True
    if written:
        drawn["type"] = "TEXT"
        value = next((words for known, words in field.options if known == value), value)
        hint = "、".join(words for _, words in field.options[:3])
        drawn["placeholder"] = f"{hint}…" if len(field.options) > 3 else hint
    elif field.options:
        drawn["options"] = [{"value": known, "text": words} for known, words in field.options]
    chosen: object = _chosen(field, value) if field.options and not written else value
    if chosen not in (None, "", []):
        drawn["defaultValue"] = chosen
    elif field.placeholder:
        drawn["placeholder"] = field.placeholder
    return drawn


def _chosen(field: FormField, value: object) -> dict[str, Any] | None:
    """A choice as the form component wants it: by index and value."""
    places = {known: at for at, (known, _) in enumerate(field.options)}
    if isinstance(value, list):
        known = [one for one in value if one in places]
        return {"index": [places[one] for one in known], "value": known} if known else None
    return {"index": places[value], "value": value} if isinstance(value, str) and value in places else None


def all_buttons(view: CardView) -> list[CardButton]:
    """The rows' buttons in order, then the card's own."""
    return [b for row in view.rows for b in row.buttons] + list(view.buttons)


def body_markdown(view: CardView) -> str:
    """Everything between title and buttons."""
    lines: list[str] = []
    if view.tags:
        lines.append(" · ".join(view.tags))
    if view.body:
        lines += view.body.split("\n")
    lines += [f"{name}：{value}" for name, value in view.fields]
    for number, row in enumerate(view.rows, start=1):
        lines.append(f"**{number} {row.title}**")
        lines += [part for part in (row.detail, row.state) if part]
    if view.footer:
        lines.append(view.footer)
    if view.form is not None and not view.form.disabled:
        lines += form_lines(view.form)
    return BREAK.join(lines)


def form_lines(form: CardForm) -> list[str]:
    """A form where none can be drawn: what is known, what is open, and the sentence that fills it."""
    asked = [field for field in form.fields if not field.hidden]
    known = [f"{f.label}：{_said(f)}" for f in asked if f.value not in (None, "", [])]
    still = [_asked(f) for f in asked if f.value in (None, "", [])]
    lines = known + ([f"要填的：{'、'.join(still)}"] if still else [])
    return [*lines, f"直接回复就行，例如：{form.typed}"] if form.typed else lines


def _said(field: FormField) -> str:
    value = shown(field.value)
    if isinstance(value, bool):
        return "是" if value else "否"
    words = dict(field.options)
    return escape("、".join(words.get(v, v) for v in (value if isinstance(value, list) else [value])))


def _asked(field: FormField) -> str:
    options = "/".join(words for _, words in field.options[:8]) + ("…" if len(field.options) > 8 else "")
    notes = [n for n in ("必填" if field.required else "", options) if n]
    return f"{field.label}（{'，'.join(notes)}）" if notes else field.label


def words_of(view: CardView) -> tuple[str, str]:
    """Title and text; each button by what can be typed instead."""
    lines = [f"**{escape(view.title)}**", body_markdown(view)]
    if view.note:
        lines.append(inert(view.note))
    typed = [escape(b.typed) for b in all_buttons(view) if b.typed and not b.disabled]
    if typed:
        lines.append("可以回复：" + " · ".join(f"「{t}」" for t in typed))
    return view.title, BREAK.join(line for line in lines if line)
