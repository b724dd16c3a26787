"""DingTalk's own 待办 of approval tasks (D22): their creation and their end go through the outbox.

The row that creates a 待办 is also where it is remembered by: its key names the task as long as the 待办 is open, so a
task has one at most; its remote id is DingTalk's.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, select

from storage import outbox
from storage.database import Tx
from storage.tables import Outbox

CHANNEL = "todo"


def begin(tx: Tx, *, task_id: int, union_id: str, subject: str, due_at: datetime | None, now: datetime) -> None:
    """Queues the creation of the task's 待办, unless there is one."""
    payload = {
        "source_id": f"dingcrm-{uuid.uuid4().hex}", "union_id": union_id, "subject": subject,
        "due_ms": int(due_at.timestamp() * 1000) if due_at is not None else None,
    }  # fmt: skip
    outbox.put(tx, key=f"todo:{task_id}", lane=f"todo:{task_id}", channel=CHANNEL, payload=payload, now=now)


def end(tx: Tx, task_ids: Sequence[int], *, now: datetime) -> None:
    """Queues the ticking off of these tasks' 待办; one that has not been asked for yet is called off."""
    keys = [f"todo:{task_id}" for task_id in task_ids]
    for row in tx.exec(
        select(Outbox).where(col(Outbox.key).in_(keys)).order_by(col(Outbox.id)).with_for_update()
    ).all():
        lane, union_id = row.lane, row.payload["union_id"]
        row.key = f"{lane}:{row.id}"
        if row.state == "queued" and not row.attempts:
            row.state, row.sent_at = "cancelled", now
        elif row.state != "failed":
            outbox.put(
                tx, key=f"{row.key}:done", lane=lane, channel=CHANNEL, now=now,
                payload={"of": row.id, "union_id": union_id},
            )  # fmt: skip
    tx.flush()


def reopen(tx: Tx, task_ids: Sequence[int], todo_id: str, *, key: str, now: datetime) -> bool:
    """Queues that DingTalk's 待办 of that id is opened again, if it is one of these tasks'; `key`: once for each."""
    rows = tx.exec(select(Outbox).where(col(Outbox.key).in_([f"todo:{task_id}" for task_id in task_ids]))).all()
    row = next((r for r in rows if r.remote_id == todo_id), None)
    if row is None:
        return False
    payload = {"reopen": row.id, "union_id": row.payload["union_id"], "source_id": row.payload["source_id"]}
    return outbox.put(tx, key=f"{row.lane}:{key}", lane=row.lane, channel=CHANNEL, payload=payload, now=now) is not None


def remote_id(tx: Tx, outbox_id: int) -> str:
    """DingTalk's id of the 待办 that message has made; empty: it has made none."""
    found = tx.exec(select(Outbox.remote_id).where(Outbox.id == outbox_id)).first()
    return found or ""


def refusal(tx: Tx) -> str:
    """Why DingTalk took the latest 待办 not; empty: it did."""
    query = select(Outbox.state, Outbox.error).where(
        Outbox.channel == CHANNEL, col(Outbox.state).in_(("sent", "failed"))
    )
    latest = tx.exec(query.order_by(col(Outbox.id).desc()).limit(1)).first()
    return latest[1] if latest is not None and latest[0] == "failed" else ""
