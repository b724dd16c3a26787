"""What an opportunity was, on record and to be put back: every change of one leaves its line and its offer here."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.language.money import show_money
from handlers.opportunities import rules
from storage import audit, follow_ups, lines, opportunities, people, undos
from storage.database import Tx
from storage.opportunities import Met
from storage.tables import Opportunity, OpportunityCompetitor, OpportunityLine

UNDO = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Changed:
    """A change in words, and how to take it back."""

    opportunity_id: int
    text: str
    undo_id: int | None


def require_write(ctx: Context) -> None:
    """新增 is for one's own, 编辑 for others' too. Raises Forbidden."""
    if not ctx.actor.may(Permission.OPPORTUNITY_EDIT):
        ctx.actor.require(Permission.OPPORTUNITY_ADD)


def step_access(tx: Tx, ctx: Context, opportunity_id: int) -> tuple[Opportunity, dict[str, Any]]:
    """One that may be changed, locked, and what it is now; `step_done` makes a new version of it.

    Raises:
        NotFound, NotYours.
    """
    found = opportunities.access_opportunity(tx, opportunity_id, lock=True)
    rules.check_may_change(
        owner_id=found.owner_id, actor_id=ctx.actor.user_id, may_edit=ctx.actor.may(Permission.OPPORTUNITY_EDIT),
        name=found.name, owner=people.name_of(tx, found.owner_id) if found.owner_id else "",
    )  # fmt: skip
    return found, step_picture(tx, opportunity_id)


def step_picture(tx: Tx, opportunity_id: int) -> dict[str, Any]:
    """What it is now, with what belongs to it, as `step_undo_change` puts it back."""
    return {
        "row": opportunities.picture(tx, opportunity_id), "log": opportunities.last_log_id(tx, opportunity_id),
        "lines": lines.pictures(tx, OpportunityLine, opportunity_id),
        "met": [_met_row(m) for m in opportunities.list_met(tx, opportunity_id)],
    }  # fmt: skip


def _met_row(met: Met) -> dict[str, Any]:
    link = met.link
    price = None if link.price is None else str(link.price)
    return {"competitor_id": link.competitor_id, "note": link.note, "price": price, "threat": link.threat}


def _put_met_back(tx: Tx, opportunity_id: int, kept: list[dict[str, Any]]) -> None:
    for met in opportunities.list_met(tx, opportunity_id):
        tx.delete(met.link)
    tx.flush()
    for one in kept:
        price = None if one["price"] is None else Decimal(one["price"])
        tx.add(OpportunityCompetitor(**{**one, "price": price}, opportunity_id=opportunity_id))
    tx.flush()


def step_done(tx: Tx, ctx: Context, found: Opportunity, before: dict[str, Any], text: str) -> Changed:
    """A new version, and how to take it back."""
    found.version += 1
    tx.add(found)
    tx.flush()
    return Changed(found.id or 0, text, step_offer(tx, ctx, found, before, f"商机 {found.name}"))


def step_offer(tx: Tx, ctx: Context, found: Opportunity, before: dict[str, Any] | None, text: str) -> int:
    """撤销 for what was just done; `before` None: it was made. Returns the offer's id."""
    return undos.offer(
        tx, user_id=ctx.actor.user_id, kind="opportunities.change", text=text, now=ctx.now, lasts=UNDO,
        payload={
            "id": found.id, "before": before, "version": found.version, "owner_id": found.owner_id, "text": text,
        },
    )  # fmt: skip


def step_undo_change(tx: Tx, ctx: Context, payload: dict[str, Any]) -> str:
    """The same within another's transaction (import)."""
    key, before = int(payload["id"]), payload["before"]
    now = opportunities.picture(tx, key)
    if now["deleted_at"] is None:
        opportunities.access_opportunity(tx, key, lock=True)
    if now["version"] != payload["version"] or now["owner_id"] != payload["owner_id"]:
        raise rules.ChangedSince(f"「{now['name']}」之后又改过，不能撤销了。发送「商机 {now['name']}」看现在的样子。")
    if before is None:
        made = opportunities.access_opportunity(tx, key)
        made.deleted_at, made.version = ctx.now, made.version + 1
        tx.add(made)
        step_record(tx, ctx, "undo.opportunity", made, changes={"商机": (made.name, "")})
        return f"已撤销新建商机「{made.name}」。"
    opportunities.forget_log(tx, key, after=int(before["log"]))
    lines.put_back(tx, OpportunityLine, key, before["lines"])
    _put_met_back(tx, key, before["met"])
    opportunities.put_back(tx, before["row"], int(now["version"]) + 1)
    follow_ups.settle_opportunity(tx, key)  # contacts in between were not taken back
    found = opportunities.access_opportunity(tx, key)
    step_record(tx, ctx, "undo.opportunity", found, lines=[f"撤销：{payload['text']}"])
    return f"已撤销，「{found.name}」恢复原样。"


def in_words(column: str, value: Any) -> str:
    """A column's value as an audit line and an answer have it."""
    if value is None or value == "":
        return "按阶段" if column == "probability" else "（空）"
    return show_money(value) if column == "amount" else f"{value}%" if column == "probability" else str(value)


def step_record(tx: Tx, ctx: Context, action: str, found: Opportunity, **detail: Any) -> None:
    """One audit line."""
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=f"opportunity:{found.id}",
        name=found.name, **{k: v for k, v in detail.items() if v},
    )  # fmt: skip
