"""Use cases of a customer's team."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import NotFound
from bot.identity import may_be_told
from handlers.customers.rules import NotYours, masked
from handlers.customers.standing import require_any, step_check_owner
from handlers.pool.telling import tell
from handlers.team import rules
from handlers.team.rules import AnsweredAlready, NotAMember
from storage import audit, cards, customers, people, teams, undos
from storage.database import Tx
from storage.tables import Customer, TeamMember

UNDO = timedelta(minutes=10)
DECIDES = (Permission.CUSTOMER_ADD, Permission.CUSTOMER_EDIT, Permission.CUSTOMER_TRANSFER)
GONE = "没有找到这条协作申请，可能客户已经换了负责人或不在了。"


@dataclass(frozen=True, slots=True)
class Team:
    """A customer's team, and whether the actor decides about it."""

    customer_id: int
    customer: str
    owner: str
    members: list[TeamMember]
    names: dict[str, str]
    decides: bool


def list_team(ctx: Context, customer_id: int) -> Team:
    """Raises Forbidden, NotFound, NotYours: a pool customer has none."""
    with ctx.begin() as tx:
        customer = customers.access_customer(tx, customer_id)
        if customer.owner_id is None:
            raise NotYours(f"「{customer.name}」在公海里，没有协作人。")
        own = customer.owner_id == ctx.actor.user_id
        if not own:
            ctx.actor.require(Permission.CUSTOMER_VIEW)
        members = teams.list_team(tx, customer.id or 0, ctx.today)
        names = people.names_of(tx, [customer.owner_id, *(m.user_id for m in members)])
        decides = (own and any(ctx.actor.may(p) for p in DECIDES)) or ctx.actor.may(Permission.CUSTOMER_TRANSFER)
        owner = names.get(customer.owner_id, customer.owner_id)
        return Team(customer.id or 0, customer.name, owner, members, names, decides)


@dataclass(frozen=True, slots=True)
class Teamed:
    """What became of a member, in words, and how to take it back."""

    customer_id: int
    text: str
    undo_id: int | None = None


def add_member(
    ctx: Context, customer_id: int, user_id: str, *, may_write: bool, until: date | None, card: str = ""
) -> Teamed:
    """Makes a colleague 协作人, or changes what he may and until when. Only the owner, or 客户-更换负责人.

    Raises:
        Forbidden, NotFound, NotYours, NotAMember.
    """
    require_any(ctx.actor, *DECIDES)
    with ctx.begin() as tx:
        customer = customers.access_customer(tx, customer_id, lock=True)
        step_check_owner(tx, ctx, customer)
        return _put(tx, ctx, customer, user_id, may_write=may_write, until=until, card=card)


def _put(
    tx: Tx, ctx: Context, customer: Customer, user_id: str, *, may_write: bool, until: date | None, card: str = ""
) -> Teamed:
    assert customer.id is not None
    assert customer.owner_id is not None
    name = people.access_active(tx, user_id).name
    told = may_be_told(tx, user_id, ctx.settings)
    rules.check_member(name=name, user_id=user_id, owner_id=customer.owner_id, told=told)
    former = teams.find_member(tx, customer.id, user_id)
    live = former is not None and (former.until is None or former.until >= ctx.today)
    was = (former.may_write, former.until) if former is not None and live else None
    if was == (may_write, until):
        return Teamed(
            customer.id, f"没有变化，{name} 已经是「{customer.name}」的协作人（{right_text(may_write, until)}）。"
        )
    teams.put_member(
        tx, customer_id=customer.id, user_id=user_id, may_write=may_write, until=until, by=ctx.actor.user_id,
        now=ctx.now,
    )  # fmt: skip
    words = right_text(may_write, until)
    undo_id = _offer(tx, ctx, customer, user_id, was, f"加协作人 {name}")
    changes = {f"协作人 {name}": (right_text(*was) if was else "", words)}
    _record(tx, ctx, "edit.member" if was else "add.member", customer, changes)
    tell(
        tx, ctx, [user_id], title=f"你是「{customer.name}」的协作人",
        key=f"member:{customer.id}:{user_id}:{ctx.now.isoformat()}",
        text=f"{ctx.actor.name} 把你加为「{customer.name}」的协作人（{words}），发送「查 {customer.name}」看详情。",
    )  # fmt: skip
    cards.redraw_others(tx, f"customer:{customer.id}", now=ctx.now, but=card)
    return Teamed(customer.id, f"已把 {name} 加为「{customer.name}」的协作人（{words}）。", undo_id)


def end_member(ctx: Context, customer_id: int, user_id: str, *, card: str = "") -> Teamed:
    """Takes somebody out of the team. Raises Forbidden, NotFound, NotYours, NotAMember."""
    require_any(ctx.actor, *DECIDES)
    with ctx.begin() as tx:
        customer = customers.access_customer(tx, customer_id, lock=True)
        step_check_owner(tx, ctx, customer)
        assert customer.id is not None
        name = people.name_of(tx, user_id)
        former = teams.find_member(tx, customer.id, user_id)
        if former is None:
            raise NotAMember(f"{name} 不是「{customer.name}」的协作人，没有要移除的。")
        was = (former.may_write, former.until)
        teams.end_member(tx, customer.id, user_id, ctx.now)
        undo_id = _offer(tx, ctx, customer, user_id, was, f"移除协作人 {name}")
        _record(tx, ctx, "end.member", customer, {f"协作人 {name}": (right_text(*was), "")})
        tell(
            tx, ctx, [user_id], title=f"「{customer.name}」的协作结束了",
            key=f"member-end:{customer.id}:{user_id}:{ctx.now.isoformat()}",
            text=f"{ctx.actor.name} 把你移出了「{customer.name}」的协作人。",
        )  # fmt: skip
        cards.redraw_others(tx, f"customer:{customer.id}", now=ctx.now, but=card)
        return Teamed(customer.id, f"已把 {name} 移出「{customer.name}」的协作人。", undo_id)


def undo_member(ctx: Context, payload: dict[str, Any]) -> str:
    """The team is as it was. The undo door has checked whose it is."""
    with ctx.begin() as tx:
        customer = customers.access_customer(tx, int(payload["customer_id"]), lock=True)
        step_check_owner(tx, ctx, customer)
        assert customer.id is not None
        user_id, was = str(payload["user_id"]), payload["was"]
        name = people.name_of(tx, user_id)
        if was is None:
            teams.end_member(tx, customer.id, user_id, ctx.now)
            words = ""
        else:
            people.access_active(tx, user_id)  # who has left meanwhile is not put back
            until = date.fromisoformat(was[1]) if was[1] else None
            teams.put_member(
                tx, customer_id=customer.id, user_id=user_id, may_write=bool(was[0]), until=until,
                by=ctx.actor.user_id, now=ctx.now,
            )  # fmt: skip
            words = right_text(bool(was[0]), until)
        _record(tx, ctx, "undo.member", customer, {f"协作人 {name}": ("", words) if words else (name, "")})
        cards.redraw_others(tx, f"customer:{customer.id}", now=ctx.now)
        return f"已撤销，{name} {'还是' if words else '不再是'}「{customer.name}」的协作人。"


def ask_to_join(ctx: Context, customer_id: int, *, shown: bool = False) -> str:
    """Puts a card before the owner: shall the actor be 协作人? Returns what the actor is told.

    `shown`: the customer's masked name stood on a card that we sent him (R-DUP-2), so he may ask without seeing it.

    Raises:
        Forbidden, NotFound, NotYours, NotAMember.
    """
    ctx.actor.require(Permission.FOLLOWUP_ADD)
    with ctx.begin() as tx:
        brief = customers.access_any(tx, customer_id) if shown else customers.access_customer(tx, customer_id)
        of, name, owner_id = brief.id or 0, brief.name, brief.owner_id
        if owner_id is None:
            raise NotYours("这家在公海里，没有负责人，发送「公海」看看能不能领。")
        owner = people.name_of(tx, owner_id)
        if owner_id == ctx.actor.user_id:
            raise NotAMember("这家就是你负责的，直接发送「跟进 …」就行。")
        member = teams.find_member(tx, of, ctx.actor.user_id)
        if member is not None and member.may_write and (member.until is None or member.until >= ctx.today):
            raise NotAMember("你已经是这家的协作人了，直接发送「跟进 …」就行。")
        if not may_be_told(tx, owner_id, ctx.settings):
            raise NotAMember(f"{owner} 现在收不到消息，请找管理员更换负责人。")
        request = teams.ask(tx, customer_id=of, user_id=ctx.actor.user_id, asked_id=owner_id, now=ctx.now)
        if request is None:
            return f"已经请过 {owner} 了，等答复就行，不用重复发。"
        cards.post(
            tx, key=f"join:{request.id}", kind="team.request", state={"request_id": request.id},
            subjects=(f"customer:{of}", f"join:{request.id}"), user_id=owner_id, now=ctx.now,
        )  # fmt: skip
        audit.record(
            tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="ask.join", subject=f"customer:{of}",
            name=name, request=request.id,
        )  # fmt: skip
        return f"已请 {owner} 加你为协作人，同意了会告诉你。"


def answer_join(ctx: Context, request_id: int, *, agree: bool, card: str = "") -> str:
    """The owner's one answer; the asker is told. Returns what the owner reads.

    Raises:
        Forbidden, NotFound, NotYours.
        AnsweredAlready: by whom and how.
    """
    require_any(ctx.actor, *DECIDES)
    with ctx.begin() as tx:
        request = teams.get_request(tx, request_id)
        if request is None:
            raise NotFound(GONE)
        customer = customers.access_customer(tx, request.customer_id, lock=True)
        step_check_owner(tx, ctx, customer)
        who = people.name_of(tx, request.user_id)
        if not teams.answer(tx, request_id, by=ctx.actor.user_id, agreed=agree, now=ctx.now):
            raise AnsweredAlready(_answered(tx, request_id))
        if agree:
            _put(tx, ctx, customer, request.user_id, may_write=True, until=None, card=card)
        else:
            tell(
                tx, ctx, [request.user_id], title="协作申请的答复", key=f"join-no:{request_id}",
                text=f"{ctx.actor.name} 没有加你为「{masked(customer.name)}」的协作人。",
            )  # fmt: skip
        audit.record(
            tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="answer.join",
            subject=f"customer:{customer.id}", name=customer.name,
            changes={f"{who} 的协作申请": ("", "同意" if agree else "不同意")},
        )  # fmt: skip
        cards.redraw_others(tx, f"join:{request_id}", now=ctx.now, but=card)
        return f"已把 {who} 加为协作人。" if agree else f"没有加 {who}，已告诉对方。"


def _answered(tx: Tx, request_id: int) -> str:
    request = teams.get_request(tx, request_id)
    if request is None or request.answered_at is None:
        return GONE
    who = people.name_of(tx, request.answered_by)
    what = "已经加为协作人了" if request.agreed else "已经答复不加了"
    return f"{who} {request.answered_at:%H:%M} {what}，没有重复处理。"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as its card shows it; `answered` empty: it is still open."""

    who: str
    customer: str
    answered: str


def show_request(ctx: Context, request_id: int) -> Asked:
    """For the owner's card. Raises Forbidden, NotFound, NotYours."""
    require_any(ctx.actor, *DECIDES)
    with ctx.begin() as tx:
        request = teams.get_request(tx, request_id)
        if request is None:
            raise NotFound(GONE)
        customer = customers.access_customer(tx, request.customer_id)
        step_check_owner(tx, ctx, customer)
        answered = ""
        if request.answered_at is not None:
            by = "你" if request.answered_by == ctx.actor.user_id else people.name_of(tx, request.answered_by)
            answered = f"{by} {request.answered_at:%H:%M} {'已加为协作人' if request.agreed else '答复不加'}"
            if not request.answered_by:
                answered = "这条申请已经不用处理了。"
        return Asked(people.name_of(tx, request.user_id), customer.name, answered)


def right_text(may_write: bool, until: date | None) -> str:
    """可写，到 3月31日."""
    ends = f"，到 {until.month}月{until.day}日" if until else ""
    return f"{'可写' if may_write else '只读'}{ends}"


def _offer(
    tx: Tx, ctx: Context, customer: Customer, user_id: str, was: tuple[bool, date | None] | None, text: str
) -> int:
    before = None if was is None else [was[0], was[1].isoformat() if was[1] else ""]
    return undos.offer(
        tx, user_id=ctx.actor.user_id, kind="team.member", text=text, now=ctx.now, lasts=UNDO,
        payload={"customer_id": customer.id, "user_id": user_id, "was": before},
    )  # fmt: skip


def _record(tx: Tx, ctx: Context, action: str, customer: Customer, changes: dict[str, tuple[str, str]]) -> None:
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=f"customer:{customer.id}",
        name=customer.name, changes=changes,
    )  # fmt: skip
