"""Use case of a customer's whole story."""

from dataclasses import dataclass

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import Forbidden
from storage import customers, people, timeline
from storage.timeline import KINDS, Entry

PAGE = 5


@dataclass(frozen=True, slots=True)
class Story:
    """One page of what happened, newest first."""

    customer_id: int
    name: str
    entries: list[Entry]
    names: dict[str, str]
    total: int
    page: int
    pages: int


def show_timeline(ctx: Context, customer_id: int, *, page: int = 1) -> Story:
    """As far as the actor's functions tell it: follow-ups, owners, changes, opportunities, contracts, payments.

    Raises:
        Forbidden, NotFound: also of a pool customer, whose story is nobody's before it is claimed (D14).
    """
    with ctx.begin() as tx:
        customer = customers.access_customer(tx, customer_id)
        own = customer.owner_id == ctx.actor.user_id
        if customer.owner_id is None:
            ctx.actor.require(Permission.POOL_VIEW)
            if not ctx.actor.admin:
                raise Forbidden(f"「{customer.name}」在公海里，领取以后才能看它的动态。")
        elif not own:
            ctx.actor.require(Permission.CUSTOMER_VIEW)
        kinds = [k for k in KINDS if k.needs is None or ctx.actor.may(k.needs) or (own and k.own_too)]
        family = timeline.family_of(tx, customer.id or 0)
        total = timeline.count_entries(tx, family, kinds)
        pages = max(1, -(-total // PAGE))
        page = min(max(1, page), pages)
        entries = timeline.list_entries(tx, family, kinds, page=page, size=PAGE)
        ids = {e.by for e in entries} | {e.parts[1] for e in entries if e.kind == "owner" and e.parts[1]}
        names = people.names_of(tx, ids)
        return Story(customer.id or 0, customer.name, entries, names, total, page, pages)
