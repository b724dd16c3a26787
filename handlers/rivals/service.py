"""Use cases of the competitors met in an opportunity (R3.10, R3.11, R-COMP-2, R-COMP-5)."""

from decimal import Decimal

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.language.money import show_money
from handlers.opportunities import rules
from handlers.opportunities.history import Changed, require_write, step_access, step_done, step_record
from storage import competitors, opportunities
from storage.tables import OpportunityCompetitor

THREATS = ("低", "中", "高")


def meet_competitor(
    ctx: Context, opportunity_id: int, name: str, *, note: str = "", price: Decimal | None = None, threat: str = ""
) -> Changed:
    """Links a competitor of the list, or says more of one that is linked (R3.10, R-COMP-2).

    Raises:
        Forbidden, NotFound, NotYours, Closed, InvalidInput.
    """
    require_write(ctx)
    ctx.actor.require(Permission.COMPETITOR_VIEW)
    with ctx.begin() as tx:
        found, before = step_access(tx, ctx, opportunity_id)
        rules.check_open(found.name, found.result)
        rival = competitors.access_competitor(tx, name)
        if not rival.active:
            raise InvalidInput(f"竞争对手「{rival.name}」已停用，不能再选。")
        known = next((m.link for m in opportunities.list_met(tx, opportunity_id) if m.competitor.id == rival.id), None)
        link = known or OpportunityCompetitor(opportunity_id=opportunity_id, competitor_id=rival.id or 0)
        link.note, link.threat = note or link.note, threat or link.threat
        link.price = rules.check_amount(price) if price is not None else link.price
        tx.add(link)
        found.updated_at = ctx.now
        tx.flush()
        quoted = f" 报价 {show_money(link.price)}" if link.price is not None else ""
        step_record(tx, ctx, "edit.opportunity", found, changes={"竞争对手": ("", f"{rival.name}{quoted}")})
        return step_done(tx, ctx, found, before, f"已记竞争对手 {rival.name}{quoted}")


def part_competitor(ctx: Context, opportunity_id: int, name: str) -> Changed:
    """It is not in this opportunity after all. Raises Forbidden, NotFound, NotYours, Closed, InvalidInput."""
    require_write(ctx)
    ctx.actor.require(Permission.COMPETITOR_VIEW)
    with ctx.begin() as tx:
        found, before = step_access(tx, ctx, opportunity_id)
        rules.check_open(found.name, found.result)
        met = opportunities.list_met(tx, opportunity_id)
        rival = competitors.find_competitor(tx, name)
        gone = next((m for m in met if rival is not None and m.competitor.id == rival.id), None)
        if gone is None:
            some = "、".join(m.competitor.name for m in met) or "还没有"
            raise InvalidInput(f"「{found.name}」里没有竞争对手「{name}」，现有：{some}。")
        called = gone.competitor.name
        tx.delete(gone.link)
        found.updated_at = ctx.now
        tx.flush()
        step_record(tx, ctx, "edit.opportunity", found, changes={"竞争对手": (called, "")})
        return step_done(tx, ctx, found, before, f"已去掉竞争对手 {called}")


def list_win_rates(ctx: Context) -> list[tuple[str, int, int]]:
    """(competitor, won, lost) over closed opportunities in scope (R-COMP-5). Raises Forbidden."""
    ctx.actor.require(Permission.OPPORTUNITY_VIEW)
    ctx.actor.require(Permission.COMPETITOR_VIEW)
    with ctx.begin() as tx:
        return opportunities.won_and_lost(tx)
