"""The opportunity a follow-up names instead of its customer: `跟进 二期扩容 聊了报价`."""

from bot.context import Context
from bot.core.actor import Permission
from bot.language.followup import FollowUpSlots, Problem
from bot.language.normalize import fold
from storage import opportunities
from storage.opportunities import OwnOpportunity

BREAKS = " ，,。：:、；;"  # what may stand between an opportunity and what was said of it
SHORTEST = 2  # characters that tell an opportunity from another


def named_in(ctx: Context, slots: FollowUpSlots) -> tuple[list[OwnOpportunity], str]:
    """One's own open opportunities that are meant, and what else was said; none where a customer is named."""
    unknown = Problem.CUSTOMER_UNKNOWN in slots.problems
    if slots.customer.certain is not None or (slots.named and slots.customer.options and not unknown):
        return [], slots.content
    if not ctx.actor.may(Permission.OPPORTUNITY_VIEW):
        return [], slots.content
    with ctx.begin() as tx:
        own = opportunities.list_own(tx, ctx.actor.user_id)
    if slots.named:
        said = fold(slots.named)
        exact = [o for o in own if fold(o.name) == said]
        part = [o for o in own if said in fold(o.name)] if len(said) >= SHORTEST else []
        return exact or part, slots.content
    content = slots.content.strip()
    begun = [o for o in own if len(o.name) >= SHORTEST and content.startswith(o.name)]
    longest = max((len(o.name) for o in begun), default=0)
    found = [o for o in begun if len(o.name) == longest]
    return found, content[longest:].strip(" ，,。：:") if found else slots.content


def named_behind(ctx: Context, customer_id: int, content: str) -> tuple[str, str]:
    """The open opportunity of one's own with that customer that the content begins with, and what else was said.

    `跟进 华兴 二期扩容 聊了报价` is about it; of a name that goes on (二期扩容了产线) nothing is certain.
    """
    if not ctx.actor.may(Permission.OPPORTUNITY_VIEW):
        return "", content
    with ctx.begin() as tx:
        own = opportunities.list_own(tx, ctx.actor.user_id, customer_id)
    said = content.strip()
    begun = [o.name for o in own if len(o.name) >= SHORTEST and fold(said[: len(o.name)]) == fold(o.name)]
    name = max(begun, key=len, default="")
    rest = said[len(name) :]
    if not name or not (rest == "" or rest[0] in BREAKS):
        return "", content
    return name, rest.strip(BREAKS)


def of_customer(ctx: Context, customer_id: int, name: str) -> int | None:
    """One's own open opportunity of that name with that customer."""
    if not name or not ctx.actor.may(Permission.OPPORTUNITY_VIEW):
        return None
    with ctx.begin() as tx:
        own = opportunities.list_own(tx, ctx.actor.user_id, customer_id)
    return next((o.id for o in own if o.name == name), None)
