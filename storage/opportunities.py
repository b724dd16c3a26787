"""Queries on opportunities (商机), and the one place where a stage is written (R-STAGE-6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, delete, false, func, or_, update
from sqlalchemy import select as columns
from sqlmodel import col, select

from bot.core.errors import NotFound
from storage.custom_fields import Condition, custom_condition
from storage.database import Tx
from storage.plain import table_of
from storage.search_index import reindexed
from storage.tables import Competitor, Customer, Opportunity, OpportunityCompetitor, Stage, StageLog

PAGE = 5
O = table_of(Opportunity)  # noqa: E741 -- its letter, as C is the customer's
WHOLE = {"unmasked": "compared with and put back by an undo, shown to nobody"}


@dataclass(frozen=True, slots=True)
class OpportunityFilter:
    """Conditions that combine; empty: no such condition."""

    words: tuple[str, ...] = ()  # each in the name, the source or the customer's name
    owner_id: str = ""
    customer_id: int | None = None
    stage_id: int | None = None
    result: str = "open"  # empty: all
    least: Decimal | None = None  # yuan
    most: Decimal | None = None
    expected_from: date | None = None  # days include their ends
    expected_until: date | None = None
    overdue_on: date | None = None  # open ones expected before that day (R-OPP-6)
    quiet_since: datetime | None = None
    stale: tuple["StaleSince", ...] | None = None  # None: no such condition; open ones of these stages
    custom: tuple[Condition, ...] = ()  # on the company's own fields


@dataclass(frozen=True, slots=True)
class StaleSince:
    """Open ones of that stage are stale if they came into it, and were last followed up, before that moment."""

    stage_id: int
    before: datetime


def enter_stage(tx: Tx, opportunity: Opportunity, stage: Stage, *, by: str, now: datetime, result: str = "") -> None:
    """Into `stage`, or new in it. `result`: where the stage's kind does not say it (invalid).

    Writes the log in whole seconds of the clock, so that they add up (invariant 42).
    """
    new = opportunity.id is None
    if not new and opportunity.stage_id == stage.id:
        return
    was = None if new else opportunity.stage_id
    seconds = 0 if new else int(now.timestamp()) - int(opportunity.stage_since.timestamp())
    opportunity.stage_id, opportunity.stage_since = stage.id or 0, now
    opportunity.result = result or stage.kind
    opportunity.closed_at = None if opportunity.result == "open" else now
    opportunity.updated_at = now
    if opportunity.result == "open":
        opportunity.lost_reason, opportunity.won_by_id = "", None
    tx.add(opportunity)
    tx.flush()
    tx.add(
        StageLog(
            opportunity_id=opportunity.id or 0, from_stage_id=was, to_stage_id=opportunity.stage_id, by_user_id=by,
            at=now, seconds=seconds,
        )
    )  # fmt: skip
    tx.flush()


def access_opportunity(tx: Tx, opportunity_id: int, *, lock: bool = False) -> Opportunity:
    """Raises NotFound if it is absent or outside the transaction's scope."""
    query = select(Opportunity).where(Opportunity.id == opportunity_id)
    found = tx.exec(query.with_for_update() if lock else query).first()
    if found is None:
        there = select(Opportunity.id).where(Opportunity.id == opportunity_id, col(Opportunity.deleted_at).is_(None))
        hidden = tx.exec(there, execution_options={"unscoped": "the audit tells an attempt from a slip"}).first()
        raise NotFound(
            "没有找到这个商机，可能名称不对，或不在你能看的范围里。发送「商机」看看有哪些。",
            attempt=f"opportunity:{opportunity_id}" if hidden is not None else "",
        )
    return found


def access_given(tx: Tx, opportunity_id: int, *, by: str) -> Opportunity:
    """One that `by` gave away and may have out of sight: to be taken back. Raises NotFound."""
    query = select(Opportunity).where(Opportunity.id == opportunity_id, col(Opportunity.deleted_at).is_(None))
    given = {"unscoped": f"{by} takes back what he gave away"}
    found = tx.exec(query.with_for_update(), execution_options=given).first()
    if found is None:
        raise NotFound("没有找到这个商机，可能已经删除。")
    return found


def _where(wanted: OpportunityFilter) -> list[Any]:
    found: list[Any] = []
    for word in wanted.words:
        called = select(Customer.id).where(col(Customer.name).contains(word, autoescape=True))
        found.append(
            col(Opportunity.name).contains(word, autoescape=True)
            | (col(Opportunity.source) == word)
            | col(Opportunity.customer_id).in_(called)
        )
    if wanted.owner_id:
        found.append(col(Opportunity.owner_id) == wanted.owner_id)
    if wanted.customer_id is not None:
        found.append(col(Opportunity.customer_id) == wanted.customer_id)
    if wanted.stage_id is not None:
        found.append(col(Opportunity.stage_id) == wanted.stage_id)
    elif wanted.result:
        found.append(col(Opportunity.result) == wanted.result)
    if wanted.least is not None:
        found.append(col(Opportunity.amount) >= wanted.least)
    if wanted.most is not None:
        found.append(col(Opportunity.amount) <= wanted.most)
    if wanted.expected_from is not None:
        found.append(col(Opportunity.expected_on) >= wanted.expected_from)
    if wanted.expected_until is not None:
        found.append(col(Opportunity.expected_on) <= wanted.expected_until)
    if wanted.overdue_on is not None:
        found += [col(Opportunity.expected_on) < wanted.overdue_on, col(Opportunity.result) == "open"]
    if wanted.quiet_since is not None:
        found.append(func.coalesce(Opportunity.last_follow_up_at, Opportunity.created_at) < wanted.quiet_since)
    if wanted.stale is not None:
        found.append(_stale(wanted.stale))
    found += [custom_condition("opportunity", one) for one in wanted.custom]
    return found


def _stale(stages: Sequence[StaleSince]) -> Any:
    last = col(Opportunity.last_follow_up_at)
    quiet = [
        and_(
            col(Opportunity.stage_id) == one.stage_id, col(Opportunity.stage_since) < one.before,
            or_(last.is_(None), last < one.before),
        )
        for one in stages
    ]  # fmt: skip
    return and_(col(Opportunity.result) == "open", or_(false(), *quiet))


def list_stale(tx: Tx, stages: Sequence[StaleSince], owner_id: str) -> list[tuple[Opportunity, Stage]]:
    """One person's stale ones, with their stages."""
    query = select(Opportunity, Stage).where(Opportunity.stage_id == Stage.id, Opportunity.owner_id == owner_id)
    query = query.where(_stale(stages)).order_by(col(Opportunity.stage_since), col(Opportunity.id))
    return [(found, stage) for found, stage in tx.exec(query).all()]


def owners_of_stale(tx: Tx, stages: Sequence[StaleSince]) -> set[str]:
    """Who has stale ones."""
    return {who for who in tx.exec(select(Opportunity.owner_id).where(_stale(stages)).distinct()).all() if who}


def count_opportunities(tx: Tx, wanted: OpportunityFilter) -> tuple[int, Decimal | None]:
    """How many match within the scope, and what they add up to; None: not to be seen, or none."""
    query = select(func.count(), func.sum(Opportunity.amount)).select_from(Opportunity).where(*_where(wanted))
    total, amount = tx.exec(query).one()
    return total, amount


def list_opportunities(tx: Tx, wanted: OpportunityFilter, *, page: int = 1, size: int = PAGE) -> list[Opportunity]:
    """One page, those expected soonest first."""
    order = (col(Opportunity.expected_on).is_(None), col(Opportunity.expected_on), col(Opportunity.id))
    query = select(Opportunity).where(*_where(wanted)).order_by(*order)
    return list(tx.exec(query.limit(size).offset((page - 1) * size)).all())


def list_after(tx: Tx, wanted: OpportunityFilter, *, after: int, limit: int) -> list[Opportunity]:
    """The next that match, by id: for exports, which go through all of them."""
    query = select(Opportunity).where(*_where(wanted), col(Opportunity.id) > after).order_by(col(Opportunity.id))
    return list(tx.exec(query.limit(limit)).all())


def list_names(tx: Tx) -> list[tuple[int, str, int, str]]:
    """(id, name, customer's id, result) of those within the scope, the newest first."""
    query = select(Opportunity.id, Opportunity.name, Opportunity.customer_id, Opportunity.result)
    rows = tx.exec(query.order_by(col(Opportunity.id).desc()).limit(20000)).all()
    return [(i or 0, name, customer_id, result) for i, name, customer_id, result in rows]


@dataclass(frozen=True, slots=True)
class OwnOpportunity:
    """An open one, by its name."""

    id: int
    name: str
    customer_id: int


def list_own(tx: Tx, user_id: str, customer_id: int | None = None) -> list[OwnOpportunity]:
    """The open ones that person has, with that customer if one is given."""
    query = select(Opportunity.id, Opportunity.name, Opportunity.customer_id)
    query = query.where(Opportunity.owner_id == user_id, Opportunity.result == "open")
    if customer_id is not None:
        query = query.where(Opportunity.customer_id == customer_id)
    return [OwnOpportunity(i or 0, name, of) for i, name, of in tx.exec(query.order_by(col(Opportunity.id))).all()]


def taken(tx: Tx, customer_id: int, name: str, but: int | None = None) -> bool:
    """Whether the customer has another live opportunity of that name, whoever owns it."""
    query = select(Opportunity.id).where(
        Opportunity.customer_id == customer_id, Opportunity.name == name, col(Opportunity.deleted_at).is_(None)
    )
    ids = tx.exec(query, execution_options={"unscoped": "a name is taken whoever took it"}).all()
    return any(i != but for i in ids)


@dataclass(frozen=True, slots=True)
class Met:
    """A competitor in an opportunity, with what is known of it."""

    competitor: Competitor
    link: OpportunityCompetitor


def list_met(tx: Tx, opportunity_id: int) -> list[Met]:
    """By name. The caller has access to the opportunity."""
    query = (
        select(Competitor, OpportunityCompetitor)
        .where(OpportunityCompetitor.competitor_id == Competitor.id)
        .where(OpportunityCompetitor.opportunity_id == opportunity_id)
        .order_by(col(Competitor.name))
    )
    return [Met(competitor, link) for competitor, link in tx.exec(query).all()]


def average_seconds(tx: Tx, stage_id: int) -> int | None:
    """How long opportunities of the whole company stayed in a stage before they left it; None: none did yet."""
    query = columns(func.avg(table_of(StageLog).c.seconds)).where(table_of(StageLog).c.from_stage_id == stage_id)
    found = tx.execute(query).scalar()
    return None if found is None else int(found)


def list_log(tx: Tx, opportunity_id: int) -> list[StageLog]:
    """Its changes of stage, in their order."""
    query = select(StageLog).where(StageLog.opportunity_id == opportunity_id)
    return list(tx.exec(query.order_by(col(StageLog.id))).all())


def forecast_rows(tx: Tx, first: date | None, last: date | None) -> list[tuple[int, int, int, Decimal | None]]:
    """(stage's id, percent, how many, their amount) of open ones within the scope, expected within these days."""
    rate = func.coalesce(Opportunity.probability, Stage.win_rate)
    query = (
        select(Opportunity.stage_id, rate, func.count(), func.sum(Opportunity.amount))
        .where(Opportunity.stage_id == Stage.id, Opportunity.result == "open")
        .group_by(col(Opportunity.stage_id), rate)
    )
    if first is not None:
        query = query.where(col(Opportunity.expected_on) >= first)
    if last is not None:
        query = query.where(col(Opportunity.expected_on) <= last)
    return [(a, int(b), c, d) for a, b, c, d in tx.exec(query).all()]


def won_and_lost(tx: Tx) -> list[tuple[str, int, int]]:
    """(competitor, won, lost) over the closed opportunities within the scope that it was met in (R-COMP-5)."""
    query = (
        select(Competitor.name, Opportunity.result, func.count())
        .where(OpportunityCompetitor.competitor_id == Competitor.id)
        .where(OpportunityCompetitor.opportunity_id == Opportunity.id)
        .where(col(Opportunity.result).in_(("won", "lost")))
        .group_by(col(Competitor.name), col(Opportunity.result))
    )
    counts: dict[str, dict[str, int]] = {}
    for name, result, count in tx.exec(query).all():
        counts.setdefault(name, {})[result] = count
    return [(name, c.get("won", 0), c.get("lost", 0)) for name, c in sorted(counts.items())]


def picture(tx: Tx, opportunity_id: int) -> dict[str, Any]:
    """The row whole, as JSON: moments, days and money as text."""
    tx.flush()
    row = tx.execute(columns(*O.c).where(O.c.id == opportunity_id), execution_options=WHOLE | {"unscoped": "an undo"})
    found = dict(row.mappings().one())
    return {
        k: v.isoformat() if isinstance(v, date) else str(v) if isinstance(v, Decimal) else v for k, v in found.items()
    }


def put_back(tx: Tx, before: dict[str, Any], version: int) -> None:
    """The row is as it was, but for its version, which goes on."""
    values: dict[str, Any] = {}
    for name, value in before.items():
        kind = O.c[name].type
        if value is not None and name.endswith(("_at", "_since")):
            value = datetime.fromisoformat(value)
        elif value is not None and name == "expected_on":
            value = date.fromisoformat(value)
        elif value is not None and isinstance(kind, type(O.c.amount.type)):
            value = Decimal(value)
        values[name] = value
    values["version"] = version
    with reindexed(tx, "opportunity", int(before["id"])):
        tx.execute(
            update(Opportunity)
            .where(col(Opportunity.id) == before["id"])
            .values(**values)
            .execution_options(synchronize_session=False, unscoped="the caller has access to it", indexed="around it")
        )
    tx.expire_all()


def last_log_id(tx: Tx, opportunity_id: int) -> int:
    """The latest line of its log; 0: none."""
    log = table_of(StageLog)
    return tx.execute(columns(func.max(log.c.id)).where(log.c.opportunity_id == opportunity_id)).scalar() or 0


def forget_log(tx: Tx, opportunity_id: int, *, after: int) -> None:
    """Changes that were taken back did not happen: time goes on in the stage it was in."""
    tx.execute(delete(StageLog).where(col(StageLog.opportunity_id) == opportunity_id, col(StageLog.id) > after))


def set_total(tx: Tx, opportunity: Opportunity, amount: Decimal) -> None:
    """What its lines add up to (R-OPP-2)."""
    opportunity.amount = amount
    tx.add(opportunity)
    tx.flush()
