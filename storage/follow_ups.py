"""跟进: the timeline, and what a new entry changes on its customer."""

from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import insert
from sqlalchemy import select as core_select
from sqlalchemy import update as core_update
from sqlmodel import col, func, select

from storage.database import Tx
from storage.plain import Narrowed, Plain, given, table_of
from storage.tables import Customer, FollowUp, Opportunity

C, F = table_of(Customer), table_of(FollowUp)
O = table_of(Opportunity)  # noqa: E741 -- its letter, as C is the customer's
ALL_OF = (F.c.customer_id == given("of"), F.c.deleted_at.is_(None))
WHOEVER = "a customer's last contact is its latest follow-up, whoever made it"
LATEST = Plain(core_select(F.c.at).where(*ALL_OF).order_by(F.c.at.desc(), F.c.id.desc()).limit(1), unscoped=WHOEVER)
NEWEST = Plain(
    core_select(F.c.id, F.c.next_at, F.c.next_timed).where(*ALL_OF).order_by(F.c.id.desc()).limit(1),
    unscoped=WHOEVER,
    unmasked="written to its customer, shown to nobody",
)
PLAN = Plain(
    core_select(C.c.next_follow_up_at, C.c.next_timed).where(C.c.id == given("of")),
    unscoped="the caller has access to the customer", unmasked="written back by an undo, shown to nobody",
)  # fmt: skip
Planned: TypeAlias = list[Any]  # when a customer is contacted next (ISO) or None, and whether with a time of day
ADD = Plain(insert(F).returning(F.c.id), unscoped="the caller has access to the customer")
ENTRY = Narrowed(
    core_select(F.c.customer_id, F.c.at, F.c.method, F.c.content, F.c.next_at, F.c.next_timed, F.c.created_at,
                F.c.opportunity_id)
    .where(F.c.id == given("of"))
)  # fmt: skip
SETTLE = Plain(
    core_update(C)
    .where(C.c.id == given("of"))
    .values(
        last_follow_up_at=given("last"), next_follow_up_at=given("planned"), next_timed=given("with_time"),
        updated_at=given("at"),
    ),
    unscoped="the caller has access to the customer",
)  # fmt: skip

# The newest entry says what is planned: that is the one just added. The latest contact need not be it.
SETTLE_NEW = Plain(
    core_update(C)
    .where(C.c.id == given("of"))
    .values(
        last_follow_up_at=core_select(F.c.at).where(*ALL_OF).order_by(F.c.at.desc(), F.c.id.desc()).limit(1)
        .scalar_subquery(),
        next_follow_up_at=given("planned"), next_timed=given("with_time"), updated_at=given("at"),
    ),
    unscoped="the caller has access to the customer; " + WHOEVER,
)  # fmt: skip


def add_follow_up(
    tx: Tx, *, customer_id: int, user_id: str, at: datetime, method: str, content: str, next_at: datetime | None,
    next_timed: bool, source_key: str | None, now: datetime, opportunity_id: int | None = None,
) -> int:  # fmt: skip
    """Stores it and moves its customer's last and next contact, in the same transaction (R-FU-2); returns its id."""
    follow_up_id: int = ADD.run(
        tx, customer_id=customer_id, user_id=user_id, at=at, method=method, content=content, next_at=next_at,
        next_timed=next_timed, source_key=source_key, created_at=now, opportunity_id=opportunity_id,
    ).scalar_one()  # fmt: skip
    SETTLE_NEW.run(tx, of=customer_id, planned=next_at, with_time=next_timed, at=now)
    if opportunity_id is not None:
        settle_opportunity(tx, opportunity_id)
    return follow_up_id


def plan_of(tx: Tx, customer_id: int) -> Planned:
    """What is planned for it, whatever the asker may see: for taking back what is about to be written down."""
    row = PLAN.run(tx, of=customer_id).one()
    at = row.next_follow_up_at
    return [at.isoformat() if at is not None else None, bool(row.next_timed)]


def take_back(tx: Tx, follow_up: FollowUp, now: datetime, plan: Planned | None) -> None:
    """The author's 撤销: the customer's last contact is what it is without it.

    `plan`: what was planned before it (None: nothing), and is again, unless something else has been planned since.
    """
    own: Planned = [follow_up.next_at.isoformat() if follow_up.next_at is not None else None, follow_up.next_timed]
    present, newest = plan_of(tx, follow_up.customer_id), NEWEST.run(tx, of=follow_up.customer_id).first()
    mine = newest is not None and newest.id == follow_up.id and present == own
    at, timed = (plan or [None, False]) if mine else present
    follow_up.deleted_at = now
    tx.add(follow_up)
    tx.flush()
    SETTLE.run(
        tx, of=follow_up.customer_id, last=LATEST.run(tx, of=follow_up.customer_id).scalar(),
        planned=datetime.fromisoformat(at) if at is not None else None, with_time=timed, at=now,
    )  # fmt: skip
    if follow_up.opportunity_id is not None:
        settle_opportunity(tx, follow_up.opportunity_id)


def settle_opportunity(tx: Tx, opportunity_id: int) -> None:
    """Its last and next contact are those of the follow-ups that name it, as with customers."""
    of = (F.c.opportunity_id == opportunity_id, F.c.deleted_at.is_(None))
    whole = {"unscoped": WHOEVER, "unmasked": "written to its opportunity, shown to nobody"}
    last = tx.execute(core_select(func.max(F.c.at)).where(*of), execution_options=whole).scalar()
    newest = core_select(F.c.next_at).where(*of).order_by(F.c.id.desc()).limit(1)
    planned = tx.execute(newest, execution_options=whole).scalar()
    change = core_update(O).where(O.c.id == opportunity_id).values(last_follow_up_at=last, next_follow_up_at=planned)
    tx.execute(change, execution_options={"unscoped": "the caller has access to the opportunity"})


def get(tx: Tx, follow_up_id: int) -> FollowUp | None:
    """One entry within the scope."""
    return tx.get(FollowUp, follow_up_id)


def find_entry(tx: Tx, follow_up_id: int) -> Any | None:
    """What a card shows of one entry within the scope."""
    return ENTRY.run(tx, of=follow_up_id).first()


def list_timeline(tx: Tx, customer_id: int, *, page: int = 1, size: int = 5) -> list[FollowUp]:
    """The customer's entries, latest first."""
    query = select(FollowUp).where(FollowUp.customer_id == customer_id)
    query = query.order_by(col(FollowUp.at).desc(), col(FollowUp.id).desc())
    return list(tx.exec(query.limit(size).offset((page - 1) * size)).all())


def list_of_opportunity(tx: Tx, opportunity_id: int, *, size: int = 5) -> list[FollowUp]:
    """The entries that name it, latest first. The caller has access to the opportunity."""
    query = select(FollowUp).where(FollowUp.opportunity_id == opportunity_id)
    return list(tx.exec(query.order_by(col(FollowUp.at).desc(), col(FollowUp.id).desc()).limit(size)).all())


def count_timeline(tx: Tx, customer_id: int) -> int:
    """How many entries it has."""
    query = select(func.count()).select_from(FollowUp).where(FollowUp.customer_id == customer_id)
    return tx.exec(query).one()


def count_by(tx: Tx, user_id: str, *, since: datetime) -> int:
    """Entries a person has written down since."""
    query = select(func.count()).select_from(FollowUp).where(FollowUp.user_id == user_id, FollowUp.at >= since)
    return tx.exec(query).one()


def last_by(tx: Tx, user_id: str, *, since: datetime) -> FollowUp | None:
    """The person's latest entry since, for 改时间 and corrections."""
    query = select(FollowUp).where(FollowUp.user_id == user_id, FollowUp.created_at >= since)
    return tx.exec(query.order_by(col(FollowUp.id).desc()).limit(1)).first()
