"""What taps on comments' cards do."""

from bot.context import Context
from bot.dispatch import CardRef, CardTap, CardUpdate, Router
from cards.comments import CommentButton, SubmitCommentButton
from handlers.comments import views
from handlers.comments.reading import read_mentions
from handlers.comments.service import add_comment, open_form, undo_comment
from handlers.customers.finding import speak_of

router = Router("comments.taps")
router.painter("comments.form")(views.paint_form)
router.painter("comments.one")(views.paint_comment)
router.undoer("comments.add")(lambda payload, ctx: undo_comment(ctx, payload))


@router.button(CommentButton)
def ask(tap: CardTap[CommentButton], ctx: Context) -> CardUpdate:
    """The form takes the customer's place."""
    form = open_form(ctx, tap.button.customer_id)
    speak_of(ctx, form.customer_id)
    ref = CardRef("comments.form", {"customer_id": form.customer_id}, (f"customer:{form.customer_id}",))
    return CardUpdate(card=ref)


@router.button(SubmitCommentButton)
def submit(tap: CardTap[SubmitCommentButton], ctx: Context) -> CardUpdate:
    """Stores it; names written with @ count beside those that were ticked, where they are certain."""
    content = str(tap.form.get("content") or "")
    ticked = tap.form.get("mentioned")
    ids = [str(one) for one in ticked] if isinstance(ticked, list) else []
    done = add_comment(ctx, tap.button.customer_id, content, [*ids, *read_mentions(ctx, content, {}).ids])
    return CardUpdate(card=views.commented_ref(done))
