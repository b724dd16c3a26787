"""A contract is registered by sentences: what they say, what is asked back, the summary, and its confirmation."""

from bot.context import Context
from bot.core.actor import Permission
from bot.dispatch import CardRef, Reply, Talk
from handlers.contracts.drafts import Draft, shown, with_words
from handlers.contracts.reading import ContractWords
from handlers.contracts.service import create_contract
from handlers.contracts.views import registered_ref
from handlers.customers.finding import THIS, find_customer


def register_by(ctx: Context, talk: Talk, words: ContractWords) -> Reply:
    """The summary of what was said, or what is still to be said of it."""
    ctx.actor.require(Permission.CONTRACT_ADD)
    if words.doubts:
        return _doubtful(ctx, talk, words)
    draft = with_words(Draft(), words)
    subject = talk.subject()
    if words.rest in THIS and subject is not None:
        return show_draft(ctx, talk, with_words(Draft(customer_id=subject), words))
    if not words.rest:
        return show_draft(ctx, talk, draft)
    found = find_customer(ctx, words.rest, pooled=False, leading=True)
    if found.certain is None and not found.options:
        found = find_customer(ctx, words.rest, pooled=True, leading=True)  # the rule says it is to be claimed first
    if found.certain is None:
        return found.ask(talk, "contracts.customer", "登记合同", draft=draft.row())
    return show_draft(ctx, talk, with_words(Draft(customer_id=found.certain), words))


def _doubtful(ctx: Context, talk: Talk, words: ContractWords) -> Reply:
    """What was not sure is asked, never guessed; what was sure stays in the form."""
    found = find_customer(ctx, words.rest, pooled=False, leading=True) if words.rest else None
    draft = with_words(Draft(customer_id=found.certain if found else None), words)
    ref = shown(ctx, Draft(**{**draft.row(), "amount": ""}))
    some = "、".join(words.doubts)
    talk.ask("contracts.create", draft=ref.state["draft"])
    return Reply(card=CardRef("contracts.new", {**ref.state, "doubt": f"没认准「{some}」，请写成确定的数。"}))


def show_draft(ctx: Context, talk: Talk, draft: Draft) -> Reply:
    """The form where something is missing, else the summary; what is typed next answers it."""
    ref = shown(ctx, draft)
    talk.settle()
    if draft.customer_id is not None:
        talk.about(draft.customer_id)
    talk.ask("contracts.create" if ref.kind == "contracts.new" else "contracts.confirm", draft=ref.state["draft"])
    return Reply(card=ref)


def confirmed(ctx: Context, talk: Talk, draft: Draft, *, save: bool) -> Reply:
    """Registers it. `save`: as a draft."""
    done = create_contract(ctx, draft.new(draft=save))
    talk.settle()
    talk.about(done.contract.customer_id)
    return Reply(card=registered_ref(done))
