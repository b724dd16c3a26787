"""The server: platform, control plane and page on one loopback port."""

import asyncio
import contextlib
import ipaddress
from dataclasses import dataclass

from aiohttp import web

from bot.sandbox import (
    auth,
    card_calls,
    checkins,
    contacts,
    control,
    control_cards,
    control_company,
    control_messages,
    gateway,
    http_callbacks,
    login,
    media,
    notices,
    page,
    platform,
    robot,
    template_calls,
    todo,
)
from bot.sandbox.state import Sandbox

HOST = "127.0.0.1"
ROUTES = (
    auth.routes,
    gateway.routes,
    robot.routes,
    contacts.routes,
    checkins.routes,
    notices.routes,
    login.routes,
    todo.routes,
    media.routes,
    http_callbacks.routes,
    card_calls.routes,
    template_calls.routes,
    control.routes,
    control_messages.routes,
    control_cards.routes,
    control_company.routes,
    page.routes,
)
MAX_BODY = 64 * 1024 * 1024
STOP_SECONDS = 5.0


def build_app(sandbox: Sandbox) -> web.Application:
    """All routes; each module names its own."""
    app = web.Application(middlewares=[platform.middleware(sandbox)], client_max_size=MAX_BODY)
    for routes in ROUTES:
        app.add_routes(routes(sandbox))
    return app


@dataclass(slots=True)
class Running:
    """A started sandbox."""

    sandbox: Sandbox
    url: str
    _runner: web.AppRunner

    async def close(self) -> None:
        """Ends every connection and every wait, and stops listening."""
        self.sandbox.stopping = True
        self.sandbox.inbox.wake_all()
        await self.sandbox.switchboard.close()
        for closer in self.sandbox.closers:
            await closer()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._runner.cleanup(), STOP_SECONDS)


async def start(sandbox: Sandbox, port: int = 0, host: str = HOST) -> Running:
    """Listens; port 0 takes a free one.

    Raises:
        ValueError: the host is no loopback address. The control plane has no authentication.
        OSError: the port is taken.
    """
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise ValueError(f"the sandbox listens on loopback only, not on {host}")
    runner = web.AppRunner(build_app(sandbox), access_log=None, shutdown_timeout=1, handle_signals=False)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    try:
        await site.start()
    except OSError:
        await runner.cleanup()
        raise
    bound = runner.addresses[0]
    shown = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
    sandbox.base_url = f"http://{shown}:{bound[1]}"
    return Running(sandbox, sandbox.base_url, runner)
