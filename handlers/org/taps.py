"""What taps on the organisation's cards do."""

from bot.context import Context
from bot.dispatch import CardRef, CardTap, CardUpdate, Router
from cards.org import OrgPageButton, SyncButton
from handlers.org import views
from handlers.org.service import request_sync, show_org

router = Router("org.taps")
router.painter("org.tree")(views.paint_tree)
router.painter("org.sync")(views.paint_sync)


@router.button(SyncButton)
def sync(tap: CardTap[SyncButton], ctx: Context) -> CardUpdate:  # noqa: ARG001 -- a door's shape
    """The card follows the sync from now on."""
    return CardUpdate(card=views.sync_ref(request_sync(ctx)))


@router.button(OrgPageButton)
def turn_page(tap: CardTap[OrgPageButton], ctx: Context) -> CardUpdate:
    """Another page."""
    sheet = show_org(ctx, tap.button.page, tap.button.department_id)
    return CardUpdate(card=CardRef("org.tree", {"page": sheet.page, "department_id": sheet.department_id}))
