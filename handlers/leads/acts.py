"""What is done with a lead once it is known which: by its name, by a number, by 它."""

from collections.abc import Callable
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput, NotFound
from bot.dispatch import CardRef, Reply, Talk
from handlers.customers.finding import find_person
from handlers.customers.rules import MaybeDuplicate
from handlers.customfields.carrying import take_own_of_forms
from handlers.customfields.rules import Required
from handlers.leads import service
from handlers.leads.converting import OWN_OF
from handlers.leads.finding import ask_which, find_lead, split, spoken_of
from handlers.leads.reading import Change, cut_deal, read_told
from handlers.leads.rules import ReasonMissing
from handlers.leads.service import Changed
from handlers.leads.told import converted_text
from handlers.leads.views import doubt_ref, edit_ref, one_ref
from handlers.opportunities.reading import SaidDeal, amounts_of, read_deal

CONVERSIONS = ("customer", "both")
Act = Callable[[Context, Talk, int, str], Reply]


def shown(done: Changed, talk: Talk) -> Reply:
    """The lead's card with what was done; 它 means this lead from now on."""
    talk.settle()
    talk.about_lead(done.lead_id)
    return Reply(card=one_ref(done.lead_id, done.undo_id, done.text))


def on(ctx: Context, talk: Talk, words: str, act: str) -> Reply:
    """Does `act` (of ACTS) with the lead at the start of the words. Raises NotFound, InvalidInput."""
    words, deal = cut_deal(words) if act in CONVERSIONS else (words, "")
    found, rest = split(ctx, talk, words)
    rest = f"{rest} {deal}".strip()
    if found.certain is not None:
        return ACTS[act](ctx, talk, found.certain, rest)
    return ask_which(talk, found, words, act, rest)


def certain(ctx: Context, talk: Talk, words: str, act: Callable[[int], Reply]) -> Reply:
    """What changes a lead for good wants its name so that one is meant. Raises NotFound, InvalidInput."""
    meant = spoken_of(ctx, talk, words) if words else None
    if meant is not None:
        return act(meant)
    found = find_lead(ctx, words)
    if found.certain is not None:
        return act(found.certain)
    some = "；".join(line for _, line in found.options)
    if some:
        raise InvalidInput(f"「{words[:40]}」不确定是哪条线索：{some}。写上全名再说一次。")
    raise NotFound(f"没有找到线索「{words[:40]}」，发送「线索」看看有哪些。")


def open_one(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:  # noqa: ARG001 -- one shape for all
    """The lead's card."""
    talk.settle()
    talk.about_lead(key)
    return Reply(card=one_ref(key))


def _customer(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:
    return convert(ctx, talk, key, rest, opportunity=False)


def _both(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:
    return convert(ctx, talk, key, rest, opportunity=True)


def convert(
    ctx: Context, talk: Talk, key: int, words: str, *, opportunity: bool, anyway: bool = False,
    known: dict[str, dict[str, str]] | None = None, deal: SaidDeal | None = None,
) -> Reply:  # fmt: skip
    """A customer out of it; a likeness, and required fields that are missing, are asked about.

    `words`: own fields of what it becomes, and what is said of the opportunity: `商机 二期扩容 8万 月底`. `known`,
    `deal`: what had been said of them before.

    Raises:
        InvalidInput: an amount is said, but not that it is an opportunity's; or a day that is not certain.
    """
    before, tail = cut_deal(words)
    opportunity = opportunity or bool(tail)
    own, rest = take_own_of_forms(ctx, OWN_OF if opportunity else OWN_OF[:2], f"{before} {tail}".strip())
    custom = {form: {**(known or {}).get(form, {}), **values} for form, values in own.items()}
    deal = deal or _deal_in(ctx, key, cut_deal(rest), opportunity=opportunity)
    kept: dict[str, Any] = {"id": key, "opportunity": opportunity, "custom": custom, "deal": deal.row()}
    try:
        done = service.convert_lead(ctx, key, opportunity=opportunity, anyway=anyway, custom=custom, deal=deal)
    except MaybeDuplicate as doubt:
        talk.ask("leads.convert", **kept, anyway=False, doubt=True, others=[one.id for one in doubt.others])
        return Reply(card=doubt_ref(key, doubt, opportunity=opportunity, custom=custom, deal=deal))
    except Required as short:
        talk.ask("leads.convert", **kept, anyway=anyway)
        return Reply(short.text)
    talk.settle()
    talk.about(done.customer_id)
    return Reply(card=one_ref(key, done.undo_id, converted_text(done)))


def _deal_in(ctx: Context, key: int, words: tuple[str, str], *, opportunity: bool) -> SaidDeal:
    before, behind = words
    if opportunity:
        return read_deal(ctx, f"{before} {behind.removeprefix('商机')}")
    if amounts_of(before):
        company = service.show_lead(ctx, key).lead.company
        raise InvalidInput(f"没有转：要连商机一起建，发送「转客户 {company} 商机 {before.strip()[:40]}」。")
    return SaidDeal()


def follow(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:
    """Logs what was talked about, or asks for it."""
    told = read_told(ctx, rest) if rest.strip() else None
    if told is None or not told.content:
        company = service.show_lead(ctx, key).lead.company
        talk.ask("leads.follow", id=key)
        return Reply(f"「{company}」聊了什么？例如「电话聊了需求 下次周三」。")
    done = service.log_follow_up(
        ctx, key, told.content, method=told.method, next_at=told.next_at, timed=told.timed
    )  # fmt: skip
    return shown(done, talk)


def invalid(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:
    """With the reason, or the question for it."""
    try:
        return shown(service.set_state(ctx, key, "invalid", reason=rest), talk)
    except ReasonMissing:
        talk.ask("leads.why", id=key)
        return Reply(card=CardRef("leads.why", {"lead_id": key}, (f"lead:{key}",)))


def _following(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:  # noqa: ARG001 -- one shape for all
    return shown(service.set_state(ctx, key, "following"), talk)


def _interested(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:  # noqa: ARG001 -- one shape for all
    return shown(service.set_state(ctx, key, "interested"), talk)


def edit(ctx: Context, talk: Talk, said: Change) -> Reply:
    """What was said of it; nothing but its name: the form. Raises NotFound, InvalidInput and as `update_lead`."""

    def act(key: int) -> Reply:
        if said.empty:
            talk.settle()
            talk.about_lead(key)
            return Reply(card=edit_ref(ctx, key))
        return shown(service.update_lead(ctx, key, said.changes, said.custom), talk)

    return certain(ctx, talk, said.name, act)


def transfer(ctx: Context, talk: Talk, name: str, whom: str) -> Reply:
    """Raises Forbidden, NotFound, InvalidInput, Over, NotTransferable."""
    ctx.actor.require(Permission.LEAD_TRANSFER)
    user_id = find_person(ctx, whom)

    def act(key: int) -> Reply:
        done = service.transfer_lead(ctx, key, user_id)
        talk.settle()
        return Reply(f"{done.text}。24 小时内没有人动过，可以发送「撤销」收回。")

    return certain(ctx, talk, name, act)


def delete(ctx: Context, talk: Talk, name: str) -> Reply:
    """Raises Forbidden, NotFound, InvalidInput, Over."""
    ctx.actor.require(Permission.LEAD_DELETE)

    def act(key: int) -> Reply:
        done = service.delete_lead(ctx, key)
        talk.settle()
        return Reply(f"{done.text}。要恢复就发送「撤销」。")

    return certain(ctx, talk, name, act)


ACTS: dict[str, Act] = {
    "open": open_one, "customer": _customer, "both": _both, "follow": follow, "invalid": invalid,
    "following": _following, "interested": _interested,
}  # fmt: skip
