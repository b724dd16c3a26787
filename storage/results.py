"""What a person has brought in: contracts signed and money collected, as of the days they are credited by (R-TGT-4)."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, type_coerce
from sqlalchemy import select as columns
from sqlmodel import col, func

from bot.core.clock import at_beijing
from storage.contracts import owner_on, signed_fen
from storage.database import Tx
from storage.tables import Contract, ContractOwner, Handover, HandoverItem, Payment
from storage.types import Fen

OWN = {
    "unscoped": "what somebody has brought in is his, whoever has the contract now",
    "unmasked": "a sum of his own; the use case shows it to those who may see the amounts",
}


def signed_by(tx: Tx, user_id: str, first: date, last: date) -> Decimal:
    """Σ of the effective and ended contracts signed on these days that were his on the day they were signed, in yuan.

    A contract that is void counts in no month: it has no day on which it became so.
    """
    was_his = columns(col(ContractOwner.contract_id)).where(col(ContractOwner.old_owner_id) == user_id)
    handed = columns(col(HandoverItem.record_id)).where(  # he may have had it but for a while, before it was taken back
        col(HandoverItem.handover_id) == col(Handover.id), col(HandoverItem.kind) == "contract",
        or_(col(HandoverItem.old_owner_id) == user_id, col(Handover.receiver_id) == user_id),
    )  # fmt: skip
    query = columns(col(Contract.id), col(Contract.owner_id), col(Contract.signed_on), col(Contract.amount)).where(
        col(Contract.signed_on) >= first, col(Contract.signed_on) <= last, col(Contract.deleted_at).is_(None),
        col(Contract.state).in_(("effective", "ended")),
        or_(col(Contract.owner_id) == user_id, col(Contract.id).in_(was_his), col(Contract.id).in_(handed)),
    )  # fmt: skip
    rows = tx.execute(query, execution_options=OWN).all()
    return sum((r.amount for r in rows if owner_on(tx, r.id, r.owner_id, r.signed_on) == user_id), Decimal("0.00"))


def collected_by(tx: Tx, user_id: str, first: date, last: date) -> Decimal:
    """Σ of the payments of these days credited to him, in yuan; refunds, and payments voided, count as less in the
    month they are made in: a month that is past stays what it was.
    """
    after = at_beijing(last + timedelta(days=1))
    paid = (col(Payment.paid_on) >= first, col(Payment.paid_on) <= last)
    void = (col(Payment.voided_at) >= at_beijing(first), col(Payment.voided_at) < after)

    def total(*conditions: Any) -> Decimal:
        query = columns(type_coerce(func.sum(signed_fen()), Fen)).where(
            col(Payment.credited_user_id) == user_id, col(Payment.deleted_at).is_(None), *conditions
        )
        return tx.execute(query, execution_options=OWN).scalar_one() or Decimal("0.00")

    return total(*paid) - total(*void)
