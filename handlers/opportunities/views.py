"""Opportunity cards, drawn from the present state."""

from datetime import date
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import AppError
from bot.core.forms import withheld
from bot.core.markup import escape
from bot.dispatch import CardButton, CardRef, CardRow, CardView, Reply, Talk
from bot.language.money import show_money
from cards.contracts import NewContractButton
from cards.opportunities import (
    MOST,
    AskStageButton,
    CloseButton,
    EditOpportunityButton,
    EditSheet,
    MoveButton,
    ReopenButton,
    edit_card,
    folded,
    list_card,
    new_card,
)
from cards.opportunitylines import AddLineButton
from cards.rivals import MeetButton
from handlers.customers.views import moment_text
from handlers.customfields.values import asked_of, custom_lines
from handlers.opportunities import service
from handlers.opportunities.history import Changed
from handlers.opportunities.listing import step_filter
from handlers.opportunities.rules import BY_RIVAL, EXAMPLE, REASONS, RESULTS, check_open, days_text
from handlers.opportunities.service import Details
from handlers.opportunities.stale import stale_text
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
        said = escape(str(state.get("said") or ""))  # one that was given away may be out of sight by now
        return CardView("商机", body=said or refusal.text, buttons=tuple(undo_buttons(ctx, state.get("undo_id"))))
    found, own = details.opportunity, details.opportunity.owner_id == ctx.actor.user_id
    rate = details.stage.win_rate if found.probability is None else found.probability
    by_hand = "（手工）" if found.probability is not None else ""
    lasted = days_text(int((ctx.now - found.stage_since).total_seconds()))
    since = f" · 已 {lasted}" if lasted and found.result == "open" else ""
    stuck = stale_text(found, details.stage, ctx.today)
    fields = [
        ("客户", escape(details.customer_name)),
        ("金额", money(found.amount)),
        ("阶段", f"{details.stage.name} · 赢率 {rate}%{by_hand}{since}{f' · {stuck}' if stuck else ''}"),
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
    fields += custom_lines(ctx, "opportunity", found)
    body = "\n".join([escape(str(state.get("said") or "")), *_line_texts(details), *_met_texts(details)]).strip()
    may = (own and ctx.actor.may(Permission.OPPORTUNITY_ADD)) or ctx.actor.may(Permission.OPPORTUNITY_EDIT)
    buttons = undo_buttons(ctx, state.get("undo_id")) + (_write_buttons(found, ctx) if may else [])
    if (own and ctx.actor.may(Permission.CONTRACT_ADD)) or ctx.actor.may(Permission.CONTRACT_EDIT):
        buttons += won_buttons(found, details.customer_name)
    shown = folded(buttons, opportunity_id=found.id or 0, more=bool(state.get("more")))
    rows = tuple(
        CardRow(
            " ".join(p for p in (moment_text(e.at, ctx, timed=True), e.method, details.names.get(e.by, "")) if p),
            escape(e.text),
        )
        for e in details.story
    )
    return CardView(f"商机 {found.name}", body=body, fields=tuple(fields), rows=rows, buttons=tuple(shown))


def _write_buttons(found: Opportunity, ctx: Context) -> list[CardButton]:
    key, name = found.id or 0, found.name
    if found.result != "open":
        if not ctx.actor.may(Permission.OPPORTUNITY_EDIT):
            return []
        return [CardButton("重新打开", ReopenButton(opportunity_id=key), typed=f"重新打开 {name}")]
    buttons = [
        CardButton("改阶段", AskStageButton(opportunity_id=key), typed=f"{name} 进入 报价"),
        CardButton("赢了", CloseButton(opportunity_id=key, won=True), typed=f"{name} 赢了"),
        CardButton("输了", CloseButton(opportunity_id=key, won=False), typed=f"{name} 输了"),
        CardButton("加产品", AddLineButton(opportunity_id=key), typed=f"{name} 加产品 ZJ-001 2台"),
    ]
    if ctx.actor.may(Permission.COMPETITOR_VIEW):
        buttons.append(CardButton("加对手", MeetButton(opportunity_id=key), typed=f"{name} 加竞争对手 海天"))
    return [*buttons, CardButton("修改", EditOpportunityButton(opportunity_id=key), typed=f"{name} 金额 35万")]


def won_buttons(found: Opportunity, customer: str) -> list[CardButton]:
    """What follows a won opportunity: its contract, filled with what is known of it (R4.02)."""
    if found.result != "won":
        return []
    button = NewContractButton(customer_id=found.customer_id, opportunity_id=found.id)
    return [CardButton("登记合同", button, "primary", typed=f"合同 {customer} {found.name}")]


def _line_texts(details: Details) -> list[str]:
    texts = []
    for line in details.lines:
        price: Decimal | None = line.price
        amount: Decimal | None = line.amount
        each = "" if price is None else f"{money(price)}/{line.unit}" if line.unit else money(price)
        cut = " ".join(p for p in (each, discount_text(line.discount), "" if amount is None else money(amount)) if p)
        called = " ".join(p for p in (line.code, line.name, line.spec) if p)
        texts.append(f"- {escape(called)} × {line.quantity.normalize():f}{line.unit} {cut}")
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
        return _paint_rivals(key, name, ctx)
    buttons = [
        CardButton(f"{r} 的原因" if len(r) < 2 else r, CloseButton(opportunity_id=key, won=False, reason=n), typed=r)
        for n, r in enumerate(REASONS, start=1)
    ]
    return CardView(f"商机 {name}", body="输在哪？", buttons=tuple(buttons))


def _paint_rivals(key: int, name: str, ctx: Context) -> CardView:
    """输给了哪家？ Those that were met in it first."""
    place = 1 + next(n for n, reason in enumerate(REASONS) if reason in BY_RIVAL)
    buttons = [
        CardButton(
            called[:20], CloseButton(opportunity_id=key, won=False, reason=place, rival_id=rival_id), typed=called
        )
        for rival_id, called in service.list_rivals(ctx, key)[:MOST]
    ]  # fmt: skip
    say = "点一家，或直接发名称" if buttons else "直接发名称"
    return CardView(f"商机 {name}", body=f"输给了哪家？{say}，例如「海天」。", buttons=tuple(buttons))


def filter_of(state: dict[str, Any], ctx: Context) -> OpportunityFilter:
    """As `step_filter`, for a door."""
    with ctx.begin() as tx:
        return step_filter(tx, ctx, state)


def paint_list(state: dict[str, Any], ctx: Context) -> CardView:
    """A page of opportunities, with how many and how much in all."""
    number = int(state.get("page", 1))
    page = service.list_opportunities(ctx, filter_of(state, ctx), number)
    rows = []
    for one in page.rows:
        owner = "" if one.owner_id == ctx.actor.user_id else page.owners.get(one.owner_id or "", "")
        amount: Decimal | None = one.amount
        due = f"预计 {day_text(one.expected_on, ctx)}" if one.expected_on else ""
        stage = page.stages[one.stage_id]
        stuck = stale_text(one, stage, ctx.today)
        customer = page.customers.get(one.customer_id, "")
        facts = (customer, "" if amount is None else money(amount), stage.name, stuck, owner, due)
        rows.append((one.id or 0, one.name, " · ".join(p for p in facts if p)))
    shown = f"（第 {number}/{page.pages} 页）" if page.pages > 1 else ""
    summed = f" · 合计 {show_money(page.amount)}" if page.amount is not None else ""
    named = (("mine", "我的商机"), ("overdue", "逾期商机"), ("stale", "停滞商机"))
    title = next((title for key, title in named if state.get(key)), "商机")
    title = " · ".join(p for p in (title, str(state.get("owner_name") or ""), *state.get("said", ())) if p)
    empty = f"没有符合的商机。要建一个，发送「{EXAMPLE}」。"
    head = f"共 {page.total} 个{summed}{shown}"
    return list_card(title, head, rows, page=number, pages=page.pages, empty=empty)


def paint_new(state: dict[str, Any], ctx: Context) -> CardView:
    """The form of a new opportunity."""
    with ctx.begin() as tx:
        sources = dictionaries.list_values(tx, "opportunity", "source")
    draft = state.get("draft", {})
    return new_card(
        draft, service.list_open_stages(ctx), sources, withheld(ctx.actor, "opportunity"),
        asked_of(ctx, "opportunity", draft.get("custom", {})), str(state.get("missing") or ""),
    )  # fmt: skip


def edit_ref(opportunity_id: int) -> CardRef:
    """The form of a change."""
    return CardRef("opportunities.edit", {"opportunity_id": opportunity_id}, (f"opportunity:{opportunity_id}",))


def paint_edit(state: dict[str, Any], ctx: Context) -> CardView:
    """What is known of it, to be changed; of one that is closed by now, why it cannot be."""
    details = service.show_opportunity(ctx, int(state["opportunity_id"]))
    found = details.opportunity
    check_open(found.name, found.result)
    with ctx.begin() as tx:
        sources = dictionaries.list_values(tx, "opportunity", "source")
    amount: Decimal | None = found.amount
    sheet = EditSheet(
        found.id or 0, found.version, found.name, "" if amount is None else f"{amount:f}", found.expected_on,
        found.probability, found.source, bool(details.lines),
    )  # fmt: skip
    return edit_card(sheet, sources, withheld(ctx.actor, "opportunity"), asked_of(ctx, "opportunity", found))


def answered(done: Changed, talk: Talk) -> Reply:
    """The opportunity's card with what was done; nothing is asked any more."""
    talk.settle()
    return Reply(card=one_ref(done.opportunity_id, done.undo_id, done.text))
