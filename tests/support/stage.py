"""The whole house on a stage: the sandbox, the unchanged app, and people who speak, tap and look.

Everything goes over real sockets and the control plane's HTTP, as a program outside would do it.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from bot.app import App
from bot.commands import card_template
from bot.commands.demo import load_if_new
from bot.commands.driver import DemoDriver
from bot.dingtalk.credentials import Credentials
from bot.sandbox import server
from bot.sandbox.state import Sandbox
from bot.settings import Settings, read_settings
from storage import secrets as vault
from storage.database import Database
from storage.migrate import upgrade

KEY = "a key for tests only"


class Refused(AssertionError):
    """The control plane said no."""


class Stage:
    """One running company."""

    def __init__(self, http: aiohttp.ClientSession, url: str, app: App, sandbox: Sandbox) -> None:
        self.http, self.url, self.app, self.sandbox = http, url, app, sandbox
        self._seen: dict[str, int] = {}

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        async with self.http.get(f"{self.url}/sandbox/v1{path}", params=query) as answer:
            return await self._read(answer)

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        async with self.http.post(f"{self.url}/sandbox/v1{path}", json=body) as answer:
            return await self._read(answer)

    async def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        async with self.http.request(method, f"{self.url}/sandbox/v1{path}", json=body) as answer:
            return await self._read(answer)

    async def _read(self, answer: aiohttp.ClientResponse) -> dict[str, Any]:
        body: dict[str, Any] = await answer.json()
        if answer.status >= 400:
            raise Refused(f"{answer.status} {body}")
        return body

    async def settle(self, wait: float = 20) -> None:
        assert (await self.get("/idle", wait=wait))["idle"], "the house does not come to rest"

    async def say(self, who: str, text: str, *, to: str = "bot", **more: Any) -> list[dict[str, Any]]:
        """Says it and returns what reached the person since he last looked."""
        await self.look(who)
        body = {"from": who, "to": to, **({"text": text} if text else {}), **more}
        said = await self.post("/messages", body)
        assert said["ack"] is not None and said["ack"]["code"] == 200, said
        await self.settle()
        return await self.look(who)

    async def ask(self, who: str, text: str, **more: Any) -> dict[str, Any]:
        """As `say`, where exactly one answer is expected."""
        items = await self.say(who, text, **more)
        assert len(items) == 1, [i["text"] for i in items]
        return items[0]

    async def look(self, who: str) -> list[dict[str, Any]]:
        """What is new for the person."""
        page = await self.get(f"/inbox/{who}", after=self._seen.get(who, 0))
        self._seen[who] = page["next"]
        items: list[dict[str, Any]] = page["items"]
        return items

    async def card(self, who: str, item: dict[str, Any]) -> dict[str, Any]:
        """The card as that person sees it now."""
        return await self.get(f"/cards/{item['card']['out_track_id']}", **{"as": who})

    async def tap(self, who: str, item: dict[str, Any], text: str, **more: Any) -> dict[str, Any]:
        """Taps the button whose words, or its row's, contain `text`, as seen now; returns the tap's answer."""
        card = await self.card(who, item)
        button = next((b for b in card["buttons"] if text in f"{b['text']} {b['row'] or ''}"), None)
        assert button is not None, f"no button {text!r}: {[b['text'] for b in card['buttons']]}"
        return await self._tapped(who, item, {"button": button["id"], **more})

    async def fill(self, who: str, item: dict[str, Any], **values: Any) -> dict[str, Any]:
        """Hands in the card's form; returns the tap's answer."""
        return await self._tapped(who, item, {"form": values})

    async def _tapped(self, who: str, item: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        """Where the machine was too busy for the two seconds, the card as the update that follows leaves it."""
        answer = await self.post(f"/cards/{item['card']['out_track_id']}/tap", {"as": who, **body})
        if answer["status"] == "late":
            await self.settle()
            answer["card"] = await self.card(who, item)
        return answer

    async def advance(self, **to: Any) -> list[dict[str, Any]]:
        jobs: list[dict[str, Any]] = (await self.post("/clock", to))["jobs"]
        return jobs

    async def notices(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self.get("/notices"))["items"]
        return items

    async def calls(self, path: str = "") -> list[dict[str, Any]]:
        """Platform requests that cost quota, whose path starts so."""
        items = (await self.get("/calls"))["items"]
        return [c for c in items if c["quota"] != "exempt" and c["path"].startswith(path)]


@asynccontextmanager
async def open_stage(
    world: dict[str, Any], database_url: str, data_dir: Path, *, template: str = ""
) -> AsyncIterator[Stage]:
    """Starts everything as `dingcrm demo` does, on a given database. `template`: as DINGCRM_CARD_TEMPLATE."""
    async with AsyncExitStack() as stack:
        running = await server.start(Sandbox.from_world(world), 0)
        stack.push_async_callback(running.close)
        sandbox = running.sandbox
        settings: Settings = read_settings(
            data_dir=data_dir, api_base=running.url, oapi_base=running.url, login_base=running.url,
            database_url=database_url, secret_key=KEY, client_id="", client_secret="", corp_id="", agent_id=0,
            card_template=template,
        )  # fmt: skip
        db = Database(database_url)
        stack.push_async_callback(db.close)
        await upgrade(db)
        await db.system(lambda tx: vault.check_key(tx, KEY))
        known = sandbox.app
        who = Credentials(known.client_id, known.client_secret, sandbox.company.corp_id, known.agent_id)
        app = App(settings, db, sandbox.clock, lambda: who)
        driver = DemoDriver(app, sandbox)
        sandbox.driver = driver
        stack.push_async_callback(app.stop)
        await app.jobs.start()
        outcome = await app.jobs.run_once("sync")
        assert not outcome.failed, outcome.result
        await load_if_new(db, world, sandbox.clock.now())
        driver.loaded = True
        await card_template.ensure(app)
        await app.start()
        await app.stream.wait_connected(10)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        yield Stage(http, running.url, app, sandbox)
