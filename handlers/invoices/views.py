"""How the cards of applications for invoices are drawn."""

from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.errors import AppError
from bot.core.markup import escape
from bot.dispatch import CardButton, CardView
from bot.language.money import in_words, show_money, show_money_short
from bot.language.show import show_date
from cards import invoices as invoice_cards
from cards.confirming import Summary
from cards.contracts import OpenContractButton
from cards.invoices import NewInvoiceButton
from handlers.contracts.rules import standing_line
from handlers.invoices import buyers, rules, service
from handlers.invoices.drafts import Draft, draft_of, missing
from handlers.invoices.reading import details_text


def left_text(known: service.Prepared) -> str:
    """合同 HT-2025-0112（可开 75 万）."""
    left = f"（可开 {show_money_short(known.left)}）" if known.left is not None else ""
    return f"{known.number}{left}"


def paint_confirm(state: dict[str, Any], ctx: Context) -> CardView:
    """The sum in figures and words, the title, the contract and what is left of it (D19)."""
    draft = draft_of(state["draft"])
    try:
        known = service.prepare(ctx, draft.contract_id or 0, Decimal(draft.amount), draft.token)
        lacks = missing(draft, details=ctx.settings.approvals.buyer_details)
    except AppError as refusal:
        return invoice_cards.summary(refusal.text, (), ready=False)
    amount = Decimal(draft.amount)
    if known.made:
        told = f"{show_money(amount)} · {known.number}\n发送「流程状态 {known.made}」看进度。"
        return CardView(f"开票申请 {known.made} 已提交", body=told)
    rate = Decimal(draft.rate) if draft.rate else None
    last = next(iter(known.titles), known.own)
    same = (
        "（上次用的）"
        if draft.tax_no and known.titles and (draft.title, draft.tax_no) == (last.name, last.tax_no)
        else ""
    )
    fields = (
        ("金额", f"{show_money(amount)} {in_words(amount)}"),
        ("类型", rules.kind_text(draft.kind, rate)),
        ("抬头", escape(draft.title)),
        ("税号", f"{escape(draft.tax_no)}{same}" if draft.tax_no else ""),
        *((rules.FIELDS[name], escape(text)) for name, text in draft.details.items()),
        ("合同", left_text(known)),
        ("客户", escape(known.customer)),
        ("邮箱", escape(draft.email)),
        ("备注", escape(draft.remark)),
    )
    body = "\n".join(filter(None, (f"还差：{lacks}" if lacks else _to_add(draft, known), _to_check(draft, known))))
    return invoice_cards.summary(body, [(k, v) for k, v in fields if v], ready=not lacks)


def _to_check(draft: Draft, known: service.Prepared) -> str:
    """Where the tax number is that of another title."""
    others = [t.name for t in known.titles if t.tax_no == draft.tax_no and t.name != draft.title]
    if not others or draft.tax_no in ("", buyers.NO_TAX_NO) or any(t.name == draft.title for t in known.titles):
        return ""
    return f"这个税号上次是「{escape(others[0])}」用的，换了抬头请核对。"


def _to_add(draft: Draft, known: service.Prepared) -> str:
    """Offered, the first time there is a 专票 of that title: who needs it says so, who does not hands it in."""
    lacks = buyers.missing_details(draft.details, draft.kind)
    if not lacks or any((t.name, t.kind) == (draft.title, draft.kind) for t in known.titles):
        return ""
    return f"需要的话接着发{'、'.join(lacks)}，就印在专票上；不用就直接提交。"


def paint_pick(state: dict[str, Any], ctx: Context) -> CardView:
    """Which of one's contracts with the customer it is on."""
    draft = draft_of(state["draft"])
    rows = []
    for one in service.candidates(ctx, draft.customer_id or 0):
        left = f"可开 {show_money_short(one.left)}" if one.left is not None else ""
        rows.append((one.contract_id, one.number, left))
    return invoice_cards.pick(rows)


def paint_new(state: dict[str, Any], ctx: Context) -> CardView:
    """The form, with what is known already."""
    draft = draft_of(state["draft"])
    options: list[tuple[str, str]] = []
    titles: list[tuple[str, str]] = []
    refused = ""
    lacks, required = "客户和金额", ctx.settings.approvals.buyer_details
    try:
        if draft.customer_id is not None:
            options = [(str(c.contract_id), left_text(c)) for c in service.candidates(ctx, draft.customer_id)]
        elif draft.contract_id is not None:
            options = [(str(draft.contract_id), left_text(service.prepare(ctx, draft.contract_id)))]
        if draft.contract_id is not None:
            titles = [(str(t.invoice_id), t.name) for t in service.prepare(ctx, draft.contract_id).titles]
        if draft.contract_id is not None:
            lacks = missing(draft, details=required)
            if draft.amount:  # said at once, not only when all the rest is there
                service.prepare(ctx, draft.contract_id, Decimal(draft.amount), draft.token)
    except AppError as refusal:
        refused = refusal.text
    told = f"还差：{lacks}。填好点「下一步」核对。" if lacks else "改好点「下一步」核对。"
    told = f"{refused}\n{told}" if refused else told
    known = {k: str(v) for k, v in draft.row().items() if v} | {"buyer": details_text(draft.details)}
    asked = draft.kind != "普票" or any(draft.details.values())
    return invoice_cards.invoice_form(
        known, contracts=options, chosen=str(draft.contract_id or ""), titles=titles if len(titles) > 1 else (),
        buyer=buyers.ASKED if asked else "", needed=required, missing=told, kinds=tuple(rules.KINDS),
        rates=[str(r) for r in rules.RATES],
    )  # fmt: skip


def taking_back(facts: service.TakingBack, what: str) -> Summary:
    """What is asked before an invoice is void or taken back in red. `what`: 作废, 红冲."""
    fields = (
        ("发票", " · ".join(p for p in (facts.number, facts.invoice_no) if p)), ("抬头", facts.title),
        ("原因", facts.reason), ("之后", facts.sums),
    )  # fmt: skip
    return Summary(
        f"{what} {facts.number}", f"{what}发票", tuple((label, text) for label, text in fields if text),
        facts.amount if facts.told else None, f"{what}金额", (f"{what}后不能撤销。",),
    )  # fmt: skip


def paint_bills(state: dict[str, Any], ctx: Context) -> CardView:
    """合同额 · 已开票 · 已回款 · 未开票 · 未回款, and the invoices."""
    contract_id = int(state["contract_id"])
    try:
        bills = service.show_bills(ctx, contract_id)
    except AppError as refusal:
        return CardView("开票", body=refusal.text)
    rows = []
    for one in bills.rows[: service.SHOWN]:
        number = one.number or "（系统启用前）"
        issued = show_date(one.issued_on, ctx.today) if one.issued_on else ""
        red = "红字" if one.red_of is not None else ""
        parts = (red, show_money(one.amount), rules.STATES[one.state], one.invoice_no or "", issued)
        rows.append((number, " · ".join(p for p in parts if p)))
    body = f"{escape(bills.customer)}\n{standing_line(bills.standing)}"
    if bills.applied and bills.standing.invoiced is not None:
        body += f" · 审批中 {show_money_short(bills.applied)}"
    buttons = [
        CardButton("开票申请", NewInvoiceButton(contract_id=contract_id), typed=f"开票 {bills.number} "),
        CardButton("看合同", OpenContractButton(contract_id=contract_id), typed=f"合同 {bills.number}"),
    ]
    title = f"开票 {bills.number} · 共 {len(bills.rows)} 张"
    return invoice_cards.bills(title, body, rows, buttons)
