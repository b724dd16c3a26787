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
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from bot.context import Context, make_context
from bot.core.actor import SYSTEM_ACTOR, Actor
from bot.core.clock import Clock
from bot.core.errors import AppError, Forbidden, InvalidInput, NotFound, SeveralPeople, Stranger
from bot.core.markup import escape, inert
from bot.core.redaction import one_line, redact
from bot.dispatch.forms import filled, read_form
from bot.dispatch.messages import CardRef, CardTap, CardUpdate, ChatMessage, RawTap, Reply
from bot.dispatch.router import WHICH_PERSON, Dispatcher
from bot.dispatch.talk import MEMORY, Talk
from bot.dispatch.view import CardForm, CardView, FormValue
from bot.identity import identify, turned_away
from bot.language.secret import looks_secret
from storage import audit, cards, drafts, inbox, outbox, talks
from storage.cards import Held
from storage.database import Database, DatabaseBusy, Tx
from storage.settings import CompanySettings, read_settings

log = logging.getLogger(__name__)

TAP_BUDGET = 1.5  # seconds; DingTalk drops an answer after 2 (platform.md 3.5)
WORKING = "处理中…"  # said where the budget is over; the answer follows
NO_TEMPLATE = "none"  # noted for a card that went as words
OLD_FORM = "这张表单太旧了，请重新发一次命令，再填新的。"
QUOTA_TEXT = "本月钉钉免费额度用完了，收不到你发的内容。已记下，请稍后再发，或联系管理员处理额度。"


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


class Desk:
    """Where messages and taps meet the handlers."""

    def __init__(
        self, db: Database, clock: Clock, dispatcher: Dispatcher, renderer: Callable[[], Renderer],
        renderer_of: Callable[[str], Renderer], *, secret_key: str = "", client_id: Callable[[], str] = lambda: "",
    ) -> None:  # fmt: skip
        """`renderer` draws new cards; `renderer_of` those made with a certain template, whatever is in use by now.

        `secret_key`: what is kept encrypted is encrypted under it; `client_id`: the app's, as it is now.
        """
        self._db = db
        self._clock = clock
        self.dispatcher = dispatcher
        self._renderer = renderer
        self._renderer_of = renderer_of
        self.tap_budget = TAP_BUDGET
        self._secret_key, self._client_id = secret_key, client_id
        self._late: set[asyncio.Task[Any]] = set()
        self._late_answers: dict[str, tuple[str, TapAnswer]] = {}  # by card, until it is redrawn
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

    async def knows(self, user_id: str | None) -> bool:
        """Whether this person may use the app at all: nobody else's files are fetched."""

        def work(tx: Tx) -> bool:
            try:
                identify(tx, user_id, read_settings(tx))
            except Stranger:
                return False
            return True

        return await self._db.read(None, work)

    async def tap(self, raw: RawTap) -> TapAnswer:
        """Works a tap and returns the answer for its acknowledgement, within the budget."""
        work = asyncio.ensure_future(self._tap(raw))
        self._late.add(work)
        work.add_done_callback(self._late.discard)
        done, _ = await asyncio.wait({work}, timeout=self.tap_budget)
        if done:
            return work.result()
        work.add_done_callback(lambda task: self._follow_up_late(raw, task))
        return self._note_alone(raw, WORKING)

    async def tap_unanswered(self, out_track_id: str, user_id: str, answer: TapAnswer) -> None:
        """The answer did not get into the acknowledgement: the card is updated to what it says."""
        if WORKING not in (answer.variables | answer.private).values():  # else the real answer is still to come
            self._late_answers[out_track_id] = (user_id, answer)
            await self._refresh(out_track_id)

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
        self._equip(ctx)
        where = message.conversation_id or "bot"
        row = talks.load(tx, actor.user_id, where)
        talk = Talk(
            now, row.pending, row.pending_until, row.subject_id, row.subject_until, row.misses, conversation_id=where,
            asked=row.asked, subject_kind=row.subject_kind,
            has_drafts=lambda: bool(drafts.list_drafts(tx, actor.user_id, where, now)),
        )  # fmt: skip
        secret = _holds_secret(message, talk.open_question())
        if (late := talk.expired_question()) is not None:
            self._keep(tx, row, late, row.pending_until or now)
            talk.settle()
        before = talk.pending
        reply = self.dispatcher.chat(message, ctx, talk)
        if talk.left is not None:
            self._keep(tx, row, talk.left, now)
        asked = row.asked if talk.pending is before else None if secret else self._put(message, talk, reply, row.asked)
        talks.save(
            tx, row, pending=talk.pending, pending_until=talk.pending_until, subject_id=talk.subject_id,
            subject_until=talk.subject_until, misses=talk.misses, asked=asked, subject_kind=talk.subject_kind,
        )  # fmt: skip
        self._answer(tx, message, reply, ctx, settings)
        if secret:
            inbox.conceal(tx, message.key)
        inbox.finish(tx, message.key, now=now)

    def _keep(self, tx: Tx, row: talks.Memory, question: dict[str, Any], at: datetime) -> None:
        """A question nobody went on with is a draft, if its topic is worth it."""
        topic = self.dispatcher.topics.get(question["kind"])
        if topic is not None and topic.kept and not question.get("secret"):
            drafts.keep(
                tx, row.user_id, row.conversation_id, kind=topic.title, question=question, asked=row.asked, now=at
            )

    def _put(
        self, message: ChatMessage, talk: Talk, reply: Reply, before: dict[str, Any] | None
    ) -> dict[str, Any] | None:
        """How the question that is open now was put, so that it can be put again."""
        if talk.pending is None:
            return None
        if talk.resumed is not None:
            return talk.resumed
        topic, last = self.dispatcher.topics.get(talk.pending["kind"]), before or {}
        answered = topic is not None and last.get("topic") == topic.title and not talk.by
        ref = reply.card
        return {
            "topic": topic.title if topic is not None else "", "by": last["by"] if answered else talk.by,
            "words": last["words"] if answered else message.text[:60], "text": talk.said,
            "card": {"kind": ref.kind, "state": ref.state, "subjects": list(ref.subjects)} if ref is not None else None,
        }  # fmt: skip

    async def _refuse(self, message: ChatMessage, refusal: AppError) -> None:
        def work(tx: Tx) -> None:
            if inbox.finish(tx, message.key, now=self._clock.now(), result=refusal.code):
                private = not isinstance(refusal, Stranger)
                what = message.text or (f"文件 {message.file.name}" if message.file is not None else "")
                now, key = self._clock.now(), message.key
                if isinstance(refusal, SeveralPeople) and self._ask_which_person(tx, message, refusal):
                    return
                note_refusal(tx, refusal, user_id=message.user_id, via="chat", what=what, source=key, now=now)
                self._answer_refusal(tx, message, refusal, private=private)
                self._conceal(tx, message)

        await self._db.system(work)

    def _ask_which_person(self, tx: Tx, message: ChatMessage, refusal: SeveralPeople) -> bool:
        """Puts the question; False: the name does not stand in the message so that it could be replaced."""
        if message.user_id is None or refusal.name not in message.text:
            return False
        row, now = talks.load(tx, message.user_id, message.conversation_id or "bot"), self._clock.now()
        pending = {
            "kind": WHICH_PERSON, "text": message.text, "name": refusal.name, "options": refusal.options,
            "before": row.pending,
        }  # fmt: skip
        talks.save(
            tx, row, pending=pending, pending_until=now + MEMORY, subject_id=row.subject_id,
            subject_until=row.subject_until, misses=row.misses,
        )  # fmt: skip
        lines = [f"{n} {escape(one)}" for n, one in enumerate(refusal.options, start=1)]
        text = "\n".join([f"有 {len(lines)} 位「{escape(refusal.name)}」，是哪一位？回复数字：", *lines])
        self._answer(tx, message, Reply(text), None, read_settings(tx))
        self._conceal(tx, message)
        return True

    def _answer_refusal(self, tx: Tx, message: ChatMessage, refusal: AppError, *, private: bool) -> None:
        """In words; on a card where the refusal has a button to offer."""
        settings = read_settings(tx)
        if refusal.card is None:
            self._answer(tx, message, Reply(refusal.text, private=private), None, settings)
            return
        ctx = make_context(
            tx, identify(tx, message.user_id, settings), self._clock.now(), settings, "chat", message.key
        )
        self._equip(ctx)
        kind, state = refusal.card
        self._answer(tx, message, Reply(card=CardRef(kind, state), private=private), ctx, settings)

    async def _give_up(self, message: ChatMessage, bug: Exception) -> None:
        number = error_number(bug, f"message {message.key}")

        def work(tx: Tx) -> None:
            if inbox.finish(tx, message.key, now=self._clock.now(), result=f"bug {number}", state="dead"):
                text = f"这条没处理成，内容已记下。请把编号 {number} 发给管理员，不用重复发送。"
                self._answer(tx, message, Reply(text), None, read_settings(tx))
                self._conceal(tx, message)

        await self._db.system(work)

    def _conceal(self, tx: Tx, message: ChatMessage) -> None:
        """As after a message that was worked: a secret stays nowhere, whatever became of it."""
        question: dict[str, Any] | None = None
        if message.user_id:
            row = talks.find(tx, message.user_id, message.conversation_id or "bot")
            if row is not None:
                question = Talk(self._clock.now(), row.pending, row.pending_until).open_question()
        if _holds_secret(message, question):
            inbox.conceal(tx, message.key)

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
        view = self._paint(ref.kind, ref.state, ctx, group="conversation_id" in target).with_note(before)
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
            drawn = _for_holder(renderer, view, target.get("user_id"))
            payload |= {
                "out_track_id": out_track_id, "template_id": renderer.template_id, "note": view.note,
                "variables": drawn.variables, "private": drawn.private,
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
            stranger = refusal  # the name of an except clause does not outlive it
            template_id = await self._db.system(lambda tx: self._note_tap(tx, raw, stranger), urgent=True)
            return self._note_alone(raw, stranger.text, template_id)
        except AppError as refusal:
            refused = refusal
            answer = await self._refused_tap(raw, refused)
        except DatabaseBusy:
            text = "现在人多，这一下还没保存。10 秒后再点一次（不会重复）。"
            return self._note_alone(raw, text)
        except Exception as bug:  # noqa: BLE001 -- the last door: a tap is never silent
            number = error_number(bug, f"tap {raw.action_ids} {raw.params.get('action', '')}")
            answer = self._note_alone(raw, f"没处理成，请把编号 {number} 发给管理员。")
        self.on_outbox()
        return answer

    async def _refused_tap(self, raw: RawTap, refusal: AppError) -> TapAnswer:
        """The card as it stands now with the refusal; a card that may not be drawn any more shows that alone."""
        try:
            return await self._db.unit(None, lambda tx: self._show(tx, raw, refusal), urgent=True)
        except AppError:
            template_id = await self._db.system(lambda tx: self._note_tap(tx, raw, refusal), urgent=True)
            return self._note_alone(raw, refusal.text, template_id)

    def _work_tap(self, tx: Tx, raw: RawTap) -> TapAnswer:
        settings = read_settings(tx)
        actor = identify(tx, raw.user_id, settings)
        ctx = self._tap_context(tx, actor, raw, settings)
        values: dict[str, FormValue] = {}
        if raw.form is None:
            button, handler = self.dispatcher.read_tap(raw)
            if actor.doorway and button.doorway != actor.doorway:
                raise turned_away(actor)
            card = cards.get(tx, raw.out_track_id)
        else:
            if actor.doorway:
                raise turned_away(actor)
            card = cards.lock(tx, raw.out_track_id)
            form = self._form_of(card, ctx)
            if form is None:  # it was handed in already: two taps, one effect
                return self._updated(tx, card, CardUpdate(note="已经提交过了，没有重复处理。"), ctx, raw)
            button, handler = form.button, self.dispatcher.handler_of(form.button)
            values = read_form(form, raw.form)
        state = dict(card.state) if card is not None else {}
        asked = talks.load(tx, raw.user_id, "bot").pending if raw.form is not None else None
        update = handler(CardTap(raw.key, raw.user_id, raw.out_track_id, button, state, values), ctx)
        if raw.form is not None and card is not None:
            self._finish(tx, card.kind, ctx, asked)
        if update.say is not None:
            self._say_after_tap(tx, raw, update.say, ctx)
        if card is not None and card.holder_user_id is None and update.card and update.card.kind != card.kind:
            # A group's card stays what it is: all its members see it, whatever the tapper may see.
            self._say_after_tap(tx, raw, Reply(update.note, update.card), ctx)
            return self._note_alone(raw, "已私聊发给你。")
        return self._updated(tx, card, update, ctx, raw)

    def _finish(self, tx: Tx, kind: str, ctx: Context, asked: dict[str, Any] | None) -> None:
        """A form was handed in: what was put aside of the same is done with, and the question that stood beside it."""
        row = talks.load(tx, ctx.actor.user_id, "bot")
        topic = self.dispatcher.topics.get(str((asked or {}).get("kind", "")))
        if topic is not None and kind in topic.forms and row.pending == asked:
            talks.save(
                tx, row, pending=None, pending_until=None, subject_id=row.subject_id, subject_until=row.subject_until,
                misses=row.misses,
            )  # fmt: skip
        for title in {topic.title for topic in self.dispatcher.topics.values() if kind in topic.forms}:
            drafts.remove(tx, ctx.actor.user_id, "bot", title)

    def _form_of(self, card: Held | None, ctx: Context) -> CardForm | None:
        """The form the card shows now; None: none any more. Raises InvalidInput for a card we do not know."""
        if card is None or not self.dispatcher.has_painter(card.kind):
            raise InvalidInput(OLD_FORM)
        if card.holder_user_id not in (None, ctx.actor.user_id):
            raise InvalidInput("这张卡片不是发给你的。")
        form = self.dispatcher.paint(card.kind, card.state, ctx).form
        return None if form is None or form.disabled else form

    def _note_tap(self, tx: Tx, raw: RawTap, refusal: AppError) -> str | None:
        """Records the refusal; returns the template of the card that was tapped, if we know it."""
        try:
            what = f"点按钮 {self.dispatcher.read_tap(raw)[0].action}"
        except AppError:
            what = "点按钮"
        now, key = self._clock.now(), raw.out_track_id
        note_refusal(tx, refusal, user_id=raw.user_id, via="tap", what=what, source=key, now=now)
        card = cards.get(tx, raw.out_track_id)
        return card.template_id if card is not None else None

    def _show(self, tx: Tx, raw: RawTap, refusal: AppError) -> TapAnswer:
        """The card as it stands now, with what was refused."""
        self._note_tap(tx, raw, refusal)
        note = refusal.text
        settings = read_settings(tx)
        actor = identify(tx, raw.user_id, settings)
        ctx = self._tap_context(tx, actor, raw, settings)
        return self._updated(tx, cards.get(tx, raw.out_track_id), CardUpdate(note=note), ctx, raw, keep=True)

    def _tap_context(self, tx: Tx, actor: Actor, raw: RawTap, settings: CompanySettings) -> Context:
        ctx = make_context(tx, actor, self._clock.now(), settings, "tap", raw.out_track_id)
        self._equip(ctx)
        return ctx

    def _equip(self, ctx: Context) -> None:
        ctx.undoers, ctx.confirmers = dict(self.dispatcher.undoers), dict(self.dispatcher.confirmers)
        ctx.painters, ctx.words = self.dispatcher.painters, self.dispatcher.words
        ctx.secret_key, ctx.client_id = self._secret_key, self._client_id()

    def _updated(
        self, tx: Tx, card: Held | None, update: CardUpdate, ctx: Context, raw: RawTap, *, keep: bool = False
    ) -> TapAnswer:
        """The card as it is now. `keep`: what was entered stays in its form, for nobody types twice."""
        if card is None or not self.dispatcher.has_painter(update.card.kind if update.card else card.kind):
            return self._note_alone(raw, update.note)
        if ctx.actor.doorway and not card.kind.startswith(f"{ctx.actor.doorway}."):
            return self._note_alone(raw, turned_away(ctx.actor).text, card.template_id)
        if card.holder_user_id not in (None, ctx.actor.user_id):
            return self._note_alone(raw, update.note or "这张卡片不是发给你的。", card.template_id)
        if update.card is not None:
            cards.change(tx, card, state=update.card.state, kind=update.card.kind, subjects=update.card.subjects)
        elif update.state is not None:
            cards.change(tx, card, state=update.state)
        if not keep:  # a refused tap has changed nothing
            outbox.follow_update(tx, raw.out_track_id, now=ctx.now)
        replaced = update.card is not None  # by a card that must be drawn, or the tap is refused
        group = card.holder_user_id is None
        view = self._paint(card.kind, card.state, ctx, group=group) if replaced else self._present(card, ctx)
        view = view.with_note(update.note)
        if keep and raw.form is not None and view.form is not None:
            view = replace(view, form=filled(view.form, raw.form))
        renderer = self._renderer_of(card.template_id)
        return TapAnswer(renderer.variables(view), renderer.private(view))

    def _paint(self, kind: str, state: dict[str, Any], ctx: Context, *, group: bool) -> CardView:
        """A card as it stands; in a group, with what everybody may see."""
        if not group:
            return self.dispatcher.paint(kind, state, ctx)
        with ctx.shown_to_all() as public:
            return self.dispatcher.paint(kind, state, public)

    def _present(self, card: Held, ctx: Context) -> CardView:
        """The card as its holder may see it now: what he may not see any more is one neutral sentence."""
        try:
            return self._paint(card.kind, card.state, ctx, group=card.holder_user_id is None)
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

    def _note_alone(self, raw: RawTap, note: str, template_id: str | None = None) -> TapAnswer:
        """Only the note's variable: the rest of the card stays as it is. Of a card we do not know, the tap tells which
        template it came from.
        """
        if template_id is None:
            template_id = "own" if "action" in raw.params or raw.form is not None else ""
        renderer = self._renderer_of(template_id)
        if not renderer.note_variable:  # it went as words: nothing can be changed on it
            return TapAnswer({})
        said = {renderer.note_variable: inert(note)}
        return TapAnswer({}, said) if renderer.note_private else TapAnswer(said)

    def _follow_up_late(self, raw: RawTap, work: "asyncio.Future[TapAnswer]") -> None:
        """What would have ridden in the ack: the card as it is now, and the answer in place of 「处理中」."""
        if not work.cancelled() and work.exception() is None:
            self._late_answers[raw.out_track_id] = (raw.user_id, work.result())
        task = asyncio.ensure_future(self._refresh(raw.out_track_id))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _refresh(self, out_track_id: str) -> None:
        def work(tx: Tx) -> None:
            if cards.get(tx, out_track_id) is not None:
                outbox.refresh_cards(tx, [out_track_id], now=self._clock.now())

        await self._db.system(work)
        self.on_outbox()

    async def compose(self, out_track_id: str) -> dict[str, Any] | None:
        """What a card that was queued undrawn is sent with, as its holder may see it now; None: nothing to send."""

        def work(tx: Tx) -> dict[str, Any] | None:
            card = cards.get(tx, out_track_id)
            if card is None or card.holder_user_id is None or not self.dispatcher.has_painter(card.kind):
                return None
            settings = read_settings(tx)
            try:
                actor = identify(tx, card.holder_user_id, settings)
            except Stranger:
                return None
            ctx = make_context(tx, actor, self._clock.now(), settings, "job", out_track_id)
            self._equip(ctx)
            view = self._paint(card.kind, card.state, ctx, group=False)
            renderer = self._renderer()
            cards.drawn_with(tx, out_track_id, renderer.template_id or NO_TEMPLATE)
            title, words = renderer.words(view)
            composed: dict[str, Any] = {"title": title, "text": words}
            if renderer.template_id:
                drawn = _for_holder(renderer, view, card.holder_user_id)
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
            if card is None or not self.dispatcher.has_painter(card.kind):
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
            ctx = make_context(tx, actor, self._clock.now(), settings, "job", out_track_id)
            self._equip(ctx)
            view = self._present(card, ctx)
            if note is not None:
                renderer = self._renderer()
                cards.drawn_with(tx, out_track_id, renderer.template_id or NO_TEMPLATE)
                return _for_holder(renderer, view.with_note(note), card.holder_user_id)
            renderer = self._renderer_of(card.template_id)
            drawn = _for_holder(renderer, view, card.holder_user_id)
            for values in (drawn.variables, *drawn.private.values()):
                values.pop(renderer.note_variable, None)  # what the last tap was answered stays readable
            if out_track_id in self._late_answers:
                user_id, answer = self._late_answers.pop(out_track_id)
                said = (answer.variables | answer.private).get(renderer.note_variable, "")
                own = drawn.private.setdefault(user_id, {}) if renderer.note_private else drawn.variables
                own[renderer.note_variable] = said
            return drawn

        return await self._db.unit(None, work)


def _for_holder(renderer: Renderer, view: CardView, holder_user_id: str | None) -> Drawn:
    """One person's card keeps what is private for him; in a group it stands in the public data, as a default."""
    variables, private = renderer.variables(view), renderer.private(view)
    if holder_user_id is None:
        return Drawn(renderer.template_id, variables | private)
    return Drawn(renderer.template_id, variables, {holder_user_id: private} if private else {})


def note_refusal(
    tx: Tx, refusal: AppError, *, user_id: str | None, via: str, what: str, source: str, now: datetime
) -> None:
    """A refusal for lack of rights goes into the audit, whichever use case made it (house 4.7).

    A thing that is not there is no attempt; one that is there but out of the asker's sight is, though he is told the
    same. `what` was said may hold anything, so it is cut and redacted.
    """
    attempt = refusal.attempt if isinstance(refusal, NotFound) else ""
    if not user_id or not (isinstance(refusal, Forbidden | Stranger) or attempt):
        return
    audit.record(
        tx, at=now, user_id=user_id, via=via, action="refuse.attempt", subject=attempt,
        said=one_line(redact(what[:200]))[:80], why=refusal.text, code=refusal.code, source=source,
    )  # fmt: skip


def _holds_secret(message: ChatMessage, question: dict[str, Any] | None) -> bool:
    """A secret by its looks, or the answer to a question that asked for one."""
    return looks_secret(message.text) or bool(question is not None and question.get("secret"))


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
