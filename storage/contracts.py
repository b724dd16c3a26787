"""Queries on contracts, and the small writes that belong to them. Money is added up whole: who may not see it is told
nothing of it where it leaves (`handlers.contracts.figures`).
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Integer, case, or_, type_coerce
from sqlalchemy import select as columns
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, func, select, update

from bot.core.clock import at_beijing
from bot.core.errors import NotFound
from storage.custom_fields import Condition, custom_condition
from storage.database import Tx
from storage.tables import (
    Contract,
    ContractOwner,
    Customer,
    Handover,
    HandoverItem,
    Invoice,
    Opportunity,
    Payment,
)
from storage.types import Fen

PAGE = 5
DEALT = ("effective", "ended")  # states that make the customer 已成交: signed, and not void (invariant 43)
RULES = "a rule looks at the true amounts; what is said of them is cut by its reader's rights"
NONE = Decimal("0.00")


class NumberTaken(Exception):
    """Another contract has, or had, this number."""


@dataclass(frozen=True, slots=True)
class RunningContract:
    """An effective contract with an end, not renewed."""

    id: int
    number: str
    customer: str
    owner_id: str | None
    ends_on: date


@dataclass(frozen=True, slots=True)
class Money:
    """What stands on one contract, all of it. `paid`: without what was given back or voided."""

    amount: Decimal
    paid: Decimal = NONE
    invoiced: Decimal = NONE  # approved or issued, not void
    applied: Decimal = NONE  # of applications that are not decided yet

    @property
    def billed(self) -> Decimal:
        """What is taken of the contract's amount: applications in flight count (D7, R-INV-1)."""
        return self.invoiced + self.applied


@dataclass(frozen=True, slots=True)
class ContractFilter:
    """Conditions that combine. Dates and amounts include their ends."""

    words: tuple[str, ...] = ()  # each in number, name or the customer's name
    customer_id: int | None = None
    owner_id: str = ""
    states: tuple[str, ...] = ()
    ends_from: date | None = None
    ends_until: date | None = None
    signed_from: date | None = None
    signed_until: date | None = None
    least: Decimal | None = None
    most: Decimal | None = None
    not_renewed: bool = False
    custom: tuple[Condition, ...] = ()  # on the company's own fields


def customer_names(tx: Tx, ids: Collection[int]) -> dict[int, str]:
    """A contract names its customer to whoever sees the contract, whoever has the customer."""
    query = select(Customer.id, Customer.name).where(col(Customer.id).in_(list(ids)))
    rows = tx.exec(query, execution_options={"unscoped": "a contract names its customer to its owner"}).all()
    return {i: name for i, name in rows if i is not None}


def list_running(tx: Tx, *, owner_id: str | None = None) -> list[RunningContract]:
    """Effective contracts within the scope, or one owner's; without those renewed already (R-CON-9)."""
    query = columns(
        col(Contract.id), col(Contract.number), col(Contract.owner_id), col(Contract.ends_on), col(Contract.customer_id)
    ).where(
        col(Contract.state) == "effective", col(Contract.ends_on).is_not(None), col(Contract.renewed_by).is_(None)
    )  # fmt: skip
    if owner_id is not None:
        query = query.where(col(Contract.owner_id) == owner_id)
    rows = tx.execute(query).all()
    names = customer_names(tx, [customer_id for *_, customer_id in rows])
    return [
        RunningContract(i or 0, number, names.get(customer_id, ""), owner, ends)
        for i, number, owner, ends, customer_id in rows
        if ends is not None
    ]


def access_contract(tx: Tx, contract_id: int, *, lock: bool = False) -> Contract:
    """Raises NotFound if the contract is absent or outside the transaction's scope."""
    query = select(Contract).where(Contract.id == contract_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    contract = tx.exec(query).first()
    if contract is None:
        there = select(Contract.id).where(Contract.id == contract_id, col(Contract.deleted_at).is_(None))
        hidden = tx.exec(there, execution_options={"unscoped": "the audit tells an attempt from a slip"}).first()
        raise NotFound(
            "没有找到这份合同，可能编号不对，或不在你能看的范围里。发送「我的合同」看看。",
            attempt=f"contract:{contract_id}" if hidden is not None else "",
        )
    return contract


def find_by_number(tx: Tx, number: str) -> tuple[Contract | None, str]:
    """By its number, however it is capitalised; else what an attempt at it would be called in the audit."""
    same = func.upper(Contract.number) == number.upper()
    found = tx.exec(select(Contract).where(same)).first()
    if found is not None:
        return found, ""
    there = select(Contract.id).where(same, col(Contract.deleted_at).is_(None))
    hidden = tx.exec(there, execution_options={"unscoped": "the audit tells an attempt from a slip"}).first()
    return None, f"contract:{hidden}" if hidden is not None else ""


def list_like_number(tx: Tx, part: str, *, limit: int = PAGE) -> list[Contract]:
    """Those whose number holds `part`, the newest first."""
    query = select(Contract).where(func.upper(Contract.number).contains(part.upper(), autoescape=True))
    return list(tx.exec(query.order_by(col(Contract.id).desc()).limit(limit)).all())


def find_by_source(tx: Tx, source_key: str) -> Contract | None:
    """The contract that was made of one draft, if it was made already."""
    return tx.exec(select(Contract).where(Contract.source_key == source_key)).first()


def list_by_ids(tx: Tx, ids: Sequence[int]) -> list[Contract]:
    """Those visible, in the order of `ids`."""
    found = {c.id: c for c in tx.exec(select(Contract).where(col(Contract.id).in_(list(ids)))).all()}
    return [found[i] for i in ids if i in found]


def list_of_customer(tx: Tx, customer_id: int, *, states: Sequence[str] = DEALT) -> list[Contract]:
    """A customer's, the newest first."""
    query = select(Contract).where(Contract.customer_id == customer_id, col(Contract.state).in_(list(states)))
    return list(tx.exec(query.order_by(col(Contract.id).desc())).all())


def add_contract(tx: Tx, contract: Contract) -> Contract:
    """Stores it. Raises NumberTaken, also for a number given by somebody else in the same moment."""
    try:
        with tx.begin_nested():
            tx.add(contract)
            tx.flush()
    except IntegrityError as twin:
        raise NumberTaken(contract.number) from twin
    return contract


def money_of(tx: Tx, contract_id: int) -> Money:
    """What stands on a contract the caller has access to."""
    return figures(tx, [contract_id]).get(contract_id, Money(NONE))


def figures(tx: Tx, ids: Sequence[int]) -> dict[int, Money]:
    """The same of several, in three statements."""
    wanted, options = list(ids), {"unscoped": RULES, "unmasked": RULES}
    amounts = tx.execute(
        columns(col(Contract.id), col(Contract.amount)).where(col(Contract.id).in_(wanted)), execution_options=options
    ).all()
    paid = dict(tx.execute(_paid().where(col(Payment.contract_id).in_(wanted)), execution_options=options).all())
    query = (
        columns(col(Invoice.contract_id), col(Invoice.state), func.sum(Invoice.amount))
        .where(col(Invoice.contract_id).in_(wanted), col(Invoice.state).in_(("pending", "approved", "issued")))
        .group_by(col(Invoice.contract_id), col(Invoice.state))
    )
    bills: dict[int, dict[str, Decimal]] = {}
    for key, state, total in tx.execute(query, execution_options=options).all():
        bills.setdefault(key, {})[state] = total
    return {
        key: Money(
            amount, _yuan(paid.get(key)), sum((bills.get(key, {}).get(s, NONE) for s in ("approved", "issued")), NONE),
            bills.get(key, {}).get("pending", NONE),
        )
        for key, amount in amounts
        if key is not None
    }  # fmt: skip


def signed_fen() -> Any:
    """A payment's amount, a refund's as less."""
    fen = type_coerce(Payment.amount, Integer)
    return case((col(Payment.kind) == "refund", -fen), else_=fen)


def _paid() -> Any:
    """Live payments less refunds, by contract."""
    return (
        columns(col(Payment.contract_id), type_coerce(func.sum(signed_fen()), Fen))
        .where(col(Payment.voided_at).is_(None), col(Payment.deleted_at).is_(None))
        .group_by(col(Payment.contract_id))
    )


def _yuan(value: Decimal | None) -> Decimal:
    return NONE if value is None else value


def _where(wanted: ContractFilter) -> list[Any]:
    conditions: list[Any] = []
    for word in wanted.words:
        named = select(Customer.id).where(col(Customer.name).contains(word, autoescape=True))
        conditions.append(
            or_(
                func.upper(Contract.number).contains(word.upper(), autoescape=True),
                col(Contract.name).contains(word, autoescape=True),
                col(Contract.customer_id).in_(named),
            )
        )
    pairs: tuple[tuple[Any, Callable[[], Any]], ...] = (
        (wanted.customer_id, lambda: col(Contract.customer_id) == wanted.customer_id),
        (wanted.owner_id, lambda: col(Contract.owner_id) == wanted.owner_id),
        (wanted.states, lambda: col(Contract.state).in_(list(wanted.states))),
        (wanted.ends_from, lambda: col(Contract.ends_on) >= wanted.ends_from),
        (wanted.ends_until, lambda: col(Contract.ends_on) <= wanted.ends_until),
        (wanted.signed_from, lambda: col(Contract.signed_on) >= wanted.signed_from),
        (wanted.signed_until, lambda: col(Contract.signed_on) <= wanted.signed_until),
    )
    conditions += [condition() for value, condition in pairs if value]
    if wanted.least is not None:
        conditions.append(col(Contract.amount) >= wanted.least)
    if wanted.most is not None:
        conditions.append(col(Contract.amount) <= wanted.most)
    if wanted.not_renewed:
        conditions.append(col(Contract.renewed_by).is_(None))
    return [*conditions, *(custom_condition("contract", one) for one in wanted.custom)]


def count_contracts(tx: Tx, wanted: ContractFilter) -> tuple[int, Decimal | None]:
    """How many match within the scope, and the sum of those that are not void; None where it may not be seen."""
    counted = case((col(Contract.state) != "void", col(Contract.amount)), else_=col(Contract.amount) - Contract.amount)
    query = columns(func.count(), type_coerce(func.sum(counted), Fen)).select_from(Contract)
    count, total = tx.execute(query.where(*_where(wanted))).one()
    return int(count), total if count else NONE


def list_contracts(tx: Tx, wanted: ContractFilter, *, page: int = 1, size: int = PAGE) -> list[Contract]:
    """One page: what ends first where an end is asked for, else the newest."""
    order = (
        (col(Contract.ends_on), col(Contract.id))
        if wanted.ends_until is not None
        else (col(Contract.signed_on).desc(), col(Contract.id).desc())
    )
    query = select(Contract).where(*_where(wanted)).order_by(*order)
    return list(tx.exec(query.limit(size).offset((page - 1) * size)).all())


def list_after(tx: Tx, wanted: ContractFilter, *, after: int, limit: int) -> list[Contract]:
    """The next that match, by id: for exports, which go through all of them."""
    query = select(Contract).where(*_where(wanted), col(Contract.id) > after).order_by(col(Contract.id))
    return list(tx.exec(query.limit(limit)).all())


def is_dealt(tx: Tx, customer_id: int) -> bool:
    """已成交: whether the customer has a contract that is signed and not void, whoever has it (invariant 43)."""
    query = select(Contract.id).where(
        Contract.customer_id == customer_id, col(Contract.state).in_(DEALT), col(Contract.deleted_at).is_(None)
    )
    return tx.exec(query.limit(1), execution_options={"unscoped": "whether a customer is dealt"}).first() is not None


def list_past(tx: Tx, today: date) -> list[int]:
    """Effective contracts whose last day has gone."""
    query = select(Contract.id).where(Contract.state == "effective", col(Contract.ends_on) < today)
    return [i for i in tx.exec(query.order_by(col(Contract.id))).all() if i is not None]


def renewed_from(tx: Tx, contract_id: int) -> list[Contract]:
    """The contracts this one renews."""
    return list(tx.exec(select(Contract).where(Contract.renewed_by == contract_id)).all())


def note_transfer(tx: Tx, contract_id: int, old_owner_id: str | None, now: datetime) -> None:
    """Remembers who had it until now."""
    tx.add(ContractOwner(contract_id=contract_id, old_owner_id=old_owner_id, at=now))
    tx.flush()


def owner_on(tx: Tx, contract_id: int, present: str | None, day: date) -> str | None:
    """Who had the contract at the end of that day; `present`: who has it now (R-PAY-6)."""
    after = at_beijing(day + timedelta(days=1))
    changes: list[tuple[datetime, str | None]] = list(
        tx.exec(
            select(ContractOwner.at, ContractOwner.old_owner_id).where(
                ContractOwner.contract_id == contract_id, col(ContractOwner.at) >= after
            ),
            execution_options={"unscoped": "whose it was that day, whoever may see it now"},
        ).all()
    )
    handed = columns(
        col(Handover.at), col(HandoverItem.restored_at), col(HandoverItem.old_owner_id), col(Handover.receiver_id)
    ).where(
        col(HandoverItem.handover_id) == col(Handover.id), col(HandoverItem.kind) == "contract",
        col(HandoverItem.record_id) == contract_id,
        or_(col(Handover.at) >= after, col(HandoverItem.restored_at) >= after),
    )  # fmt: skip
    for at, restored_at, giver, receiver in tx.execute(handed).all():
        if at >= after:
            changes.append((at, giver))
        if restored_at is not None and restored_at >= after:
            changes.append((restored_at, receiver))
    return min(changes, key=lambda change: change[0])[1] if changes else present


@dataclass(frozen=True, slots=True)
class OpportunityFact:
    """What a contract takes over from an opportunity."""

    id: int
    name: str
    customer_id: int
    amount: Decimal | None  # None: not to be seen


def access_opportunity(tx: Tx, opportunity_id: int) -> OpportunityFact:
    """Raises NotFound."""
    row = tx.exec(select(Opportunity).where(Opportunity.id == opportunity_id)).first()
    if row is None or row.id is None:
        raise NotFound("没有找到这个商机，可能已经删除，或不在你能看的范围里。")
    return OpportunityFact(row.id, row.name, row.customer_id, row.amount)


def list_open_opportunities(tx: Tx, customer_id: int) -> list[OpportunityFact]:
    """A customer's open or won ones in scope, the newest first; not those a contract is linked to already."""
    linked = select(Contract.opportunity_id).where(
        Contract.customer_id == customer_id, col(Contract.opportunity_id).is_not(None), Contract.state != "void"
    )
    query = select(Opportunity).where(
        Opportunity.customer_id == customer_id, col(Opportunity.id).not_in(linked),
        col(Opportunity.result).in_(("open", "won")),
    )  # fmt: skip
    rows = tx.exec(query.order_by(col(Opportunity.id).desc())).all()
    return [OpportunityFact(o.id or 0, o.name, o.customer_id, o.amount) for o in rows]


def opportunity_name(tx: Tx, opportunity_id: int | None) -> str:
    """Empty if there is none, or it may not be seen."""
    if opportunity_id is None:
        return ""
    return tx.exec(select(Opportunity.name).where(Opportunity.id == opportunity_id)).first() or ""


def clear_renewal(tx: Tx, contract_id: int) -> None:
    """The contract this one renewed is to be renewed after all."""
    tx.execute(
        update(Contract)
        .where(col(Contract.renewed_by) == contract_id)
        .values(renewed_by=None, version=Contract.version + 1)
        .execution_options(synchronize_session=False, unscoped="the caller has access to what renewed them")
    )


def access_given(tx: Tx, contract_id: int, *, by: str) -> Contract:
    """A contract that `by` gave away and may have out of sight: to be taken back. Raises NotFound."""
    query = select(Contract).where(Contract.id == contract_id, col(Contract.deleted_at).is_(None)).with_for_update()
    contract = tx.exec(query, execution_options={"unscoped": f"{by} takes back what he gave away"}).first()
    if contract is None:
        raise NotFound("没有找到这份合同，可能已经删除。")
    return contract
