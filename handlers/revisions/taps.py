"""What handing in the form of changes does."""

from bot.context import Context
from bot.dispatch import CardTap, CardUpdate, Router
from cards.flows import EditButton
from handlers.approvals import views
from handlers.drafts.tapped import remember
from handlers.flows.rules import AlreadyDone, ContentChanged
from handlers.revisions.service import edit_fields, resubmit

router = Router("revisions.taps")


@router.button(EditButton)
def edit(tap: CardTap[EditButton], ctx: Context) -> CardUpdate:
    """Saves what was changed; what was returned to the applicant goes its way again."""
    task_id, seen = tap.button.task_id, tap.button.revision
    given = {name: str(value or "").strip() for name, value in tap.form.items()}
    act = resubmit if tap.button.returned else edit_fields
    try:
        done = act(ctx, task_id, given, seen=seen)
    except (AlreadyDone, ContentChanged) as why:
        return CardUpdate(state={"task_id": task_id}, note=why.text)
    remember(ctx, None)
    return CardUpdate(note=done.text, card=views.task_ref(task_id, done.flow_id))
