"""Forms for a new customer or contact: opened with what is known, in place of questions one by one."""

from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.dispatch import CardRef, Reply, Talk
from handlers.customers.creating import NewCustomer
from storage import customers, talks
from storage.database import Tx

Draft = dict[str, Any]  # of a form: what is known, by field


def ask_customer(ctx: Context, talk: Talk, draft: NewCustomer | None, *, missing: str = "") -> Reply:
    """The form of a new customer; a sentence is as good an answer. `missing`: what is. Raises Forbidden."""
    ctx.actor.require(Permission.CUSTOMER_ADD)
    known = draft.row() if draft is not None else {}
    talk.ask("customers.create", draft=known)
    return Reply(card=CardRef("customers.new", {"draft": known, "missing": missing}))


def ask_contact(ctx: Context, talk: Talk, customer_id: int | None = None, known_of: Draft | None = None) -> Reply:
    """The form of a new contact, of that customer or the one last spoken of; `known_of`: what was said of it.

    Raises Forbidden.
    """
    ctx.actor.require(Permission.CONTACT_ADD)
    customer_id = talk.subject() if customer_id is None else customer_id
    with ctx.begin() as tx:
        known = customers.list_by_ids(tx, [customer_id]) if customer_id is not None else []
    draft: Draft = {**(known_of or {}), **({"customer": known[0].name} if known else {})}
    state = {"draft": draft, "customer_id": customer_id if known else None}
    talk.ask("customers.contact_new", customer_id=state["customer_id"], draft=draft)
    return Reply(card=CardRef("customers.new_contact", state))


def answered(ctx: Context, customer_id: int) -> None:
    """A form was handed in: the question in the single chat that stood beside it is settled."""
    with ctx.begin() as tx:
        _settle(tx, ctx, customer_id)


def _settle(tx: Tx, ctx: Context, customer_id: int) -> None:
    row = talks.load(tx, ctx.actor.user_id, "bot")
    kind = str((row.pending or {}).get("kind", ""))
    if kind not in ("customers.create", "customers.create_anyway", "customers.contact_new"):
        return
    talk = Talk(ctx.now, row.pending, row.pending_until, row.subject_id, row.subject_until, row.misses)
    talk.settle()
    talk.about(customer_id)
    talks.save(
        tx, row, pending=talk.pending, pending_until=talk.pending_until, subject_id=talk.subject_id,
        subject_until=talk.subject_until, misses=talk.misses, subject_kind=talk.subject_kind,
    )  # fmt: skip
