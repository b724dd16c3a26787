"""Which customers a list holds: conditions that combine, and an order. Asked by `storage.filters`."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Moments = tuple[datetime | None, datetime | None]  # from (included) until (not included)


@dataclass(frozen=True, slots=True)
class Values:
    """Some values of one column; `but`: all others."""

    column: str
    values: tuple[str, ...]
    but: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """Conditions on owned customers, or on those of the pool (`pooled`); all must hold."""

    values: tuple[Values, ...] = ()
    owners: tuple[str, ...] = ()
    not_owners: tuple[str, ...] = ()
    names: tuple[str, ...] = ()  # parts of the name
    not_names: tuple[str, ...] = ()
    quiet_since: datetime | None = None  # last contact and ownership both before this
    created: Moments | None = None
    followed: Moments | None = None
    planned: Moments | None = None
    has_plan: bool | None = None
    has_follow_up: bool | None = None
    stages: tuple[int, ...] = ()  # of an opportunity that is seen
    closed: bool | None = None  # with an effective contract
    more: tuple[Any, ...] = field(default=(), compare=False)  # conditions of other capabilities
    pooled: bool = False
    sort: str = "touched_at"
    descending: bool = True


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are; `more`: at least so many."""

    number: int
    more: bool = False

    @property
    def text(self) -> str:
        """37, or 1000+."""
        return f"{self.number}{'+' if self.more else ''}"
