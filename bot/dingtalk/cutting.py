"""Cutting texts to DingTalk's limits, between characters and never inside one."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

ELLIPSIS = "…"
_JOINERS = "\u200d\ufe0e\ufe0f"  # dangling halves of an emoji


def cut_chars(text: str, limit: int) -> str:
    """`text`, or its beginning and an ellipsis, in at most `limit` characters."""
    if len(text) <= limit:
        return text
    return _clean(text[: max(limit - 1, 0)]) + ELLIPSIS if limit > 0 else ""


def cut_bytes(text: str, limit: int) -> str:
    """`text`, or its beginning and an ellipsis, in at most `limit` bytes of UTF-8."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= limit:
        return raw.decode()
    room = limit - len(ELLIPSIS.encode())
    return _clean(raw[:room].decode("utf-8", "ignore")) + ELLIPSIS if room >= 0 else ""


def json_bytes(value: Mapping[str, Any]) -> int:
    """Size as JSON in UTF-8, counted with a space after each comma and colon, as some readers write it."""
    compact = orjson.dumps(value)
    return len(compact) + _separators(value)


def fit(build: Callable[[str], dict[str, Any]], text: str, limit: int) -> dict[str, Any]:
    """`build(text)` with `text` cut until the whole is at most `limit` bytes.

    Raises:
        ValueError: even without the text it is too long.
    """
    whole = build(text)
    if json_bytes(whole) <= limit:
        return whole
    low, high = 0, len(text)
    best = build("")
    if json_bytes(best) > limit:
        raise ValueError(f"more than {limit} bytes without its text")
    while low < high:
        middle = (low + high + 1) // 2
        tried = build(cut_chars(text, middle))
        if json_bytes(tried) <= limit:
            low, best = middle, tried
        else:
            high = middle - 1
    return best


def _separators(value: object) -> int:
    if isinstance(value, Mapping):
        count = len(value)
        return count + max(count - 1, 0) + sum(_separators(item) for item in value.values())
    if isinstance(value, list | tuple):
        return max(len(value) - 1, 0) + sum(_separators(item) for item in value)
    return 0


def _clean(beginning: str) -> str:
    return beginning.rstrip().rstrip(_JOINERS)
