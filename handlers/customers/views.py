"""Customer cards, drawn from the present state; shared by what is typed and what is tapped."""

from datetime import date, datetime, time
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import AppError
from bot.core.forms import withheld
from bot.core.markup import escape
from bot.dispatch import CardButton, CardView
from cards import customers as customer_cards
from cards.comments import CommentButton
from cards.contacts import ContactsButton
from cards.contracts import NewContractButton
from cards.customers import CustomerSheet, FollowButton, TimelineButton, contact_line, facts_line
from cards.editing import EditButton
from cards.leads import OpenLeadButton
from cards.opportunities import NewOpportunityButton
from cards.payments import NewPaymentButton
from cards.pool import AskReturnButton, ClaimButton
from cards.timeline import HistoryButton
from handlers.customers import service
from handlers.customers.chain import chain_text, origin_text
from handlers.customers.creating import NewCustomer
from handlers.customers.reading import custom_asked, list_options, withheld_of
from handlers.customers.rules import MaybeDuplicate
from handlers.customers.service import CustomerDetails
from handlers.customfields.values import asked_of, custom_lines
from handlers.undo.views import undo_buttons
from storage.tables import Contact, Customer, FollowUp, TeamMember

WEEKDAYS = "一二三四五六日"
NOON = time(12, 0)  # where a day was told without an hour, it stands at noon and is shown as the day alone
HOW = {
    "create": "新建",
    "claim": "领取",
    "assign": "分配",
    "return": "退回公海",
    "recycle": "自动返回公海",
    "load": "导入",
    "import": "导入",
    "transfer": "更换负责人",
    "handover": "交接",
    "undo": "撤销",
}


def moment_text(moment: Any, ctx: Context, *, timed: bool = True) -> str:
    """今天 14:30 · 昨天 09:00 · 7月5日 周三 15:00 (U30)."""
    days = (moment.date() - ctx.today).days
    near = {0: "今天", 1: "明天", 2: "后天", -1: "昨天"}.get(days)
    year = f"{moment.year}年" if moment.year != ctx.today.year else ""
    day = near or f"{year}{moment.month}月{moment.day}日 周{WEEKDAYS[moment.weekday()]}"
    return f"{day} {moment:%H:%M}" if timed else day


def told_text(at: datetime, ctx: Context) -> str:
    """When something happened; without an hour that nobody has said."""
    return moment_text(at, ctx, timed=at.timetz().replace(tzinfo=None) not in (NOON, time(0, 0)))


def sheet_of(details: CustomerDetails, ctx: Context) -> CustomerSheet:
    """The customer in words, as this actor may see it."""
    customer = details.customer
    own = customer.owner_id == ctx.actor.user_id
    pooled = customer.owner_id is None
    owner = "公海" if pooled else "你" if own else details.owner_name
    if pooled and customer.pooled_at is not None:
        owner = f"公海（{(ctx.today - customer.pooled_at.date()).days} 天）"
    works = own or details.member == "write"
    contacts = tuple(
        contact_line(c, marks=marks_of(c), masked=not works)
        + "".join(f" · {label} {said}" for label, said in custom_lines(ctx, "contact", c))
        for c in details.contacts
        if not c.disabled_reason
    )
    last = ""
    if customer.last_follow_up_at is not None:
        last = told_text(customer.last_follow_up_at, ctx)
    planned = ""
    if customer.next_follow_up_at is not None:
        planned = moment_text(customer.next_follow_up_at, ctx, timed=customer.next_timed)
    history = tuple(
        f"{told_text(h.from_at, ctx)} {HOW[h.how]}"
        + (f" {details.names.get(h.owner_id, h.owner_id)}" if h.owner_id else "")
        for h in details.history[:3]
    )
    chain = chain_text(details, pooled=pooled)
    team = "、".join(member_text(m, details.names, ctx) for m in details.team)
    locked = customer.lock_until is not None and customer.lock_until >= ctx.today and not pooled
    tags = (("已成交",) if details.chain.closed else ()) + (
        (f"锁定到 {day_text(customer.lock_until, ctx)}",) if locked and customer.lock_until else ()
    )
    return CustomerSheet(
        customer_id=customer.id or 0,
        name=customer.name,
        facts=facts_line(customer),
        owner=owner,
        contacts=contacts,
        last=last,
        next=planned,
        timeline=tuple(follow_up_line(f, details.names, ctx) for f in details.timeline),
        history=history,
        may_follow=ctx.actor.may(Permission.FOLLOWUP_ADD)
        and (works or (not pooled and details.member != "read" and ctx.actor.may(Permission.FOLLOWUP_EDIT))),
        may_claim=pooled and ctx.actor.may(Permission.POOL_CLAIM),
        may_return=(own and ctx.actor.may(Permission.POOL_CLAIM))
        or (not pooled and ctx.actor.may(Permission.POOL_RETURN)),
        timeline_pages=max(1, -(-details.timeline_total // 5)),
        custom=custom_lines(ctx, "customer", customer),
        tags=tags,
        about=tuple((label, escape(value)) for label, value in _about(customer)),
        chain=chain,
        origins=tuple(origin_text(one, details.names, ctx) for one in details.origins),
        team=team,
        may_edit=not pooled
        and (
            (works and (ctx.actor.may(Permission.CUSTOMER_ADD) or ctx.actor.may(Permission.CUSTOMER_EDIT)))
            or (details.member != "read" and ctx.actor.may(Permission.CUSTOMER_EDIT))
        ),
        own=own,
        pooled=pooled,
        dealt=bool(details.chain.contracts and details.chain.contracts.count),
    )


def _about(customer: Customer) -> list[tuple[str, str]]:
    place = f"{customer.region} {customer.address}".strip()
    facts = [
        ("简称", customer.short_name), ("电话", customer.phone), ("地址", place), ("网址", customer.website),
        ("信用代码", customer.credit_code or ""), ("备注", customer.remark),
    ]  # fmt: skip
    return [(label, value) for label, value in facts if value]


def marks_of(contact: Contact) -> str:
    """主 · 决策人 · 已离职."""
    marks = ("主" if contact.main else "", "决策人" if contact.decider else "")
    return " · ".join(
        m for m in (*marks, contact.disabled_reason and f"已停用：{escape(contact.disabled_reason)}") if m
    )


def day_text(day: date, ctx: Context) -> str:
    """3月31日; of another year 2027年3月31日."""
    year = f"{day.year}年" if day.year != ctx.today.year else ""
    return f"{year}{day.month}月{day.day}日"


def member_text(member: TeamMember, names: dict[str, str], ctx: Context) -> str:
    """李敏（可写，到 3月31日）."""
    until = f"，到 {day_text(member.until, ctx)}" if member.until else ""
    return f"{escape(names.get(member.user_id, member.user_id))}（{'可写' if member.may_write else '只读'}{until}）"


def next_steps(ctx: Context, sheet: CustomerSheet) -> list[CardButton]:
    """What can be done next without typing the customer again. Each capability of the chain adds its button here."""
    steps: list[CardButton] = []
    if sheet.may_follow:
        steps.append(
            CardButton("记跟进", FollowButton(customer_id=sheet.customer_id), "primary", typed=f"跟进 {sheet.name} ")
        )
    may, key = ctx.actor.may, sheet.customer_id
    if sheet.pooled:
        return steps
    if may(Permission.OPPORTUNITY_ADD) and (sheet.own or may(Permission.OPPORTUNITY_EDIT)):
        typed = f"商机 {sheet.name} 二期扩容 30万 月底签"
        steps.append(CardButton("建商机", NewOpportunityButton(customer_id=key), typed=typed))
    if may(Permission.CONTRACT_ADD) and (sheet.own or may(Permission.CONTRACT_EDIT)):
        steps.append(CardButton("登记合同", NewContractButton(customer_id=key), typed=f"合同 {sheet.name} 30万 一年"))
    if sheet.dealt and may(Permission.PAYMENT_ADD):
        steps.append(CardButton("登记回款", NewPaymentButton(customer_id=key), typed=f"回款 {sheet.name} 5万"))
    return steps


def follow_up_line(follow_up: FollowUp, names: dict[str, str], ctx: Context) -> tuple[str, str]:
    """11月3日 周二 10:00 电话 李娜, and what was said."""
    who = names.get(follow_up.user_id, follow_up.user_id)
    method = f" {follow_up.method}" if follow_up.method else ""
    return f"{told_text(follow_up.at, ctx)}{method} {who}", escape(follow_up.content)


def paint_customer(state: dict[str, Any], ctx: Context) -> CardView:
    """One customer; what the viewer may not see any more is one neutral sentence."""
    try:
        details = service.show_customer(ctx, int(state["customer_id"]), page=int(state.get("page", 1)))
    except AppError as refusal:
        return CardView("客户", body=refusal.text)
    page = int(state.get("page", 1))
    sheet = sheet_of(details, ctx)
    buttons: list[CardButton] = []
    buttons += next_steps(ctx, sheet)
    if sheet.may_claim:
        buttons.append(
            CardButton(
                f"领取 {sheet.name}", ClaimButton(customer_id=sheet.customer_id), "primary", typed=f"领取 {sheet.name}"
            )
        )
    if page > 1:
        buttons.append(CardButton("看较新的", TimelineButton(customer_id=sheet.customer_id, page=page - 1)))
    if page < sheet.timeline_pages:
        buttons.append(CardButton("看更早的", TimelineButton(customer_id=sheet.customer_id, page=page + 1)))
    if not page > 1 and details.customer.owner_id is not None:
        buttons.append(
            CardButton("全部动态", HistoryButton(customer_id=sheet.customer_id), typed=f"{sheet.name} 时间线")
        )
        if ctx.actor.may(Permission.FOLLOWUP_ADD):
            buttons.append(
                CardButton("评论", CommentButton(customer_id=sheet.customer_id), typed=f"评论 {sheet.name} @同事 内容")
            )
    if not page > 1 and len(details.origins) == 1:
        lead = details.origins[0]
        buttons.append(CardButton("来源线索", OpenLeadButton(lead_id=lead.lead_id), typed=f"线索 {lead.company}"))
    if sheet.may_edit:
        buttons.append(CardButton("修改", EditButton(customer_id=sheet.customer_id), typed=f"补充信息 {sheet.name}"))
    if details.contacts:
        buttons.append(
            CardButton("联系人", ContactsButton(customer_id=sheet.customer_id), typed=f"{sheet.name} 的联系人")
        )
    if sheet.may_return:
        buttons.append(
            CardButton("退回公海", AskReturnButton(customer_id=sheet.customer_id), typed=f"退回 {sheet.name}")
        )
    more = bool(state.get("more"))
    shown = customer_cards.folded(buttons, customer_id=sheet.customer_id, page=page, more=more)
    return customer_cards.customer_card(sheet, shown)


def paint_created(state: dict[str, Any], ctx: Context) -> CardView:
    """A customer just created."""
    try:
        details = service.show_customer(ctx, int(state["customer_id"]))
    except AppError:
        return CardView(f"新建客户 {state.get('name', '')}", body="这次新建已撤销。")
    sheet = sheet_of(details, ctx)
    buttons = next_steps(ctx, sheet)
    if sheet.may_edit:
        buttons.append(
            CardButton("补充信息", EditButton(customer_id=sheet.customer_id), typed=f"补充信息 {sheet.name}")
        )
    buttons += undo_buttons(ctx, state.get("undo_id"))
    card = customer_cards.customer_card(sheet, buttons)
    return CardView(f"已创建 {sheet.name}", body=card.body, fields=card.fields, buttons=tuple(buttons))


def doubt_state(new: NewCustomer, doubt: MaybeDuplicate) -> dict[str, Any]:
    """What a likeness is told from. Of a colleague's customer nothing but its id and whose it is (R-DUP-2)."""
    return {"draft": new.row(), **likeness(doubt)}


def likeness(doubt: MaybeDuplicate) -> dict[str, Any]:
    """As `doubt_state`, whatever the customer would be made of."""
    return {"doubt": doubt.text, "others": [{"id": one.id, "owner": one.owner} for one in doubt.others]}


def paint_doubt(state: dict[str, Any], ctx: Context) -> CardView:
    """A likeness, before anything is created: 仍要新建, or ask the colleague to be added."""
    return customer_cards.doubt_card(str(state["doubt"]), askable(state, ctx), asked=str(state.get("asked", "")))


def askable(state: dict[str, Any], ctx: Context) -> list[tuple[int, str]]:
    """Whose owner may be asked: by who may log follow-ups."""
    if not ctx.actor.may(Permission.FOLLOWUP_ADD):
        return []
    return [(int(one["id"]), str(one["owner"])) for one in state.get("others", ())]


def paint_new(state: dict[str, Any], ctx: Context) -> CardView:
    """The form of a new customer."""
    draft = state.get("draft", {})
    name = draft.get("name", "")
    kept = withheld_of(ctx)
    if "mobile" in kept:
        missing = f"「{escape(name)}」还差联系人。" if name else "要建哪家客户？联系人要写上。"
    else:
        missing = f"「{escape(name)}」还差电话或联系人。" if name else "要建哪家客户？联系人和电话至少要一个。"
    return customer_cards.new_customer(
        draft, list_options(ctx), missing=str(state.get("missing") or missing), doubt=str(state.get("doubt", "")),
        withheld=kept, custom=custom_asked(ctx, draft), others=askable(state, ctx), asked=str(state.get("asked", "")),
    )  # fmt: skip


def paint_new_contact(state: dict[str, Any], ctx: Context) -> CardView:
    """The form of a new contact."""
    draft = state.get("draft", {})
    return customer_cards.new_contact(
        draft, withheld=withheld(ctx.actor, "contact"), custom=asked_of(ctx, "contact", draft.get("custom", {}))
    )
