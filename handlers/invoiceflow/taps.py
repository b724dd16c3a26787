"""What taps on cards of the set-up and of its dry run do, and how a change is taken back."""

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, CardTap, CardUpdate, Reply, Router, Talk
from cards.invoiceflow import SubmitTrialButton, TryFlowButton
from handlers.contracts.drafts import read_amount
from handlers.contracts.finding import absent, find_contract
from handlers.customers.finding import find_person
from handlers.drafts.tapped import remember
from handlers.invoiceflow import views
from handlers.invoiceflow.service import Trial, try_flow, undo_flow

router = Router("invoiceflow.taps")
router.painter("invoices.flow")(views.paint_flow)
router.painter("invoiceflow.form")(views.paint_form)
router.painter("invoiceflow.trial")(views.paint_trial)
router.undoer("invoices.flow")(lambda payload, ctx: undo_flow(ctx, payload))


@router.button(TryFlowButton)
def open_form(tap: CardTap[TryFlowButton], ctx: Context) -> CardUpdate:  # noqa: ARG001 -- a door's shape
    """The form as a card of its own; what is typed next may say it too."""
    ctx.actor.require_admin()
    remember(ctx, "invoiceflow.words")
    return CardUpdate(say=Reply(card=CardRef("invoiceflow.form", {})))


@router.button(SubmitTrialButton)
def submit(tap: CardTap[SubmitTrialButton], ctx: Context) -> CardUpdate:
    """In place of the form: who would get it."""
    ctx.actor.require_admin()
    amount = read_amount(str(tap.form.get("amount") or ""), "开票金额")
    applicant = str(tap.form.get("applicant") or "").strip()
    starter_id = find_person(ctx, applicant) if applicant else ""
    found = find_contract(ctx, str(tap.form.get("contract") or "").strip(), Talk(ctx.now), states=("effective",))
    if found.certain is None:
        if not found.options:
            raise absent(found.query, found.attempt)
        raise InvalidInput(f"有好几份，请写合同编号：{'；'.join(words for _, words in found.options)}。")
    trial = Trial(found.certain, amount, starter_id, str(tap.form.get("kind") or ""))
    try_flow(ctx, trial)
    remember(ctx, None)
    return CardUpdate(card=views.trial_ref(trial))
