"""What the use cases of contracts answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from handlers.contracts.rules import Standing
from storage.contracts import OpportunityFact
from storage.tables import Contract, ContractLine


@dataclass(frozen=True, slots=True)
class Created:
    """A registered contract and how to take it back. `again`: it had been registered already."""

    contract: Contract
    undo_id: int | None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """A change in words, and how to take it back."""

    contract_id: int
    number: str
    text: str
    undo_id: int | None


@dataclass(frozen=True, slots=True)
class ContractDetails:
    """A contract with what belongs to it, as far as the actor may see it."""

    contract: Contract
    customer: str
    owner: str
    opportunity: str
    renewed_by: str  # number
    renews: str
    standing: Standing
    lines: list[ContractLine]
    scans: int  # how many 扫描件 there are


@dataclass(frozen=True, slots=True)
class ContractPage:
    """One page of a list, with its total and sum (D26). `total_amount` None: not to be seen."""

    rows: list[Contract]
    customers: dict[int, str]
    owners: dict[str, str]
    standings: dict[int, Standing]
    total: int
    total_amount: Decimal | None
    pages: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a draft refers to, in words, and what it may take over."""

    customer: str
    opportunities: list[OpportunityFact]
    renews: str  # number
    made: str = ""  # number of the contract this draft has become already
    sums: Mapping[int, list[Decimal]] = field(default_factory=dict)  # opportunity → what its lines come to
    renewed: list[Decimal] = field(default_factory=list)  # what the lines of the contract it follows come to
