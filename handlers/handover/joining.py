"""Where a capability joins whose things are held without an owner's column: an approval that waits for somebody.

Tables with an owner need nothing here: a line in `bot.core.holdings` is enough. The flow engine adds one object to
`JOINING`; its open tasks then stand in every count, preview and notice beside the records, move in the handover's own
transaction, come back with its undoing, and are never stuck with somebody who has left. Who gets a task is decided by
`rules.next_assignee`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from handlers.flows.joining import TASKS
from storage.database import Tx


class Joining(Protocol):
    """What a handover asks of such a capability. Every call is inside the caller's transaction."""

    label: str  # as people read it: 待审批

    def count(self, tx: Tx, user_id: str) -> int:
        """How much waits for him."""
        ...

    def on_leaving(self, tx: Tx, user_id: str, *, administrators: Sequence[str], now: datetime) -> None:
        """Somebody left, and nobody has taken over yet: what waits for him alone goes to the administrators."""
        ...

    def hand_over(
        self, tx: Tx, handover_id: int, *, giver_id: str, receiver_id: str, administrators: Sequence[str], now: datetime
    ) -> int:
        """Moves what waits for `giver_id` in a handover of everything; returns how much that was."""
        ...

    def take_back(self, tx: Tx, handover_id: int, *, now: datetime) -> int:
        """Gives back what has not been decided since; returns how much that was."""
        ...


JOINING: tuple[Joining, ...] = (TASKS,)
