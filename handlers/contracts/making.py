"""A contract that is made, with the products and the contract it follows; and taken back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.core.forms import check_may_fill
from handlers.contracts import rules
from handlers.contracts.moving import step_move
from handlers.contracts.rules import STATES, ChangedSince, ContractRefused
from handlers.contracts.steps import LABELS, own_labels, step_record, step_settle, step_touch, words_of
from handlers.customers.rules import check_may_write
from handlers.customfields.values import new_changes
from handlers.products.lines import total
from storage import contracts, customers, lines, numbers, payments, people
from storage.contracts import NumberTaken
from storage.database import Tx
from storage.tables import Contract, ContractLine, OpportunityLine

PREFIX = "HT"  # of generated numbers (D25)


@dataclass(frozen=True, slots=True)
class NewContract:
    """What is to be registered. `number` empty: generated. `owner_id` None: whoever has the customer."""

    customer_id: int
    amount: Decimal
    number: str = ""
    name: str = ""
    signed_on: date | None = None  # None: today
    starts_on: date | None = None
    ends_on: date | None = None
    discount: Decimal = Decimal(0)
    opportunity_id: int | None = None
    renews: int | None = None  # the contract it follows
    owner_id: str | None = None
    draft: bool = False  # else it takes effect at once
    source_key: str = ""  # of the draft on a card: what is confirmed twice is made once
    custom: Mapping[str, str] = field(default_factory=dict)  # the company's own fields, as they are stored


def step_create_contract(tx: Tx, ctx: Context, new: NewContract) -> Contract:
    """The same within another's transaction (import); the caller has checked the function and the company's own fields.

    Raises:
        Forbidden, NotFound, NotYours, InvalidInput, ContractRefused.
    """
    check_may_fill(ctx.actor, "contract", _given(new))
    amount = rules.check_amount(new.amount)
    signed_on = new.signed_on or ctx.today
    rules.check_dates(signed_on=signed_on, starts_on=new.starts_on, ends_on=new.ends_on)
    customer = customers.access_customer(tx, new.customer_id)
    check_may_write(
        owner_id=customer.owner_id, actor_id=ctx.actor.user_id, may_edit=ctx.actor.may(Permission.CONTRACT_EDIT),
        name=customer.name, owner=people.name_of(tx, customer.owner_id),
    )  # fmt: skip
    opportunity_id = step_opportunity(tx, new.opportunity_id, new.customer_id)
    number = step_number(tx, ctx, new.number)
    if not new.draft:
        rules.check_effective(number, signed_on=signed_on, today=ctx.today)
    owner_id = new.owner_id or customer.owner_id
    contract = Contract(
        number=number, name=new.name.strip(), customer_id=new.customer_id, opportunity_id=opportunity_id,
        amount=amount, discount=rules.check_discount(new.discount), signed_on=signed_on, starts_on=new.starts_on,
        ends_on=new.ends_on, state="draft", owner_id=owner_id, source_key=new.source_key or None,
        created_at=ctx.now, created_by=ctx.actor.user_id, custom=dict(new.custom),
    )  # fmt: skip
    try:
        contracts.add_contract(tx, contract)
    except NumberTaken as twin:
        raise taken_number(number) from twin
    if opportunity_id is not None:
        _take_lines(tx, OpportunityLine, opportunity_id, contract)
    if not new.draft:
        step_move(tx, ctx, contract, "effective", told=False)
    if new.renews is not None:
        _renew(tx, ctx, new.renews, contract)
    changes = {LABELS[k]: ("", words_of(tx, ctx, k, getattr(contract, k))) for k in ("amount", "signed_on", "ends_on")}
    changes["状态"] = ("", STATES[contract.state])
    told = {k: pair for k, pair in changes.items() if pair[1]} | new_changes(tx, "contract", new.custom)
    step_record(tx, ctx, "create.contract", contract, changes=told, **own_labels(tx, new.custom))
    step_touch(tx, ctx, contract)
    return contract


def _take_lines(tx: Tx, model: type[lines.L], record_id: int, contract: Contract) -> None:
    """The products of what the contract is made of, if they make its amount: else another price was agreed on."""
    sums = lines.list_amounts(tx, model, record_id)
    if sums and total(sums, contract.discount) == contracts.money_of(tx, contract.id or 0).amount:
        lines.copy_lines(tx, model, record_id, contract.id or 0)


def _given(new: NewContract) -> dict[str, object]:
    return {
        "name": new.name, "amount": new.amount, "discount": new.discount, "signed_on": new.signed_on,
        "starts_on": new.starts_on, "ends_on": new.ends_on,
    }  # fmt: skip


def step_number(tx: Tx, ctx: Context, given: str) -> str:
    """As given, or the next of the year; never one that was used. Raises InvalidInput, ContractRefused."""
    if not given.strip():
        return numbers.next_number(tx, PREFIX, ctx.today.year)
    number = rules.check_number(given)
    if numbers.is_taken(tx, number):
        raise taken_number(number)
    numbers.note_number(tx, number)
    return number


def taken_number(number: str) -> ContractRefused:
    """The number is another's, or was."""
    return ContractRefused(f"合同编号 {number} 用过了（删除的也不再用），换一个，或者不写编号、自动编。")


def step_opportunity(tx: Tx, opportunity_id: int | None, customer_id: int) -> int | None:
    """One of the same customer. Raises NotFound, InvalidInput."""
    if opportunity_id is None:
        return None
    found = contracts.access_opportunity(tx, opportunity_id)
    if found.customer_id != customer_id:
        raise InvalidInput(f"商机「{found.name}」是另一家客户的，换一个，或者不关联商机。")
    return found.id


def _renew(tx: Tx, ctx: Context, old_id: int, contract: Contract) -> None:
    old = contracts.access_contract(tx, old_id, lock=True)
    if old.customer_id != contract.customer_id:
        raise InvalidInput("续签的合同要是同一家客户的。")
    if old.renewed_by is not None:
        raise ContractRefused(f"合同 {old.number} 已经续签过了，发送「合同 {old.number}」看看。")
    if old.state not in contracts.DEALT:
        raise ContractRefused(f"合同 {old.number} 是「{STATES[old.state]}」，不能续签，直接登记一份新的就行。")
    if contract.opportunity_id is None:
        _take_lines(tx, ContractLine, old_id, contract)
    step_settle(tx, ctx, old)
    old.renewed_by, old.version = contract.id, old.version + 1
    step_record(tx, ctx, "renew.contract", old, changes={"续签为": ("", contract.number)})
    step_touch(tx, ctx, old)


def step_remove(tx: Tx, ctx: Context, contract: Contract) -> None:
    """Off the lists; its number is not used again."""
    contract.deleted_at, contract.version = ctx.now, contract.version + 1
    contracts.clear_renewal(tx, contract.id or 0)
    step_settle(tx, ctx, contract)
    step_touch(tx, ctx, contract)
    tx.add(contract)
    tx.flush()


def step_take_back(tx: Tx, ctx: Context, contract: Contract) -> None:
    """The same within another's transaction (import), on a contract nobody has changed. Raises ChangedSince."""
    if payments.count_live(tx, contract.id or 0) or payments.list_plans(tx, [contract.id or 0]):
        raise ChangedSince(f"合同 {contract.number} 上已经有回款或回款计划，不能撤销登记；可以「作废合同」。")
    step_remove(tx, ctx, contract)
    step_record(tx, ctx, "undo.create_contract", contract, changes={"合同": (contract.number, "")})
