"""Which function answers which words, buttons, events and undo requests. Explicit, refused when doubled."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import orjson
from pydantic import ValidationError

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.core.tabular import Sheet
from bot.dispatch.messages import CardRef, CardTap, CardUpdate, ChatMessage, RawTap, Reply
from bot.dispatch.talk import Talk, Topic
from bot.dispatch.view import Button, CardView
from bot.language.commands import without_politeness
from bot.language.normalize import fold
from bot.language.rephrase import rephrase
from bot.language.replies import ordinal

B = TypeVar("B", bound=Button)
ChatHandler = Callable[[ChatMessage, Context, Talk], Reply]
SentenceHandler = Callable[[ChatMessage, Context, Talk], Reply | None]
PendingHandler = Callable[[ChatMessage, Context, Talk, dict[str, Any]], Reply | None]
CardHandler = Callable[[CardTap[Any], Context], CardUpdate]
Painter = Callable[[dict[str, Any], Context], CardView]
Undoer = Callable[[dict[str, Any], Context], str]
Confirmer = Callable[[dict[str, Any], Context], "Confirmed"]
SheetHandler = Callable[[ChatMessage, Context, Talk, Sheet], Reply]
Recogniser = Callable[[Sheet], bool]


NO_FILES_HERE = "群里收不到文件，请私聊我发送。"
NO_FILE = "文件没有收到，请再发一次。"
UNKNOWN_SHEET = "没认出这是哪种表格：第一行要是导入模板里的列名。请拿到模板，填好再发给我；发送「帮助」看看有哪些模板。"


NOUNS = frozenset(
    {"客户", "商机", "合同", "线索", "产品", "联系人", "公海", "回款", "收款", "发票", "竞争对手", "评论"}
)
"""Commands that are nouns too: 客户取消采购 is a reason, where one is asked for, and no list of customers."""
KEPT = Topic("")
WHICH_PERSON = "dispatch.person"
"""The question which of several colleagues of one name was meant; the sentence is then done with him."""
PLAIN = 28  # sentences of a lower order name an object and what is to be done with it; the others tell, or ask
PAUSES = " \n，,：:、。.!！~～;；"  # around a command and what it is about


class AlreadyUsed(ValueError):
    """Two routers answer to the same word, button, painter or undo: an error at start, not at run."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a confirmed intent has become: what is said of it, and its card in place of the summary."""

    text: str
    card: CardRef | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """A word and who answers it. `whole`: it counts only as the whole message (D27)."""

    word: str
    handler: ChatHandler
    whole: bool
    when: Callable[[str], bool] | None = None  # of what follows the word; False: it is not this command
    drops: bool = False  # the open question is given up, not put aside
    free: bool = False  # what follows is a text, which may have several lines
    yields: bool = False  # without a draft, a list that is open takes the word for itself (继续: the next page)


class Router:
    """One capability's commands, sentences, questions, buttons, painters and undoers."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.commands: list[Command] = []
        self.sentences: list[tuple[int, SentenceHandler]] = []
        self.questions: dict[str, PendingHandler] = {}
        self.topics: dict[str, Topic] = {}  # by question: what people call what it belongs to
        self.buttons: dict[type[Button], CardHandler] = {}
        self.painters: dict[str, Painter] = {}
        self.undoers: dict[str, Undoer] = {}
        self.confirmers: dict[str, Confirmer] = {}
        self.sheets: dict[str, tuple[Recogniser, SheetHandler]] = {}
        self.scans: list[ChatHandler] = []
        self.doorways: dict[str, ChatHandler] = {}

    def command(
        self,
        *words: str,
        whole: bool = False,
        when: Callable[[str], bool] | None = None,
        drops: bool = False,
        yields: bool = False,
        free: bool = False,
    ) -> Callable[[ChatHandler], ChatHandler]:
        """`@router.command("领取", "抢")` answers a message that starts with one of these words."""

        def register(handler: ChatHandler) -> ChatHandler:
            self.commands += [Command(word, handler, whole, when, drops, free, yields) for word in words]
            return handler

        return register

    def sentence(self, order: int) -> Callable[[SentenceHandler], SentenceHandler]:
        """Asked, lowest `order` first, about what no command word answers; None: not mine."""

        def register(handler: SentenceHandler) -> SentenceHandler:
            self.sentences.append((order, handler))
            return handler

        return register

    def question(self, kind: str) -> Callable[[PendingHandler], PendingHandler]:
        """Takes the answer to a question asked by `talk.ask(kind, …)`; None: this is no answer to it."""

        def register(handler: PendingHandler) -> PendingHandler:
            self.questions[kind] = handler
            return handler

        return register

    def button(self, kind: type[B]) -> Callable[[Callable[[CardTap[B], Context], CardUpdate]], CardHandler]:
        """`@router.button(ClaimButton)` answers a tap on that button, or a form that it submits: `tap.form`."""

        def register(handler: Callable[[CardTap[B], Context], CardUpdate]) -> CardHandler:
            self.buttons[kind] = handler
            return handler

        return register

    def doorway(self, name: str) -> Callable[[ChatHandler], ChatHandler]:
        """Answers everything somebody says whose actor has this doorway; nothing else does."""

        def register(handler: ChatHandler) -> ChatHandler:
            self.doorways[name] = handler
            return handler

        return register

    def painter(self, kind: str) -> Callable[[Painter], Painter]:
        """Draws cards of one kind from their state, whenever the objects they show have changed."""

        def register(painter: Painter) -> Painter:
            self.painters[kind] = painter
            return painter

        return register

    def sheet(self, kind: str, recognises: Recogniser) -> Callable[[SheetHandler], SheetHandler]:
        """Takes a table sent as a file: one whose header it recognises, or any that a question of `kind` waits for."""

        def register(handler: SheetHandler) -> SheetHandler:
            self.sheets[kind] = (recognises, handler)
            return handler

        return register

    def scan(self, handler: ChatHandler) -> ChatHandler:
        """Takes pictures and documents sent in single chat that are no tables."""
        self.scans.append(handler)
        return handler

    def undoer(self, kind: str) -> Callable[[Undoer], Undoer]:
        """Takes back what was offered as `kind`; returns what it says then."""

        def register(undoer: Undoer) -> Undoer:
            self.undoers[kind] = undoer
            return undoer

        return register

    def confirmer(self, kind: str) -> Callable[[Confirmer], Confirmer]:
        """Does what was proposed as `kind`, once its author has tapped the summary (handlers/confirming)."""

        def register(confirmer: Confirmer) -> Confirmer:
            self.confirmers[kind] = confirmer
            return confirmer

        return register


class Dispatcher:
    """All routers together."""

    def __init__(self, routers: Iterable[Router]) -> None:
        commands: dict[str, Command] = {}
        self._buttons: dict[str, tuple[type[Button], CardHandler]] = {}
        self._questions: dict[str, PendingHandler] = {}
        self.topics: dict[str, Topic] = {}
        self._painters: dict[str, Painter] = {}
        self.undoers: dict[str, Undoer] = {}
        self.confirmers: dict[str, Confirmer] = {}
        self._sheets: dict[str, tuple[Recogniser, SheetHandler]] = {}
        self._doorways: dict[str, ChatHandler] = {}
        sentences: list[tuple[int, SentenceHandler]] = []
        scans: list[ChatHandler] = []
        for router in routers:
            for command in router.commands:
                _once(commands, command.word, command, "command")
            for kind, handler in router.buttons.items():
                _once(self._buttons, kind.action, (kind, handler), "button")
            for name, question in router.questions.items():
                _once(self._questions, name, question, "question")
            for name, topic in router.topics.items():
                _once(self.topics, name, topic, "topic")
            for name, painter in router.painters.items():
                _once(self._painters, name, painter, "painter")
            for name, undoer in router.undoers.items():
                _once(self.undoers, name, undoer, "undo")
            for name, confirmer in router.confirmers.items():
                _once(self.confirmers, name, confirmer, "confirmer")
            for name, sheet in router.sheets.items():
                _once(self._sheets, name, sheet, "sheet")
            scans += router.scans
            for name, door in router.doorways.items():
                _once(self._doorways, name, door, "doorway")
            sentences += router.sentences
        self.words = tuple(sorted(commands, key=lambda w: (-len(w), w)))
        if len(scans) > 1:
            raise ValueError("two take what is no table")
        self._scan = scans[0] if scans else None
        self._commands = commands
        self._sentences = sorted(sentences, key=lambda pair: pair[0])

    def chat(self, message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
        """The answer. A question that is left half way for something else is put aside, and the answer says so.

        Raises:
            AppError: an expected refusal; the caller rolls back and says its text.
        """
        question = talk.open_question()
        reply = self._answer(message, ctx, talk)
        talk.said = reply.text
        topic = self.topics.get(question["kind"]) if question is not None and talk.left is question else None
        if question is None or topic is None or not self._worth_keeping(question, topic, message, talk):
            talk.left = None
            return reply
        return replace(reply, text="\n".join(part for part in (reply.text, put_aside_text(topic.title)) if part))

    def line(self, message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
        """As `chat`, of one line of several: None where it only tells of something, or asks.

        Raises:
            AppError: an expected refusal.
        """
        if self._find_said(message.text.strip()) is not None:
            return self.chat(message, ctx, talk)
        said_to = (handler(message, ctx, talk) for order, handler in self._sentences if order < PLAIN)
        return next((reply for reply in said_to if reply is not None), None)

    @property
    def questions(self) -> frozenset[str]:
        """The kinds of questions that can be asked."""
        return frozenset(self._questions)

    def _worth_keeping(self, question: dict[str, Any], topic: Topic, message: ChatMessage, talk: Talk) -> bool:
        """Not what is open again, was used by the command itself, or is said once more in one sentence."""
        if not topic.kept or talk.pending is question:
            return False
        known = [word for word in _words(question) if len(word) > 1]
        if any(word in message.text for word in known):
            return False
        return bool(known or _numbers(question)) or not talk.by or talk.by != (talk.asked or {}).get("by")

    def _answer(self, message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
        """Order (conversation.md B5): whole-message words, open question, command, sentence."""
        if ctx.actor.doorway:
            return self._doorways[ctx.actor.doorway](message, ctx, talk)
        if message.kind == "file" or message.file is not None:  # a picture was fetched, or could not be
            return self._file(message, ctx, talk)
        text = message.text.strip()
        said = fold(text).strip(PAUSES)
        whole = self._commands.get(said) or self._commands.get(said.rstrip("?"))
        if whole is not None and whole.whole:
            question = talk.open_question()
            reply = whole.handler(message, ctx, talk)
            if not whole.drops and talk.pending is not question:
                talk.left = question
            return reply
        found = self._find_said(text)
        question = talk.open_question()
        if question is not None and question["kind"] == WHICH_PERSON:
            talk.pending, number = question["before"], ordinal(said)
            if number is not None and 1 <= number <= len(question["options"]):
                meant = question["options"][number - 1]
                again = str(question["text"]).replace(str(question["name"]), str(meant), 1)
                return self._answer(replace(message, text=again), ctx, talk)
            if number is not None:
                talk.pending = question
                raise InvalidInput(f"回复 1 到 {len(question['options'])} 之间的数字，都不是就回复「取消」。")
            question = talk.open_question()
        if question is not None and found is None and self.topics.get(question["kind"], KEPT).any_words:
            asked = without_politeness(text)
            if asked != text and (found := self.find_command(asked)) is not None:
                text = asked
        if question is not None and found is not None and self._tells(question, found[0], text):
            found = None
        lists = question is not None and not self.topics.get(question["kind"], KEPT).kept
        if (
            question is not None and said and (found is None or (lists and found[0].yields and not talk.has_drafts()))
        ):  # silence and stickers answer nothing
            if self.topics.get(question["kind"], KEPT).any_words:
                other = self._other_than_answer(message, ctx, talk, question)
                if other is not None:
                    return other
            answer = self._questions[question["kind"]](message, ctx, talk, question)
            if answer is not None:
                talk.misses = 0
                return answer
        if question is not None and found is not None:
            talk.aside = question
            talk.left = None if found[0].drops else question
            talk.settle()
        if found is not None:
            command, args = found
            talk.misses, talk.by = 0, f"{command.handler.__module__}.{command.handler.__name__}"
            return command.handler(_heard(message, command.word, args), ctx, talk)
        asked = without_politeness(text)
        if asked != text and (found := self.find_command(asked)) is not None:
            talk.misses = 0
            talk.by = f"{found[0].handler.__module__}.{found[0].handler.__name__}"
            talk.left = question
            return found[0].handler(_heard(message, found[0].word, found[1]), ctx, talk)
        for _, handler in self._sentences:
            said_to = handler(message, ctx, talk)
            if said_to is not None:
                if talk.pending is not question:
                    talk.left = question
                return said_to
        raise InvalidInput("没认出要做什么。发送「帮助」看看我会什么。")

    def _tells(self, question: dict[str, Any], command: Command, text: str) -> bool:
        """Whether the noun a free answer begins with is part of it: nothing parts it from what follows."""
        behind = fold(text).lstrip(PAUSES)[len(command.word) :]
        any_words = self.topics.get(question["kind"], KEPT).any_words
        return any_words and command.word in NOUNS and bool(behind) and behind[0] not in PAUSES

    def _find_said(self, text: str) -> tuple[Command, str] | None:
        """The command `text` begins with, or is in other words."""
        found = self.find_command(text)
        if found is not None:
            return found
        said = rephrase(text)
        return self.find_command(said) if said is not None else None

    def _other_than_answer(
        self, message: ChatMessage, ctx: Context, talk: Talk, question: dict[str, Any]
    ) -> Reply | None:
        """小米到账5万 is no reason for voiding a contract: what such a sentence does, the question put aside."""
        asked = without_politeness(message.text)  # 给我看看华兴的合同
        if asked != message.text:
            message = replace(message, text=asked)
        for order, handler in self._sentences:
            said_to = handler(message, ctx, talk) if order < PLAIN else None
            if said_to is not None:
                if talk.pending is question:
                    talk.settle()
                talk.left, talk.misses = question, 0
                return said_to
        return None

    def _file(self, message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
        """A table goes to who waits for one, else to who knows its header."""
        if message.group:
            return Reply(NO_FILES_HERE, private=False)
        if message.file is not None and message.file.scan and self._scan is not None:
            return self._scan(message, ctx, talk)
        if message.file is None or message.file.sheet is None:
            raise InvalidInput(message.file.problem if message.file is not None and message.file.problem else NO_FILE)
        sheet = message.file.sheet
        question = talk.open_question()
        if question is not None and question["kind"] in self._sheets:
            return self._sheets[question["kind"]][1](message, ctx, talk, sheet)
        for recognises, handler in self._sheets.values():
            if recognises(sheet):
                return handler(message, ctx, talk, sheet)
        raise InvalidInput(UNKNOWN_SHEET)

    def find_command(self, text: str) -> tuple[Command, str] | None:
        """The longest command word `text` starts with, and the rest in the sender's own characters."""
        folded = fold(text)  # as long as `text`
        said = folded.strip(PAUSES)
        for length in range(min(len(folded), len(self.words[0])), 0, -1):
            command = self._commands.get(folded[:length])
            if command is not None and (not command.whole or command.word == said):
                rest = text[length:].strip(PAUSES)
            elif len(said) == length and said in self._commands:
                command, rest = self._commands[said], ""
            else:
                continue
            if command.when is None or command.when(rest):
                return command, rest
        return None

    def read_tap(self, raw: RawTap) -> tuple[Button, CardHandler]:
        """Which button it was. Templates with params name it there; others in the component's id (3.8).

        Raises:
            InvalidInput: no such button, or its payload cannot be read.
        """
        action = raw.params.get("action")
        try:
            if isinstance(action, str) and action in self._buttons:
                kind, handler = self._buttons[action]
                return kind.read(_object(raw.params.get("ids")) or raw.params), handler
            for component_id in raw.action_ids:
                name = component_id.split(":", 1)[0]
                if name in self._buttons:
                    kind, handler = self._buttons[name]
                    return kind.decode(component_id), handler
        except ValidationError as wrong:
            raise InvalidInput("这个按钮认不出来了，请重新打开一张卡片再试。") from wrong
        raise InvalidInput("这个按钮已失效，请重新打开一张卡片再试。")

    def handler_of(self, button: Button) -> CardHandler:
        """Who answers a form handed in by that button."""
        return self._buttons[button.action][1]

    def paint(self, kind: str, state: dict[str, Any], ctx: Context) -> CardView:
        """The card as it stands now."""
        return self._painters[kind](state, ctx)

    @property
    def painters(self) -> frozenset[str]:
        """The kinds of cards that can be drawn."""
        return frozenset(self._painters)

    def has_painter(self, kind: str) -> bool:
        """Whether cards of this kind can be drawn (a card of an older version may not)."""
        return kind in self._painters


def _object(value: Any) -> dict[str, Any] | None:
    """A bound object comes as itself or as its JSON (platform.md 3.3)."""
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return None
    return value if isinstance(value, dict) else None


def put_aside_text(title: str) -> str:
    """What is said when a dialogue is left half way."""
    return f"已放下刚才的{title}，回复「继续{title}」可接着填。"


def _words(value: Any) -> list[str]:
    """Every text a question holds."""
    if isinstance(value, dict):
        return [word for key, one in value.items() if key != "kind" for word in _words(one)]
    if isinstance(value, list):
        return [word for one in value for word in _words(one)]
    return [value] if isinstance(value, str) and value else []


def _numbers(question: dict[str, Any]) -> bool:
    """Whether it names an object: customer_id, ids."""
    return any(isinstance(value, int) and not isinstance(value, bool) for value in question.values()) or bool(
        question.get("ids")
    )


def _heard(message: ChatMessage, word: str, args: str) -> ChatMessage:

    return replace(message, word=word, args=args)


def _once(into: dict[str, Any], name: str, value: Any, what: str) -> None:
    if name in into:
        raise AlreadyUsed(f"{what} {name!r} is registered twice")
    into[name] = value
