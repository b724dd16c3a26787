"""What taps on an import's card do."""

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.dispatch import CardTap, CardUpdate, Reply, Router
from cards.exchange import (
    NOT_READ,
    BlankOwnerButton,
    DropExchangeButton,
    KindButton,
    MapColumnsButton,
    ProblemsButton,
    RemapButton,
    RunImportButton,
    TemplateButton,
)
from handlers.exchange import views
from handlers.exchange.service import (
    choose_kind,
    drop_import,
    map_columns,
    run_import,
    send_problems,
    send_template,
    set_blank_owner,
    show_import,
)

router = Router("exchange.taps")
router.painter("exchange.import")(views.paint)
router.painter("exchange.templates")(views.paint_templates)


@router.button(KindButton)
def choose(tap: CardTap[KindButton], ctx: Context) -> CardUpdate:
    """It is one of these; the check follows."""
    choose_kind(ctx, tap.button.exchange_id, tap.button.kind)
    return CardUpdate(state=tap.state)


@router.button(RunImportButton)
def run(tap: CardTap[RunImportButton], ctx: Context) -> CardUpdate:
    """Few rows at once, many while the card tells how far it is."""
    run_import(ctx, tap.button.exchange_id, merge=bool(tap.button.merge))
    done = show_import(ctx, tap.button.exchange_id).state == "done"
    return CardUpdate(state=tap.state, note="导入完成" if done else "开始导入")


@router.button(DropExchangeButton)
def drop(tap: CardTap[DropExchangeButton], ctx: Context) -> CardUpdate:
    """Nothing is changed."""
    drop_import(ctx, tap.button.exchange_id)
    return CardUpdate(state=tap.state)


@router.button(ProblemsButton)
def problems(tap: CardTap[ProblemsButton], ctx: Context) -> CardUpdate:
    """The rows with their reasons, as a file."""
    return CardUpdate(note=send_problems(ctx, tap.button.exchange_id))


@router.button(RemapButton)
def remap(tap: CardTap[RemapButton], ctx: Context) -> CardUpdate:
    """The form takes the card's place."""
    show_import(ctx, tap.button.exchange_id)
    return CardUpdate(state={**tap.state, "exchange_id": tap.button.exchange_id, "remap": True})


@router.button(MapColumnsButton)
def map_anew(tap: CardTap[MapColumnsButton], ctx: Context) -> CardUpdate:
    """Checked anew with these columns."""
    mapping = {
        int(name[1:]): str(value)
        for name, value in tap.form.items()
        if name[1:].isdecimal() and value not in (NOT_READ, "", None)
    }
    if not mapping:
        raise InvalidInput("至少要有一列对应上，再提交。")
    map_columns(ctx, tap.button.exchange_id, mapping)
    return CardUpdate(state={**tap.state, "remap": False}, note="已按新的对应关系检查")


@router.button(BlankOwnerButton)
def blank(tap: CardTap[BlankOwnerButton], ctx: Context) -> CardUpdate:
    """Into the pool, or the importer's own."""
    set_blank_owner(ctx, tap.button.exchange_id, to_pool=bool(tap.button.to_pool))
    return CardUpdate(state=tap.state)


@router.button(TemplateButton)
def template(tap: CardTap[TemplateButton], ctx: Context) -> CardUpdate:
    """The template, as a file."""
    return CardUpdate(say=Reply(send_template(ctx, tap.button.kind)))
