"""What a 交接 writes into the histories of owners: a line of each customer and lead that changed hands, with its id."""

from datetime import datetime
from typing import Final

from sqlalchemy import String, bindparam, exists, func, insert, literal
from sqlalchemy import select as columns
from sqlalchemy import update as core_update

from storage.database import Tx
from storage.plain import Plain, given, table_of
from storage.tables import HandoverItem, Lead, LeadOwnerHistory, OwnerHistory
from storage.types import Moment

PAGED: Final = frozenset({"customer", "lead"})  # kinds that have a history of owners
WHY: Final = "an administrator hands over whatever the former owner holds"
ITEM, L, LH = table_of(HandoverItem), table_of(Lead), table_of(LeadOwnerHistory)
HISTORIES: Final = {"customer": (table_of(OwnerHistory), "customer_id"), "lead": (LH, "lead_id")}


class _Pages:
    """Closes the open line of each record's history and writes the next."""

    def __init__(self, kind: str, how: str) -> None:
        history, key = HISTORIES[kind]
        which = columns(ITEM.c.record_id).where(ITEM.c.handover_id == given("of"), ITEM.c.kind == kind)
        if how == "undo":
            which = which.where(ITEM.c.restored_at == given("at"))
        self.close = Plain(
            core_update(history).where(history.c.to_at.is_(None), history.c[key].in_(which)).values(to_at=given("at"))
        )
        line = which.with_only_columns(
            ITEM.c.record_id, bindparam("person", type_=String), bindparam("at", type_=Moment), literal(how),
            bindparam("by", type_=String), bindparam("why", type_=String), ITEM.c.handover_id,
        )  # fmt: skip
        names = [key, "owner_id", "from_at", "how", "by_user_id", "reason", "handover_id"]
        self.line = Plain(insert(history).from_select(names, line))


def _first_pages() -> Plain:
    """Of leads older than their history: who had them until now."""
    known = exists().where(LH.c.lead_id == ITEM.c.record_id, LH.c.to_at.is_(None)).correlate(ITEM)
    since = func.coalesce(ITEM.c.old_since, L.c.created_at)
    source = (
        columns(
            ITEM.c.record_id, ITEM.c.old_owner_id, since, bindparam("at", type_=Moment), literal("create"), literal(""),
            literal(""),
        )
        .select_from(ITEM.join(L, L.c.id == ITEM.c.record_id))
        .where(ITEM.c.handover_id == given("of"), ITEM.c.kind == "lead", ~known)
    )  # fmt: skip
    names = ["lead_id", "owner_id", "from_at", "to_at", "how", "by_user_id", "reason"]
    return Plain(insert(LH).from_select(names, source), unscoped=WHY)


HANDED: Final = {kind: _Pages(kind, "handover") for kind in PAGED}
GIVEN_BACK: Final = {kind: _Pages(kind, "undo") for kind in PAGED}
FIRST: Final = _first_pages()


def handed(tx: Tx, kind: str, *, of: int, person: str, by: str, why: str, at: datetime) -> None:
    """Everything of that kind the handover moved is `person`'s from now on."""
    if kind == "lead":
        FIRST.run(tx, of=of, at=at)
    _write(tx, HANDED[kind], of=of, person=person, by=by, why=why, at=at)


def given_back(tx: Tx, kind: str, *, of: int, person: str, by: str, why: str, at: datetime) -> None:
    """What of it was given back at that moment is `person`'s again."""
    _write(tx, GIVEN_BACK[kind], of=of, person=person, by=by, why=why, at=at)


def _write(tx: Tx, pages: _Pages, *, of: int, person: str, by: str, why: str, at: datetime) -> None:
    pages.close.run(tx, of=of, at=at)
    pages.line.run(tx, of=of, person=person, by=by, why=why[:200], at=at)
