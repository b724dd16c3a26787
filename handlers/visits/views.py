"""Cards of visits, drawn from what is stored now."""

from datetime import date
from typing import Any

from bot.context import Context
from bot.core.errors import AppError
from bot.core.markup import escape
from bot.dispatch import CardButton, CardRef, CardRow, CardView
from cards.customers import OpenButton
from cards.visits import (
    AsideButton,
    HereButton,
    OpenVisitButton,
    OtherButton,
    PlaceButton,
    VisitSheet,
    visit_card,
    visit_list,
)
from handlers.customers.views import moment_text
from handlers.undo.views import undo_buttons
from handlers.visits import rules, service
from handlers.visits.linking import Done, subject
from handlers.visits.reading import Wanted
from handlers.visits.service import Shown


def visit_ref(done: Done, **more: Any) -> CardRef:
    """The card of one visit."""
    subjects = [subject(done.visit_id)]
    if done.customer_id is not None:
        subjects.append(f"customer:{done.customer_id}")
    return CardRef("visits.one", {"visit_id": done.visit_id, "undo_id": done.undo_id, **more}, tuple(subjects))


def paint_visit(state: dict[str, Any], ctx: Context) -> CardView:
    """One visit: what it may have been, or what became of it."""
    try:
        shown = service.show_visit(ctx, int(state["visit_id"]))
    except AppError as refusal:
        return CardView("外勤", body="这次外勤已撤销。" if state.get("undo_id") else refusal.text)
    visit = shown.visit
    who = "" if shown.mine else f" · {escape(shown.person)}"
    title = f"外勤 {moment_text(visit.at, ctx)}{who}"
    if visit.state == "linked":
        return _linked(title, shown, state, ctx)
    if not shown.mine:
        return visit_card(_sheet(title, shown, ("未关联",)), visit.id or 0, ())
    return _open(title, shown, state, ctx)


def _sheet(title: str, shown: Shown, tags: tuple[str, ...], **more: Any) -> VisitSheet:
    visit = shown.visit
    return VisitSheet(title, tags, place=visit.place, remark=visit.remark, photos=len(visit.photos), **more)


def _linked(title: str, shown: Shown, state: dict[str, Any], ctx: Context) -> CardView:
    visit, customer = shown.visit, shown.customer
    tags = ("超出范围",) if visit.out_of_range else ("已关联",)
    name = escape(customer.name) if customer is not None else "（你看不到这家客户）"
    sheet = _sheet(title, shown, tags, customer=name, distance=rules.distance_text(visit.distance_m))
    buttons = undo_buttons(ctx, state.get("undo_id")) if shown.mine else []
    if customer is not None:
        here = rules.spot_of(visit.lng, visit.lat, visit.coord_sys)
        there = rules.spot_of(customer.lng, customer.lat, customer.coord_sys)
        if shown.mine and customer.owner_id == ctx.actor.user_id and here is not None and here != there:
            buttons.append(CardButton("记为客户位置", PlaceButton(visit_id=visit.id or 0)))
        buttons.append(CardButton("看客户", OpenButton(customer_id=customer.id or 0), typed=f"查 {customer.name}"))
    return visit_card(sheet, visit.id or 0, buttons)


def _open(title: str, shown: Shown, state: dict[str, Any], ctx: Context) -> CardView:
    """Not linked: the likeliest customer with a tap, or (`pick`) all there are."""
    visit = shown.visit
    visit_id = visit.id or 0
    aside = visit.state == "set_aside"
    tags = ("不关联",) if aside else ("未关联",)
    undo = undo_buttons(ctx, state.get("undo_id"))
    choices = tuple(
        (one.customer_id, customer.name, _detail(one.distance_m, one.named)) for one, customer in shown.near
    )
    other = CardButton(
        "换一家" if choices else "选客户", OtherButton(visit_id=visit_id), typed=f"关联外勤 {visit_id} 客户"
    )
    if aside:
        return visit_card(_sheet(title, shown, tags), visit_id, [other, *undo])
    drop = CardButton("不关联", AsideButton(visit_id=visit_id), typed=f"不关联外勤 {visit_id}")
    if state.get("pick") or len(choices) > 1:
        body = (
            "在哪家客户？点一下，或直接回复客户名称。"
            if choices
            else f"{_nothing(shown, ctx)}直接回复客户名称就能关联。"
        )
        return visit_card(_sheet(title, shown, tags, body=body, choices=choices), visit_id, [drop, *undo])
    if not choices:
        body = f"{_nothing(shown, ctx)}是哪家客户？点「选客户」再回复名称，不是客户就点「不关联」。"
        return visit_card(_sheet(title, shown, tags, body=body), visit_id, [other, drop, *undo])
    (one, name, detail), *_ = choices
    yes = CardButton("是这家", HereButton(visit_id=visit_id, customer_id=one), "primary", typed="是这家")
    body = f"在「{escape(name)}」？{detail}"
    return visit_card(_sheet(title, shown, tags, body=body), visit_id, [yes, other, drop, *undo])


def _nothing(shown: Shown, ctx: Context) -> str:
    known = shown.visit.lat is not None
    return f"附近 {rules.distance_text(ctx.settings.visits.near_m)}内没有你的客户。" if known else ""


def _detail(metres: int | None, named: bool) -> str:
    parts = [f"距离 {rules.distance_text(metres)}" if metres is not None else "", "内容里提到" if named else ""]
    return " · ".join(part for part in parts if part)


def list_state(wanted: Wanted, page: int = 1) -> dict[str, Any]:
    """A list as its card remembers it."""
    return {
        "first": wanted.first.isoformat() if wanted.first else "",
        "last": wanted.last.isoformat() if wanted.last else "",
        "span": wanted.span, "person": wanted.person, "team": wanted.team, "unlinked": wanted.unlinked,
        "out_of_range": wanted.out_of_range, "page": page,
    }  # fmt: skip


def wanted_of(state: dict[str, Any]) -> Wanted:
    """The inverse of `list_state`."""
    first, last = (date.fromisoformat(state[key]) if state[key] else None for key in ("first", "last"))
    return Wanted(
        first, last, state["span"], state["person"], bool(state["team"]), bool(state["unlinked"]),
        bool(state["out_of_range"]),
    )  # fmt: skip


def paint_list(state: dict[str, Any], ctx: Context) -> CardView:
    """A page of visits."""
    wanted = wanted_of(state)
    page = service.list_visits(ctx, wanted, int(state["page"]))
    rows = []
    for visit in page.rows:
        others = wanted.team or bool(wanted.person)
        who = page.names.get(visit.user_id, visit.user_id) if others else ""
        customer = page.customers.get(visit.customer_id or 0, "（你看不到的客户）") if visit.customer_id else ""
        far = "超出范围" if visit.out_of_range else ""
        distance = f"距客户 {rules.distance_text(visit.distance_m)}" if visit.distance_m is not None else ""
        parts = (visit.place, visit.remark, distance, far)
        unlinked = visit.state != "linked"
        mine = visit.user_id == ctx.actor.user_id
        button = CardButton("关联客户", OpenVisitButton(visit_id=visit.id or 0), typed=f"关联外勤 {visit.id} 客户")
        head = " · ".join(escape(p) for p in (moment_text(visit.at, ctx), who, customer or "未关联") if p)
        detail = " · ".join(escape(p) for p in parts if p)
        rows.append(CardRow(head, detail, "", (button,) if unlinked and mine else ()))
    return visit_list(
        list_title(wanted), rows, total=page.total, page=page.page, pages=page.pages, empty=_empty(wanted)
    )


def list_title(wanted: Wanted) -> str:
    """外勤 · 王芳 · 本周 · 未关联."""
    whose = wanted.person or ("团队" if wanted.team else "我")
    flags = ("未关联" if wanted.unlinked else "", "超出范围" if wanted.out_of_range else "")
    return " · ".join(p for p in ("外勤", whose, wanted.span, *flags) if p)


def _empty(wanted: Wanted) -> str:
    if wanted.unlinked:
        return "没有未关联的外勤，都对上客户了。"
    span = wanted.span or ""
    return f"{span}还没有外勤。在钉钉里「签到」，或发送「外勤 客户 聊了什么」，例如「外勤 华东精密 车间看了设备」。"
