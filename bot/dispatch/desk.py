"""The desk: one message or tap, one unit of work, one answer.

Everything a message causes — its effects, the inbox's "done" mark, the answer and every notice — is one
transaction (house 0.2). A refusal rolls the effects back and is answered in a second one. A tap is worked
first and answered in the acknowledgement; past the budget the answer follows as an update of the card.
"""

import asyncio
import hashlib
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from bot.context import Context, make_context
from bot.core.actor import SYSTEM_ACTOR, Actor
from bot.core.clock import Clock
from bot.core.errors import AppError, Stranger
from bot.core.markup import escape, inert
from bot.dispatch.messages import CardRef, CardTap, CardUpdate, ChatMessage, RawTap, Reply
from bot.dispatch.router import Dispatcher
from bot.dispatch.talk import Talk
from bot.dispatch.view import CardView
from bot.identity import identify
from storage import cards, inbox, outbox, talks
from storage.database import Database, DatabaseBusy, Tx
from storage.settings import CompanySettings, read_settings
from storage.tables import Card

log = logging.getLogger(__name__)

TAP_BUDGET = 1.5  # seconds; DingTalk drops an answer after 2 (platform.md 3.5)
QUOTA_TEXT = "本月钉钉免费额度用完了，收不到你发的内容。已记下，请稍后再发，或联系管理员处理额度。"


class Renderer(Protocol):
    """Draws a view for one kind of template (house 0.7)."""

    template_id: str  # empty: no template, words only
    note_variable: str  # where a view's note goes

    def variables(self, view: CardView) -> dict[str, str]:
        """The template's `cardParamMap`: strings only."""
        ...

    def words(self, view: CardView) -> tuple[str, str]:
        """Title and markdown for clients and firms without the template, with typed replies."""
        ...


@dataclass(frozen=True, slots=True)
class TapAnswer:
    """What rides in the acknowledgement. No variables: the card stays as it is."""

    variables: dict[str, str]


class Desk:
    """Where messages and taps meet the handlers."""

    def __init__(self, db: Database, clock: Clock, dispatcher: Dispatcher, renderer: Callable[[], Renderer]) -> None:
        self._db = db
        self._clock = clock
        self.dispatcher = dispatcher
        self._renderer = renderer
        self._late: set[asyncio.Task[Any]] = set()
        self.on_outbox: Callable[[], None] = lambda: None  # wakes the delivery

    async def chat(self, message: ChatMessage) -> None:
        """Works one stored message off, once. Never raises but for a database that cannot be had."""

        def work(tx: Tx) -> None:
            if inbox.is_new(tx, message.key):
                self._work_message(tx, message)

        try:
            await self._db.unit(None, work)
        except AppError as refusal:
            await self._refuse(message, refusal)
        except DatabaseBusy:
            raise
        except Exception as bug:  # noqa: BLE001 -- the last door: nobody above can answer
            await self._give_up(message, bug)
        self.on_outbox()

    async def tap(self, raw: RawTap) -> TapAnswer:
        """Works a tap and returns the answer for its acknowledgement, within the budget."""
        work = asyncio.ensure_future(self._tap(raw))
        self._late.add(work)
        work.add_done_callback(self._late.discard)
        done, _ = await asyncio.wait({work}, timeout=TAP_BUDGET)
        if done:
            return work.result()
        work.add_done_callback(lambda _task: self._follow_up_late(raw))
        return TapAnswer(self._note_alone("处理中…"))

    async def drain(self) -> None:
        """Waits for taps that were answered late."""
        while self._late:
            await asyncio.wait(set(self._late))

    @property
    def busy(self) -> bool:
        """Whether a tap is being worked."""
        return bool(self._late)

    # -- messages -----------------------------------------------------------------------------------

    def _work_message(self, tx: Tx, message: ChatMessage) -> None:
        now = self._clock.now()
        settings = read_settings(tx)
        if message.kind == "quota_exhausted":
            self._answer(tx, message, Reply(QUOTA_TEXT, private=False), None, settings)
            inbox.finish(tx, message.key, now=now, result="quota")
            return
        actor = identify(tx, message.user_id, settings)
        ctx = make_context(tx, actor, now, settings, "chat", message.key)
        ctx.undoers = dict(self.dispatcher.undoers)
        row = talks.load(tx, actor.user_id, message.conversation_id or "bot")
        talk = Talk(now, row.pending, row.pending_until, row.subject_id, row.subject_until, row.misses)
        reply = self.dispatcher.chat(message, ctx, talk)
        talks.save(
            row, pending=talk.pending, pending_until=talk.pending_until, subject_id=talk.subject_id,
            subject_until=talk.subject_until, misses=talk.misses,
        )  # fmt: skip
        self._answer(tx, message, reply, ctx, settings)
        inbox.finish(tx, message.key, now=now)

    async def _refuse(self, message: ChatMessage, refusal: AppError) -> None:
        def work(tx: Tx) -> None:
            if inbox.finish(tx, message.key, now=self._clock.now(), result=refusal.code):
                private = not isinstance(refusal, Stranger)
                self._answer(tx, message, Reply(refusal.text, private=private), None, read_settings(tx))

        await self._db.system(work)

    async def _give_up(self, message: ChatMessage, bug: Exception) -> None:
        number = error_number(bug, f"message {message.key}")

        def work(tx: Tx) -> None:
            if inbox.finish(tx, message.key, now=self._clock.now(), result=f"bug {number}", state="dead"):
                text = f"这条没处理成，内容已记下。请把编号 {number} 发给管理员，不用重复发送。"
                self._answer(tx, message, Reply(text), None, read_settings(tx))

        await self._db.system(work)

    def _answer(
        self, tx: Tx, message: ChatMessage, reply: Reply, ctx: Context | None, settings: CompanySettings
    ) -> None:
        """Queues the answer: into the single chat, or (not private) into the group it was asked in."""
        del settings
        now = self._clock.now()
        to_group = message.group and (not reply.private or message.user_id is None)
        if not reply.text and reply.card is None:
            return
        key = f"reply:{message.key}"
        if to_group:
            target = {"conversation_id": message.conversation_id}
            lane = f"group:{message.conversation_id}"
        elif message.user_id is None:
            return  # nobody to answer: an outsider in single chat cannot be reached by the robot API
        else:
            target = {"user_id": message.user_id}
            lane = f"user:{message.user_id}"
            if message.group:
                outbox.put(
                    tx, key=f"hint:{message.key}", lane=f"group:{message.conversation_id}", channel="group", now=now,
                    payload={
                        "conversation_id": message.conversation_id,
                        "title": "已私聊",
                        "text": f"{escape(message.sender_nick) or '你'}，已私聊发给你（群里不显示客户信息）。",
                    },
                )  # fmt: skip
        if reply.card is None or ctx is None:
            channel = "group" if to_group else "robot"
            payload = {**target, "title": first_line(reply.text), "text": inert(reply.text)}
            outbox.put(tx, key=key, lane=lane, channel=channel, payload=payload, now=now)
            return
        self.put_card(tx, key=key, lane=lane, ref=reply.card, ctx=ctx, target=target, before=reply.text)

    def put_card(
        self, tx: Tx, *, key: str, lane: str, ref: CardRef, ctx: Context, target: dict[str, str], before: str = ""
    ) -> str:
        """Queues a new card and remembers it; returns its outTrackId, the same for the same `key`."""
        out_track_id = track_id(key)
        view = self.dispatcher.paint(ref.kind, ref.state, ctx).with_note(before)
        renderer = self._renderer()
        title, words = renderer.words(view)
        variables = renderer.variables(view) if renderer.template_id else {}
        cards.remember(
            tx, out_track_id=out_track_id, kind=ref.kind, state=ref.state, subjects=ref.subjects,
            holder_user_id=target.get("user_id"), conversation_id=target.get("conversation_id", ""), now=ctx.now,
        )  # fmt: skip
        payload: dict[str, Any] = {**target, "title": title, "text": words}
        if renderer.template_id:
            channel = "card"
            payload |= {
                "out_track_id": out_track_id, "template_id": renderer.template_id, "variables": variables,
            }  # fmt: skip
        else:
            channel = "group" if "conversation_id" in target else "robot"
        outbox.put(tx, key=key, lane=lane, channel=channel, payload=payload, now=ctx.now)
        return out_track_id

    # -- taps ---------------------------------------------------------------------------------------

    async def _tap(self, raw: RawTap) -> TapAnswer:
        try:
            answer = await self._db.unit(None, lambda tx: self._work_tap(tx, raw), urgent=True)
        except Stranger as refusal:
            return TapAnswer(self._note_alone(refusal.text))
        except AppError as refusal:
            text = refusal.text
            answer = await self._db.unit(None, lambda tx: self._show(tx, raw, text), urgent=True)
        except DatabaseBusy:
            text = "现在人多，这一下还没保存。10 秒后再点一次（不会重复）。"
            return TapAnswer(self._note_alone(text))
        except Exception as bug:  # noqa: BLE001 -- the last door: a tap is never silent
            number = error_number(bug, f"tap {raw.action_ids} {raw.params}")
            answer = TapAnswer(self._note_alone(f"没处理成，请把编号 {number} 发给管理员。"))
        self.on_outbox()
        return answer

    def _work_tap(self, tx: Tx, raw: RawTap) -> TapAnswer:
        settings = read_settings(tx)
        actor = identify(tx, raw.user_id, settings)
        ctx = self._tap_context(tx, actor, raw, settings)
        button, handler = self.dispatcher.read_tap(raw)
        card = cards.get(tx, raw.out_track_id)
        state = dict(card.state) if card is not None else {}
        update = handler(CardTap(raw.key, raw.user_id, raw.out_track_id, button, state), ctx)
        if update.say is not None:
            self._say_after_tap(tx, raw, update.say, ctx)
        return self._updated(tx, card, update, ctx)

    def _show(self, tx: Tx, raw: RawTap, note: str) -> TapAnswer:
        """The card as it stands now, with `note`."""
        settings = read_settings(tx)
        actor = identify(tx, raw.user_id, settings)
        ctx = self._tap_context(tx, actor, raw, settings)
        return self._updated(tx, cards.get(tx, raw.out_track_id), CardUpdate(note=note), ctx)

    def _tap_context(self, tx: Tx, actor: Actor, raw: RawTap, settings: CompanySettings) -> Context:
        ctx = make_context(tx, actor, self._clock.now(), settings, "tap", raw.out_track_id)
        ctx.undoers = dict(self.dispatcher.undoers)
        return ctx

    def _updated(self, tx: Tx, card: Card | None, update: CardUpdate, ctx: Context) -> TapAnswer:
        if card is None or not self.dispatcher.has_painter(update.card.kind if update.card else card.kind):
            return TapAnswer(self._note_alone(update.note))
        if card.holder_user_id not in (None, ctx.actor.user_id):
            return TapAnswer(self._note_alone(update.note or "这张卡片不是发给你的。"))
        if update.card is not None:
            card.kind = update.card.kind
            cards.change(tx, card, state=update.card.state, subjects=update.card.subjects)
        elif update.state is not None:
            cards.change(tx, card, state=update.state)
        replaced = update.card is not None  # by a card that must be drawn, or the tap is refused
        view = self.dispatcher.paint(card.kind, card.state, ctx) if replaced else self._present(card, ctx)
        view = view.with_note(update.note)
        return TapAnswer(self._renderer().variables(view))

    def _present(self, card: Card, ctx: Context) -> CardView:
        """The card as its holder may see it now: what he may not see any more is one neutral sentence."""
        try:
            return self.dispatcher.paint(card.kind, card.state, ctx)
        except AppError as refusal:
            return CardView("这张卡片已失效", body=refusal.text)

    def _say_after_tap(self, tx: Tx, raw: RawTap, reply: Reply, ctx: Context) -> None:
        key = f"after_tap:{raw.out_track_id}:{raw.key}"
        target = {"user_id": raw.user_id}
        lane = f"user:{raw.user_id}"
        if reply.card is not None:
            self.put_card(tx, key=key, lane=lane, ref=reply.card, ctx=ctx, target=target, before=reply.text)
        else:
            payload = {**target, "title": first_line(reply.text), "text": inert(reply.text)}
            outbox.put(tx, key=key, lane=lane, channel="robot", payload=payload, now=ctx.now)

    def _note_alone(self, note: str) -> dict[str, str]:
        """Only the note's variable: the rest of the card stays as it is."""
        renderer = self._renderer()
        return {renderer.note_variable: inert(note)} if renderer.template_id else {}

    def _follow_up_late(self, raw: RawTap) -> None:
        task = asyncio.ensure_future(self._refresh(raw.out_track_id))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _refresh(self, out_track_id: str) -> None:
        def work(tx: Tx) -> None:
            if cards.get(tx, out_track_id) is not None:
                outbox.refresh_card(tx, out_track_id, now=self._clock.now())

        await self._db.system(work)
        self.on_outbox()

    async def draw(self, out_track_id: str) -> dict[str, str] | None:
        """A card's variables as its holder would see them now, for an update; None: nothing new to show."""

        def work(tx: Tx) -> dict[str, str] | None:
            card = cards.get(tx, out_track_id)
            if card is None or not self.dispatcher.has_painter(card.kind):
                return None
            settings = read_settings(tx)
            actor = SYSTEM_ACTOR
            if card.holder_user_id is not None:
                try:
                    actor = identify(tx, card.holder_user_id, settings)
                except Stranger:
                    return None  # who left sees nothing new
            ctx = make_context(tx, actor, self._clock.now(), settings, "job", out_track_id)
            renderer = self._renderer()
            variables = renderer.variables(self._present(card, ctx))
            variables.pop(renderer.note_variable, None)  # what the last tap was answered stays readable
            return variables

        return await self._db.unit(None, work)


def error_number(bug: Exception, where: str) -> str:
    """Logs a bug under a number that finds it."""
    number = uuid.uuid4().hex[:8]
    log.error("unexpected error %s in %s", number, where, exc_info=bug)
    return number


def track_id(key: str) -> str:
    """The outTrackId of the card that answers `key`: sending it twice makes one card (platform.md 3.2)."""
    return "dc-" + hashlib.sha256(key.encode()).hexdigest()[:40]


def first_line(text: str) -> str:
    """What the conversation list shows of a message."""
    return text.strip().split("\n", 1)[0].strip("#*> ")[:40] or "新消息"
