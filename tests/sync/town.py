"""A company in the sandbox, read over HTTP by the real client, at a pace no test has to wait for."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import aiohttp

from bot.core.clock import BEIJING
from bot.dingtalk.api import DingTalkApi, Patience, open_session
from bot.dingtalk.contacts import Contacts
from bot.dingtalk.credentials import Credentials
from bot.dingtalk.limiter import Limiter
from bot.dispatch.messages import OrgEvent
from bot.sandbox import server
from bot.sandbox.state import Sandbox
from storage import org
from storage.database import Database
from storage.org import Mirror, Person
from sync.diff import OrgDiff
from sync.events import apply_event
from sync.full import SyncResult, full_sync

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=BEIJING)
SECRET = "s3cret-for-tests"


def readings(name: str) -> tuple[str, str]:
    """Stands in for pinyin: what is tested is that it is asked and stored."""
    return f"pinyin of {name}", f"initials of {name}"


def person(userid: str, *departments: int, name: str = "", **more: Any) -> dict[str, Any]:
    return {"userid": userid, "name": name or f"名{userid}", "departments": list(departments or (1,)), **more}


def department(key: int, name: str, parent: int | None = 1) -> dict[str, Any]:
    return {"id": key, "name": name, "parent": parent}


def world(
    departments: list[dict[str, Any]], users: list[dict[str, Any]], scope: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "version": 1,
        "now": NOW.isoformat(),
        "company": {"corp_id": "dingcorp0001", "name": "甬城机械"},
        "app": {"client_id": "dingapp0001", "client_secret": SECRET, "agent_id": 100001},
        "departments": [department(1, "甬城机械", None), *departments],
        "users": users,
        "address_book_scope": scope or {"departments": [1], "users": []},
    }


@dataclass
class Town:
    sandbox: Sandbox
    http: aiohttp.ClientSession
    url: str
    contacts: Contacts
    now: datetime = NOW
    events: list[OrgEvent] = field(default_factory=list)

    async def do(self, method: str, path: str, body: dict[str, Any] | None = None, *, silent: bool = False) -> Any:
        """Through the control plane; the events it causes are kept in `events`."""
        self.now += timedelta(seconds=1)
        query = {"silent": "1"} if silent else {}
        async with self.http.request(
            method, f"{self.url}/sandbox/v1/company{path}", json=body or {}, params=query
        ) as answer:
            content = await answer.json()
        if answer.status >= 400:
            raise Refused(str(content))
        return content

    def keep(self, event_type: str, data: dict[str, Any], **_: Any) -> str:
        key = f"event:{len(self.events)}"
        self.events.append(OrgEvent(key, event_type, self.now, data))
        return key

    def calls(self, path: str) -> int:
        return sum(row["path"] == path for row in self.sandbox.calls.rows)

    def fail(self, path: str, times: int | None = None, status: int = 500, **match: Any) -> None:
        do = {"status": status, "body": {"errcode": -1, "errmsg": "系统繁忙"}}
        self.sandbox.faults.add({"path": path, "times": times, "match": match or None, "do": do})

    async def sync(self, db: Database, **more: Any) -> SyncResult:
        return await full_sync(self.contacts, db, lambda: self.now, readings, **more)

    async def tell(self, db: Database, event: OrgEvent | None = None, *, late: timedelta = timedelta(0)) -> OrgDiff:
        """Delivers an event, by default the latest."""
        return await apply_event(self.contacts, db, event or self.events[-1], self.now + late, readings=readings)


class Refused(Exception):
    """The control plane said no."""


@asynccontextmanager
async def open_town(content: dict[str, Any]) -> AsyncIterator[Town]:
    sandbox = Sandbox.from_world(content)
    sandbox.set_knobs({"qps": 1_000_000})
    running = await server.start(sandbox)
    session = open_session()
    credentials = Credentials("dingapp0001", SECRET, "dingcorp0001", 100001)
    api = DingTalkApi(
        lambda: credentials, session, api_base=running.url, oapi_base=running.url,
        limiter=Limiter(1_000_000), patience=Patience(tries=2, first_delay=0.001),
    )  # fmt: skip
    town = Town(sandbox, session, running.url, Contacts(api))
    sandbox.switchboard.event = town.keep  # type: ignore[method-assign]
    try:
        yield town
    finally:
        await session.close()
        await running.close()


async def mirror(db: Database) -> Mirror:
    return await db.read(None, org.read_mirror)


async def people(db: Database) -> dict[str, Person]:
    """Those employed."""
    return {key: one for key, one in (await mirror(db)).people.items() if one.active}


def dice(seed: int) -> random.Random:
    return random.Random(seed)
