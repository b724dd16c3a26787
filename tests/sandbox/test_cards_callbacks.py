"""Card callbacks of the stand-in: behaviours 27–29 of platform.md section 12."""

import asyncio
import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from aiohttp import web

from tests.sandbox.cards_bench import (
    APPROVAL,
    GROUP,
    Bench,
    answered,
    delivery,
    needs_exports,
    refusal,
    sent,
)

pytestmark = needs_exports


async def test_b27_answer_changes_the_clickers_view_alone_until_a_put(bench: Bench) -> None:
    await bench.send(APPROVAL, space=f"IM_GROUP.{GROUP}")

    async def agree(_payload: dict[str, Any]) -> Any:
        return answered({"status": "agree"})

    bench.answer = agree
    outcome = await bench.press("同意")
    assert [one["text"] for one in outcome["card"]["buttons"]] == ["已同意"]
    chen = await bench.card("chen01")
    assert [one["text"] for one in chen["buttons"]] == ["拒绝", "同意"], "others see it only through PUT"
    await bench.api(
        "PUT",
        "/v1.0/card/instances",
        {
            "outTrackId": "card-1",
            "cardData": {"cardParamMap": {"status": "reject"}},
            "cardUpdateOptions": {"updateCardDataByKey": True},
        },
    )
    for person in ("lina04", "chen01"):
        assert [one["text"] for one in (await bench.card(person))["buttons"]] == ["已拒绝"], (
            "the app's word is the last"
        )


async def test_b27_broadcast_knob_shows_the_answer_to_all(bench: Bench) -> None:
    bench.sandbox.set_knobs({"card_broadcast": True})
    await bench.send(APPROVAL, space=f"IM_GROUP.{GROUP}")

    async def agree(_payload: dict[str, Any]) -> Any:
        return answered({"status": "agree"})

    bench.answer = agree
    await bench.press("同意")
    assert [one["text"] for one in (await bench.card("chen01"))["buttons"]] == ["已同意"]


async def test_b27_without_options_the_answer_replaces_the_clickers_data(bench: Bench) -> None:
    await bench.send(APPROVAL)

    async def replace(_payload: dict[str, Any]) -> Any:
        return answered({"status": "agree"}, by_key=False)

    bench.answer = replace
    outcome = await bench.press("同意")
    assert outcome["card"]["data"] == {"status": "agree"}
    assert "李娜的报销" not in outcome["card"]["text"]


@pytest.mark.parametrize("how", ["silence", "code"])
async def test_b27_late_or_failed_answers_change_nothing(bench: Bench, how: str) -> None:
    bench.sandbox.knobs.tap_seconds = 0.3
    await bench.send(APPROVAL)

    async def slow(_payload: dict[str, Any]) -> Any:
        if how == "silence":
            await asyncio.sleep(0.8)
        return answered({"status": "agree"}, {"x": "y"})

    bench.answer, bench.code = slow, 200 if how == "silence" else 500
    outcome = await bench.press("同意")
    assert outcome["status"] == "late"
    assert outcome["toast"]
    assert [one["text"] for one in outcome["card"]["buttons"]] == ["拒绝", "同意"]
    await asyncio.sleep(0.7)
    assert (await bench.card())["data"]["status"] == "", "an answer after its time is dropped"


async def test_b27_toasts_follow_the_success_condition(bench: Bench) -> None:
    await bench.template("helloworld", "hello.schema")
    await bench.send({"title": "问", "tag": "t", "markdown": "m"}, template="hello.schema")
    failed = await bench.tap(form={"input": "一"})
    assert failed["toast"] == "提交失败"

    async def accept(payload: dict[str, Any]) -> Any:
        params = payload["content"]["cardPrivateData"]["params"]
        return answered(private={"private_input": params["local_input"], "submitted": True})

    bench.answer = accept
    good = await bench.tap(form={"input": "二"})
    assert good["toast"] == "提交成功"
    assert sent(bench.frames[-1]) == (["submit"], {"local_input": "二"})
    assert good["card"]["private"] == {"private_input": "二", "submitted": "true"}
    await bench.send(APPROVAL, "plain")
    bench.answer = accept_nothing
    assert (await bench.press("同意", own="plain"))["toast"] is None, "no condition, no toast"


async def accept_nothing(_payload: dict[str, Any]) -> Any:
    return {}


async def test_b27_values_that_are_no_strings_have_no_effect_and_are_reported(bench: Bench) -> None:
    await bench.send(APPROVAL)

    async def wrong(_payload: dict[str, Any]) -> Any:
        options = {"updateCardDataByKey": True}
        return {
            "response": {"cardUpdateOptions": options, "cardData": {"cardParamMap": {"amount": 3, "status": "agree"}}}
        }

    bench.answer = wrong
    outcome = await bench.press("同意")
    assert outcome["card"]["data"]["amount"] == "120元"
    assert outcome["card"]["data"]["status"] == "agree"
    _, report = await bench.control("GET", "/violations")
    assert report["items"][-1]["rule"] == "card-value-not-a-string"


async def test_b28_put_inside_the_callback_is_reported(bench: Bench) -> None:
    await bench.send(APPROVAL)
    put = {
        "outTrackId": "card-1",
        "cardData": {"cardParamMap": {"amount": "1"}},
        "cardUpdateOptions": {"updateCardDataByKey": True},
    }

    async def inside(_payload: dict[str, Any]) -> Any:
        assert (await bench.api("PUT", "/v1.0/card/instances", put))[0] == 200
        return answered({"status": "agree"})

    bench.answer = inside
    outcome = await bench.press("同意")
    assert (outcome["card"]["data"]["amount"], outcome["card"]["data"]["status"]) == ("1", "agree")
    _, report = await bench.control("GET", "/violations")
    assert [row["rule"] for row in report["items"]] == ["card-update-inside-callback"]
    await bench.api("PUT", "/v1.0/card/instances", put)
    assert len((await bench.control("GET", "/violations"))[1]["items"]) == 1, "afterwards it is fine"


async def test_b29_callbacks_only_where_the_card_asks_for_them(bench: Bench) -> None:
    await bench.send(APPROVAL, callbackType=None)
    outcome = await bench.press("同意")
    assert outcome["status"] == "refused"
    assert bench.frames == []
    assert await refusal(bench, delivery(APPROVAL, "other", callbackType="PIGEON")) == "param.invalid"
    assert (
        await refusal(bench, delivery(APPROVAL, "other", callbackType="HTTP", callbackRouteKey="nowhere"))
        == "param.invalid"
    )


async def test_b29_http_callbacks_are_signed(bench: Bench) -> None:
    seen: list[tuple[Any, dict[str, str]]] = []

    async def receive(request: web.Request) -> web.Response:
        seen.append((await request.json(), dict(request.headers)))
        return web.json_response(answered({"status": "agree"})["response"])

    app = web.Application()
    app.router.add_post("/hook", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        status, body = await bench.api(
            "POST",
            "/v1.0/card/callbacks/register",
            {"callbackRouteKey": "crm", "callbackUrl": f"http://127.0.0.1:{port}/hook"},
        )
        assert (status, body["success"], set(body["result"])) == (200, True, {"apiSecret", "callbackUrl"})
        await bench.send(APPROVAL, callbackType="HTTP", callbackRouteKey="crm")
        outcome = await bench.press("同意")
    finally:
        await runner.cleanup()
    assert outcome["status"] == "ok"
    assert [one["text"] for one in outcome["card"]["buttons"]] == ["已同意"]
    payload, headers = seen[0]
    assert json.loads(payload["content"])["cardPrivateData"]["actionIds"] == ["agree"]
    stamp = headers["x-ddpaas-signature-timestamp"]
    expected = base64.b64encode(
        hmac.new(body["result"]["apiSecret"].encode(), stamp.encode(), hashlib.sha256).digest()
    ).decode()
    assert headers["x-ddpaas-signature"] == expected
    assert bench.frames == []
