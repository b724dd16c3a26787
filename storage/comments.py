"""评论: what colleagues say to each other about a customer. Narrowed by the customer's scope, as its follow-ups are."""

from datetime import datetime

from sqlmodel import col, select, update

from storage.database import Tx
from storage.tables import Comment


def add_comment(
    tx: Tx, *, customer_id: int, user_id: str, content: str, mentioned: list[str], source_key: str | None, now: datetime
) -> int:
    """Stores it; returns its id."""
    row = Comment(
        customer_id=customer_id, user_id=user_id, at=now, content=content, mentioned=mentioned, source_key=source_key
    )
    tx.add(row)
    tx.flush()
    assert row.id is not None
    return row.id


def find(tx: Tx, comment_id: int) -> Comment | None:
    """One comment within the scope."""
    return tx.exec(select(Comment).where(Comment.id == comment_id)).first()


def take_back(tx: Tx, comment_id: int, now: datetime) -> None:
    """The author's 撤销."""
    tx.execute(update(Comment).where(col(Comment.id) == comment_id).values(deleted_at=now))
