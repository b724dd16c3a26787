"""What administrators type about the invoice approval's set-up."""

from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from handlers.invoices.rules import HELP, NodeWords, read_node_words
from handlers.invoices.service import change_flow

router = Router("invoices.chat")


@router.command("开票审批", whole=True)
@router.command("开票审批设置", "设置开票审批", "开票流程设置")
def set_up(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`开票审批设置`: how it is; `开票审批设置 参与者 出纳`: a change at once."""
    ctx.actor.require_admin()
    if message.args:
        words = read_node_words(message.args)
        if words is None:
            raise InvalidInput(f"没认出要怎么改，可以说{HELP}。")
        return _changed(ctx, talk, words)
    talk.ask("invoices.flow")
    return Reply(card=CardRef("invoices.flow", {}))


@router.question("invoices.flow")
def answer(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:  # noqa: ARG001
    """`参与者 出纳`, `隐藏 合同金额`, as long as the set-up is being spoken of."""
    words = read_node_words(message.text)
    return None if words is None else _changed(ctx, talk, words)


def _changed(ctx: Context, talk: Talk, words: NodeWords) -> Reply:
    done = change_flow(ctx, words)
    talk.ask("invoices.flow")  # several changes in a row
    state = {"title": "开票审批设置已更新", "body": done.text, "undo_id": done.undo_id}
    return Reply(card=CardRef("base.changed", state))
