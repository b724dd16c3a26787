"""What taps on cards of scans do, and how the cards are drawn."""

from bot.context import Context
from bot.dispatch import CardTap, CardUpdate, Router
from cards.contractscans import RemoveScanButton, ScansButton, SendScanButton
from handlers.contractscans import views
from handlers.contractscans.service import list_scans, remove_scan, send_scan, undo_scan
from handlers.drafts.tapped import remember

router = Router("contractscans.taps")
router.painter("contractscans.list")(views.paint_scans)
router.undoer("contractscans")(lambda payload, ctx: undo_scan(ctx, payload))


@router.button(ScansButton)
def open_scans(tap: CardTap[ScansButton], ctx: Context) -> CardUpdate:
    """The contract's scans; what is sent next is kept with it."""
    contract_id = tap.button.contract_id
    list_scans(ctx, contract_id)
    remember(ctx, "contractscans.wait", contract_id=contract_id)
    return CardUpdate(card=views.scans_ref(contract_id))


@router.button(SendScanButton)
def send(tap: CardTap[SendScanButton], ctx: Context) -> CardUpdate:
    """The file, in the tapper's single chat."""
    return CardUpdate(note=f"{send_scan(ctx, tap.button.scan_id)} 已发到你和我的单聊。")


@router.button(RemoveScanButton)
def remove(tap: CardTap[RemoveScanButton], ctx: Context) -> CardUpdate:
    """Takes one off."""
    done = remove_scan(ctx, tap.button.scan_id)
    return CardUpdate(card=views.scans_ref(done.contract_id, done.text, done.undo_id))
