"""Who changed what: one line for every change, written with it."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert

from storage.database import Tx
from storage.plain import Plain, table_of
from storage.tables import Audit

RECORD = Plain(insert(table_of(Audit)))


def record(tx: Tx, *, at: datetime, user_id: str, via: str, action: str, subject: str, **detail: Any) -> None:
    """`action`: verb.noun; `subject`: customer:12. `detail` holds ids and short facts, never secrets."""
    RECORD.run(tx, at=at, user_id=user_id, via=via, action=action, subject=subject, detail=detail)
