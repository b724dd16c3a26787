"""What taps on the opening's card do."""

from bot.context import Context
from bot.dispatch import CardTap, CardUpdate, Router
from cards.opening import AgreeButton, OpenButton, ScopeButton
from handlers.opening import views
from handlers.opening.rules import EXAMPLE, ScopeWish
from handlers.opening.service import agree, open_app, set_usage_scope, show_opening

router = Router("opening.taps")
router.painter("opening.card")(views.paint)


@router.button(AgreeButton)
def say_yes(tap: CardTap[AgreeButton], ctx: Context) -> CardUpdate:
    """Recorded once."""
    agree(ctx, card=tap.out_track_id)
    return CardUpdate(note="✓ 已记下你的同意。")


@router.button(ScopeButton)
def choose(tap: CardTap[ScopeButton], ctx: Context) -> CardUpdate:
    """The scope, or how to name some."""
    mode = tap.button.mode
    if mode == "some":
        show_opening(ctx)
        return CardUpdate(note=f"发送部门和人的名字，例如「{EXAMPLE}」，下级部门自动包含。")
    return CardUpdate(note=views.scope_line(set_usage_scope(ctx, ScopeWish(mode), card=tap.out_track_id)))


@router.button(OpenButton)
def open_now(tap: CardTap[OpenButton], ctx: Context) -> CardUpdate:
    """In effect with the next message."""
    open_app(ctx, card=tap.out_track_id)
    return CardUpdate(note="已开通，现在就能用了。")
