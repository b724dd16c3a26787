"""Who changed what: one line for every change, written with it; and every refusal for lack of rights.

Append-only: triggers of both databases refuse to change or delete a line (revision 0002).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, insert, or_
from sqlmodel import col, func, select

from storage.database import Tx
from storage.plain import Plain, table_of
from storage.tables import Audit

RECORD = Plain(insert(table_of(Audit)))
Changes = Mapping[str, Sequence[str]]  # field as people read it → (from, to)


def record(
    tx: Tx, *, at: datetime, user_id: str, via: str, action: str, subject: str, name: str = "",
    changes: Changes | None = None, source: str = "", **detail: Any,
) -> None:  # fmt: skip
    """`action`: verb.noun, with its words in `handlers.audit.words`; `subject`: customer:12, `name`: as people read it.

    `source`: the message or card it came from, where the transaction does not know (`bot.context`).
    `changes`: what it was and what it is now, by the field's label. `detail` holds ids and short facts, never secrets.
    """
    if changes:
        detail["changes"] = {label: [str(was), str(now)] for label, (was, now) in changes.items()}
    RECORD.run(
        tx, at=at, user_id=user_id, via=via, action=action, subject=subject, name=name[:200], detail=detail,
        source=source or str(tx.info.get("source", "")),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One of many that are recorded at once, as `record`."""

    action: str
    subject: str
    name: str
    changes: Changes


def record_many(
    tx: Tx, lines: Sequence[Line], *, at: datetime, user_id: str, via: str, source: str = ""
) -> None:  # fmt: skip
    """As `record`, for what one person did to many."""
    if lines:
        told = source or str(tx.info.get("source", ""))
        RECORD.run_many(
            tx,
            [
                {
                    "at": at, "user_id": user_id, "via": via, "action": line.action, "subject": line.subject,
                    "name": line.name[:200], "source": told,
                    "detail": {"changes": {k: [str(a), str(b)] for k, (a, b) in line.changes.items()}}
                    if line.changes else {},
                }
                for line in lines
            ],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Conditions that combine. `until`: the first moment that is too late."""

    user_ids: tuple[str, ...] = ()  # any of them; empty text: the system
    since: datetime | None = None
    until: datetime | None = None
    actions: frozenset[str] | None = None  # None: all
    words: tuple[str, ...] = ()  # each in the subject's name, or what one of these calls the action:
    called: Mapping[str, frozenset[str]] = field(default_factory=dict)  # word → actions
    subjects: frozenset[str] = frozenset()  # besides, lines of these subjects fit the words


def _where(wanted: AuditFilter) -> list[Any]:
    conditions: list[Any] = []
    if wanted.user_ids:
        conditions.append(col(Audit.user_id).in_(wanted.user_ids))
    if wanted.since is not None:
        conditions.append(col(Audit.at) >= wanted.since)
    if wanted.until is not None:
        conditions.append(col(Audit.at) < wanted.until)
    if wanted.actions is not None:
        conditions.append(col(Audit.action).in_(sorted(wanted.actions)))
    if wanted.words:
        named = and_(
            *(
                or_(
                    col(Audit.name).contains(word, autoescape=True),
                    col(Audit.action).in_(sorted(wanted.called.get(word, ()))),
                )
                for word in wanted.words
            )
        )
        conditions.append(or_(named, col(Audit.subject).in_(sorted(wanted.subjects))) if wanted.subjects else named)
    return conditions


def count_lines(tx: Tx, wanted: AuditFilter) -> int:
    """How many fit."""
    return tx.exec(select(func.count()).select_from(Audit).where(*_where(wanted))).one()


def list_lines(tx: Tx, wanted: AuditFilter, *, limit: int, offset: int = 0) -> list[Audit]:
    """The newest first."""
    query = select(Audit).where(*_where(wanted)).order_by(col(Audit.at).desc(), col(Audit.id).desc())
    return list(tx.exec(query.limit(limit).offset(offset)).all())
