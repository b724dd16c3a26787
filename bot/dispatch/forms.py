"""What was filled in: from DingTalk's JSON to Python values, by the form the card shows (platform.md 3.5, 3.7).

The card's own form decides which fields there are and of which kind. A hidden field keeps the card's value,
whatever the client says; a field the card does not show is ignored.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from bot.core.clock import BEIJING
from bot.core.errors import InvalidInput
from bot.dispatch.view import CardForm, FormField, FormValue

SHAPES: Final[Mapping[str, str]] = {
    "number": "要写成数字，例如 12.5",
    "date": "要写成 2026-03-05 这样的日期",
    "time": "要写成 14:30 这样的时间",
    "datetime": "要写成 2026-03-05 14:30 这样的时间",
}


def read_form(form: CardForm, sent: Mapping[str, Any]) -> dict[str, FormValue]:
    """Every field by its name.

    Texts and single choices are "" when empty, multiple choices [], ticks False, the rest None.

    Raises:
        InvalidInput: a value cannot be read, or a required one is missing; the text names the field.
    """
    values: dict[str, FormValue] = {}
    for field in form.fields:
        given = field.value if field.hidden else _given(field, sent)
        values[field.name] = value = _read(field, given)
        if field.required and not field.hidden and value in ("", [], None, False):
            raise InvalidInput(f"还没填「{field.label}」，补上再提交。")
    return values


def filled(form: CardForm, sent: Mapping[str, Any]) -> CardForm:
    """The same form with what was entered, readable or not: nobody types twice."""
    return replace(
        form,
        fields=tuple(f if f.hidden else replace(f, value=_kept(f, _given(f, sent))) for f in form.fields),
    )


def _given(field: FormField, sent: Mapping[str, Any]) -> Any:
    """The value itself: choices come as {"index", "value"}."""
    given = sent.get(field.name)
    if isinstance(given, Mapping) and ("value" in given or "index" in given):
        chosen = given.get("value")
        return _by_index(field, given.get("index")) if chosen in (None, "", []) else chosen
    return given


def _by_index(field: FormField, index: Any) -> Any:
    places = index if isinstance(index, list) else [index]
    found = [field.options[at][0] for at in places if type(at) is int and 0 <= at < len(field.options)]
    return found if isinstance(index, list) else next(iter(found), None)


def _kept(field: FormField, given: Any) -> FormValue:
    try:
        return _read(field, given)
    except InvalidInput:
        return given if isinstance(given, str) else None


def _read(field: FormField, given: Any) -> FormValue:
    match field.kind:
        case "checkbox" | "switch":
            return given is True or given == "true"
        case "multi_select":
            chosen = given if isinstance(given, list) else [given] if given not in (None, "") else []
            return [_option(field, one) for one in chosen]
        case "select":
            return "" if given in (None, "") else _option(field, given)
        case "text" | "text_area":
            lines = given if isinstance(given, list) else [] if given is None else [given]
            return "\n".join(str(line) for line in lines).strip()
        case _:
            return _moment_or_number(field, given)


def _option(field: FormField, given: Any) -> str:
    """By value, or by its words (a choice drawn as a text)."""
    for value, words in field.options:
        if given in (value, words):
            return value
    if not field.options:
        return str(given)
    some = "、".join(words for _, words in field.options[:12])
    raise InvalidInput(f"「{field.label}」没有「{given}」这个选项，可以选：{some}。")


READERS: Final[Mapping[str, Callable[[str], FormValue]]] = {
    "number": lambda text: _finite(Decimal(text.replace(",", ""))),
    "date": lambda text: date.fromisoformat(text.replace("/", "-")),
    "time": time.fromisoformat,
    "datetime": lambda text: datetime.fromisoformat(text.replace("/", "-")).replace(tzinfo=BEIJING),
}


def _moment_or_number(field: FormField, given: Any) -> FormValue:
    if isinstance(given, Decimal | date | time):  # the card's own
        return given
    text = "" if given is None or isinstance(given, bool) else str(given).strip()
    if not text:
        return None
    try:
        return READERS[field.kind](text)
    except (ValueError, InvalidOperation) as wrong:
        raise InvalidInput(f"「{field.label}」{SHAPES[field.kind]}，填的是「{text[:30]}」。") from wrong


def _finite(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise ValueError(number)
    return number


def shown(value: FormValue) -> str | list[str] | bool:
    """As it stands in a form: dates as yyyy-MM-dd, times as HH:mm."""
    match value:
        case None:
            return ""
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case date():
            return value.isoformat()
        case time():
            return f"{value:%H:%M}"
        case Decimal():
            return f"{value:f}"
        case _:
            return value
