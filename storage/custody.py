"""What may go along when a customer gets another owner: what is still running of its opportunities and contracts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlmodel import col, select, update

from storage import contracts
from storage.database import Tx
from storage.tables import Contract, Opportunity

Kind = Literal["opportunity", "contract"]
RUNNING: Final = ("draft", "effective")
WHY: Final = {"unscoped": "the caller has seen them, or gave them away", "synchronize_session": False}


@dataclass(frozen=True, slots=True)
class Going:
    """One record, as it was when it was looked at."""

    kind: Kind
    id: int
    title: str
    version: int


def list_going(tx: Tx, customer_id: int, owner_id: str, kinds: Sequence[Kind]) -> list[Going]:
    """Open opportunities and running contracts of the customer that its owner has, as far as the person sees them."""
    found: list[Going] = []
    if "opportunity" in kinds:
        query = select(Opportunity.id, Opportunity.name, Opportunity.version).where(
            Opportunity.customer_id == customer_id, Opportunity.owner_id == owner_id, Opportunity.result == "open"
        )
        rows: Any = tx.exec(query.order_by(col(Opportunity.id)))
        found += [Going("opportunity", key, title, version) for key, title, version in rows]
    if "contract" in kinds:
        wanted = select(Contract.id, Contract.number, Contract.version).where(
            Contract.customer_id == customer_id, Contract.owner_id == owner_id, col(Contract.state).in_(RUNNING)
        )
        rows = tx.exec(wanted.order_by(col(Contract.id)))
        found += [Going("contract", key, title, version) for key, title, version in rows]
    return found


def hand_on(tx: Tx, one: Going, *, giver_id: str, receiver_id: str, now: datetime) -> bool:
    """Changes the owner and nothing else (R-HAND-2). False: it was changed since it was looked at, and stays.

    Of a contract it is kept until when it was whose, for what is credited by day (R-PAY-6).
    """
    model: Any = Opportunity if one.kind == "opportunity" else Contract
    values: dict[str, Any] = {"owner_id": receiver_id, "version": model.version + 1}
    if one.kind == "opportunity":
        values["updated_at"] = now
    done: Any = tx.execute(
        update(model)
        .where(
            col(model.id) == one.id, col(model.owner_id) == giver_id, col(model.version) == one.version,
            col(model.deleted_at).is_(None),
        )
        .values(**values)
        .execution_options(**WHY)
    )  # fmt: skip
    if not done.rowcount:
        return False
    if one.kind == "contract":
        contracts.note_transfer(tx, one.id, giver_id, now)
    return True
