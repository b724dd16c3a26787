"""Puts the house together: start order, stop order."""

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import aiohttp
import orjson

from bot.core.clock import Clock
from bot.delivery import Delivery
from bot.dingtalk.api import DingTalkApi, open_session
from bot.dingtalk.client import DingTalk
from bot.dingtalk.credentials import Credentials
from bot.dingtalk.errors import DingTalkError, WrongCredentials
from bot.dingtalk.sending import Sending
from bot.dispatch import CardView, ChatMessage, Dispatcher, OrgEvent, RawTap
from bot.dispatch.desk import Desk
from bot.dispatch.drawing import Renderer, TapAnswer
from bot.identity import may_be_told
from bot.jobs.runner import JobRunner
from bot.jobs.scheduler import JobScheduler
from bot.jobs.spec import Toolbox
from bot.language.normalize import clean
from bot.language.secret import looks_secret
from bot.settings import Settings
from bot.shared_tokens import SharedTokens
from bot.stream.connection import StreamConnection
from bot.stream.files import fetch_file
from bot.stream.frames import BotFrame, EventFrame, TapFrame
from bot.stream.gateway import Gateway
from bot.stream.inbox import InboxWorker
from cards.renderers import PUBLIC_TEMPLATE, WORDS, PublicTemplateRenderer, renderer_of
from handlers.registry import JOBS, ON_EVENT, ON_EVENTS, ON_NEWCOMER, ROUTERS
from storage import card_templates, inbox, outbox, people
from storage import credentials as kept
from storage import secrets as vault
from storage.database import Database, Tx
from storage.inbox import NewFrame
from storage.settings import read_settings as read_company

log = logging.getLogger(__name__)
REFUSED = (
    "卡片模板 {} 用不了（没有发布或已被删除），已改用钉钉的公共模板，功能照常。\n"
    "要恢复：在服务器上运行 dingcrm doctor，按「卡片」一项的步骤重新导入。"
)
WEBHOOKS = 1000  # kept, of those who wrote last
EVENT_WAITS = (1, 5, 30)  # seconds between tries to read what an event names


class App:
    """One running dingcrm. `clock` is the product's; network deadlines live by the wall's."""

    def __init__(self, settings: Settings, db: Database, clock: Clock, credentials: Callable[[], Credentials]) -> None:
        self.settings, self.db, self.clock = settings, db, clock
        self._credentials = credentials
        self._met: set[str] = set()  # people the mirror knows
        self._renewed: Credentials | None = None  # sent in chat since the start
        self._session: aiohttp.ClientSession = open_session()
        self.dingtalk = DingTalk.over(
            DingTalkApi(
                self._who,
                self._session,
                api_base=settings.api_base,
                oapi_base=settings.oapi_base,
                now=lambda: clock.now().timestamp(),  # a token's life and a ban pass by the product's clock
                tokens=SharedTokens(db, settings.key(), self._who) if db.kind == "postgresql" else None,
            )
        )
        self._webhooks: OrderedDict[str, tuple[str, datetime]] = OrderedDict()  # of each person's last message
        sending = Sending(self.dingtalk, self._webhook_of)
        self.renderer: Renderer = renderer_of(WORDS if settings.card_template == WORDS else PUBLIC_TEMPLATE)
        self.desk = Desk(
            db, clock, Dispatcher(ROUTERS), lambda: self.renderer, renderer_of, secret_key=settings.key(),
            client_id=lambda: self._who().client_id,
        )  # fmt: skip
        self.delivery = Delivery(db, clock, sending, self.desk.drawing, self._template_refused)
        self.desk.drawing.on_outbox = self.delivery.wake
        self.inbox = InboxWorker(db, clock, self._work, alone=db.kind == "sqlite")
        self.toolbox = Toolbox(
            db, clock, self.dingtalk.contacts, sending.notice_fates, dingtalk=self.dingtalk,
            renew_credentials=self._renew_credentials, probe_card=self._probe_card,
        )  # fmt: skip
        self.jobs = JobRunner(JOBS, self.toolbox, self.delivery.wake)
        self._scheduler = JobScheduler(self.jobs)
        gateway = Gateway(self._who, self._session, api_base=settings.api_base)
        self.stream = StreamConnection(gateway, self)
        self._stream_task: asyncio.Task[None] | None = None

    def _webhook_of(self, user_id: str) -> str:
        """Where the person last wrote from, while it is good; never stored: whoever has it may post there."""
        url, until = self._webhooks.get(user_id, ("", self.clock.now()))
        return url if until > self.clock.now() else ""

    def _note_webhook(self, frame: BotFrame) -> None:
        if frame.user_id and not frame.group and frame.session_webhook and frame.webhook_expires_at:
            self._webhooks[frame.user_id] = (frame.session_webhook, frame.webhook_expires_at)
            self._webhooks.move_to_end(frame.user_id)
            while len(self._webhooks) > WEBHOOKS:
                self._webhooks.popitem(last=False)

    def _who(self) -> Credentials:
        return self._renewed or self._credentials()

    async def _renew_credentials(self) -> bool:
        """Tries what an administrator has sent in chat, and takes up what another process has accepted.

        False: DingTalk refuses what was sent; what was known before stays in force.
        """
        key = self.settings.key()
        offered = await self.db.read(None, lambda tx: kept.offered(tx, key))
        if offered["client_secret"]:
            candidate = replace(
                self._who(),
                client_id=offered["client_id"] or self._who().client_id,
                client_secret=offered["client_secret"],
            )
            api = DingTalkApi(
                lambda: candidate, self._session, api_base=self.settings.api_base, oapi_base=self.settings.oapi_base
            )
            try:
                await api.check_token()
            except WrongCredentials:
                await self.db.system(kept.withdraw)
                return False
            await self.db.system(lambda tx: kept.accept(tx, key))
        found = await self.db.read(None, lambda tx: kept.known(tx, key))
        now = self._who()
        self._renewed = replace(
            now,
            client_id=found["client_id"] or now.client_id,
            client_secret=found["client_secret"] or now.client_secret,
        )
        return True

    def _probe_card(self) -> tuple[str, dict[str, str]]:
        """Template and variables of a card to nobody; no template: words only."""
        return self.renderer.template_id, self.renderer.variables(CardView(title="自检"))

    async def start(self, *, schedule: bool = True) -> None:
        """Takes up what an earlier process left, then opens the entrances."""
        await self.choose_renderer()
        await self.jobs.start()
        self.delivery.start()
        await self.inbox.start()
        self._stream_task = asyncio.create_task(self.stream.run(), name="stream")
        if schedule:
            self._scheduler.start()

    async def stop(self) -> None:
        """Closes the entrances first; what is being worked on is finished; the rest stays stored."""
        self._scheduler.stop()
        await self.stream.stop()
        if self._stream_task is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._stream_task
        await self.desk.taps.drain()
        await self.inbox.stop()
        await self.delivery.stop()
        await self.jobs.release()
        await self.close()

    async def close(self) -> None:
        """Only the outbound side, for commands that never started."""
        await self._session.close()

    async def choose_renderer(self) -> None:
        """What cards are drawn with: as set, else the template imported once, else the public one (house 0.7)."""
        kept = await self.db.read(None, card_templates.read)
        wanted = self.settings.card_template
        if wanted in ("none", "public"):
            self.renderer = renderer_of(WORDS if wanted == "none" else PUBLIC_TEMPLATE)
            return
        chosen = wanted or kept.template_id
        self.renderer = renderer_of(chosen if kept.usable(chosen) else PUBLIC_TEMPLATE)

    async def _template_refused(self, template_id: str) -> bool:
        """DingTalk does not take our template: the public one from now on, and the administrators hear it once."""
        if template_id == PUBLIC_TEMPLATE:
            return False
        self.renderer = PublicTemplateRenderer()
        now = self.clock.now()

        def work(tx: Tx) -> None:
            if not card_templates.note_refused(tx, template_id, now=now):
                return
            company = read_company(tx)
            for user_id in [a for a in company.admins if may_be_told(tx, a, company)]:
                payload = {"user_id": user_id, "title": "卡片模板用不了", "text": REFUSED.format(template_id)}
                outbox.put(
                    tx, key=f"template_refused:{template_id}:{user_id}", lane=f"user:{user_id}", channel="robot",
                    payload=payload, now=now,
                )  # fmt: skip

        await self.db.system(work)
        return True

    async def idle(self) -> bool:
        """Whether everything received is worked off and everything to be said is delivered."""
        if self.stream.in_hand or not self.inbox.idle or self.desk.taps.busy or await self.jobs.has_requests():
            return False
        return await self.delivery.open_count() == 0 and self.inbox.idle

    # -- entrance 1: the stream -----------------------------------------------------------------------

    def bot(self, frame: BotFrame) -> Awaitable[object]:
        """Stores a message; it is acknowledged when that is done."""
        self._note_webhook(frame)
        body = {
            "user_id": frame.user_id, "text": frame.text or "", "kind": frame.kind, "group": frame.group,
            "conversation_id": frame.conversation_id if frame.group else "", "sender_nick": frame.sender_nick,
            "sent_at": frame.sent_at.isoformat() if frame.sent_at else None, "content": frame.content,
        }  # fmt: skip
        if looks_secret(clean(frame.text or "")):
            return self._seal_and_store(frame, body)
        return self._store(frame, body)

    async def _seal_and_store(self, frame: BotFrame, body: dict[str, Any]) -> None:
        text, key = frame.text or "", self.settings.key()
        sealed = await self.db.read(None, lambda tx: vault.seal(tx, key, text))
        await self._store(frame, body | {"sealed": sealed, "text": "", "content": {}})

    def _store(self, frame: BotFrame, body: dict[str, Any]) -> asyncio.Future[bool]:
        lane = f"user:{frame.user_id or frame.sender_nick}"
        return self.inbox.take(f"bot:{frame.msg_id}", lane, "bot", orjson.dumps(body).decode())

    async def event(self, frame: EventFrame) -> bool:
        """Stores an event of the address book; others are acknowledged and let go."""
        body = {
            "event_type": frame.event_type, "data": frame.data,
            "born_at": frame.born_at.isoformat() if frame.born_at else None,
        }  # fmt: skip
        await self.inbox.take(f"event:{frame.event_id}", "org", "event", orjson.dumps(body).decode())
        return True

    async def tap(self, frame: TapFrame) -> dict[str, Any] | None:
        """Works a tap and answers it in the acknowledgement."""
        raw = RawTap(frame.message_id, frame.user_id, frame.out_track_id, frame.action_ids, frame.params)
        answer = await self.desk.taps.tap(raw)
        if not answer.variables and not answer.private:
            return None
        said: dict[str, Any] = {"cardUpdateOptions": {"updateCardDataByKey": True, "updatePrivateDataByKey": True}}
        if answer.variables:
            said["cardData"] = {"cardParamMap": answer.variables}
        if answer.private:
            said["userPrivateData"] = {"cardParamMap": answer.private}
        return said

    async def tap_unanswered(self, frame: TapFrame, response: dict[str, Any] | None) -> None:
        """The card gets by an update what the acknowledgement could not bring."""
        said = response or {}
        public, private = (said.get(part, {}).get("cardParamMap", {}) for part in ("cardData", "userPrivateData"))
        await self.desk.taps.unanswered(frame.out_track_id, frame.user_id, TapAnswer(public, private))

    async def _work(self, frame: NewFrame) -> None:
        body = orjson.loads(frame.body)
        if frame.kind == "bot":
            if sealed := body.get("sealed"):
                key = self.settings.key()
                body["text"] = await self.db.read(None, lambda tx: vault.unseal(tx, key, sealed))
            await self._meet(body["user_id"])
            message = _message(frame.key, body)
            sent = message.kind in ("file", "picture") and not message.group
            if sent and await self.desk.knows(message.user_id):
                message = replace(message, file=await fetch_file(self.dingtalk.robot, body["content"], EVENT_WAITS))
            await self.desk.chat(message)
            return
        event = OrgEvent(
            frame.key, body["event_type"],
            datetime.fromisoformat(body["born_at"]) if body["born_at"] else self.clock.now(), body["data"],
        )  # fmt: skip
        result, state = await self._apply(event)
        now = self.clock.now()

        def done(tx: Tx) -> None:
            inbox.finish(tx, frame.key, now=now, result=result, state=state)

        await self.db.system(done)
        self.delivery.wake()

    async def _meet(self, user_id: str | None) -> None:
        """A newcomer is read before he is answered; if he cannot be, the answer is that of a stranger."""
        if not user_id or user_id in self._met:
            return
        if await self.db.read(None, lambda tx: people.get_employee(tx, user_id)) is not None:
            self._met.add(user_id)  # who leaves is still known
            return
        try:
            await ON_NEWCOMER(user_id, self.toolbox)
        except DingTalkError as failure:
            log.warning("a newcomer cannot be read: %s", failure)

    async def _apply(self, event: OrgEvent) -> tuple[str, str]:
        """What an event names may be unreadable for a while; what stays so, the nightly sync repairs."""
        for wait in (*EVENT_WAITS, None):
            try:
                return await ON_EVENTS.get(event.event_type, ON_EVENT)(event, self.toolbox), "done"
            except DingTalkError as failure:
                if wait is None:
                    log.warning("event %s is left to the nightly sync: %s", event.event_type, failure)
                    return str(failure), "dead"
                await asyncio.sleep(wait)
        raise AssertionError("unreachable")


def _message(key: str, body: dict[str, Any]) -> ChatMessage:
    return ChatMessage(
        key=key, user_id=body["user_id"], text=clean(body["text"], voice=body["kind"] == "audio"), kind=body["kind"],
        group=body["group"], conversation_id=body["conversation_id"], sender_nick=body["sender_nick"],
        sent_at=datetime.fromisoformat(body["sent_at"]) if body["sent_at"] else None,
    )  # fmt: skip
