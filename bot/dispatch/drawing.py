"""Cards as they are put on screens: made, drawn anew, and answered on."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.context import Context
from bot.core.actor import SYSTEM_ACTOR
from bot.core.errors import AppError, Stranger
from bot.core.markup import inert
from bot.dispatch.contexts import Contexts
from bot.dispatch.messages import CardRef, RawTap
from bot.dispatch.router import Dispatcher
from bot.dispatch.view import CardView
from bot.identity import identify
from storage import cards, outbox
from storage.cards import Held
from storage.database import Database, Tx
from storage.settings import read_settings

NO_TEMPLATE = "none"  # noted for a card that went as words


class Renderer(Protocol):
    """Draws a view for one kind of template (house 0.7)."""

    template_id: str  # empty: no template, words only
    note_variable: str  # where a view's note goes
    note_private: bool  # whether that variable is one person's own

    def variables(self, view: CardView) -> dict[str, str]:
        """The template's `cardParamMap`: strings only."""
        ...

    def private(self, view: CardView) -> dict[str, str]:
        """The variables that the template keeps for one person: his note, his form."""
        ...

    def words(self, view: CardView) -> tuple[str, str]:
        """Title and markdown for clients and firms without the template, with typed replies."""
        ...


@dataclass(frozen=True, slots=True)
class TapAnswer:
    """What rides in the acknowledgement. No variables: the card stays as it is."""

    variables: dict[str, str]
    private: dict[str, str] = field(default_factory=dict)  # for the tapper alone


@dataclass(frozen=True, slots=True)
class Drawn:
    """A card's present values: for all who hold it, and by userId for one alone."""

    template_id: str
    variables: dict[str, str]
    private: dict[str, dict[str, str]] = field(default_factory=dict)


class Drawing:
    """Draws what handlers show with the template in use, as whoever holds a card may see it."""

    def __init__(
        self, db: Database, contexts: Contexts, dispatcher: Dispatcher, renderer: Callable[[], Renderer],
        renderer_of: Callable[[str], Renderer],
    ) -> None:  # fmt: skip
        """`renderer` draws new cards; `renderer_of` those made with a certain template, whatever is in use by now."""
        self._db, self._contexts, self._dispatcher = db, contexts, dispatcher
        self._renderer = renderer
        self.renderer_of = renderer_of
        self.answered_late: dict[str, tuple[str, TapAnswer]] = {}  # by card: to whom, what; until it is redrawn
        self.on_outbox: Callable[[], None] = lambda: None  # wakes the delivery

    def put_card(
        self, tx: Tx, *, key: str, lane: str, ref: CardRef, ctx: Context, target: dict[str, str], before: str = ""
    ) -> str:
        """Queues a new card and remembers it; returns its outTrackId, the same for the same `key`."""
        out_track_id = track_id(key)
        view = self.paint(ref.kind, ref.state, ctx, group="conversation_id" in target).with_note(before)
        renderer = self._renderer()
        title, words = renderer.words(view)
        cards.remember(
            tx, out_track_id=out_track_id, kind=ref.kind, state=ref.state, subjects=ref.subjects,
            holder_user_id=target.get("user_id"), conversation_id=target.get("conversation_id", ""), now=ctx.now,
            template_id=renderer.template_id or NO_TEMPLATE,
        )  # fmt: skip
        payload: dict[str, Any] = {**target, "title": title, "text": words}
        if renderer.template_id:
            channel = "card"
            drawn = for_holder(renderer, view, target.get("user_id"))
            payload |= {
                "out_track_id": out_track_id, "template_id": renderer.template_id, "note": view.note,
                "variables": drawn.variables, "private": drawn.private,
            }  # fmt: skip
        else:
            channel = "group" if "conversation_id" in target else "robot"
        outbox.put(tx, key=key, lane=lane, channel=channel, payload=payload, now=ctx.now)
        return out_track_id

    def paint(self, kind: str, state: dict[str, Any], ctx: Context, *, group: bool) -> CardView:
        """A card as it stands; in a group, with what everybody may see."""
        if not group:
            return self._dispatcher.paint(kind, state, ctx)
        with ctx.shown_to_all() as public:
            return self._dispatcher.paint(kind, state, public)

    def present(self, card: Held, ctx: Context) -> CardView:
        """The card as its holder may see it now: what he may not see any more is one neutral sentence."""
        try:
            return self.paint(card.kind, card.state, ctx, group=card.holder_user_id is None)
        except AppError as refusal:
            return CardView("这张卡片已失效", body=refusal.text)

    def note_alone(self, raw: RawTap, note: str, template_id: str | None = None) -> TapAnswer:
        """Only the note's variable: the rest of the card stays as it is. Of a card we do not know, the tap tells which
        template it came from.
        """
        if template_id is None:
            template_id = "own" if "action" in raw.params or raw.form is not None else ""
        renderer = self.renderer_of(template_id)
        if not renderer.note_variable:  # it went as words: nothing can be changed on it
            return TapAnswer({})
        said = {renderer.note_variable: inert(note)}
        return TapAnswer({}, said) if renderer.note_private else TapAnswer(said)

    async def compose(self, out_track_id: str) -> dict[str, Any] | None:
        """What a card that was queued undrawn is sent with, as its holder may see it now; None: nothing to send."""

        def work(tx: Tx) -> dict[str, Any] | None:
            card = cards.get(tx, out_track_id)
            if card is None or card.holder_user_id is None or not self._dispatcher.has_painter(card.kind):
                return None
            settings = read_settings(tx)
            try:
                actor = identify(tx, card.holder_user_id, settings)
            except Stranger:
                return None
            ctx = self._contexts.make(tx, actor, settings, "job", out_track_id)
            view = self.paint(card.kind, card.state, ctx, group=False)
            renderer = self._renderer()
            cards.drawn_with(tx, out_track_id, renderer.template_id or NO_TEMPLATE)
            title, words = renderer.words(view)
            composed: dict[str, Any] = {"title": title, "text": words}
            if renderer.template_id:
                drawn = for_holder(renderer, view, card.holder_user_id)
                composed |= {
                    "template_id": drawn.template_id, "variables": drawn.variables, "private": drawn.private,
                }  # fmt: skip
            return composed

        return await self._db.unit(None, work)

    async def draw(self, out_track_id: str) -> Drawn | None:
        """A card's values as its holder would see them now, for an update; None: nothing new to show."""
        return await self._drawn(out_track_id, None)

    async def draw_anew(self, out_track_id: str, note: str) -> Drawn | None:
        """The same for a card not sent yet whose template was refused, with the template in use now."""
        return await self._drawn(out_track_id, note)

    async def _drawn(self, out_track_id: str, note: str | None) -> Drawn | None:
        def work(tx: Tx) -> Drawn | None:
            card = cards.get(tx, out_track_id)
            if card is None or not self._dispatcher.has_painter(card.kind):
                return None
            settings = read_settings(tx)
            actor = SYSTEM_ACTOR
            if card.holder_user_id is not None:
                try:
                    actor = identify(tx, card.holder_user_id, settings)
                except Stranger:
                    return None  # who left sees nothing new
            if actor.doorway and not card.kind.startswith(f"{actor.doorway}."):
                return None
            ctx = self._contexts.make(tx, actor, settings, "job", out_track_id)
            view = self.present(card, ctx)
            if note is not None:
                renderer = self._renderer()
                cards.drawn_with(tx, out_track_id, renderer.template_id or NO_TEMPLATE)
                return for_holder(renderer, view.with_note(note), card.holder_user_id)
            renderer = self.renderer_of(card.template_id)
            drawn = for_holder(renderer, view, card.holder_user_id)
            for values in (drawn.variables, *drawn.private.values()):
                values.pop(renderer.note_variable, None)  # what the last tap was answered stays readable
            if out_track_id in self.answered_late:
                user_id, answer = self.answered_late.pop(out_track_id)
                said = (answer.variables | answer.private).get(renderer.note_variable, "")
                own = drawn.private.setdefault(user_id, {}) if renderer.note_private else drawn.variables
                own[renderer.note_variable] = said
            return drawn

        return await self._db.unit(None, work)

    async def refresh(self, out_track_id: str) -> None:
        """The card is drawn anew by an update, for all who hold it."""

        def work(tx: Tx) -> None:
            if cards.get(tx, out_track_id) is not None:
                outbox.refresh_cards(tx, [out_track_id], now=self._contexts.clock.now())

        await self._db.system(work)
        self.on_outbox()


def for_holder(renderer: Renderer, view: CardView, holder_user_id: str | None) -> Drawn:
    """One person's card keeps what is private for him; in a group it stands in the public data, as a default."""
    variables, private = renderer.variables(view), renderer.private(view)
    if holder_user_id is None:
        return Drawn(renderer.template_id, variables | private)
    return Drawn(renderer.template_id, variables, {holder_user_id: private} if private else {})


def track_id(key: str) -> str:
    """The outTrackId of the card that answers `key`: sending it twice makes one card (platform.md 3.2)."""
    return "dc-" + hashlib.sha256(key.encode()).hexdigest()[:40]
