"""Use case of the sales forecast (R3.22): Σ amount × win rate of what is open."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bot.context import Context
from bot.core.actor import Permission
from storage import opportunities, stages


@dataclass(frozen=True, slots=True)
class ForecastLine:
    """One stage of a forecast. Amounts in yuan; None: not to be seen."""

    stage: str
    count: int
    amount: Decimal | None
    weighted: Decimal | None  # Σ amount × probability


def forecast(ctx: Context, first: date | None = None, last: date | None = None) -> list[ForecastLine]:
    """By stage, in their order (R3.22), of what is expected within these days. Raises Forbidden."""
    ctx.actor.require(Permission.OPPORTUNITY_VIEW)
    with ctx.begin() as tx:
        found = opportunities.forecast_rows(tx, first, last)
        result = []
        for stage in stages.list_stages(tx):
            rows = [r for r in found if r[0] == stage.id]
            if not rows:
                continue
            seen = all(r[3] is not None for r in rows)
            amount = sum((r[3] or Decimal(0) for r in rows), Decimal(0)) if seen else None
            weighted = sum(((r[3] or Decimal(0)) * r[1] / 100 for r in rows), Decimal(0)) if seen else None
            result.append(ForecastLine(stage.name, sum(r[2] for r in rows), amount, weighted))
        return result
