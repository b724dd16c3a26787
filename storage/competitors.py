"""Queries on competitors (竞争对手)."""

from typing import Any

from sqlalchemy import or_
from sqlalchemy import select as core_select
from sqlmodel import col, func, select

from bot.core.errors import NotFound
from bot.language.companies import hard_key
from storage.database import Tx
from storage.plain import table_of
from storage.tables import Competitor, Opportunity, OpportunityCompetitor


def find_competitor(tx: Tx, name: str) -> Competitor | None:
    """By name, compared as company names are (R-COMP-1): a few dozen rows, so in code."""
    key = hard_key(name)
    return next((c for c in tx.exec(select(Competitor)).all() if hard_key(c.name) == key), None)


def access_competitor(tx: Tx, name: str) -> Competitor:
    """Raises NotFound."""
    found = find_competitor(tx, name)
    if found is None:
        raise NotFound(f"没有找到竞争对手「{name}」，发送「竞争对手」看看有哪些。")
    return found


def whole(tx: Tx, competitor: Competitor) -> dict[str, Any]:
    """Every field as it is, to be put back by an undo and compared with: shown to nobody."""
    table = table_of(Competitor)
    query = core_select(*(c for c in table.c if c.name != "id")).where(table.c.id == competitor.id)
    return dict(tx.execute(query, execution_options={"unmasked": "written back by an undo"}).mappings().one())


def list_competitors(tx: Tx, *, page: int, per_page: int) -> tuple[list[Competitor], int]:
    """Active ones first, by name; and how many there are."""
    total = tx.exec(select(func.count()).select_from(Competitor)).one()
    query = select(Competitor).order_by(col(Competitor.active).desc(), col(Competitor.name))
    return list(tx.exec(query.offset((page - 1) * per_page).limit(per_page)).all()), total


def list_names(tx: Tx) -> list[str]:
    """Every competitor's name."""
    return list(tx.exec(select(Competitor.name).order_by(col(Competitor.name))).all())


def list_active(tx: Tx) -> list[Competitor]:
    """Those to be chosen, by name."""
    return list(tx.exec(select(Competitor).where(col(Competitor.active)).order_by(col(Competitor.name))).all())


def add_competitor(tx: Tx, *, name: str, strengths: str, weaknesses: str, tactics: str) -> Competitor:
    """A new one."""
    competitor = Competitor(name=name, strengths=strengths, weaknesses=weaknesses, tactics=tactics)
    tx.add(competitor)
    tx.flush()
    return competitor


def count_met(tx: Tx, competitor: Competitor) -> int:
    """Opportunities it was met in or that it won, whoever owns them, deleted ones too: they name it."""
    met = select(OpportunityCompetitor.opportunity_id).where(OpportunityCompetitor.competitor_id == competitor.id)
    query = select(func.count()).select_from(Opportunity)
    query = query.where(or_(col(Opportunity.won_by_id) == competitor.id, col(Opportunity.id).in_(met)))
    return tx.exec(query, execution_options={"unscoped": "a competitor somebody met was met"}).one()


def remove_competitor(tx: Tx, competitor: Competitor) -> None:
    """Only for one that was met nowhere."""
    tx.delete(competitor)
    tx.flush()
