"""What a card shows, before anybody knows how it is drawn (house section 0.7).

A capability makes a `CardView`; one of the renderers in `cards/` turns it into a template's variables or,
where there is no template, into text with typed replies.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, ClassVar, Literal, Self, TypeAlias
from urllib.parse import quote, unquote

from pydantic import BaseModel, ConfigDict


class Button(BaseModel):
    """What a button carries. Subclasses name their `action`; ids only, never facts (house principle 14)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    action: ClassVar[str]
    doorway: ClassVar[str] = ""  # also for who is not inside yet (Actor.doorway)

    def params(self) -> dict[str, str]:
        """DingTalk's `cardPrivateData.params`: a flat map of strings."""
        return {"action": self.action} | {k: str(v) for k, v in self.model_dump().items() if v is not None}

    def encode(self) -> str:
        """The whole button as one component id, for templates whose buttons carry no params."""
        values = ["" if v is None else quote(str(v), safe="") for v in self.model_dump().values()]
        return ":".join([self.action, *values])

    @classmethod
    def read(cls, params: dict[str, Any]) -> Self:
        """The inverse of `params`; keys it does not know are ignored. Raises pydantic.ValidationError."""
        return cls.model_validate({k: v for k, v in params.items() if k in cls.model_fields})

    @classmethod
    def decode(cls, component_id: str) -> Self:
        """The inverse of `encode`. Raises pydantic.ValidationError."""
        values = [unquote(part) for part in component_id.split(":")[1:]]
        return cls.model_validate({k: v for k, v in zip(cls.model_fields, values, strict=False) if v != ""})


@dataclass(frozen=True, slots=True)
class CardButton:
    """One button: its words (2–20 characters) and what a tap means."""

    text: str
    button: Button | None = None
    style: Literal["primary", "normal", "danger"] = "normal"
    disabled: bool = False
    typed: str = ""  # what one can type instead, where buttons cannot call back


@dataclass(frozen=True, slots=True)
class CardRow:
    """One line of a list: the object's name first, then what distinguishes it."""

    title: str
    detail: str = ""
    state: str = ""  # e.g. 已由 李娜 14:32 领取; replaces the buttons
    buttons: tuple[CardButton, ...] = ()


FieldKind: TypeAlias = Literal[
    "text", "text_area", "number", "date", "time", "datetime", "select", "multi_select", "checkbox", "switch"
]
FormValue: TypeAlias = str | list[str] | bool | Decimal | date | time | datetime | None


@dataclass(frozen=True, slots=True)
class FormField:
    """One thing to fill in. `name` is what a submit calls it, `label` what people read."""

    name: str
    label: str
    kind: FieldKind = "text"
    required: bool = False
    value: FormValue = None  # what is known already; of a choice: the option's value
    placeholder: str = ""
    options: tuple[tuple[str, str], ...] = ()  # value and words, of select and multi_select
    hidden: bool = False  # carried along, never asked for and never taken from the client
    minor: bool = False  # among the first to be left out where a form is too long; a choice even when it is made


@dataclass(frozen=True, slots=True)
class CardForm:
    """A form on a card. Where no template can draw one, its fields are listed with what to type instead."""

    fields: tuple[FormField, ...]
    button: Button  # what the submit means
    submit: str = "提交"
    typed: str = ""  # an example sentence that says the same
    disabled: bool = False


def choices(*texts: str) -> tuple[tuple[str, str], ...]:
    """Options whose value is their words, as those of a dictionary."""
    return tuple((text, text) for text in texts)


@dataclass(frozen=True, slots=True)
class CardView:
    """A card: at most five blocks (conversation.md U37)."""

    title: str
    tags: tuple[str, ...] = ()
    body: str = ""  # markdown subset of platform.md 2.3
    fields: tuple[tuple[str, str], ...] = ()
    rows: tuple[CardRow, ...] = ()
    form: CardForm | None = None
    buttons: tuple[CardButton, ...] = ()
    footer: str = ""
    note: str = ""  # the answer to the last tap, seen by the tapper

    def with_note(self, note: str) -> "CardView":
        """The same card, with what the tapper is told."""
        return replace(self, note=note) if note else self
