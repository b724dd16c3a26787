"""自检: each missing permission by name and where to switch it on, and the two scopes side by side."""

import pytest

from tests.support.stage import Stage

POINTS = ("qyapi_get_department_list", "qyapi_get_department_member", "qyapi_get_member", "qyapi_base")


async def result(stage: Stage) -> str:
    items = await stage.say("chen01", "自检")
    return str(items[-1]["text"])


async def test_all_is_well(stage: Stage) -> None:
    text = await result(stage)
    assert "都正常" in text and "可使用 5 人（使用范围：部分员工：销售部、陈静）" in text
    assert "通讯录可读 6 人 / 5 个部门" in text and "太小" not in text
    assert "管理员的功能" in (await stage.ask("lina04", "自检"))["text"]


@pytest.mark.parametrize("point", POINTS)
async def test_a_missing_point_is_named_with_the_place_to_mend_it(stage: Stage, point: str) -> None:
    await stage.request("PATCH", "/knobs", {"denied_permissions": [point]})
    text = await result(stage)
    line = next(part for part in text.split("\n") if f"搜索 {point}" in part)
    assert "缺少" in line and "open-dev.dingtalk.com" in line and "权限管理" in line
    assert text.count("缺少") == 1, text


async def test_without_the_card_permission_answers_come_as_words(stage: Stage) -> None:
    await stage.request("PATCH", "/knobs", {"denied_permissions": ["Card.Instance.Write"]})
    assert "Card.Instance.Write" in await result(stage)
    item = await stage.ask("lina04", "公海")
    assert item["kind"] == "markdown" and "领取" in item["text"]


async def test_an_address_book_smaller_than_the_usage_scope_is_warned_of(stage: Stage) -> None:
    await stage.request("PUT", "/company/scope", {"departments": [101], "users": ["chen01"]})
    text = await result(stage)
    assert "可使用 5 人" in text and "通讯录可读 4 人 / 1 个部门 ← 太小" in text and "1 人读不到" in text
    await stage.ask("chen01", "使用范围 全部员工")
    assert "可使用 6 人" in await result(stage)
