"""What conversations remember: loaded and saved with the message's transaction."""

from dataclasses import dataclass
from datetime import datetime
from types import EllipsisType
from typing import Any

from sqlalchemy import insert, select, update

from storage.database import Tx
from storage.plain import Plain, given, table_of
from storage.tables import Conversation

T = table_of(Conversation)
HERE = (T.c.user_id == given("person"), T.c.conversation_id == given("where"))
LOAD = Plain(
    select(
        T.c.pending, T.c.pending_until, T.c.subject_id, T.c.subject_until, T.c.misses, T.c.asked, T.c.subject_kind
    ).where(*HERE)
)  # fmt: skip
BEGIN = Plain(insert(T))
SAVE = Plain(
    update(T)
    .where(*HERE)
    .values(
        pending=given("question"), pending_until=given("question_until"), subject_id=given("about"),
        subject_until=given("about_until"), misses=given("missed"), asked=given("put_so"),
        subject_kind=given("about_kind"),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Memory:
    """One conversation's, as it was when the message came. `known`: it has a row."""

    user_id: str
    conversation_id: str
    known: bool
    pending: dict[str, Any] | None = None
    pending_until: datetime | None = None
    subject_id: int | None = None
    subject_until: datetime | None = None
    misses: int = 0
    asked: dict[str, Any] | None = None
    subject_kind: str = "customer"


def load(tx: Tx, user_id: str, conversation_id: str) -> Memory:
    """The conversation's memory, empty if this is the first message."""
    row = LOAD.run(tx, person=user_id, where=conversation_id).first()
    return Memory(user_id, conversation_id, False) if row is None else Memory(user_id, conversation_id, True, *row)


def find(tx: Tx, user_id: str, conversation_id: str) -> Conversation | None:
    """The conversation's memory, if there is any."""
    return tx.get(Conversation, (user_id, conversation_id))


def save(
    tx: Tx, before: Memory, *, pending: dict[str, Any] | None, pending_until: datetime | None,
    subject_id: int | None, subject_until: datetime | None, misses: int,
    asked: dict[str, Any] | EllipsisType | None = ..., subject_kind: str | None = None,
) -> None:  # fmt: skip
    """Written at the end of the message's transaction, if anything has changed.

    `asked`: see `Conversation`; by default it stays as long as the question does. `subject_kind`: what `subject_id` is
    of; None: as before.
    """
    kind = subject_kind or before.subject_kind
    if isinstance(asked, EllipsisType):
        asked = before.asked if pending == before.pending else None
    if not before.known:
        BEGIN.run(
            tx, user_id=before.user_id, conversation_id=before.conversation_id, pending=pending,
            pending_until=pending_until, subject_id=subject_id, subject_until=subject_until, misses=misses,
            asked=asked, subject_kind=kind,
        )  # fmt: skip
        return
    if (pending, pending_until, subject_id, subject_until, misses, asked, kind) == (
        before.pending, before.pending_until, before.subject_id, before.subject_until, before.misses, before.asked,
        before.subject_kind,
    ):  # fmt: skip
        return
    SAVE.run(
        tx, person=before.user_id, where=before.conversation_id, question=pending, question_until=pending_until,
        about=subject_id, about_until=subject_until, missed=misses, put_so=asked,
        about_kind=kind,
    )  # fmt: skip
