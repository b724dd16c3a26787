"""What comes in and what goes out, already freed from DingTalk's JSON."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from bot.core.tabular import Sheet
from bot.dispatch.view import Button, FormValue


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file somebody sent, read as a table (of a long one its first rows); or why it could not be."""

    name: str
    sheet: Sheet | None = None
    problem: str = ""
    content: bytes = field(default=b"", repr=False)
    scan: str = ""  # pdf, jpg or png: no table, but to be kept as it is


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A sentence said to the bot. `args` is what follows the command word, stripped."""

    key: str  # of the inbox: the same message twice has the same key
    user_id: str | None  # None: no employee (platform.md 2.1 senderStaffId)
    text: str  # normalised
    kind: Literal["text", "audio", "picture", "file", "rich_text", "video", "quota_exhausted", "unknown"] = "text"
    group: bool = False
    conversation_id: str = ""  # openConversationId of a group; empty in single chat
    sender_nick: str = ""
    sent_at: datetime | None = None
    word: str = ""
    args: str = ""
    webhook: str = ""
    webhook_expires_at: datetime | None = None
    file: SentFile | None = None  # kind file or picture, in single chat


@dataclass(frozen=True, slots=True)
class RawTap:
    """A tap whose button is not yet read. The actor is the frame's outer userId (D20), nothing inside."""

    key: str
    user_id: str
    out_track_id: str
    action_ids: tuple[str, ...] = ()
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def form(self) -> dict[str, Any] | None:
        """What a form component sent: DingTalk's values by field. None: this was a button."""
        sent = self.params.get("form")
        return sent if isinstance(sent, dict) else None


B_co = TypeVar("B_co", bound=Button, covariant=True)


@dataclass(frozen=True, slots=True)
class CardTap(Generic[B_co]):
    """A button tapped on a card."""

    key: str
    user_id: str
    out_track_id: str
    button: B_co
    state: dict[str, Any]  # of the card, as it was last drawn; empty for a card we do not know any more
    form: dict[str, FormValue] = field(default_factory=dict)  # of a submit: every field by name, read by its kind


@dataclass(frozen=True, slots=True)
class CardRef:
    """A card to be drawn: which painter, from what state, and which objects it shows."""

    kind: str
    state: dict[str, Any]
    subjects: tuple[str, ...] = ()  # customer:12


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a message: words, or a card.

    `private`: it holds customer data; asked in a group it goes to the asker alone, and the group gets one
    neutral line (R8.10).
    """

    text: str = ""
    card: CardRef | None = None
    private: bool = True


@dataclass(frozen=True, slots=True)
class CardUpdate:
    """The answer to a tap: the card's new state (None: as it was), and a line for the tapper.

    `say`: a further message into the conversation, for what does not fit on the card.
    """

    state: dict[str, Any] | None = None
    note: str = ""
    card: CardRef | None = None  # another card takes this one's place
    say: Reply | None = None


@dataclass(frozen=True, slots=True)
class OrgEvent:
    """Something changed in DingTalk's address book: ids only (platform.md 6.5)."""

    key: str
    event_type: str
    born_at: datetime
    data: dict[str, Any]


def first_line(text: str) -> str:
    """What the conversation list shows of a message."""
    return text.strip().split("\n", 1)[0].strip("#*> ")[:40] or "新消息"
