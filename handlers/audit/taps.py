"""What taps on the audit's card do."""

from bot.context import Context
from bot.dispatch import CardTap, CardUpdate, Router
from cards.audit import AuditPageButton, ExportAuditButton
from handlers.audit import views
from handlers.audit.rules import Wanted
from handlers.audit.service import export_audit, show_audit

router = Router("audit.taps")
router.painter("audit.list")(views.paint_list)


@router.button(AuditPageButton)
def turn_page(tap: CardTap[AuditPageButton], ctx: Context) -> CardUpdate:
    """Another page of the same conditions."""
    pages = show_audit(ctx, Wanted.read(tap.state)).pages
    return CardUpdate(state={**tap.state, "page": min(max(1, tap.button.page), pages)})


@router.button(ExportAuditButton)
def export(tap: CardTap[ExportAuditButton], ctx: Context) -> CardUpdate:
    """A file for the tapper alone."""
    return CardUpdate(note=export_audit(ctx, Wanted.read(tap.state)))
