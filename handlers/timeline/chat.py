"""What people type to read a customer's whole story."""

import re
from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput, NotFound
from bot.dispatch import ChatMessage, Reply, Router, Talk
from bot.language.filters import page_wanted
from handlers.customers.finding import THIS, chosen, find_customer
from handlers.timeline import views
from handlers.timeline.service import show_timeline

router = Router("timeline.chat")
OF = re.compile(r"(?P<name>.{1,40}?)\s*的?\s*(?:时间线|全部动态|所有动态|动态|历史记录|来龙去脉)[?？。]*")


@router.command("时间线", "全部动态", "动态", "历史")
def timeline(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`时间线 华兴`; alone: of the customer last spoken of."""
    return _of(ctx, talk, message.args.strip())


@router.sentence(16)
def spoken(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`华兴 时间线`."""
    said = OF.fullmatch(message.text.strip())
    if said is None:
        return None
    return _of(ctx, talk, said["name"].strip())


def _of(ctx: Context, talk: Talk, words: str) -> Reply:
    subject = talk.subject()
    if subject is not None and (not words or words in THIS):
        return _shown(ctx, talk, subject)
    if not words:
        raise InvalidInput("看哪家的？例如「华兴 时间线」。")
    found = find_customer(ctx, words, pooled=None, reading=True)
    if found.certain is not None:
        return _shown(ctx, talk, found.certain)
    if found.options:
        return found.ask(talk, "timeline.which", "看")
    raise NotFound(f"没有找到「{words[:40]}」，名称的一部分、拼音首字母或手机尾号都可以再试试。", attempt=found.attempt)


@router.question("timeline.which")
def which(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several."""
    customer_id = chosen(message, ctx, pending)
    return None if customer_id is None else _shown(ctx, talk, customer_id)


def _shown(ctx: Context, talk: Talk, customer_id: int, page: int = 1) -> Reply:
    story = show_timeline(ctx, customer_id, page=page)
    talk.about(story.customer_id)
    talk.ask("timeline.page", customer_id=story.customer_id, page=story.page)
    return Reply(card=views.timeline_ref(story.customer_id, story.page))


@router.question("timeline.page")
def turn_page(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`下一页`, `上一页`, `第2页`."""
    wanted = page_wanted(message.text, int(pending["page"]))
    return None if wanted is None else _shown(ctx, talk, int(pending["customer_id"]), wanted)
