"""Forms on cards: what is missing is asked for at once, and a sentence is as good an answer."""

import asyncio
from typing import Any

import pytest
from sqlmodel import select

from bot.dispatch.drawing import TapAnswer
from bot.dispatch.messages import RawTap
from bot.stream.link import StreamLimits
from storage.tables import Contact, Customer
from tests.journeys.conftest import DRAWN
from tests.support.stage import Stage
from tests.support.world import small_world


async def customers_named(stage: Stage, name: str) -> list[Customer]:
    def look(tx: Any) -> list[Customer]:
        return list(tx.exec(select(Customer).where(Customer.name == name)).all())

    return await stage.app.db.system(look)


async def test_what_is_missing_is_one_form_with_the_known_filled_in(stage: Stage) -> None:
    before = len(await stage.calls())
    item = await stage.ask("lina04", "新建客户 无锡天虹轴承 展会")
    assert len((await stage.calls())[before:]) == 1
    card = await stage.card("lina04", item)
    fields = {f["name"]: f for f in card["form"]["fields"]}
    assert fields["name"]["value"] == "无锡天虹轴承" and fields["name"]["required"]
    assert fields["source"]["value"]["value"] == "展会"
    assert [o["text"] for o in fields["source"]["options"]] == ["展会", "网络", "转介绍"]
    assert "industry" not in fields, "no dictionary, not asked for"
    before = len(await stage.calls())
    made = await stage.fill("lina04", item, contact="陈强", mobile="138 1234 5111", source="转介绍")
    assert made["status"] == "ok" and len((await stage.calls())[before:]) == 0, "answered in the ack"
    assert "已创建 无锡天虹轴承" in made["card"]["text"] and made["card"]["form"] is None
    assert "陈强 13812345111" in made["card"]["text"] and "转介绍" in made["card"]["text"]
    [row] = await customers_named(stage, "无锡天虹轴承")
    assert row.source == "转介绍" and row.owner_id == "lina04"
    said = await stage.ask("lina04", "华兴科技")
    assert said["title"] == "华兴科技有限公司", "the question beside the form is settled"
    await stage.tap("lina04", item, "撤销")
    assert "已撤销" in (await stage.card("lina04", item))["text"]


async def test_bad_input_keeps_what_was_entered_and_names_the_field(stage: Stage) -> None:
    item = await stage.ask("lina04", "新建客户")
    bad = await stage.fill("lina04", item, name="绍兴天马纺织", mobile="12", source="网络")
    assert "「电话」" in bad["card"]["text"] and "「12」" in bad["card"]["text"]
    values = {f["name"]: f["value"] for f in bad["card"]["form"]["fields"]}
    assert values["name"] == "绍兴天马纺织" and values["mobile"] == "12" and values["source"]["value"] == "网络"
    empty = await stage.fill("lina04", item, mobile="")
    assert "「联系人」和「电话」" in empty["card"]["text"]
    done = await stage.fill("lina04", item, mobile="0575-88886666")
    assert "已创建 绍兴天马纺织" in done["card"]["text"] and "认不出" not in done["card"]["text"]


async def test_a_double_submit_creates_once(both: Stage) -> None:
    item = await both.ask("lina04", "新建客户 温州双发电器")
    answers = await asyncio.gather(*(both.fill("lina04", item, contact="陈强") for _ in range(3)))
    assert all("已创建 温州双发电器" in a["card"]["text"] for a in answers)
    assert len(await customers_named(both, "温州双发电器")) == 1
    stale = {
        "as": "lina04", "force": True, "action_ids": ["form"],
        "params": {"action": "customers.submit_new", "ids": {}, "form": {"name": "温州双发电器", "contact": "陈强"}},
    }  # fmt: skip
    again = await both.post(f"/cards/{item['card']['out_track_id']}/tap", stale)
    assert "没有重复处理" in again["card"]["text"]
    assert len(await customers_named(both, "温州双发电器")) == 1


async def test_a_likeness_is_asked_about_on_the_card(stage: Stage) -> None:
    item = await stage.ask("lina04", "新建客户")
    doubt = await stage.fill("lina04", item, name="舟山海天渔具", contact="李四", mobile="13812345678")
    assert "可能重复" in doubt["card"]["text"] and not await customers_named(stage, "舟山海天渔具")
    made = await stage.tap("lina04", item, "仍要新建")
    assert "已创建 舟山海天渔具" in made["card"]["text"]
    assert len(await customers_named(stage, "舟山海天渔具")) == 1


async def test_a_form_is_for_the_person_it_was_sent_to(stage: Stage) -> None:
    item = await stage.ask("lina04", "新建客户 台州别动模具")
    body = {
        "as": "zhao05", "force": True, "action_ids": ["form"],
        "params": {"action": "customers.submit_new", "form": {"contact": "陈强"}},
    }  # fmt: skip
    await stage.post(f"/cards/{item['card']['out_track_id']}/tap", body)
    assert not await customers_named(stage, "台州别动模具")
    await stage.post("/cards/dc-never-sent/tap", body)
    assert not await customers_named(stage, "台州别动模具")


@pytest.mark.parametrize("template", ["", "public", "none"])
async def test_a_sentence_answers_the_form_whatever_draws_it(stage: Stage) -> None:
    asked = await stage.ask("lina04", "新建客户 无锡天虹轴承")
    assert "还差电话或联系人" in asked["text"] and "陈强 13812345678" in asked["text"]
    made = await stage.ask("lina04", "陈强 13812345111 展会")
    assert "已创建 无锡天虹轴承" in made["text"]
    [row] = await customers_named(stage, "无锡天虹轴承")
    assert row.source == "展会"


@DRAWN
async def test_a_contact_without_words_is_a_form_of_the_customer_last_spoken_of(stage: Stage, template: str) -> None:
    await stage.ask("lina04", "查 华星电子")
    item = await stage.ask("lina04", "联系人")
    assert "华星电子有限公司" in item["text"]
    if template:
        said = await stage.ask("lina04", "吴敏 财务 13900002222")
        assert "吴敏" in said["text"]
    else:
        wrong = await stage.fill("lina04", item, customer="没有这家", name="吴敏")
        assert "「客户」没有找到「没有这家」" in wrong["card"]["text"]
        values = {f["name"]: f["value"] for f in wrong["card"]["form"]["fields"]}
        assert values["name"] == "吴敏"
        first, second = await asyncio.gather(
            *(stage.fill("lina04", item, customer="华星电子", title="财务", mobile="13900002222") for _ in range(2))
        )
        assert "吴敏 财务 13900002222" in first["card"]["text"] and "吴敏" in second["card"]["text"]

    def look(tx: Any) -> list[Contact]:
        return list(tx.exec(select(Contact).where(Contact.name == "吴敏")).all())

    assert [c.title for c in await stage.app.db.system(look)] == ["财务"]


@DRAWN
async def test_an_answer_past_the_budget_follows_as_an_update(stage: Stage, template: str) -> None:
    item = await stage.ask("lina04", "查 华星电子")
    stage.app.desk.taps.budget = 0
    late = await stage.tap("lina04", item, "记跟进")
    assert "处理中…" in late["card"]["text"]
    await stage.settle()
    now = (await stage.card("lina04", item))["text"]
    assert "处理中" not in now and "聊了什么" in now
    if not template:
        form = await stage.ask("lina04", "新建客户")
        assert "处理中…" in (await stage.fill("lina04", form, name="宁波慢半拍电器", contact="陈强"))["card"]["text"]
        await stage.settle()
        made = await stage.card("lina04", form)
        assert "已创建 宁波慢半拍电器" in made["text"] and "处理中" not in made["text"] and made["form"] is None


@DRAWN
async def test_an_answer_whose_acknowledgement_is_too_late_follows_too(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine stalls between the work and its answer: what was done shows on the card all the same."""
    item = await stage.ask("lina04", "公海")
    tap = stage.app.desk.taps.tap

    async def stalled(raw: RawTap) -> TapAnswer:
        answer = await tap(raw)
        await asyncio.sleep(StreamLimits().tap_answer + 0.2)
        return answer

    monkeypatch.setattr(stage.app.desk.taps, "tap", stalled)
    await stage.tap("lina04", item, "领取")
    assert stage.app.stream.counters.late_taps == 1
    assert "领取成功" in (await stage.card("lina04", item))["text"]


@pytest.fixture
def world(request: pytest.FixtureRequest) -> dict[str, Any]:
    made = small_world()
    for function in getattr(request, "param", ()):
        made["roles"][0]["functions"] = [f for f in made["roles"][0]["functions"] if f != function]
    return made


@pytest.mark.parametrize("world", [("customer:add", "contact:add")], indirect=True)
async def test_without_the_function_there_is_no_form(stage: Stage) -> None:
    for words in ("新建客户", "联系人"):
        assert (await stage.ask("lina04", words))["kind"] == "markdown"
