"""Which function answers which words, buttons, events and undo requests. Explicit, refused when doubled."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import ValidationError

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.dispatch.messages import CardTap, CardUpdate, ChatMessage, RawTap, Reply
from bot.dispatch.talk import Talk
from bot.dispatch.view import Button, CardView
from bot.language.commands import without_politeness
from bot.language.normalize import fold

B = TypeVar("B", bound=Button)
ChatHandler = Callable[[ChatMessage, Context, Talk], Reply]
SentenceHandler = Callable[[ChatMessage, Context, Talk], Reply | None]
PendingHandler = Callable[[ChatMessage, Context, Talk, dict[str, Any]], Reply | None]
CardHandler = Callable[[CardTap[Any], Context], CardUpdate]
Painter = Callable[[dict[str, Any], Context], CardView]
Undoer = Callable[[dict[str, Any], Context], str]


PAUSES = " \n，,：:、。.!！~～;；"  # around a command and what it is about


class AlreadyUsed(ValueError):
    """Two routers answer to the same word, button, painter or undo: an error at start, not at run."""


@dataclass(frozen=True, slots=True)
class Command:
    """A word and who answers it. `whole`: it counts only as the whole message (D27)."""

    word: str
    handler: ChatHandler
    whole: bool


class Router:
    """One capability's commands, sentences, questions, buttons, painters and undoers."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.commands: list[Command] = []
        self.sentences: list[tuple[int, SentenceHandler]] = []
        self.questions: dict[str, PendingHandler] = {}
        self.buttons: dict[type[Button], CardHandler] = {}
        self.painters: dict[str, Painter] = {}
        self.undoers: dict[str, Undoer] = {}

    def command(self, *words: str, whole: bool = False) -> Callable[[ChatHandler], ChatHandler]:
        """`@router.command("领取", "抢")` answers a message that starts with one of these words."""

        def register(handler: ChatHandler) -> ChatHandler:
            self.commands += [Command(word, handler, whole) for word in words]
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
        """`@router.button(ClaimButton)` answers a tap on that button."""

        def register(handler: Callable[[CardTap[B], Context], CardUpdate]) -> CardHandler:
            self.buttons[kind] = handler
            return handler

        return register

    def painter(self, kind: str) -> Callable[[Painter], Painter]:
        """Draws cards of one kind from their state, whenever the objects they show have changed."""

        def register(painter: Painter) -> Painter:
            self.painters[kind] = painter
            return painter

        return register

    def undoer(self, kind: str) -> Callable[[Undoer], Undoer]:
        """Takes back what was offered as `kind`; returns what it says then."""

        def register(undoer: Undoer) -> Undoer:
            self.undoers[kind] = undoer
            return undoer

        return register


class Dispatcher:
    """All routers together."""

    def __init__(self, routers: Iterable[Router]) -> None:
        commands: dict[str, Command] = {}
        self._buttons: dict[str, tuple[type[Button], CardHandler]] = {}
        self._questions: dict[str, PendingHandler] = {}
        self._painters: dict[str, Painter] = {}
        self.undoers: dict[str, Undoer] = {}
        sentences: list[tuple[int, SentenceHandler]] = []
        for router in routers:
            for command in router.commands:
                _once(commands, command.word, command, "command")
            for kind, handler in router.buttons.items():
                _once(self._buttons, kind.action, (kind, handler), "button")
            for name, question in router.questions.items():
                _once(self._questions, name, question, "question")
            for name, painter in router.painters.items():
                _once(self._painters, name, painter, "painter")
            for name, undoer in router.undoers.items():
                _once(self.undoers, name, undoer, "undo")
            sentences += router.sentences
        self.words = tuple(sorted(commands, key=lambda w: (-len(w), w)))
        self._commands = commands
        self._sentences = [handler for _, handler in sorted(sentences, key=lambda pair: pair[0])]

    def chat(self, message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
        """The answer. Order (conversation.md B5): whole-message words, open question, command, sentence.

        Raises:
            AppError: an expected refusal; the caller rolls back and says its text.
        """
        text = message.text.strip()
        said = fold(text).strip(PAUSES)
        whole = self._commands.get(said) or self._commands.get(said.rstrip("?"))
        if whole is not None and whole.whole:
            return whole.handler(message, ctx, talk)
        found = self.find_command(text)
        question = talk.open_question()
        if question is not None and found is None and said:  # silence and stickers answer nothing
            answer = self._questions[question["kind"]](message, ctx, talk, question)
            if answer is not None:
                talk.misses = 0
                return answer
        if question is not None and found is not None:
            talk.aside = question
            talk.settle()
        if found is not None:
            command, args = found
            talk.misses = 0
            return command.handler(_heard(message, command.word, args), ctx, talk)
        asked = without_politeness(text)
        if asked != text and (found := self.find_command(asked)) is not None:
            talk.misses = 0
            return found[0].handler(_heard(message, found[0].word, found[1]), ctx, talk)
        for handler in self._sentences:
            reply = handler(message, ctx, talk)
            if reply is not None:
                return reply
        raise InvalidInput("没认出要做什么。发送「帮助」看看我会什么。")

    def find_command(self, text: str) -> tuple[Command, str] | None:
        """The longest command word `text` starts with, and the rest in the sender's own characters."""
        folded = fold(text)  # as long as `text`
        for word in self.words:
            command = self._commands[word]
            if folded.strip(PAUSES) == word or (not command.whole and folded.startswith(word)):
                return command, text[len(word) :].strip(PAUSES)
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
                return kind.read(raw.params), handler
            for component_id in raw.action_ids:
                name = component_id.split(":", 1)[0]
                if name in self._buttons:
                    kind, handler = self._buttons[name]
                    return kind.decode(component_id), handler
        except ValidationError as wrong:
            raise InvalidInput("这个按钮认不出来了，请重新打开一张卡片再试。") from wrong
        raise InvalidInput("这个按钮已失效，请重新打开一张卡片再试。")

    def paint(self, kind: str, state: dict[str, Any], ctx: Context) -> CardView:
        """The card as it stands now."""
        return self._painters[kind](state, ctx)

    def has_painter(self, kind: str) -> bool:
        """Whether cards of this kind can be drawn (a card of an older version may not)."""
        return kind in self._painters


def _heard(message: ChatMessage, word: str, args: str) -> ChatMessage:

    return replace(message, word=word, args=args)


def _once(into: dict[str, Any], name: str, value: Any, what: str) -> None:
    if name in into:
        raise AlreadyUsed(f"{what} {name!r} is registered twice")
    into[name] = value
