"""Which fields of an application who looks at it may see (R-APP-7, R-APP-8). Steps that join a transaction."""

from collections.abc import Collection

from bot.context import Context
from handlers.flows.running import Run
from storage import flow_runs
from storage.database import Tx


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
    return run.steps[node].visible if node is not None else run.form.applied


def unnamed_for(tx: Tx, ctx: Context, run: Run) -> str:
    """The applicant's userId where the asker's node hides who has applied; else empty."""
    node = node_of(tx, ctx, run)
    return "" if node is None or run.names_applicant(node) else run.flow.starter_id
