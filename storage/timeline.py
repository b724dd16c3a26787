"""Everything that happened to a customer, newest first: each kind is one SELECT of the same shape.

A kind's columns are the moment (or day) it happened, who did it, and the parts its words are made of
(`cards/timeline.py`). Rows and fields are cut by the transaction like any others'. To add a kind, append it to `KINDS`
and its words to `cards.timeline.WORDS`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Select, String, bindparam, cast, func, literal, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from bot.core.actor import Permission
from bot.core.clock import at_beijing
from storage.database import Tx
from storage.tables import (
    Audit,
    Comment,
    Contract,
    Customer,
    FollowUp,
    Opportunity,
    OwnerHistory,
    Payment,
    Stage,
    StageLog,
    Visit,
)

OF: Final[Any] = bindparam("of", expanding=True)  # the customer, and those that were merged into it
WAS: Final = aliased(Stage)
NOW: Final = aliased(Stage)
CHANGES: Final = (
    "edit.customer", "undo.edit_customer", "add.contact", "edit.contact", "delete.contact", "undo.edit_contact",
    "add.member", "edit.member", "end.member", "undo.member", "ask.join", "answer.join", "lock.customer",
    "unlock.customer", "merge.customers", "undo.merge", "undo.delete_customer",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """`statement` selects at, by and parts, of the customers `OF`; `key` is the id of what it selects. `needs`: the
    function whose holders read it.

    `own_too`: the customer's owner reads it without that function.
    """

    name: str
    statement: Select[*tuple[Any, ...]]
    key: Any
    needs: Permission | None = None
    own_too: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened."""

    at: datetime
    kind: str
    by: str  # a userId; empty: the system
    parts: tuple[Any, ...]


def _maker(model: Any) -> Any:
    """Who made it, whoever has it now; of what was loaded nobody is known but its owner."""
    return func.coalesce(func.nullif(col(model.created_by), ""), col(model.owner_id))


KINDS: list[Kind] = [
    Kind(
        "comment",
        select(col(Comment.at), col(Comment.user_id), col(Comment.content)).where(col(Comment.customer_id).in_(OF)),
        col(Comment.id), Permission.FOLLOWUP_VIEW, own_too=True,
    ),
    Kind(  # where somebody was is told to few (storage.visits); that he was at this customer, to whoever sees it
        "visit",
        select(col(Visit.at), col(Visit.user_id), col(Visit.out_of_range)).where(
            col(Visit.customer_id).in_(OF), col(Visit.deleted_at).is_(None), col(Visit.follow_up_id).is_(None)
        ),
        col(Visit.id), Permission.FOLLOWUP_VIEW, own_too=True,
    ),
    Kind(
        "follow_up",
        select(col(FollowUp.at), col(FollowUp.user_id), col(FollowUp.method), col(FollowUp.content))
        .where(col(FollowUp.customer_id).in_(OF)),
        col(FollowUp.id), Permission.FOLLOWUP_VIEW, own_too=True,
    ),
    Kind(
        "owner",
        select(
            col(OwnerHistory.from_at), col(OwnerHistory.by_user_id), col(OwnerHistory.how), col(OwnerHistory.owner_id),
            col(OwnerHistory.reason),
        ).where(col(OwnerHistory.customer_id).in_(OF)),
        col(OwnerHistory.id),
    ),
    Kind(
        "change",
        select(col(Audit.at), col(Audit.user_id), col(Audit.action), col(Audit.detail), col(Audit.name))
        .where(col(Audit.subject).in_(bindparam("subjects", expanding=True)), col(Audit.action).in_(CHANGES)),
        col(Audit.id),
    ),
    Kind(
        "opportunity",
        select(col(Opportunity.created_at), _maker(Opportunity), col(Opportunity.name), col(Opportunity.amount))
        .where(col(Opportunity.customer_id).in_(OF)),
        col(Opportunity.id), Permission.OPPORTUNITY_VIEW,
    ),
    Kind(
        "contract",
        select(col(Contract.created_at), _maker(Contract), col(Contract.number), col(Contract.amount))
        .where(col(Contract.customer_id).in_(OF)),
        col(Contract.id), Permission.CONTRACT_VIEW,
    ),
    Kind(
        "stage",
        select(col(StageLog.at), col(StageLog.by_user_id), col(Opportunity.name), col(WAS.name), col(NOW.name))
        .join(Opportunity, col(Opportunity.id) == col(StageLog.opportunity_id))
        .join(WAS, col(WAS.id) == col(StageLog.from_stage_id))  # the first one is its making, told already
        .join(NOW, col(NOW.id) == col(StageLog.to_stage_id))
        .where(col(Opportunity.customer_id).in_(OF)),
        col(StageLog.id), Permission.OPPORTUNITY_VIEW,
    ),
    Kind(
        "contract_state",
        select(col(Audit.at), col(Audit.user_id), col(Contract.number), col(Audit.detail))
        .join(Contract, col(Audit.subject) == literal("contract:") + cast(col(Contract.id), String))
        .where(col(Contract.customer_id).in_(OF), col(Audit.action) == "move.contract"),
        col(Audit.id), Permission.CONTRACT_VIEW,
    ),
    Kind(
        "payment",
        select(
            col(Payment.paid_on), func.coalesce(func.nullif(col(Payment.created_by), ""), col(Contract.owner_id)),
            col(Contract.number), col(Payment.amount), col(Payment.kind),
        )
        .join(Contract, col(Contract.id) == col(Payment.contract_id))
        .where(col(Contract.customer_id).in_(OF), col(Payment.voided_at).is_(None)),
        col(Payment.id), Permission.PAYMENT_VIEW,
    ),
]  # fmt: skip


def family_of(tx: Tx, customer_id: int) -> list[int]:
    """The customer and those that were merged into it."""
    query = select(col(Customer.id)).where(col(Customer.merged_into) == customer_id)
    tails = tx.execute(query, execution_options={"unscoped": "a merged customer is deleted, its story goes on"})
    return [customer_id, *(row[0] for row in tails)]


def count_entries(tx: Tx, ids: Sequence[int], kinds: Sequence[Kind]) -> int:
    """How many things happened, of these kinds."""
    total = 0
    for kind in kinds:
        counting = kind.statement.with_only_columns(func.count(kind.key))
        total += int(tx.execute(counting, _values(ids)).scalar_one())
    return total


def list_entries(tx: Tx, ids: Sequence[int], kinds: Sequence[Kind], *, page: int, size: int) -> list[Entry]:
    """One page, newest first; of what happened at the same moment, what was stored last. Pages do not overlap."""
    upto = page * size
    found: list[Entry] = []
    for kind in kinds:
        at = next(iter(kind.statement.selected_columns))
        query = kind.statement.order_by(at.desc(), kind.key.desc()).limit(upto)
        for row in tx.execute(query, _values(ids)):
            moment = (
                row[0] if isinstance(row[0], datetime) else at_beijing(row[0]) if isinstance(row[0], date) else None
            )
            if moment is not None:
                found.append(Entry(moment, kind.name, row[1] or "", tuple(row[2:])))
    found.sort(key=lambda one: one.at, reverse=True)
    return found[(page - 1) * size : upto]


def _values(ids: Sequence[int]) -> dict[str, Any]:
    return {"of": list(ids), "subjects": [f"customer:{i}" for i in ids]}


def list_edits(tx: Tx, ids: Sequence[int]) -> list[Audit]:
    """The latest changes of a customer's own fields, newest first."""
    query = select(Audit).where(
        col(Audit.subject).in_([f"customer:{i}" for i in ids]),
        col(Audit.action).in_(("edit.customer", "undo.edit_customer")),
    )
    return list(tx.execute(query.order_by(col(Audit.id).desc()).limit(20)).scalars().all())
