"""What every door and use case gets: who asks, the transaction, the time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from bot.core.actor import Actor
from storage.access import everybodys_fields
from storage.database import Tx
from storage.fields import rebind
from storage.settings import CompanySettings


@dataclass(slots=True)
class Context:
    """Lives as long as one message, tap, request or job step.

    The entrance has opened the unit of work and will commit it together with the answer and the inbox's
    "done" mark, so a use case's effects and every message it causes are one transaction (house 0.2).
    """

    actor: Actor
    now: datetime
    settings: CompanySettings
    via: str  # chat | tap | job | event | load | web
    key: str = ""  # of the frame that caused this, for idempotence
    undoers: dict[str, Callable[..., Any]] = field(default_factory=dict)
    confirmers: dict[str, Callable[..., Any]] = field(default_factory=dict)
    secret_key: str = field(default="", repr=False)  # DINGCRM_SECRET_KEY, for what is kept encrypted
    client_id: str = ""  # of the app, as DingTalk knows it now
    words: tuple[str, ...] = ()  # commands that are answered
    painters: frozenset[str] = frozenset()  # the kinds of cards that can be drawn
    _tx: Tx | None = None
    _inside: bool = False

    @property
    def today(self) -> date:
        """The Beijing calendar day."""
        return self.now.date()

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """The use case's transaction, seen through the actor's scope.

        Raises:
            RuntimeError: a use case was called inside a use case; share a step `(tx, …)` instead.
        """
        if self._inside or self._tx is None:
            raise RuntimeError("a use case inside a use case: share a step that takes `tx`")
        self._inside = True
        try:
            yield self._tx
            self._tx.flush()
        finally:
            self._inside = False

    @contextmanager
    def begin_beyond_sight(self, why: str) -> Iterator[Tx]:
        """As `begin`, over every row: to take back what was given out of one's own sight. No more of the fields.

        `why` stands in the code, so that the exceptions can be found.
        """
        assert why
        with self.begin() as tx:
            rebind(tx, replace(self.actor.scope, departments=None))
            try:
                yield tx
                tx.flush()
            finally:
                rebind(tx, self.actor.scope)

    @contextmanager
    def shown_to_all(self) -> "Iterator[Context]":
        """What a group's card is drawn in: of each field what everybody may see, whoever asked for the card."""
        if self._inside or self._tx is None:
            raise RuntimeError("a card is drawn inside a use case")
        scope = replace(self.actor.scope, fields=everybodys_fields(self._tx), pool_masked=True)
        scope = replace(scope, lead_pool=self.settings.lead_pool)
        rebind(self._tx, scope)
        try:
            yield replace(self, actor=replace(self.actor, scope=scope))
        finally:
            rebind(self._tx, self.actor.scope)


def make_context(tx: Tx, actor: Actor, now: datetime, settings: CompanySettings, via: str, key: str = "") -> Context:
    """Binds the actor's scope, as of today, to the transaction. For entrances only."""
    actor = replace(actor, scope=replace(actor.scope, day=now.date()))
    tx.info["scope"], tx.info["source"] = actor.scope, key
    return Context(actor=actor, now=now, settings=settings, via=via, key=key, _tx=tx)
