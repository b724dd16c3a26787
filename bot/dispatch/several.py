"""Several commands in one message, one a line: each is done by itself, and one answer says what became of each.

A line that begins with no command belongs to the one before it, so that a follow-up may be told in several lines.
What has to be asked, confirmed or looked at is not done this way: the answer says to send it alone.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from bot.context import Context
from bot.core.errors import AppError, InvalidInput
from bot.core.markup import escape
from bot.dispatch.contexts import Contexts
from bot.dispatch.messages import ChatMessage, Reply
from bot.dispatch.refusals import note_refusal
from bot.dispatch.router import KEPT, NOUNS, Command, Dispatcher
from bot.dispatch.talk import Talk
from bot.dispatch.view import CardView
from bot.identity import identify
from bot.language.money import find_amounts
from bot.language.replies import ordinal
from bot.language.secret import looks_secret
from storage import records, undos
from storage.database import Tx
from storage.settings import read_settings

MARK = re.compile(r"^(?:[(（]?\d{1,2}[.、)）](?!\d)|[-•·*●])\s*")  # of a list: `1. `, `- `
DEALS = frozenset({"商机", "合同", "回款", "收款"})  # nouns that make one where an amount is said; others are labels
MOST = 20
SHORT = 2  # characters of a command that may as well begin a line of somebody's text
LONG = 160  # characters of what became of one
FACT = 24  # characters of a card's field that is said along
NUMBERS = re.compile(r"[，,]?(?:点一下或)?回复数字[：:]?$|[：:]$")
HOW_MANY = "dispatch.lines"
"""The question whether lines that look like commands are several of them, or one text."""
ONE, EACH = ("一条", "一起", "同一条", "是一条"), ("分开", "各办各的", "分别", "分开办", "几条")


@dataclass(frozen=True, slots=True)
class Lines:
    """A message's commands. `certain` False: it may as well be one text that happens to look like several."""

    parts: tuple[str, ...]
    certain: bool = True


class Alone(AppError, code="lines.alone"):
    """It has to be asked, confirmed or looked at, so it is not done among others."""


class Unclear(AppError, code="lines.unclear"):
    """No command and nothing that a sentence plainly does: the message is one text."""


class Several:
    """Finds the commands of a message and does them."""

    def __init__(
        self, dispatcher: Dispatcher, contexts: Contexts, paint: Callable[[str, dict[str, Any], Context], CardView]
    ) -> None:
        self._dispatcher, self._contexts, self._paint = dispatcher, contexts, paint

    def answer(self, tx: Tx, message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
        """None: the message is one, and is answered as such.

        Raises:
            InvalidInput: more than MOST commands.
        """
        if message.kind not in ("text", "rich_text") or ctx.actor.doorway:
            return None
        question = talk.open_question()
        if question is not None and question["kind"] == HOW_MANY:
            return self._told_how_many(tx, message, ctx, talk, question)
        if "\n" not in message.text or looks_secret(message.text):
            return None
        lines = self.read(message.text)
        if lines is None:
            waits = question is not None and self._dispatcher.topics.get(question["kind"], KEPT).kept
            return None if waits else self._spoken(tx, message, talk)
        if not lines.certain:
            return _ask_how_many(message.text, len(lines.parts), talk)
        return self._each(tx, message, lines.parts, talk)

    def read(self, text: str) -> Lines | None:
        """The commands of a message, where there are several."""
        lines = _spoken_lines(text)
        begun = [self._begins(line) for line in lines]
        head = next((n for n, command in enumerate(begun) if command is not None), None)
        first = begun[head] if head is not None else None
        if head is None or first is None or len(lines) < 2:
            return None
        starts, doubtful = [head], list[int]()
        for n, command in enumerate(begun[head + 1 :], start=head + 1):
            if command is None or not _may_begin(command, first, lines[n]):
                continue
            sure = not first.free or _like(command, first) or (len(command.word) > SHORT and command.word not in NOUNS)
            (starts if sure else doubtful).append(n)
        certain = len(starts) > 1
        if certain or (doubtful and len(doubtful) == len(lines) - 1):
            starts = sorted((*starts, *doubtful))
        if len(starts) < 2:
            return None
        if head:  # 今天跑了两家, and then what was done there
            starts = [0, *starts]
        if len(starts) > MOST:
            raise InvalidInput(f"一次最多办 {MOST} 件，这里有 {len(starts)} 件，什么都没有办。分几次发就行。")
        ends = (*starts[1:], len(lines))
        return Lines(tuple("\n".join(lines[a:b]) for a, b in zip(starts, ends, strict=True)), certain)

    def _begins(self, line: str) -> Command | None:
        found = self._dispatcher.find_command(line)
        if found is None or found[0].whole:
            return None
        behind = line[len(found[0].word) :][:1]
        apart = not behind or behind.isspace()
        return None if not apart and (found[0].word in NOUNS or len(found[0].word) < SHORT) else found[0]

    def _told_how_many(
        self, tx: Tx, message: ChatMessage, ctx: Context, talk: Talk, question: dict[str, Any]
    ) -> Reply | None:
        said, number = message.text.strip(" 。.!！"), ordinal(message.text)
        talk.pending = question["before"]
        whole = replace(message, text=str(question["text"]))
        if number == 1 or said in ONE:
            return self._dispatcher.chat(whole, ctx, talk)
        if number == 2 or said in EACH:
            lines = self.read(whole.text)
            if lines is not None:
                return self._each(tx, whole, lines.parts, talk)
            return self._each(tx, whole, _spoken_lines(whole.text), talk, spoken=True)
        return None

    def _spoken(self, tx: Tx, message: ChatMessage, talk: Talk) -> Reply | None:
        """华兴到账5万, and on the next line 二期扩容 赢了: only if every line by itself says what is to be done.

        Where they tell of contacts (华兴 聊了报价), it is asked whether that is one follow-up or several.
        """
        lines = _spoken_lines(message.text)
        if not 1 < len(lines) <= MOST or max(map(len, lines)) > LONG:
            return None
        before = _picture(talk)
        try:
            with records.savepoint(tx):
                return self._each(tx, message, lines, talk, spoken=True, plainly=True)
        except Unclear:
            _restore(talk, before)
        try:
            with records.savepoint(tx):
                for n, line in enumerate(lines, start=1):
                    _, takes_back, _ = self._one(tx, _part(message, line, n), talk, spoken=True)
                    if not takes_back:
                        raise Alone(line)
                raise Unclear(message.text)
        except Unclear:
            _restore(talk, before)
            return _ask_how_many(message.text, len(lines), talk)
        except AppError:
            _restore(talk, before)
            return None

    def _each(
        self, tx: Tx, message: ChatMessage, parts: Sequence[str], talk: Talk, *, spoken: bool = False,
        plainly: bool = False,
    ) -> Reply:  # fmt: skip
        """`spoken`: the lines begin with no command; `plainly`: all must say what is to be done, else Unclear."""
        told, done, undone, left, private = [], 0, 0, talk.left, False
        for n, part in enumerate(parts, start=1):
            one = _part(message, part, n)
            before = _picture(talk)
            try:
                with records.savepoint(tx):
                    text, takes_back, hidden = self._one(tx, one, talk, spoken=spoken, plainly=plainly)
                done, undone, private = done + 1, undone + takes_back, private or hidden
                told.append(f"{n} ✓ {text}")
            except Unclear:
                raise
            except AppError as refusal:
                _restore(talk, before)
                now = self._contexts.clock.now()
                note_refusal(tx, refusal, user_id=one.user_id, via="chat", what=part, source=one.key, now=now)
                what = "要单独发" if isinstance(refusal, Alone) else "没有办"
                told.append(f"{n} {what}「{escape(part[:20])}」：{' '.join(refusal.text.split())[:LONG]}")
                private = True
            left = left or talk.left
        talk.left = left
        head = f"{len(parts)} 件里办好 {done} 件：" if done else f"这 {len(parts)} 件都还没有办："
        head = f"办好了 {done} 件：" if done == len(parts) else head
        foot = ["发送「撤销」从最后一件起收回，一次一件。"] if undone else []
        return Reply("\n".join([head, *told, *foot]), private=private)

    def _one(
        self, tx: Tx, message: ChatMessage, talk: Talk, *, spoken: bool, plainly: bool = False
    ) -> tuple[str, bool, bool]:
        """What it came to, whether it can be taken back, and whether that is private. Raises Alone, and as it does."""
        settings = read_settings(tx)  # the line before may have changed them
        ctx = self._contexts.make(tx, identify(tx, message.user_id, settings), settings, "chat", message.key)
        last, misses = undos.last_id(tx, ctx.actor.user_id), talk.misses
        if spoken:  # each line names what it is about, or is none by itself
            talk.subject_id = None
            talk.settle()
        asked = talk.pending
        reply = (self._dispatcher.line if plainly else self._dispatcher.chat)(message, ctx, talk)
        if reply is None:
            raise Unclear(message.text)
        if talk.misses > misses:
            raise InvalidInput("没认出要做什么，没有记。")
        view = self._paint(reply.card.kind, reply.card.state, ctx) if reply.card is not None else None
        takes_back = undos.last_id(tx, ctx.actor.user_id) != last
        asks = talk.pending is not None and talk.pending is not asked
        if not takes_back and (asks or (view is not None and view.form is not None)):
            raise Alone(NUMBERS.sub("", _told(Reply(reply.text.split("\n")[0]), view)[:80]))
        return _told(reply, view), takes_back, reply.private


def _spoken_lines(text: str) -> list[str]:
    return [MARK.sub("", line.strip()) for line in text.split("\n") if line.strip()]


def _part(message: ChatMessage, text: str, n: int) -> ChatMessage:
    """With a key of its own: what is made of one message once is made once of each line."""
    return replace(message, text=text, key=message.key if n == 1 else f"{message.key}/{n}")


def _ask_how_many(text: str, many: int, talk: Talk) -> Reply:
    before = talk.open_question()
    talk.settle()
    talk.ask(HOW_MANY, text=text, before=before)
    return Reply(f"这 {many} 行是一条，还是 {many} 件事分开办？回复「一条」或「分开」。\n1 一条\n2 分开")


def _like(command: Command, first: Command) -> bool:
    return command.word == first.word or command.handler is first.handler


def _may_begin(command: Command, first: Command, line: str) -> bool:
    """联系不上, 联系人 陈强 behind another command are part of what it says; 合同 华兴 30万 is not."""
    if command.word in NOUNS:
        return command.word == first.word or (command.word in DEALS and any(a.sure for a in find_amounts(line)))
    apart = line[len(command.word) :][:1].isspace() or len(line) == len(command.word)
    return apart or _like(command, first) or len(command.word) > SHORT


def _told(reply: Reply, view: CardView | None) -> str:
    """A card's title and what it says first, on one line."""
    parts = [view.title, *view.tags, view.body] if view is not None else []
    facts = [f"{label}：{value}" for label, value in view.fields[:3]] if view is not None else []
    parts += [fact for fact in facts if len(fact) <= FACT]
    text = " · ".join(" ".join(part.split()) for part in (*parts, reply.text) if part.strip())
    return text if len(text) <= LONG else f"{text[:LONG]}…"


def _picture(talk: Talk) -> dict[str, Any]:
    return {f.name: getattr(talk, f.name) for f in fields(talk)}


def _restore(talk: Talk, picture: dict[str, Any]) -> None:
    for name, value in picture.items():
        setattr(talk, name, value)
