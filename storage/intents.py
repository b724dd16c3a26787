"""Intents: what waits for its author's one tap (D19). Done exactly once, by one conditional UPDATE."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, update

from storage.database import Tx
from storage.tables import Intent

LASTS = timedelta(hours=24)


def propose(
    tx: Tx, *, user_id: str, kind: str, payload: dict[str, Any], summary: dict[str, Any], now: datetime,
    lasts: timedelta = LASTS,
) -> int:  # fmt: skip
    """Remembers what is to be done; returns the intent's id. `payload` and `summary` must be JSON."""
    row = Intent(
        user_id=user_id, kind=kind, payload=payload, summary=summary, created_at=now, expires_at=now + lasts
    )  # fmt: skip
    tx.add(row)
    tx.flush()
    assert row.id is not None
    return row.id


def get(tx: Tx, intent_id: int) -> Intent | None:
    """One intent, settled or not, whoever's."""
    return tx.get(Intent, intent_id, populate_existing=True)


def subject(intent_id: int) -> str:
    """How cards that show it name it."""
    return f"intent:{intent_id}"


def take(tx: Tx, intent_id: int, user_id: str, now: datetime) -> bool:
    """Marks it done. False: it is not open any more, is too old or is somebody else's."""
    return _settle(tx, intent_id, user_id, "done", now)


def cancel(tx: Tx, intent_id: int, user_id: str, now: datetime) -> bool:
    """Marks it cancelled. False as in `take`."""
    return _settle(tx, intent_id, user_id, "cancelled", now)


def note_result(tx: Tx, intent_id: int, result: str) -> None:
    """What was said when it was done."""
    tx.execute(update(Intent).where(col(Intent.id) == intent_id).values(result=result[:500]))


def _settle(tx: Tx, intent_id: int, user_id: str, state: str, now: datetime) -> bool:
    done = tx.execute(
        update(Intent)
        .where(
            col(Intent.id) == intent_id, col(Intent.user_id) == user_id, col(Intent.state) == "open",
            col(Intent.expires_at) >= now,
        )
        .values(state=state, settled_at=now)
    )  # fmt: skip
    return bool(done.rowcount)  # type: ignore[attr-defined]
