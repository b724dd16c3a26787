"""Dynamic data sources of the stand-in: asked for when somebody looks (platform.md section 3.6)."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from cards.template import FILE
from tests.sandbox.cards_bench import GROUP, Bench, delivery, started_bench


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with started_bench() as made:
        await made.template_text(FILE.read_text(encoding="utf-8"))
        yield made


def config(strategy: str, **more: Any) -> dict[str, Any]:
    source = {"dynamicDataSourceId": "sales", "pullConfig": {"pullStrategy": strategy, **more}}
    return {"openDynamicDataConfig": {"dynamicDataSourceConfigs": [source]}}


def counted(bench: Bench, kind: str = "OBJECT") -> None:
    """The app answers with how often it was asked, and by whom."""

    async def answer(payload: dict[str, Any]) -> Any:
        if payload["type"] != "dynamicDataCallback":
            return {}
        data = {"body": f"第 {len(bench.frames)} 次", "note": f"只给 {payload['userId']}"}
        row = {"dynamicDataSourceId": "sales", "data": json.dumps(data), "dynamicDataValueType": kind}
        return {"response": {"dataSourceQueryResponses": [row]}}

    bench.answer = answer


async def test_once_is_asked_once_for_each_person(bench: Bench) -> None:
    counted(bench)
    await bench.send({"title": "日报", "body": "还没有"}, space=f"IM_GROUP.{GROUP}", **config("ONCE"))
    assert bench.frames == []
    first = await bench.card()
    assert "第 1 次" in first["text"] and "只给 lina04" in first["text"] and "还没有" not in first["text"]
    assert (await bench.card())["text"] == first["text"] and len(bench.frames) == 1
    assert "只给 chen01" in (await bench.card("chen01"))["text"]
    frame = bench.frames[0]
    assert frame["content"] == {"dynamicDataSourceQueryRequests": [{"dynamicDataSourceId": "sales"}]}
    assert (frame["type"], frame["outTrackId"], frame["userId"]) == ("dynamicDataCallback", "card-1", "lina04")
    pushed = [p["topic"] for p in (await bench.control("GET", "/pushes"))[1]["items"]]
    assert set(pushed) == {"/v1.0/card/dynamicData/get"}


async def test_each_drawing_or_each_interval(bench: Bench) -> None:
    counted(bench)
    await bench.send({"title": "日报"}, own="render", **config("RENDER"))
    await bench.send({"title": "日报"}, own="tick", **config("INTERVAL", interval=10, timeUnit="SECONDS"))
    await bench.send({"title": "日报"}, own="never", **config("NONE"))
    for own in ("render", "render", "tick", "tick", "never"):
        await bench.card(own=own)
    assert [f["outTrackId"] for f in bench.frames] == ["render", "render", "tick"]
    await bench.control("POST", "/clock", {"advance_seconds": 11})
    assert "第 4 次" in (await bench.card(own="tick"))["text"]


async def test_without_an_answer_the_stored_data_stay_and_it_is_asked_again(bench: Bench) -> None:
    bench.sandbox.knobs.tap_seconds = 0.2

    async def slow(_payload: dict[str, Any]) -> Any:
        await asyncio.sleep(0.5)
        return {}

    bench.answer = slow
    await bench.send({"title": "日报", "body": "存着的"}, **config("ONCE"))
    assert "存着的" in (await bench.card())["text"]
    counted(bench)
    assert "第 2 次" in (await bench.card())["text"]


async def test_a_value_that_is_no_object_has_no_effect_and_is_noted(bench: Bench) -> None:
    counted(bench, kind="STRING")
    await bench.send({"title": "日报", "body": "存着的"}, **config("ONCE"))
    assert "存着的" in (await bench.card())["text"]
    assert "no OBJECT" in str(bench.sandbox.cards.warnings)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ({"pullConfig": {"pullStrategy": "ONCE"}}, "param.dynamicSourceIdEmpty"),
        ({"dynamicDataSourceId": "s"}, "param.dynamicDataPullConfigEmpty"),
        ({"dynamicDataSourceId": "s", "pullConfig": {}}, "param.dynamicDataSourcePullStrategyEmpty"),
        (
            {"dynamicDataSourceId": "s", "pullConfig": {"pullStrategy": "INTERVAL", "interval": 10}},
            "param.dynamicDataPullIntervalTimeUnitInvalid",
        ),
        (
            {
                "dynamicDataSourceId": "s",
                "pullConfig": {"pullStrategy": "INTERVAL", "interval": 2, "timeUnit": "SECONDS"},
            },
            "param.dynamicDataPullIntervalInvalid",
        ),
    ],
)
async def test_what_is_missing_is_refused_by_name(bench: Bench, source: dict[str, Any], code: str) -> None:
    body = delivery({"title": "日报"}, openDynamicDataConfig={"dynamicDataSourceConfigs": [source]})
    status, answer = await bench.api("POST", "/v1.0/card/instances/createAndDeliver", body)
    assert (status, answer["code"]) == (400, code)
