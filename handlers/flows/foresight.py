"""Where an application would go, found out by what a real one goes by; nothing is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.context import Context
from handlers.flows.forms import Form
from handlers.flows.participants import copies_of
from handlers.flows.rules import Chosen, Condition, NobodyDecides, Step, next_node
from handlers.flows.running import step_route, steps_now
from storage.database import Tx


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One node, as an application would find it now.

    `unmet`: the conditions it does not meet. `chosen` None: it is passed over, or `stuck` says why nobody decides.
    """

    step: Step
    unmet: tuple[Condition, ...] = ()
    chosen: Chosen | None = None
    copies: tuple[str, ...] = ()
    stuck: str = ""


def step_foresee(tx: Tx, ctx: Context, form: Form, values: Mapping[str, Any], starter_id: str) -> tuple[Foreseen, ...]:
    """Every node in its order, as if each were agreed to today; behind one where nobody decides there is nothing."""
    steps = steps_now(tx, form)
    found = [Foreseen(s, tuple(c for c in s.conditions if not c.holds(values))) for s in steps]
    at = -1
    while True:
        try:
            following = step_route(tx, ctx, steps, values, [starter_id], after=at)
        except NobodyDecides as refusal:
            stuck = next_node(steps, values, at)
            at = stuck if stuck is not None else len(steps) - 1
            found[at] = Foreseen(steps[at], found[at].unmet, stuck=refusal.text)
            return tuple(found[: at + 1])
        if following is None:
            return tuple(found)
        at, chosen = following
        copies = tuple(copies_of(tx, ctx, steps[at], starter_id))
        found[at] = Foreseen(steps[at], found[at].unmet, chosen, copies)
