"""Use cases of contracts."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from handlers.contracts import rules
from handlers.contracts.answers import Changed, ContractDetails, ContractPage, Created, Prepared
from handlers.contracts.changing import step_update_contract
from handlers.contracts.figures import check_may_look, sees, step_standing, step_standings
from handlers.contracts.making import NewContract, step_create_contract, step_remove, step_take_back
from handlers.contracts.moving import step_move
from handlers.contracts.rules import STATES, ChangedSince, ContractRefused
from handlers.contracts.steps import (
    changed_since,
    changes_text,
    day_of,
    own_labels,
    require_write,
    restored,
    step_check_write,
    step_offer,
    step_record,
    step_touch,
    step_unchanged,
    stored,
)
from handlers.customers.rules import check_may_write
from handlers.customfields.values import check_new, undo_custom
from storage import contracts, customers, lines, notices, payments, people, scans
from storage.contracts import PAGE, ContractFilter
from storage.tables import ContractLine, OpportunityLine


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
        new = replace(new, custom=check_new(tx, ctx, "contract", new.custom))
        contract = step_create_contract(tx, ctx, new)
        undo_id = step_offer(
            tx, ctx, contract, "contracts.create", f"登记合同 {contract.number}", {"renews": new.renews}
        )
        return Created(contract, undo_id)


def undo_create(ctx: Context, payload: Mapping[str, Any]) -> str:
    """Takes a registration back, unless something stands on it. Raises NotFound, ChangedSince."""
    with ctx.begin() as tx:
        contract = step_unchanged(tx, payload)
        step_take_back(tx, ctx, contract)
        return f"已撤销登记合同 {contract.number}，这个编号不再使用。"


def move_contract(ctx: Context, contract_id: int, to: str, reason: str = "") -> Changed:
    """生效, 结束 or 作废. One's own needs 合同-新增, another's 合同-编辑; 作废 always 合同-作废.

    Raises:
        Forbidden, NotFound, InvalidInput, ContractRefused.
    """
    if to == "void":
        ctx.actor.require(Permission.CONTRACT_VOID)
    else:
        require_write(ctx)
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
        payload = {"before": before, "signed_on": stored(signed_on), "renewed": renewed}
        word = {"effective": "生效", "ended": "结束", "void": "作废"}[to]
        undo_id = step_offer(tx, ctx, contract, "contracts.move", f"合同 {contract.number} {word}", payload)
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
        contract.signed_on = day_of(payload["signed_on"])
        contract.void_reason = ""
        step_move(tx, ctx, contract, str(payload["before"]), back=True)
        for old in contracts.list_by_ids(tx, [int(i) for i in payload["renewed"]]):
            if old.renewed_by is None:
                old.renewed_by = contract.id
        return f"已撤销，合同 {contract.number} 还是「{STATES[contract.state]}」。"


def end_past(ctx: Context) -> int:
    """Ends effective contracts whose last day has gone. Returns how many."""
    with ctx.begin() as tx:
        past = contracts.list_past(tx, ctx.today)
        for contract_id in past:
            step_move(tx, ctx, contracts.access_contract(tx, contract_id, lock=True), "ended")
        return len(past)


def edit_contract(
    ctx: Context, contract_id: int, changes: Mapping[str, Any], custom: Mapping[str, str] | None = None
) -> Changed:
    """`changes`: column → value, of `EDITABLE`; `custom`: the company's own fields, "" empties one.

    One's own needs 合同-新增, another's 合同-编辑.

    Raises:
        Forbidden, NotFound, InvalidInput, ContractRefused.
    """
    require_write(ctx)
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, contract_id, lock=True)
        step_check_write(tx, ctx, contract)
        before = {name: getattr(contract, name) for name in changes}
        text, was = step_update_contract(tx, ctx, contract, changes, custom)
        if not text:
            return Changed(contract_id, contract.number, f"合同 {contract.number} 没有变化", None)
        payload = {"before": {name: stored(value) for name, value in before.items()}, "custom": was}
        undo_id = step_offer(tx, ctx, contract, "contracts.edit", f"修改合同 {contract.number}", payload)
        return Changed(contract_id, contract.number, f"合同 {contract.number} {text}", undo_id)


def undo_edit(ctx: Context, payload: Mapping[str, Any]) -> str:
    """Puts back what the contract said. Raises NotFound, ChangedSince, ContractRefused."""
    with ctx.begin() as tx:
        contract = step_unchanged(tx, payload)
        back = {name: restored(name, value) for name, value in payload["before"].items()}
        if "number" in back and back["number"] != contract.number:
            raise ChangedSince("合同编号改过就不再用旧的了，要改请再发一次新编号。")
        text, _ = step_update_contract(tx, ctx, contract, back)
        was = payload.get("custom") or {}
        if own := undo_custom(tx, "contract", contract, was):
            contract.version += 1
            step_record(tx, ctx, "undo.contract", contract, changes=own, **own_labels(tx, was))
            step_touch(tx, ctx, contract)
            text = "；".join(part for part in (text, changes_text(own, ctx.today)) if part)
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
        step_record(tx, ctx, "transfer.contract", contract, changes=changes)
        undo_id = step_offer(tx, ctx, contract, "contracts.transfer", f"转移合同 {contract.number}", {"owner_id": was})
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
            raise changed_since(contract)
        contracts.note_transfer(tx, contract.id or 0, contract.owner_id, ctx.now)
        contract.owner_id, contract.version = payload["owner_id"], contract.version + 1
        tx.add(contract)
        tx.flush()
        step_record(tx, ctx, "undo.contract", contract, changes={"负责人": ("", people.name_of(tx, contract.owner_id))})
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
        step_remove(tx, ctx, contract)
        step_record(tx, ctx, "delete.contract", contract, changes={"合同": (contract.number, "")})
        return Changed(contract_id, contract.number, f"已删除草稿合同 {contract.number}，这个编号不再使用", None)


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
            lines.list_lines(tx, ContractLine, contract_id), scans.count_scans(tx, contract_id),
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
        renewed = lines.list_amounts(tx, ContractLine, renews) if renews is not None else []
        return Prepared(customer.name, opportunities, old, made.number if made is not None else "", sums, renewed)
