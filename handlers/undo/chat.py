"""`撤销`, when it is the whole message (D27)."""

from bot.context import Context
from bot.dispatch import ChatMessage, Reply, Router, Talk
from handlers.undo.service import take_back

router = Router("undo.chat")


@router.command("撤销", "撤消", "撤回", "撤销刚才的操作", whole=True)
def undo(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """The latest thing that can be taken back."""
    talk.settle()
    return Reply(take_back(ctx, None))
