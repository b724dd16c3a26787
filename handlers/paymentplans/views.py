"""Cards of payment plans, drawn from the present state; shared by what is typed and what is tapped."""

from datetime import date
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import AppError
from bot.core.markup import escape
from bot.dispatch import CardButton, CardRef, CardView
from bot.language.money import show_money, show_money_short
from bot.language.show import show_date
from cards import payments as payment_cards
from cards.contracts import OpenContractButton
from cards.paging import turns
from cards.paymentplans import OverduePageButton, pick_plan
from cards.payments import NewPaymentButton
from handlers.paymentplans import service
from handlers.paymentplans.due import PlanLine
from handlers.payments.answers import Changed
from handlers.undo.views import undo_buttons


def plan_detail(line: PlanLine, today: date, *, named: bool = False) -> str:
    """4月30日 · 10 万 · 部分 已回 3 万."""
    parts = [show_date(line.due_on, today)]
    if line.amount is not None:
        parts.append(show_money_short(line.amount))
    told = line.status
    if line.paid is not None and line.amount is not None and 0 < line.paid < line.amount:
        told += f" 已回 {show_money_short(line.paid)}"
    parts.append(told)
    if named:
        parts.append(f"第 {line.period} 期")
    return " · ".join(parts)


def paint_plans(state: dict[str, Any], ctx: Context) -> CardView:
    """A contract's instalments."""
    try:
        sheet = service.show_plans(ctx, int(state["contract_id"]))
    except AppError as refusal:
        return CardView("回款计划", body=refusal.text)
    number, contract_id = sheet.contract.number, sheet.contract.id or 0
    rows = [(f"第 {line.period} 期", plan_detail(line, ctx.today), "") for line in sheet.lines]
    buttons = undo_buttons(ctx, state.get("undo_id"))
    if ctx.actor.may(Permission.PAYMENT_ADD):
        buttons.append(CardButton("登记回款", NewPaymentButton(contract_id=contract_id), typed=f"回款 {number} "))
    buttons.append(CardButton("看合同", OpenContractButton(contract_id=contract_id), typed=f"合同 {number}"))
    head = f"{escape(sheet.customer)} · 共 {len(rows)} 期"
    if sheet.warning:
        head += f"\n{sheet.warning}"
    empty = f"还没有回款计划。发送「回款计划 {number} 4月底 10万 6月底 20万」，或「回款计划 {number} 3期」。"
    return payment_cards.payment_list(f"回款计划 {number}", head, rows, buttons, empty=empty)


def paint_overdue(state: dict[str, Any], ctx: Context) -> CardView:
    """逾期回款: the oldest first, with what is owed in all."""
    number = int(state.get("page", 1))
    page = service.list_overdue(ctx, number, mine=bool(state.get("mine")))
    rows = []
    for line in page.lines:
        late = (ctx.today - line.due_on).days
        owed = ""
        if line.amount is not None and line.paid is not None:
            owed = f" · 欠 {show_money_short(line.amount - line.paid)}"
        rows.append(
            (f"{line.number} {line.customer}", f"{plan_detail(line, ctx.today, named=True)}{owed} · 晚了 {late} 天", "")
        )
    total = f" · 合计欠 {show_money(page.owed)}" if page.owed is not None else ""
    shown = f"（第 {min(number, page.pages)}/{page.pages} 页）" if page.pages > 1 else ""
    buttons = turns(min(number, page.pages), page.pages, lambda to: OverduePageButton(page=to))
    empty = "没有逾期的回款。排了计划才会提醒，例如「回款计划 合同编号 3期」。"
    return payment_cards.payment_list("逾期回款", f"共 {page.total} 期{total}{shown}", rows, buttons, empty=empty)


def paint_allocation(state: dict[str, Any], ctx: Context) -> CardView:
    """Which instalment a payment is for."""
    try:
        sheet = service.show_allocation(ctx, int(state["payment_id"]))
    except AppError as refusal:
        return CardView("分配回款", body=refusal.text)
    number = sheet.payment.number or ""
    if not sheet.lines:
        contract = sheet.contract.number
        return CardView(
            f"分配回款 {number}", body=f"合同 {contract} 还没有回款计划，先发送「回款计划 {contract} 3期」排一个。"
        )
    rows = [(line.period, plan_detail(line, ctx.today)) for line in sheet.lines]
    body = f"现在付的是{sheet.pays}。点一期就都付这一期；只付一部分发送「分配回款 {number} 第2期 3万」。"
    return pick_plan(f"分配回款 {number}", body, rows, payment_id=sheet.payment.id or 0, number=number)


def allocated_ref(payment_id: int, done: Changed) -> CardRef:
    """The payment after it was said which instalments it is for."""
    state = {"payment_id": payment_id, "undo_id": done.undo_id, "said": done.text}
    return CardRef("payments.one", state, (f"payment:{payment_id}",))
