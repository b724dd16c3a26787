"""What taps on cards have in common that lead to something in the making: a draft in the card's state, a question that
what is typed next may answer.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from bot.context import Context
from bot.dispatch import Button, CardTap, CardUpdate
from bot.dispatch.talk import MEMORY
from storage import talks

B = TypeVar("B", bound=Button)


class PageButton(Protocol):
    """A button of another page."""

    @property
    def page(self) -> int: ...  # noqa: D102


def remember(ctx: Context, kind: str | None, **slots: Any) -> None:
    """After a tap: what is typed next in the single chat answers this question; None: it is settled."""
    with ctx.begin() as tx:
        row = talks.load(tx, ctx.actor.user_id, "bot")
        pending = {"kind": kind, **slots} if kind is not None else None
        talks.save(
            tx, row, pending=pending, pending_until=ctx.now + MEMORY if pending else None, subject_id=row.subject_id,
            subject_until=row.subject_until, misses=row.misses,
        )  # fmt: skip


def while_drafted(
    note: str,
) -> Callable[[Callable[[CardTap[B], Context], CardUpdate]], Callable[[CardTap[B], Context], CardUpdate]]:
    """A button of a card that holds a draft: once that was made, the card has none, and the tap says `note`."""

    def wrap(handler: Callable[[CardTap[B], Context], CardUpdate]) -> Callable[[CardTap[B], Context], CardUpdate]:
        def guarded(tap: CardTap[B], ctx: Context) -> CardUpdate:
            return handler(tap, ctx) if tap.state.get("draft") else CardUpdate(note=note)

        return guarded

    return wrap


def turned(tap: CardTap[Any], page: PageButton) -> CardUpdate:
    """The list the card shows, at another page."""
    return CardUpdate(state={**tap.state, "page": page.page})
