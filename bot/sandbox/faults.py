"""Injected faults: on platform requests and on pushes (contract, section "Frames, calls, faults")."""

import json
from dataclasses import dataclass
from typing import Any

from bot.sandbox.errors import bad


@dataclass(slots=True)
class Fault:
    """One fault with the times it still strikes (None: for ever)."""

    do: dict[str, Any]
    times: int | None
    path: str = ""
    method: str = "*"
    match: dict[str, Any] | None = None
    push: str = ""


ACTIONS = {"status", "body", "delay_ms", "hang", "reset", "html", "drop_ack", "redeliver", "headers"}


class Faults:
    """Those that are set now, first match first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, row: dict[str, Any]) -> None:
        """Raises ControlError for what cannot be read."""
        do = row.get("do")
        if row.get("redeliver") is not None and do is None:
            do = {"redeliver": row["redeliver"]}
        if not isinstance(do, dict) or not do or set(do) - ACTIONS:
            raise bad(f"do: one of {sorted(ACTIONS)}")
        if not row.get("path") and not row.get("push"):
            raise bad("path or push is missing")
        if row.get("push") and row["push"] not in ("bot", "card", "event"):
            raise bad("push: bot, card or event")
        times = row.get("times", 1)
        self._faults.append(
            Fault(
                do,
                times,
                str(row.get("path") or ""),
                str(row.get("method") or "*").upper(),
                row.get("match"),
                str(row.get("push") or ""),
            )
        )

    def clear(self) -> None:
        """None any more."""
        self._faults.clear()

    def for_request(self, method: str, path: str, query: dict[str, str], body: Any) -> dict[str, Any] | None:
        """What is to be done to this request, once used up."""
        for fault in self._faults:
            if fault.push or not path.startswith(fault.path) or fault.method not in ("*", method):
                continue
            if fault.match is not None and not _matches(fault.match, query, body):
                continue
            return self._use(fault)
        return None

    def for_push(self, kind: str) -> dict[str, Any] | None:
        """What is to be done to this push."""
        for fault in self._faults:
            if fault.push == kind:
                return self._use(fault)
        return None

    def _use(self, fault: Fault) -> dict[str, Any]:
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self._faults.remove(fault)
        return fault.do


def _matches(wanted: dict[str, Any], query: dict[str, str], body: Any) -> bool:
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError:
            body = {}
    values = body if isinstance(body, dict) else {}
    for key, value in wanted.items():
        have = values.get(key, query.get(key))
        if have is None or str(have) != str(value):
            return False
    return True
