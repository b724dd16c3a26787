"""Use cases of leads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.core.forms import check_may_fill
from bot.language.companies import hard_key
from handlers.customers.creating import twin_facts
from handlers.customers.rules import masked, twin_text
from handlers.customfields.values import check_new, new_changes
from handlers.dictionaries.service import step_choose
from handlers.followups.rules import check_follow_up
from handlers.leads import rules
from handlers.leads.converting import Converted, step_convert
from storage import audit, customers, digest, leads, opportunities, people, undos
from storage.database import Tx
from storage.leads import PAGE, LeadFilter
from storage.tables import Lead, LeadFollowUp

UNDO = timedelta(minutes=10)
LABELS = {"company": "公司", "contact": "联系人", "mobile": "电话", "source": "来源", "remark": "备注"}


@dataclass(frozen=True, slots=True)
class NewLead:
    """What was said about a lead to be created."""

    company: str
    contact: str = ""
    mobile: str = ""
    source: str = ""
    remark: str = ""
    custom: dict[str, str] = field(default_factory=dict)  # the company's own fields, as they are stored

    def row(self) -> dict[str, Any]:
        """For a draft kept while something is asked."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


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
        lead = step_create_lead(tx, ctx, new)
        text = f"已建线索 {lead.company}"
        twins = customers.find_twins(
            tx, name_key=hard_key(lead.company), soft_key="", credit_code=None, phone=new.mobile
        )
        known = twin_facts(tx, ctx, twins[:1])
        if known:
            text += f"\n注意：可能已经是客户，{twin_text(known[0])}"
        return Changed(lead.id or 0, text, _offer(tx, ctx, lead, None, f"新建线索 {lead.company}"))


def step_create_lead(tx: Tx, ctx: Context, new: NewLead) -> Lead:
    """In the caller's transaction; the caller has asked for the permission. Raises as `create_lead`."""
    company = rules.check_company(new.company.strip())
    filled = {n: getattr(new, n) for n in ("contact", "mobile", "source", "remark")}
    check_may_fill(ctx.actor, "lead", filled)
    source = step_choose(tx, "lead", "source", new.source)
    custom = check_new(tx, ctx, "lead", new.custom)
    _check_twin(tx, ctx, company, new.mobile)
    lead = Lead(
        company=company, contact=new.contact, mobile=new.mobile, source=source, remark=new.remark, custom=custom,
        owner_id=ctx.actor.user_id, created_at=ctx.now, created_by=ctx.actor.user_id,
    )  # fmt: skip
    leads.add_lead(tx, lead)
    changes = {"线索": ("", company), **({"来源": ("", source)} if source else {})} | new_changes(tx, "lead", custom)
    _record(tx, ctx, "create.lead", lead, changes=changes)
    return lead


def _check_twin(tx: Tx, ctx: Context, company: str, mobile: str, but: int | None = None) -> None:
    twin = leads.find_twin(tx, company, mobile)
    if twin is None or twin.id == but:
        return
    whose = "由 你 负责" if twin.owner_id == ctx.actor.user_id else "还没有负责人"
    if twin.owner_id and twin.owner_id != ctx.actor.user_id:
        whose = f"由 {people.name_of(tx, twin.owner_id)} 负责"
    seen = leads.is_visible(tx, twin.id)
    hint = f"发送「查线索 {company}」看它。" if seen else "要的话请联系负责人或管理员。"
    raise rules.DuplicateLead(f"已经有这条线索了：「{company if seen else masked(company)}」{whose}。{hint}")


def update_lead(ctx: Context, lead_id: int, changes: Mapping[str, str]) -> Changed:
    """`changes`: by column. Raises Forbidden, NotFound, NotYours, Over, DuplicateLead, NotAChoice, InvalidInput."""
    _require_write(ctx)
    with ctx.begin() as tx:
        lead, before = _access(tx, ctx, lead_id)
        text = step_update_lead(tx, ctx, lead, changes)
        return Changed(lead_id, text, _offer(tx, ctx, lead, before, f"线索 {lead.company}"))


def step_update_lead(tx: Tx, ctx: Context, lead: Lead, changes: Mapping[str, str]) -> str:
    """In the caller's transaction, on a lead that may be changed; returns what changed in words."""
    rules.check_open(lead.company, lead.state)
    check_may_fill(ctx.actor, "lead", {k: v or " " for k, v in changes.items()})
    said: dict[str, tuple[str, str]] = {}
    checked: dict[str, str] = {}
    for column, raw in changes.items():
        if column not in LABELS:
            raise InvalidInput(f"线索没有「{column}」可以改。")
        value = raw.strip()
        if column == "company":
            value = rules.check_company(value)
        elif column == "source":
            value = step_choose(tx, "lead", "source", value)
        was = getattr(lead, column)
        if was != value:
            said[LABELS[column]] = (was or "（空）", value or "（空）")
            checked[column] = value
    if not checked:
        return "没有变化"
    if {"company", "mobile"} & checked.keys():
        mobile = checked.get("mobile", leads.true_values(tx, lead.id or 0).mobile)
        _check_twin(tx, ctx, checked.get("company", lead.company), mobile, lead.id)
    leads.change(tx, lead, **checked)
    kept = {label: pair for label, pair in said.items() if label != "电话"}
    lines = ["电话已改"] if "电话" in said else []
    _record(tx, ctx, "edit.lead", lead, changes=kept, lines=lines)
    return f"已改：{'、'.join(said)}"  # no values: the card is drawn for others too


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
        _record(tx, ctx, "move.lead", lead, changes={"状态": pair}, reason=why)
        text = f"{pair[0]} → {pair[1]}" + (f"：{why}" if why else "")
        return Changed(lead_id, text, _offer(tx, ctx, lead, before, f"线索 {lead.company}"))


def transfer_lead(ctx: Context, lead_id: int, user_id: str) -> Changed:
    """To a colleague. Raises Forbidden, NotFound, Over."""
    ctx.actor.require(Permission.LEAD_TRANSFER)
    with ctx.begin() as tx:
        lead = leads.access_lead(tx, lead_id, lock=True)
        rules.check_open(lead.company, lead.state)
        names = people.names_of(tx, [lead.owner_id, user_id])
        pair = (names.get(lead.owner_id or "", ""), names.get(user_id, user_id))
        digest.cancel(tx, f"lead:{lead.id}", rules=("next_follow_up",), now=ctx.now)
        leads.change(tx, lead, owner_id=user_id)
        _record(tx, ctx, "transfer.lead", lead, changes={"负责人": pair})
        return Changed(lead_id, f"线索「{lead.company}」已转给 {pair[1]}", None)


def delete_lead(ctx: Context, lead_id: int) -> Changed:
    """Gone from every list; a converted one stays. Raises Forbidden, NotFound, NotYours, Over."""
    ctx.actor.require(Permission.LEAD_DELETE)
    with ctx.begin() as tx:
        lead, before = _access(tx, ctx, lead_id)
        if lead.state == "converted":
            rules.check_open(lead.company, lead.state)
        company = lead.company
        digest.cancel(tx, f"lead:{lead.id}", rules=("next_follow_up",), now=ctx.now)
        undo_id = _offer(tx, ctx, lead, before, f"删除线索 {company}", ahead=1)
        _record(tx, ctx, "delete.lead", lead, changes={"线索": (company, "")})
        leads.change(tx, lead, deleted_at=ctx.now)
        return Changed(lead_id, f"已删除线索「{company}」", undo_id)


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
        _record(tx, ctx, "log.lead_follow_up", lead)
        undo_id = _offer(tx, ctx, lead, before, f"跟进线索 {lead.company}", follow_up=key)
        return Changed(lead_id, f"已记跟进 {lead.company}", undo_id)


def convert_lead(
    ctx: Context, lead_id: int, *, opportunity: bool = False, anyway: bool = False,
    custom: Mapping[str, str] | None = None,
) -> Converted:  # fmt: skip
    """A customer with its main contact out of a lead, and an opportunity if asked; again: the first result.

    `anyway` passes over likeness to a customer (D18); `custom`: the customer's own fields.

    Raises:
        Forbidden, NotFound, NotYours, Over, Duplicate, MaybeDuplicate, Required, ClaimLimited.
    """
    _require_write(ctx)  # 线索-新增 includes converting one's own: no 客户-新增 besides
    if opportunity:
        ctx.actor.require(Permission.OPPORTUNITY_ADD)
    with ctx.begin() as tx:
        lead = leads.access_lead(tx, lead_id, lock=True)
        if lead.state == "converted":
            return Converted(lead_id, lead.converted_customer_id or 0, lead.converted_opportunity_id, already=True)
        _check_mine(tx, ctx, lead)
        rules.check_open(lead.company, lead.state)
        done = step_convert(tx, ctx, lead, opportunity=opportunity, anyway=anyway, custom=custom or {})
        _record(tx, ctx, "convert.lead", lead, changes={"状态": ("", rules.STATES["converted"])})
        return done


def undo_change(ctx: Context, payload: dict[str, Any]) -> str:
    """Puts back what it was, unless it has changed since. Raises Forbidden, NotFound, ChangedSince."""
    _require_write(ctx)
    key, before = int(payload["id"]), payload["before"]
    with ctx.begin() as tx:
        now = leads.picture(tx, key)
        if now["deleted_at"] is None:
            leads.access_lead(tx, key, lock=True)
            now = leads.picture(tx, key)
        if now["version"] != payload["version"]:
            company = now["company"]
            raise rules.ChangedSince(f"线索「{company}」之后又改过，不能撤销了。发送「查线索 {company}」看现在的样子。")
        if before is None:
            lead = leads.access_lead(tx, key)
            _record(tx, ctx, "undo.lead", lead, changes={"线索": (lead.company, "")})
            company = lead.company
            leads.change(tx, lead, deleted_at=ctx.now)
            return f"已撤销新建线索「{company}」。"
        if payload.get("follow_up"):
            leads.take_back(tx, int(payload["follow_up"]), ctx.now)
        leads.put_back(tx, key, before, int(now["version"]) + 1)
        lead = leads.access_lead(tx, key)
        _record(tx, ctx, "undo.lead", lead, lines=[f"撤销：{payload['text']}"])
        return f"已撤销，线索「{lead.company}」恢复原样。"


@dataclass(frozen=True, slots=True)
class Details:
    """A lead with what belongs to it, as far as the actor may see it."""

    lead: Lead
    owner_name: str
    timeline: list[LeadFollowUp]
    total: int
    names: dict[str, str]
    customer: str  # it became; empty: none, or not to be seen
    opportunity: str


def show_lead(ctx: Context, lead_id: int) -> Details:
    """Raises Forbidden, NotFound."""
    ctx.actor.require(Permission.LEAD_VIEW)
    with ctx.begin() as tx:
        lead = leads.access_lead(tx, lead_id)
        reads = lead.owner_id == ctx.actor.user_id or ctx.actor.may(Permission.FOLLOWUP_VIEW)
        timeline = leads.list_follow_ups(tx, lead_id) if reads else []
        names = people.names_of(tx, [lead.owner_id, *(f.user_id for f in timeline)])
        customer_id, deal_id = lead.converted_customer_id, lead.converted_opportunity_id
        customer = customers.names_of(tx, [customer_id]).get(customer_id, "") if customer_id else ""
        deal = ""
        if deal_id and ctx.actor.may(Permission.OPPORTUNITY_VIEW):
            deal = next((name for i, name, *_ in opportunities.list_names(tx) if i == deal_id), "")
        return Details(
            lead, names.get(lead.owner_id or "", ""), timeline, leads.count_follow_ups(tx, lead_id) if reads else 0,
            names, customer, deal,
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


def _require_write(ctx: Context) -> None:
    """新增 is for one's own, 编辑 for others' too."""
    if not ctx.actor.may(Permission.LEAD_EDIT):
        ctx.actor.require(Permission.LEAD_ADD)


def _access(tx: Tx, ctx: Context, lead_id: int) -> tuple[Lead, dict[str, Any]]:
    """One that may be changed, and what it is now."""
    lead = leads.access_lead(tx, lead_id, lock=True)
    _check_mine(tx, ctx, lead)
    return lead, leads.picture(tx, lead_id)


def _check_mine(tx: Tx, ctx: Context, lead: Lead) -> None:
    rules.check_may_change(
        owner_id=lead.owner_id, actor_id=ctx.actor.user_id, may_edit=ctx.actor.may(Permission.LEAD_EDIT),
        company=lead.company, owner=people.name_of(tx, lead.owner_id) if lead.owner_id else "",
    )  # fmt: skip


def _offer(
    tx: Tx, ctx: Context, lead: Lead, before: dict[str, Any] | None, text: str, *, follow_up: int = 0, ahead: int = 0
) -> int:
    return undos.offer(
        tx, user_id=ctx.actor.user_id, kind="leads.change", text=text, now=ctx.now, lasts=UNDO,
        payload={
            "id": lead.id, "before": before, "version": lead.version + ahead, "text": text, "follow_up": follow_up,
        },
    )  # fmt: skip


def _record(tx: Tx, ctx: Context, action: str, lead: Lead, **detail: Any) -> None:
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=f"lead:{lead.id}",
        name=lead.company, **{k: v for k, v in detail.items() if v},
    )  # fmt: skip
