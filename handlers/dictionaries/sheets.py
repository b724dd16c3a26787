"""A dictionary and its values as cards and answers show them."""

from dataclasses import dataclass

from handlers.dictionaries.rules import Held

PAGE = 5
VALUES_PAGE = 10


@dataclass(frozen=True, slots=True)
class Summary:
    """A dictionary in a list."""

    id: int
    name: str
    enabled: int
    disabled: int
    fields: tuple[str, ...]
    some: str  # its first values


@dataclass(frozen=True, slots=True)
class DictionaryPage:
    """One page of them, with the total (D26)."""

    rows: list[Summary]
    total: int
    pages: int


@dataclass(frozen=True, slots=True)
class DictionarySheet:
    """One dictionary: its values in order with how many records hold each, and the fields bound to it."""

    id: int
    name: str
    values: list[Held]
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """A change that is done: what to say, and how to take it back (None: nothing changed)."""

    text: str
    dictionary_id: int | None
    undo_id: int | None = None
