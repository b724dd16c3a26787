"""People's words inside markdown do nothing there, and look as they were written where they could not (S2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.markup import escape, inert


@pytest.mark.parametrize(
    "plain",
    [
        "成发科技(重庆)有限公司",
        "C#软件",
        "2~3天",
        "a_b@example.com",
        "A>B",
        "H&M",
        "9/16 10:00",
        "价格-折扣",
        "犇鑫淼😀",
    ],
)
def test_what_does_nothing_stays(plain: str) -> None:
    assert escape(plain) == plain and inert(plain) == plain


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("[x](dtmd://dingtalkclient/sendMessage?content=a)", "［x］(dtmd：//dingtalkclient/sendMessage?content=a)"),
        ("![](http://e/x.png)", "!［］(http://e/x.png)"),
        ("**粗**", "＊＊粗＊＊"),
        ("a\n# 标题", "a # 标题"),
        ("# 标题", "＃ 标题"),
        ("> 引", "＞ 引"),
        ("<font color=red>红</font>", "＜font color=red>红＜/font>"),
        ("倒\u202e序\u200b字", "倒序字"),
        ("_斜_", "＿斜＿"),
        ("~~删~~", "～～删～～"),
        ("`码`", "＇码＇"),
    ],
)
def test_markup_is_drawn_by_its_wide_twin(written: str, shown: str) -> None:
    assert escape(written) == shown


def test_our_own_marks_stay() -> None:
    assert inert("**管理员**\n- 同步组织（[x](y)）") == "**管理员**\n- 同步组织（［x］(y)）"
    assert inert("「华****技」由 李娜 负责") == "「华****技」由 李娜 负责"
    assert "**" not in inert("「华****技」和「天****司」"), "two runs could pair"


@given(st.text(max_size=60))
def test_nothing_is_left_that_links_or_breaks_the_line(text: str) -> None:
    shown = escape(text)
    assert not set("[]`*\\\n\r") & set(shown)
    assert escape(shown) == shown
