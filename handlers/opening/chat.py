"""What the first administrator types before the app is open, and what administrators say of the usage scope."""

from bot.context import Context
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.identity import OPENING
from bot.language.normalize import fold
from handlers.opening import views
from handlers.opening.rules import read_scope
from handlers.opening.service import agree, open_app, set_usage_scope, show_opening

router = Router("opening.chat")
AGREE = frozenset({"我同意", "同意"})
OPEN = frozenset({"立即开通", "马上开通"})


@router.doorway(OPENING)
def before_opening(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """Any first message brings the card; its three steps by word too."""
    text = fold(message.text).strip(" 。.!！~")
    before = ""
    if text in AGREE:
        agree(ctx)
    elif text in OPEN:
        open_app(ctx)
    elif text.startswith("使用范围") and len(text) > len("使用范围"):
        before = views.scope_line(set_usage_scope(ctx, read_scope(message.text[len("使用范围") :])))
    return Reply(before, card=views.ref())


@router.command("使用范围")
def usage_scope(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`使用范围 部分员工 销售一部 张三`: now → new, with counts; alone: as it is."""
    talk.settle()
    if not message.args:
        show_opening(ctx)
        return Reply(card=CardRef("settings.topic", {"topic": "install"}))
    change = set_usage_scope(ctx, read_scope(message.args))
    return Reply(
        card=CardRef(
            "settings.topic", {"topic": "install", "note": views.scope_line(change), "undo_id": change.undo_id}
        )
    )


@router.sentence(20)
def already_open(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:  # noqa: ARG001 -- a door's shape
    """Who is late learns that it is open."""
    if fold(message.text).strip(" 。.!！~") not in OPEN | {"我同意", "开通"}:
        return None
    open_app(ctx)  # refuses: it is open
    return None
