"""What people type about invoices."""

import re
from dataclasses import replace
from typing import Any, Final

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.language.dates import find_range
from bot.language.money import find_amounts
from bot.language.replies import is_no, is_yes
from handlers.contracts.finding import chosen_contract, find_contract
from handlers.customers.finding import THIS, chosen, find_customer
from handlers.invoices.drafts import Draft, begun, draft_of, like, shown, with_words
from handlers.invoices.reading import read_invoice
from handlers.invoices.service import (
    access_applied,
    apply_invoice,
    candidates,
    find_invoice,
    issue_invoice,
    red_invoice,
    show_bills,
    void_invoice,
)

router = Router("invoices.chat")
APPLICATION: Final = re.compile(r"FP-?(?:\d{4}-)?\d{1,6}", re.IGNORECASE)
NOT_OURS: Final = re.compile(r"(?:记录|情况|资料|信息|流程|怎么|什么时候|多少|额|了)")
EXAMPLE: Final = "开票 华兴 5万 专票 6%"


def ours(rest: str) -> bool:
    """Whether what follows 开票 is an application: 开票资料, 开票怎么弄 are not."""
    return NOT_OURS.match(rest) is None


@router.command("开票申请", "申请开票", "申请发票", "开发票")
@router.command("开票", when=ours)
def apply(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`开票 华兴 5万 专票 6%`; alone: the form."""
    return _apply(ctx, talk, Draft(), message.args)


def _apply(ctx: Context, talk: Talk, draft: Draft, text: str) -> Reply:
    ctx.actor.require(Permission.INVOICE_APPLY)
    words = read_invoice(text)
    if words.doubts:
        raise InvalidInput(f"没认准「{'、'.join(words.doubts)}」，请写成确定的数，例如「{EXAMPLE}」。")
    draft = with_words(draft, words)
    if words.number:
        found = find_contract(ctx, words.number, talk)
        if found.certain is None:
            return found.ask(talk, "开票", "invoices.which", draft=draft.row())
        return _show(ctx, talk, replace(draft, contract_id=found.certain))
    subject = talk.subject()
    if words.rest in THIS and subject is not None:
        return _show(ctx, talk, replace(draft, customer_id=subject))
    if not words.rest:
        return _show(ctx, talk, draft)
    meant = find_customer(ctx, words.rest, pooled=None, leading=True)
    if meant.certain is not None:
        return _show(ctx, talk, replace(draft, customer_id=meant.certain))
    return meant.ask(talk, "invoices.customer", "开票", draft=draft.row())


def _show(ctx: Context, talk: Talk, draft: Draft) -> Reply:
    ref = shown(ctx, draft)
    talk.settle()
    kept = draft_of(ref.state["draft"])
    if kept.customer_id is not None:
        talk.about(kept.customer_id)
    if ref.kind == "invoices.pick":
        ids = [c.contract_id for c in candidates(ctx, kept.customer_id or 0)]
        talk.ask("invoices.which", ids=ids, draft=kept.row())
    else:
        talk.ask("invoices.create" if ref.kind == "invoices.new" else "invoices.confirm", draft=kept.row())
    return Reply(card=ref)


@router.question("invoices.customer")
def which_customer(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several customers."""
    customer_id = chosen(message, ctx, pending)
    if customer_id is None:
        return None
    return _show(ctx, talk, replace(draft_of(pending["draft"]), customer_id=customer_id))


@router.question("invoices.which")
def which_contract(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several contracts."""
    contract_id = chosen_contract(message, pending)
    if contract_id is None:
        return None
    return _show(ctx, talk, replace(draft_of(pending["draft"]), contract_id=contract_id))


@router.question("invoices.create")
def complete(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """What the form asks for, said in a sentence."""
    draft = draft_of(pending["draft"])
    words = read_invoice(message.text)
    if draft.contract_id is None and draft.customer_id is None:
        return _apply(ctx, talk, draft, message.text)
    if words.doubts:
        raise InvalidInput(f"没认准「{'、'.join(words.doubts)}」，请写成确定的数，例如：5万。")
    return _show(ctx, talk, with_words(draft, words)) if words.says_something else None


@router.question("invoices.confirm")
def confirm(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """提交; or something to correct: 6万, 普票."""
    draft = draft_of(pending["draft"])
    said = message.text.strip(" 。.!！")
    if said in ("提交", "提交申请") or is_yes(said):
        done = apply_invoice(ctx, draft.new())
        talk.settle()
        subjects = (f"flow:{done.flow_id}", f"invoice:{done.invoice_id}")
        text = f"已提交 {done.number}，等 {done.waiting} 处理。"
        return Reply(text, card=CardRef("approvals.flow", {"flow_id": done.flow_id}, subjects))
    if is_no(said) or said in ("不提交", "不要", "不用", "不开了"):
        talk.settle()
        return Reply("好的，没有提交。")
    if said in ("修改", "改"):
        talk.ask("invoices.create", draft=draft.row())
        return Reply(card=CardRef("invoices.new", {"draft": draft.row()}))
    words = read_invoice(message.text)
    if words.rest.strip("改成为到是") or not words.says_something or words.doubts:
        return None
    return _show(ctx, talk, with_words(draft, words))


@router.command("重新申请", when=lambda rest: APPLICATION.match(rest) is not None)
def apply_again(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`重新申请 FP-2026-0001`: the form, filled from it."""
    invoice = access_applied(ctx, find_invoice(ctx, message.args))
    draft = begun(ctx, like(invoice))
    talk.settle()
    talk.ask("invoices.create", draft=draft.row())
    return Reply(card=CardRef("invoices.new", {"draft": draft.row()}))


# -- afterwards ----------------------------------------------------------------------------------------


def _application(ctx: Context, text: str, example: str) -> tuple[int, str]:
    found = APPLICATION.search(text)
    if found is None:
        raise InvalidInput(f"要写申请编号，例如「{example}」。")
    return find_invoice(ctx, found[0]), f"{text[: found.start()]} {text[found.end() :]}".strip(" ，,:：")


@router.command("开票号", "发票号", "发票号码", "登记发票号", "登记发票")
def issue(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`开票号 FP-2026-0001 12345678 3月2日`: by the cashier, after the approval; without a day it is today."""
    invoice_id, rest = _application(ctx, message.args, "开票号 FP-2026-0001 12345678")
    number = re.search(r"\d{20}|\d{8}", rest)
    if number is None:
        raise InvalidInput("发票号码是 8 位或 20 位数字，例如「开票号 FP-2026-0001 12345678」。")
    day = find_range(f"{rest[: number.start()]} {rest[number.end() :]}", ctx.now)
    talk.settle()
    return Reply(issue_invoice(ctx, invoice_id, number[0], day.first if day is not None else None).text)


@router.command("作废发票", "发票作废")
def void(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`作废发票 FP-2026-0001 抬头开错`."""
    ctx.actor.require(Permission.INVOICE_VOID)
    invoice_id, reason = _application(ctx, message.args, "作废发票 FP-2026-0001 抬头开错")
    talk.settle()
    return Reply(void_invoice(ctx, invoice_id, reason).text)


@router.command("红冲", "冲红", "红冲发票")
def take_back(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`红冲 FP-2026-0001 退货`, of a part `红冲 FP-2026-0001 2万 退货`: the sums on the contract follow at once."""
    ctx.actor.require(Permission.INVOICE_VOID)
    invoice_id, said = _application(ctx, message.args, "红冲 FP-2026-0001 退货")
    found = find_amounts(said)
    if len(found) > 1 or any(not a.sure or a.value is None for a in found):
        raise InvalidInput("红冲金额没认准，例如「红冲 FP-2026-0001 2万 退货」；不写金额就是全部。")
    reason = f"{said[: found[0].start]} {said[found[0].end :]}".strip(" ，,") if found else said
    talk.settle()
    return Reply(red_invoice(ctx, invoice_id, reason, found[0].value if found else None).text)


@router.command("发票", "开票记录", "开票情况")
def list_bills(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`发票 HT-2026-0007`, `开票记录 华兴`: the contract's sums and its invoices (R4.14)."""
    found = find_contract(ctx, message.args, talk)
    if found.certain is None:
        return found.ask(talk, "看", "contracts.which", then="open")
    show_bills(ctx, found.certain)
    talk.settle()
    return Reply(card=CardRef("invoices.bills", {"contract_id": found.certain}, (f"contract:{found.certain}",)))
