"""Use cases of visits (外勤)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.clock import BEIJING
from bot.core.errors import NotFound
from bot.core.forms import withheld
from bot.identity import may_be_told
from handlers.followups.service import when
from handlers.visits import rules
from handlers.visits.checkins import Due, Fetched, step_again, step_take
from handlers.visits.linking import Done, LinkedAlready, step_link, step_near, step_record, subject
from handlers.visits.reading import Wanted
from handlers.visits.rules import Near
from storage import audit, cards, customers, follow_ups, people, undos, visits
from storage.tables import Customer, Visit
from storage.visits import VisitFilter

UNDO = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class NewVisit:
    """What was said of a visit. `customer_id` None: not said, or not certain."""

    remark: str = ""
    place: str = ""
    customer_id: int | None = None
    next_at: datetime | None = None  # when the customer is contacted next
    next_timed: bool = False


def log_visit(ctx: Context, new: NewVisit) -> Done:
    """A visit somebody tells of, now; with a customer that he names it is linked by that (invariant 100).

    Raises:
        Forbidden, NotFound, NotYours, BadVisit.
    """
    ctx.actor.require(Permission.FOLLOWUP_ADD)
    rules.check_remark(new.remark)
    with ctx.begin() as tx:
        visit_id = visits.add_visit(
            tx,
            Visit(
                user_id=ctx.actor.user_id, at=ctx.now, source="sentence", place=new.place, remark=new.remark,
                source_key=ctx.key or None, created_at=ctx.now,
            ),
        )  # fmt: skip
        step_record(tx, ctx, "log.visit", visit_id, name=new.place)
        linked = None
        if new.customer_id is not None:
            visit = visits.access_own(tx, visit_id, ctx.actor.user_id)
            linked = step_link(tx, ctx, visit, new.customer_id, new.next_at, timed=new.next_timed)
        undo_id = undos.offer(
            tx, user_id=ctx.actor.user_id, kind="visits.undo", text="外勤", now=ctx.now, lasts=UNDO,
            payload={"visit_id": visit_id, "whole": True, "plan": linked.plan if linked is not None else None},
        )  # fmt: skip
        follow_up_id = linked.follow_up_id if linked is not None else None
        planned = when(new.next_at, new.next_timed) if follow_up_id is not None else ""
        return Done(visit_id, undo_id, new.customer_id, follow_up_id, planned)


def confirm_visit(ctx: Context, visit_id: int, customer_id: int) -> Done:
    """Its owner says which customer it was. The distance is that of this moment (invariant 100).

    Raises:
        Forbidden, NotFound, NotYours.
        LinkedAlready: to another one; to the same is no error.
    """
    ctx.actor.require(Permission.FOLLOWUP_ADD)
    with ctx.begin() as tx:
        visit = visits.access_own(tx, visit_id, ctx.actor.user_id, lock=True)
        if visit.customer_id == customer_id:
            return Done(visit_id, None, customer_id, visit.follow_up_id)
        linked = step_link(tx, ctx, visit, customer_id)
        undo_id = undos.offer(
            tx, user_id=ctx.actor.user_id, kind="visits.undo", text="关联外勤", now=ctx.now, lasts=UNDO,
            payload={"visit_id": visit_id, "whole": False, "plan": linked.plan},
        )  # fmt: skip
        return Done(visit_id, undo_id, customer_id, linked.follow_up_id)


def set_aside(ctx: Context, visit_id: int) -> Done:
    """It was at no customer. Raises Forbidden, NotFound, LinkedAlready."""
    ctx.actor.require(Permission.FOLLOWUP_ADD)
    with ctx.begin() as tx:
        visit = visits.access_own(tx, visit_id, ctx.actor.user_id, lock=True)
        if visit.state == "linked":
            raise LinkedAlready("这次外勤已经关联客户了，先发送「撤销」。")
        visits.unlink(tx, visit_id, state="set_aside")
        step_record(tx, ctx, "set_aside.visit", visit_id, name=visit.place)
        cards.redraw_others(tx, subject(visit_id), now=ctx.now, but=ctx.key)
        return Done(visit_id, None)


def undo_visit(ctx: Context, payload: dict[str, Any]) -> str:
    """The link and its follow-up are taken back; of a visit that was told of, the whole."""
    with ctx.begin() as tx:
        visit = visits.access_own(tx, int(payload["visit_id"]), ctx.actor.user_id, lock=True)
        visit_id, customer_id, whole = visit.id or 0, visit.customer_id, bool(payload["whole"])
        if visit.follow_up_id is not None:
            follow_up = follow_ups.get(tx, visit.follow_up_id)
            if follow_up is None:
                raise NotFound("客户不在你名下了，这次外勤不能撤销。")
            follow_ups.take_back(tx, follow_up, ctx.now, payload.get("plan"))
        visits.unlink(tx, visit_id)
        if whole:
            visits.take_back(tx, visit_id, ctx.now)
        name = customers.names_of(tx, [customer_id]).get(customer_id, "") if customer_id is not None else ""
        step_record(tx, ctx, "undo.visit", visit_id, name=name, changes={"客户": (name, "")} if name else None)
        cards.redraw_others(tx, subject(visit_id), now=ctx.now, but=ctx.key)
    return "这次外勤已撤销。" if whole else "已撤销，这次外勤又是未关联。"


def place_customer(ctx: Context, visit_id: int) -> tuple[str, int]:
    """The customer's place is where the visit was, if its owner says so (R-VISIT-7). Returns its name and the undo.

    Raises:
        Forbidden, NotFound.
        RuleBroken: the visit has no place or no customer, or the customer is somebody else's.
    """
    ctx.actor.require(Permission.FOLLOWUP_ADD)
    with ctx.begin() as tx:
        visit = visits.access_own(tx, visit_id, ctx.actor.user_id)
        if visit.customer_id is None or visit.lng is None or visit.lat is None:
            raise rules.BadVisit("这次外勤没有定位或没有关联客户，不能记成客户位置。")
        customer = customers.access_customer(tx, visit.customer_id, lock=True)
        if customer.owner_id != ctx.actor.user_id:
            raise rules.BadVisit(f"「{customer.name}」不是你负责的，位置要由负责人来定。")
        if {"lng", "lat"} & withheld(ctx.actor, "customer"):
            raise rules.BadVisit("你不能改客户的位置，需要的话请联系管理员开通。")
        was = [customer.lng, customer.lat, customer.coord_sys]
        visits.place_customer(tx, customer.id or 0, lng=visit.lng, lat=visit.lat, coord_sys=visit.coord_sys)
        undo_id = undos.offer(
            tx, user_id=ctx.actor.user_id, kind="visits.place", payload={"customer_id": customer.id, "was": was},
            text=f"客户位置 {customer.name}", now=ctx.now, lasts=UNDO,
        )  # fmt: skip
        audit.record(
            tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="place.customer",
            subject=f"customer:{customer.id}", name=customer.name,
            changes={"位置": (_degrees(was[0], was[1]), _degrees(visit.lng, visit.lat))},
        )  # fmt: skip
        return customer.name, undo_id


def undo_place(ctx: Context, payload: dict[str, Any]) -> str:
    """The customer's place is what it was."""
    with ctx.begin() as tx:
        customer = customers.access_customer(tx, int(payload["customer_id"]), lock=True)
        lng, lat, coord_sys = payload["was"]
        visits.place_customer(tx, customer.id or 0, lng=lng, lat=lat, coord_sys=coord_sys)
        audit.record(
            tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="undo.place",
            subject=f"customer:{customer.id}", name=customer.name, changes={"位置": ("", _degrees(lng, lat))},
        )  # fmt: skip
        return f"「{customer.name}」的位置改回去了。"


def _degrees(lng: Any, lat: Any) -> str:
    return "" if lng is None or lat is None else f"{lng:.6f},{lat:.6f}"


@dataclass(frozen=True, slots=True)
class Shown:
    """A visit as the actor may see it. `near`: customers it may have been at, for its owner while it is not linked."""

    visit: Visit
    person: str
    customer: Customer | None  # None besides: the actor may not see it
    near: list[tuple[Near, Customer]]
    mine: bool


def show_visit(ctx: Context, visit_id: int) -> Shown:
    """One's own, or one of those below in the chain of command. Raises NotFound."""
    with ctx.begin() as tx:
        visit = visits.access_visible(tx, visit_id, ctx.actor)
        mine = visit.user_id == ctx.actor.user_id
        found = customers.list_by_ids(tx, [visit.customer_id]) if visit.customer_id is not None else []
        near = step_near(tx, ctx, visit) if mine and visit.state != "linked" else []
        return Shown(visit, people.name_of(tx, visit.user_id), found[0] if found else None, near, mine)


@dataclass(frozen=True, slots=True)
class VisitPage:
    """One page of a list, with its total (D26)."""

    rows: Sequence[Visit]
    names: dict[str, str]
    customers: dict[int, str]  # those the actor may see
    total: int
    page: int
    pages: int


def list_visits(ctx: Context, wanted: Wanted, page: int = 1) -> VisitPage:
    """One's own, somebody's below, or everybody's one may see.

    Raises:
        NotFound: that person is not below the actor, or there is nobody of the name.
    """
    with ctx.begin() as tx:
        seen = visits.visible_people(tx, ctx.actor)
        whose: frozenset[str] | None = frozenset({ctx.actor.user_id})
        if wanted.person:
            called = frozenset(p.user_id for p in people.find_anybody(tx, wanted.person))
            whose = called if seen is None else called & seen
            if not whose:
                raise NotFound(
                    f"你看不到「{wanted.person[:20]}」的外勤：只有本人、上级和管理员能看。",
                    attempt=f"employee:{next(iter(called))}" if called else "",
                )
        elif wanted.team:
            whose = seen
        chosen = VisitFilter(
            whose, first=_midnight(wanted.first), last=_midnight(wanted.last, days=1), unlinked=wanted.unlinked,
            out_of_range=wanted.out_of_range,
        )  # fmt: skip
        total = visits.count_visits(tx, chosen)
        pages = max(1, -(-total // visits.PAGE))
        page = min(max(1, page), pages)
        rows = visits.list_visits(tx, chosen, page=page)
        ids = [row.customer_id for row in rows if row.customer_id is not None]
        known = {c.id or 0: c.name for c in customers.list_by_ids(tx, ids)}
        return VisitPage(rows, people.names_of(tx, [row.user_id for row in rows]), known, total, page, pages)


def _midnight(day: Any, *, days: int = 0) -> datetime | None:
    return None if day is None else datetime.combine(day, time(0, 0), tzinfo=BEIJING) + timedelta(days=days)


# -- what DingTalk tells (the system's) ---------------------------------------------------------------


def note_check_in(ctx: Context, user_id: str, at: datetime) -> bool:
    """A 签到 whose record is to be fetched. False: it is of somebody who does not use this."""
    with ctx.begin() as tx:
        if not may_be_told(tx, user_id, ctx.settings):
            return False
        visits.note_check_in(tx, user_id, at, due_at=ctx.now + rules.TOGETHER)
        return True


def list_due(ctx: Context) -> list[Due]:
    """Check-ins whose records are to be asked for now."""
    with ctx.begin() as tx:
        return [Due(c.id or 0, c.user_id, c.at, c.tries) for c in visits.list_due(tx, ctx.now)]


def next_due(ctx: Context) -> datetime | None:
    """When there is one."""
    with ctx.begin() as tx:
        return visits.next_due(tx)


def take_records(ctx: Context, asked: Sequence[Due], records: Sequence[Fetched]) -> int:
    """Stores what is new, one visit a person and moment, and asks its owner where it was; returns how many.

    What was asked for and is not there yet is asked for again, five times in all.
    """
    with ctx.begin() as tx:
        stored = sum(step_take(tx, ctx, record) for record in records)
        for due in asked:
            if any(r.user_id == due.user_id and abs(r.at - due.at) <= rules.SLACK for r in records):
                visits.settle_check_ins(tx, [due.id], "done")
            else:
                step_again(tx, ctx, due)
        return stored


def try_again(ctx: Context, asked: Sequence[Due]) -> None:
    """DingTalk could not be asked."""
    with ctx.begin() as tx:
        for due in asked:
            step_again(tx, ctx, due)


def forget_places(ctx: Context) -> int:
    """Where people were so many days ago is nobody's business any more (R-VISIT-8, 外勤设置)."""
    with ctx.begin() as tx:
        return visits.forget_places(tx, ctx.now - timedelta(days=ctx.settings.visits.keep_days))
