"""What people are to be reminded of: once per rule, object and cycle (D4), bundled into the morning message."""

from datetime import datetime

from sqlalchemy import update as core_update
from sqlmodel import col, select

from storage.database import Tx
from storage.inbox import insert_ignore
from storage.plain import Plain, given, given_list, table_of
from storage.tables import DigestItem

T = table_of(DigestItem)
CANCEL = Plain(
    core_update(T)
    .where(T.c.subject == given("about"), T.c.rule.in_(given_list("by_rules")), T.c.sent_at.is_(None))
    .values(cancelled_at=given("at"))
)


def add(tx: Tx, *, user_id: str, rule: str, subject: str, cycle: str, text: str, now: datetime) -> bool:
    """A reminder, unless that person was (or will be) reminded of it in this cycle already."""
    row: dict[str, object] = {
        "user_id": user_id, "rule": rule, "subject": subject, "cycle": cycle, "text": text, "created_at": now,
    }  # fmt: skip
    statement = insert_ignore(tx, DigestItem, [row], ["rule", "subject", "cycle", "user_id"])
    return tx.execute(statement.returning(col(DigestItem.id))).scalar_one_or_none() is not None


def known(tx: Tx, rule: str) -> set[tuple[str, str]]:
    """(subject, cycle) of everything somebody was, or will be, reminded of by this rule."""
    return set(tx.exec(select(DigestItem.subject, DigestItem.cycle).where(DigestItem.rule == rule)).all())


def list_open(tx: Tx, user_id: str) -> list[DigestItem]:
    """Reminders that have not left yet, in the order they came up."""
    query = select(DigestItem).where(
        DigestItem.user_id == user_id, col(DigestItem.sent_at).is_(None), col(DigestItem.cancelled_at).is_(None)
    )
    return list(tx.exec(query.order_by(col(DigestItem.id))).all())


def list_people_waiting(tx: Tx) -> list[str]:
    """Who has reminders that have not left yet."""
    query = select(DigestItem.user_id).where(col(DigestItem.sent_at).is_(None), col(DigestItem.cancelled_at).is_(None))
    return sorted(set(tx.exec(query).all()))


def mark_sent(tx: Tx, items: list[DigestItem], now: datetime) -> None:
    """They are in a message that leaves with this transaction."""
    for item in items:
        item.sent_at = now
        tx.add(item)


def cancel(tx: Tx, subject: str, *, rules: tuple[str, ...], now: datetime) -> None:
    """The matter is settled: nobody is reminded of it any more (R-REM-8)."""
    CANCEL.run(tx, about=subject, by_rules=list(rules), at=now)
