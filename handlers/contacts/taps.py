"""What taps on contacts do."""

from bot.context import Context
from bot.core.markup import escape
from bot.dispatch import CardRef, CardTap, CardUpdate, Router
from cards.contacts import (
    AddContactButton,
    ContactsButton,
    DeleteContactButton,
    EditContactButton,
    MainButton,
    OpenContactButton,
    SubmitContactEditButton,
    SwitchContactButton,
)
from handlers.contacts import views
from handlers.contacts.numbers import confirmed
from handlers.contacts.rules import Stale
from handlers.contacts.service import (
    Changed,
    delete_contact,
    edit_contact,
    list_contacts,
    set_main,
    show_contact,
    switch_contact,
    undo_delete,
    undo_edit,
)
from handlers.customfields.values import read_filled

router = Router("contacts.taps")
router.painter("contacts.list")(views.paint_list)
router.painter("contacts.one")(views.paint_one)
router.painter("contacts.form")(views.paint_form)
router.undoer("contacts.edit")(lambda payload, ctx: undo_edit(ctx, payload))
router.confirmer("contacts.number")(confirmed)
router.undoer("contacts.delete")(lambda payload, ctx: undo_delete(ctx, payload))


@router.button(ContactsButton)
def show_all(tap: CardTap[ContactsButton], ctx: Context) -> CardUpdate:
    """The card shows the contacts instead."""
    found = list_contacts(ctx, tap.button.customer_id)
    state = {"customer_id": found.customer_id, "page": tap.button.page}
    return CardUpdate(card=CardRef("contacts.list", state, (f"customer:{found.customer_id}",)))


@router.button(OpenContactButton)
def open_one(tap: CardTap[OpenContactButton], ctx: Context) -> CardUpdate:
    """The card shows the person instead of the list."""
    contact = show_contact(ctx, tap.button.contact_id).contact
    return CardUpdate(card=views.contact_ref(contact.id or 0, contact.customer_id))


@router.button(EditContactButton)
def edit(tap: CardTap[EditContactButton], ctx: Context) -> CardUpdate:
    """The form takes the card's place."""
    contact = show_contact(ctx, tap.button.contact_id).contact
    return CardUpdate(card=CardRef("contacts.form", {"contact_id": contact.id, "version": contact.version}))


@router.button(SubmitContactEditButton)
def submit(tap: CardTap[SubmitContactEditButton], ctx: Context) -> CardUpdate:
    """Saves what differs."""
    contact_id = tap.button.contact_id
    changes = {name: ("是" if value else "") if isinstance(value, bool) else str(value or "")
               for name, value in tap.form.items()}  # fmt: skip
    changes |= read_filled(ctx, "contact", tap.form)
    try:
        done = edit_contact(ctx, contact_id, changes, version=tap.button.version, card=tap.out_track_id)
    except Stale as stale:
        present = show_contact(ctx, contact_id).contact
        return CardUpdate(state={"contact_id": contact_id, "version": present.version}, note=stale.text)
    return _shown(done)


@router.button(MainButton)
def main(tap: CardTap[MainButton], ctx: Context) -> CardUpdate:
    """There is one main contact."""
    return _shown(set_main(ctx, tap.button.contact_id, card=tap.out_track_id))


@router.button(SwitchContactButton)
def switch(tap: CardTap[SwitchContactButton], ctx: Context) -> CardUpdate:
    """There no more, or there again."""
    return _shown(switch_contact(ctx, tap.button.contact_id, tap.button.reason, card=tap.out_track_id))


@router.button(DeleteContactButton)
def delete(tap: CardTap[DeleteContactButton], ctx: Context) -> CardUpdate:
    """Gone, with 撤销."""
    return _shown(delete_contact(ctx, tap.button.contact_id, card=tap.out_track_id))


@router.button(AddContactButton)
def add(tap: CardTap[AddContactButton], ctx: Context) -> CardUpdate:
    """The form of a new contact of this customer."""
    found = list_contacts(ctx, tap.button.customer_id)
    state = {"draft": {"customer": found.customer}, "customer_id": found.customer_id}
    return CardUpdate(card=CardRef("customers.new_contact", state))


def _shown(done: Changed) -> CardUpdate:
    note = escape(f"{done.name}：{'；'.join(done.lines)}") if done.lines else "没有变化，本来就是这样。"
    return CardUpdate(card=views.contact_ref(done.contact_id, done.customer_id, done.undo_id), note=note)
