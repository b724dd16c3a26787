"""What conversations remember: loaded and saved with the message's transaction."""

from datetime import datetime
from typing import Any

from storage.database import Tx
from storage.tables import Conversation


def load(tx: Tx, user_id: str, conversation_id: str) -> Conversation:
    """The conversation's memory, made if it is the first message."""
    row = tx.get(Conversation, (user_id, conversation_id))
    if row is None:
        row = Conversation(user_id=user_id, conversation_id=conversation_id)
        tx.add(row)
    return row


def find(tx: Tx, user_id: str, conversation_id: str) -> Conversation | None:
    """The conversation's memory, if there is any."""
    return tx.get(Conversation, (user_id, conversation_id))


def save(
    row: Conversation, *, pending: dict[str, Any] | None, pending_until: datetime | None,
    subject_id: int | None, subject_until: datetime | None, misses: int,
) -> None:  # fmt: skip
    """Written at the end of the message's transaction."""
    row.pending, row.pending_until = pending, pending_until
    row.subject_id, row.subject_until, row.misses = subject_id, subject_until, misses
