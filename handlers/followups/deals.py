"""The opportunity a follow-up names, instead of its customer or behind it: `跟进 (华兴) 二期扩容 聊了报价`."""

from bot.context import Context
from bot.core.actor import Permission
from bot.language.followup import FollowUpSlots, Problem
from bot.language.normalize import fold
from storage import opportunities
from storage.opportunities import OwnOpportunity

SHORTEST = 2  # characters that tell an opportunity from another
BREAKS = " ，,。：:、；;"


def named_in(ctx: Context, slots: FollowUpSlots) -> tuple[list[OwnOpportunity], str]:
    """One's own open opportunities that are meant, and what else was said; those of the customer, if one is named."""
    unknown, certain = Problem.CUSTOMER_UNKNOWN in slots.problems, slots.customer.certain
    if certain is None and slots.named and slots.customer.options and not unknown:
        return [], slots.content
    if not ctx.actor.may(Permission.OPPORTUNITY_VIEW):
        return [], slots.content
    with ctx.begin() as tx:
        own = opportunities.list_own(tx, ctx.actor.user_id, customer_id=certain.id if certain is not None else None)
    if certain is None and slots.named:
        said = fold(slots.named)
        exact = [o for o in own if fold(o.name) == said]
        part = [o for o in own if said in fold(o.name)] if len(said) >= SHORTEST else []
        return exact or part, slots.content
    content = slots.content.strip()
    begun = [o for o in own if len(o.name) >= SHORTEST and content.startswith(o.name)]
    longest = max((len(o.name) for o in begun), default=0)
    found = [o for o in begun if len(o.name) == longest]
    behind = content[longest:]
    told_apart = bool(found) and (not behind or behind[0] in BREAKS)  # else its name is a word of what was said
    return found, behind.strip(BREAKS) if told_apart else slots.content


def of_customer(ctx: Context, customer_id: int, name: str) -> int | None:
    """One's own open opportunity of that name with that customer."""
    if not name or not ctx.actor.may(Permission.OPPORTUNITY_VIEW):
        return None
    with ctx.begin() as tx:
        own = opportunities.list_own(tx, ctx.actor.user_id, customer_id=customer_id)
    return next((o.id for o in own if o.name == name), None)
