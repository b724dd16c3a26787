"""What one person and the bot are talking about, for ten minutes at a time (conversation.md B5)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

MEMORY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Topic:
    """What a question belongs to, as people call it. `kept`: left half way, it is a draft to be gone on with.

    `forms`: kinds of cards whose form finishes it as well. `any_words`: whatever is said would do for an answer (a
    reason), so a sentence that plainly does something else goes first.
    """

    title: str
    kept: bool = True
    forms: tuple[str, ...] = ()
    any_words: bool = False


@dataclass(slots=True)
class Talk:
    """Loaded and saved with the message's own transaction."""

    now: datetime
    pending: dict[str, Any] | None = None  # {"kind": …, slots}
    pending_until: datetime | None = None
    subject_id: int | None = None
    subject_until: datetime | None = None
    misses: int = 0
    aside: dict[str, Any] | None = None  # the question this message's command has put aside
    left: dict[str, Any] | None = None  # one that this message has left half way: to be kept as a draft
    asked: dict[str, Any] | None = None  # how the question that is open was put (Conversation.asked)
    resumed: dict[str, Any] | None = None  # how one taken up again was put
    by: str = ""  # which command this message was
    has_drafts: Callable[[], bool] = lambda: False  # whether something was put aside here
    said: str = ""  # the answer's text, without the word about what was put aside
    subject_kind: str = "customer"  # what subject_id is of: customer or lead
    conversation_id: str = "bot"  # as conversations are kept: openConversationId, or bot

    def open_question(self) -> dict[str, Any] | None:
        """The question still waiting for an answer, unless it has expired."""
        if self.pending is None or self.pending_until is None or self.pending_until < self.now:
            return None
        return self.pending

    def expired_question(self) -> dict[str, Any] | None:
        """The question nobody answered in time."""
        return self.pending if self.open_question() is None else None

    def ask(self, kind: str, **slots: Any) -> None:
        """Remembers a question and what is known so far; `slots` must be JSON."""
        self.pending = {"kind": kind, **slots}
        self.pending_until = self.now + MEMORY

    def settle(self) -> None:
        """The question is answered or put aside."""
        self.pending = None
        self.pending_until = None

    def about(self, customer_id: int) -> None:
        """「这家」and「他」mean this customer from now on."""
        self.subject_id, self.subject_kind = customer_id, "customer"
        self.subject_until = self.now + MEMORY

    def about_lead(self, lead_id: int) -> None:
        """「它」means this lead from now on, and no customer."""
        self.subject_id, self.subject_kind = lead_id, "lead"
        self.subject_until = self.now + MEMORY

    def subject(self) -> int | None:
        """The customer last spoken of, unless too long ago, or a lead has been since."""
        return self._subject("customer")

    def subject_lead(self) -> int | None:
        """The lead last spoken of, unless too long ago, or a customer has been since."""
        return self._subject("lead")

    def _subject(self, kind: str) -> int | None:
        if self.subject_kind != kind or self.subject_until is None or self.subject_until < self.now:
            return None
        return self.subject_id
