"""交接: what people hold, and its passing on, a handful of statements however many records there are.

The kinds are `bot.core.holdings.KINDS`; a kind's table is `Owned` and named like it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Integer, String, Table, and_, bindparam, case, cast, exists, insert, literal
from sqlalchemy import select as columns
from sqlalchemy import update as core_update
from sqlmodel import SQLModel, col, func, select, update

from bot.core.holdings import KINDS, Kind
from storage import outbox
from storage.cards import LIVELY
from storage.database import Tx
from storage.handover_pages import PAGED, given_back, handed
from storage.people import names_of
from storage.plain import Plain, given, table_of
from storage.tables import (
    Audit,
    Card,
    CardSubject,
    Customer,
    DigestItem,
    Employee,
    Handover,
    HandoverItem,
)

ALL: Final = 2_000_000_000  # as a limit: no limit
WHY: Final = "an administrator hands over whatever the former owner holds"
COUNTED: Final = "an administrator reads how many have a next contact, never when one is"
REMINDERS: Final = (
    "next_follow_up", "not_followed", "not_closed", "returns_soon", "contract_expiry", "payment_due", "payment_overdue",
    "stale",
)  # fmt: skip

ITEM, A, D = table_of(HandoverItem), table_of(Audit), table_of(DigestItem)
C, E = table_of(Customer), table_of(Employee)


def _table(kind: Kind) -> Table:
    return SQLModel.metadata.tables[kind.name]


def _alive(table: Table) -> Any:
    return table.c.deleted_at.is_(None) if "deleted_at" in table.c else literal(value=True)


def _subject(kind: Kind, column: Any) -> Any:
    """customer:12, as audit lines, cards and reminders name it."""
    return literal(f"{kind.name}:").concat(cast(column, String))


class _Statements:
    """One kind's."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        table, alive = _table(kind), _alive(_table(kind))
        self.count = Plain(
            columns(func.count()).select_from(table).where(table.c.owner_id == given("person"), alive), unscoped=WHY
        )
        self.by_owner = Plain(
            columns(table.c.owner_id, func.count().label("held"))
            .where(table.c.owner_id.is_not(None), alive)
            .group_by(table.c.owner_id),
            unscoped=WHY,
        )
        self.note = self._note(table, alive)
        mine = columns(ITEM.c.record_id).where(ITEM.c.handover_id == given("of"), ITEM.c.kind == kind.name)
        self.move = Plain(
            core_update(table)
            .where(table.c.id.in_(mine))
            .values({"owner_id": given("person")} | _since(table, given("at"))),
            unscoped=WHY,
        )
        self._take_back(table, alive)

    def _note(self, table: Table, alive: Any) -> Plain:
        """Remembers the records that go, locked so that nobody takes one meanwhile."""
        fields: dict[str, Any] = {
            "handover_id": bindparam("of", type_=Integer), "kind": literal(self.kind.name), "record_id": table.c.id,
            "old_owner_id": table.c.owner_id,
        }  # fmt: skip
        if "owner_since" in table.c:
            fields["old_since"] = table.c.owner_since
        if "version" in table.c:
            fields["version"] = table.c.version + 1
        order: list[Any] = [table.c.id]
        if "next_follow_up_at" in table.c:  # whose next contact is near goes first where not all may go
            order = [table.c.next_follow_up_at.is_(None), table.c.next_follow_up_at, table.c.id]
        source = (
            columns(*fields.values())
            .where(table.c.owner_id == given("person"), alive)
            .order_by(*order)
            .limit(bindparam("most", type_=Integer))
            .with_for_update()
        )
        return Plain(insert(ITEM).from_select(list(fields), source), unscoped=WHY)

    def _take_back(self, table: Table, alive: Any) -> None:
        """Gives back what nobody has touched: still the receiver's, of the same version, no audit line since."""
        theirs = and_(ITEM.c.handover_id == given("of"), ITEM.c.kind == self.kind.name)
        ours = columns(ITEM.c.record_id).where(theirs)
        self.lock = Plain(columns(table.c.id).where(table.c.id.in_(ours)).with_for_update(), unscoped=WHY)
        touched = exists().where(A.c.id > given("mark"), A.c.subject == _subject(self.kind, table.c.id))
        same = [table.c.id == ITEM.c.record_id, table.c.owner_id == given("person"), alive, ~touched]
        if "version" in table.c:
            same.append(table.c.version == ITEM.c.version)
        self.restore = Plain(
            core_update(ITEM)
            .where(theirs, ITEM.c.restored_at.is_(None), exists().where(*same).correlate(ITEM))
            .values(restored_at=given("at")),
            unscoped=WHY,
        )
        restored = columns(ITEM.c.record_id).where(theirs, ITEM.c.restored_at == given("at"))
        since = columns(ITEM.c.old_since).where(theirs, ITEM.c.record_id == table.c.id).scalar_subquery()
        self.give_back = Plain(
            core_update(table)
            .where(table.c.id.in_(restored))
            .values({"owner_id": given("person")} | _since(table, given("at"), since=since)),
            unscoped=WHY,
        )
        self.left = Plain(
            columns(ITEM.c.record_id, table.c[self.kind.title].label("title"))
            .select_from(ITEM.outerjoin(table, table.c.id == ITEM.c.record_id))
            .where(theirs, ITEM.c.restored_at.is_(None))
            .order_by(ITEM.c.record_id)
            .limit(20),
            unscoped=WHY,
        )


def _since(table: Table, at: Any, *, since: Any = None) -> dict[str, Any]:
    """What else changes with the owner, and nothing of what the record says."""
    values: dict[str, Any] = {}
    if "owner_since" in table.c:
        values["owner_since"] = at if since is None else since
    if "updated_at" in table.c:
        values["updated_at"] = at
    if "version" in table.c:
        values["version"] = table.c.version + 1
    return values


STATEMENTS: Final = {kind.name: _Statements(kind) for kind in KINDS}
PLANNED = Plain(
    columns(func.count())
    .select_from(C)
    .where(C.c.owner_id == given("person"), C.c.next_follow_up_at.is_not(None), C.c.deleted_at.is_(None)),
    unscoped=WHY,
    unmasked=COUNTED,
)
PLANNED_OF = Plain(
    columns(func.count())
    .select_from(C.join(ITEM, and_(ITEM.c.record_id == C.c.id, ITEM.c.kind == "customer")))
    .where(ITEM.c.handover_id == given("of"), C.c.next_follow_up_at.is_not(None)),
    unscoped=WHY,
    unmasked=COUNTED,
)
PEOPLE = Plain(columns(E.c.user_id).where(E.c.user_id.in_((given("one"), given("other")))).order_by(E.c.user_id)
               .with_for_update())  # fmt: skip


@dataclass(frozen=True, slots=True)
class Holdings:
    """What one person holds."""

    counts: Mapping[str, int]  # kind → live records; every kind is there
    planned: int = 0  # customers with a next contact: 待跟进

    @property
    def total(self) -> int:
        """All records."""
        return sum(self.counts.values())


def holdings_of(tx: Tx, user_id: str) -> Holdings:
    """What a person holds now."""
    counts = {name: int(one.count.run(tx, person=user_id).scalar_one()) for name, one in STATEMENTS.items()}
    return Holdings(counts, int(PLANNED.run(tx, person=user_id).scalar_one()))


@dataclass(frozen=True, slots=True)
class Leaver:
    """Somebody who works here no more and still holds things; `left_at` None: the mirror never knew him."""

    user_id: str
    name: str
    left_at: datetime | None
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All records."""
        return sum(self.counts.values())


def list_leavers(tx: Tx) -> list[Leaver]:
    """Who left and still holds things, the latest first; for the guide card and the organisation page."""
    held: dict[str, dict[str, int]] = {}
    for name, one in STATEMENTS.items():
        for row in one.by_owner.run(tx):
            held.setdefault(row.owner_id, {})[name] = row.held
    people = {
        user_id: (active, left_at)
        for user_id, active, left_at in tx.execute(
            columns(col(Employee.user_id), col(Employee.active), col(Employee.left_at))
        )
    }
    told = names_of(tx, held)
    found = [
        Leaver(user_id, told.get(user_id, user_id),
               people[user_id][1] if user_id in people else None, counts)
        for user_id, counts in held.items()
        if user_id not in people or not people[user_id][0]
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.left_at is None, -(one.left_at.timestamp() if one.left_at else 0)))


def lock_people(tx: Tx, one: str, other: str) -> None:
    """Two handovers from or to the same people wait for each other, and so do the receiver's claims."""
    PEOPLE.run(tx, one=one, other=other).all()


def begin(
    tx: Tx, *, giver_id: str, receiver_id: str, kinds: Collection[str], over_cap: bool, by: str, now: datetime
) -> Handover:
    """A handover of nothing yet."""
    mark = tx.exec(select(func.max(Audit.id))).one() or 0
    made = Handover(
        giver_id=giver_id, receiver_id=receiver_id, kinds=list(kinds), over_cap=over_cap, by_user_id=by, at=now,
        audit_mark=mark,
    )  # fmt: skip
    tx.add(made)
    tx.flush()
    return made


def move(tx: Tx, handover: Handover, *, most: Mapping[str, int], reason: str) -> dict[str, int]:
    """Moves the records of the handover's kinds; returns how many of each. `most`: where not all may go.

    Owners change, and what follows from that; not a word of what the records say.
    """
    assert handover.id is not None
    of, now = handover.id, handover.at
    counts: dict[str, int] = {}
    for name in handover.kinds:
        one = STATEMENTS[name]
        noted = one.note.run(tx, of=of, person=handover.giver_id, most=most.get(name, ALL))
        counts[name] = int(noted.rowcount)
        if counts[name]:
            one.move.run(tx, of=of, person=handover.receiver_id, at=now)
    for name in PAGED & counts.keys():
        if counts[name]:
            handed(tx, name, of=of, person=handover.receiver_id, by=handover.by_user_id, why=reason, at=now)
    _settle(tx, of, now)
    handover.counts = counts
    tx.add(handover)
    tx.flush()
    return counts


def _settle(tx: Tx, handover_id: int, now: datetime) -> None:
    """Reminders that have not left are called off, since the new owner gets his own; cards are drawn anew."""
    moved = columns(
        case({kind.name: _subject(kind, ITEM.c.record_id) for kind in KINDS}, value=ITEM.c.kind, else_=literal(""))
    ).where(ITEM.c.handover_id == handover_id)
    tx.execute(
        update(DigestItem)
        .where(
            col(DigestItem.sent_at).is_(None), col(DigestItem.cancelled_at).is_(None),
            col(DigestItem.rule).in_(REMINDERS), col(DigestItem.subject).in_(moved),
        )
        .values(cancelled_at=now)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    shown = tx.exec(
        select(Card.out_track_id)
        .join(CardSubject, col(CardSubject.out_track_id) == col(Card.out_track_id))
        .where(col(Card.created_at) >= now - LIVELY, col(CardSubject.subject).in_(moved))
        .distinct()
    ).all()
    outbox.refresh_cards(tx, list(shown), now=now)


def count_planned(tx: Tx, handover_id: int) -> int:
    """Of its customers, those with a next contact, which goes with them."""
    return int(PLANNED_OF.run(tx, of=handover_id).scalar_one())


def take_back(tx: Tx, handover: Handover, *, by: str, now: datetime, reason: str) -> dict[str, int]:
    """Gives back to the former owner what nobody touched since; returns how many of each kind."""
    assert handover.id is not None
    of, counts = handover.id, {}
    for name in handover.kinds:
        one = STATEMENTS[name]
        one.lock.run(tx, of=of).all()
        done = one.restore.run(tx, of=of, person=handover.receiver_id, mark=handover.audit_mark, at=now)
        counts[name] = int(done.rowcount)
        if counts[name]:
            one.give_back.run(tx, of=of, person=handover.giver_id, at=now)
    for name in PAGED & counts.keys():
        if counts[name]:
            given_back(tx, name, of=of, person=handover.giver_id, by=by, why=reason, at=now)
    _settle(tx, of, now)
    return counts


def list_left(tx: Tx, handover: Handover) -> list[tuple[str, str]]:
    """(kind, title) of what was not given back, at most twenty of each kind."""
    return [
        (name, str(row.title or "已删除"))
        for name in handover.kinds
        for row in STATEMENTS[name].left.run(tx, of=handover.id)
    ]


def count_restored(tx: Tx, handover_id: int) -> dict[str, int]:
    """Of each kind, how many were given back."""
    query = columns(col(HandoverItem.kind), func.count()).where(
        col(HandoverItem.handover_id) == handover_id, col(HandoverItem.restored_at).is_not(None)
    )
    return {kind: count for kind, count in tx.execute(query.group_by(col(HandoverItem.kind)))}  # noqa: C416 -- rows, not pairs


def get(tx: Tx, handover_id: int) -> Handover | None:
    """One handover."""
    return tx.get(Handover, handover_id)


def mark_undone(tx: Tx, handover_id: int, *, by: str, now: datetime) -> bool:
    """False: it was taken back already."""
    done = tx.execute(
        update(Handover)
        .where(col(Handover.id) == handover_id, col(Handover.undone_at).is_(None))
        .values(undone_at=now, undone_by=by)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]


def last(tx: Tx, *, giver_id: str = "", since: datetime | None = None, open_only: bool = False) -> Handover | None:
    """The latest handover, of this giver; `open_only`: that has not been taken back."""
    query = select(Handover)
    if giver_id:
        query = query.where(Handover.giver_id == giver_id)
    if since is not None:
        query = query.where(col(Handover.at) >= since)
    if open_only:
        query = query.where(col(Handover.undone_at).is_(None))
    return tx.exec(query.order_by(col(Handover.id).desc()).limit(1)).first()
