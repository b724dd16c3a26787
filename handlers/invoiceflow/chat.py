"""What administrators type about the approval of invoices: its set-up, and its dry run."""

from dataclasses import replace
from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from handlers.contracts.finding import chosen_contract, find_contract
from handlers.flows.forms import known_forms
from handlers.invoiceflow.finding import applicant_in
from handlers.invoiceflow.rules import HELP, MEANINGS, OF_ALL, VERBS, NodeWords, read_node_words
from handlers.invoiceflow.service import Trial, change_flow, is_node, try_flow
from handlers.invoiceflow.views import EXAMPLE, trial_of, trial_ref, trial_row
from handlers.invoices.reading import read_invoice

router = Router("invoiceflow.chat")


def of_nodes(rest: str) -> bool:
    """Whether what follows 开票审批 is its set-up: nothing, or a change of it."""
    return not rest or VERBS.match(rest) is not None


@router.command("开票审批", "开票流程", when=of_nodes)
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


@router.sentence(7)
def of_a_node(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`财务复核 条件 开票金额 > 50000`, whatever was spoken of before: such a node there is.

    `新增节点 财务复核` too, as long as there is no other form with nodes.
    """
    if not ctx.actor.admin:
        return None
    said = VERBS.match(message.text.strip())
    if said is None:
        return None
    of_all = MEANINGS[said["verb"]] in OF_ALL and "节点" in said.string[: said.end("verb")]
    alone = of_all and not said["node"] and len(known_forms()) == 1
    if not alone and not is_node(ctx, said["node"].strip(" 的：:")):
        return None
    words = read_node_words(message.text)
    return None if words is None else _changed(ctx, talk, words)


def _changed(ctx: Context, talk: Talk, words: NodeWords) -> Reply:
    done = change_flow(ctx, words)
    talk.ask("invoices.flow")  # several changes in a row
    state = {"title": "开票审批设置已更新", "body": done.text, "undo_id": done.undo_id}
    return Reply(card=CardRef("base.changed", state))


@router.command("开票审批试跑", "试跑开票审批")
def try_out(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`开票审批试跑 华兴 5万`, `开票审批试跑 李娜 5万 HT-2026-007`; alone: the form."""
    ctx.actor.require_admin()
    if not message.args:
        talk.ask("invoiceflow.words")
        return Reply(card=CardRef("invoiceflow.form", {}))
    return _tried(ctx, talk, message.args)


@router.question("invoiceflow.words")
def said(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:  # noqa: ARG001
    """`华兴 5万`, as long as the form is being spoken of."""
    return _tried(ctx, talk, message.text) if read_invoice(message.text).amount is not None else None


def _tried(ctx: Context, talk: Talk, text: str) -> Reply:
    words = read_invoice(text)
    if words.amount is None:
        raise InvalidInput(f"还差一个确定的金额，例如「{EXAMPLE}」。")
    starter_id, rest = applicant_in(ctx, words.rest)
    meant = words.number or rest
    if not meant and talk.subject() is None:
        raise InvalidInput("还差客户或合同编号，例如「开票审批试跑 李娜 5万 HT-2026-007」。")
    trial = Trial(0, words.amount, starter_id, words.kind, words.rate)
    found = find_contract(ctx, meant, talk, states=("effective",))
    if found.certain is None:
        return found.ask(talk, "试跑", "invoiceflow.which", trial=trial_row(trial))
    return _shown(ctx, talk, replace(trial, contract_id=found.certain))


@router.question("invoiceflow.which")
def which(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several contracts."""
    contract_id = chosen_contract(message, pending)
    if contract_id is None:
        return None
    return _shown(ctx, talk, replace(trial_of(pending["trial"]), contract_id=contract_id))


def _shown(ctx: Context, talk: Talk, trial: Trial) -> Reply:
    try_flow(ctx, trial)
    talk.settle()
    return Reply(card=trial_ref(trial))
