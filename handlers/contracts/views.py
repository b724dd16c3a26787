"""Contract cards, drawn from the present state; shared by what is typed and what is tapped."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import AppError
from bot.core.forms import withheld
from bot.core.markup import escape
from bot.dispatch import CardButton, CardRef, CardView
from bot.language.money import in_words, show_money, show_money_short
from bot.language.show import show_date
from cards import contracts as contract_cards
from cards.contracts import (
    AskVoidButton,
    ContractSheet,
    EditContractButton,
    MoveContractButton,
    RenewContractButton,
    form_fields,
)
from cards.contractscans import ScansButton
from cards.invoices import BillsButton
from cards.paymentplans import PlansButton
from cards.payments import NewPaymentButton
from handlers.contracts import rules, service
from handlers.contracts.answers import ContractDetails, Created
from handlers.contracts.drafts import Draft, draft_of, source_lines
from handlers.contracts.listing import empty_list, expiry_days, filter_of, title_of
from handlers.contracts.rules import STATES, span_text, standing_line
from handlers.contracts.service import prepare
from handlers.customfields.values import asked_of, custom_lines
from handlers.products.lines import discount_text, total
from handlers.undo.views import undo_buttons
from storage.contracts import DEALT
from storage.tables import Contract, ContractLine


def withheld_of(ctx: Context) -> frozenset[str]:
    """Which fields of a contract's form the actor may not fill in."""
    return withheld(ctx.actor, "contract") - {"no"}


def state_words(contract: Contract, ctx: Context) -> str:
    """生效 · 还有 5 天到期."""
    words = STATES[contract.state]
    if contract.state == "effective" and contract.ends_on is not None and contract.renewed_by is None:
        left = (contract.ends_on - ctx.today).days
        if rules.is_expiring(contract.ends_on, ctx.today, expiry_days(ctx)):
            return f"{words} · " + (f"还有 {left} 天到期" if left else "今天到期")
        if rules.is_expired(contract.ends_on, ctx.today):
            return f"{words} · 已到期 {-left} 天"
    return words


def sheet_of(details: ContractDetails, ctx: Context) -> ContractSheet:
    """The contract in words, as this actor may see it."""
    contract = details.contract
    own = contract.owner_id == ctx.actor.user_id
    discount: Decimal | None = contract.discount
    fields = [
        ("名称", escape(contract.name)),
        ("签订日", show_date(contract.signed_on, ctx.today) if contract.signed_on else ""),
        ("期限", span_text(contract.starts_on, contract.ends_on, ctx.today)),
        ("负责人", "你" if own else details.owner),
        ("关联商机", escape(details.opportunity)),
        ("整单折扣", f"{discount.normalize():f}%" if discount else ""),
        ("续签自", details.renews),
        ("已续签为", details.renewed_by),
        ("扫描件", f"{details.scans} 份" if details.scans else ""),
        ("作废原因", escape(contract.void_reason)),
        *custom_lines(ctx, "contract", contract),
    ]
    return ContractSheet(
        contract.id or 0, contract.number, details.customer, state_words(contract, ctx),
        standing_line(details.standing), tuple((label, value) for label, value in fields if value),
        tuple(line_row(line) for line in details.lines),
    )  # fmt: skip


def line_row(line: ContractLine) -> tuple[str, str]:
    """ZJ-001 数控主轴 × 2台 and 9折 ¥23,040.00, as far as its reader may see."""
    amount: Decimal | None = line.amount
    parts = (discount_text(line.discount), "" if amount is None else show_money(amount))
    head = f"{' '.join(p for p in (line.code, line.name, line.spec) if p)} × {line.quantity.normalize():f}{line.unit}"
    return escape(head), " ".join(part for part in parts if part)


def lines_text(amount: Decimal, discount: Decimal, sums: Sequence[Decimal], source: str = "商机") -> str:
    """Whether the products of `source` come along: only if they make the amount."""
    if not sums:
        return ""
    comes = total(sums, discount)
    if comes == amount:
        return f"{len(sums)} 项，照{source}带过来"
    return f"合计 {show_money(comes)}，和合同金额不同，不带过来；要带就把金额改成 {show_money(comes)}"


def _buttons(details: ContractDetails, ctx: Context) -> list[CardButton]:
    contract, actor = details.contract, ctx.actor
    key, number = contract.id or 0, contract.number
    own = contract.owner_id == actor.user_id
    writes = actor.may(Permission.CONTRACT_EDIT) or (own and actor.may(Permission.CONTRACT_ADD))
    buttons: list[CardButton] = []
    if contract.state == "draft" and writes:
        move = MoveContractButton(contract_id=key, to="effective")
        buttons.append(CardButton("生效", move, "primary", typed=f"合同 {number} 生效"))
    if contract.state in DEALT:
        unpaid = details.standing.unpaid
        if actor.may(Permission.PAYMENT_ADD) and (unpaid is None or unpaid > 0):
            buttons.append(
                CardButton("登记回款", NewPaymentButton(contract_id=key), "primary", typed=f"回款 {number} ")
            )
        buttons.append(CardButton("回款计划", PlansButton(contract_id=key), typed=f"回款计划 {number}"))
        if details.standing.invoiced is not None:
            buttons.append(CardButton("开票", BillsButton(contract_id=key), typed=f"发票 {number}"))
    if details.scans or writes:
        buttons.append(CardButton("扫描件", ScansButton(contract_id=key), typed=f"合同扫描件 {number}"))
    if contract.state in DEALT and contract.renewed_by is None and actor.may(Permission.CONTRACT_ADD):
        ending = contract.ends_on is not None and (contract.ends_on - ctx.today).days <= max(30, expiry_days(ctx))
        if ending:
            buttons.append(CardButton("续签", RenewContractButton(contract_id=key), typed=f"续签 {number}"))
    if contract.state in ("draft", "effective") and writes:
        buttons.append(CardButton("修改", EditContractButton(contract_id=key), typed=f"合同 {number} 到期 "))
    if contract.state == "effective" and writes:
        buttons.append(
            CardButton("结束合同", MoveContractButton(contract_id=key, to="ended"), typed=f"结束合同 {number}")
        )
    if contract.state != "void" and actor.may(Permission.CONTRACT_VOID):
        buttons.append(CardButton("作废", AskVoidButton(contract_id=key), "danger", typed=f"作废合同 {number} "))
    return buttons


def paint_contract(state: dict[str, Any], ctx: Context) -> CardView:
    """One contract; what the viewer may not see any more is one neutral sentence."""
    try:
        details = service.show_contract(ctx, int(state["contract_id"]))
    except AppError as refusal:
        said = escape(str(state.get("said") or ""))  # one that was given away is out of sight by now
        undo = undo_buttons(ctx, state.get("undo_id"))
        return CardView("合同", body=said if said and undo else refusal.text, buttons=tuple(undo))
    undo = undo_buttons(ctx, state.get("undo_id"))
    card = contract_cards.contract_card(sheet_of(details, ctx), [*undo, *_buttons(details, ctx)])
    taken_back = state.get("undo_id") is not None and not undo
    if not state.get("said") or taken_back:
        return card
    body = f"**{escape(str(state['said']))}**\n{card.body}"
    return CardView(card.title, card.tags, body, card.fields, card.rows, None, card.buttons, card.footer)


def paint_registered(state: dict[str, Any], ctx: Context) -> CardView:
    """A contract just registered: 已登记 HT-2026-0127."""
    try:
        details = service.show_contract(ctx, int(state["contract_id"]))
    except AppError:
        return CardView(f"登记合同 {state.get('number', '')}", body="这次登记已撤销，编号不再使用。")
    contract = details.contract
    sheet = sheet_of(details, ctx)
    told = "已登记" if contract.state != "draft" else "已存为草稿"
    again = "（之前已经登记过，没有重复登记）" if state.get("again") else ""
    card = contract_cards.contract_card(
        sheet, [*undo_buttons(ctx, state.get("undo_id")), *_buttons(details, ctx)]
    )  # fmt: skip
    return CardView(
        f"{told} {contract.number}{again}",
        card.tags,
        card.body,
        card.fields,
        card.rows,
        None,
        card.buttons,
        card.footer if details.scans else "把扫描件直接发给我就会挂上",
    )


def draft_line(draft: Draft, opportunity: str, ctx: Context) -> str:
    """华兴科技 ¥300,000.00（叁拾万元整）· 3月2日起 1 年 · 关联商机 二期扩容."""
    amount = Decimal(draft.amount)
    parts = [f"{escape(draft.customer)} {show_money(amount)}（{in_words(amount)}）", _span(draft, ctx.today)]
    if opportunity:
        parts.append(f"关联商机 {escape(opportunity)}")
    return " · ".join(part for part in parts if part)


def _span(draft: Draft, today: date) -> str:
    starts = date.fromisoformat(draft.starts_on) if draft.starts_on else None
    ends = date.fromisoformat(draft.ends_on) if draft.ends_on else None
    if ends is None:
        return f"{show_date(starts, today)}起" if starts else ""
    if starts is None:
        return f"{show_date(ends, today)}到期"
    months = rules.months_between(starts, ends)
    if months is None:
        return f"{show_date(starts, today)}到{show_date(ends, today)}"
    return f"{show_date(starts, today)}起 " + (f"{months // 12} 年" if months % 12 == 0 else f"{months} 个月")


def paint_confirm(state: dict[str, Any], ctx: Context) -> CardView:
    """请核对: what would be registered."""
    draft = draft_of(state["draft"])
    try:
        known = prepare(ctx, draft.customer_id or 0, draft.renews, draft.token)
        new = draft.new(draft=True)
        rules.check_amount(new.amount)
        rules.check_dates(signed_on=new.signed_on or ctx.today, starts_on=new.starts_on, ends_on=new.ends_on)
        if draft.number:
            rules.check_number(draft.number)
    except AppError as refusal:
        return CardView("登记合同", body=refusal.text)
    if known.made:
        return CardView(
            f"已登记 {known.made}", body=f"{draft_line(draft, '', ctx)}\n发送「合同 {known.made}」看现在的样子。"
        )
    opportunity = next((o.name for o in known.opportunities if o.id == draft.opportunity_id), "")
    signed = date.fromisoformat(draft.signed_on) if draft.signed_on else ctx.today
    future = signed > ctx.today
    source = "商机" if draft.opportunity_id else "原合同"
    fields = [
        ("编号", rules.check_number(draft.number) if draft.number else "自动编号"),
        ("名称", escape(draft.name)),
        ("签订日", show_date(signed, ctx.today) + ("（还没到，先存为草稿）" if future else "")),
        ("期限", span_text(new.starts_on, new.ends_on, ctx.today)),
        ("整单折扣", f"{draft.discount}%" if draft.discount else ""),
        ("产品", lines_text(new.amount, new.discount, source_lines(draft, known), source)),
        ("续签自", known.renews),
        *custom_lines(ctx, "contract", draft),
    ]
    shown = [(label, value) for label, value in fields if value]
    return contract_cards.summary(draft_line(draft, opportunity, ctx), shown, draft_only=future)


def paint_new(state: dict[str, Any], ctx: Context) -> CardView:
    """The form of a new contract."""
    draft = draft_of(state["draft"])
    options: list[tuple[str, str]] = []
    if draft.customer_id is not None:
        try:
            found = prepare(ctx, draft.customer_id).opportunities
        except AppError as refusal:
            return CardView("登记合同", body=refusal.text)
        options = [("0", "不关联"), *((str(o.id), o.name) for o in found)] if found else []
    lacks = [word for word, there in (("客户", draft.customer_id), ("金额", draft.amount)) if not there]
    missing = f"还差{'和'.join(lacks)}，填好点「下一步」核对。" if lacks else "改好后点「下一步」核对。"
    doubt = str(state.get("doubt", ""))
    return contract_cards.new_contract(
        draft.row(), opportunities=options, missing=f"{doubt}{missing}", withheld=withheld_of(ctx),
        custom=asked_of(ctx, "contract", draft),
    )  # fmt: skip


def paint_edit(state: dict[str, Any], ctx: Context) -> CardView:
    """The form of one contract."""
    contract = service.show_contract(ctx, int(state["contract_id"])).contract
    known = {name: getattr(contract, name) for name in contract_cards.FORM_LABELS}
    fields = [*form_fields(known, withheld=withheld_of(ctx), every=True), *asked_of(ctx, "contract", contract)]
    return contract_cards.edit_contract(contract.number, contract.id or 0, fields)


def paint_amount(state: dict[str, Any], ctx: Context) -> CardView:
    """A new amount to be confirmed: now → new, in figures and words."""
    details = service.show_contract(ctx, int(state["contract_id"]))
    new, present = Decimal(state["amount"]), details.standing.amount
    if present == new:
        return CardView(f"合同 {details.contract.number}", body=f"合同金额：{show_money(new)}（已改好）")
    now = f"{show_money(present)} → " if present is not None else ""
    text = f"合同金额：{now}{show_money(new)}（{in_words(new)}）"
    if state.get("said"):
        text += f"\n{escape(str(state['said']))}"
    return contract_cards.confirm_amount(details.contract.number, text)


def paint_list(state: dict[str, Any], ctx: Context) -> CardView:
    """A page of contracts with count and sum."""
    number = int(state.get("page", 1))
    page = service.list_contracts(ctx, filter_of(state, ctx), number)
    rows = []
    for contract in page.rows:
        standing = page.standings[contract.id or 0]
        owner = "" if contract.owner_id == ctx.actor.user_id else page.owners.get(contract.owner_id or "", "")
        parts = [
            show_money_short(standing.amount) if standing.amount is not None else "",
            f"未回 {show_money_short(standing.unpaid)}" if standing.unpaid and contract.state in DEALT else "",
            state_words(contract, ctx), f"到 {show_date(contract.ends_on, ctx.today)}" if contract.ends_on else "",
            owner,
        ]  # fmt: skip
        rows.append(
            (
                contract.id or 0, contract.number, page.customers.get(contract.customer_id, ""),
                " · ".join(part for part in parts if part),
            )
        )  # fmt: skip
    total = f" · 合计 {show_money(page.total_amount)}" if page.total_amount is not None else ""
    shown = f"（第 {min(number, page.pages)}/{page.pages} 页）" if page.pages > 1 else ""
    return contract_cards.contract_list(
        title_of(state), f"共 {page.total} 份{total}{shown}", rows, page=min(number, page.pages), pages=page.pages,
        empty=empty_list(state),
    )  # fmt: skip


def one_ref(contract_id: int, **more: Any) -> CardRef:
    """The card of a contract."""
    return CardRef("contracts.one", {"contract_id": contract_id, **more}, (f"contract:{contract_id}",))


def registered_ref(done: Created) -> CardRef:
    """The card of a contract just registered."""
    contract = done.contract
    state = {"contract_id": contract.id, "undo_id": done.undo_id, "number": contract.number, "again": done.again}
    return CardRef("contracts.registered", state, (f"contract:{contract.id}",))
