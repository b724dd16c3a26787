"""What somebody may do with a customer that he sees: as its owner, in its team, by his functions."""

from typing import Protocol

from bot.context import Context
from bot.core.actor import Actor, Permission
from handlers.customers import rules
from storage import people, teams
from storage.database import Tx


class HasOwner(Protocol):
    """A customer, or a row of one."""

    id: int | None
    name: str
    owner_id: str | None


def require_any(actor: Actor, *permissions: Permission) -> None:
    """One of them will do. Raises Forbidden, naming the first."""
    if not any(actor.may(permission) for permission in permissions):
        actor.require(permissions[0])


def step_may_write(tx: Tx, ctx: Context, customer: HasOwner, edit: Permission) -> None:
    """`edit`: with which others' records within the scope may be written on.

    Raises:
        NotYours: it is in the pool, or one may only look at it; the card offers to ask its owner.
    """
    if customer.owner_id == ctx.actor.user_id:
        return
    pooled = customer.owner_id is None
    rules.check_may_write(
        owner_id=customer.owner_id, actor_id=ctx.actor.user_id, may_edit=ctx.actor.may(edit), name=customer.name,
        owner="" if pooled else people.name_of(tx, customer.owner_id), customer_id=customer.id,
        member="" if pooled else teams.right_of(tx, customer.id or 0, ctx.actor.scope),
    )  # fmt: skip


def step_check_owner(tx: Tx, ctx: Context, customer: HasOwner) -> None:
    """Who decides about a customer itself: its owner, or who may change owners.

    Raises:
        NotYours: neither.
    """
    if customer.owner_id is None:
        raise rules.NotYours(f"「{customer.name}」在公海里，没有负责人。先发送「领取 {customer.name}」。")
    if customer.owner_id != ctx.actor.user_id and not ctx.actor.may(Permission.CUSTOMER_TRANSFER):
        owner = people.name_of(tx, customer.owner_id)
        raise rules.NotYours(f"「{customer.name}」由 {owner} 负责，这件事要 {owner} 来定。")
