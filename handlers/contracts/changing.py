"""What a contract says, changed."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.core.forms import check_may_fill
from handlers.contracts import rules
from handlers.contracts.figures import step_standing
from handlers.contracts.making import step_number, step_opportunity
from handlers.contracts.steps import LABELS, changes_text, own_labels, step_record, step_settle, step_touch, words_of
from handlers.customfields.values import write_custom
from handlers.products.lines import total
from storage import contracts, lines
from storage.database import Tx
from storage.tables import Contract, ContractLine

EDITABLE = ("number", "name", "amount", "discount", "signed_on", "starts_on", "ends_on", "opportunity_id")
FIELDS = {"number": "no"}  # column → field of the form, where they differ


def step_update_contract(
    tx: Tx, ctx: Context, contract: Contract, changes: Mapping[str, Any], custom: Mapping[str, str] | None = None
) -> tuple[str, Mapping[str, str]]:
    """The same within another's transaction (import), on a contract that is locked.

    Returns what changed in words, and what the company's own fields that changed were.

    Raises:
        Forbidden, NotFound, InvalidInput, ContractRefused.
    """
    assert contract.id is not None
    check_may_fill(ctx.actor, "contract", {FIELDS.get(name, name): value for name, value in changes.items()})
    rules.check_editable(contract.number, contract.state)
    old = {name: getattr(contract, name) for name in EDITABLE}
    new = {**old, **{name: value for name, value in changes.items() if name in EDITABLE}}
    if "number" in changes:
        number = rules.check_number(str(new["number"]))
        if number != old["number"]:
            step_number(tx, ctx, number)
        new["number"] = number
    sums = lines.list_amounts(tx, ContractLine, contract.id)
    if sums and "amount" in changes and Decimal(new["amount"]) != contracts.money_of(tx, contract.id).amount:
        raise InvalidInput(f"合同 {contract.number} 有产品明细，金额是它们的合计；改产品或整单折扣就会跟着变。")
    if sums and "discount" in changes:
        new["amount"] = total(sums, rules.check_discount(Decimal(new["discount"])))
        changes = {**changes, "amount": new["amount"]}
    if "amount" in changes:
        money = contracts.money_of(tx, contract.id)
        shown = step_standing(tx, ctx, contract).paid is not None
        rules.check_not_below(
            rules.check_amount(Decimal(new["amount"])), paid=money.paid, invoiced=money.billed, shown=shown
        )
    if "discount" in changes:
        new["discount"] = rules.check_discount(Decimal(new["discount"]))
    rules.check_dates(signed_on=new["signed_on"], starts_on=new["starts_on"], ends_on=new["ends_on"])
    if contract.state == "effective" and "signed_on" in changes:
        rules.check_effective(contract.number, signed_on=new["signed_on"], today=ctx.today)
    if "opportunity_id" in changes:
        new["opportunity_id"] = step_opportunity(tx, new["opportunity_id"], contract.customer_id)
    changed = {name for name in changes if name in EDITABLE and new[name] != old[name]}
    own, was = write_custom(tx, ctx, "contract", contract, custom or {})
    if not (changed or own):
        return "", {}
    if "ends_on" in changed:
        step_settle(tx, ctx, contract)
    for name in changed:
        setattr(contract, name, new[name])
    contract.version += 1
    tx.add(contract)
    tx.flush()
    pairs = {LABELS[k]: (words_of(tx, ctx, k, old[k]), words_of(tx, ctx, k, new[k])) for k in EDITABLE if k in changed}
    step_record(tx, ctx, "edit.contract", contract, changes=pairs | own, **own_labels(tx, was))
    step_touch(tx, ctx, contract)
    return changes_text(pairs | own, ctx.today), was
