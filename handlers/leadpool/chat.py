"""What people type about the leads' pool."""

from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput, NotFound
from bot.dispatch import ChatMessage, Reply, Router, Talk
from bot.language.filters import page_wanted, read_list
from bot.language.match import Candidate, rank
from bot.language.pinyin import initials, pinyin_of
from bot.language.replies import ordinal
from handlers.customers.standing import require_any
from handlers.leadpool import views
from handlers.leadpool.service import browse_pool, claim_lead, list_pooled, return_lead
from handlers.leads.acts import certain
from handlers.leads.finding import split
from handlers.leads.rules import ReasonMissing
from handlers.leads.views import one_ref
from storage.lead_pools import PoolLead

router = Router("leadpool.chat")


@router.command("线索公海", "公海线索")
def browse(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`线索公海 展会`: five a page, with a claim button each; in a group a card for all."""
    asked = read_list(message.args)
    return _show(ctx, talk, asked.words, asked.page, group=message.group)


def _show(ctx: Context, talk: Talk, words: tuple[str, ...], wanted: int, *, group: bool) -> Reply:
    page = browse_pool(ctx, words, wanted)
    card = views.list_ref(page, words, wanted, group=group)
    talk.ask("leadpool.list", words=list(words), page=card.state["page"], ids=card.state["ids"])
    return Reply(card=card, private=False)


@router.question("leadpool.list")
def turn_page(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`下一页`, or the number of a row to claim it."""
    wanted = page_wanted(message.text, int(pending["page"]))
    if wanted is not None:
        return _show(ctx, talk, tuple(pending["words"]), wanted, group=message.group)
    number = ordinal(message.text)
    return None if number is None or not pending["ids"] else _claimed(ctx, talk, _row(pending, number))


def _row(pending: dict[str, Any], number: int) -> int:
    ids = pending["ids"]
    if not 1 <= number <= len(ids):
        raise InvalidInput(f"上面没有第 {number} 条，回复 1 到 {len(ids)} 之间的数字。")
    return int(ids[number - 1])


@router.command("领取线索", "认领线索", "抢线索")
def claim(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`领取线索 远航`; `领取线索 2` of the list just shown."""
    ctx.actor.require(Permission.POOL_CLAIM)
    if not message.args:
        raise InvalidInput("想领取哪一条？例如「领取线索 远航贸易」，先发送「线索公海」看看有哪些。")
    number = ordinal(message.args)
    if number is not None and talk.aside is not None and talk.aside["kind"] == "leadpool.list":
        return _claimed(ctx, talk, _row(talk.aside, number))
    pooled, taken = list_pooled(ctx)
    match = rank(message.args, [_candidate(lead) for lead in pooled])
    if match.certain is not None:
        return _claimed(ctx, talk, match.certain.id)
    gone = rank(message.args, [_candidate(lead) for lead in taken])
    if gone.certain is not None and not match.options:
        return _claimed(ctx, talk, gone.certain.id)  # the rule says who has it
    if not match.options:
        raise NotFound(f"线索公海里没有找到「{message.args[:40]}」，发送「线索公海」看看有哪些。")
    by_id = {lead.id: lead for lead in pooled}
    talk.ask("leadpool.which", ids=[c.id for c in match.options])
    lines = [
        " · ".join(part for part in (f"{n} {by_id[c.id].company}", by_id[c.id].source) if part)
        for n, c in enumerate(match.options, start=1)
    ]
    head = "要领取的是哪一条？回复数字：" if len(lines) > 1 else "要领取的是这条吗？回复 1 就是："
    return Reply("\n".join([head, *lines]))


def _candidate(lead: PoolLead) -> Candidate:
    return Candidate(
        id=lead.id, name=lead.company, initials=initials(lead.company), pinyin=pinyin_of(lead.company)
    )  # fmt: skip


@router.question("leadpool.which")
def choose_claim(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several."""
    number = ordinal(message.text)
    return None if number is None else _claimed(ctx, talk, _row(pending, number))


def _claimed(ctx: Context, talk: Talk, lead_id: int) -> Reply:
    done = claim_lead(ctx, lead_id)
    talk.settle()
    talk.about_lead(lead_id)
    said = "这条线索之前就是你的" if done.mine_already else f"领取成功 {ctx.now:%H:%M}"
    return Reply(card=one_ref(lead_id, done.undo_id, said))


@router.command("退回线索", "线索退回", "放回线索", "释放线索")
def give_back(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`退回线索 远航 联系不上`: asks for the reason if it is missing."""
    require_any(ctx.actor, Permission.POOL_CLAIM, Permission.POOL_RETURN)
    found, rest = split(ctx, talk, message.args)
    if found.certain is None:
        return certain(ctx, talk, message.args, lambda key: _returned(ctx, talk, key, ""))
    return _returned(ctx, talk, found.certain, rest)


@router.question("leadpool.return_reason")
def give_reason(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The reason, typed."""
    return _returned(ctx, talk, int(pending["lead_id"]), message.text)


def _returned(ctx: Context, talk: Talk, lead_id: int, reason: str) -> Reply:
    try:
        done = return_lead(ctx, lead_id, reason.removeprefix("因为").strip(" ，,"))
    except ReasonMissing:
        talk.ask("leadpool.return_reason", lead_id=lead_id)
        return Reply(card=views.reason_ref(lead_id))
    talk.settle()
    return Reply(card=views.returned_ref(done, ctx))
