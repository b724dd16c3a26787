"""The phones and what is around them: notices, groups, voice, files, the clock, the drawer."""

import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.sandbox.page.desk import PARTS, Desk, browser_test
from tests.sandbox.page.little_app import NAMES, PageBot, form_export

pytestmark = [pytest.mark.browser, browser_test]


async def test_it_opens_with_two_sales_people_and_says_what_to_try(desk: Desk) -> None:
    await expect(desk.page.locator(".phone")).to_have_count(2)
    for name in ("李娜", "赵强"):
        await expect(desk.phone(name).get_by_role("heading", name="我是 CRM 助手")).to_be_visible()
        await expect(desk.phone(name).locator(".statustime")).to_have_text("09:00")
    await expect(desk.page.get_by_role("heading", name="杭州试验有限公司")).to_be_visible()
    await expect(desk.page.get_by_text("CRM 已连接")).to_be_visible()


async def test_a_work_notification_is_pushed_counted_and_listed(desk: Desk, bot: PageBot) -> None:
    lina = desk.phone("李娜")
    await desk.home("李娜")
    await bot.wire.say("lina04", "通知")
    banner = lina.get_by_role("button", name=re.compile("^工作通知："))
    await expect(banner).to_contain_text("今天有 2 件事")
    await expect(lina.get_by_role("button", name="工作通知，1 条未读")).to_have_count(2)
    await banner.hover()  # it stays while it is looked at
    await banner.click()
    notice = lina.get_by_role("article")
    await expect(notice).to_contain_text("苏州远航贸易有限公司 3 天后回到公海")
    await expect(lina.get_by_role("button", name="工作通知，1 条未读")).to_have_count(0)
    await notice.get_by_role("button", name="看看今天").click()
    await expect(lina.locator(".overlay.page iframe")).to_have_attribute("src", re.compile("icon.svg"))
    await lina.get_by_role("button", name="关闭网页").click()
    await expect(lina.locator(".overlay")).to_have_count(0)


async def test_a_group_shows_everybody_what_was_typed_and_answered(desk: Desk) -> None:
    for name in ("李娜", "赵强"):
        await desk.home(name)
        await desk.phone(name).locator(".conversations").get_by_role("button", name="销售群").click()
    await desk.say("李娜", "公海")
    zhao = desk.phone("赵强")
    await expect(zhao.locator(".from-other")).to_contain_text("李娜")
    await expect(zhao.locator(".from-other .plain")).to_have_text("@CRM 助手 公海")
    await expect(zhao.get_by_role("button", name=f"领取 {NAMES[2]}")).to_be_enabled()
    await zhao.get_by_role("button", name=f"领取 {NAMES[2]}").click()
    await expect(zhao.get_by_text(f"已领取「{NAMES[2]}」")).to_be_visible()


async def test_voice_sends_what_was_recognised(desk: Desk) -> None:
    lina = desk.phone("李娜")
    await lina.get_by_role("button", name="说一段语音").click()
    sheet = lina.get_by_role("dialog")
    await sheet.get_by_label("这段语音说了什么").fill("跟进海蓝食品")
    await sheet.get_by_role("button", name="发送语音").click()
    await expect(lina.locator(".own .voicebubble")).to_contain_text("跟进海蓝食品")
    await expect(lina.get_by_text("收到：跟进海蓝食品")).to_be_visible()


async def test_a_picture_and_a_file_reach_the_app(desk: Desk, tmp_path: Path) -> None:
    lina = desk.phone("李娜")
    picture, table = tmp_path / "现场.svg", tmp_path / "报价.xlsx"
    picture.write_bytes((PARTS / "icon.svg").read_bytes())
    table.write_bytes(b"PK")
    inputs = lina.locator("input[type=file]")
    await inputs.nth(0).set_input_files(picture)
    await expect(lina.get_by_text("收到：picture")).to_be_visible()
    await inputs.nth(1).set_input_files(table)
    await expect(lina.get_by_text("收到：file")).to_be_visible()
    await expect(lina.locator(".own .file")).to_contain_text("报价.xlsx")
    await expect(lina.locator(".own .picture")).to_have_count(1)


async def test_the_clock_jumps_and_only_forward(desk: Desk) -> None:
    page = desk.page
    await page.locator(".jumps").get_by_role("button", name="明天 09:00").click()
    await expect(page.locator(".jobshead")).to_contain_text("现在是 3月3日 周二 09:00")
    await expect(page.locator(".clockdate")).to_have_text("2026年3月3日 周二")
    await page.locator(".clockbutton").click()
    await page.get_by_label("拨到哪一刻").fill("2026-03-04T18:30")
    await page.get_by_role("button", name="拨过去").click()
    await expect(desk.phone("李娜").locator(".statustime")).to_have_text("18:30")
    await page.locator(".pickmoment input").evaluate("node => { node.min = ''; }")
    await page.get_by_label("拨到哪一刻").fill("2026-03-01T09:00")
    await page.get_by_role("button", name="拨过去").click()
    await expect(page.locator(".jobs .cardnote")).to_be_visible()
    await expect(page.locator(".clockdate")).to_have_text("2026年3月4日 周三")
    desk.complaints = [text for text in desk.complaints if "400" not in text and "409" not in text]


async def test_phones_and_chats_survive_a_reload(desk: Desk) -> None:
    page = desk.page
    await desk.say("李娜", "你好")
    await expect(desk.phone("李娜").get_by_text("收到：你好")).to_be_visible()
    await desk.phone("赵强").get_by_role("button", name="收起赵强的手机").click()
    await page.get_by_role("button", name="再加一台手机").last.click()
    await page.get_by_role("searchbox", name="找人").fill("王伟")
    await page.get_by_role("button", name=re.compile("王伟")).last.click()
    await expect(desk.phone("王伟")).to_be_visible()
    await page.reload()
    await expect(page.locator(".phone")).to_have_count(2)
    await expect(desk.phone("王伟")).to_be_visible()
    await expect(desk.phone("李娜").locator(".own .plain")).to_have_text("你好")
    await expect(desk.phone("李娜").get_by_text("收到：你好")).to_be_visible()
    await page.evaluate("localStorage.setItem('dingcrm.phones', JSON.stringify(['nobody']))")
    await page.reload()
    await expect(desk.phone("赵强")).to_be_visible()


async def test_behind_the_scenes(desk: Desk, tmp_path: Path) -> None:
    page = desk.page
    await desk.say("李娜", "公海")
    await page.get_by_role("button", name="幕后", exact=True).click()
    drawer = page.get_by_role("complementary", name="幕后")
    await expect(drawer.get_by_text("POST /v1.0/card/instances/createAndDeliver")).to_be_visible()
    await expect(drawer.get_by_text("CALLBACK /v1.0/im/bot/messages/get")).to_be_visible()
    await drawer.get_by_role("tab", name="卡片模板").click()
    (tmp_path / "登记.json").write_text(form_export(), encoding="utf-8")
    await drawer.locator("input[type=file]").set_input_files(tmp_path / "登记.json")
    await drawer.get_by_role("button", name="预览 登记").click()
    await expect(desk.phone("李娜").locator(".card")).to_have_count(2)
    await drawer.get_by_role("tab", name="组织").click()
    await drawer.get_by_label("新人的姓名").fill("新来的")
    await drawer.get_by_role("button", name="入职").click()
    await expect(drawer.get_by_text("新来的", exact=True)).to_be_visible()
    await drawer.get_by_role("button", name="让赵强离职").click()
    await expect(desk.phone("赵强").locator(".who")).to_contain_text("已离职")


async def test_four_phones_stay_alive(desk: Desk) -> None:
    """Browsers hold six connections to one host: four phones must not starve the taps."""
    for name in ("王伟", "陈总"):
        await desk.page.get_by_role("button", name="再加一台手机").last.click()
        await desk.page.get_by_role("button", name=re.compile(f"{name}.*")).last.click()
    await expect(desk.page.locator(".phone")).to_have_count(4)
    for name in ("李娜", "赵强", "王伟", "陈总"):
        await desk.say(name, "公海")
    for name in ("李娜", "赵强", "王伟", "陈总"):
        await expect(desk.phone(name).get_by_role("button", name=f"领取 {NAMES[0]}")).to_be_enabled()
    await desk.phone("陈总").get_by_role("button", name=f"领取 {NAMES[0]}").click()
    for name in ("李娜", "赵强", "王伟"):
        await expect(desk.phone(name).get_by_text("已由 boss01 领取")).to_be_visible()
