"""The exit: sends the outbox, backs off, gives up loudly (house 0.2, 0.5).

Each lane (a receiver, a group, a card) leaves in order; lanes side by side. A message is marked `sending`
before the network is touched. After a crash: a card cannot be made twice (its outTrackId is known), an equal
work notification of the same day is dropped by DingTalk itself, and a plain reply goes again marked (重发).
"""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from bot.core.clock import Clock, SystemClock
from bot.core.scans import scan_kind
from bot.dingtalk.errors import (
    BadRequest,
    CardExists,
    CardMissing,
    DingTalkError,
    NotDelivered,
    PermissionMissing,
    TemplateUnusable,
    UnknownOutcome,
    UnsafeContent,
)
from bot.dispatch.drawing import Drawn
from bot.sheets import write_table
from storage import attachments, cards, notices, outbox, todos
from storage.database import Database, DatabaseBusy
from storage.outbox import Message

log = logging.getLogger(__name__)

Ends = list[tuple[Callable[[Any], None], asyncio.Future[None]]]

PARALLEL = 100
MADE = b"PK"  # an attachment that is an xlsx already: a long one
POLL = 2.0  # seconds; commits of this process wake the loop at once


class Sender(Protocol):
    """DingTalk, as far as the outbox needs it. Raises DingTalkError."""

    async def to_person(self, user_id: str, title: str, text: str) -> str:
        """A message in the single chat; returns its query key. Raises NotDelivered if it was not taken."""
        ...

    async def to_group(self, conversation_id: str, title: str, text: str) -> str:
        """A message in a group."""
        ...

    async def card(self, payload: dict[str, Any]) -> str:
        """A new card, in a single chat or a group."""
        ...

    async def card_update(
        self, out_track_id: str, variables: dict[str, str], private: dict[str, dict[str, str]]
    ) -> None:
        """New values of a card, for all who hold it and by userId for one alone."""
        ...

    async def file(self, user_id: str, name: str, content: bytes) -> str:
        """A file in the single chat; returns its query key."""
        ...

    async def notice(self, user_ids: list[str], message: dict[str, Any]) -> str:
        """A work notification; returns its task id."""
        ...

    async def todo(self, union_id: str, source_id: str, subject: str, due_ms: int | None) -> str:
        """A 待办 of DingTalk's, one of a source; returns its id."""
        ...

    async def todo_done(self, union_id: str, todo_id: str) -> None:
        """A 待办 is ticked off."""
        ...

    async def todo_open(self, union_id: str, todo_id: str, source_id: str) -> None:
        """A 待办 is open again, if it was not."""
        ...


class Easel(Protocol):
    """Draws cards when they are about to leave."""

    async def draw(self, out_track_id: str) -> Drawn | None:
        """For an update; None: nothing new to show."""
        ...

    async def compose(self, out_track_id: str) -> dict[str, Any] | None:
        """For a card that was queued undrawn; None: nothing to send."""
        ...

    async def draw_anew(self, out_track_id: str, note: str) -> Drawn | None:
        """For a card whose template was refused, with the one in use now."""
        ...


class Delivery:
    """Sends what stands in the outbox.

    `refused` is told of a template that DingTalk does not take; True: cards go with another one from now on.
    """

    def __init__(
        self, db: Database, clock: Clock, sender: Sender, easel: Easel, refused: Callable[[str], Awaitable[bool]]
    ) -> None:
        self._db, self._clock, self._sender, self._easel, self._refused = db, clock, sender, easel, refused
        self._wall = SystemClock()
        self.holder = uuid.uuid4().hex
        self._wake = asyncio.Event()
        self._busy: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.Task[None] | None = None
        self._ended: Ends = []  # their ends are not written yet
        self._writing: asyncio.Task[None] | None = None
        self.sent = 0

    def wake(self) -> None:
        """Something may be due."""
        self._wake.set()

    def start(self) -> None:
        """Begins to send."""
        self._loop = asyncio.create_task(self._run())

    async def stop(self, grace: float = 10) -> None:
        """Finishes what is on its way; the rest stays queued."""
        if self._loop is not None:
            self._loop.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._loop
        if self._tasks:
            _, pending = await asyncio.wait(set(self._tasks), timeout=grace)
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)

    async def open_count(self) -> int:
        """Messages due or on their way."""
        now = self._clock.now()
        return len(self._busy) + await self._db.read(None, lambda tx: outbox.count_open(tx, now=now))

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self._send_due()
            except DatabaseBusy:
                log.warning("the outbox waits: the database is busy")
            with contextlib.suppress(TimeoutError):
                # Not wait_for: on Python 3.11 it loses a stop that comes together with a wake.
                async with asyncio.timeout(POLL):
                    await self._wake.wait()

    async def _send_due(self) -> None:
        while len(self._busy) < PARALLEL:
            busy, now, wall = set(self._busy), self._clock.now(), self._wall.now()
            room = PARALLEL - len(busy)
            messages = await self._db.system(
                lambda tx, busy=busy, now=now, wall=wall, room=room: outbox.take(  # type: ignore[misc]
                    tx, holder=self.holder, now=now, wall=wall, limit=room, busy=busy
                )
            )
            if not messages:
                return
            for message in messages:
                self._busy.add(message.lane)
                task = asyncio.create_task(self._send(message))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _send(self, message: Message) -> None:
        try:
            await self._send_one(message)
        except DatabaseBusy:
            log.warning("message %s is sent but not marked: the database is busy", message.key)
        except Exception:
            log.exception("message %s cannot be sent", message.key)
            await self._end(message, state="failed", error="internal error, see the log")
        finally:
            self._busy.discard(message.lane)
            self.wake()

    async def _send_one(self, message: Message) -> None:
        try:
            remote_id = await self._out(message)
        except CardExists:
            remote_id = str(message.payload.get("out_track_id", ""))  # the first try had arrived
        except TemplateUnusable as refusal:
            await self._otherwise(message, refusal)
            return
        except (CardMissing, NotDelivered, UnsafeContent) as refusal:
            await self._fail(message, refusal)
            return
        except UnknownOutcome as silence:
            await self._unknown(message, silence)
            return
        except DingTalkError as failure:
            if failure.retryable:
                await self._again(message, failure)
            elif message.channel == "card" and isinstance(failure, (PermissionMissing, BadRequest)):
                # No right to send cards, or this one is refused: words need another right, and arrive.
                await self._as_words(message, failure)
            else:
                await self._fail(message, failure)
            return
        self.sent += 1
        await self._end(message, state="sent", remote_id=remote_id)

    async def _out(self, message: Message) -> str:
        payload = message.payload
        match message.channel:
            case "robot":
                text = f"（重发）{payload['text']}" if message.resumed else payload["text"]
                return await self._sender.to_person(payload["user_id"], payload["title"], text)
            case "group":
                if message.resumed and "neutral" in payload:
                    return ""
                return await self._sender.to_group(payload["conversation_id"], payload["title"], payload["text"])
            case "card":
                if payload.pop("undrawn", False):
                    composed = await self._easel.compose(payload["out_track_id"])
                    if composed is None:
                        return ""  # whom it was for may not see it any more
                    payload.update(composed)
                if "template_id" not in payload:
                    return await self._sender.to_person(payload["user_id"], payload["title"], payload["text"])
                return await self._sender.card(payload)
            case "card_update":
                drawn = await self._easel.draw(payload["out_track_id"])
                if drawn is not None and (drawn.variables or drawn.private):
                    await self._sender.card_update(payload["out_track_id"], drawn.variables, drawn.private)
                return str(payload["out_track_id"])
            case "file":
                return await self._file(payload)
            case "notice":
                return await self._sender.notice(payload["user_ids"], payload["message"])
            case "todo":
                return await self._todo(payload)
            case _:
                raise BadRequest("unknown channel", code="outbox.channel")

    async def _todo(self, payload: dict[str, Any]) -> str:
        if "reopen" in payload:
            ours = int(payload["reopen"])
            todo_id = await self._db.read(None, lambda tx: todos.remote_id(tx, ours))
            await self._sender.todo_open(payload["union_id"], todo_id, payload["source_id"])
            return todo_id
        if "of" not in payload:
            return await self._sender.todo(
                payload["union_id"], payload["source_id"], payload["subject"], payload["due_ms"]
            )
        made = int(payload["of"])
        todo_id = await self._db.read(None, lambda tx: todos.remote_id(tx, made))
        if todo_id:  # what DingTalk refused to make has no end
            await self._sender.todo_done(payload["union_id"], todo_id)
        return todo_id

    async def _file(self, payload: dict[str, Any]) -> str:
        """Made only now, so that neither the use case nor the database waits for it."""
        attachment_id = int(payload["attachment_id"])
        kept = await self._db.read(None, lambda tx: attachments.content_of(tx, attachment_id))
        if kept is None:
            raise BadRequest("the file is not kept any more", code="outbox.attachment")
        made = kept.startswith(MADE) or scan_kind(kept)
        content = kept if made else await write_table(kept)
        return await self._sender.file(payload["user_id"], payload["name"], content)

    async def _again(self, message: Message, failure: DingTalkError) -> None:
        now = self._clock.now()

        def work(tx: Any) -> bool:
            return outbox.again(tx, message, now=now, error=str(failure), after=failure.retry_after)

        if await self._db.system(work):
            log.warning("message %s waits after: %s", message.key, failure)
            asyncio.get_running_loop().call_later(self._real_wait(message, failure), self.wake)
        else:
            await self._fail(message, failure)

    def _real_wait(self, message: Message, failure: DingTalkError) -> float:
        return max(outbox.BACKOFF[min(message.attempts, len(outbox.BACKOFF)) - 1], failure.retry_after or 0) + 0.05

    async def _unknown(self, message: Message, silence: DingTalkError) -> None:
        """Asked for, no answer. What cannot double is asked again; the rest stands as unknown."""
        if message.channel in ("card", "card_update", "notice", "todo") and message.attempts <= len(outbox.BACKOFF):
            await self._again(message, silence)
            return
        if message.channel in ("robot", "file") and message.attempts <= 2:
            await self._again(message, silence)
            return
        await self._end(message, state="unknown", error=str(silence))

    async def _otherwise(self, message: Message, refusal: DingTalkError) -> None:
        """The template is not there: with the public one, else the same content as words to type (house 0.7)."""
        payload = dict(message.payload)
        track, refused_id, now = str(payload["out_track_id"]), str(payload.get("template_id", "")), self._clock.now()
        log.warning("card template %s refused (%s)", refused_id, refusal)
        drawn = None
        if message.channel == "card" and await self._refused(refused_id):
            drawn = await self._easel.draw_anew(track, str(payload.get("note", "")))
        if drawn is not None and drawn.template_id not in ("", refused_id):
            channel = "card"
            payload |= {
                "template_id": drawn.template_id, "variables": drawn.variables, "private": drawn.private,
            }  # fmt: skip
        else:
            channel = "group" if payload.get("conversation_id") else "robot"

        def work(tx: Any) -> None:
            outbox.replace_payload(tx, message.id, channel=channel, payload=payload, now=now)
            if channel != "card":
                cards.drawn_with(tx, track, "none")

        await self._db.system(work)

    async def _as_words(self, message: Message, refusal: DingTalkError) -> None:
        """The same content as words with typed replies."""
        log.warning("card refused (%s): %s goes as words", refusal, message.key)
        channel, now = "group" if message.payload.get("conversation_id") else "robot", self._clock.now()
        payload = dict(message.payload)
        await self._db.system(
            lambda tx: outbox.replace_payload(tx, message.id, channel=channel, payload=payload, now=now)
        )

    async def _fail(self, message: Message, failure: DingTalkError) -> None:
        log.error("message %s is given up: %s", message.key, failure)
        await self._end(message, state="failed", error=str(failure))

    async def _end(self, message: Message, *, state: str, remote_id: str = "", error: str = "") -> None:
        """Returns once it is written; what ends at the same time is written in one transaction."""
        now = self._clock.now()

        def work(tx: Any) -> None:
            outbox.sent(tx, message.id, now=now, remote_id=remote_id, state=state, error=error)
            if message.channel == "notice":
                notices.settle(tx, message.id, now=now, task_id=remote_id, state=state, error=error)
            if message.channel == "file":
                attachments.drop(tx, int(message.payload["attachment_id"]))

        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ended.append((work, written))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_ends())
        await written

    async def _write_ends(self) -> None:
        while self._ended:
            batch, self._ended = self._ended, []

            def work(tx: Any, batch: Ends = batch) -> None:
                for write, _ in batch:
                    write(tx)

            failure: BaseException | None = None
            try:
                await self._db.system(work)
            except Exception as problem:  # noqa: BLE001 -- handed to each message's own sender
                failure = problem
            for _, written in batch:
                if written.done():  # its sender was cancelled
                    continue
                if failure is None:
                    written.set_result(None)
                else:
                    written.set_exception(failure)
