"""Which instalments a payment is for, where somebody has said so (R-PAY-3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select as columns
from sqlmodel import col, delete, select

from storage.contracts import RULES
from storage.database import Tx
from storage.tables import PaymentAllocation, PaymentPlan


@dataclass(frozen=True, slots=True)
class Chosen:
    """So much of a payment is for that instalment, which stands."""

    payment_id: int
    plan_id: int
    amount: Decimal
    due_on: date


def list_chosen(tx: Tx, contract_ids: Sequence[int]) -> dict[int, list[Chosen]]:
    """What has been said of payments on these contracts, those due first first; nothing of plans that were replaced."""
    query = (
        columns(
            col(PaymentAllocation.contract_id), col(PaymentAllocation.payment_id), col(PaymentAllocation.plan_id),
            col(PaymentAllocation.amount), col(PaymentPlan.due_on),
        )
        .join(PaymentPlan, col(PaymentPlan.id) == col(PaymentAllocation.plan_id))
        .where(col(PaymentAllocation.contract_id).in_(list(contract_ids)), col(PaymentPlan.deleted_at).is_(None))
        .order_by(col(PaymentPlan.due_on), col(PaymentPlan.id), col(PaymentAllocation.payment_id))
    )  # fmt: skip
    found: dict[int, list[Chosen]] = {i: [] for i in contract_ids}
    for contract_id, *rest in tx.execute(query, execution_options={"unmasked": RULES}).all():
        found[contract_id].append(Chosen(*rest))
    return found


def chosen_of(tx: Tx, payment_id: int) -> dict[int, Decimal]:
    """Plan → amount as it was said of one payment; of plans that were replaced too."""
    query = select(PaymentAllocation).where(PaymentAllocation.payment_id == payment_id)
    return {row.plan_id: row.amount for row in tx.exec(query, execution_options={"unmasked": RULES}).all()}


def put_chosen(tx: Tx, contract_id: int, payment_id: int, parts: Mapping[int, Decimal]) -> None:
    """Makes what is said of a payment exactly this; the caller has access to its contract."""
    tx.execute(delete(PaymentAllocation).where(col(PaymentAllocation.payment_id) == payment_id))
    for plan_id, amount in parts.items():
        tx.add(PaymentAllocation(contract_id=contract_id, payment_id=payment_id, plan_id=plan_id, amount=amount))
    tx.flush()
