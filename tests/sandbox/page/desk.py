"""An open page as a test uses it."""

from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, ViewportSize, expect

CHROMIUM = Path("/usr/bin/chromium")
PARTS = Path(__file__).resolve().parents[3] / "bot" / "sandbox" / "page"
WIDE: ViewportSize = {"width": 1440, "height": 900}
NARROW: ViewportSize = {"width": 375, "height": 740}

browser_test = pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not at /usr/bin/chromium")


class Desk:
    """An open page and what it complained about."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.complaints: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))
        page.on("request", lambda request: self.asked.append(request.url))

    async def open(self) -> None:
        await self.page.goto(self.url)
        await expect(self.page.locator(".phone").first).to_be_attached()

    def phone(self, name: str) -> Locator:
        return self.page.get_by_role("region", name=f"{name}的手机")

    async def say(self, name: str, text: str) -> None:
        line = self.phone(name).locator(".line")
        await line.fill(text)
        await line.press("Enter")

    async def home(self, name: str) -> None:
        await self.phone(name).get_by_role("button", name="返回").click()
