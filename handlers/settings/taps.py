"""What taps on the settings' cards do, and how the cards are drawn."""

from bot.context import Context
from bot.core.errors import NotFound
from bot.dispatch import CardRef, CardTap, CardUpdate, Router
from cards.settings import MenuButton, TopicButton
from handlers.settings import views
from handlers.settings.changing import KIND
from handlers.settings.rules import BY_KEY
from handlers.settings.service import show_menu, show_topic, undo_change

router = Router("settings.taps")
router.painter("settings.menu")(views.paint_menu)
router.painter("settings.topic")(views.paint_topic)
router.undoer(KIND)(lambda payload, ctx: undo_change(ctx, payload))


@router.button(TopicButton)
def open_topic(tap: CardTap[TopicButton], ctx: Context) -> CardUpdate:
    """The topic takes the menu's place."""
    topic = BY_KEY.get(tap.button.topic)
    if topic is None:
        raise NotFound("没有这一项，发送「后台管理」看全部。")
    show_topic(ctx, topic.key)
    return CardUpdate(card=views.topic_ref(topic, ctx))


@router.button(MenuButton)
def back(tap: CardTap[MenuButton], ctx: Context) -> CardUpdate:  # noqa: ARG001 -- a door's shape
    """The menu again."""
    show_menu(ctx)
    return CardUpdate(card=CardRef("settings.menu", {}))
