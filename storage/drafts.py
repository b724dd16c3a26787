"""Dialogues put aside: the newest of each kind, of one person in one conversation, for a day (conversation.md B5)."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, delete, select

from storage.database import Tx
from storage.tables import DialogueDraft

LASTS = timedelta(hours=24)


def keep(
    tx: Tx, user_id: str, conversation_id: str, *, kind: str, question: dict[str, Any], asked: dict[str, Any] | None,
    now: datetime,
) -> None:  # fmt: skip
    """Puts a question aside; an older one of its kind is forgotten, and so is what is too old."""
    tx.execute(
        delete(DialogueDraft).where(
            col(DialogueDraft.user_id) == user_id,
            ((col(DialogueDraft.conversation_id) == conversation_id) & (col(DialogueDraft.kind) == kind))
            | (col(DialogueDraft.put_aside_at) < now - LASTS),
        )
    )
    tx.add(
        DialogueDraft(
            user_id=user_id, conversation_id=conversation_id, kind=kind, question=question, asked=asked or {},
            put_aside_at=now,
        )
    )  # fmt: skip
    tx.flush()


def list_drafts(tx: Tx, user_id: str, conversation_id: str, now: datetime) -> list[DialogueDraft]:
    """What the person may still go on with here, newest first."""
    query = select(DialogueDraft).where(
        DialogueDraft.user_id == user_id, DialogueDraft.conversation_id == conversation_id,
        col(DialogueDraft.put_aside_at) >= now - LASTS,
    )  # fmt: skip
    return list(tx.exec(query.order_by(col(DialogueDraft.put_aside_at).desc(), col(DialogueDraft.id).desc())).all())


def remove(tx: Tx, user_id: str, conversation_id: str, kind: str) -> None:
    """It is gone on with, finished or given up."""
    tx.execute(
        delete(DialogueDraft).where(
            col(DialogueDraft.user_id) == user_id, col(DialogueDraft.conversation_id) == conversation_id,
            col(DialogueDraft.kind) == kind,
        )
    )  # fmt: skip


def prune(tx: Tx, *, now: datetime) -> int:
    """Forgets what nobody may go on with any more."""
    gone = tx.execute(delete(DialogueDraft).where(col(DialogueDraft.put_aside_at) < now - LASTS))
    return int(gone.rowcount)  # type: ignore[attr-defined]
