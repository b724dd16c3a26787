"""Use cases of contracts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import Forbidden, InvalidInput
from bot.core.forms import check_may_fill
from bot.language.money import show_money
from handlers.contracts import rules
from handlers.contracts.figures import check_may_look, sees, step_standing, step_standings
from handlers.contracts.rules import STATES, ChangedSince, ContractRefused, Standing
from handlers.customers.rules import check_may_write
from handlers.products.lines import total
from storage import audit, cards, contracts, customers, digest, lines, notices, numbers, payments, people, undos
from storage.contracts import PAGE, ContractFilter, NumberTaken, OpportunityFact
from storage.database import Tx
from storage.tables import Contract, ContractLine, OpportunityLine

UNDO = timedelta(minutes=10)
PREFIX = "HT"  # of generated numbers (D25)
LABELS = {
    "number": "编号", "name": "名称", "amount": "金额", "discount": "整单折扣", "signed_on": "签订日",
    "starts_on": "开始日", "ends_on": "到期日", "opportunity_id": "商机", "state": "状态", "owner_id": "负责人",
    "renewed_by": "续签为",
}  # fmt: skip
EDITABLE = ("number", "name", "amount", "discount", "signed_on", "starts_on", "ends_on", "opportunity_id")
FIELDS = {"number": "no"}  # column → field of the form, where they differ


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


def create_contract(ctx: Context, new: NewContract) -> Created:
    """Registers a contract of a customer one may write on; it takes effect unless it is to be a draft.

    Raises:
        Forbidden, NotFound, NotYours, InvalidInput, ContractRefused.
    """
    ctx.actor.require(Permission.CONTRACT_ADD)
    with ctx.begin() as tx:
        customers.access_customer(tx, new.customer_id, lock=True)  # the second tap waits for the first
        if new.source_key and (made := contracts.find_by_source(tx, new.source_key)) is not None:
            return Created(made, None, again=True)
        contract = step_create_contract(tx, ctx, new)
        undo_id = _offer(tx, ctx, contract, "contracts.create", f"登记合同 {contract.number}", {"renews": new.renews})
        return Created(contract, undo_id)


def step_create_contract(tx: Tx, ctx: Context, new: NewContract) -> Contract:
    """The same within another's transaction (import); the caller has checked the function.

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
    opportunity_id = _checked_opportunity(tx, new.opportunity_id, new.customer_id)
    number = _number(tx, ctx, new.number)
    if not new.draft:
        rules.check_effective(number, signed_on=signed_on, today=ctx.today)
    owner_id = new.owner_id or customer.owner_id
    contract = Contract(
        number=number, name=new.name.strip(), customer_id=new.customer_id, opportunity_id=opportunity_id,
        amount=amount, discount=rules.check_discount(new.discount), signed_on=signed_on, starts_on=new.starts_on,
        ends_on=new.ends_on, state="draft", owner_id=owner_id, source_key=new.source_key or None,
        created_at=ctx.now, created_by=ctx.actor.user_id,
    )  # fmt: skip
    try:
        contracts.add_contract(tx, contract)
    except NumberTaken as twin:
        raise _taken(number) from twin
    if opportunity_id is not None:
        sums = lines.list_amounts(tx, OpportunityLine, opportunity_id)
        if sums and total(sums, contract.discount) == amount:  # else another price was agreed on
            lines.copy_lines(tx, opportunity_id, contract.id or 0)
    if not new.draft:
        step_move(tx, ctx, contract, "effective", told=False)
    if new.renews is not None:
        _renew(tx, ctx, new.renews, contract)
    changes = {LABELS[k]: ("", _words(tx, ctx, k, getattr(contract, k))) for k in ("amount", "signed_on", "ends_on")}
    changes["状态"] = ("", STATES[contract.state])
    _record(tx, ctx, "create.contract", contract, changes={k: pair for k, pair in changes.items() if pair[1]})
    step_touch(tx, ctx, contract)
    return contract


def _given(new: NewContract) -> dict[str, object]:
    return {
        "name": new.name, "amount": new.amount, "discount": new.discount, "signed_on": new.signed_on,
        "starts_on": new.starts_on, "ends_on": new.ends_on,
    }  # fmt: skip


def _number(tx: Tx, ctx: Context, given: str) -> str:
    if not given.strip():
        return numbers.next_number(tx, PREFIX, ctx.today.year)
    number = rules.check_number(given)
    if numbers.is_taken(tx, number):
        raise _taken(number)
    numbers.note_number(tx, number)
    return number


def _taken(number: str) -> ContractRefused:
    return ContractRefused(f"合同编号 {number} 用过了（删除的也不再用），换一个，或者不写编号、自动编。")


def _checked_opportunity(tx: Tx, opportunity_id: int | None, customer_id: int) -> int | None:
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
    _settle_reminder(tx, ctx, old)
    old.renewed_by, old.version = contract.id, old.version + 1
    _record(tx, ctx, "renew.contract", old, changes={"续签为": ("", contract.number)})
    step_touch(tx, ctx, old)


def step_move(tx: Tx, ctx: Context, contract: Contract, to: str, *, back: bool = False, told: bool = True) -> None:
    """The one function by which a contract's state changes, whoever asks (issue 5's approval stands before it).

    `back`: what was done is taken back. `told`: an audit line of its own. Raises ContractRefused.
    """
    rules.check_move(contract.number, contract.state, to, back=back)
    if to == "effective" and not back:
        rules.check_effective(contract.number, signed_on=contract.signed_on, today=ctx.today)
        contract.signed_on = contract.signed_on or ctx.today
    before, contract.state = contract.state, to
    contract.version += 1
    tx.add(contract)
    tx.flush()
    if to != "effective":
        _settle_reminder(tx, ctx, contract)
    if told:
        changes = {"状态": (STATES[before], STATES[to])}
        reason = {"reason": contract.void_reason} if to == "void" else {}
        _record(tx, ctx, "undo.contract" if back else "move.contract", contract, changes=changes, **reason)
    step_touch(tx, ctx, contract)


def move_contract(ctx: Context, contract_id: int, to: str, reason: str = "") -> Changed:
    """生效, 结束 or 作废. One's own needs 合同-新增, another's 合同-编辑; 作废 always 合同-作废.

    Raises:
        Forbidden, NotFound, InvalidInput, ContractRefused.
    """
    if to == "void":
        ctx.actor.require(Permission.CONTRACT_VOID)
    else:
        _require_write(ctx)
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, contract_id, lock=True)
        if to != "void":
            step_check_write(tx, ctx, contract)
        before, signed_on = contract.state, contract.signed_on
        renewed: list[int] = []
        if to == "void":
            rules.check_move(contract.number, before, to)
            money = contracts.money_of(tx, contract_id)
            live = payments.count_live(tx, contract_id)
            contract.void_reason = rules.check_void(contract.number, reason, payments=live, invoiced=money.billed)
            renewed = [c.id for c in contracts.renewed_from(tx, contract_id) if c.id is not None]
            contracts.clear_renewal(tx, contract_id)
        step_move(tx, ctx, contract, to)
        payload = {"before": before, "signed_on": _text(signed_on), "renewed": renewed}
        word = {"effective": "生效", "ended": "结束", "void": "作废"}[to]
        undo_id = _offer(tx, ctx, contract, "contracts.move", f"合同 {contract.number} {word}", payload)
        dealt = contracts.is_dealt(tx, contract.customer_id)
        name = contracts.customer_names(tx, [contract.customer_id]).get(contract.customer_id, "")
        effect = ""
        if to == "effective":
            effect = f"，「{name}」已成交"
        elif to == "void" and before != "draft":
            effect = f"，「{name}」" + ("还有别的有效合同" if dealt else "变回未成交")
        return Changed(
            contract_id, contract.number, f"合同 {contract.number} {STATES[before]} → {STATES[to]}{effect}", undo_id
        )


def undo_move(ctx: Context, payload: Mapping[str, Any]) -> str:
    """Puts the state back. The undo door has checked whose it is. Raises NotFound, ChangedSince."""
    with ctx.begin() as tx:
        contract = step_unchanged(tx, payload)
        if contract.state == "effective" and payload["before"] == "draft" and payments.count_live(tx, contract.id or 0):
            raise ChangedSince(f"合同 {contract.number} 上已经登记了回款，不能退回草稿。")
        contract.signed_on = _day(payload["signed_on"])
        contract.void_reason = ""
        step_move(tx, ctx, contract, str(payload["before"]), back=True)
        for old in contracts.list_by_ids(tx, [int(i) for i in payload["renewed"]]):
            if old.renewed_by is None:
                old.renewed_by = contract.id
        return f"已撤销，合同 {contract.number} 还是「{STATES[contract.state]}」。"


def edit_contract(ctx: Context, contract_id: int, changes: Mapping[str, Any]) -> Changed:
    """`changes`: column → value, of `EDITABLE`. One's own needs 合同-新增, another's 合同-编辑.

    Raises:
        Forbidden, NotFound, InvalidInput, ContractRefused.
    """
    _require_write(ctx)
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, contract_id, lock=True)
        step_check_write(tx, ctx, contract)
        before = {name: getattr(contract, name) for name in changes}
        text = step_update_contract(tx, ctx, contract, changes)
        if not text:
            return Changed(contract_id, contract.number, f"合同 {contract.number} 没有变化", None)
        payload = {"before": {name: _text(value) for name, value in before.items()}}
        undo_id = _offer(tx, ctx, contract, "contracts.edit", f"修改合同 {contract.number}", payload)
        return Changed(contract_id, contract.number, f"合同 {contract.number} {text}", undo_id)


def step_update_contract(tx: Tx, ctx: Context, contract: Contract, changes: Mapping[str, Any]) -> str:
    """The same within another's transaction (import), on a contract that is locked; returns what changed, in words.

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
            _number(tx, ctx, number)
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
        new["opportunity_id"] = _checked_opportunity(tx, new["opportunity_id"], contract.customer_id)
    changed = {name for name in changes if name in EDITABLE and new[name] != old[name]}
    if not changed:
        return ""
    if "ends_on" in changed:
        _settle_reminder(tx, ctx, contract)
    for name in changed:
        setattr(contract, name, new[name])
    contract.version += 1
    tx.add(contract)
    tx.flush()
    pairs = {LABELS[k]: (_words(tx, ctx, k, old[k]), _words(tx, ctx, k, new[k])) for k in EDITABLE if k in changed}
    _record(tx, ctx, "edit.contract", contract, changes=pairs)
    step_touch(tx, ctx, contract)
    return "；".join(f"{label}：{was or '（空）'} → {now or '（空）'}" for label, (was, now) in pairs.items())


def undo_edit(ctx: Context, payload: Mapping[str, Any]) -> str:
    """Puts back what the contract said. Raises NotFound, ChangedSince, ContractRefused."""
    with ctx.begin() as tx:
        contract = step_unchanged(tx, payload)
        back = {name: _value(name, value) for name, value in payload["before"].items()}
        if "number" in back and back["number"] != contract.number:
            raise ChangedSince("合同编号改过就不再用旧的了，要改请再发一次新编号。")
        text = step_update_contract(tx, ctx, contract, back)
        return f"已撤销，合同 {contract.number} {text}。"


def transfer_contract(ctx: Context, contract_id: int, receiver_id: str) -> Changed:
    """Gives a contract to a colleague; payments registered before stay with whom they counted for (R-PAY-6).

    Raises:
        Forbidden, NotFound, ContractRefused.
    """
    ctx.actor.require(Permission.CONTRACT_TRANSFER)
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, contract_id, lock=True)
        receiver = people.access_active(tx, receiver_id)
        was = contract.owner_id
        if was == receiver_id:
            raise ContractRefused(f"合同 {contract.number} 本来就由 {receiver.name} 负责。")
        contracts.note_transfer(tx, contract_id, was, ctx.now)
        contract.owner_id, contract.version = receiver_id, contract.version + 1
        tx.add(contract)
        tx.flush()
        names = people.names_of(tx, [was])
        changes = {"负责人": (names.get(was or "", ""), receiver.name)}
        _record(tx, ctx, "transfer.contract", contract, changes=changes)
        undo_id = _offer(tx, ctx, contract, "contracts.transfer", f"转移合同 {contract.number}", {"owner_id": was})
        if receiver_id != ctx.actor.user_id:
            notices.queue(
                tx, key=f"contract_given:{contract_id}:{contract.version}", user_ids=[receiver_id],
                title=f"新转来的合同：{contract.number}", now=ctx.now,
                text=f"{ctx.actor.name} 把合同 {contract.number} 转给你了，发送「合同 {contract.number}」看详情。",
            )  # fmt: skip
        step_touch(tx, ctx, contract)
        return Changed(
            contract_id,
            contract.number,
            f"合同 {contract.number} 负责人：{changes['负责人'][0]} → {receiver.name}",
            undo_id,
        )


def undo_transfer(ctx: Context, payload: Mapping[str, Any]) -> str:
    """Gives it back. The undo door has checked whose it is; the contract may be out of the actor's scope by now."""
    with ctx.begin() as tx:
        contract = contracts.access_given(tx, int(payload["contract_id"]), by=ctx.actor.user_id)
        if contract.version != payload["version"]:
            raise _since(contract)
        contracts.note_transfer(tx, contract.id or 0, contract.owner_id, ctx.now)
        contract.owner_id, contract.version = payload["owner_id"], contract.version + 1
        tx.add(contract)
        tx.flush()
        _record(tx, ctx, "undo.contract", contract, changes={"负责人": ("", people.name_of(tx, contract.owner_id))})
        step_touch(tx, ctx, contract)
        return f"已撤销，合同 {contract.number} 还是 {people.name_of(tx, contract.owner_id)} 负责。"


def delete_contract(ctx: Context, contract_id: int) -> Changed:
    """Deletes a draft; its number is not used again. What took effect is voided instead. Raises Forbidden, NotFound."""
    ctx.actor.require(Permission.CONTRACT_DELETE)
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, contract_id, lock=True)
        if contract.state != "draft":
            raise ContractRefused(
                f"合同 {contract.number} 是「{STATES[contract.state]}」，只有草稿能删除；不要了请发送"
                f"「作废合同 {contract.number} 原因」。"
            )
        _remove(tx, ctx, contract)
        _record(tx, ctx, "delete.contract", contract, changes={"合同": (contract.number, "")})
        return Changed(contract_id, contract.number, f"已删除草稿合同 {contract.number}，这个编号不再使用", None)


def _remove(tx: Tx, ctx: Context, contract: Contract) -> None:
    contract.deleted_at, contract.version = ctx.now, contract.version + 1
    contracts.clear_renewal(tx, contract.id or 0)
    _settle_reminder(tx, ctx, contract)
    step_touch(tx, ctx, contract)
    tx.add(contract)
    tx.flush()


def undo_create(ctx: Context, payload: Mapping[str, Any]) -> str:
    """Takes a registration back, unless something stands on it. Raises NotFound, ChangedSince."""
    with ctx.begin() as tx:
        contract = step_unchanged(tx, payload)
        step_take_back(tx, ctx, contract)
        return f"已撤销登记合同 {contract.number}，这个编号不再使用。"


def step_take_back(tx: Tx, ctx: Context, contract: Contract) -> None:
    """The same within another's transaction (import), on a contract nobody has changed. Raises ChangedSince."""
    if payments.count_live(tx, contract.id or 0) or payments.list_plans(tx, [contract.id or 0]):
        raise ChangedSince(f"合同 {contract.number} 上已经有回款或回款计划，不能撤销登记；可以「作废合同」。")
    _remove(tx, ctx, contract)
    _record(tx, ctx, "undo.create_contract", contract, changes={"合同": (contract.number, "")})


def show_contract(ctx: Context, contract_id: int) -> ContractDetails:
    """One contract. Another's needs 合同-查看. Raises Forbidden, NotFound."""
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, contract_id)
        check_may_look(ctx, contract)
        names = contracts.customer_names(tx, [contract.customer_id])
        later = contracts.list_by_ids(tx, [contract.renewed_by] if contract.renewed_by else [])
        earlier = contracts.renewed_from(tx, contract_id)
        return ContractDetails(
            contract, names.get(contract.customer_id, ""), people.name_of(tx, contract.owner_id),
            contracts.opportunity_name(tx, contract.opportunity_id), later[0].number if later else "",
            earlier[0].number if earlier else "", step_standing(tx, ctx, contract),
            lines.list_lines(tx, ContractLine, contract_id),
        )  # fmt: skip


def list_contracts(ctx: Context, wanted: ContractFilter, page: int = 1) -> ContractPage:
    """Contracts within the scope that match, with their sum. Raises Forbidden."""
    ctx.actor.require(Permission.CONTRACT_VIEW)
    with ctx.begin() as tx:
        total, amount = contracts.count_contracts(tx, wanted)
        pages = max(1, -(-total // PAGE))
        rows = contracts.list_contracts(tx, wanted, page=min(max(1, page), pages))
        return ContractPage(
            rows, contracts.customer_names(tx, [c.customer_id for c in rows]),
            people.names_of(tx, [c.owner_id for c in rows]), step_standings(tx, ctx, rows), total,
            amount if sees(ctx, "contract", "amount") else None, pages,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a draft refers to, in words, and what it may take over."""

    customer: str
    opportunities: list[OpportunityFact]
    renews: str  # number
    made: str = ""  # number of the contract this draft has become already
    sums: Mapping[int, list[Decimal]] = field(default_factory=dict)  # opportunity → what its lines come to


def prepare(ctx: Context, customer_id: int, renews: int | None = None, token: str = "") -> Prepared:
    """Whether one may register a contract of this customer, and what it may refer to.

    Raises:
        Forbidden, NotFound, NotYours.
    """
    ctx.actor.require(Permission.CONTRACT_ADD)
    with ctx.begin() as tx:
        customer = customers.access_customer(tx, customer_id)
        check_may_write(
            owner_id=customer.owner_id, actor_id=ctx.actor.user_id, may_edit=ctx.actor.may(Permission.CONTRACT_EDIT),
            name=customer.name, owner=people.name_of(tx, customer.owner_id),
        )  # fmt: skip
        old = contracts.access_contract(tx, renews).number if renews is not None else ""
        made = contracts.find_by_source(tx, token) if token else None
        opportunities = contracts.list_open_opportunities(tx, customer_id)
        sums = {o.id: lines.list_amounts(tx, OpportunityLine, o.id) for o in opportunities if o.amount is not None}
        return Prepared(customer.name, opportunities, old, made.number if made is not None else "", sums)


def end_past(ctx: Context) -> int:
    """Ends effective contracts whose last day has gone. Returns how many."""
    with ctx.begin() as tx:
        past = contracts.list_past(tx, ctx.today)
        for contract_id in past:
            step_move(tx, ctx, contracts.access_contract(tx, contract_id, lock=True), "ended")
        return len(past)


def _require_write(ctx: Context) -> None:
    """合同-新增 for one's own, 合同-编辑 for others'; without either there is nothing to look at."""
    if not ctx.actor.may(Permission.CONTRACT_EDIT):
        ctx.actor.require(Permission.CONTRACT_ADD)


def step_check_write(tx: Tx, ctx: Context, contract: Contract) -> None:
    """One's own always, others' in scope with 合同-编辑. Raises Forbidden."""
    if contract.owner_id == ctx.actor.user_id or ctx.actor.may(Permission.CONTRACT_EDIT):
        return
    who = people.name_of(tx, contract.owner_id)
    raise Forbidden(
        f"合同 {contract.number} 由 {who} 负责，你只能查看；要改请联系 {who}，或请管理员开通「合同-编辑」。"
    )


def step_unchanged(tx: Tx, payload: Mapping[str, Any]) -> Contract:
    """The contract an undo is about, locked. Raises NotFound, ChangedSince."""
    contract = contracts.access_contract(tx, int(payload["contract_id"]), lock=True)
    if contract.version != payload["version"]:
        raise _since(contract)
    return contract


def _since(contract: Contract) -> ChangedSince:
    return ChangedSince(f"合同 {contract.number} 之后又改过，不能撤销了；发送「合同 {contract.number}」看现在的样子。")


def _settle_reminder(tx: Tx, ctx: Context, contract: Contract) -> None:
    digest.cancel(tx, f"contract:{contract.id}", rules=("contract_expiry",), now=ctx.now)


def _offer(tx: Tx, ctx: Context, contract: Contract, kind: str, text: str, payload: Mapping[str, Any]) -> int:
    kept = {**payload, "contract_id": contract.id, "version": contract.version}
    return undos.offer(tx, user_id=ctx.actor.user_id, kind=kind, payload=kept, text=text, now=ctx.now, lasts=UNDO)


def step_touch(tx: Tx, ctx: Context, contract: Contract) -> None:
    """Cards of others show it as it is now; the customer's too, for a contract makes it 已成交."""
    card = ctx.key if ctx.via == "tap" else ""
    for subject in (f"contract:{contract.id}", f"customer:{contract.customer_id}"):
        cards.redraw_others(tx, subject, now=ctx.now, but=card)


def _words(tx: Tx, ctx: Context, name: str, value: Any) -> str:  # noqa: ARG001 -- the actor's words come with rights
    if value is None:
        return ""
    if name == "amount":
        return show_money(value)
    if name == "discount":
        return f"{value.normalize():f}%"
    if name == "opportunity_id":
        return contracts.opportunity_name(tx, value)
    return str(value)


def _text(value: Any) -> Any:
    return (
        value.isoformat() if isinstance(value, date | datetime) else str(value) if isinstance(value, Decimal) else value
    )


def _value(name: str, value: Any) -> Any:
    if value is not None and name in ("amount", "discount"):
        return Decimal(value)
    return _day(value) if name in ("signed_on", "starts_on", "ends_on") else value


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


def _record(tx: Tx, ctx: Context, action: str, contract: Contract, **detail: Any) -> None:
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=f"contract:{contract.id}",
        name=contract.number, **detail,
    )  # fmt: skip
