"""Reading DingTalk's answers as they come: numbers and bools as strings, arrays as objects or as JSON text.

Source: platform.md 6.2 (the examples contradict the type column). None means: absent, or unreadable.
"""

import contextlib
from typing import Any

import orjson


def as_text(value: object) -> str | None:
    """A string; numbers become one."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return str(value)


def as_int(value: object) -> int | None:
    """A whole number, also from "12" or 12.0."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            return int(value.strip())
    return None


def as_bool(value: object) -> bool | None:
    """A truth value, also from "true", "False", "1" or 0."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value != 0
    if isinstance(value, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(value.strip().lower())
    return None


def as_list(value: object) -> list[Any] | None:
    """An array: also from JSON text, from one object, and from `a,b`; an empty string is an empty array."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [value] if value else []
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return []
        if text[0] in "[{":
            with contextlib.suppress(orjson.JSONDecodeError):
                return as_list(orjson.loads(text))
            return None
        return [part.strip() for part in text.split(",") if part.strip()]
    if isinstance(value, int) and not isinstance(value, bool):
        return [value]
    return None


def as_dict(value: object) -> dict[str, Any] | None:
    """An object, also from JSON text."""
    if isinstance(value, str) and value.strip():
        with contextlib.suppress(orjson.JSONDecodeError):
            value = orjson.loads(value)
    return value if isinstance(value, dict) else None


def texts(value: object) -> tuple[str, ...]:
    """The strings of an array; whatever is none is left out."""
    return tuple(text for item in as_list(value) or () if (text := as_text(item)))


def ints(value: object) -> tuple[int, ...]:
    """The whole numbers of an array; whatever is none is left out."""
    return tuple(number for item in as_list(value) or () if (number := as_int(item)) is not None)


def dicts(value: object) -> tuple[dict[str, Any], ...]:
    """The objects of an array; whatever is none is left out."""
    return tuple(item for item in as_list(value) or () if isinstance(item, dict))
