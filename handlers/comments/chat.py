"""What people type to comment on a customer."""

import re
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.core.markup import escape
from bot.dispatch import ChatMessage, Reply, Router, Talk
from bot.language.replies import ordinal
from handlers.comments.reading import NOBODY, Doubt, read_mentions, without_mentions
from handlers.comments.service import add_comment
from handlers.comments.views import commented_ref
from handlers.customers.finding import LONG, THIS, Finding, chosen, find_customer

router = Router("comments.chat")
EXAMPLE = "例如「评论 华兴 @王芳 报价单发我看看」"
LEAVE = ("不@", "不＠", "不用@", "不提醒", "照发", "直接发")


@router.command("评论", "留言", free=True)
def comment(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`评论 华兴 @王芳 报价单发我看看`; 这家 is the customer last spoken of."""
    ctx.actor.require(Permission.FOLLOWUP_ADD)
    if not message.args:
        raise InvalidInput(f"评论哪家、说什么？{EXAMPLE}。")
    return _read(message.args, ctx, talk, {})


def _read(text: str, ctx: Context, talk: Talk, answers: dict[str, str]) -> Reply:
    """The mentions first: a colleague's name is no customer's."""
    mentions = read_mentions(ctx, text, answers)
    if mentions.doubt is not None:
        return _who(text, mentions.doubt, talk, answers)
    words = without_mentions(text, mentions.words)
    subject = talk.subject()
    this = next((w for w in sorted(THIS, key=len, reverse=True) if words == w or words.startswith(f"{w} ")), None)
    if this is not None and subject is not None:
        return _add(subject, _content(text, this), list(mentions.ids), ctx, talk)
    found = find_customer(ctx, words, pooled=False, leading=True) if words else Finding("", None)
    if found.certain is not None:
        return _add(found.certain, _content(text, _named(words, found)), list(mentions.ids), ctx, talk)
    if found.options:
        return found.ask(
            talk, "comments.which", "评论", text=text, ids_told=list(mentions.ids), named=_named(words, found)
        )
    talk.ask("comments.slots", text=text, ids_told=list(mentions.ids))
    return Reply("评论哪家客户？没认出客户，发客户名称就行，内容我记着；不评论了就回复「取消」。")


def _named(words: str, found: Finding) -> str:
    """The customer as it was written: what is left when the rest is taken away."""
    rest = found.rest
    if rest and words.endswith(rest):
        return words[: len(words) - len(rest)].strip()
    return words.split(" ", 1)[0] if " " in words else found.query if found.query != words else ""


def _content(text: str, named: str) -> str:
    """What was said, with its mentions, without the customer's name in front."""
    said = text.replace(named, "", 1) if named else text
    return re.sub(r" {2,}", " ", said).strip(" ，,。:：")


def _add(customer_id: int, content: str, told: list[str], ctx: Context, talk: Talk) -> Reply:
    done = add_comment(ctx, customer_id, content, told)
    talk.settle()
    talk.about(done.customer_id)
    return Reply(card=commented_ref(done))


def _who(text: str, doubt: Doubt, talk: Talk, answers: dict[str, str]) -> Reply:
    talk.ask("comments.who", text=text, word=doubt.word, ids=[i for i, _ in doubt.options], answers=answers)
    name = escape(doubt.word[:LONG])
    if not doubt.options:
        return Reply(
            f"没有找到同事「{name}」，外部的人收不到提醒。回复同事姓名，或回复「不@」照发；不评论了就回复「取消」。"
        )
    lines = [f"{n} {escape(words)}" for n, (_, words) in enumerate(doubt.options, start=1)]
    head = f"@的「{name}」是哪一位？回复数字，不提醒就回复「不@」："
    return Reply("\n".join([head, *lines]))


@router.question("comments.who")
def choose_person(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number or name of a colleague; 不@."""
    said, ids, word = message.text.strip(), list(pending["ids"]), str(pending["word"])
    answers = dict(pending["answers"])
    if said in LEAVE:
        return _read(pending["text"], ctx, talk, answers | {word: NOBODY})
    number = ordinal(said)
    if number is not None and ids:
        if not 1 <= number <= len(ids):
            raise InvalidInput(f"上面没有第 {number} 位，回复 1 到 {len(ids)} 之间的数字，不提醒就回复「不@」。")
        return _read(pending["text"], ctx, talk, answers | {word: ids[number - 1]})
    if not 1 < len(said.lstrip("@＠")) <= 20:
        return None
    found = read_mentions(ctx, f"@{said.lstrip('@＠')}", {})
    if found.doubt is not None:
        talk.ask(
            "comments.who", text=pending["text"], word=word, ids=[i for i, _ in found.doubt.options], answers=answers
        )
        if not found.doubt.options:
            return Reply(f"没有找到同事「{escape(said[:LONG])}」。回复同事姓名，或回复「不@」照发。")
        lines = [f"{n} {escape(words)}" for n, (_, words) in enumerate(found.doubt.options, start=1)]
        return Reply("\n".join(["是哪一位？回复数字：", *lines]))
    return _read(pending["text"], ctx, talk, answers | {word: found.ids[0]})


@router.question("comments.which")
def choose(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several customers."""
    customer_id = chosen(message, ctx, pending)
    if customer_id is None:
        return None
    return _add(customer_id, _content(pending["text"], pending["named"]), list(pending["ids_told"]), ctx, talk)


@router.question("comments.slots")
def complete(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The customer was missing."""
    found = find_customer(ctx, message.text, pooled=False)
    if found.certain is not None:
        return _add(found.certain, pending["text"], list(pending["ids_told"]), ctx, talk)
    if found.options:
        return found.ask(talk, "comments.which", "评论", text=pending["text"], ids_told=pending["ids_told"], named="")
    if len(message.text) > LONG:
        return None
    talk.ask("comments.slots", text=pending["text"], ids_told=pending["ids_told"])
    return Reply(f"没有找到「{escape(message.text[:LONG])}」。再发一次客户名称，不评论了就回复「取消」。")
