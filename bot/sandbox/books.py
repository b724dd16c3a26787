"""What the stand-in remembers: what reached each person, the numbered logs, files, usage of the quotas."""

import asyncio
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from bot.sandbox.clock import SandboxClock, iso

_SEQ = itemgetter("seq")


class InboxBook:
    """What reached each person, in one global sequence that begins at 1."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self.items: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.seq = 0
        self._waiting: dict[str, set[asyncio.Future[None]]] = defaultdict(set)

    def add(
        self,
        userid: str,
        *,
        kind: str,
        conversation: str,
        via: str,
        title: str = "",
        text: str = "",
        buttons: list[dict[str, Any]] | None = None,
        card: dict[str, Any] | None = None,
        file: dict[str, Any] | None = None,
        raw: Any = None,
        **more: Any,
    ) -> int:
        """A new item, its `seq` returned; wakes who waits. `more` are keys beyond the contract's."""
        self.seq += 1
        self.items[userid].append(
            {
                "seq": self.seq,
                "at": iso(self._clock.now()),
                "kind": kind,
                "conversation": conversation,
                "via": via,
                "title": title,
                "text": text,
                "buttons": buttons or [],
                "card": card,
                "file": file,
                "raw": raw,
                **more,
            }
        )
        self._wake(userid)
        return self.seq

    def after(self, userid: str, seq: int, limit: int) -> list[dict[str, Any]]:
        """This person's items newer than `seq`, oldest first, at most `limit`."""
        items = self.items.get(userid)
        if not items:
            return []
        start = bisect_right(items, seq, key=_SEQ)
        return items[start : start + limit]

    def take_back(self, userid: str, seq: int) -> None:
        """A recalled message is gone from the chat."""
        items = self.items.get(userid, [])
        items[:] = [item for item in items if item["seq"] != seq]

    async def wait(self, userid: str, after: int, seconds: float) -> None:
        """Returns when this person has something newer than `after`, at the latest after `seconds` (wall clock)."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not self.after(userid, after, 1) and (left := until - loop.time()) > 0:
            news: asyncio.Future[None] = loop.create_future()
            self._waiting[userid].add(news)
            alarm = loop.call_later(left, _set, news)
            try:
                await news
            finally:
                alarm.cancel()
                self._waiting[userid].discard(news)

    def _wake(self, userid: str) -> None:
        for news in self._waiting.pop(userid, ()):
            _set(news)

    def wake_all(self) -> None:
        """Ends every wait, so that the server can stop."""
        for waiting in self._waiting.values():
            for news in waiting:
                news.cancel()


def _set(news: "asyncio.Future[None]") -> None:
    if not news.done():
        news.set_result(None)


class Log:
    """A numbered list for `?after=SEQ`; numbers begin at 1."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(self, row: dict[str, Any]) -> dict[str, Any]:
        """Appends with the next `seq`; the row returned may be completed later."""
        row = {"seq": len(self.rows) + 1, **row}
        self.rows.append(row)
        return row

    def after(self, seq: int) -> dict[str, Any]:
        """The contract's page."""
        return {"items": self.rows[max(seq, 0) :], "next": max(seq, len(self.rows))}


@dataclass(slots=True)
class StoredFile:
    """Bytes somebody gave or was given; kept in `Sandbox.files` by file id or by media id."""

    id: str
    name: str
    content: bytes
    content_type: str = "application/octet-stream"


@dataclass(slots=True)
class Usage:
    """Calls of one month, by the bucket they are paid from (platform.md 11)."""

    api: int = 0
    webhook_stream: int = 0
    exempt: int = 0
