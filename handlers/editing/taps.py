"""What taps on the form of a customer do."""

from bot.context import Context
from bot.core.markup import escape
from bot.dispatch import CardTap, CardUpdate, Router
from cards.editing import EditAnywayButton, EditButton, SubmitEditButton
from handlers.customers.finding import speak_of
from handlers.customers.rules import MaybeDuplicate
from handlers.customfields.values import read_filled
from handlers.editing import views
from handlers.editing.rules import Stale
from handlers.editing.service import edit_customer, open_form, undo_edit

router = Router("editing.taps")
router.painter("editing.form")(views.paint_form)
router.painter("editing.done")(views.paint_done)
router.undoer("editing.edit")(lambda payload, ctx: undo_edit(ctx, payload))


@router.button(EditButton)
def open_edit(tap: CardTap[EditButton], ctx: Context) -> CardUpdate:
    """The form takes the card's place."""
    speak = views.form_card(ctx, tap.button.customer_id)
    speak_of(ctx, tap.button.customer_id)
    return CardUpdate(card=speak)


@router.button(SubmitEditButton)
def submit(tap: CardTap[SubmitEditButton], ctx: Context) -> CardUpdate:
    """Saves what differs; what somebody else changed meanwhile is shown instead."""
    customer_id = tap.button.customer_id
    own = read_filled(ctx, "customer", tap.form)
    changes = {name: own.get(name, str(value or "")) for name, value in tap.form.items()}
    try:
        return _save(tap.out_track_id, ctx, customer_id, changes, version=tap.button.version)
    except Stale as stale:
        present = open_form(ctx, customer_id)
        state = {"customer_id": present.customer_id, "version": present.version}
        return CardUpdate(state=state, note=escape(stale.text))
    except MaybeDuplicate as doubt:
        text = f"{doubt.text}\n确定要改成这个名字的话，点「仍要改名」。"
        kept = {"customer_id": customer_id, "version": tap.button.version, "draft": changes, "doubt": text}
        return CardUpdate(state=kept)


@router.button(EditAnywayButton)
def anyway(tap: CardTap[EditAnywayButton], ctx: Context) -> CardUpdate:
    """It is another one all the same."""
    draft = tap.state.get("draft")
    if not draft:
        return CardUpdate(note="已经改好了，没有重复修改。")
    version = int(tap.state["version"])
    return _save(tap.out_track_id, ctx, tap.button.customer_id, draft, version=version, anyway=True)


def _save(
    card: str, ctx: Context, customer_id: int, changes: dict[str, str], *, version: int, anyway: bool = False
) -> CardUpdate:
    done = edit_customer(ctx, customer_id, changes, version=version, anyway=anyway, card=card)
    if not done.lines:
        return CardUpdate(note="没有改动，内容和原来一样。")
    return CardUpdate(card=views.edited_card(done), note=escape(f"已保存：{'；'.join(done.lines)}"))
