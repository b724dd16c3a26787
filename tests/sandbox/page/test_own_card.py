"""The cards the product sends, drawn by its own template on a narrow phone: read, tapped, filled in."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.sandbox.page.desk import NARROW, Desk, browser_test
from tests.support.stage import open_stage
from tests.support.world import small_world

pytestmark = [pytest.mark.browser, browser_test]


async def test_a_list_and_a_form_fit_a_narrow_phone(browser: Browser, tmp_path: Path) -> None:
    async with open_stage(small_world(), f"sqlite+aiosqlite:///{tmp_path}/house.sqlite3", tmp_path) as stage:
        page = await browser.new_page(viewport=NARROW, has_touch=True, is_mobile=True)
        desk = Desk(page, stage.url)
        await desk.open()
        lina = desk.phone("李娜")
        await lina.locator(".tries").get_by_role("button", name="公海").click()
        claim = lina.get_by_role("button", name="领取 宁波海蓝食品有限公司")
        await expect(claim).to_have_text("领取")
        await expect(claim).to_be_enabled()
        box = await claim.bounding_box()
        assert box is not None and box["height"] < 45, "its words stand on one line"
        await claim.click()
        await expect(lina.get_by_text("✓ 你已领取")).to_be_visible()
        await desk.say("李娜", "新建客户 无锡天虹轴承")
        form = lina.locator("form.cardform")
        await expect(form.get_by_label("客户名称")).to_have_value("无锡天虹轴承")
        await form.get_by_label("电话").fill("12")
        await form.get_by_label("来源").select_option(label="展会")
        await form.get_by_role("button", name="新建客户").click()
        await expect(lina.locator(".boxed").last).to_contain_text("「电话」认不出「12」")
        await expect(form.get_by_label("电话")).to_have_value("12")
        assert await page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
        await form.get_by_label("电话").fill("0571-88886666")
        await form.get_by_role("button", name="新建客户").click()
        await expect(lina.get_by_role("heading", name="已创建 无锡天虹轴承")).to_be_visible()
        await expect(form).to_have_count(0)
        assert not desk.complaints, desk.complaints
        await page.close()
