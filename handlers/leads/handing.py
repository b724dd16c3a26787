"""A lead goes to a colleague, in the caller's transaction."""

from bot.context import Context
from bot.identity import may_be_told
from handlers.custody.rules import check_receiver
from handlers.leads import rules
from handlers.leads.steps import record
from handlers.leads.undoing import UNDO_TRANSFER, step_offer
from handlers.pool.telling import tell
from storage import cards, digest, lead_pools, leads, people
from storage.database import Tx
from storage.tables import Lead


def step_transfer(tx: Tx, ctx: Context, lead: Lead, receiver_id: str) -> tuple[str, int]:
    """The lead is locked. Both owners are told; returns the receiver's name, and how to take it back for a day.

    Raises:
        Over, NotFound; NotTransferable: he has it already, or is out of the app's scope.
    """
    rules.check_open(lead.company, lead.state)
    lead_id, was, since = lead.id or 0, lead.owner_id, lead.owner_since or lead.created_at
    before = leads.picture(tx, lead_id)
    receiver = people.access_active(tx, receiver_id).name
    told = may_be_told(tx, receiver_id, ctx.settings)
    check_receiver(name=receiver, receiver_id=receiver_id, owner_id=was or "", told=told)
    digest.cancel(tx, f"lead:{lead_id}", rules=("next_follow_up",), now=ctx.now)
    leads.change(tx, lead, owner_id=receiver_id, owner_since=ctx.now, pooled_at=None, pool_reason="")
    lead_pools.turn_page(
        tx, lead_id, receiver_id, how="transfer", by=ctx.actor.user_id, now=ctx.now, was=was, since=since
    )
    record(tx, ctx, "transfer.lead", lead, changes={"负责人": (people.name_of(tx, was) if was else "", receiver)})
    company, mark = lead.company, ctx.now.isoformat()
    tell(
        tx, ctx, [receiver_id], title=f"转给你的线索：{company}", key=f"lead-to:{lead_id}:{mark}",
        text=f"{ctx.actor.name} 把线索「{company}」转给你负责，发送「查线索 {company}」看详情。",
    )  # fmt: skip
    tell(
        tx, ctx, [was] if was else [], title=f"转走的线索：{company}", key=f"lead-from:{lead_id}:{mark}",
        text=f"{ctx.actor.name} 把线索「{company}」转给 {receiver} 负责了。",
    )  # fmt: skip
    cards.redraw_others(tx, f"lead:{lead_id}", now=ctx.now)
    undo_id = step_offer(
        tx, ctx, lead_id, before, f"线索 {company} 转给 {receiver}", version=lead.version, lasts=UNDO_TRANSFER
    )
    return receiver, undo_id
