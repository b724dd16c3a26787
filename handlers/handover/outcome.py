"""What a handover did, and what waits for who came back."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core.holdings import KINDS
from handlers.handover import rules
from handlers.handover.parties import Party
from storage import handovers
from storage.database import Tx
from storage.tables import Handover


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a confirmation did, and `text` to say. `handover_id` None: nothing, since the preview was stale."""

    handover_id: int | None
    moving: dict[str, int]
    text: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """A handover that took place, as it stands now."""

    handover: Handover
    giver: Party
    receiver: Party
    by: str
    receiver_customers: int
    staying: dict[str, int]
    planned: int
    undoable: bool
    undone_by: str = ""
    restored: dict[str, int] = field(default_factory=dict)
    left: str = ""


def step_left(tx: Tx, done: Handover, restored: Mapping[str, int]) -> str:
    """What an undoing could not give back, and why."""
    total = sum(done.counts.get(kind.name, 0) for kind in KINDS) - sum(restored.values())
    return rules.left_text(handovers.list_left(tx, done) if total else [], total)


@dataclass(frozen=True, slots=True)
class Returned:
    """Somebody who came back. `roles` empty: nothing waits to be given back."""

    name: str
    active: bool
    roles: tuple[str, ...]
    restored_by: str = ""
