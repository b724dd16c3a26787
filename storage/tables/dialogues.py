"""What a person has begun and not finished: an intent that waits for one tap, a dialogue put aside."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, Index
from sqlmodel import Field, SQLModel

from storage.types import Json, Moment


class Intent(SQLModel, table=True):
    """What is to be done once its author has tapped the summary of it (D19: money)."""

    __table_args__ = (CheckConstraint("state IN ('open','done','cancelled')", name="state"),)
    id: int | None = Field(default=None, primary_key=True)
    user_id: str = Field(index=True)  # who may confirm it, nobody else
    kind: str  # whose confirmer does it
    payload: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    summary: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(Json, nullable=False)
    )  # as the card shows it
    state: str = "open"
    result: str = ""  # what was said when it was done
    created_at: datetime = Field(sa_type=Moment)
    expires_at: datetime = Field(sa_type=Moment)
    settled_at: datetime | None = Field(default=None, sa_type=Moment)


class DialogueDraft(SQLModel, table=True):
    """A question that was put aside when its person said something else: the newest of each kind."""

    __tablename__ = "dialogue_draft"
    __table_args__ = (Index("uq_dialogue_draft", "user_id", "conversation_id", "kind", unique=True),)
    id: int | None = Field(default=None, primary_key=True)
    user_id: str
    conversation_id: str
    kind: str  # what it is about as people call it (新建客户), not which of its questions was open
    question: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    asked: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))  # Conversation.asked
    put_aside_at: datetime = Field(sa_type=Moment, index=True)
