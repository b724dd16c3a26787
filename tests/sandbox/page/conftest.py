"""The page in Chromium, with a little app on the other end of the wire."""

import copy
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright

from bot.sandbox.server import Running, start
from bot.sandbox.state import Sandbox
from tests.sandbox.conftest import WORLD
from tests.sandbox.page.desk import CHROMIUM, WIDE, Desk
from tests.sandbox.page.little_app import PageBot
from tests.sandbox.wire_client import Wire

QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--no-first-run", "--disable-sync", "--disable-extensions",
)  # fmt: skip


def page_world() -> dict[str, Any]:
    """The admin first, so that a page which opens with the first two people is caught."""
    world = copy.deepcopy(WORLD)
    world["users"].insert(0, {"userid": "boss01", "name": "陈总", "departments": [1], "dingtalk_admin": True})
    world["groups"][0]["members"].append("zhao05")
    return world


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    started = await start(Sandbox.from_world(page_world()))
    try:
        yield started
    finally:
        await started.close()


@pytest.fixture
async def bot(wire: Wire) -> AsyncIterator[PageBot]:
    made = PageBot(wire)
    await made.start()
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(QUIET))
        try:
            yield opened
        finally:
            await opened.close()


@pytest.fixture
async def desk(browser: Browser, running: Running, bot: PageBot) -> AsyncIterator[Desk]:
    page = await browser.new_page(viewport=WIDE)
    made = Desk(page, running.url)
    await made.open()
    yield made
    outside = [url for url in made.asked if not url.startswith((running.url, "data:", "blob:"))]
    assert not outside, outside
    assert not made.complaints, made.complaints
    await page.close()
