"""What taps on lists and saved filters do, and how the cards are drawn."""

from bot.context import Context
from bot.core.errors import NotFound
from bot.dispatch import CardRef, CardTap, CardUpdate, Router
from cards.customers import CustomerPageButton
from cards.filters import AskSaveButton, RunButton, SaveButton
from handlers.filters import service, views

router = Router("filters.taps")
router.painter("filters.list")(views.paint_list)
router.painter("filters.ask_name")(views.paint_ask_name)
router.painter("filters.saved")(views.paint_saved)
router.painter("filters.done")(views.paint_done)
router.undoer("filters.save")(lambda payload, ctx: service.undo_save(ctx, payload))
router.undoer("filters.remove")(lambda payload, ctx: service.undo_remove(ctx, payload))
router.undoer("filters.share")(lambda payload, ctx: service.undo_share(ctx, payload))


@router.button(CustomerPageButton)
def turn_page(tap: CardTap[CustomerPageButton], ctx: Context) -> CardUpdate:  # noqa: ARG001 -- a door's shape
    """Another page of the list, by the same conditions."""
    return CardUpdate(state={**tap.state, "page": tap.button.page})


@router.button(AskSaveButton)
def ask_save(tap: CardTap[AskSaveButton], ctx: Context) -> CardUpdate:  # noqa: ARG001 -- a door's shape
    """Asks for a name."""
    state = {"text": str(tap.state.get("text", "")), "mine": bool(tap.state.get("mine"))}
    return CardUpdate(card=CardRef("filters.ask_name", state))


@router.button(SaveButton)
def save(tap: CardTap[SaveButton], ctx: Context) -> CardUpdate:
    """Keeps the list's conditions under the name."""
    kept, undo_id = service.save_filter(
        ctx, str(tap.form.get("name") or ""), str(tap.state.get("text", "")), mine=bool(tap.state.get("mine"))
    )
    state = {"title": f"已保存筛选 {kept.saved.name}", "body": views.saved_text(kept), "undo_id": undo_id}
    return CardUpdate(card=CardRef("filters.done", state))


@router.button(RunButton)
def run(tap: CardTap[RunButton], ctx: Context) -> CardUpdate:
    """Shows its list, with the tapper's own rights."""
    kept = next((k.saved for k in service.list_saved(ctx) if k.saved.id == tap.button.filter_id), None)
    if kept is None:
        raise NotFound("没有找到这个筛选，发送「我的筛选」看看现在有哪些。", attempt=f"filter:{tap.button.filter_id}")
    return CardUpdate(card=views.ref_of(kept.words, mine=kept.mine, page=1, name=kept.name))
