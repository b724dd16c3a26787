"""What taps on the dictionaries' cards do, and how the cards are drawn."""

from functools import partial
from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, CardTap, CardUpdate, Router
from cards.dictionaries import DictionaryPageButton, OpenDictionaryButton, SendCorrectedButton, SwitchValueButton
from handlers.dictionaries import lines, service, views

router = Router("dictionaries.taps")
router.painter("dictionaries.list")(views.paint_list)
router.painter("dictionaries.one")(views.paint_one)
router.painter("dictionaries.corrected")(views.paint_corrected)


def _undo(kind: str, payload: dict[str, Any], ctx: Context) -> str:
    return service.undo_change(ctx, kind, payload)


for _kind in ("create", "edit", "delete", "bind"):
    router.undoer(f"dictionaries.{_kind}")(partial(_undo, _kind))


@router.button(DictionaryPageButton)
def turn_page(tap: CardTap[DictionaryPageButton], ctx: Context) -> CardUpdate:
    """Another page, or the list again."""
    page = min(max(1, tap.button.page), service.list_dictionaries(ctx).pages)
    return CardUpdate(card=CardRef("dictionaries.list", {"page": page}))


@router.button(OpenDictionaryButton)
def open_one(tap: CardTap[OpenDictionaryButton], ctx: Context) -> CardUpdate:
    """The card shows the dictionary."""
    service.show_dictionary(ctx, tap.button.dictionary_id)
    return CardUpdate(card=views.one_ref(tap.button.dictionary_id, page=tap.button.page))


@router.button(SwitchValueButton)
def switch(tap: CardTap[SwitchValueButton], ctx: Context) -> CardUpdate:
    """The value is disabled or enabled; the card stays on its page."""
    button = tap.button
    done = service.switch_value_by_id(ctx, button.dictionary_id, button.value_id, on=button.on)
    return CardUpdate(card=views.changed_ref(done, int(tap.state.get("page", 1))), note=views.told(done))


@router.button(SendCorrectedButton)
def send_corrected(tap: CardTap[SendCorrectedButton], ctx: Context) -> CardUpdate:
    """As if the corrected sentence had been typed."""
    ctx.actor.require_admin()
    line = str(tap.state.get("line", ""))
    if not line:
        raise InvalidInput("这个按钮已失效，请把改好的一句直接发给我。")
    done = lines.run(ctx, line)
    return CardUpdate(card=views.changed_ref(done), note=views.told(done))
