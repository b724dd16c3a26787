"""「确认」 typed where a button cannot be tapped."""

from typing import Any

from bot.context import Context
from bot.dispatch import ChatMessage, Reply, Router, Talk
from bot.language.replies import is_no, is_yes
from handlers.confirming.service import confirm_intent, drop_intent

router = Router("confirming.chat")


@router.question("confirming.wait")
def answer(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """确认 does it; 不 lets it be; 取消 is everybody's word for both."""
    intent_id = int(pending["intent_id"])
    if is_yes(message.text):
        talk.settle()
        done = confirm_intent(ctx, intent_id)
        return Reply(done.text, done.card)
    if is_no(message.text):
        talk.settle()
        return Reply(drop_intent(ctx, intent_id))
    return None
