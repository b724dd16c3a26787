"""What taps on the cards of the company's own fields do, and how the cards are drawn."""

from bot.context import Context
from bot.dispatch import CardRef, CardTap, CardUpdate, Router
from cards.customfields import FormsButton, MoveFieldButton, OpenFormButton, RequireFieldButton, SwitchFieldButton
from handlers.customfields import service, views
from handlers.customfields.sheets import Changed

router = Router("customfields.taps")
router.painter("customfields.forms")(views.paint_forms)
router.painter("customfields.form")(views.paint_form)
router.undoer("customfields.change")(lambda payload, ctx: service.undo_change(ctx, payload))


def _after(done: Changed) -> CardUpdate:
    if done.undo_id is None:
        return CardUpdate(note=views.told(done))
    return CardUpdate(card=views.changed_ref(done))


@router.button(FormsButton)
def forms(tap: CardTap[FormsButton], ctx: Context) -> CardUpdate:  # noqa: ARG001 -- a door's shape
    """The forms again."""
    service.list_forms(ctx)
    return CardUpdate(card=CardRef("customfields.forms", {}))


@router.button(OpenFormButton)
def open_form(tap: CardTap[OpenFormButton], ctx: Context) -> CardUpdate:
    """One form's fields, or another page of them."""
    sheet = service.show_form(ctx, tap.button.form, tap.button.page)
    return CardUpdate(card=views.form_ref(sheet.form, sheet.page))


@router.button(MoveFieldButton)
def move(tap: CardTap[MoveFieldButton], ctx: Context) -> CardUpdate:
    """One place up."""
    return _after(service.move_field(ctx, tap.button.form, tap.button.name, up=True, card=tap.out_track_id))


@router.button(RequireFieldButton)
def require(tap: CardTap[RequireFieldButton], ctx: Context) -> CardUpdate:
    """必填, or no more."""
    button = tap.button
    card = tap.out_track_id
    return _after(service.require_field(ctx, button.form, button.name, required=button.required, card=card))


@router.button(SwitchFieldButton)
def switch(tap: CardTap[SwitchFieldButton], ctx: Context) -> CardUpdate:
    """Out of use, or in use again."""
    button = tap.button
    card = tap.out_track_id
    return _after(service.switch_field(ctx, button.form, button.name, active=button.active, card=card))
