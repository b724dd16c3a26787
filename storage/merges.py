"""Two customers made one: every foreign key of the schema that names the tail names the head afterwards (R-DUP-4)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, Table, or_, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, col

from storage import cards
from storage.customers import SameKey
from storage.database import Tx
from storage.plain import table_of
from storage.search_index import reindexed
from storage.tables import (
    Contact,
    Customer,
    FollowUp,
    JoinRequest,
    MergeLog,
    Opportunity,
    OwnerHistory,
    TeamMember,
)

C = table_of(Customer)
WHY: Final = {"unscoped": "a merge moves whatever hangs on the tail, whoever owns it"}
WHOLE: Final = {**WHY, "unmasked": "goes on to the customer that stays; what is shown is cut by whoever shows it"}


def references() -> list[tuple[Table, Column[Any]]]:
    """Every column of the schema that names a customer."""
    return [
        (table, key.parent)
        for table in SQLModel.metadata.sorted_tables
        for key in sorted(table.foreign_keys, key=lambda k: k.parent.name)
        if key.column.table.name == "customer" and key.column.name == "id"
    ]


def lock_both(tx: Tx, one: int, other: int) -> None:
    """In the order of their ids, so that two merges do not wait in a circle."""
    query = select(col(Customer.id)).where(col(Customer.id).in_((one, other))).order_by(col(Customer.id))
    tx.execute(query.with_for_update(), execution_options=WHY).all()


def find_merged(tx: Tx, *, name_key: str, part: str = "") -> list[tuple[str, int]]:
    """Names of customers that are part of another by now, with that one: of that key, else with `part` in the name."""
    named = col(Customer.name_key) == name_key if not part else col(Customer.name).contains(part, autoescape=True)
    query = select(col(Customer.name), col(Customer.merged_into)).where(col(Customer.merged_into).is_not(None), named)
    why = {"unscoped": "a merged customer is deleted; only its head's readers are told", "unmasked": "compared by name"}
    return [
        (name, head) for name, head in tx.execute(query.order_by(col(Customer.id)).limit(20), execution_options=why)
    ]


def true_values(tx: Tx, customer_id: int) -> dict[str, Any]:
    """What a customer says, whatever the merging person may see of it: nothing of it shall be lost."""
    query = select(*C.c).where(C.c.id == customer_id)
    return dict(tx.execute(query, execution_options=WHOLE).mappings().one())


def merge(
    tx: Tx, head: Mapping[str, Any], tail: Mapping[str, Any], *, columns: Mapping[str, Any], custom: Mapping[str, str],
    by: str, now: datetime,
) -> MergeLog:  # fmt: skip
    """Moves everything and deletes the tail, which leads to the head from now on.

    `head`, `tail`: their `true_values`; `columns`, `custom`: what the head says anew. Objects are read anew when they
    are next looked at.

    Raises:
        SameKey: something of the tail's cannot stand beside something of the head's.
    """
    head_id, tail_id = int(head["id"]), int(tail["id"])
    next_at = None if head["next_follow_up_at"] is not None else tail["next_follow_up_at"]
    moved: dict[str, Any] = {
        "settled": _settle(tx, head_id, tail_id, tail["name"], now),
        "columns": {name: [head[name], value] for name, value in columns.items()},
        "custom": {name: [head["custom"].get(name), value] for name, value in custom.items()},
        "next": _iso(next_at),
        "planned": [_iso(tail["next_follow_up_at"]), tail["next_timed"]],
    }
    earlier = [i for i in tx.execute(select(col(Customer.id)).where(col(Customer.merged_into) == tail_id),
                                     execution_options=WHY).scalars() if i is not None]  # fmt: skip
    moved["earlier"] = earlier
    _update(tx, Customer, [*earlier, tail_id], merged_into=head_id)
    _update(tx, Customer, [tail_id], deleted_at=now, next_follow_up_at=None, next_timed=False)
    moved["rows"] = _move(tx, tail_id, head_id)
    if next_at is not None:
        _update(tx, Customer, [head_id], next_follow_up_at=next_at, next_timed=tail["next_timed"])
    values = {**columns, "custom": {**head["custom"], **custom}, "last_follow_up_at": _latest(tx, head_id)}
    _write(tx, head_id, values, now)
    log = MergeLog(head_id=head_id, tail_id=tail_id, moved=moved, at=now, by_user_id=by)
    tx.add(log)
    tx.flush()
    tx.expire_all()
    cards.show_besides(tx, f"customer:{tail_id}", f"customer:{head_id}")
    return log


def _write(tx: Tx, customer_id: int, values: Mapping[str, Any], now: datetime) -> None:
    written = update(Customer).where(col(Customer.id) == customer_id)
    written = written.values(**values, version=Customer.version + 1, updated_at=now)
    with reindexed(tx, "customer", customer_id):
        tx.execute(written.execution_options(synchronize_session=False, indexed="around it", **WHY))


def _move(tx: Tx, from_id: int, to_id: int) -> list[dict[str, Any]]:
    moved = []
    try:
        with tx.begin_nested():
            for table, column in references():
                keys = list(table.primary_key.columns)
                rows = tx.execute(select(*keys).where(column == from_id), execution_options=WHY).all()
                if rows:
                    moved.append({"table": table.name, "column": column.name, "keys": [list(row) for row in rows]})
                    tx.execute(
                        update(table).where(column == from_id).values({column.name: to_id}), execution_options=WHY
                    )
    except IntegrityError as twin:
        raise SameKey(str(twin.orig)) from twin
    return moved


def _settle(tx: Tx, head_id: int, tail_id: int, tail_name: str, now: datetime) -> dict[str, list[Any]]:
    """What may stand but once: the main contact, the open page, a member, a question, an opportunity's name."""
    mains = _ids(tx, Contact, Contact.customer_id == tail_id, col(Contact.main), col(Contact.deleted_at).is_(None))
    has_main = _ids(tx, Contact, Contact.customer_id == head_id, col(Contact.main), col(Contact.deleted_at).is_(None))
    mains = mains if has_main else []
    _update(tx, Contact, mains, main=False)
    pages = _ids(tx, OwnerHistory, OwnerHistory.customer_id == tail_id, col(OwnerHistory.to_at).is_(None))
    _update(tx, OwnerHistory, pages, to_at=now)
    there = select(col(TeamMember.user_id)).where(
        col(TeamMember.customer_id) == head_id, col(TeamMember.ended_at).is_(None)
    )
    owner = select(col(Customer.owner_id)).where(col(Customer.id) == head_id)  # is none of his own team
    members = _ids(
        tx, TeamMember, TeamMember.customer_id == tail_id, col(TeamMember.ended_at).is_(None),
        or_(col(TeamMember.user_id).in_(there), col(TeamMember.user_id) == owner.scalar_subquery()),
    )  # fmt: skip
    _update(tx, TeamMember, members, ended_at=now)
    asking = select(col(JoinRequest.user_id)).where(
        col(JoinRequest.customer_id) == head_id, col(JoinRequest.answered_at).is_(None)
    )
    requests = _ids(
        tx, JoinRequest, JoinRequest.customer_id == tail_id, col(JoinRequest.answered_at).is_(None),
        col(JoinRequest.user_id).in_(asking),
    )  # fmt: skip
    _update(tx, JoinRequest, requests, answered_at=now)
    names = select(col(Opportunity.name)).where(col(Opportunity.customer_id) == head_id)
    twins = tx.execute(
        select(col(Opportunity.id), col(Opportunity.name)).where(
            col(Opportunity.customer_id) == tail_id, col(Opportunity.name).in_(names)
        ),
        execution_options=WHY,
    ).all()
    for key, name in twins:
        _rename(tx, key, f"{name}（{tail_name} {key}）")
    return {
        "mains": mains, "pages": pages, "members": members, "requests": requests,
        "opportunities": [[key, name] for key, name in twins],
    }  # fmt: skip


def get(tx: Tx, log_id: int) -> MergeLog | None:
    """One merge."""
    return tx.get(MergeLog, log_id)


def take_back(tx: Tx, log: MergeLog, now: datetime) -> None:
    """The tail is there again with what was moved and still hangs on the head; what is new stays with the head.

    Raises:
        SameKey: another customer has the tail's name or code by now.
    """
    moved, head_id, tail_id = log.moved, log.head_id, log.tail_id
    head = true_values(tx, head_id)
    values = {name: was for name, (was, given) in moved["columns"].items() if head[name] == given}
    custom = dict(head["custom"])
    for name, (was, given) in moved["custom"].items():
        if custom.get(name) == given:
            custom.pop(name)
            custom |= {name: was} if was is not None else {}
    try:
        with tx.begin_nested():
            _write(tx, head_id, {**values, "custom": custom}, now)
            _update(tx, Customer, [tail_id], deleted_at=None)
    except IntegrityError as twin:
        raise SameKey(str(twin.orig)) from twin
    _update(tx, Customer, [*moved["earlier"]], merged_into=tail_id)
    _update(tx, Customer, [tail_id], merged_into=None)
    for one in moved["rows"]:
        table = SQLModel.metadata.tables[one["table"]]
        keys = list(table.primary_key.columns)
        mine = tuple_(*keys).in_([tuple(key) for key in one["keys"]])
        column = table.c[one["column"]]
        tx.execute(update(table).where(column == head_id, mine).values({one["column"]: tail_id}), execution_options=WHY)
    settled = moved["settled"]
    _update(tx, Contact, settled["mains"], main=True)
    _update(tx, OwnerHistory, settled["pages"], to_at=None)
    _update(tx, TeamMember, settled["members"], ended_at=None)
    for key, name in settled["opportunities"]:
        _rename(tx, key, name)
    tx.expire_all()
    for customer_id in (head_id, tail_id):
        _update(tx, Customer, [customer_id], last_follow_up_at=_latest(tx, customer_id), updated_at=now)
    if moved["next"] is not None and _iso(head["next_follow_up_at"]) == moved["next"]:
        _update(tx, Customer, [head_id], next_follow_up_at=None, next_timed=False)
    planned, timed = moved["planned"]
    if planned is not None:
        _update(tx, Customer, [tail_id], next_follow_up_at=datetime.fromisoformat(planned), next_timed=timed)
    tx.expire_all()
    log = tx.get_one(MergeLog, log.id)
    log.undone_at = now
    tx.add(log)
    tx.flush()


def _ids(tx: Tx, model: type[Any], *where: Any) -> list[int]:
    return [i for i in tx.execute(select(model.id).where(*where), execution_options=WHY).scalars() if i is not None]


def _rename(tx: Tx, opportunity_id: int, name: str) -> None:
    renamed = update(Opportunity).where(col(Opportunity.id) == opportunity_id).values(name=name)
    with reindexed(tx, "opportunity", opportunity_id):
        tx.execute(renamed.execution_options(synchronize_session=False, indexed="around it", **WHY))


def _update(tx: Tx, model: type[Any], ids: Sequence[int], **values: Any) -> None:
    if ids:
        statement = update(model).where(model.id.in_(list(ids))).values(**values)
        tx.execute(statement.execution_options(synchronize_session=False, **WHY))


def _latest(tx: Tx, customer_id: int) -> datetime | None:
    """Of its living follow-ups (invariant 95)."""
    query = select(col(FollowUp.at)).where(col(FollowUp.customer_id) == customer_id, col(FollowUp.deleted_at).is_(None))
    latest: datetime | None = tx.execute(
        query.order_by(col(FollowUp.at).desc()).limit(1), execution_options=WHY
    ).scalar_one_or_none()
    return latest


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
