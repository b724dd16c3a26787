"""How a card's client reads, compares and writes single values."""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

Value: TypeAlias = Any
"""A JSON value, or None for something undefined."""

_PATH_STEP: Final = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")


def walk(value: Value, path: str) -> Value:
    """Follow `.a.b[0]` into a JSON value; None as soon as a step is missing."""
    for name, index in _PATH_STEP.findall(path):
        if index:
            number = int(index)
            value = value[number] if isinstance(value, list) and number < len(value) else None
        elif isinstance(value, Mapping):
            value = value.get(name)
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def truthy(value: Value) -> bool:
    """How the client reads a value as a condition: the text "false" and empty things are false."""
    if isinstance(value, str):
        return value not in {"", "false"}
    return bool(value)


def as_text(value: Value) -> str:
    """How the client draws a value inside a text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, Mapping):
        chosen = localized(value)
        return chosen if isinstance(chosen, str) else ""
    if isinstance(value, list):
        return ",".join(as_text(part) for part in value)
    return str(value)


def localized(value: Mapping[str, Value]) -> Value:
    """The Simplified Chinese part of a by-language object; the first part when there is none."""
    for key in ("zh_Hans", "zh_CN", "zh-CN", "ZH_CN"):
        if value.get(key) not in (None, ""):
            return value[key]
    if "defaultLang" in value and isinstance(value.get("content"), Mapping):
        return localized(value["content"])
    if value and all(re.fullmatch(r"[a-zA-Z]{2}[_-][A-Za-z]{2,4}", key) for key in value):
        return next(iter(value.values()))
    return None


def number(value: Value) -> float | int | None:
    """The value as a number, None when it is not one."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            try:
                return float(value)
            except ValueError:
                return None
    return None


def same(left: Value, right: Value) -> bool:
    """Equality as the compiled widget has it: both sides as text."""
    return as_text(left) == as_text(right)


def order(left: Value, right: Value, op: str) -> bool:
    """Compare two values by size: as numbers when both are, otherwise as texts."""
    first, second = number(left), number(right)
    if first is None or second is None:
        pair: tuple[Any, Any] = (as_text(left), as_text(right))
    else:
        pair = (first, second)
    if op == "<":
        return bool(pair[0] < pair[1])
    if op == "<=":
        return bool(pair[0] <= pair[1])
    if op == ">":
        return bool(pair[0] > pair[1])
    return bool(pair[0] >= pair[1])


def arithmetic(op: str, left: Value, right: Value) -> Value:
    """Apply `+ - * / %`; `+` joins texts, a division by zero is undefined."""
    first = number(left) if not isinstance(left, str) else None
    second = number(right) if not isinstance(right, str) else None
    if op == "+" and (first is None or second is None):
        return as_text(left) + as_text(right)
    first = number(left) or 0 if first is None else first
    second = number(right) or 0 if second is None else second
    if op == "+":
        return first + second
    if op == "-":
        return first - second
    if op == "*":
        return first * second
    if second == 0:
        return None
    return first % second if op == "%" else plain(first / second)


def plain(value: float) -> float | int:
    """A whole float as an int, so that it is drawn without a fraction."""
    return int(value) if value.is_integer() else value


def element(value: Value, key: Value) -> Value:
    """One element of an object, list or text; None when there is none."""
    if isinstance(value, Mapping):
        return value.get(as_text(key))
    position = number(key)
    if isinstance(value, (list, str)) and key == "length":
        return len(value)
    if isinstance(value, (list, str)) and isinstance(position, int) and -len(value) <= position < len(value):
        return value[position]
    return None
