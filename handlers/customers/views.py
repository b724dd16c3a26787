"""Customer cards, drawn from the present state; shared by what is typed and what is tapped."""

from datetime import datetime, time
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import AppError
from bot.core.markup import escape
from bot.dispatch import CardButton, CardView
from bot.language.phones import mask
from cards import customers as customer_cards
from cards.customers import CustomerSheet, FollowButton, TimelineButton, contact_line, facts_line
from cards.pool import AskReturnButton, ClaimButton
from handlers.customers import service
from handlers.customers.reading import list_options, withheld_of
from handlers.customers.service import CustomerDetails
from handlers.undo.views import undo_buttons
from storage.tables import FollowUp

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
    contacts = tuple(
        contact_line(c) if own else " ".join(escape(p) for p in (c.name, c.title, mask(c.mobile)) if p)
        for c in details.contacts
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
        and (own or (not pooled and ctx.actor.may(Permission.FOLLOWUP_EDIT))),
        may_claim=pooled and ctx.actor.may(Permission.POOL_CLAIM),
        may_return=(own and ctx.actor.may(Permission.POOL_CLAIM))
        or (not pooled and ctx.actor.may(Permission.POOL_RETURN)),
        timeline_pages=max(1, -(-details.timeline_total // 5)),
    )


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
    if sheet.may_follow:
        buttons.append(
            CardButton("记跟进", FollowButton(customer_id=sheet.customer_id), "primary", typed=f"跟进 {sheet.name} ")
        )
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
    if sheet.may_return:
        buttons.append(
            CardButton("退回公海", AskReturnButton(customer_id=sheet.customer_id), typed=f"退回 {sheet.name}")
        )
    return customer_cards.customer_card(sheet, buttons)


def paint_created(state: dict[str, Any], ctx: Context) -> CardView:
    """A customer just created."""
    try:
        details = service.show_customer(ctx, int(state["customer_id"]))
    except AppError:
        return CardView(f"新建客户 {state.get('name', '')}", body="这次新建已撤销。")
    sheet = sheet_of(details, ctx)
    buttons = [
        CardButton("记跟进", FollowButton(customer_id=sheet.customer_id), "primary", typed=f"跟进 {sheet.name} ")
    ]
    buttons += undo_buttons(ctx, state.get("undo_id"))
    card = customer_cards.customer_card(sheet, buttons)
    return CardView(f"已创建 {sheet.name}", body=card.body, fields=card.fields, buttons=tuple(buttons))


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
        draft, list_options(ctx), missing=missing, doubt=str(state.get("doubt", "")), withheld=kept
    )


def paint_new_contact(state: dict[str, Any], ctx: Context) -> CardView:
    """The form of a new contact."""
    return customer_cards.new_contact(state.get("draft", {}), withheld=withheld_of(ctx))
