"""The server: platform, control plane and page on one loopback port."""

import asyncio
import contextlib
import importlib
import importlib.util
from dataclasses import dataclass

from aiohttp import web

from bot.sandbox.state import Sandbox

HOST = "127.0.0.1"
NAMES = (
    "auth", "gateway", "robot", "contacts", "notices", "login", "todo", "media", "http_callbacks", "card_calls",
    "template_calls", "control", "control_messages", "control_cards", "control_company", "page",
)  # fmt: skip
MODULES = tuple(
    importlib.import_module(f"bot.sandbox.{name}")
    for name in NAMES
    if importlib.util.find_spec(f"bot.sandbox.{name}") is not None
)


def build_app(sandbox: Sandbox) -> web.Application:
    """All routes; each module names its own."""
    app = web.Application(middlewares=[platform.middleware(sandbox)], client_max_size=64 * 1024 * 1024)
    for module in MODULES:
        if hasattr(module, "routes"):
            app.add_routes(module.routes(sandbox))
    return app


@dataclass(slots=True)
class Running:
    """A started sandbox."""

    sandbox: Sandbox
    url: str
    _runner: web.AppRunner

    async def close(self) -> None:
        """Ends every connection and stops listening."""
        await self.sandbox.switchboard.close()
        for closer in self.sandbox.closers:
            await closer()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._runner.cleanup(), 5)


async def start(sandbox: Sandbox, port: int = 0) -> Running:
    """Listens on loopback only; port 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """
    runner = web.AppRunner(build_app(sandbox), access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, HOST, port)
    try:
        await site.start()
    except OSError:
        await runner.cleanup()
        raise
    address = runner.addresses[0]
    sandbox.base_url = f"http://{HOST}:{address[1]}"
    return Running(sandbox, sandbox.base_url, runner)
