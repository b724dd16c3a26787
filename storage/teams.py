"""协作人: who besides the owner works on a customer, and who asked to. What a member sees is `storage/scope.py`."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select as columns
from sqlmodel import col, or_, select, update

from bot.core.actor import Scope
from storage.database import Tx
from storage.scope import visible
from storage.tables import Customer, JoinRequest, TeamMember

WHY = {"unscoped": "the caller has access to the customer"}


def _lasting(day: date) -> tuple[object, ...]:
    return (col(TeamMember.ended_at).is_(None), or_(col(TeamMember.until).is_(None), col(TeamMember.until) >= day))


def list_team(tx: Tx, customer_id: int, day: date) -> list[TeamMember]:
    """The members of that day, in the order they came; who has become its owner is none."""
    owner = select(Customer.owner_id).where(Customer.id == customer_id).scalar_subquery()
    query = select(TeamMember).where(TeamMember.customer_id == customer_id, *_lasting(day))  # type: ignore[arg-type]
    query = query.where(col(TeamMember.user_id).is_distinct_from(owner))
    return list(tx.exec(query.order_by(col(TeamMember.id)), execution_options=WHY).all())


def find_member(tx: Tx, customer_id: int, user_id: str) -> TeamMember | None:
    """One person's place in the team, even if its last day is over."""
    query = select(TeamMember).where(
        TeamMember.customer_id == customer_id, TeamMember.user_id == user_id, col(TeamMember.ended_at).is_(None)
    )
    return tx.exec(query, execution_options=WHY).first()


def get_member(tx: Tx, member_id: int) -> TeamMember | None:
    """Within the scope."""
    return tx.exec(select(TeamMember).where(TeamMember.id == member_id)).first()


def right_of(tx: Tx, customer_id: int, scope: Scope) -> str:
    """How a person who sees a customer that is not his comes to see it: "" by his data scope, else read or write.

    A member whom the data scope shows the customer anyhow has at least what that gives him: write counts, read does
    not take anything away.
    """
    if scope.day is None:
        return ""
    query = select(TeamMember.may_write).where(
        TeamMember.customer_id == customer_id,
        TeamMember.user_id == scope.user_id,
        *_lasting(scope.day),  # type: ignore[arg-type]
    )
    may_write = tx.exec(query, execution_options=WHY).first()
    if may_write is None:
        return ""
    if may_write:
        return "write"
    without_teams = Scope(scope.user_id, scope.departments, pool=False)
    table = Customer.__table__  # type: ignore[attr-defined]
    by_scope = columns(col(Customer.id)).where(col(Customer.id) == customer_id, visible(table, without_teams))
    return "" if tx.execute(by_scope, execution_options=WHY).first() is not None else "read"


def put_member(
    tx: Tx, *, customer_id: int, user_id: str, may_write: bool, until: date | None, by: str, now: datetime
) -> TeamMember:
    """Makes somebody a member, or changes what he may and until when."""
    member = find_member(tx, customer_id, user_id)
    if member is None:
        member = TeamMember(customer_id=customer_id, user_id=user_id, created_at=now, created_by=by)
    member.may_write, member.until = may_write, until
    tx.add(member)
    tx.flush()
    return member


def end_member(tx: Tx, customer_id: int, user_id: str, now: datetime) -> bool:
    """False: he was no member."""
    done = tx.execute(
        update(TeamMember)
        .where(
            col(TeamMember.customer_id) == customer_id, col(TeamMember.user_id) == user_id,
            col(TeamMember.ended_at).is_(None),
        )
        .values(ended_at=now)
        .execution_options(synchronize_session="fetch", **WHY)
    )  # fmt: skip
    return bool(done.rowcount)  # type: ignore[attr-defined]


def end_for_people(tx: Tx, user_ids: Sequence[str], now: datetime) -> None:
    """They work here no more: their memberships end, and what they asked for is asked no more."""
    tx.execute(
        update(TeamMember)
        .where(col(TeamMember.user_id).in_(user_ids), col(TeamMember.ended_at).is_(None))
        .values(ended_at=now)
        .execution_options(synchronize_session=False, unscoped="whoever leaves leaves every team")
    )
    tx.execute(
        update(JoinRequest)
        .where(col(JoinRequest.user_id).in_(user_ids), col(JoinRequest.answered_at).is_(None))
        .values(answered_at=now)
        .execution_options(synchronize_session=False, unscoped="whoever leaves leaves every team")
    )


def ask(tx: Tx, *, customer_id: int, user_id: str, asked_id: str, now: datetime) -> JoinRequest | None:
    """Remembers that somebody asked the owner. None: that owner is asked already and has not answered.

    A question to a former owner is put to the present one instead.
    """
    query = select(JoinRequest).where(
        JoinRequest.customer_id == customer_id, JoinRequest.user_id == user_id, col(JoinRequest.answered_at).is_(None)
    )
    request = tx.exec(query, execution_options=WHY).first()
    if request is not None and request.asked_id == asked_id:
        return None
    if request is not None:
        request.answered_at = now
        tx.add(request)
        tx.flush()
    request = JoinRequest(customer_id=customer_id, user_id=user_id, asked_id=asked_id, created_at=now)
    tx.add(request)
    tx.flush()
    return request


def get_request(tx: Tx, request_id: int) -> JoinRequest | None:
    """Within the scope."""
    return tx.exec(select(JoinRequest).where(JoinRequest.id == request_id)).first()


def answer(tx: Tx, request_id: int, *, by: str, agreed: bool, now: datetime) -> bool:
    """One answer counts; False: it had been given."""
    done = tx.execute(
        update(JoinRequest)
        .where(col(JoinRequest.id) == request_id, col(JoinRequest.answered_at).is_(None))
        .values(answered_at=now, answered_by=by, agreed=agreed)
        .execution_options(synchronize_session=False, **WHY)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]
