"""What the use cases of payments answer."""

from dataclasses import dataclass
from decimal import Decimal

from handlers.contracts.rules import Standing
from storage.tables import Contract, Payment


@dataclass(frozen=True, slots=True)
class Registered:
    """A registered payment and how to take it back. `again`: it had been registered already."""

    payment: Payment
    undo_id: int | None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """A change in words, and how to take it back."""

    text: str
    undo_id: int | None
    contract_id: int


@dataclass(frozen=True, slots=True)
class PaymentDetails:
    """A payment with what it stands on."""

    payment: Payment
    contract: Contract
    customer: str
    standing: Standing
    credited: str
    refund_of: str  # number
    pays: str  # which instalments, in words; empty: the contract has none


@dataclass(frozen=True, slots=True)
class PaymentPage:
    """One page of a list, with its total and sum (D26). `total_amount` None: not to be seen."""

    rows: list[Payment]
    contracts: dict[int, Contract]
    customers: dict[int, str]
    total: int
    total_amount: Decimal | None
    pages: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A contract a payment may be for."""

    id: int
    number: str
    state: str
    standing: Standing
    open: bool  # something is still to come in


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a payment would do to its contract. `over`: by how much it goes above, None where sums may not be seen."""

    contract: Contract
    customer: str
    standing: Standing
    over: Decimal
    left: Decimal
    allowed: bool
    others: int
    same_today: str  # number of a payment of the same amount and day
    made: str = ""  # number of the payment this draft has become already


@dataclass(frozen=True, slots=True)
class Brief:
    """The contract a payment is being registered on."""

    customer_id: int
    words: str  # number and customer
