"""The desk: one message, one unit of work, one answer.

Everything a message causes — its effects, the inbox's "done" mark, the answer and every notice — is one
transaction (house 0.2). A refusal rolls the effects back and is answered in a second one. Taps: `bot.dispatch.taps`.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from bot.context import Context
from bot.core.clock import Clock
from bot.core.errors import AppError, SeveralPeople, Stranger
from bot.core.markup import escape, inert
from bot.dispatch.contexts import Contexts
from bot.dispatch.drawing import Drawing, Renderer
from bot.dispatch.messages import CardRef, ChatMessage, Reply, first_line
from bot.dispatch.refusals import error_number, note_refusal
from bot.dispatch.router import WHICH_PERSON, Dispatcher
from bot.dispatch.several import Several
from bot.dispatch.talk import MEMORY, Talk
from bot.dispatch.taps import Taps
from bot.identity import identify
from bot.language.secret import looks_secret
from storage import drafts, inbox, outbox, talks
from storage.database import Database, DatabaseBusy, Tx
from storage.settings import CompanySettings, read_settings

QUOTA_TEXT = "本月钉钉免费额度用完了，收不到你发的内容。已记下，请稍后再发，或联系管理员处理额度。"


class Desk:
    """Where messages meet the handlers; `taps` and `drawing` are the rest of the same desk."""

    def __init__(
        self, db: Database, clock: Clock, dispatcher: Dispatcher, renderer: Callable[[], Renderer],
        renderer_of: Callable[[str], Renderer], *, secret_key: str = "", client_id: Callable[[], str] = lambda: "",
    ) -> None:  # fmt: skip
        """`renderer`, `renderer_of`: as `Drawing`; `secret_key`, `client_id`: as `Contexts`."""
        self._db = db
        self._clock = clock
        self.dispatcher = dispatcher
        self._contexts = Contexts(clock, dispatcher, secret_key, client_id)
        self.drawing = Drawing(db, self._contexts, dispatcher, renderer, renderer_of)
        self._several = Several(dispatcher, self._contexts, dispatcher.paint)
        self.taps = Taps(db, self._contexts, dispatcher, self.drawing)

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
        self.drawing.on_outbox()

    async def knows(self, user_id: str | None) -> bool:
        """Whether this person may use the app at all: nobody else's files are fetched."""

        def work(tx: Tx) -> bool:
            try:
                identify(tx, user_id, read_settings(tx))
            except Stranger:
                return False
            return True

        return await self._db.read(None, work)

    def _work_message(self, tx: Tx, message: ChatMessage) -> None:
        now = self._clock.now()
        settings = read_settings(tx)
        if message.kind == "quota_exhausted":
            self._answer(tx, message, Reply(QUOTA_TEXT, private=False), None, settings)
            inbox.finish(tx, message.key, now=now, result="quota")
            return
        actor = identify(tx, message.user_id, settings)
        ctx = self._contexts.make(tx, actor, settings, "chat", message.key)
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
        reply = self._several.answer(tx, message, ctx, talk) or self.dispatcher.chat(message, ctx, talk)
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
        ctx = self._contexts.make(tx, identify(tx, message.user_id, settings), settings, "chat", message.key)
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
        self.drawing.put_card(tx, key=key, lane=lane, ref=reply.card, ctx=ctx, target=target, before=reply.text)


def _holds_secret(message: ChatMessage, question: dict[str, Any] | None) -> bool:
    """A secret by its looks, or the answer to a question that asked for one."""
    return looks_secret(message.text) or bool(question is not None and question.get("secret"))
