"""The public pool: claims, returns, and who had what when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, case, insert
from sqlalchemy import select as columns
from sqlalchemy import update as core_update
from sqlmodel import col, func, select, update

from storage.database import Tx
from storage.plain import Narrowed, Plain, given, table_of
from storage.tables import ClaimCarry, ClaimLog, Contract, Customer, Employee, OwnerHistory, TeamMember

C, E, H = table_of(Customer), table_of(Employee), table_of(OwnerHistory)
CARRY, LOG = table_of(ClaimCarry), table_of(ClaimLog)
LOCK = Plain(columns(E.c.user_id).where(E.c.user_id == given("of")).with_for_update())
CLAIMS = Plain(
    columns(
        columns(CARRY.c.count).where(CARRY.c.user_id == given("of")).scalar_subquery().label("carried"),
        func.count().label("live"),
        func.sum(case((LOG.c.local_day == given("day"), 1), else_=0)).label("today"),
    )
    .select_from(LOG)
    .where(LOG.c.user_id == given("of"), LOG.c.undone_at.is_(None))
)
CLAIMED = Plain(insert(LOG))
HOLDING = Narrowed(columns(func.count()).select_from(C).where(C.c.owner_id == given("of")), owned=True)
HELD = Plain(
    columns(func.count()).select_from(C).where(C.c.owner_id == given("of"), C.c.deleted_at.is_(None)),
    unscoped="a cap is held against all a person owns",
)
GIVE = Plain(
    core_update(C)
    .where(C.c.id == given("of"), C.c.owner_id.is_(None), C.c.deleted_at.is_(None))
    .values(
        owner_id=given("to"), owner_since=given("at"), pooled_at=None, pool_reason="", updated_at=given("at"),
        version=C.c.version + 1,
    ),
    unscoped="the pool row is about to be the claimant's",
)  # fmt: skip
CLOSE_PAGE = Plain(core_update(H).where(H.c.customer_id == given("of"), H.c.to_at.is_(None)).values(to_at=given("at")))
OPEN_PAGE = Plain(insert(H))
HOLDER = Plain(
    columns(C.c.owner_id, C.c.owner_since).where(C.c.id == given("of")), unscoped="the loser of a race is told who won"
)
PLAN = Plain(
    columns(C.c.next_follow_up_at, C.c.next_timed).where(C.c.id == given("of")),
    unscoped="the caller has access to the customer", unmasked="written back by an undo, shown to nobody",
)  # fmt: skip
POOLED = Plain(columns(H.c.id).where(H.c.customer_id == given("of"), H.c.owner_id.is_(None)).limit(1))
NEXT_PAGE = H.alias("next_page")
LAST_OWNED = Plain(
    columns(func.max(H.c.to_at)).where(
        H.c.customer_id == given("customer"),
        H.c.owner_id == given("person"),
        ~columns(NEXT_PAGE.c.id)  # a claim taken back is none
        .where(
            NEXT_PAGE.c.customer_id == H.c.customer_id,
            NEXT_PAGE.c.how == "undo",
            NEXT_PAGE.c.owner_id.is_(None),
            NEXT_PAGE.c.from_at == H.c.to_at,
        )
        .exists(),
    )
)


@dataclass(frozen=True, slots=True)
class ClaimCounts:
    """What caps are held against, read under the claimant's lock."""

    total: int  # claims ever, undone ones excepted
    today: int
    holding: int


@dataclass(frozen=True, slots=True)
class Holding:
    """Who has a customer, and since when."""

    owner_id: str | None
    owner_since: datetime | None


def lock_claimant(tx: Tx, user_id: str) -> None:
    """Makes one person's claims wait for each other, so that two at once cannot pass a cap together."""
    LOCK.run(tx, of=user_id).first()


def count_claims(tx: Tx, user_id: str, today: date) -> ClaimCounts:
    """The claimant's figures now."""
    counted = CLAIMS.run(tx, of=user_id, day=today).one()
    holding = HOLDING.run(tx, of=user_id).scalar_one()
    return ClaimCounts(
        total=(counted.carried or 0) + counted.live,
        today=counted.today or 0,
        holding=holding,
    )


def take(tx: Tx, customer_id: int, user_id: str, *, how: str, by: str, now: datetime, reason: str = "") -> bool:
    """Gives a pooled customer to `user_id`. The row count decides the race: False, somebody was faster."""
    if not GIVE.run(tx, of=customer_id, to=user_id, at=now).rowcount:
        return False
    _turn_page(tx, customer_id, user_id, how=how, by=by, now=now, reason=reason)
    if how == "claim":
        CLAIMED.run(tx, customer_id=customer_id, user_id=user_id, claimed_at=now, local_day=now.date())
    return True


def release(
    tx: Tx, customer_id: int, owner_id: str, *, how: str, by: str, now: datetime, reason: str,
    rule_days: int | None = None, unless_followed_since: datetime | None = None, unless_locked_on: date | None = None,
    page_reason: str = "",
) -> bool:  # fmt: skip
    """Puts an owned customer into the pool, and ends its team (R-POOL-14). `page_reason`: in its history, if another.

    False: its owner, or its last follow-up, has changed meanwhile, or it is locked (`unless_locked_on`: that day).
    """
    where = [
        col(Customer.id) == customer_id, col(Customer.owner_id) == owner_id, col(Customer.deleted_at).is_(None)
    ]  # fmt: skip
    if unless_followed_since is not None:
        followed = col(Customer.last_follow_up_at)
        where.append(followed.is_(None) | (followed <= unless_followed_since))
    if unless_locked_on is not None:
        where.append(col(Customer.lock_until).is_(None) | (col(Customer.lock_until) < unless_locked_on))
    done = tx.execute(
        update(Customer)
        .where(*where)
        .values(
            owner_id=None, owner_since=None, pooled_at=now, pool_reason=reason[:200], last_owner_id=owner_id,
            next_follow_up_at=None, next_timed=False, updated_at=now, version=Customer.version + 1,
        )
        .execution_options(synchronize_session=False, unscoped="the caller has checked the row")
    )  # fmt: skip
    if not done.rowcount:  # type: ignore[attr-defined]
        return False
    _turn_page(tx, customer_id, None, how=how, by=by, now=now, reason=page_reason or reason, rule_days=rule_days)
    _teams(tx, customer_id, col(TeamMember.ended_at).is_(None), ended_at=now)
    return True


def _teams(tx: Tx, customer_id: int, which: ColumnElement[bool], *, ended_at: datetime | None) -> None:
    tx.execute(
        update(TeamMember)
        .where(col(TeamMember.customer_id) == customer_id, which)
        .values(ended_at=ended_at)
        .execution_options(synchronize_session=False, unscoped="a team ends with the ownership it helped")
    )


def give_back(tx: Tx, customer_id: int, user_id: str, *, since: datetime, pooled_at: datetime, now: datetime) -> bool:
    """Takes a claim back: the customer is in the pool as before, and the claim does not count."""
    if not release(tx, customer_id, user_id, how="undo", by=user_id, now=now, reason="撤销领取"):
        return False
    tx.execute(
        update(Customer)
        .where(col(Customer.id) == customer_id)
        .values(pooled_at=pooled_at)
        .execution_options(synchronize_session=False, unscoped="the row was released a line above")
    )
    tx.execute(
        update(ClaimLog)
        .where(
            col(ClaimLog.customer_id) == customer_id, col(ClaimLog.user_id) == user_id,
            col(ClaimLog.claimed_at) == since, col(ClaimLog.undone_at).is_(None),
        )
        .values(undone_at=now)
    )  # fmt: skip
    return True


def regain(
    tx: Tx, customer_id: int, user_id: str, *, since: datetime, next_at: datetime | None, timed: bool, now: datetime
) -> bool:
    """Takes a return back: the customer is the former owner's again, as it was, and its team with it."""
    pooled_at = tx.exec(
        select(Customer.pooled_at).where(Customer.id == customer_id),
        execution_options={"unscoped": "the team that ended when it went"},
    ).first()
    done = tx.execute(
        update(Customer)
        .where(col(Customer.id) == customer_id, col(Customer.owner_id).is_(None), col(Customer.deleted_at).is_(None))
        .values(
            owner_id=user_id, owner_since=since, pooled_at=None, pool_reason="", next_follow_up_at=next_at,
            next_timed=timed, updated_at=now, version=Customer.version + 1,
        )
        .execution_options(synchronize_session=False, unscoped="the pool row is the former owner's again")
    )  # fmt: skip
    if not done.rowcount:  # type: ignore[attr-defined]
        return False
    _turn_page(tx, customer_id, user_id, how="undo", by=user_id, now=now, reason="撤销退回")
    if pooled_at is not None:
        _teams(tx, customer_id, col(TeamMember.ended_at) == pooled_at, ended_at=None)
    return True


def transfer(
    tx: Tx, customer_id: int, *, giver_id: str, receiver_id: str, since: datetime, how: str, by: str, now: datetime,
    reason: str = "",
) -> bool:  # fmt: skip
    """The customer goes from one owner to another. False: it was not the giver's any more.

    `since`: from when it counts as the receiver's. Its contacts are seen with it (R-CONT-6); a receiver who was in its
    team is its owner now.
    """
    done = tx.execute(
        update(Customer)
        .where(col(Customer.id) == customer_id, col(Customer.owner_id) == giver_id, col(Customer.deleted_at).is_(None))
        .values(owner_id=receiver_id, owner_since=since, updated_at=now, version=Customer.version + 1)
        .execution_options(synchronize_session=False, unscoped="the caller has checked the row")
    )
    if not done.rowcount:  # type: ignore[attr-defined]
        return False
    _turn_page(tx, customer_id, receiver_id, how=how, by=by, now=now, reason=reason)
    _teams(
        tx, customer_id, and_(col(TeamMember.user_id) == receiver_id, col(TeamMember.ended_at).is_(None)), ended_at=now
    )
    return True


def give_place_back(tx: Tx, customer_id: int, user_id: str, *, at: datetime) -> None:
    """A transfer is taken back: who was in the team before it is so again."""
    _teams(tx, customer_id, and_(col(TeamMember.user_id) == user_id, col(TeamMember.ended_at) == at), ended_at=None)


def count_held(tx: Tx, owner_id: str) -> int:
    """All customers of that owner, whatever the asker sees: what a cap is held against."""
    return int(HELD.run(tx, of=owner_id).scalar_one())


def leave_time(tx: Tx, customer_id: int, yesterday: date) -> None:
    """As if a lock had ended yesterday: what kept it from the pool is gone, and its owner is warned before it goes."""
    locked = col(Customer.lock_until)
    tx.execute(
        update(Customer)
        .where(col(Customer.id) == customer_id, locked.is_(None) | (locked < yesterday))
        .values(lock_until=yesterday)
        .execution_options(synchronize_session=False, unscoped="whoever voids a contract may not see its customer")
    )


def count_locked(tx: Tx, owner_id: str, today: date) -> int:
    """Customers of that owner that are locked (R-POOL-16)."""
    query = select(func.count()).select_from(Customer)
    query = query.where(Customer.owner_id == owner_id, col(Customer.lock_until) >= today)
    return tx.exec(query.where(col(Customer.deleted_at).is_(None)), execution_options={"unscoped": "a figure"}).one()


def _turn_page(
    tx: Tx, customer_id: int, owner_id: str | None, *, how: str, by: str, now: datetime, reason: str,
    rule_days: int | None = None,
) -> None:  # fmt: skip
    CLOSE_PAGE.run(tx, of=customer_id, at=now)
    OPEN_PAGE.run(
        tx, customer_id=customer_id, owner_id=owner_id, from_at=now, how=how, by_user_id=by, reason=reason[:200],
        rule_days=rule_days,
    )  # fmt: skip


def open_page(tx: Tx, customer_id: int, owner_id: str | None, *, how: str, by: str, now: datetime) -> None:
    """The first line of a new customer's owner history."""
    _turn_page(tx, customer_id, owner_id, how=how, by=by, now=now, reason="")


def open_pages(tx: Tx, owners: Mapping[int, str | None], *, how: str, by: str, now: datetime) -> None:
    """As `open_page`, for many new customers at once: customer → owner."""
    if owners:
        OPEN_PAGE.run_many(
            tx,
            [
                {
                    "customer_id": customer_id, "owner_id": owner_id, "from_at": now, "how": how, "by_user_id": by,
                    "reason": "", "rule_days": None,
                }
                for customer_id, owner_id in owners.items()
            ],
        )  # fmt: skip


def holding_of(tx: Tx, customer_id: int) -> Holding | None:
    """Who has a customer, whatever the asker may see: the loser of a race is told who won (R-POOL-2)."""
    row = HOLDER.run(tx, of=customer_id).first()
    return None if row is None else Holding(row.owner_id, row.owner_since)


def plan_of(tx: Tx, customer_id: int) -> tuple[datetime | None, bool]:
    """The planned next contact and whether it has a time of day, for taking a return back."""
    row = PLAN.run(tx, of=customer_id).one()
    return row.next_follow_up_at, row.next_timed


def was_pooled(tx: Tx, customer_id: int) -> bool:
    """Whether it ever was in the pool, where everybody who may claim could read its name."""
    return bool(POOLED.run(tx, of=customer_id).first())


def last_owned_until(tx: Tx, customer_id: int, user_id: str) -> datetime | None:
    """When `user_id` last ceased to own the customer (any former owner, R-POOL-4 c)."""
    until: datetime | None = LAST_OWNED.run(tx, customer=customer_id, person=user_id).scalar_one()
    return until


def claims_by_person(tx: Tx) -> dict[str, int]:
    """Claims ever, undone ones excepted, of everybody who has any."""
    carried = tx.execute(columns(CARRY.c.user_id, CARRY.c.count)).all()
    counts: dict[str, int] = {user_id: count for user_id, count in carried}  # noqa: C416 -- rows are no pairs to mypy
    live = columns(LOG.c.user_id, func.count()).where(LOG.c.undone_at.is_(None)).group_by(LOG.c.user_id)
    for user_id, count in tx.execute(live):
        counts[user_id] = counts.get(user_id, 0) + count
    return counts


def holdings_by_person(tx: Tx) -> dict[str, int]:
    """Customers of every owner within the scope."""
    query = select(Customer.owner_id, func.count()).where(col(Customer.owner_id).is_not(None))
    rows = tx.exec(query.group_by(col(Customer.owner_id))).all()
    return {owner_id: count for owner_id, count in rows if owner_id is not None}


def list_history(tx: Tx, customer_id: int) -> list[OwnerHistory]:
    """Owners, latest first."""
    query = select(OwnerHistory).where(OwnerHistory.customer_id == customer_id)
    return list(tx.exec(query.order_by(col(OwnerHistory.id).desc())).all())


@dataclass(frozen=True, slots=True)
class Clocked:
    """An owned customer and what its return to the pool is reckoned from (D3)."""

    id: int
    name: str
    owner_id: str
    owner_since: datetime
    last_follow_up_at: datetime | None
    next_follow_up_at: datetime | None
    next_timed: bool
    has_contract: bool
    lock_until: date | None = None


def find_clocked(tx: Tx, customer_id: int) -> Clocked | None:
    """One of them as it is now, its row held until the transaction ends; None: it has no owner any more."""
    tx.execute(columns(col(Customer.id)).where(col(Customer.id) == customer_id).with_for_update())
    return next(iter(list_clocked(tx, customer_id=customer_id)), None)


def list_clocked(tx: Tx, *, owner_id: str | None = None, customer_id: int | None = None) -> list[Clocked]:
    """All owned customers within the scope, one person's, or one."""
    effective = select(Contract.customer_id).where(
        col(Contract.state).in_(("effective", "ended")), col(Contract.deleted_at).is_(None)
    )  # fmt: skip
    query = columns(
        col(Customer.id), col(Customer.name), col(Customer.owner_id), col(Customer.owner_since),
        col(Customer.last_follow_up_at), col(Customer.next_follow_up_at), col(Customer.next_timed),
        col(Customer.lock_until),
    ).where(col(Customer.owner_id).is_not(None))  # fmt: skip
    if owner_id is not None:
        query = query.where(col(Customer.owner_id) == owner_id)
    if customer_id is not None:
        query = query.where(col(Customer.id) == customer_id)
        effective = effective.where(col(Contract.customer_id) == customer_id)
    contracted = set(tx.exec(effective, execution_options={"unscoped": "whether a customer has a contract"}).all())
    return [
        Clocked(i or 0, name, owner, since, last, planned, bool(timed), i in contracted, locked)
        for i, name, owner, since, last, planned, timed, locked in tx.execute(query).all()
        if owner is not None and since is not None
    ]
