"""Cards and messages on the phones: drawn, tapped, filled in, redrawn in place."""

import pytest
from playwright.async_api import expect

from tests.sandbox.page.desk import Desk, browser_test
from tests.sandbox.page.little_app import NAMES, PageBot

pytestmark = [pytest.mark.browser, browser_test]


async def test_two_phones_claim_against_each_other(desk: Desk, bot: PageBot) -> None:
    lina, zhao = desk.phone("李娜"), desk.phone("赵强")
    await lina.locator(".tries").get_by_role("button", name="公海").click()
    await desk.say("赵强", "公海")
    claim = f"领取 {NAMES[0]}"
    await expect(zhao.get_by_role("button", name=claim)).to_be_enabled()
    await expect(zhao.get_by_role("button", name="下一页")).to_be_disabled()
    await lina.get_by_role("button", name=claim).click()
    await expect(lina.get_by_text(f"已领取「{NAMES[0]}」")).to_be_visible()
    await expect(zhao.get_by_text("已由 lina04 领取")).to_be_visible()
    await expect(zhao.get_by_role("button", name=claim)).to_have_count(0)
    await expect(zhao.locator(".card")).to_have_count(1)
    assert bot.claimed == {0: "lina04"}
    await expect(desk.page.locator(".guide li").nth(1)).to_have_class("done")


async def test_an_answer_too_late_is_said_and_changes_nothing(desk: Desk, bot: PageBot) -> None:
    lina = desk.phone("李娜")
    await desk.say("李娜", "公海")
    button = lina.get_by_role("button", name=f"领取 {NAMES[1]}")
    await expect(button).to_be_enabled()
    bot.silent = True
    await button.click()
    await expect(lina.get_by_text("处理中")).to_be_visible()
    await expect(lina.locator(".cardnote")).to_contain_text("没有在 2 秒内回应")
    await expect(button).to_be_enabled()
    await desk.say("李娜", "你在吗")
    await expect(lina.locator(".sent.warn")).to_contain_text("没有应答", timeout=8000)


async def test_markdown_is_drawn_and_markup_in_it_is_only_text(desk: Desk) -> None:
    lina = desk.phone("李娜")
    await desk.say("李娜", "帮助")
    bubble = lina.locator(".bubble.bubble-markdown")
    await expect(bubble.get_by_role("heading", name="你可以这样说")).to_be_visible()
    await expect(bubble.locator("li strong").first).to_have_text("公海")
    await expect(bubble.locator("blockquote")).to_have_text("说错了发「撤销」")
    await expect(bubble.locator("img, script, [onclick], [onerror]")).to_have_count(0)
    await expect(bubble).to_contain_text("<img src=x onerror=alert(1)>")
    await bubble.get_by_text("坏").click()
    await expect(lina.locator(".toast")).to_contain_text("只能在真钉钉里打开")
    await bubble.get_by_text("发送公海").click()
    await expect(lina.locator(".card h3")).to_have_text("公海")


async def test_typed_markup_is_only_text(desk: Desk) -> None:
    lina = desk.phone("李娜")
    await desk.say("李娜", "<img src=x onerror=alert(1)>")
    await expect(lina.locator(".own .plain")).to_have_text("<img src=x onerror=alert(1)>")
    await expect(lina.locator(".from-bot .plain")).to_have_text("收到：<img src=x onerror=alert(1)>")
    await expect(lina.locator(".log img")).to_have_count(0)


async def test_a_form_with_every_kind_of_field(desk: Desk, bot: PageBot) -> None:
    lina = desk.phone("李娜")
    await desk.say("李娜", "表单")
    form = lina.locator("form.cardform")
    submit = form.get_by_role("button", name="提交")
    await submit.click()
    await expect(form.get_by_text("请填写金额")).to_be_visible()
    assert bot.callbacks == []
    await form.get_by_label("金额").fill("1200.5")
    await form.get_by_label("阶段").select_option(label="方案报价")
    await form.get_by_text("赵强", exact=True).click()
    await form.get_by_label("王伟").check()
    await form.get_by_text("拜访", exact=True).click()
    await form.get_by_label("日期").fill("2026-03-05")
    await form.get_by_label("下次联系").fill("2026-03-06T15:00")
    await form.get_by_label("几点").fill("16:30")
    await expect(form.get_by_text("2026年3月6日 周五 15:00")).to_be_attached()
    await form.get_by_label("说明").fill("聊了报价\n下周再谈")
    await form.get_by_label("紧急").check()
    await form.get_by_label("已和主管说过").check()
    await submit.click()
    await expect(form.get_by_role("button", name="已提交")).to_be_disabled()
    assert bot.submitted == [
        {
            "amount": "1200.5",
            "stage": {"index": 1, "value": "b"},
            "with": {"index": [0, 1], "value": ["1", "2"]},
            "how": "visit",
            "day": "2026-03-05",
            "at": "2026-03-06 15:00",
            "clock": "16:30",
            "words": "聊了报价\n下周再谈",
            "urgent": True,
            "agreed": True,
            "visit_id": "42",
        }
    ]
    await expect(form.get_by_label("金额")).to_be_disabled()


async def test_what_is_half_filled_in_survives_a_redraw(desk: Desk, bot: PageBot) -> None:
    lina = desk.phone("李娜")
    await desk.say("李娜", "表单")
    amount = lina.get_by_label("金额")
    await amount.fill("77")
    own = next(iter(bot.cards))
    body = {
        "outTrackId": own,
        "cardData": {"cardParamMap": {"title": "改了标题"}},
        "cardUpdateOptions": {"updateCardDataByKey": True},
    }
    await bot.wire.call("PUT", "/v1.0/card/instances", body)
    await expect(lina.get_by_role("heading", name="改了标题")).to_be_visible()
    await expect(amount).to_have_value("77")
    await expect(amount).to_be_focused()


async def test_buttons_that_say_and_buttons_that_open(desk: Desk) -> None:
    lina = desk.phone("李娜")
    await desk.say("李娜", "按钮")
    await lina.get_by_role("button", name="打开网页").click()
    await expect(lina.locator("iframe")).to_be_visible()
    await desk.page.keyboard.press("Escape")
    await expect(lina.locator("iframe")).to_have_count(0)
    await lina.get_by_role("button", name="打开公海").click()
    await expect(lina.locator(".own .plain").last).to_have_text("公海")
    await expect(lina.locator(".card")).to_have_count(1)


async def test_a_change_out_of_sight_is_said(desk: Desk) -> None:
    await desk.say("赵强", "公海")
    await expect(desk.phone("赵强").get_by_role("button", name=f"领取 {NAMES[0]}")).to_be_enabled()
    await desk.say("赵强", "帮助")
    await expect(desk.phone("赵强").get_by_text("你可以这样说")).to_be_visible()
    await desk.say("李娜", "公海")
    await desk.phone("李娜").get_by_role("button", name=f"领取 {NAMES[0]}").click()
    news = desk.phone("赵强").get_by_role("button", name="卡片有更新：已由 lina04 领取")
    await news.click()
    await expect(desk.phone("赵强").get_by_text("已由 lina04 领取", exact=False).last).to_be_in_viewport()
    await expect(news).to_have_count(0)
