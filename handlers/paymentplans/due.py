"""Instalments as they stand: what of each is paid is derived whenever it is asked for (R-PAY-3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bot.context import Context
from handlers.contracts.figures import sees
from handlers.paymentplans.rules import allocate, paid_by_plan, plan_status
from handlers.payments.rules import NONE
from storage import allocations, contracts, digest, payments
from storage.contracts import DEALT
from storage.database import Tx
from storage.payments import PlanFact
from storage.tables import Contract

PLAN_RULES = ("payment_due", "payment_overdue")


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One instalment as it stands. Amounts None: not to be seen."""

    contract_id: int
    number: str
    customer: str
    period: int
    due_on: date
    amount: Decimal | None
    paid: Decimal | None
    status: str


def step_plan_lines(tx: Tx, ctx: Context, facts: Sequence[PlanFact], owners: Mapping[int, Contract]) -> list[PlanLine]:
    """Instalments as they stand; `facts` of a contract in the order of their dates, from its first one on."""
    ids = list({f.contract_id for f in facts})
    received, chosen = payments.list_received(tx, ids), allocations.list_chosen(tx, ids)
    names = contracts.customer_names(tx, [owners[i].customer_id for i in ids])
    money = sees(ctx, "payment", "amount")
    lines = []
    for contract_id in ids:
        mine = [f for f in facts if f.contract_id == contract_id]
        paid = paid_by_plan(allocate(mine, received[contract_id], chosen[contract_id]))
        contract = owners[contract_id]
        for fact in mine:
            done = paid.get(fact.id, NONE)
            status = plan_status(fact.amount, done, fact.due_on, ctx.today, void=contract.state == "void")
            lines.append(
                PlanLine(
                    contract_id, contract.number, names.get(contract.customer_id, ""), fact.period, fact.due_on,
                    fact.amount if money else None, done if money else None, status,
                )
            )  # fmt: skip
    return sorted(lines, key=lambda line: (line.due_on, line.number, line.period))


def step_due(tx: Tx, ctx: Context, *, owner_id: str = "", until: date) -> list[PlanLine]:
    """Instalments due by that day on contracts in force, of one owner or of all in scope, however much is paid."""
    facts = payments.list_plans(tx, owner_id=owner_id, due_until=until)
    found = {c.id or 0: c for c in contracts.list_by_ids(tx, list({f.contract_id for f in facts}))}
    facts = [f for f in facts if f.contract_id in found and found[f.contract_id].state in DEALT]
    return step_plan_lines(tx, ctx, facts, found)


def step_settle(tx: Tx, ctx: Context, contract: Contract) -> None:
    """Where nothing that is due is owed any more, nobody is reminded of it."""
    key = contract.id or 0
    facts = [f for f in payments.list_plans(tx, [key]) if f.due_on <= ctx.today]
    received, chosen = payments.list_received(tx, [key])[key], allocations.list_chosen(tx, [key])[key]
    paid = paid_by_plan(allocate(facts, received, chosen))
    if all(paid.get(f.id, NONE) >= f.amount for f in facts):
        digest.cancel(tx, f"contract:{contract.id}", rules=PLAN_RULES, now=ctx.now)
