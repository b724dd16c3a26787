"""Use cases of leads."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.forms import check_may_fill
from bot.language.companies import hard_key
from handlers.customers.creating import twin_facts
from handlers.customers.rules import twin_text
from handlers.dictionaries.service import step_choose
from handlers.followups.rules import check_follow_up
from handlers.leadpool.clock import clock_of
from handlers.leads import rules
from handlers.leads.converting import Converted, Own, step_convert, step_unconvert
from handlers.leads.handing import step_transfer
from handlers.leads.steps import NewLead, record, step_create_lead, step_update_lead
from handlers.leads.undoing import step_offer, step_put_back
from handlers.opportunities.reading import SaidDeal
from handlers.pool.rules import WARN_DAYS
from storage import customers, digest, lead_pools, leads, opportunities, people
from storage.database import Tx
from storage.leads import OPEN, PAGE, LeadFilter
from storage.tables import Lead, LeadFollowUp, LeadOwnerHistory


@dataclass(frozen=True, slots=True)
class Changed:
    """A change in words, and how to take it back."""

    lead_id: int
    text: str
    undo_id: int | None


def create_lead(ctx: Context, new: NewLead) -> Changed:
    """A lead of the actor's own. Raises Forbidden, DuplicateLead, NotAChoice, Required, InvalidInput."""
    ctx.actor.require(Permission.LEAD_ADD)
    with ctx.begin() as tx:
        lead = step_create_lead(tx, ctx, new, owner_id=ctx.actor.user_id)
        text = f"已建线索 {lead.company}"
        twins = customers.find_twins(
            tx, name_key=hard_key(lead.company), soft_key="", credit_code=None, phone=new.mobile
        )
        known = twin_facts(tx, ctx, twins[:1])
        if known:
            text += f"\n注意：可能已经是客户，{twin_text(known[0])}"
        return Changed(lead.id or 0, text, _offer(tx, ctx, lead, None, f"新建线索 {lead.company}"))


def update_lead(
    ctx: Context, lead_id: int, changes: Mapping[str, str], custom: Mapping[str, str] | None = None, *,
    version: int | None = None,
) -> Changed:  # fmt: skip
    """`changes`: by column; `custom`: the company's own fields, as they are stored; `version`: when a form was filled.

    Raises:
        Forbidden, NotFound, NotYours, Over, DuplicateLead, NotAChoice, Required, InvalidInput.
        ChangedSince: somebody changed it since `version`.
    """
    _require_write(ctx)
    with ctx.begin() as tx:
        lead, before = _access(tx, ctx, lead_id)
        if version is not None and version != lead.version:
            raise rules.ChangedSince(f"没有保存：线索「{lead.company}」在你填的时候有了变动，核对后再改。")
        done = step_update_lead(tx, ctx, lead, changes, custom or {})
        if not done.changed:
            return Changed(lead_id, done.text, None)
        return Changed(lead_id, done.text, _offer(tx, ctx, lead, before, f"线索 {lead.company}", own=done.own_was))


def set_state(ctx: Context, lead_id: int, state: str, *, reason: str = "") -> Changed:
    """following, interested or invalid (with a reason); following of an invalid one opens it again (R-LEAD-1).

    Raises:
        Forbidden, NotFound, NotYours, Over, ReasonMissing, InvalidInput.
    """
    _require_write(ctx)
    with ctx.begin() as tx:
        lead, before = _access(tx, ctx, lead_id)
        rules.check_move(lead.company, lead.state, state)
        why = rules.check_reason(lead.company, reason) if state == "invalid" else ""
        was = lead.state
        leads.change(tx, lead, state=state, invalid_reason=why)
        if state == "invalid":
            digest.cancel(tx, f"lead:{lead.id}", rules=("next_follow_up",), now=ctx.now)
        pair = (rules.STATES[was], rules.STATES[state])
        record(tx, ctx, "move.lead", lead, changes={"状态": pair}, reason=why)
        text = f"{pair[0]} → {pair[1]}" + (f"：{why}" if why else "")
        return Changed(lead_id, text, _offer(tx, ctx, lead, before, f"线索 {lead.company}"))


def transfer_lead(ctx: Context, lead_id: int, user_id: str) -> Changed:
    """To a colleague; both are told. Raises Forbidden, NotFound, Over, NotTransferable."""
    ctx.actor.require(Permission.LEAD_TRANSFER)
    with ctx.begin() as tx:
        lead = leads.access_lead(tx, lead_id, lock=True)
        receiver, undo_id = step_transfer(tx, ctx, lead, user_id)
        return Changed(lead_id, f"线索「{lead.company}」已转给 {receiver}", undo_id)


def delete_lead(ctx: Context, lead_id: int) -> Changed:
    """Gone from every list; a converted one stays. Raises Forbidden, NotFound, NotYours, Over."""
    ctx.actor.require(Permission.LEAD_DELETE)
    with ctx.begin() as tx:
        lead, before = _access(tx, ctx, lead_id, pooled_too=True)
        if lead.state == "converted":
            rules.check_open(lead.company, lead.state)
        digest.cancel(tx, f"lead:{lead.id}", rules=("next_follow_up",), now=ctx.now)
        record(tx, ctx, "delete.lead", lead, changes={"线索": (lead.company, "")})
        leads.change(tx, lead, deleted_at=ctx.now)
        return Changed(
            lead_id, f"已删除线索「{lead.company}」", _offer(tx, ctx, lead, before, f"删除线索 {lead.company}")
        )


def log_follow_up(
    ctx: Context, lead_id: int, content: str, *, method: str = "", next_at: datetime | None = None, timed: bool = False
) -> Changed:
    """Kept with the lead; a new one is then 跟进中. `next_at` replaces what was planned.

    Raises:
        Forbidden, NotFound, NotYours, Over, BadFollowUp.
    """
    ctx.actor.require(Permission.FOLLOWUP_ADD)
    check_may_fill(ctx.actor, "followup", {"content": content, "method": method, "next_at": next_at})
    check_follow_up(content, at=ctx.now, next_at=next_at, next_timed=timed, now=ctx.now)
    with ctx.begin() as tx:
        lead, before = _access(tx, ctx, lead_id)
        rules.check_open(lead.company, lead.state)
        entry = LeadFollowUp(
            lead_id=lead_id, user_id=ctx.actor.user_id, at=ctx.now, content=content.strip(), next_at=next_at,
            next_timed=timed, created_at=ctx.now,
            method=step_choose(tx, "followup", "method", method) if method else "",
        )  # fmt: skip
        key = leads.add_follow_up(tx, entry)
        state = "following" if lead.state == "new" else lead.state
        leads.change(
            tx, lead, state=state, last_follow_up_at=ctx.now, next_follow_up_at=next_at, next_timed=timed
        )  # fmt: skip
        digest.cancel(tx, f"lead:{lead.id}", rules=("next_follow_up",), now=ctx.now)
        record(tx, ctx, "log.lead_follow_up", lead)
        undo_id = _offer(tx, ctx, lead, before, f"跟进线索 {lead.company}", follow_up=key)
        return Changed(lead_id, f"已记跟进 {lead.company}", undo_id)


def convert_lead(
    ctx: Context, lead_id: int, *, opportunity: bool = False, anyway: bool = False,
    custom: Own | None = None, deal: SaidDeal | None = None,
) -> Converted:  # fmt: skip
    """A customer with its main contact out of a lead, and an opportunity if asked; again: the first result.

    `anyway` passes over likeness to a customer (D18); `custom`: own fields of what it becomes (OWN_OF), by form. Those
    that the lead has under the same labels go along by themselves. `deal`: what is said of the opportunity, if asked.

    Raises:
        Forbidden, NotFound, NotYours, Over, Duplicate, MaybeDuplicate, Required, ClaimLimited, NameTaken, InvalidInput.
    """
    _require_write(ctx)  # 线索-新增 includes converting one's own: no 客户-新增 besides
    if opportunity:
        ctx.actor.require(Permission.OPPORTUNITY_ADD)
    with ctx.begin() as tx:
        lead = leads.access_lead(tx, lead_id, lock=True)
        if lead.state == "converted":
            known = lead.converted_customer_id or 0, lead.converted_opportunity_id
            return Converted(lead_id, *known, already=True, not_made=(deal or SaidDeal()) if opportunity else None)
        _check_mine(tx, ctx, lead)
        rules.check_open(lead.company, lead.state)
        before = leads.picture(tx, lead_id)
        wanted = (deal or SaidDeal()) if opportunity else None
        done, made = step_convert(tx, ctx, lead, deal=wanted, anyway=anyway, custom=custom or {})
        record(tx, ctx, "convert.lead", lead, changes={"状态": (rules.STATES[before["state"]], "已转客户")})
        undo_id = step_offer(
            tx, ctx, lead_id, before, f"线索转客户 {lead.company}", version=lead.version, kind="leads.convert",
            made=made,
        )  # fmt: skip
        return replace(done, undo_id=undo_id)


def undo_change(ctx: Context, payload: dict[str, Any]) -> str:
    """Puts back what it was, unless it has changed since. Raises Forbidden, NotFound, ChangedSince."""
    _require_write(ctx)
    with ctx.begin() as tx:
        return step_put_back(tx, ctx, payload)


def undo_convert(ctx: Context, payload: dict[str, Any]) -> str:
    """The lead is open again, and what it became goes, unless somebody has worked on either since.

    Raises:
        Forbidden, NotFound, ChangedSince.
    """
    _require_write(ctx)
    with ctx.begin() as tx:
        return step_unconvert(tx, ctx, payload)


@dataclass(frozen=True, slots=True)
class Details:
    """A lead with what belongs to it, as far as the actor may see it."""

    lead: Lead
    owner_name: str
    timeline: list[LeadFollowUp]
    total: int
    history: list[LeadOwnerHistory]
    names: dict[str, str]
    customer: str  # it became; empty: none, or not to be seen
    opportunity: str
    may_write: bool
    days_left: int | None  # until it returns to the pool by itself, where that is near


def show_lead(ctx: Context, lead_id: int) -> Details:
    """Raises Forbidden, NotFound."""
    ctx.actor.require(Permission.LEAD_VIEW)
    with ctx.begin() as tx:
        lead = leads.access_lead(tx, lead_id)
        own = lead.owner_id == ctx.actor.user_id
        reads = own or ctx.actor.may(Permission.FOLLOWUP_VIEW)
        timeline = leads.list_follow_ups(tx, lead_id) if reads else []
        history = [] if _is_pooled(ctx, lead) and ctx.actor.scope.lead_pool else lead_pools.list_history(tx, lead_id)
        names = people.names_of(tx, [lead.owner_id, *(f.user_id for f in timeline), *(h.owner_id for h in history)])
        customer_id, deal_id = lead.converted_customer_id, lead.converted_opportunity_id
        customer = customers.names_of(tx, [customer_id]).get(customer_id, "") if customer_id else ""
        deal = ""
        if deal_id and ctx.actor.may(Permission.OPPORTUNITY_VIEW):
            deal = next((name for i, name, *_ in opportunities.list_names(tx) if i == deal_id), "")
        return Details(
            lead, names.get(lead.owner_id or "", ""), timeline, leads.count_follow_ups(tx, lead_id) if reads else 0,
            history, names, customer, deal,
            not _is_pooled(ctx, lead)
            and (ctx.actor.may(Permission.LEAD_EDIT) or (own and ctx.actor.may(Permission.LEAD_ADD))),
            _days_left(ctx, lead),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, with its total (D26)."""

    rows: list[Lead]
    owners: dict[str, str]
    total: int
    pages: int


def list_leads(ctx: Context, wanted: LeadFilter, page: int = 1) -> Page:
    """Five a page. Raises Forbidden."""
    ctx.actor.require(Permission.LEAD_VIEW)
    with ctx.begin() as tx:
        total = leads.count_leads(tx, wanted)
        pages = max(1, -(-total // PAGE))
        rows = leads.list_leads(tx, wanted, page=min(max(1, page), pages))
        return Page(rows, people.names_of(tx, [r.owner_id for r in rows]), total, pages)


def list_named(ctx: Context) -> list[tuple[int, str, str, str]]:
    """(id, company, contact, state) of those within the scope. Raises Forbidden."""
    ctx.actor.require(Permission.LEAD_VIEW)
    with ctx.begin() as tx:
        return leads.list_names(tx)


def _days_left(ctx: Context, lead: Lead) -> int | None:
    if lead.owner_id is None or lead.state not in OPEN:
        return None
    since = lead.owner_since or lead.created_at
    clock = clock_of(ctx.settings, since, lead.last_follow_up_at, ctx.today)
    return clock.days_left if clock is not None and clock.days_left <= max(WARN_DAYS) else None


def _require_write(ctx: Context) -> None:
    """新增 is for one's own, 编辑 for others' too."""
    if not ctx.actor.may(Permission.LEAD_EDIT):
        ctx.actor.require(Permission.LEAD_ADD)


def _access(tx: Tx, ctx: Context, lead_id: int, *, pooled_too: bool = False) -> tuple[Lead, dict[str, Any]]:
    """One that may be changed, and what it is now."""
    lead = leads.access_lead(tx, lead_id, lock=True)
    _check_mine(tx, ctx, lead, pooled_too=pooled_too)
    return lead, leads.picture(tx, lead_id)


def _is_pooled(ctx: Context, lead: Lead) -> bool:
    return ctx.settings.lead_pool and lead.owner_id is None and lead.state in OPEN


def _check_mine(tx: Tx, ctx: Context, lead: Lead, *, pooled_too: bool = False) -> None:
    rules.check_may_change(
        owner_id=lead.owner_id, actor_id=ctx.actor.user_id, may_edit=ctx.actor.may(Permission.LEAD_EDIT),
        company=lead.company, owner=people.name_of(tx, lead.owner_id) if lead.owner_id else "",
        pooled=_is_pooled(ctx, lead) and not pooled_too,
    )  # fmt: skip


def _offer(tx: Tx, ctx: Context, lead: Lead, before: dict[str, Any] | None, text: str, **more: Any) -> int:
    return step_offer(tx, ctx, lead.id or 0, before, text, version=lead.version, **more)
