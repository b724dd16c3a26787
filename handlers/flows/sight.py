"""Which fields of an application who looks at it may see (R-APP-7, R-APP-8). Steps that join a transaction."""

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from bot.context import Context
from handlers.flows.running import Run
from storage import flow_runs
from storage.database import Tx

LOOK_BACK: Final = timedelta(days=30)  # after its end, for who took part and has no right to the record besides


def node_of(tx: Tx, ctx: Context, run: Run) -> int | None:
    """The node as which the asker looks at it; None: as who administers, has applied, or has it in his scope."""
    if ctx.actor.admin or run.flow.starter_id == ctx.actor.user_id:
        return None
    return flow_runs.node_shown(tx, run.id, ctx.actor.user_id)


def visible_to(tx: Tx, ctx: Context, run: Run) -> Collection[str]:
    """All, those the applicant has given, or those of the asker's node."""
    if ctx.actor.admin:
        return run.form.fields
    node = node_of(tx, ctx, run)
    if node is None:
        return run.form.applied
    return () if is_over(tx, ctx, run) else run.steps[node].visible


def is_over(tx: Tx, ctx: Context, run: Run) -> bool:
    """Whether who merely took part reads the record no more; what was done, and by whom, he may look up for ever."""
    flow = run.flow
    ended = flow.finished_at is not None and ctx.now - flow.finished_at > LOOK_BACK
    if not ended or ctx.actor.admin or flow.starter_id == ctx.actor.user_id:
        return False
    left_to_do = flow.state == "approved" and run.form.then(tx, flow.record_id)
    return not left_to_do and not run.form.in_sight(tx, ctx, flow.record_id)


def unnamed_for(tx: Tx, ctx: Context, run: Run) -> str:
    """The applicant's userId where the asker's node hides who has applied; else empty."""
    node = node_of(tx, ctx, run)
    return "" if node is None or run.names_applicant(node) else run.flow.starter_id
