"""When an open opportunity stands still: neither moved nor followed up for its stage's `rotten_days` (R-OPP-7)."""

from datetime import date, datetime, timedelta

from bot.context import Context
from storage import stages
from storage.database import Tx
from storage.opportunities import StaleSince
from storage.tables import Opportunity, Stage


def last_moved(stage_since: datetime, last_follow_up_at: datetime | None) -> datetime:
    """When it last came into a stage or was followed up."""
    return stage_since if last_follow_up_at is None else max(stage_since, last_follow_up_at)


def stale_days(found: Opportunity, stage: Stage, today: date) -> int | None:
    """For how many days nothing happened, once that is as many as its stage allows. None: it is not stale."""
    if found.result != "open" or stage.rotten_days is None:
        return None
    quiet = (today - last_moved(found.stage_since, found.last_follow_up_at).date()).days
    return quiet if quiet >= stage.rotten_days else None


def stale_text(found: Opportunity, stage: Stage, today: date) -> str:
    """停滞 20 天; nothing where it is not."""
    days = stale_days(found, stage, today)
    return "" if days is None else f"停滞 {days} 天"


def step_stale(tx: Tx, ctx: Context) -> tuple[StaleSince, ...]:
    """Since when what lies in a stage is stale, of the open stages that have a limit."""
    midnight = ctx.now.replace(hour=0, minute=0, second=0, microsecond=0)
    return tuple(
        StaleSince(s.id or 0, midnight - timedelta(days=s.rotten_days - 1))
        for s in stages.list_stages(tx)
        if s.rotten_days is not None and s.kind == "open"
    )
