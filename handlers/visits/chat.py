"""What people type about visits."""

import re
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.language.filters import page_wanted
from bot.language.replies import is_no, is_yes
from handlers.customers.finding import LONG, chosen, find_customer
from handlers.visits import service, views
from handlers.visits.linking import Done, subject
from handlers.visits.reading import Wanted, read_list, read_next, read_visit
from handlers.visits.rules import EMPTY
from handlers.visits.service import NewVisit, confirm_visit, list_visits, log_visit, set_aside

router = Router("visits.chat")
LISTED = re.compile(r"(?P<words>.{0,30}?)的?(?:外勤|签到)(?:记录|列表|情况)?\s*(?P<more>\S{0,8})[?？。]*")
BY_NUMBER = re.compile(r"#?(?P<id>\d{1,9})\s*(?P<name>.{2,40})")


@router.command("外勤", "签到", "打卡", "外勤签到", "拜访签到", "签到外勤", free=True)
def visit(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`外勤 华东精密 车间看了设备`, `签到 鄞州区xx路 拜访华东精密`; `外勤 本周`: a list."""
    if message.args in EMPTY:
        today = read_list(ctx, "今天")
        assert today is not None
        return _list(ctx, talk, today)
    wanted = read_list(ctx, message.args)
    if wanted is not None:
        return _list(ctx, talk, wanted)
    ctx.actor.require(Permission.FOLLOWUP_ADD)
    told = read_visit(ctx, message.args)
    customer_id = told.found.certain if told.found is not None else None
    next_at, timed = read_next(ctx, told.remark)
    done = log_visit(ctx, NewVisit(told.remark, told.place, customer_id, next_at, timed))
    if customer_id is None:
        return _which(done, ctx, talk, told.found.options if told.found is not None else ())
    return _logged(done, talk)


def _logged(done: Done, talk: Talk) -> Reply:
    """Linked: 这家 means this customer, and a time that follows is the next contact's."""
    assert done.customer_id is not None
    talk.settle()
    talk.about(done.customer_id)
    if done.follow_up_id is not None:
        talk.ask("followups.next", customer_id=done.customer_id, planned=bool(done.next_text))
        planned = f"下次：{done.next_text}。" if done.next_text else ""
        return Reply(f"已记外勤，并记成跟进。{planned}", views.visit_ref(done))
    return Reply("已记外勤。没说聊了什么，不算跟进；要补就发送「跟进 客户 内容」。", views.visit_ref(done))


def _which(done: Done, ctx: Context, talk: Talk, options: tuple[tuple[int, str], ...] = ()) -> Reply:
    """Not certain: its card offers those it may be, and a name may be typed."""
    near = [one.customer_id for one, _ in service.show_visit(ctx, done.visit_id).near]
    ids = near or [customer_id for customer_id, _ in options]
    talk.ask("visits.which", visit_id=done.visit_id, ids=ids, undo_id=done.undo_id)
    if near or not options:
        return Reply("已记外勤，还没关联客户。", views.visit_ref(done, pick=True))
    lines = [f"{n} {words}" for n, (_, words) in enumerate(options, start=1)]
    head = "已记外勤。是哪一家？回复数字：" if len(lines) > 1 else "已记外勤。是这家吗？回复 1 就是："
    return Reply("\n".join([head, *lines]))


@router.question("visits.which")
def choose(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number or name of the customer; 不关联."""
    visit_id, ids = int(pending["visit_id"]), list(pending["ids"])
    text = message.text.strip()
    if text in ("不关联", "不是客户", "都不是"):
        talk.settle()
        return Reply("好的，这次外勤不关联客户。", views.visit_ref(set_aside(ctx, visit_id)))
    if len(ids) > 1 and is_yes(text):
        raise InvalidInput(f"是哪一家？回复 1 到 {len(ids)} 之间的数字，或客户名称。")
    customer_id = chosen(message, ctx, pending)
    if customer_id is None and not is_no(text) and 1 < len(text) <= LONG:
        found = find_customer(ctx, text, pooled=False)
        if found.certain is None and found.options:
            return found.ask(talk, "visits.which", "关联", visit_id=visit_id, undo_id=pending.get("undo_id"))
        customer_id = found.certain
    if customer_id is None:
        return None
    return _logged(confirm_visit(ctx, visit_id, customer_id), talk)


@router.command("关联外勤", when=lambda rest: BY_NUMBER.fullmatch(rest) is not None)
def link(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`关联外勤 12 华东精密`, where buttons cannot be tapped."""
    said = BY_NUMBER.fullmatch(message.args)
    assert said is not None
    visit_id = int(said["id"])
    service.show_visit(ctx, visit_id)
    found = find_customer(ctx, said["name"], pooled=False)
    if found.certain is None:
        return found.ask(talk, "visits.which", "关联", visit_id=visit_id)
    return _logged(confirm_visit(ctx, visit_id, found.certain), talk)


@router.command("不关联外勤", when=lambda rest: rest.lstrip("#").isdecimal())
def leave_out(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """`不关联外勤 12`."""
    return Reply("好的，这次外勤不关联客户。", views.visit_ref(set_aside(ctx, int(message.args.lstrip("#")))))


@router.sentence(14)
def spoken(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`今天的外勤`, `王芳本周的外勤`, `未关联外勤`."""
    said = LISTED.fullmatch(message.text.strip())
    if said is None:
        return None
    wanted = read_list(ctx, f"{said['words']} {said['more']}".strip())
    return None if wanted is None else _list(ctx, talk, wanted)


def _list(ctx: Context, talk: Talk, wanted: Wanted, page: int = 1) -> Reply:
    shown = list_visits(ctx, wanted, page)  # what may not be seen is refused in words
    state = views.list_state(wanted, shown.page)
    talk.ask("visits.list", state=state)
    return Reply(card=CardRef("visits.list", state, tuple(subject(row.id or 0) for row in shown.rows)))


@router.question("visits.list")
def turn_page(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`下一页`, `第2页`."""
    page = page_wanted(message.text, int(pending["state"]["page"]))
    return None if page is None else _list(ctx, talk, views.wanted_of(pending["state"]), page)
