"""Payment and plan cards, drawn from the present state; shared by what is typed and what is tapped."""

from datetime import date
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import AppError
from bot.core.forms import withheld
from bot.core.markup import escape
from bot.dispatch import CardButton, CardRef, CardView
from bot.language.money import in_words, show_money
from bot.language.show import show_date
from cards import payments as payment_cards
from cards.contracts import OpenContractButton
from cards.paging import turns
from cards.paymentplans import AllocateButton, PlansButton
from cards.payments import PaymentPageButton
from handlers.contracts.rules import standing_line
from handlers.customfields.values import asked_of, custom_lines
from handlers.payments import rules, service
from handlers.payments.answers import PaymentPage, Registered
from handlers.payments.drafts import draft_of
from handlers.payments.listing import filter_of
from handlers.payments.rules import METHODS
from handlers.undo.views import undo_buttons
from storage.tables import Payment


def paint_confirm(state: dict[str, Any], ctx: Context) -> CardView:
    """记到 HT-2025-0112？已回 40 → 45 / 120 万，剩 75 万."""
    draft = draft_of(state["draft"])
    amount = Decimal(draft.amount)
    try:
        known = service.prepare(
            ctx, draft.contract_id or 0, amount, draft.day, draft.refund_of, draft.token, draft.period
        )
    except AppError as refusal:
        return payment_cards.summary("登记回款", refusal.text, (), confirm="", others=False, revise=True)
    if known.made:
        body = f"{show_money(amount)} 记到 {known.contract.number}\n发送「回款 {known.made}」看现在的样子。"
        return CardView(f"已登记 {known.made}", body=body)
    number, stands = known.contract.number, known.standing
    refund = draft.refund_of is not None
    signed = -amount if refund else amount
    progress = ""
    if stands.amount is not None and stands.paid is not None:
        progress = rules.progress_text(stands.paid, stands.amount, stands.paid + signed)
    lines = [f"{'退自' if refund else '记到'} {number}？{progress}"]
    confirm = "登记退款" if refund else "登记回款"
    if known.over > 0:
        shown = stands.unpaid is not None
        lines.append(rules.over_text(known.over, left=known.left, allowed=known.allowed, shown=shown))
        confirm = "记为预收" if known.allowed else ""
    if known.same_today:
        lines.append(f"注意：同一天已登记过一笔同样金额的回款 {known.same_today}，确定是另一笔再登记。")
    fields = (
        ("客户", escape(known.customer)),
        ("退款金额" if refund else "金额", f"{show_money(amount)}（{in_words(amount)}）"),
        ("日期", show_date(draft.day or ctx.today, ctx.today)),
        ("方式", draft.method),
        ("付哪期", f"第 {draft.period} 期" if draft.period else ""),
        *custom_lines(ctx, "payment", draft),
    )
    return payment_cards.summary(
        "请核对 退款" if refund else "请核对 回款", "\n".join(lines), [(k, v) for k, v in fields if v], confirm=confirm,
        others=known.others > 0 and not refund, revise=True, over=known.over > 0,
    )  # fmt: skip


def paint_pick(state: dict[str, Any], ctx: Context) -> CardView:
    """Which of the customer's contracts it is for."""
    draft = draft_of(state["draft"])
    rows = []
    for one in service.candidates(ctx, draft.customer_id or 0):
        rows.append((one.id, one.number, standing_line(one.standing)))
    amount = f"{show_money(Decimal(draft.amount))} " if draft.amount else "这笔"
    return payment_cards.pick_contract(f"{amount}记到哪份合同？点一下，或回复数字。", rows)


def paint_new(state: dict[str, Any], ctx: Context) -> CardView:
    """The form of a payment."""
    draft = draft_of(state["draft"])
    options: list[tuple[str, str]] = []
    try:
        if draft.customer_id is not None:
            found = service.candidates(ctx, draft.customer_id)
            options = [(str(c.id), f"{c.number} {standing_line(c.standing)}"[:60]) for c in found]
        elif draft.contract_id is not None:
            options = [(str(draft.contract_id), service.brief(ctx, draft.contract_id).words)]
    except AppError as refusal:
        return CardView("登记回款", body=refusal.text)
    missing = str(state.get("missing") or f"{'' if options else '哪家客户、'}收到多少？填好点「下一步」核对。")
    methods = METHODS if not draft.method or draft.method in METHODS else (*METHODS, draft.method)
    kept = withheld(ctx.actor, "payment")
    return payment_cards.payment_form(
        draft.row(), contracts=options, methods=methods, missing=missing, withheld=kept,
        custom=asked_of(ctx, "payment", draft),
    )  # fmt: skip


def paint_one(state: dict[str, Any], ctx: Context) -> CardView:
    """One payment, and how its contract stands now."""
    try:
        details = service.show_payment(ctx, int(state["payment_id"]))
    except AppError as refusal:
        said = "这笔回款已撤销或删除。" if state.get("number") else refusal.text
        return CardView(f"回款 {state.get('number', '')}".strip(), body=said)
    payment, contract = details.payment, details.contract
    amount: Decimal | None = payment.amount
    day: date | None = payment.paid_on
    money = f"{show_money(amount)}（{in_words(amount)}）" if amount is not None else ""
    fields = (
        ("合同", contract.number),
        ("客户", escape(details.customer)),
        ("退款金额" if payment.kind == "refund" else "金额", money),
        ("日期", show_date(day, ctx.today) if day else ""),
        ("方式", escape(payment.method)),
        ("退自", details.refund_of),
        ("付的是", details.pays),
        ("业绩归", details.credited),
        ("备注", escape(payment.remark)),
        ("预收", "超过合同金额，按允许超额回款登记" if payment.over_collect_flag else ""),
        ("作废原因", escape(payment.void_reason)),
        *custom_lines(ctx, "payment", payment),
    )
    word = "退款" if payment.kind == "refund" else "回款"
    title = f"{word} {payment.number}"
    if state.get("new"):
        title = f"已登记{word} {payment.number}" + ("（之前已经登记过，没有重复登记）" if state.get("again") else "")
    tags = ("已作废",) if payment.voided_at is not None else ()
    body = standing_line(details.standing)
    undo = undo_buttons(ctx, state.get("undo_id"))
    if state.get("said") and (undo or state.get("undo_id") is None):
        body = f"**{escape(str(state['said']))}**\n{body}"
    buttons = [
        *undo,
        CardButton("看合同", OpenContractButton(contract_id=contract.id or 0), typed=f"合同 {contract.number}"),
        CardButton("回款计划", PlansButton(contract_id=contract.id or 0), typed=f"回款计划 {contract.number}"),
    ]
    if details.pays and ctx.actor.may(Permission.PAYMENT_ADD):
        choose = AllocateButton(payment_id=payment.id or 0)
        buttons.append(CardButton("分到哪期", choose, typed=f"分配回款 {payment.number} 第1期"))
    return CardView(title, tags, body, tuple((k, v) for k, v in fields if v), buttons=tuple(buttons))


def paint_list(state: dict[str, Any], ctx: Context) -> CardView:
    """A page of payments with count and sum."""
    number = int(state.get("page", 1))
    page = service.list_payments(ctx, filter_of(state), number)
    rows = [_row(p, page, ctx.today) for p in page.rows]
    total = f" · 合计 {show_money(page.total_amount)}" if page.total_amount is not None else ""
    shown = f"（第 {min(number, page.pages)}/{page.pages} 页）" if page.pages > 1 else ""
    title = " · ".join(p for p in ("我的回款" if state.get("mine") else "回款", str(state.get("title", ""))) if p)
    empty = "没有符合的回款。" if state.get("title") else "还没有回款。"
    if ctx.actor.may(Permission.PAYMENT_ADD):
        empty += "收到钱了发送「回款 华兴 5万」登记。"
    buttons = turns(min(number, page.pages), page.pages, lambda to: PaymentPageButton(page=to))
    return payment_cards.payment_list(title, f"共 {page.total} 笔{total}{shown}", rows, buttons, empty=empty)


def _row(payment: Payment, page: PaymentPage, today: date) -> tuple[str, str, str]:
    contract = page.contracts.get(payment.contract_id)
    customer = page.customers.get(contract.customer_id, "") if contract is not None else ""
    amount: Decimal | None = payment.amount
    day: date | None = payment.paid_on
    sign = "退 " if payment.kind == "refund" else ""
    parts = (
        f"{sign}{show_money(amount)}" if amount is not None else "", show_date(day, today) if day else "",
        escape(payment.method),
        contract.number if contract is not None else "", "预收" if payment.over_collect_flag else "",
    )  # fmt: skip
    state = "已作废" if payment.voided_at is not None else ""
    return f"{payment.number} {customer}", " · ".join(p for p in parts if p), state


def registered_ref(done: Registered) -> CardRef:
    """The card of a payment just registered."""
    payment = done.payment
    state = {
        "payment_id": payment.id, "number": payment.number, "undo_id": done.undo_id, "new": True, "again": done.again,
    }  # fmt: skip
    return CardRef("payments.one", state, (f"payment:{payment.id}", f"contract:{payment.contract_id}"))
