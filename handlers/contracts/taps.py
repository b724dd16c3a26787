"""What taps on contract cards do, and how the cards are drawn."""

from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.dispatch import CardRef, CardTap, CardUpdate, Reply, Router
from cards.contracts import (
    AskVoidButton,
    ConfirmAmountButton,
    ConfirmContractButton,
    ContractPageButton,
    EditContractButton,
    MoveContractButton,
    NewContractButton,
    OpenContractButton,
    RenewContractButton,
    ReviseContractButton,
    SaveDraftButton,
    SubmitContractButton,
    SubmitEditButton,
)
from handlers.contractlines.service import undo_lines
from handlers.contracts import views
from handlers.contracts.amounts import apply_amount
from handlers.contracts.answers import Changed
from handlers.contracts.drafts import (
    DAYS,
    draft_of,
    from_form,
    of_opportunity,
    read_amount,
    read_percent,
    renewal_of,
    shown,
)
from handlers.contracts.service import (
    create_contract,
    edit_contract,
    move_contract,
    show_contract,
    undo_create,
    undo_edit,
    undo_move,
    undo_transfer,
)
from handlers.customers.finding import speak_of
from handlers.customfields.values import read_filled
from handlers.drafts.tapped import remember, turned, while_drafted

router = Router("contracts.taps")
router.painter("contracts.one")(views.paint_contract)
router.painter("contracts.registered")(views.paint_registered)
router.painter("contracts.confirm")(views.paint_confirm)
router.painter("contracts.new")(views.paint_new)
router.painter("contracts.edit")(views.paint_edit)
router.painter("contracts.amount")(views.paint_amount)
router.painter("contracts.list")(views.paint_list)
router.undoer("contracts.create")(lambda payload, ctx: undo_create(ctx, payload))
router.undoer("contracts.edit")(lambda payload, ctx: undo_edit(ctx, payload))
router.undoer("contracts.lines")(lambda payload, ctx: undo_lines(ctx, payload))
router.undoer("contracts.move")(lambda payload, ctx: undo_move(ctx, payload))
router.undoer("contracts.transfer")(lambda payload, ctx: undo_transfer(ctx, payload))
REGISTERED = "已经登记过了，没有重复登记。"


def _drafted(ctx: Context, ref: CardRef) -> CardUpdate:
    """The form or the summary; what is typed next answers it too."""
    kind = "contracts.create" if ref.kind == "contracts.new" else "contracts.confirm"
    remember(ctx, kind, draft=ref.state["draft"])
    return CardUpdate(card=ref)


@router.button(NewContractButton)
def new(tap: CardTap[NewContractButton], ctx: Context) -> CardUpdate:
    """A card of its own, filled with what is known; the one that was tapped stays."""
    ref = shown(ctx, of_opportunity(ctx, tap.button.customer_id, tap.button.opportunity_id))
    ref = CardRef("contracts.new", ref.state)
    remember(ctx, "contracts.create", draft=ref.state["draft"])
    return CardUpdate(say=Reply(card=ref))


@router.button(SubmitContractButton)
def submit(tap: CardTap[SubmitContractButton], ctx: Context) -> CardUpdate:
    """The summary of what the form says."""
    ctx.actor.require(Permission.CONTRACT_ADD)
    return _drafted(ctx, shown(ctx, from_form(draft_of(tap.state.get("draft", {})), dict(tap.form), ctx)))


@router.button(ReviseContractButton)
@while_drafted("已经登记过了，要改请在合同上点「修改」。")
def revise(tap: CardTap[ReviseContractButton], ctx: Context) -> CardUpdate:
    """The form again."""
    ctx.actor.require(Permission.CONTRACT_ADD)
    return _drafted(ctx, CardRef("contracts.new", {"draft": tap.state["draft"]}))


@router.button(ConfirmContractButton)
@while_drafted(REGISTERED)
def confirm(tap: CardTap[ConfirmContractButton], ctx: Context) -> CardUpdate:
    """Registers it; a second tap registers nothing."""
    return _registered(tap, ctx, save=False)


@router.button(SaveDraftButton)
@while_drafted(REGISTERED)
def save_draft(tap: CardTap[SaveDraftButton], ctx: Context) -> CardUpdate:
    """Keeps it as a draft."""
    return _registered(tap, ctx, save=True)


def _registered(tap: CardTap[Any], ctx: Context, *, save: bool) -> CardUpdate:
    ctx.actor.require(Permission.CONTRACT_ADD)
    done = create_contract(ctx, draft_of(tap.state["draft"]).new(draft=save))
    remember(ctx, None)
    speak_of(ctx, done.contract.customer_id)
    return CardUpdate(card=views.registered_ref(done))


@router.button(OpenContractButton)
def open_one(tap: CardTap[OpenContractButton], ctx: Context) -> CardUpdate:
    """The card shows the contract instead of the list."""
    details = show_contract(ctx, tap.button.contract_id)
    speak_of(ctx, details.contract.customer_id)
    return CardUpdate(card=views.one_ref(tap.button.contract_id))


@router.button(ContractPageButton)
def turn_page(tap: CardTap[ContractPageButton], ctx: Context) -> CardUpdate:  # noqa: ARG001 -- a door's shape
    """Another page of the list."""
    return turned(tap, tap.button)


def _changed(done: Changed) -> CardUpdate:
    return CardUpdate(card=views.one_ref(done.contract_id, undo_id=done.undo_id, said=done.text))


@router.button(MoveContractButton)
def move(tap: CardTap[MoveContractButton], ctx: Context) -> CardUpdate:
    """生效 or 结束; 作废 asks why first."""
    if tap.button.to not in ("effective", "ended"):
        return CardUpdate(note="这个按钮已失效，请重新打开合同再试。")
    return _changed(move_contract(ctx, tap.button.contract_id, tap.button.to))


@router.button(AskVoidButton)
def ask_void(tap: CardTap[AskVoidButton], ctx: Context) -> CardUpdate:
    """The next sentence is the reason."""
    ctx.actor.require(Permission.CONTRACT_VOID)
    number = show_contract(ctx, tap.button.contract_id).contract.number
    remember(ctx, "contracts.void_reason", contract_id=tap.button.contract_id)
    return CardUpdate(note=f"合同 {number} 为什么作废？直接在聊天里回复原因，不作废了就回复「取消」。")


@router.button(EditContractButton)
def edit(tap: CardTap[EditContractButton], ctx: Context) -> CardUpdate:
    """The contract as a form."""
    show_contract(ctx, tap.button.contract_id)
    contract_id = tap.button.contract_id
    return CardUpdate(card=CardRef("contracts.edit", {"contract_id": contract_id}, (f"contract:{contract_id}",)))


@router.button(SubmitEditButton)
def submit_edit(tap: CardTap[SubmitEditButton], ctx: Context) -> CardUpdate:
    """What is no money counts at once; a new amount is shown for confirmation first (D19)."""
    contract_id, form = tap.button.contract_id, tap.form
    present = show_contract(ctx, contract_id).contract
    changes: dict[str, Any] = {name: form[name] for name in DAYS if name in form}
    changes |= {name: str(form[name] or "").strip() for name in ("number", "name") if name in form}
    if not changes.get("number"):
        changes.pop("number", None)
    if "discount" in form:
        changes["discount"] = read_percent(str(form["discount"] or "")) or 0
    amount = read_amount(str(form["amount"] or ""), "合同金额") if "amount" in form else None
    changed = {name: value for name, value in changes.items() if value != getattr(present, name)}
    filled = read_filled(ctx, "contract", form)
    custom = {name: value for name, value in filled.items() if value != present.custom.get(name, "")}
    done = Changed(contract_id, present.number, "没有变化", None)
    if changed or custom:
        done = edit_contract(ctx, contract_id, changed, custom)
    if amount is not None and amount != present.amount:
        state = {"contract_id": contract_id, "amount": str(amount), "said": done.text if changed or custom else ""}
        remember(ctx, "contracts.amount", state=state)
        return CardUpdate(card=CardRef("contracts.amount", state, (f"contract:{contract_id}",)))
    return _changed(done)


@router.button(ConfirmAmountButton)
def confirm_amount(tap: CardTap[ConfirmAmountButton], ctx: Context) -> CardUpdate:
    """The new amount counts."""
    if not tap.state.get("amount"):
        return CardUpdate(note="已经改过了，没有重复修改。")
    done = apply_amount(ctx, tap.state)
    remember(ctx, None)
    return _changed(done)


@router.button(RenewContractButton)
def renew(tap: CardTap[RenewContractButton], ctx: Context) -> CardUpdate:
    """The summary of the contract that follows."""
    ref = shown(ctx, renewal_of(ctx, tap.button.contract_id))
    remember(
        ctx, "contracts.confirm" if ref.kind == "contracts.confirm" else "contracts.create", draft=ref.state["draft"]
    )
    return CardUpdate(say=Reply(card=ref))
