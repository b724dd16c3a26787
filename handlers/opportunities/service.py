"""Use cases of opportunities."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from handlers.opportunities import rules
from handlers.opportunities.fields import NewOpportunity, open_stage, step_create_opportunity, step_update_opportunity
from handlers.opportunities.history import (
    UNDO,
    Changed,
    require_write,
    step_access,
    step_done,
    step_offer,
    step_record,
    step_undo_change,
)
from handlers.opportunities.moving import step_change_stage
from handlers.opportunities.stale import step_stale
from storage import competitors, customers, digest, follow_ups, lines, notices, opportunities, people, stages, undos
from storage.database import Tx
from storage.opportunities import PAGE, Met, OpportunityFilter, StaleSince
from storage.tables import Opportunity, OpportunityLine, Stage

STORY = 4  # entries on the card


def create_opportunity(ctx: Context, new: NewOpportunity) -> Changed:
    """Raises Forbidden, NotFound, InPool, NotYours, NameTaken, InvalidInput."""
    ctx.actor.require(Permission.OPPORTUNITY_ADD)
    with ctx.begin() as tx:
        made = step_create_opportunity(tx, ctx, new)
        undo_id = step_offer(tx, ctx, made, None, f"新建商机 {made.name}")
        return Changed(made.id or 0, f"已建商机 {made.name}", undo_id)


def update_opportunity(
    ctx: Context, opportunity_id: int, changes: Mapping[str, Any], *, version: int | None = None
) -> Changed:
    """`changes`: by column (name, amount, source, expected_on, probability, contact_id), and the company's own fields
    as they are stored. `version`: of the opportunity when a form was filled.

    Raises:
        Forbidden, NotFound, NotYours, Closed, NameTaken, InvalidInput, Required.
        ChangedSince: somebody has changed it since `version`.
    """
    require_write(ctx)
    with ctx.begin() as tx:
        found, before = step_access(tx, ctx, opportunity_id)
        if version is not None and version != found.version:
            raise rules.ChangedSince(f"没有保存：「{found.name}」在你填的时候有人改过。重新打开「修改」，核对后再改。")
        text = step_update_opportunity(tx, ctx, found, changes)
        return step_done(tx, ctx, found, before, text)


def change_stage(
    ctx: Context, opportunity_id: int, stage: str, *, result: str = "", reason: str = "", rival: str = ""
) -> Changed:
    """Into a stage by name, or (`stage` empty) into that of `result`: won, lost, invalid.

    `rival`: the competitor that won it.

    Raises:
        Forbidden, NotFound, NotYours, Closed, ReasonMissing, RivalMissing, InvalidInput.
    """
    require_write(ctx)
    with ctx.begin() as tx:
        found, before = step_access(tx, ctx, opportunity_id)
        text = step_change_stage(tx, ctx, found, stage, result=result, reason=reason, rival=rival)
        return step_done(tx, ctx, found, before, text)


def reopen_opportunity(ctx: Context, opportunity_id: int) -> Changed:
    """Back into the stage it was closed from (R-STAGE-5). Raises Forbidden, NotFound, InvalidInput."""
    ctx.actor.require(Permission.OPPORTUNITY_EDIT)
    with ctx.begin() as tx:
        found, before = step_access(tx, ctx, opportunity_id)
        if found.result == "open":
            raise InvalidInput(f"「{found.name}」还在进行中，不用重新打开。")
        known = {s.id: s for s in stages.list_stages(tx)}
        came = [known[g.from_stage_id] for g in opportunities.list_log(tx, opportunity_id) if g.from_stage_id]
        stage = next((s for s in reversed(came) if s.kind == "open" and s.active), None) or open_stage(tx, "")
        opportunities.enter_stage(tx, found, stage, by=ctx.actor.user_id, now=ctx.now)
        step_record(tx, ctx, "reopen.opportunity", found, changes={"状态": ("已结束", stage.name)})
        return step_done(tx, ctx, found, before, f"已重新打开，回到{stage.name}")


def transfer_opportunity(ctx: Context, opportunity_id: int, user_id: str) -> Changed:
    """To a colleague, who is told; no stage changes (R-STAGE-4). Raises Forbidden, NotFound, SameOwner."""
    ctx.actor.require(Permission.OPPORTUNITY_TRANSFER)
    with ctx.begin() as tx:
        found = opportunities.access_opportunity(tx, opportunity_id, lock=True)
        receiver, was, name = people.access_active(tx, user_id), found.owner_id, found.name
        if was == user_id:
            raise rules.SameOwner(f"「{name}」本来就由 {receiver.name} 负责。")
        found.owner_id, found.updated_at, found.version = user_id, ctx.now, found.version + 1
        version = found.version
        tx.add(found)
        pair = (people.name_of(tx, was) if was else "", receiver.name)
        step_record(tx, ctx, "transfer.opportunity", found, changes={"负责人": pair})
        undo_id = undos.offer(
            tx, user_id=ctx.actor.user_id, kind="opportunities.transfer", text=f"转移商机 {name}", now=ctx.now,
            lasts=UNDO, payload={"id": opportunity_id, "version": version, "owner_id": was},
        )  # fmt: skip
        if user_id != ctx.actor.user_id:
            notices.queue(
                tx, key=f"opportunity_given:{opportunity_id}:{version}", user_ids=[user_id],
                title=f"新转来的商机：{name}", now=ctx.now,
                text=f"{ctx.actor.name} 把商机「{name}」转给你了，发送「商机 {name}」看详情。",
            )  # fmt: skip
        return Changed(opportunity_id, f"「{name}」已转给 {receiver.name}", undo_id)


def undo_transfer(ctx: Context, payload: Mapping[str, Any]) -> str:
    """Gives it back. The undo door has checked whose it is; it may be out of the actor's scope by now.

    Raises:
        NotFound, ChangedSince.
    """
    with ctx.begin() as tx:
        found = opportunities.access_given(tx, int(payload["id"]), by=ctx.actor.user_id)
        if found.version != payload["version"]:
            raise rules.ChangedSince(f"「{found.name}」转移之后又改过，不能撤销了。")
        names = people.names_of(tx, [found.owner_id, payload["owner_id"]])
        pair = (names.get(found.owner_id or "", ""), names.get(payload["owner_id"] or "", ""))
        found.owner_id, found.updated_at, found.version = payload["owner_id"], ctx.now, found.version + 1
        name = found.name
        tx.add(found)
        step_record(tx, ctx, "undo.opportunity", found, changes={"负责人": pair})
        return f"已撤销，「{name}」还是 {pair[1] or '没有人'} 负责。"


def delete_opportunity(ctx: Context, opportunity_id: int) -> Changed:
    """Gone from every list; its name may be used again. Raises Forbidden, NotFound, NotYours."""
    ctx.actor.require(Permission.OPPORTUNITY_DELETE)
    with ctx.begin() as tx:
        found, before = step_access(tx, ctx, opportunity_id)
        found.deleted_at, found.version, name = ctx.now, found.version + 1, found.name
        tx.add(found)
        tx.flush()
        digest.cancel(tx, f"opportunity:{opportunity_id}", rules=("stale",), now=ctx.now)
        undo_id = step_offer(tx, ctx, found, before, f"删除商机 {name}")
        step_record(tx, ctx, "delete.opportunity", found, changes={"商机": (name, "")})
        return Changed(opportunity_id, f"已删除商机「{name}」", undo_id)


def undo_change(ctx: Context, payload: dict[str, Any]) -> str:
    """Puts back what it was, unless it has changed since. Raises Forbidden, NotFound, ChangedSince."""
    require_write(ctx)
    with ctx.begin() as tx:
        return step_undo_change(tx, ctx, payload)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened with an opportunity: a follow-up, or (`method` 阶段) a change of stage."""

    at: datetime
    by: str  # a userId
    method: str
    text: str


@dataclass(frozen=True, slots=True)
class Details:
    """An opportunity with what belongs to it, as far as the actor may see it."""

    opportunity: Opportunity
    customer_name: str
    owner_name: str
    stage: Stage
    lines: list[OpportunityLine]
    met: list[Met]  # empty without 竞争对手-查看
    won_by: str
    story: list[Entry]  # its latest follow-ups and changes of stage, newest first
    names: dict[str, str]  # of the people in it


def show_opportunity(ctx: Context, opportunity_id: int) -> Details:
    """Raises Forbidden, NotFound."""
    ctx.actor.require(Permission.OPPORTUNITY_VIEW)
    with ctx.begin() as tx:
        found = opportunities.access_opportunity(tx, opportunity_id)
        met = opportunities.list_met(tx, opportunity_id) if ctx.actor.may(Permission.COMPETITOR_VIEW) else []
        winner = next((m.competitor.name for m in met if m.competitor.id == found.won_by_id), "")
        story = _story(tx, ctx, found)
        return Details(
            found, customers.names_of(tx, [found.customer_id]).get(found.customer_id, ""),
            people.name_of(tx, found.owner_id) if found.owner_id else "", tx.get_one(Stage, found.stage_id),
            lines.list_lines(tx, OpportunityLine, opportunity_id), met, winner, story,
            people.names_of(tx, [e.by for e in story]),
        )  # fmt: skip


def _story(tx: Tx, ctx: Context, found: Opportunity) -> list[Entry]:
    """Follow-ups for who may read them: with 跟进-查看, and of one's own."""
    called = {s.id: s.name for s in stages.list_stages(tx)}
    told = [
        Entry(g.at, g.by_user_id, "阶段", f"{called[g.from_stage_id]} → {called[g.to_stage_id]}")
        for g in opportunities.list_log(tx, found.id or 0)
        if g.from_stage_id is not None
    ]
    if found.owner_id == ctx.actor.user_id or ctx.actor.may(Permission.FOLLOWUP_VIEW):
        entries = follow_ups.list_of_opportunity(tx, found.id or 0, size=STORY)
        told += [Entry(f.at, f.user_id, f.method, f.content) for f in entries]
    return sorted(told, key=lambda e: e.at, reverse=True)[:STORY]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, with its total and what it adds up to (D26). `amount` None: not to be seen."""

    rows: list[Opportunity]
    customers: dict[int, str]
    owners: dict[str, str]
    stages: dict[int, Stage]
    total: int
    amount: Decimal | None
    pages: int


def list_opportunities(ctx: Context, wanted: OpportunityFilter, page: int = 1) -> Page:
    """Five a page. Raises Forbidden."""
    ctx.actor.require(Permission.OPPORTUNITY_VIEW)
    with ctx.begin() as tx:
        count, amount = opportunities.count_opportunities(tx, wanted)
        pages = max(1, -(-count // PAGE))
        rows = opportunities.list_opportunities(tx, wanted, page=min(max(1, page), pages))
        names = people.names_of(tx, [o.owner_id for o in rows])
        return Page(
            rows, customers.names_of(tx, [o.customer_id for o in rows]), names,
            {s.id or 0: s for s in stages.list_stages(tx)}, count, amount, pages,
        )  # fmt: skip


def list_named(ctx: Context) -> list[tuple[int, str, str, str]]:
    """(id, name, customer, result) of those within the scope. Raises Forbidden."""
    ctx.actor.require(Permission.OPPORTUNITY_VIEW)
    with ctx.begin() as tx:
        rows = opportunities.list_names(tx)
        called = customers.names_of(tx, [r[2] for r in rows])
        return [(i, name, called.get(customer_id, ""), result) for i, name, customer_id, result in rows]


def list_open_stages(ctx: Context) -> list[str]:
    """What an opportunity may go into, in order. Raises Forbidden."""
    ctx.actor.require(Permission.OPPORTUNITY_VIEW)
    with ctx.begin() as tx:
        return [s.name for s in stages.list_stages(tx) if s.active and s.kind == "open"]


def list_rivals(ctx: Context, opportunity_id: int) -> list[tuple[int, str]]:
    """(id, name) of who may have won it: those met in it, then the others of the list. Raises Forbidden, NotFound."""
    ctx.actor.require(Permission.OPPORTUNITY_VIEW)
    with ctx.begin() as tx:
        opportunities.access_opportunity(tx, opportunity_id)
        if not ctx.actor.may(Permission.COMPETITOR_VIEW):
            return []
        met = [m.competitor for m in opportunities.list_met(tx, opportunity_id)]
        known = {c.id for c in met}
        others = [c for c in competitors.list_active(tx) if c.id not in known]
        return [(c.id or 0, c.name) for c in (*met, *others)]


def stale_since(ctx: Context) -> tuple[StaleSince, ...]:
    """As `step_stale`, for a list. Raises Forbidden."""
    ctx.actor.require(Permission.OPPORTUNITY_VIEW)
    with ctx.begin() as tx:
        return step_stale(tx, ctx)
