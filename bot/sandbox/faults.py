"""Injected faults: on platform requests and on pushes (contract, section "Frames, calls, faults")."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from bot.sandbox.errors import bad

REQUEST_ACTIONS = {"status", "body", "headers", "delay_ms", "hang", "reset", "html", "after"}
PUSH_ACTIONS = {"drop_ack", "redeliver"}
PUSHES = ("bot", "card", "event")


@dataclass(slots=True)
class Fault:
    """One fault with the times it still strikes (None: until it is deleted)."""

    do: dict[str, Any]
    times: int | None
    path: str = ""
    method: str = "*"
    match: dict[str, Any] | None = None
    push: str = ""


@dataclass(frozen=True, slots=True)
class PushFault:
    """What happens to one push: its answer is not heard, or the frame comes once more."""

    drop_ack: bool = False
    redeliver_after: float | None = None  # seconds
    same_message_id: bool = False


class Faults:
    """Those that are set now; of several that fit, the one set first strikes."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, row: dict[str, Any]) -> None:
        """Takes a `POST /faults` body. Raises ControlError 400 for what cannot be read."""
        do = row.get("do")
        if do is None and "redeliver" in row:
            do = {"redeliver": row["redeliver"]}
        if not isinstance(do, dict) or not do:
            raise bad("do is missing")
        path, push, times, match = row.get("path"), row.get("push"), row.get("times"), row.get("match")
        if times is not None and (not isinstance(times, int) or isinstance(times, bool) or times < 1):
            raise bad("times: a whole number from 1, or nothing (until deleted)")
        if push is not None:
            if push not in PUSHES:
                raise bad(f"push: one of {', '.join(PUSHES)}")
            _check(do, PUSH_ACTIONS)
            _push_fault(do)
        elif isinstance(path, str) and path.startswith("/"):
            _check(do, REQUEST_ACTIONS)
            _check_request(do)
        else:
            raise bad("path (beginning with /) or push is missing")
        if match is not None and not isinstance(match, dict):
            raise bad("match: an object of names and values")
        method = str(row.get("method") or "*").upper()
        self._faults.append(Fault(do, times, path or "", method, match, push or ""))

    def clear(self) -> None:
        """None any more."""
        self._faults.clear()

    def listed(self) -> list[dict[str, Any]]:
        """What is set now, with the times left."""
        return [
            {"push": f.push, "times": f.times, "do": f.do}
            if f.push
            else {"path": f.path, "method": f.method, "match": f.match, "times": f.times, "do": f.do}
            for f in self._faults
        ]

    def for_request(self, method: str, path: str, query: Mapping[str, str], body: Any) -> dict[str, Any] | None:
        """What is to be done to this request; counts as one strike."""
        for fault in self._faults:
            if fault.push or not path.startswith(fault.path) or fault.method not in ("*", method):
                continue
            if fault.match is None or _matches(fault.match, query, body):
                return self._use(fault)
        return None

    def for_push(self, kind: str) -> PushFault | None:
        """What is to be done to this push; counts as one strike."""
        for fault in self._faults:
            if fault.push == kind:
                return _push_fault(self._use(fault))
        return None

    def _use(self, fault: Fault) -> dict[str, Any]:
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self._faults.remove(fault)
        return fault.do


def _check(do: dict[str, Any], known: set[str]) -> None:
    if unknown := set(do) - known:
        raise bad(f"do: {sorted(unknown)} unknown here; known: {sorted(known)}")


def _check_request(do: dict[str, Any]) -> None:
    status = do.get("status", 200)
    if not isinstance(status, int) or not 100 <= status <= 599:
        raise bad("do.status: 100 to 599")
    if do.get("after") and not {"status", "body", "hang", "reset", "html"} & set(do):
        raise bad("do.after needs hang, reset, html, status or body beside it")
    delay = do.get("delay_ms", 0)
    if not isinstance(delay, int | float) or delay < 0:
        raise bad("do.delay_ms: a number from 0")


def _push_fault(do: dict[str, Any]) -> PushFault:
    again = do.get("redeliver")
    if again is None:
        return PushFault(drop_ack=bool(do.get("drop_ack")))
    if not isinstance(again, dict) or not isinstance(again.get("after_ms", 0), int | float):
        raise bad('redeliver: {"after_ms": 200, "same_message_id": false}')
    return PushFault(bool(do.get("drop_ack")), again.get("after_ms", 0) / 1000, bool(again.get("same_message_id")))


def _matches(wanted: dict[str, Any], query: Mapping[str, str], body: Any) -> bool:
    return all(
        any(_same(value, found) for found in ([query[key]] if key in query else _found(key, body)))
        for key, value in wanted.items()
    )


def _found(key: str, body: Any) -> Iterator[Any]:
    """Every value of that name in the body, at any depth; JSON texts (msgParam, msg) are looked into."""
    if isinstance(body, str) and body[:1] in ("{", "["):
        try:
            body = orjson.loads(body)
        except ValueError:
            return
    if isinstance(body, dict):
        if key in body:
            yield body[key]
        for value in body.values():
            yield from _found(key, value)
    elif isinstance(body, list):
        for value in body:
            yield from _found(key, value)


def _same(wanted: Any, found: Any) -> bool:
    """Equal, also as text (a query knows only text), or one of a list."""
    if wanted == found or (isinstance(found, list) and wanted in found):
        return True
    return not isinstance(wanted, dict | list) and str(wanted) == str(found)
