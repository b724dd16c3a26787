"""Desk, dispatcher and handlers over a database, without sockets: people speak and tap, and what reaches them is kept.

For tests that ask many things of many small companies; journeys go over the sandbox (`tests.support.stage`).
"""

import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, select

from bot.context import make_context
from bot.core.actor import SYSTEM_ACTOR
from bot.core.clock import BEIJING, FixedClock
from bot.dispatch import Button, ChatMessage, Dispatcher, RawTap
from bot.dispatch.desk import Desk
from cards.renderers import PublicTemplateRenderer
from handlers.registry import ROUTERS
from handlers.reminders import service as reminders
from storage import inbox
from storage.database import Database, Tx
from storage.inbox import NewFrame
from storage.settings import read_settings
from storage.tables import Card, Outbox

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=BEIJING)
GROUP = "cidGROUP"
PATIENCE = 60.0  # seconds; here a tap is asked what it does, not how soon: a machine may stand still in between
RENDERER = PublicTemplateRenderer()
DISPATCHER = Dispatcher(ROUTERS)


class Room:
    """`shown[who]`: everything that reached a person, as text. `group`: who is in the one group there is."""

    def __init__(self, db: Database, group: Iterable[str] = ()) -> None:
        self.db, self.clock = db, FixedClock(NOW)
        self.group = tuple(group)
        self.desk = Desk(db, self.clock, DISPATCHER, lambda: RENDERER, lambda _id: RENDERER)
        self.desk.taps.budget = PATIENCE
        self.shown: dict[str, list[str]] = defaultdict(list)
        self._numbers = itertools.count(1)
        self._sent = 0

    async def say(self, who: str, text: str, *, group: bool = False) -> str:
        """Returns what reached that person, in single chat or in the group."""
        key = f"bot:{next(self._numbers)}"
        frame = NewFrame(key, who, "bot", "{}")
        now = self.clock.now()
        await self.db.system(lambda tx: inbox.store(tx, [frame], holder="room", now=now, wall=now))
        before = len(self.shown[who])
        where = GROUP if group else ""
        await self.desk.chat(ChatMessage(key, who, text, group=group, conversation_id=where, sender_nick=who))
        await self.collect()
        return "\n".join(self.shown[who][before:])

    async def tap(self, who: str, out_track_id: str, button: Button) -> str:
        """Taps that button on that card, whether it stands there or not; returns the answer."""
        raw = RawTap(f"tap:{next(self._numbers)}", who, out_track_id, params=button.params())
        answer = json.dumps(asdict(await self.desk.taps.tap(raw)), ensure_ascii=False)
        self.shown[who].append(answer)
        await self.collect()
        return answer

    async def run(self, use_case: Callable[..., Any], *arguments: Any) -> Any:
        """As a job does it."""

        def work(tx: Tx) -> Any:
            return use_case(make_context(tx, SYSTEM_ACTOR, self.clock.now(), read_settings(tx), "job"), *arguments)

        return await self.db.unit(None, work)

    async def morning(self) -> None:
        """The morning message and the nudges, of the day they are asked for."""
        for owner_id in await self.run(reminders.list_owners):
            await self.run(reminders.queue_morning, owner_id)
        for user_id in await self.run(reminders.list_waiting):
            await self.run(reminders.send_digest, user_id)
        await self.run(reminders.queue_nudges)
        await self.collect()

    async def cards(self, who: str | None = None) -> list[str]:
        """Cards that person holds (None: all there are), oldest first."""
        query = select(Card.out_track_id).order_by(col(Card.created_at), col(Card.out_track_id))
        if who is not None:
            query = query.where(Card.holder_user_id == who)
        return list(await self.db.read(None, lambda tx: tx.exec(query).all()))

    async def redraw(self) -> None:
        """Every card as its holders would be sent it now."""
        for out_track_id in await self.cards():
            await self._drawn(out_track_id)

    async def collect(self) -> None:
        """Looks at what is to be sent and puts it before those it is meant for."""
        query = select(Outbox).where(col(Outbox.id) > self._sent).order_by(col(Outbox.id))
        rows = await self.db.read(None, lambda tx: [(r.id or 0, r.channel, r.payload) for r in tx.exec(query).all()])
        for number, channel, payload in rows:
            self._sent = max(self._sent, number)
            if channel == "card_update":
                await self._drawn(payload["out_track_id"])
                continue
            if payload.get("undrawn"):
                payload = {**payload, **(await self.desk.drawing.compose(payload["out_track_id"]) or {})}
            receivers = payload.get("user_ids") or ([payload["user_id"]] if "user_id" in payload else self.group)
            for receiver in receivers:
                self.shown[receiver].append(json.dumps(payload, ensure_ascii=False))

    async def _drawn(self, out_track_id: str) -> None:
        drawn = await self.desk.drawing.draw(out_track_id)
        if drawn is None:
            return
        holder = await self.db.read(None, lambda tx: _holder(tx, out_track_id))
        for receiver in [holder] if holder else self.group:
            self.shown[receiver].append(json.dumps(asdict(drawn), ensure_ascii=False))

    def later(self, **by: int) -> None:
        """Moves the clock."""
        self.clock.set(self.clock.now() + timedelta(**by))


def _holder(tx: Tx, out_track_id: str) -> str | None:
    card = tx.get(Card, out_track_id)
    return card.holder_user_id if card is not None else None
