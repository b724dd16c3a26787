"""Short answers, the words around a list's conditions, and politeness before a command."""

from datetime import datetime

import pytest

from bot.core.clock import BEIJING
from bot.language.commands import without_politeness
from bot.language.filters import ListWords, page_wanted, read_list
from bot.language.replies import is_later, is_no, is_yes, ordinal
from bot.language.times import is_correction, only_time

NOW = datetime(2026, 9, 16, 10, 30, tzinfo=BEIJING)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("2", 2), ("２", 2), ("第二家", 2), ("二", 2), ("选1", 1), ("第3个", 3), ("3号", 3), ("10", 10), ("1。", 1),
        ("两家都要", None), ("2000", None), ("13812345678", None), ("华兴", None), ("", None), ("2 家公司", None),
    ],
)  # fmt: skip
def test_which_one(text: str, place: int | None) -> None:
    assert ordinal(text) == place


@pytest.mark.parametrize(
    ("text", "yes", "no", "later"),
    [
        ("是的", True, False, False), ("对", True, False, False), ("就是这家", True, False, False),
        ("OK", True, False, False), ("都不是", False, True, False), ("不对！", False, True, False),
        ("没定呢", False, False, False), ("还没定", False, False, True), ("不知道", False, False, True),
        ("对方要8折", False, False, False), ("好像不是", False, False, False),
    ],
)  # fmt: skip
def test_yes_no_later(text: str, yes: bool, no: bool, later: bool) -> None:
    assert (is_yes(text), is_no(text), is_later(text)) == (yes, no, later)


@pytest.mark.parametrize(
    ("text", "words", "page"),
    [
        ("", (), 1), ("杭州 机械", ("杭州", "机械"), 1), ("里有哪些白酒客户", ("白酒",), 1), ("有多少", (), 1),
        ("白酒 第2页", ("白酒",), 2), ("第三页", (), 3), ("杭州的客户", ("杭州",), 1), ("里面还有什么", (), 1),
        ("列表", (), 1), ("杭州、机械，重点客户", ("杭州", "机械", "重点"), 1), ("里程碑科技", ("里程碑科技",), 1),
        ("上海", ("上海",), 1), ("中天钢铁", ("中天钢铁",), 1), ("词 " * 50, ("词",) * 6, 1),
    ],
)  # fmt: skip
def test_the_conditions_of_a_list(text: str, words: tuple[str, ...], page: int) -> None:
    assert read_list(text) == ListWords(words, page)


def test_a_condition_is_cut_to_what_can_be_shown() -> None:
    assert read_list("长" * 3000).words == ("长" * 20,)


@pytest.mark.parametrize(
    ("text", "page"),
    [("下一页", 3), ("更多", 3), ("上一页", 1), ("第5页", 5), ("第十页", 10), ("页", None), ("下周", None)],
)
def test_another_page(text: str, page: int | None) -> None:
    assert page_wanted(text, 2) == page


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("请帮我看看公海", "公海"), ("我要领取长虹", "领取长虹"), ("麻烦你查 华兴", "查 华兴"),
        ("公海", "公海"),
        ("看看", "看看"), ("要月底前发货", "要月底前发货"),
        ("想要报价", "想要报价"),
        ("再联系人家一次", "再联系人家一次"),
    ],
)  # fmt: skip
def test_politeness_goes_and_content_stays(text: str, rest: str) -> None:
    assert without_politeness(text) == rest


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("周五", "周五"), ("下周三下午3点", "下周三下午3点"), ("下次周五再打", "周五"), ("不对，是下周一", "下周一"),
        ("改成月底", "月底"), ("明天吧", "明天"), ("今天有什么安排", None),
        ("周五他们付款", None), ("明天和后天", None), ("没定", None), ("报价后天给他们看过了", None),
    ],
)  # fmt: skip
def test_a_message_of_one_time_and_nothing_else(text: str, found: str | None) -> None:
    time = only_time(text, NOW)
    assert (time.text if time is not None else None) == found


def test_a_correction_is_told_from_a_new_remark() -> None:
    assert is_correction("不对，是周五") and is_correction("改到周五") and not is_correction("周五再打")
