"""`查 X` and `搜 X`: a customer that is certainly meant is shown; else all that is called so, of every kind."""

from dataclasses import replace
from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput, NotFound
from bot.core.markup import escape
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.language.commands import without_politeness
from bot.language.filters import page_wanted
from bot.language.replies import ordinal
from handlers.customers.finding import ABOUT, LONG, find_customer, merged_into, open_customer
from handlers.customers.service import show_customer
from handlers.search import service
from handlers.search.views import ref_of, shown

router = Router("search.chat")


@router.command("查客户", "查询客户", "查询", "查找", "查一下", "查一查", "查查", "查下", "查看", "查")
def look_up(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`查 华兴`: the customer's card; else what else is called so; else those it could be."""
    if not message.args:
        raise InvalidInput("想查哪一家？例如「查 华兴」，名称的一部分、拼音首字母、手机尾号或合同编号都行。")
    asked = ABOUT.fullmatch(message.args)
    attempt = ""
    for words in dict.fromkeys([message.args, asked["name"] if asked else message.args]):
        if (merged := merged_into(ctx, words, whole=True)) is not None:
            return _of_merged(ctx, talk, *merged)
        found = find_customer(ctx, words, pooled=None, reading=True)
        if found.certain is not None:
            return open_customer(talk, found.certain)
        attempt = found.attempt or attempt
        groups = service.search_all(ctx, words, near=True)
        if groups and ({g.kind for g in groups} - {"customer", "contact"} or not found.options):
            return _answer(ctx, talk, words, groups)
        if found.options:
            return found.ask(talk, "customers.open", "看")
    if (merged := merged_into(ctx, message.args, whole=False)) is not None:
        return _of_merged(ctx, talk, *merged)
    raise NotFound(
        f"没有找到「{message.args[:LONG]}」，名称的一部分、拼音首字母或手机尾号都可以再试试。", attempt=attempt
    )


def _of_merged(ctx: Context, talk: Talk, old: str, customer_id: int) -> Reply:
    name = show_customer(ctx, customer_id).customer.name
    return replace(open_customer(talk, customer_id), text=f"「{escape(old)}」已经并入「{escape(name)}」。")


@router.command("搜索", "搜一下", "搜一搜", "搜搜", "全部搜索", "搜")
def search(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`搜 华兴`: customers, contacts, leads, opportunities, contracts and products."""
    if not message.args:
        raise InvalidInput("想搜什么？例如「搜 华兴」，名称的一部分、拼音首字母、手机尾号或合同编号都行。")
    if len(message.args) < 2:
        raise InvalidInput(f"「{message.args}」只有一个字，再多写一个字，例如「搜 华兴」。")
    groups = service.search_all(ctx, message.args, near=True)
    if sum(g.total.number for g in groups) > 1:
        return _answer(ctx, talk, message.args, groups)
    if groups and groups[0].kind != "customer":
        return _answer(ctx, talk, message.args, groups)
    return look_up(message, ctx, talk)


def _answer(ctx: Context, talk: Talk, words: str, groups: list[service.Group]) -> Reply:
    rows = shown(groups)
    if sum(g.total.number for g in groups) == 1:
        return _open(ctx, talk, rows[0][0], rows[0][1])
    state = {"words": words[:LONG]}
    talk.ask("search.results", rows=[[kind, i] for kind, i, *_ in rows])
    return Reply(card=CardRef("search.results", state))


def _open(ctx: Context, talk: Talk, kind: str, record_id: int) -> Reply:
    ref = ref_of(ctx, kind, record_id)
    talk.settle()
    if "customer_id" in ref.state:
        talk.about(int(ref.state["customer_id"]))
    return Reply(card=ref)


@router.question("search.results")
def choose(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of those found."""
    number, rows = ordinal(message.text), pending["rows"]
    if number is None and page_wanted(message.text, 1) is not None:
        return Reply("都在上面了，没有别的。换个词再搜，或回复数字打开一条。")
    if number is None:
        return None
    if not 1 <= number <= len(rows):
        raise InvalidInput(f"上面没有第 {number} 条，回复 1 到 {len(rows)} 之间的数字，或换个词再搜。")
    kind, record_id = rows[number - 1]
    return _open(ctx, talk, str(kind), int(record_id))


@router.sentence(91)
def bare_words(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """A bare number or name in single chat that is no certain customer's."""
    words = without_politeness(message.text)
    if message.group or not 2 <= len(words) <= 30 or " " in words:
        return None
    groups = service.search_all(ctx, words)
    return _answer(ctx, talk, words, groups) if groups else None
