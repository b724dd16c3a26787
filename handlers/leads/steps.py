"""A lead comes to be and is changed, in the caller's transaction: by sentence, form card and import alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.core.forms import check_may_fill
from handlers.customers.rules import masked
from handlers.customfields.values import check_new, labels_of, new_changes, write_custom
from handlers.dictionaries.service import step_choose
from handlers.leads import rules
from storage import audit, lead_pools, leads, people
from storage.database import Tx
from storage.tables import Lead

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
class Edited:
    """What changed, in words without values; `own_was`: the own fields as they were, which take it back."""

    text: str
    own_was: dict[str, str]
    changed: bool = True


def step_create_lead(tx: Tx, ctx: Context, new: NewLead, *, owner_id: str | None, source: str = "") -> Lead:
    """The caller has asked for the permission. `source`: what it came from, for the audit.

    Raises:
        Forbidden, DuplicateLead, NotAChoice, Required, InvalidInput.
    """
    company = rules.check_company(new.company.strip())
    check_may_fill(ctx.actor, "lead", {n: getattr(new, n) for n in ("contact", "mobile", "source", "remark")})
    chosen = step_choose(tx, "lead", "source", new.source)
    custom = check_new(tx, ctx, "lead", new.custom)
    step_check_twin(tx, ctx, company, new.mobile)
    by = ctx.actor.user_id
    lead = Lead(
        company=company, contact=new.contact, mobile=new.mobile, source=chosen, remark=new.remark, custom=custom,
        owner_id=owner_id, owner_since=ctx.now if owner_id else None, created_at=ctx.now, created_by=by,
    )  # fmt: skip
    leads.add_lead(tx, lead)
    lead_pools.turn_page(tx, lead.id or 0, owner_id, how="create", by=by, now=ctx.now)
    changes = {"线索": ("", company), **({"来源": ("", chosen)} if chosen else {})} | new_changes(tx, "lead", custom)
    record(tx, ctx, "create.lead", lead, changes=changes, fields=labels_of(tx, "lead", custom), source=source)
    return lead


def step_check_twin(tx: Tx, ctx: Context, company: str, mobile: str, but: int | None = None) -> None:
    """Raises DuplicateLead: an open lead of that company and number is there, whoever has it."""
    twin = leads.find_twin(tx, company, mobile, but=but)
    if twin is None:
        return
    whose = "由 你 负责" if twin.owner_id == ctx.actor.user_id else "还没有负责人"
    if twin.owner_id and twin.owner_id != ctx.actor.user_id:
        whose = f"由 {people.name_of(tx, twin.owner_id)} 负责"
    seen = leads.is_visible(tx, twin.id)
    hint = f"发送「查线索 {company}」看它。" if seen else "要的话请联系负责人或管理员。"
    raise rules.DuplicateLead(f"已经有这条线索了：「{company if seen else masked(company)}」{whose}。{hint}")


def step_update_lead(
    tx: Tx, ctx: Context, lead: Lead, changes: Mapping[str, str], custom: Mapping[str, str], *, source: str = ""
) -> Edited:
    """On a lead that may be changed. `custom`: the company's own fields, as they are stored; "" takes one away.

    Raises:
        Over, Forbidden, DuplicateLead, NotAChoice, Required, InvalidInput.
    """
    rules.check_open(lead.company, lead.state)
    check_may_fill(ctx.actor, "lead", {k: v or " " for k, v in changes.items()})
    said: dict[str, tuple[str, str]] = {}
    checked: dict[str, str] = {}
    for column, raw in changes.items():
        value = _checked(tx, column, raw.strip())
        was = getattr(lead, column)
        if was != value:
            said[LABELS[column]] = (was or "（空）", value or "（空）")
            checked[column] = value
    if {"company", "mobile"} & checked.keys():
        mobile = checked.get("mobile", leads.true_values(tx, lead.id or 0).mobile)
        step_check_twin(tx, ctx, checked.get("company", lead.company), mobile, lead.id)
    own, was_own = write_custom(tx, ctx, "lead", lead, custom)
    if not (checked or own):
        return Edited("没有变化", {}, changed=False)
    leads.change(tx, lead, **checked)
    kept = {label: pair for label, pair in said.items() if label != "电话"} | own
    record(
        tx, ctx, "edit.lead", lead, changes=kept, lines=["电话已改"] if "电话" in said else [],
        fields=labels_of(tx, "lead", was_own), source=source,
    )  # fmt: skip
    return Edited(f"已改：{'、'.join([*said, *own])}", was_own)  # no values: the card is drawn for others too


def _checked(tx: Tx, column: str, value: str) -> str:
    if column not in LABELS:
        raise InvalidInput(f"线索没有「{column}」可以改。可以改：{'、'.join(LABELS.values())}。")
    if column == "company":
        return rules.check_company(value)
    return step_choose(tx, "lead", "source", value) if column == "source" else value


def record(tx: Tx, ctx: Context, action: str, lead: Lead, **detail: Any) -> None:
    """The line in the audit."""
    record_of(tx, ctx, action, lead.id or 0, lead.company, **detail)


def record_of(tx: Tx, ctx: Context, action: str, lead_id: int, company: str, **detail: Any) -> None:
    """The same, of one whose row is not at hand."""
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=f"lead:{lead_id}",
        name=company, **{k: v for k, v in detail.items() if v},
    )  # fmt: skip
