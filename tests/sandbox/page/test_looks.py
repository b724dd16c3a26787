"""A narrow screen, names, contrast."""

from typing import Any

import pytest
from playwright.async_api import Browser, expect

from bot.sandbox.server import Running
from tests.sandbox.page.desk import NARROW, WIDE, Desk, browser_test
from tests.sandbox.page.little_app import NAMES, PageBot

NAMELESS = """() => [...document.querySelectorAll('button, a, input, select, textarea, iframe')]
    .filter(n => n.offsetParent && n.type !== 'file'
        && !(n.getAttribute('aria-label') || n.title || n.textContent.trim()
        || (n.labels && n.labels.length && n.labels[0].textContent.trim()))).map(n => n.outerHTML)"""
# WCAG 1.4.3 on every visible text against the nearest opaque background; disabled controls are exempt.
FAINT = """() => {
  const linear = (v) => ((v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const lum = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const read = (text) => {
    const m = /rgba?\\((\\d+), (\\d+), (\\d+)(?:, ([\\d.]+))?\\)/.exec(text);
    return m && { rgb: m.slice(1, 4).map(Number), a: m[4] === undefined ? 1 : Number(m[4]) };
  };
  const faint = [];
  for (const node of document.querySelectorAll('body *')) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || !node.offsetParent || node.closest(':disabled') || node.closest('.avatar')) continue;
    let at = node, back = null;
    while (at && !back) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== 'none') break;
      const found = read(style.backgroundColor);
      if (found && found.a > 0.9) back = found.rgb;
      at = at.parentElement;
    }
    const ink = read(getComputedStyle(node).color);
    if (!back || !ink) continue;
    const [high, low] = [lum(ink.rgb), lum(back)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < 4.5) faint.push(`${node.className} ${node.textContent.trim().slice(0, 20)} ${ratio.toFixed(2)}`);
  }
  return faint;
}"""


@pytest.mark.browser
@browser_test
async def test_a_narrow_screen_shows_one_phone_and_switches(browser: Browser, running: Running, bot: PageBot) -> None:
    page = await browser.new_page(viewport=NARROW, has_touch=True, is_mobile=True)
    desk = Desk(page, running.url)
    await desk.open()
    await expect(desk.phone("李娜")).to_be_visible()
    await expect(desk.phone("赵强")).to_be_hidden()
    await bot.wire.control("POST", "/messages", {"from": "zhao05", "text": "公海"})
    switch = page.get_by_role("navigation", name="切换手机")
    await switch.get_by_role("button", name="赵强的手机，1 条未读").tap()
    await desk.phone("赵强").get_by_role("button", name=f"领取 {NAMES[0]}").tap()
    await expect(desk.phone("赵强").get_by_text(f"已领取「{NAMES[0]}」")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
    small = await page.evaluate(
        """() => [...document.querySelectorAll('button, input, select, textarea')]
            .filter(n => n.offsetParent && !n.closest('[inert]') && n.type !== 'file')
            .map(n => [n.getAttribute('aria-label') || n.textContent, n.getBoundingClientRect()])
            .filter(([, box]) => box.height < 32 || box.width < 32).map(([name]) => name)"""
    )
    assert small == []
    assert not desk.complaints
    await page.close()


@pytest.mark.browser
@browser_test
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_control_has_a_name_and_text_has_contrast(
    browser: Browser, running: Running, bot: PageBot, scheme: Any
) -> None:
    page = await browser.new_page(viewport=WIDE, color_scheme=scheme, reduced_motion="reduce")
    desk = Desk(page, running.url)
    await desk.open()
    await desk.say("李娜", "公海")
    await desk.say("赵强", "表单")
    await expect(desk.phone("赵强").get_by_role("button", name="提交")).to_be_enabled()
    await expect(desk.phone("李娜").get_by_role("button", name=f"领取 {NAMES[0]}")).to_be_enabled()
    await page.get_by_role("button", name="幕后", exact=True).click()
    await expect(page.locator(".wire li").first).to_be_visible()
    assert await page.evaluate(NAMELESS) == []
    assert await page.evaluate(FAINT) == []
    await page.close()
