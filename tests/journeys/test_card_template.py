"""Which template cards are drawn with: imported once, public when that is refused, and never a lost answer."""

from typing import Any

import pytest

from bot.commands import card_template
from bot.commands.doctor import _card_template as examine
from bot.dingtalk.templates import PERMISSION
from cards.renderers import PUBLIC_TEMPLATE, OwnTemplateRenderer, PublicTemplateRenderer, WordsRenderer
from cards.template import FILE
from storage import card_templates
from tests.support.stage import Stage

CREATE = "/v1.0/card/instances/createAndDeliver"


async def kept(stage: Stage) -> card_templates.KeptTemplate:
    return await stage.app.db.system(card_templates.read)


async def refuse(stage: Stage, times: int, code: str = "param.templateNotExist") -> None:
    body = {"code": code, "message": "模板不存在"}
    await stage.post("/faults", {"path": CREATE, "method": "*", "times": times, "do": {"status": 400, "body": body}})


async def test_the_demo_imports_and_publishes_our_template(stage: Stage) -> None:
    item = await stage.ask("lina04", "公海")
    assert item["card"]["template"] == (await kept(stage)).template_id != PUBLIC_TEMPLATE
    assert stage.sandbox.cards.warnings == []
    before = len(await stage.calls())
    assert await card_template.ensure(stage.app) == item["card"]["template"], "once is enough"
    assert [c["method"] for c in (await stage.calls())[before:]] == ["GET"]


@pytest.mark.parametrize("code", ["param.templateNotExist", "param.templateUnpublished"])
async def test_a_refused_template_gives_way_to_the_public_one_and_is_told_once(stage: Stage, code: str) -> None:
    held = await stage.ask("lina04", "公海 食品")
    await refuse(stage, 1, code)
    item = await stage.ask("lina04", "公海 食品")
    assert item["card"]["template"] == PUBLIC_TEMPLATE and "累计领取 0/3" in item["text"]
    told = await stage.look("chen01")
    assert len(told) == 1 and held["card"]["template"] in told[0]["text"] and "dingcrm doctor" in told[0]["text"]
    assert (await stage.ask("lina04", "查 华兴科技"))["card"]["template"] == PUBLIC_TEMPLATE
    assert await stage.look("chen01") == []
    won = await stage.tap("lina04", held, "海蓝")
    assert "你已领取" in won["card"]["text"], "cards of before are answered as they were drawn"
    await stage.settle()
    assert "你已领取" in (await stage.card("lina04", item))["text"]
    await stage.app.choose_renderer()
    assert stage.app.renderer.template_id == PUBLIC_TEMPLATE, "also after a restart"


async def test_where_no_template_works_the_answer_is_words(stage: Stage) -> None:
    await refuse(stage, 9)
    asked = await stage.ask("lina04", "新建客户 无锡天虹轴承")
    assert asked["kind"] == "markdown" and "还差电话或联系人" in asked["text"]
    assert "已创建" in (await stage.ask("lina04", "陈强 13812345111"))["text"]


async def test_a_new_import_is_used_again(stage: Stage) -> None:
    await refuse(stage, 1)
    await stage.ask("lina04", "公海")
    first = (await kept(stage)).template_id
    second = await card_template.ensure(stage.app)
    assert second not in ("", first)
    assert (await stage.ask("lina04", "公海"))["card"]["template"] == second


@pytest.mark.parametrize("step", ["", "/save", "/publish"])
async def test_a_hiccup_while_importing_is_no_refusal(stage: Stage, step: str) -> None:
    body = {"code": "system.busy", "message": "系统繁忙"}
    fault = {"path": f"/v1.0/card/templates{step}", "method": "POST", "times": 1, "do": {"status": 504, "body": body}}
    await refuse(stage, 1)
    await stage.ask("lina04", "公海")
    await stage.post("/faults", fault)
    second = await card_template.ensure(stage.app)
    assert second and (await stage.ask("lina04", "公海"))["card"]["template"] == second


@pytest.mark.parametrize("template", ["public"])
async def test_without_the_permission_the_public_template_is_used(stage: Stage) -> None:
    stage.sandbox.knobs.denied_permissions = [PERMISSION]
    stage.app.settings = stage.app.settings.model_copy(update={"card_template": ""})
    assert await card_template.ensure(stage.app) == ""
    await stage.app.choose_renderer()
    assert (await stage.ask("lina04", "公海"))["card"]["template"] == PUBLIC_TEMPLATE


async def test_settings_come_first(stage: Stage) -> None:
    app, own = stage.app, (await kept(stage)).template_id
    kinds: dict[str, tuple[type[Any], str]] = {
        "": (OwnTemplateRenderer, own), "none": (WordsRenderer, ""),
        "public": (PublicTemplateRenderer, PUBLIC_TEMPLATE),
        "mine.schema": (OwnTemplateRenderer, "mine.schema"), PUBLIC_TEMPLATE: (PublicTemplateRenderer, PUBLIC_TEMPLATE),
    }  # fmt: skip
    for setting, (kind, template_id) in kinds.items():
        app.settings = app.settings.model_copy(update={"card_template": setting})
        await app.choose_renderer()
        assert (type(app.renderer), app.renderer.template_id) == (kind, template_id), setting


async def test_the_doctor_names_the_template_and_the_way_by_hand(stage: Stage) -> None:
    app, own = stage.app, (await kept(stage)).template_id
    good = await examine(app)
    assert good.state == "好" and own in good.text and str(FILE) in good.text
    await refuse(stage, 1)
    await stage.ask("lina04", "公海")
    again = await examine(app)
    assert again.state == "好" and "又可用了" in again.text
    assert (await kept(stage)).refused == ""
    app.settings = app.settings.model_copy(update={"card_template": "public"})
    public = await examine(app)
    assert PUBLIC_TEMPLATE in public.text and str(FILE) in public.text and "导入" in public.text
    app.settings = app.settings.model_copy(update={"card_template": "gone.schema"})
    gone = await examine(app)
    assert gone.state == "注意" and "gone.schema" in gone.text and str(FILE) in gone.text


async def test_a_form_in_a_group_card_is_nobodys_private_secret(stage: Stage) -> None:
    """A card without a holder keeps its private part in the public data, as a default for each viewer."""
    from bot.dispatch.drawing import for_holder
    from cards.customers import new_contact

    renderer = OwnTemplateRenderer("own.schema")
    drawn = for_holder(renderer, new_contact({}), None)
    assert drawn.private == {} and drawn.variables["form_shown"] == "yes"
    alone = for_holder(renderer, new_contact({}), "lina04")
    assert "form" not in alone.variables and alone.private["lina04"]["form_shown"] == "yes"
