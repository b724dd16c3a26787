"""Opportunity cards, drawn from the present state."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import AppError
from bot.core.forms import withheld
from bot.core.markup import escape
from bot.dispatch import CardButton, CardRef, CardView
from bot.language.money import show_money
from cards.contracts import NewContractButton
from cards.opportunities import AskStageButton, CloseButton, MoveButton, list_card, new_card
from handlers.opportunities import service
from handlers.opportunities.rules import EXAMPLE, REASONS, RESULTS, days_text
from handlers.opportunities.service import Details
from handlers.products.lines import discount_text
from handlers.undo.views import undo_buttons
from storage import dictionaries, stages
from storage.opportunities import OpportunityFilter
from storage.tables import Opportunity


def one_ref(opportunity_id: int, undo_id: int | None = None, said: str = "") -> CardRef:
    """The opportunity's card; it changes with the opportunity."""
    state = {"opportunity_id": opportunity_id, "undo_id": undo_id, "said": said}
    return CardRef("opportunities.one", state, (f"opportunity:{opportunity_id}",))


def money(amount: Decimal | None) -> str:
    """¥300,000.00; — for whom it is hidden."""
    return "—" if amount is None else show_money(amount)


def day_text(day: date | None, ctx: Context) -> str:
    """7月31日, with the year where it is another."""
    if day is None:
        return ""
    year = f"{day.year}年" if day.year != ctx.today.year else ""
    return f"{year}{day.month}月{day.day}日"


def paint_one(state: dict[str, Any], ctx: Context) -> CardView:
    """One opportunity; what the viewer may not see is one neutral sentence."""
    try:
        details = service.show_opportunity(ctx, int(state["opportunity_id"]))
    except AppError as refusal:
        return CardView("商机", body=str(state.get("said") or "") or refusal.text)
    found, own = details.opportunity, details.opportunity.owner_id == ctx.actor.user_id
    rate = details.stage.win_rate if found.probability is None else found.probability
    by_hand = "（手工）" if found.probability is not None else ""
    since = days_text(int((ctx.now - found.stage_since).total_seconds()))
    fields = [
        ("客户", escape(details.customer_name)),
        ("金额", money(found.amount)),
        ("阶段", f"{details.stage.name} · 赢率 {rate}%{by_hand} · 已 {since}"),
        ("负责人", "你" if own else details.owner_name),
    ]
    if found.expected_on is not None:
        overdue = " · 已逾期" if found.result == "open" and found.expected_on < ctx.today else ""
        fields.append(("预计成交", day_text(found.expected_on, ctx) + overdue))
    if found.result != "open":
        why = " · ".join(p for p in (found.lost_reason, details.won_by) if p)
        fields.append(("结果", RESULTS[found.result] + (f"：{escape(why)}" if why else "")))
    if found.last_follow_up_at is not None:
        fields.append(("最近跟进", day_text(found.last_follow_up_at.date(), ctx)))
    body = "\n".join([escape(str(state.get("said") or "")), *_line_texts(details), *_met_texts(details)]).strip()
    may = (own and ctx.actor.may(Permission.OPPORTUNITY_ADD)) or ctx.actor.may(Permission.OPPORTUNITY_EDIT)
    buttons = undo_buttons(ctx, state.get("undo_id"))
    if may and found.result == "open":
        buttons += [
            CardButton("改阶段", AskStageButton(opportunity_id=found.id or 0), typed=f"{found.name} 进入 报价"),
            CardButton("赢了", CloseButton(opportunity_id=found.id or 0, won=True), typed=f"{found.name} 赢了"),
            CardButton("输了", CloseButton(opportunity_id=found.id or 0, won=False), typed=f"{found.name} 输了"),
        ]
    if (own and ctx.actor.may(Permission.CONTRACT_ADD)) or ctx.actor.may(Permission.CONTRACT_EDIT):
        buttons += won_buttons(found, details.customer_name)
    return CardView(f"商机 {found.name}", body=body, fields=tuple(fields), buttons=tuple(buttons))


def won_buttons(found: Opportunity, customer: str) -> list[CardButton]:
    """What follows a won opportunity: its contract, filled with what is known of it (R4.02)."""
    if found.result != "won":
        return []
    button = NewContractButton(customer_id=found.customer_id, opportunity_id=found.id)
    return [CardButton("登记合同", button, "primary", typed=f"合同 {customer} {found.name}")]


def _line_texts(details: Details) -> list[str]:
    texts = []
    for line in details.lines:
        amount: Decimal | None = line.amount
        cut = " ".join(p for p in (discount_text(line.discount), "" if amount is None else money(amount)) if p)
        texts.append(f"- {escape(line.code)} {escape(line.name)} × {line.quantity.normalize():f}{line.unit} {cut}")
    return texts


def _met_texts(details: Details) -> list[str]:
    """The competitors met, with what they are good and bad at and what to do (R3.11)."""
    texts = []
    for met in details.met:
        link, rival = met.link, met.competitor
        quoted = f"报价 {money(link.price)}" if link.price is not None else ""
        head = " · ".join(p for p in (quoted, f"威胁 {link.threat}" if link.threat else "", link.note) if p)
        texts.append(f"**{escape(rival.name)}** {escape(head)}".strip())
        about = (("优势", rival.strengths), ("劣势", rival.weaknesses), ("应对", rival.tactics))
        texts += [f"{label}：{escape(words)}" for label, words in about if words]
    return texts


def paint_stages(state: dict[str, Any], ctx: Context) -> CardView:
    """The stages it may go into."""
    details = service.show_opportunity(ctx, int(state["opportunity_id"]))
    key, name = details.opportunity.id or 0, details.opportunity.name
    with ctx.begin() as tx:
        known = [s for s in stages.list_stages(tx) if s.active and s.kind == "open" and s.id != details.stage.id]
    buttons = [
        CardButton(s.name, MoveButton(opportunity_id=key, stage_id=s.id or 0), typed=f"{name} 进入 {s.name}")
        for s in known
    ]
    return CardView(f"商机 {name}", body=f"现在在{details.stage.name}，改到哪个阶段？", buttons=tuple(buttons))


def paint_why(state: dict[str, Any], ctx: Context) -> CardView:
    """输在哪？"""
    details = service.show_opportunity(ctx, int(state["opportunity_id"]))
    key, name = details.opportunity.id or 0, details.opportunity.name
    if state.get("rival"):
        return CardView(f"商机 {name}", body="输给了哪家？直接发名称，例如「海天」。")
    buttons = [
        CardButton(f"{r} 的原因" if len(r) < 2 else r, CloseButton(opportunity_id=key, won=False, reason=n), typed=r)
        for n, r in enumerate(REASONS, start=1)
    ]
    return CardView(f"商机 {name}", body="输在哪？", buttons=tuple(buttons))


def filter_of(state: dict[str, Any], ctx: Context) -> OpportunityFilter:
    """The list's conditions, with days reckoned from today."""
    quiet = state.get("quiet_days")
    midnight = ctx.now.replace(hour=0, minute=0, second=0, microsecond=0)
    return OpportunityFilter(
        words=tuple(str(w) for w in state.get("words", ())), mine=str(state.get("mine", "")),
        customer_id=state.get("customer_id"), stage_id=state.get("stage_id"), result=str(state.get("result", "open")),
        least=Decimal(state["least"]) if state.get("least") else None,
        most=Decimal(state["most"]) if state.get("most") else None,
        overdue_on=ctx.today if state.get("overdue") else None,
        quiet_since=midnight - timedelta(days=int(quiet) - 1) if quiet is not None else None,
    )  # fmt: skip


def paint_list(state: dict[str, Any], ctx: Context) -> CardView:
    """A page of opportunities, with how many and how much in all."""
    number = int(state.get("page", 1))
    page = service.list_opportunities(ctx, filter_of(state, ctx), number)
    rows = []
    for one in page.rows:
        owner = "" if one.owner_id == ctx.actor.user_id else page.owners.get(one.owner_id or "", "")
        amount: Decimal | None = one.amount
        due = f"预计 {day_text(one.expected_on, ctx)}" if one.expected_on else ""
        stage = page.stages[one.stage_id].name
        facts = (page.customers.get(one.customer_id, ""), "" if amount is None else money(amount), stage, owner, due)
        rows.append((one.id or 0, one.name, " · ".join(p for p in facts if p)))
    shown = f"（第 {number}/{page.pages} 页）" if page.pages > 1 else ""
    summed = f" · 合计 {show_money(page.amount)}" if page.amount is not None else ""
    title = "我的商机" if state.get("mine") else "逾期商机" if state.get("overdue") else "商机"
    empty = f"没有符合的商机。要建一个，发送「{EXAMPLE}」。"
    head = f"共 {page.total} 个{summed}{shown}"
    return list_card(title, head, rows, page=number, pages=page.pages, empty=empty)


def paint_new(state: dict[str, Any], ctx: Context) -> CardView:
    """The form of a new opportunity."""
    with ctx.begin() as tx:
        sources = dictionaries.list_values(tx, "opportunity", "source")
    return new_card(state.get("draft", {}), service.list_open_stages(ctx), sources, withheld(ctx.actor, "opportunity"))
