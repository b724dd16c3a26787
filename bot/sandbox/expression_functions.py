"""The function library of the card builder's expressions; names are matched without case."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from bot.sandbox.expression_values import Value, as_text, element, number, order, plain, same, truthy

_SHANGHAI: Final = timezone(timedelta(hours=8))


def _length(value: Value = None) -> int:
    return len(value) if isinstance(value, (str, Sequence, Mapping)) else len(as_text(value))


def _contains(holder: Value, part: Value) -> bool:
    if isinstance(holder, list):
        return any(same(one, part) for one in holder)
    return as_text(part) in as_text(holder)


def _date_format(moment: Value, pattern: Value = "yyyy-MM-dd HH:mm") -> str:
    """A moment in milliseconds (or seconds) since 1970 in a Java-style pattern, Chinese time."""
    stamp = number(moment)
    if stamp is None:
        return as_text(moment)
    seconds = stamp / 1000 if stamp > 10_000_000_000 else stamp
    when = datetime.fromtimestamp(seconds, UTC).astimezone(_SHANGHAI)
    text = as_text(pattern)
    for mark, code in (("yyyy", "%Y"), ("MM", "%m"), ("dd", "%d"), ("HH", "%H"), ("mm", "%M"), ("ss", "%S")):
        text = text.replace(mark, when.strftime(code))
    return text


def _round(value: Value, digits: Value = 0) -> Value:
    exact = round(float(number(value) or 0), int(number(digits) or 0))
    return plain(exact)


def _numbers(values: tuple[Value, ...]) -> list[float | int]:
    flat = values[0] if len(values) == 1 and isinstance(values[0], list) else values
    return [found for one in flat if (found := number(one)) is not None]


FUNCTIONS: Final[dict[str, Callable[..., Value]]] = {
    "tostr": lambda value=None: as_text(value),
    "tostring": lambda value=None: as_text(value),
    "tonumber": number,
    "tolong": lambda value=None: int(number(value) or 0),
    "toint": lambda value=None: int(number(value) or 0),
    "tofloat": lambda value=None: float(number(value) or 0),
    "tobool": truthy,
    "toboolean": truthy,
    "len": _length,
    "length": _length,
    "size": _length,
    "arraylen": _length,
    "arraylength": _length,
    "concat": lambda *parts: "".join(as_text(part) for part in parts),
    "arrayjoin": lambda parts=None, mark=",": as_text(mark).join(as_text(part) for part in parts or []),
    "arrayget": element,
    "arrayslice": lambda parts, start=0, end=None: list(parts or [])[int(start) : end],
    "arraycontains": _contains,
    "arrayconcat": lambda *lists: [part for one in lists for part in one or []],
    "contains": _contains,
    "includes": _contains,
    "get": element,
    "objectget": element,
    "dictget": element,
    "substr": lambda text, start=0, end=None: as_text(text)[int(start) : None if end is None else int(end)],
    "substring": lambda text, start=0, end=None: as_text(text)[int(start) : None if end is None else int(end)],
    "indexof": lambda text, part: as_text(text).find(as_text(part)),
    "replace": lambda text, old, new="": as_text(text).replace(as_text(old), as_text(new)),
    "split": lambda text, mark=",": as_text(text).split(as_text(mark)),
    "trim": lambda text="": as_text(text).strip(),
    "uppercase": lambda text="": as_text(text).upper(),
    "toupper": lambda text="": as_text(text).upper(),
    "lowercase": lambda text="": as_text(text).lower(),
    "tolower": lambda text="": as_text(text).lower(),
    "startswith": lambda text, part: as_text(text).startswith(as_text(part)),
    "endswith": lambda text, part: as_text(text).endswith(as_text(part)),
    "abs": lambda value: abs(number(value) or 0),
    "round": _round,
    "tofixed": lambda value, digits=0: f"{float(number(value) or 0):.{int(number(digits) or 0)}f}",
    "floor": lambda value: int((number(value) or 0) // 1),
    "ceil": lambda value: -int(-(number(value) or 0) // 1),
    "max": lambda *values: max(_numbers(values), default=None),
    "min": lambda *values: min(_numbers(values), default=None),
    "sum": lambda *values: sum(_numbers(values)),
    "if": lambda condition, left=None, right=None: left if truthy(condition) else right,
    "triple": lambda condition, left=None, right=None: left if truthy(condition) else right,
    "and": lambda *values: all(truthy(value) for value in values),
    "or": lambda *values: any(truthy(value) for value in values),
    "not": lambda value=None: not truthy(value),
    "equal": same,
    "notequal": lambda left=None, right=None: not same(left, right),
    "greater": lambda left, right: order(left, right, ">"),
    "greaterequal": lambda left, right: order(left, right, ">="),
    "less": lambda left, right: order(left, right, "<"),
    "lessequal": lambda left, right: order(left, right, "<="),
    "isempty": lambda value=None: value in (None, "", [], {}),
    "isnotempty": lambda value=None: value not in (None, "", [], {}),
    "dateformat": _date_format,
    "formatdate": _date_format,
    "timeformat": _date_format,
}
