"""Lead cards, drawn from the present state."""

from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import AppError
from bot.core.forms import withheld
from bot.core.markup import escape
from bot.dispatch import CardButton, CardRef, CardRow, CardView
from cards.customers import OpenButton, doubt_card
from cards.leadpool import AskReturnLeadButton
from cards.leads import (
    ConvertLeadButton,
    EditLeadButton,
    FollowLeadButton,
    InvalidLeadButton,
    LeadStateButton,
    edit_card,
    list_card,
    new_card,
)
from cards.opportunities import OpenOpportunityButton
from handlers.customers.rules import MaybeDuplicate
from handlers.customers.views import askable, likeness, moment_text
from handlers.customfields.values import asked_of, custom_lines
from handlers.leads import service
from handlers.leads.converting import Own
from handlers.leads.reading import filter_of
from handlers.leads.rules import EXAMPLE, POOL, REASONS, STATES, NotYours, check_open
from handlers.leads.service import Details
from handlers.opportunities.reading import SaidDeal
from handlers.undo.views import undo_buttons
from storage import dictionaries
from storage.leads import OPEN
from storage.tables import Lead


def one_ref(lead_id: int, undo_id: int | None = None, said: str = "") -> CardRef:
    """The lead's card; it changes with the lead."""
    return CardRef("leads.one", {"lead_id": lead_id, "undo_id": undo_id, "said": said}, (f"lead:{lead_id}",))


def paint_one(state: dict[str, Any], ctx: Context) -> CardView:
    """One lead; what the viewer may not see is one neutral sentence."""
    try:
        details = service.show_lead(ctx, int(state["lead_id"]))
    except AppError as refusal:
        return CardView("线索", body=refusal.text)
    lead = details.lead
    owner = "你" if lead.owner_id == ctx.actor.user_id else details.owner_name or _nobody(ctx)
    shown = STATES[lead.state] + (f"：{escape(lead.invalid_reason)}" if lead.state == "invalid" else "")
    fields = [("状态", shown), ("负责人", owner)]
    person = " ".join(p for p in (lead.contact, lead.mobile) if p)
    fields += [(k, escape(v)) for k, v in (("联系人", person), ("来源", lead.source), ("备注", lead.remark)) if v]
    fields += custom_lines(ctx, "lead", lead)
    if len(details.history) > 1:
        before = [escape(details.names.get(h.owner_id or "", POOL)) for h in reversed(details.history[:4])]
        fields.append(("先后负责", " → ".join(before)))
    if lead.state == "converted":
        fields.append(("转成", escape(details.customer) or "客户（不在你能看的范围里）"))
        if details.opportunity:
            fields.append(("商机", escape(details.opportunity)))
    if lead.next_follow_up_at is not None and lead.state in OPEN:
        fields.append(("下次跟进", moment_text(lead.next_follow_up_at, ctx, timed=lead.next_timed)))
    if details.days_left is not None:
        fields.append(("返回公海", f"还有 {max(0, details.days_left)} 天（没有新跟进就自动返回线索公海）"))
    rows = tuple(
        CardRow(
            f"{moment_text(f.at, ctx, timed=True)} {f.method} {details.names.get(f.user_id, '')}".strip(),
            escape(f.content),
        )
        for f in details.timeline
    )
    body = escape(str(state.get("said") or ""))
    if (
        lead.owner_id is None
        and lead.state in OPEN
        and ctx.actor.scope.lead_pool
        and ctx.actor.may(Permission.POOL_CLAIM)
    ):
        told = f"在线索公海里，发送「领取线索 {escape(lead.company)}」后能看到联系人和电话。"
        body = f"{body}\n{told}".strip()
    if details.total > len(rows):
        body = f"{body}\n共 {details.total} 条跟进，显示最近 {len(rows)} 条".strip()
    buttons = undo_buttons(ctx, state.get("undo_id")) + _buttons(details, ctx)
    return CardView(f"线索 {lead.company}", body=body, fields=tuple(fields), rows=rows, buttons=tuple(buttons))


def _buttons(details: Details, ctx: Context) -> list[CardButton]:
    lead, may = details.lead, ctx.actor.may
    key, name = lead.id or 0, details.lead.company
    if lead.state == "converted":
        found = []
        if details.customer and lead.converted_customer_id:
            open_it = OpenButton(customer_id=lead.converted_customer_id)
            found.append(CardButton("看客户", open_it, typed=f"查 {details.customer}"))
        if details.opportunity and lead.converted_opportunity_id:
            deal = OpenOpportunityButton(opportunity_id=lead.converted_opportunity_id)
            found.append(CardButton("看商机", deal, typed=f"商机 {details.opportunity}"))
        return found
    if not details.may_write:
        return []
    if lead.state == "invalid":
        back = LeadStateButton(lead_id=key, state="following")
        return [CardButton("恢复", back, typed=f"恢复线索 {name}")]
    buttons = []
    if may(Permission.FOLLOWUP_ADD):
        buttons.append(CardButton("记跟进", FollowLeadButton(lead_id=key), typed=f"跟进线索 {name} "))
    if lead.state != "interested":
        keen = LeadStateButton(lead_id=key, state="interested")
        buttons.append(CardButton("有意向", keen, typed=f"线索有意向 {name}"))
    buttons.append(CardButton("转客户", ConvertLeadButton(lead_id=key), typed=f"线索转客户 {name}"))
    if may(Permission.OPPORTUNITY_ADD):
        both = ConvertLeadButton(lead_id=key, opportunity=True)
        buttons.append(CardButton("转客户并建商机", both, typed=f"转客户并建商机 {name}"))
    buttons.append(CardButton("无效", InvalidLeadButton(lead_id=key), typed=f"线索无效 {name}"))
    buttons.append(CardButton("修改", EditLeadButton(lead_id=key), typed=f"改线索 {name}"))
    own = lead.owner_id == ctx.actor.user_id
    if ctx.settings.lead_pool and lead.owner_id and may(Permission.POOL_CLAIM if own else Permission.POOL_RETURN):
        buttons.append(CardButton("退回公海", AskReturnLeadButton(lead_id=key), typed=f"退回线索 {name} "))
    return buttons


def _nobody(ctx: Context) -> str:
    return POOL if ctx.settings.lead_pool else "（没有负责人）"


def paint_why(state: dict[str, Any], ctx: Context) -> CardView:
    """为什么无效？"""
    lead = service.show_lead(ctx, int(state["lead_id"])).lead
    buttons = [
        CardButton(reason, InvalidLeadButton(lead_id=lead.id or 0, reason=n), typed=reason)
        for n, reason in enumerate(REASONS, start=1)
    ]
    return CardView(f"线索 {lead.company}", body="为什么无效？点一个，或直接写原因。", buttons=tuple(buttons))


def doubt_ref(lead_id: int, doubt: MaybeDuplicate, *, opportunity: bool, custom: Own, deal: SaidDeal) -> CardRef:
    """A customer that is like it; what was said of the conversion already is kept."""
    said = {"opportunity": opportunity, "custom": custom, "deal": deal.row()}
    state = {"lead_id": lead_id, **said, **likeness(doubt)}
    return CardRef("leads.doubt", state, (f"lead:{lead_id}",))


def paint_doubt(state: dict[str, Any], ctx: Context) -> CardView:
    """Another customer all the same, or ask the colleague to be added?"""
    lead = service.show_lead(ctx, int(state["lead_id"])).lead
    anyway = ConvertLeadButton(lead_id=lead.id or 0, opportunity=bool(state["opportunity"]), anyway=True)
    return doubt_card(
        str(state["doubt"]), askable(state, ctx), asked=str(state.get("asked", "")), title=f"线索 {lead.company}",
        anyway=anyway,
    )  # fmt: skip


def paint_new(state: dict[str, Any], ctx: Context) -> CardView:
    """The form of a new lead."""
    draft = state.get("draft", {})
    with ctx.begin() as tx:
        sources = dictionaries.list_values(tx, "lead", "source")
    missing = str(state.get("missing") or "要记哪条线索？写上公司，其他可以以后补。")
    custom = asked_of(ctx, "lead", draft.get("custom", {}))
    return new_card(draft, sources, missing=missing, withheld=withheld(ctx.actor, "lead"), custom=custom)


def edit_ref(ctx: Context, lead_id: int) -> CardRef:
    """The form of a lead as it stands now. Raises Forbidden, NotFound, NotYours, Over."""
    lead = _changeable(ctx, lead_id)
    return CardRef("leads.edit", {"lead_id": lead_id, "version": lead.version})


def _changeable(ctx: Context, lead_id: int) -> Lead:
    details = service.show_lead(ctx, lead_id)
    if not details.may_write:
        raise NotYours(f"线索「{details.lead.company}」你只能查看。要改可以联系负责人。")
    check_open(details.lead.company, details.lead.state)
    return details.lead


def paint_edit(state: dict[str, Any], ctx: Context) -> CardView:
    """Filled with what is there now; a version older than that is refused when it is handed in."""
    try:
        lead = _changeable(ctx, int(state["lead_id"]))
    except AppError as refusal:
        return CardView("修改线索", body=refusal.text)
    with ctx.begin() as tx:
        sources = dictionaries.list_values(tx, "lead", "source")
    known = {n: str(getattr(lead, n)) for n in ("company", "contact", "mobile", "source", "remark")}
    return edit_card(
        known, sources, lead_id=lead.id or 0, version=int(state["version"]), withheld=withheld(ctx.actor, "lead"),
        custom=asked_of(ctx, "lead", lead),
    )  # fmt: skip


def paint_list(state: dict[str, Any], ctx: Context) -> CardView:
    """A page of leads, with how many in all."""
    number = int(state.get("page", 1))
    page = service.list_leads(ctx, filter_of(state), number)
    rows = []
    for lead in page.rows:
        owner = "" if lead.owner_id == ctx.actor.user_id else page.owners.get(lead.owner_id or "", _nobody(ctx))
        facts = (STATES[lead.state], " ".join(p for p in (lead.contact, lead.mobile) if p), lead.source, owner)
        rows.append((lead.id or 0, lead.company, " · ".join(p for p in facts if p)))
    shown = f"（第 {min(number, page.pages)}/{page.pages} 页）" if page.pages > 1 else ""
    told = f" · {escape(str(state['told']))}" if state.get("told") else ""
    title = ("我的线索" if state.get("mine") else "线索") + told
    empty = f"没有符合的线索；已转客户和无效的发送「线索 全部」看。要记一条，发送「{EXAMPLE}」。"
    return list_card(title, f"共 {page.total} 条{shown}", rows, page=number, pages=page.pages, empty=empty)
