"""The stand-in for DingTalk's JSAPI, in a browser, on a page of another origin (behaviour 44)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Page, async_playwright

from tests.sandbox.old_calls import result
from tests.sandbox.wire_client import Wire

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not at /usr/bin/chromium"),
]


@pytest.fixture
async def app_url(wire: Wire) -> AsyncIterator[str]:
    """An app whose pages load the shim."""

    async def page(_: web.Request) -> web.Response:
        html = f'<!doctype html><script src="{wire.url}/page/dd.js"></script><a href="/next">下一页</a>'
        return web.Response(text=html, content_type="text/html")

    app = web.Application()
    app.router.add_get("/{path:.*}", page)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """An empty page."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        try:
            yield await browser.new_page()
        finally:
            await browser.close()


async def test_b44_each_page_gets_fresh_codes_of_its_phone(wire: Wire, app_url: str, page: Page) -> None:
    ask = "dd.requestAuthCode({corpId: 'dingcorp0001', clientId: 'dingapp0001'}).then(answer => answer.code)"
    address = (await wire.control("POST", "/h5", {"as": "zhao05", "url": f"{app_url}/first"}))["url"]
    await page.goto(address)
    codes = [await page.evaluate(ask), await page.evaluate(ask)]
    await page.click("a")
    assert page.url == f"{app_url}/next"
    codes.append(await page.evaluate(ask))
    assert len(set(codes)) == 3
    for code in codes:
        assert (await result(wire, "/topapi/v2/user/getuserinfo", {"code": code}))["userid"] == "zhao05"
    refused = await page.evaluate("new Promise(onFail => dd.requestAuthCode({corpId: 'dingother', onFail}))")
    assert "corpId" in refused["errorMessage"]


async def test_b45_a_wrong_signature_reaches_dd_error(wire: Wire, app_url: str, page: Page) -> None:
    await page.goto((await wire.control("POST", "/h5", {"as": "zhao05", "url": app_url}))["url"])
    config = "{corpId: 'dingcorp0001', timeStamp: 1, nonceStr: 'n', signature: 'wrong'}"
    error = await page.evaluate(f"new Promise(tell => {{ dd.error(tell); dd.config({config}); }})")
    assert error["errorCode"] == "52013"


async def test_a_page_opened_outside_the_phone_gets_no_code(app_url: str, page: Page) -> None:
    await page.goto(app_url)
    assert await page.evaluate("dd.env.platform") == "notInDingTalk"
    refused = await page.evaluate("dd.requestAuthCode({}).catch(error => error.errorMessage)")
    assert "钉钉" in refused
