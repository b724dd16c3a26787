"""A client program as a process of its own, and the sandbox it talks to."""

import asyncio
import json
import os
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bot.sandbox.server import Running, start
from bot.sandbox.state import Sandbox
from tests.sandbox.cards_bench import WORLD

DEADLINE = 20.0
_LEFT_OUT = ("http_proxy", "https_proxy", "all_proxy", "pythonwarnings", "pythonpath", "node_options")


@dataclass(slots=True)
class House:
    """A started sandbox, seen through its control plane."""

    running: Running
    session: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return self.running.url

    async def control(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        url = f"{self.url}/sandbox/v1{path}"
        async with self.session.request(method, url, json=body, params=query) as response:
            answer = await response.json()
            assert response.status == 200, answer
            return answer

    async def say(self, text: str, who: str = "lina04", to: str = "bot") -> dict[str, Any]:
        told: dict[str, Any] = await self.control("POST", "/messages", {"from": who, "text": text, "to": to})
        return told

    async def next_item(self, who: str, after: int = 0) -> dict[str, Any]:
        """The next thing that reaches this person."""
        items = (await self.control("GET", f"/inbox/{who}", after=after, wait=DEADLINE))["items"]
        assert items, f"nothing reached {who} after {after}"
        item: dict[str, Any] = items[0]
        return item

    async def calls(self, path: str = "") -> list[dict[str, Any]]:
        """What the app asked of the platform on this path, or at all."""
        items = (await self.control("GET", "/calls"))["items"]
        return [item for item in items if path in ("", item["path"])]

    async def connected(self, opened: int = 1) -> None:
        """Waits for a live connection after so many were opened in all."""
        async with asyncio.timeout(DEADLINE):
            while True:
                health = await self.control("GET", "/health")
                tickets = await self.calls("/v1.0/gateway/connections/open")
                if health["ready"] and health["connections"] == 1 and len(tickets) >= opened:
                    return
                await asyncio.sleep(0.05)


@asynccontextmanager
async def opened_house() -> AsyncIterator[House]:
    running = await start(Sandbox.from_world(WORLD))
    try:
        async with aiohttp.ClientSession() as session:
            yield House(running, session)
    finally:
        await running.close()


@dataclass(slots=True)
class Peer:
    """The program; what it told so far and is not yet read waits in `told`."""

    process: Process
    told: "asyncio.Queue[dict[str, Any] | None]" = field(default_factory=asyncio.Queue)
    noise: list[str] = field(default_factory=list)
    listeners: list[asyncio.Task[None]] = field(default_factory=list)

    async def heard_out(self) -> None:
        """Waits until the program, which has ended, is read to its last line."""
        await asyncio.wait_for(asyncio.gather(*self.listeners), DEADLINE)

    async def saw(self, what: str) -> dict[str, Any]:
        """The next thing the program saw, which must be this."""
        try:
            fact = await asyncio.wait_for(self.told.get(), DEADLINE)
        except TimeoutError as late:
            raise AssertionError(f"the program saw no {what}; it wrote:\n{self.wrote()}") from late
        assert fact is not None, f"the program ended before it saw a {what}; it wrote:\n{self.wrote()}"
        assert fact["saw"] == what, f"{fact}\n{self.wrote()}"
        return fact

    async def order(self, do: str, **what: Any) -> dict[str, Any]:
        """Have the program do something; its outcome or its refusal."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": do, **what}).encode() + b"\n")
        await self.process.stdin.drain()
        fact = await asyncio.wait_for(self.told.get(), DEADLINE)
        assert fact is not None, f"the program ended on {do}; it wrote:\n{self.wrote()}"
        return fact

    def wrote(self) -> str:
        return "\n".join(self.noise[-60:])

    async def listen(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            text = line.decode(errors="replace").rstrip()
            if text.startswith("@"):
                self.told.put_nowait(json.loads(text[1:]))
            else:
                self.noise.append(text)
        self.told.put_nowait(None)

    async def overhear(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.noise.append(line.decode(errors="replace").rstrip())


@asynccontextmanager
async def program(command: list[str], env: Mapping[str, str]) -> AsyncIterator[Peer]:
    """Runs it with the app's credentials, no proxy and no warnings filter of ours; ends it on leaving."""
    clean = {key: value for key, value in os.environ.items() if key.lower() not in _LEFT_OUT}
    app = {"CLIENT_ID": WORLD["app"]["client_id"], "CLIENT_SECRET": WORLD["app"]["client_secret"]}
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**clean, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost", **app, **env},
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )
    peer = Peer(process)
    peer.listeners += [asyncio.create_task(peer.listen()), asyncio.create_task(peer.overhear())]
    try:
        yield peer
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await peer.heard_out()
        if process.stdin is not None:
            process.stdin.close()
