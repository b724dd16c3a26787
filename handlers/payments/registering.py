"""A payment is registered by sentences: what they say, what is asked back, the summary, and its confirmation."""

from dataclasses import replace

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, Reply, Talk
from handlers.contracts.finding import find_contract
from handlers.customers.finding import THIS, find_customer
from handlers.payments.drafts import Draft, draft_of, read_words, shown, with_words
from handlers.payments.service import brief, candidates, create_payment
from handlers.payments.views import registered_ref
from storage.contracts import DEALT


def register_by(ctx: Context, talk: Talk, text: str) -> Reply:
    """The summary of what was said, or what is still to be said of it."""
    ctx.actor.require(Permission.PAYMENT_ADD)
    words = read_words(ctx, text)
    if words.doubts:
        raise InvalidInput(f"没认准「{'、'.join(words.doubts)}」，请写成确定的数，例如「回款 华兴 5万 昨天 转账」。")
    draft = with_words(Draft(), words)
    if words.number:
        found = find_contract(ctx, words.number, talk)
        if found.certain is None:
            return found.ask(talk, "登记回款", "payments.which", draft=draft.row())
        return show_draft(ctx, talk, replace(draft, contract_id=found.certain))
    subject = talk.subject()
    if words.rest in THIS and subject is not None:
        return show_draft(ctx, talk, replace(draft, customer_id=subject))
    if not words.rest:
        return show_draft(ctx, talk, draft)
    meant = find_customer(ctx, words.rest, pooled=None, leading=True)
    if meant.certain is not None:
        return show_draft(ctx, talk, replace(draft, customer_id=meant.certain))
    if meant.options:
        return meant.ask(talk, "payments.customer", "登记回款", draft=draft.row())
    found = find_contract(ctx, words.rest, talk, states=DEALT)  # a contract in sight whose customer is not
    if found.certain is None:
        return found.ask(talk, "登记回款", "payments.which", draft=draft.row())
    return show_draft(ctx, talk, replace(draft, contract_id=found.certain))


def show_draft(ctx: Context, talk: Talk, draft: Draft) -> Reply:
    """The form where something is missing, the contracts to choose from, or the summary."""
    ref = shown(ctx, draft)
    talk.settle()
    kept = draft_of(ref.state["draft"])
    if kept.customer_id is not None:
        talk.about(kept.customer_id)
    if ref.kind == "payments.pick":
        ids = [c.id for c in candidates(ctx, kept.customer_id or 0)]
        talk.ask("payments.which", ids=ids, draft=kept.row())
    else:
        talk.ask("payments.create" if ref.kind == "payments.new" else "payments.confirm", draft=kept.row())
    return Reply(card=ref)


def other_contract(ctx: Context, talk: Talk, draft: Draft) -> Reply:
    """The customer's contracts to choose from."""
    customer_id = draft.customer_id or brief(ctx, draft.contract_id or 0).customer_id
    draft = replace(draft, customer_id=customer_id, contract_id=None)
    talk.ask("payments.which", ids=[c.id for c in candidates(ctx, customer_id)], draft=draft.row())
    return Reply(card=CardRef("payments.pick", {"draft": draft.row()}))


def confirmed(ctx: Context, talk: Talk, draft: Draft, *, over: bool) -> Reply:
    """Registers it. `over`: 记为预收 was said."""
    done = create_payment(ctx, draft.new(over=over))
    talk.settle()
    return Reply(card=registered_ref(done))
