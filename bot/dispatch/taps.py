"""Taps: one unit of work, answered in the acknowledgement; past the budget by an update of the card."""

import asyncio
from dataclasses import replace
from typing import Any

from bot.context import Context
from bot.core.errors import AppError, InvalidInput, Stranger
from bot.core.markup import inert
from bot.dispatch.contexts import Contexts
from bot.dispatch.drawing import Drawing, TapAnswer
from bot.dispatch.forms import filled, read_form
from bot.dispatch.messages import CardTap, CardUpdate, RawTap, Reply, first_line
from bot.dispatch.refusals import error_number, note_refusal
from bot.dispatch.router import Dispatcher
from bot.dispatch.view import CardForm, FormValue
from bot.identity import identify, turned_away
from storage import cards, drafts, outbox, talks
from storage.cards import Held
from storage.database import Database, DatabaseBusy, Tx
from storage.settings import read_settings

TAP_BUDGET = 1.5  # seconds; DingTalk drops an answer after 2 (platform.md 3.5)
WORKING = "处理中…"  # said where the budget is over; the answer follows
BUSY = "现在人多，这一下还没保存。10 秒后再点一次（不会重复）。"
OLD_FORM = "这张表单太旧了，请重新发一次命令，再填新的。"


class Taps:
    """Where taps meet the handlers."""

    def __init__(self, db: Database, contexts: Contexts, dispatcher: Dispatcher, drawing: Drawing) -> None:
        self._db, self._contexts, self._dispatcher, self._drawing = db, contexts, dispatcher, drawing
        self.budget = TAP_BUDGET
        self._late: set[asyncio.Task[Any]] = set()

    async def tap(self, raw: RawTap) -> TapAnswer:
        """Works a tap and returns the answer for its acknowledgement, within the budget."""
        work = asyncio.ensure_future(self._tap(raw))
        self._late.add(work)
        work.add_done_callback(self._late.discard)
        done, _ = await asyncio.wait({work}, timeout=self.budget)
        if done:
            return work.result()
        work.add_done_callback(lambda task: self._follow_up_late(raw, task))
        return self._drawing.note_alone(raw, WORKING)

    async def unanswered(self, out_track_id: str, user_id: str, answer: TapAnswer) -> None:
        """The answer did not get into the acknowledgement: the card is updated to what it says."""
        if WORKING not in (answer.variables | answer.private).values():  # else the real answer is still to come
            self._drawing.answered_late[out_track_id] = (user_id, answer)
            await self._drawing.refresh(out_track_id)

    async def drain(self) -> None:
        """Waits for taps that were answered late."""
        while self._late:
            await asyncio.wait(set(self._late))

    @property
    def busy(self) -> bool:
        """Whether a tap is being worked."""
        return bool(self._late)

    async def _tap(self, raw: RawTap) -> TapAnswer:
        try:
            answer = await self._db.unit(None, lambda tx: self._work_tap(tx, raw), urgent=True)
        except Stranger as refusal:
            stranger = refusal  # the name of an except clause does not outlive it
            template_id = await self._db.system(lambda tx: self._note_tap(tx, raw, stranger), urgent=True)
            return self._drawing.note_alone(raw, stranger.text, template_id)
        except AppError as refusal:
            refused = refusal
            answer = await self._refused_tap(raw, refused)
        except DatabaseBusy:
            return self._drawing.note_alone(raw, BUSY)
        except Exception as bug:  # noqa: BLE001 -- the last door: a tap is never silent
            number = error_number(bug, f"tap {raw.action_ids} {raw.params.get('action', '')}")
            answer = self._drawing.note_alone(raw, f"没处理成，请把编号 {number} 发给管理员。")
        self._drawing.on_outbox()
        return answer

    async def _refused_tap(self, raw: RawTap, refusal: AppError) -> TapAnswer:
        """The card as it stands now with the refusal; a card that may not be drawn any more shows that alone."""
        try:
            return await self._db.unit(None, lambda tx: self._show(tx, raw, refusal), urgent=True)
        except AppError:
            template_id = await self._db.system(lambda tx: self._note_tap(tx, raw, refusal), urgent=True)
            return self._drawing.note_alone(raw, refusal.text, template_id)

    def _work_tap(self, tx: Tx, raw: RawTap) -> TapAnswer:
        settings = read_settings(tx)
        actor = identify(tx, raw.user_id, settings)
        ctx = self._contexts.make(tx, actor, settings, "tap", raw.out_track_id)
        values: dict[str, FormValue] = {}
        if raw.form is None:
            button, handler = self._dispatcher.read_tap(raw)
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
            button, handler = form.button, self._dispatcher.handler_of(form.button)
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
            return self._drawing.note_alone(raw, "已私聊发给你。")
        return self._updated(tx, card, update, ctx, raw)

    def _finish(self, tx: Tx, kind: str, ctx: Context, asked: dict[str, Any] | None) -> None:
        """A form was handed in: what was put aside of the same is done with, and the question that stood beside it."""
        row = talks.load(tx, ctx.actor.user_id, "bot")
        topic = self._dispatcher.topics.get(str((asked or {}).get("kind", "")))
        if topic is not None and kind in topic.forms and row.pending == asked:
            talks.save(
                tx, row, pending=None, pending_until=None, subject_id=row.subject_id, subject_until=row.subject_until,
                misses=row.misses,
            )  # fmt: skip
        for title in {topic.title for topic in self._dispatcher.topics.values() if kind in topic.forms}:
            drafts.remove(tx, ctx.actor.user_id, "bot", title)

    def _form_of(self, card: Held | None, ctx: Context) -> CardForm | None:
        """The form the card shows now; None: none any more. Raises InvalidInput for a card we do not know."""
        if card is None or not self._dispatcher.has_painter(card.kind):
            raise InvalidInput(OLD_FORM)
        if card.holder_user_id not in (None, ctx.actor.user_id):
            raise InvalidInput("这张卡片不是发给你的。")
        form = self._dispatcher.paint(card.kind, card.state, ctx).form
        return None if form is None or form.disabled else form

    def _note_tap(self, tx: Tx, raw: RawTap, refusal: AppError) -> str | None:
        """Records the refusal; returns the template of the card that was tapped, if we know it."""
        try:
            what = f"点按钮 {self._dispatcher.read_tap(raw)[0].action}"
        except AppError:
            what = "点按钮"
        now, key = self._contexts.clock.now(), raw.out_track_id
        note_refusal(tx, refusal, user_id=raw.user_id, via="tap", what=what, source=key, now=now)
        card = cards.get(tx, raw.out_track_id)
        return card.template_id if card is not None else None

    def _show(self, tx: Tx, raw: RawTap, refusal: AppError) -> TapAnswer:
        """The card as it stands now, with what was refused."""
        self._note_tap(tx, raw, refusal)
        note = refusal.text
        settings = read_settings(tx)
        actor = identify(tx, raw.user_id, settings)
        ctx = self._contexts.make(tx, actor, settings, "tap", raw.out_track_id)
        return self._updated(tx, cards.get(tx, raw.out_track_id), CardUpdate(note=note), ctx, raw, keep=True)

    def _updated(
        self, tx: Tx, card: Held | None, update: CardUpdate, ctx: Context, raw: RawTap, *, keep: bool = False
    ) -> TapAnswer:
        """The card as it is now. `keep`: what was entered stays in its form, for nobody types twice."""
        if card is None or not self._dispatcher.has_painter(update.card.kind if update.card else card.kind):
            return self._drawing.note_alone(raw, update.note)
        if ctx.actor.doorway and not card.kind.startswith(f"{ctx.actor.doorway}."):
            return self._drawing.note_alone(raw, turned_away(ctx.actor).text, card.template_id)
        if card.holder_user_id not in (None, ctx.actor.user_id):
            return self._drawing.note_alone(raw, update.note or "这张卡片不是发给你的。", card.template_id)
        if update.card is not None:
            cards.change(tx, card, state=update.card.state, kind=update.card.kind, subjects=update.card.subjects)
        elif update.state is not None:
            cards.change(tx, card, state=update.state)
        if not keep:  # a refused tap has changed nothing
            outbox.follow_update(tx, raw.out_track_id, now=ctx.now)
        replaced = update.card is not None  # by a card that must be drawn, or the tap is refused
        group, drawing = card.holder_user_id is None, self._drawing
        view = drawing.paint(card.kind, card.state, ctx, group=group) if replaced else drawing.present(card, ctx)
        view = view.with_note(update.note)
        if keep and raw.form is not None and view.form is not None:
            view = replace(view, form=filled(view.form, raw.form))
        renderer = self._drawing.renderer_of(card.template_id)
        return TapAnswer(renderer.variables(view), renderer.private(view))

    def _say_after_tap(self, tx: Tx, raw: RawTap, reply: Reply, ctx: Context) -> None:
        key = f"after_tap:{raw.out_track_id}:{raw.key}"
        target = {"user_id": raw.user_id}
        lane = f"user:{raw.user_id}"
        if reply.card is not None:
            self._drawing.put_card(tx, key=key, lane=lane, ref=reply.card, ctx=ctx, target=target, before=reply.text)
        else:
            payload = {**target, "title": first_line(reply.text), "text": inert(reply.text)}
            outbox.put(tx, key=key, lane=lane, channel="robot", payload=payload, now=ctx.now)

    def _follow_up_late(self, raw: RawTap, work: "asyncio.Future[TapAnswer]") -> None:
        """What would have ridden in the ack: the card as it is now, and the answer in place of 「处理中」."""
        if not work.cancelled() and work.exception() is None:
            self._drawing.answered_late[raw.out_track_id] = (raw.user_id, work.result())
        task = asyncio.ensure_future(self._drawing.refresh(raw.out_track_id))
        self._late.add(task)
        task.add_done_callback(self._late.discard)
