"""Tables that leave (kept until sent) and tables that came (kept until their sender decides)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import col, delete, select, update

from storage import outbox
from storage.database import Tx
from storage.tables import Attachment, Outbox, Upload

KEEP = timedelta(days=3)  # an upload nobody decided on; a file whose message failed


def send(tx: Tx, *, user_id: str, name: str, content: bytes, key: str, now: datetime) -> None:
    """Queues a file for a person's single chat; a second one of the same `key` is dropped.

    `content`: `bot.core.tabular.Table.dump()`, an xlsx that is made already, or a scan (`bot.core.scans`).
    """
    row = Attachment(user_id=user_id, name=name, content=content, created_at=now)
    tx.add(row)
    tx.flush()
    payload = {"user_id": user_id, "name": name, "attachment_id": row.id}
    if outbox.put(tx, key=key, lane=f"user:{user_id}", channel="file", payload=payload, now=now) is None:
        tx.delete(row)


def content_of(tx: Tx, attachment_id: int) -> bytes | None:
    """None: sent long ago."""
    return tx.exec(select(Attachment.content).where(Attachment.id == attachment_id)).first()


def drop(tx: Tx, attachment_id: int) -> None:
    """It is sent, or given up."""
    tx.execute(delete(Attachment).where(col(Attachment.id) == attachment_id))


def keep_upload(
    tx: Tx, *, user_id: str, kind: str, name: str, header: Sequence[str], rows: Sequence[tuple[int, Sequence[str]]],
    now: datetime,
) -> int:  # fmt: skip
    """Remembers what was sent until its sender decides; returns its id."""
    row = Upload(
        user_id=user_id, kind=kind, name=name, header=list(header), rows=[[n, list(c)] for n, c in rows], created_at=now
    )
    tx.add(row)
    tx.flush()
    assert row.id is not None
    return row.id


def get_upload(tx: Tx, upload_id: int, *, user_id: str, kind: str) -> Upload | None:
    """None: nobody sent it, or somebody else."""
    row = tx.get(Upload, upload_id)
    return row if row is not None and row.user_id == user_id and row.kind == kind else None


def take_upload(tx: Tx, upload_id: int, now: datetime) -> bool:
    """Marks it done. False: it was done already (the second tap of a double tap)."""
    done = tx.execute(
        update(Upload).where(col(Upload.id) == upload_id, col(Upload.done_at).is_(None)).values(done_at=now)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]


def prune(tx: Tx, *, now: datetime) -> int:
    """Forgets what nobody decided on, and files whose message is gone."""
    old = tx.execute(delete(Upload).where(col(Upload.created_at) < now - KEEP))
    waiting = select(Outbox.id).where(Outbox.channel == "file", col(Outbox.state).in_(("queued", "sending")))
    if tx.exec(waiting.limit(1)).first() is None:
        tx.execute(delete(Attachment).where(col(Attachment.created_at) < now - KEEP))
    return int(old.rowcount)  # type: ignore[attr-defined]
