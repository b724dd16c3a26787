"""What people type about invoices."""

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.language.dates import find_range
from bot.language.money import Amount, find_amounts
from bot.language.replies import is_no, is_yes
from handlers.confirming.service import propose
from handlers.contracts.finding import chosen_contract, find_contract
from handlers.contracts.reading import NUMBER
from handlers.customers.finding import THIS, chosen, find_customer
from handlers.drafts.service import list_drafts, take_up
from handlers.invoices.drafts import Draft, begun, draft_of, like, missing, shown, with_words
from handlers.invoices.reading import InvoiceWords, read_invoice, without_correction
from handlers.invoices.service import (
    access_applied,
    apply_invoice,
    candidates,
    find_invoice,
    foresee_red,
    foresee_void,
    issue_invoice,
    show_bills,
)
from handlers.invoices.views import taking_back

router = Router("invoices.chat")
APPLICATION: Final = re.compile(r"FP-?(?:\d{4}-)?\d{1,6}", re.IGNORECASE)
NOT_OURS: Final = re.compile(r"(?:记录|情况|资料|信息|流程|怎么|什么时候|多少|额|了)")
EXAMPLE: Final = "开票 华兴 5万 专票 6%"
HANDED_IN: Final = re.compile(r"(?:好的?|确认|就|那就|这就)?[，, ]*提交(?:申请|审批)?(?:吧|了)?|没问题|没错")
NOT_HANDED_IN: Final = re.compile(r"(?:先|那)?不(?:提交|要|用|开|填|申请)(?:票)?了?")
BESIDE: Final = re.compile(
    r"(?:改成|改为|换成|改|换|成|为|到|是|把|了|错了?|不对|应该|吧|请|呢|的|啊|要|就|再|麻烦|谢谢|[\s，,。])*"
)


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
    words = _sure(read_invoice(text))
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


def _sure(words: InvoiceWords) -> InvoiceWords:
    """Raises InvalidInput for what could be read in two ways."""
    if words.doubts:
        raise InvalidInput(f"没认准「{'、'.join(words.doubts)}」，请只写一个确定的，例如「{EXAMPLE}」。")
    return words


def _correction(text: str) -> InvoiceWords | None:
    """What a sentence changes of the application that is spoken of; None: it is about something else."""
    words = read_invoice(without_correction(text))
    if not (words.says_something or words.doubts) or BESIDE.fullmatch(words.rest) is None:
        return None
    return _sure(words)


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
        return _noted(talk, pending, message.text, "哪一家")
    return _show(ctx, talk, replace(draft_of(pending["draft"]), customer_id=customer_id))


@router.question("invoices.which")
def which_contract(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several contracts."""
    contract_id = chosen_contract(message, pending)
    if contract_id is None and NUMBER.fullmatch(message.text.strip()):
        contract_id = find_contract(ctx, message.text.strip(), talk).certain
    if contract_id is None:
        return _noted(talk, pending, message.text, "哪一份")
    return _show(ctx, talk, replace(draft_of(pending["draft"]), contract_id=contract_id))


def _noted(talk: Talk, pending: dict[str, Any], text: str, which: str) -> Reply | None:
    """What is said of the invoice before it is said whose it is."""
    words = _correction(text)
    if words is None:
        return None
    draft = with_words(draft_of(pending["draft"]), words)
    talk.ask(pending["kind"], **{k: v for k, v in pending.items() if k not in ("kind", "draft")}, draft=draft.row())
    return Reply(f"记下了。上面是{which}？回复 1 到 {len(pending['ids'])} 的数字。")


@router.question("invoices.create")
def complete(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """What the form asks for, said in a sentence."""
    draft = draft_of(pending["draft"])
    if draft.contract_id is None and draft.customer_id is None:
        return _apply(ctx, talk, draft, message.text)
    said = message.text.strip(" 。.!！")
    if NOT_HANDED_IN.fullmatch(said):
        talk.settle()
        return Reply("好的，没有提交。")
    if HANDED_IN.fullmatch(said):
        if lacks := missing(draft, details=ctx.settings.approvals.buyer_details):
            raise InvalidInput(f"还差{lacks}，补上再提交。")
        return _show(ctx, talk, draft)
    words = _sure(read_invoice(without_correction(message.text)))
    return _show(ctx, talk, with_words(draft, words)) if words.says_something else None


@router.question("invoices.confirm")
def confirm(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """提交; or something to correct: 6万, 普票."""
    draft = draft_of(pending["draft"])
    said = message.text.strip(" 。.!！")
    if HANDED_IN.fullmatch(said) or is_yes(said):
        done = apply_invoice(ctx, draft.new())
        talk.settle()
        subjects = (f"flow:{done.flow_id}", f"invoice:{done.invoice_id}")
        text = f"已提交 {done.number}，等 {done.waiting} 处理。"
        return Reply(text, card=CardRef("approvals.flow", {"flow_id": done.flow_id}, subjects))
    if is_no(said) or NOT_HANDED_IN.fullmatch(said):
        talk.settle()
        return Reply("好的，没有提交。")
    if said in ("修改", "改"):
        talk.ask("invoices.create", draft=draft.row())
        return Reply(card=CardRef("invoices.new", {"draft": draft.row()}))
    words = _correction(message.text)
    return _show(ctx, talk, with_words(draft, words)) if words is not None else None


@router.sentence(88)
def taken_up(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`专票 税号 …`, where the application it belongs to was put aside: that one goes on."""
    if message.group or talk.open_question() is not None or not talk.has_drafts():
        return None
    words = _correction(message.text)
    newest = next(iter(list_drafts(ctx, talk.conversation_id)), None)
    if words is None or newest is None or newest.question["kind"] not in ("invoices.create", "invoices.confirm"):
        return None
    if not (words.kind or words.tax_no or words.title):
        return None
    draft = draft_of(take_up(ctx, talk.conversation_id, newest.kind).question["draft"])
    return replace(_show(ctx, talk, with_words(draft, words)), text="接着刚才的开票申请：")


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
    """`作废发票 FP-2026-0001 抬头开错`: asks back with the facts; without a reason, for that first."""
    ctx.actor.require(Permission.INVOICE_VOID)
    invoice_id, reason = _application(ctx, message.args, "作废发票 FP-2026-0001 抬头开错")
    if not reason:
        talk.ask("invoices.void_reason", invoice_id=invoice_id)
        return Reply("为什么作废？直接回复原因，例如：抬头开错。")
    return _void(ctx, talk, invoice_id, reason)


@router.question("invoices.void_reason")
def void_reason(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The reason, typed."""
    return _void(ctx, talk, int(pending["invoice_id"]), message.text) if message.text.strip() else None


def _void(ctx: Context, talk: Talk, invoice_id: int, reason: str) -> Reply:
    facts = foresee_void(ctx, invoice_id, reason)
    payload = {"invoice_id": invoice_id, "reason": facts.reason}
    return propose(ctx, talk, "invoices.void", payload, taking_back(facts, "作废"))


@router.command("红冲", "冲红", "红冲发票", "冲红发票")
def take_back(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`红冲 FP-2026-0001 退货`, of a part `红冲 FP-2026-0001 2万 退货`: asks back, then the contract's sums follow."""
    ctx.actor.require(Permission.INVOICE_VOID)
    invoice_id, said = _application(ctx, message.args, "红冲 FP-2026-0001 退货")
    found = find_amounts(said) or [a for a in find_amounts(said, bare=True) if _stands_alone(said, a)]
    if len(found) > 1 or any(not a.sure or a.value is None for a in found):
        raise InvalidInput("红冲金额没认准，例如「红冲 FP-2026-0001 2万 退货」；不写金额就是全部。")
    reason = f"{said[: found[0].start]} {said[found[0].end :]}".strip(" ，,") if found else said
    amount = str(found[0].value) if found else ""
    if not reason:
        talk.ask("invoices.red_reason", invoice_id=invoice_id, amount=amount)
        return Reply("为什么红冲？直接回复原因，例如：退货。")
    return _take_back(ctx, talk, invoice_id, reason, amount)


def _stands_alone(said: str, amount: Amount) -> bool:
    """5000 退货 and 退货 5000 say how much; 退货 3 台 says why."""
    before, after = said[: amount.start], said[amount.end :]
    apart = not after or said[amount.end - 1] == " " or after[0] in " ，,"
    return apart and (not before or (before.endswith(" ") and not after))


@router.question("invoices.red_reason")
def red_reason(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The reason, typed."""
    if not message.text.strip():
        return None
    return _take_back(ctx, talk, int(pending["invoice_id"]), message.text, str(pending["amount"]))


def _take_back(ctx: Context, talk: Talk, invoice_id: int, reason: str, amount: str) -> Reply:
    facts = foresee_red(ctx, invoice_id, reason, Decimal(amount) if amount else None)
    payload = {"invoice_id": invoice_id, "reason": facts.reason, "amount": str(facts.amount)}
    return propose(ctx, talk, "invoices.red", payload, taking_back(facts, "红冲"))


@router.command("发票", "开票记录", "开票情况")
def list_bills(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`发票 HT-2026-0007`, `开票记录 华兴`: the contract's sums and its invoices (R4.14)."""
    found = find_contract(ctx, message.args, talk)
    if found.certain is None:
        return found.ask(talk, "看", "contracts.which", then="open")
    show_bills(ctx, found.certain)
    talk.settle()
    return Reply(card=CardRef("invoices.bills", {"contract_id": found.certain}, (f"contract:{found.certain}",)))
