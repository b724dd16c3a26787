"""What taps on the card of a checked table do."""

from bot.context import Context
from bot.dispatch import CardTap, CardUpdate, Router
from cards.rolesheets import DropImportButton, ImportRolesButton
from handlers.rolesheets import views
from handlers.rolesheets.service import import_roles

router = Router("rolesheets.taps")
router.painter("roles.import")(views.paint)


@router.button(ImportRolesButton)
def do(tap: CardTap[ImportRolesButton], ctx: Context) -> CardUpdate:
    """The card says what was done."""
    said = import_roles(ctx, tap.button.upload_id, tap.button.fingerprint)
    return CardUpdate(state={**tap.state, "said": said}, note="导入完成")


@router.button(DropImportButton)
def drop(tap: CardTap[DropImportButton], ctx: Context) -> CardUpdate:
    """Nothing is changed; the table is forgotten in a few days."""
    ctx.actor.require_admin()
    return CardUpdate(state={**tap.state, "said": "没有导入，角色没有变。要导入请重新发一次文件。"})
