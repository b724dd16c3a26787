"""An approval on four phones in Chromium, 375 px wide: applicant, two cashiers, and somebody it does not concern."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from cards.flows import AgreeButton, OpenTaskButton, StatusButton
from tests.journeys.test_invoices import SENTENCE
from tests.sandbox.page.conftest import QUIET
from tests.sandbox.page.desk import CHROMIUM, NARROW, Desk, browser_test
from tests.support.flows import flows_world
from tests.support.stage import Stage

NAMES = {"lina04": "李娜", "qian07": "钱多", "sun08": "孙悦", "zhou06": "周敏"}
NUMBER = "FP-2026-0001"
WIDER = "() => [...document.querySelectorAll('.phone *')].filter(n => n.scrollWidth > 380).map(n => n.className)"
FULL = 20_000  # bytes; an empty phone compresses to less


@pytest.fixture
def world() -> dict[str, Any]:
    return flows_world()


@asynccontextmanager
async def phones(url: str) -> AsyncIterator[dict[str, Desk]]:
    """A page with that person's phone alone, for each."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(QUIET))
        try:
            yield {who: await _phone(browser, url, who) for who in NAMES}
        finally:
            await browser.close()


async def _phone(browser: Browser, url: str, who: str) -> Desk:
    page = await browser.new_page(viewport=NARROW, has_touch=True, is_mobile=True, device_scale_factor=2)
    await page.add_init_script(f"localStorage.setItem('dingcrm.phones', {json.dumps(json.dumps([who]))})")
    desk = Desk(page, url)
    await desk.open()
    return desk


class Album:
    """Screenshots, each looked at for what is cut off."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def take(self, desk: Desk, name: str) -> None:
        page: Page = desk.page
        assert await page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
        while await page.evaluate(WIDER):  # one view slides over another
            await page.wait_for_timeout(50)
        picture = await page.screenshot(path=str(self.folder / f"{name}.png"))
        assert len(picture) > FULL


async def _a_forwarded_card(stage: Stage) -> None:
    """Somebody else taps on the cashier's card, as he may who got it forwarded: he learns and changes nothing."""
    card = next(i for i in await stage.look("qian07") if i["kind"] == "card")
    before = await stage.card("qian07", card)
    for button in (AgreeButton(task_id=1), StatusButton(flow_id=1), OpenTaskButton(task_id=1)):
        body = {"as": "zhou06", "force": True, "action_ids": [], "params": button.params()}
        answer = await stage.post(f"/cards/{card['card']['out_track_id']}/tap", body)
        assert "50,000" not in json.dumps(answer, ensure_ascii=False)
    await stage.settle()
    after = await stage.card("qian07", card)
    assert (after["text"], after["buttons"]) == (before["text"], before["buttons"])


@pytest.mark.browser
@browser_test
async def test_an_approval_on_four_phones(stage: Stage, tmp_path: Path) -> None:
    album = Album(tmp_path)
    async with phones(stage.url) as desks:
        lina, qian, sun, zhou = (desks[who].phone(name) for who, name in NAMES.items())
        await desks["lina04"].say("李娜", SENTENCE)
        await expect(lina.get_by_role("button", name="提交申请")).to_be_enabled()
        await album.take(desks["lina04"], "1-applicant-to-submit")
        await lina.get_by_role("button", name="提交申请").click()
        await expect(lina.get_by_role("button", name="催办")).to_be_enabled()
        await stage.settle()
        await stage.say("lina04", f"流程状态 {NUMBER}", to="cidSALES")
        await desks["zhou06"].say("周敏", f"流程状态 {NUMBER}")
        await stage.settle()
        for who, name in NAMES.items():
            await album.take(desks[who], f"2-{name}-before")
        await expect(qian.get_by_role("button", name="同意", exact=True)).to_be_enabled()
        await qian.get_by_role("button", name="不同意").click()
        await expect(qian.get_by_role("button", name="抬头有误")).to_be_enabled()
        await album.take(desks["qian07"], "3-cashier-why")
        await qian.get_by_role("button", name="返回", exact=True).last.click()
        await qian.get_by_role("button", name="同意", exact=True).click()
        await stage.settle()
        await expect(lina.get_by_text("已同意").last).to_be_visible()
        for phone in (qian, sun):
            await expect(phone.get_by_text("✓ 钱多 已同意").last).to_be_visible()
        for phone in (lina, qian, sun):
            await expect(phone.get_by_role("button", name="同意", exact=True)).to_have_count(0)
        for who, name in NAMES.items():
            await album.take(desks[who], f"4-{name}-after")
        await _a_forwarded_card(stage)
        await desks["zhou06"].home("周敏")
        await zhou.get_by_role("button", name=re.compile("销售群")).click()
        await expect(zhou.get_by_text("群里不显示客户信息").last).to_be_visible()
        await album.take(desks["zhou06"], "5-bystander-in-the-group")
        assert "50,000" not in await zhou.inner_text()
        await zhou.get_by_role("button", name="返回").click()
        await zhou.get_by_role("button", name=re.compile("CRM 助手")).click()
        assert NUMBER not in (await zhou.inner_text()).replace(f"流程状态 {NUMBER}", "")
        assert "50,000" not in await zhou.inner_text()
        assert not [desk.complaints for desk in desks.values() if desk.complaints]
