"""The whole house seen in Chromium: two phones on the page claim against each other, and both say who won."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

from tests.sandbox.page.conftest import QUIET
from tests.sandbox.page.desk import CHROMIUM, NARROW, WIDE, Desk, browser_test
from tests.support.stage import Stage

NAME = "宁波海蓝食品有限公司"
CLAIM = f"领取 {NAME}"


@pytest.mark.browser
@browser_test
async def test_two_phones_claim_against_each_other(stage: Stage, tmp_path: Path) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(QUIET))
        page = await browser.new_page(viewport=WIDE)
        desk = Desk(page, stage.url)
        await desk.open()
        shown = [await phone.get_attribute("aria-label") for phone in await page.locator(".phone").all()]
        names = [str(label).removesuffix("的手机") for label in shown[:2]]
        for name in names:
            await desk.say(name, "公海 食品")
            await expect(desk.phone(name).get_by_role("button", name=CLAIM)).to_be_enabled()
        buttons = [desk.phone(name).get_by_role("button", name=CLAIM) for name in names]
        await asyncio.gather(*(button.dispatch_event("click") for button in buttons))
        for name in names:
            await expect(desk.phone(name).get_by_role("button", name=CLAIM)).to_have_count(0)
        await stage.settle()
        texts = [await desk.phone(name).inner_text() for name in names]
        won = [n for n, text in zip(names, texts, strict=True) if "你已领取" in text]
        assert len(won) == 1, texts
        loser = texts[1 - names.index(won[0])]
        assert f"已被 {won[0]}" in loser
        picture = await page.screenshot(path=str(tmp_path / "two-phones.png"))
        assert len(picture) > 50_000, "an empty page compresses to less"
        assert not desk.complaints
        await browser.close()


@pytest.mark.browser
@browser_test
async def test_on_a_narrow_screen_no_card_is_wider_than_the_phone(stage: Stage) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(QUIET))
        page = await browser.new_page(viewport=NARROW, has_touch=True, is_mobile=True)
        desk = Desk(page, stage.url)
        await desk.open()
        line = page.locator(".phone:visible .line").first
        for sentence in ("公海", "我的客户", "今天", "帮助", f"跟进 {'长' * 300}"):
            await line.fill(sentence)
            await line.press("Enter")
        await stage.settle()
        assert await page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
        wide = "() => [...document.querySelectorAll('.phone *')].filter(n => n.scrollWidth > 380).map(n => n.className)"
        assert await page.evaluate(wide) == []
        assert not desk.complaints
        await browser.close()
