"""What sentences about lists mean."""

from datetime import date, datetime
from typing import Any

import pytest

from bot.core.clock import BEIJING, at_beijing
from bot.core.lists import Values
from handlers.filters.rules import NEVER, Meaning, says_conditions, understand
from handlers.filters.vocabulary import Leaving, Vocabulary, meant
from storage.filters import anywhere

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=BEIJING)  # a Wednesday
THERE = {
    "customer_class": ("重点客户", "普通客户"), "industry": ("制造业", "贸易"), "source": ("展会", "转介绍"),
    "city": ("杭州", "宁波"),
}  # fmt: skip
PEOPLE = {"李娜": ("lina04",), "赵磊": ("zhao05",)}


def vocabulary(**more: Any) -> Vocabulary:
    return Vocabulary(
        **{
            "values": lambda column, word: meant(word, THERE[column]),
            "stages": {"方案报价": 3, "赢单": 5},
            "owners": lambda name: PEOPLE.get(name, ()),
            "in_names": lambda word: word in "宁波华东精密机械有限公司",
            "leaving": Leaving(30, None, "unlocked"),
            **more,
        }
    )


def read(text: str, **more: Any) -> Meaning:
    return understand(text, vocabulary(**more), NOW)


def day(month: int, number: int) -> datetime:
    return at_beijing(NOW.date().replace(month=month, day=number))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("制造业", (Values("industry", ("制造业",)),)),
        ("重点", (Values("customer_class", ("重点客户",)),)),
        ("制造", (Values("industry", ("制造业",)),)),
        ("贸易行业", (Values("industry", ("贸易",)),)),
        ("重点客户 展会", (Values("customer_class", ("重点客户",)), Values("source", ("展会",)))),
        ("制造业 贸易", (Values("industry", ("制造业", "贸易")),)),
        ("行业 制造业", (Values("industry", ("制造业",)),)),
        ("行业：贸易", (Values("industry", ("贸易",)),)),
        ("来源是展会", (Values("source", ("展会",)),)),
        ("不是制造业", (Values("industry", ("制造业",), but=True),)),
        ("非展会", (Values("source", ("展会",), but=True),)),
        ("杭州的客户", (Values("city", ("杭州",)),)),
        ("有哪些制造业的客户", (Values("industry", ("制造业",)),)),
    ],
)
def test_values(text: str, expected: tuple[Values, ...]) -> None:
    found = read(text)
    assert found.wanted.values == expected
    assert not found.unknown


@pytest.mark.parametrize(
    "text", ["30天未跟进", "30天没跟进", "三十天没联系过的客户", "超过30天没有跟进", "30 天以上没跟进", "一个月没联系"]
)
def test_quiet(text: str) -> None:
    found = read(text)
    assert found.wanted.quiet_since == day(10, 27)  # as the reminder counts: due when today − base ≥ 30
    assert found.told == ("30 天没跟进",)


@pytest.mark.parametrize(
    ("text", "name", "start", "end"),
    [
        ("上月新建", "created", day(10, 1), day(11, 1)),
        ("新建 上月", "created", day(10, 1), day(11, 1)),
        ("本周新建的客户", "created", day(11, 23), day(11, 30)),
        ("上月", "created", day(10, 1), day(11, 1)),
        ("前天新建", "created", day(11, 23), day(11, 24)),
        ("本周跟进过", "followed", day(11, 23), day(11, 30)),
        ("最近7天跟进", "followed", day(11, 19), day(11, 26)),
        ("下次跟进 本周", "planned", day(11, 23), day(11, 30)),
        ("明天要联系", "planned", day(11, 26), day(11, 27)),
        ("11月1日到11月5日新建", "created", day(11, 1), day(11, 6)),
    ],
)
def test_dates_are_resolved_when_asked(text: str, name: str, start: datetime, end: datetime) -> None:
    found = read(text)
    assert getattr(found.wanted, name) == (start, end), found
    assert not found.unknown


def test_everything_combines() -> None:
    found = read("重点客户 展会 李娜 上月新建 方案报价 未成交 没有下一步 精密 按名称倒序 第2页")
    wanted = found.wanted
    assert wanted.owners == ("lina04",)
    assert wanted.stages == (3,)
    assert (wanted.closed, wanted.has_plan, wanted.names) == (False, False, ("精密",))
    assert (wanted.sort, wanted.descending, found.page) == ("pinyin", True, 2)
    assert not found.unknown
    assert "第" not in found.without_page
    assert read(found.without_page).wanted == wanted
    assert found.told[-1] == "按名称倒序"


@pytest.mark.parametrize(
    ("text", "sort", "descending"),
    [
        ("按最近跟进", "touched_at", True), ("按最近跟进升序", "touched_at", False), ("按新建时间", "created_at", True),
        ("按金额", "amount", True), ("按金额从低到高", "amount", False), ("按名称", "pinyin", False),
        ("按下次跟进排序", "next_follow_up_at", False),
    ],
)  # fmt: skip
def test_orders(text: str, sort: str, descending: bool) -> None:
    found = read(text)
    assert (found.wanted.sort, found.wanted.descending, found.unknown) == (sort, descending, ())


def test_leaving_soon_is_seven_days_before_the_rule() -> None:
    found = read("快掉公海").wanted
    assert (found.quiet_since, found.more) == (day(11, 3), ("unlocked",))
    assert read("快掉公海", leaving=None).unknown == ("快掉公海",)
    for since, quiet in ((date(2026, 11, 2), day(11, 3)), (date(2026, 11, 3), at_beijing(NEVER))):
        assert read("快掉公海", leaving=Leaving(30, since, "")).wanted.quiet_since == quiet, "a rule so young"


def test_a_word_that_is_nothing_is_named_and_not_dropped() -> None:
    found = read("制造业 阿巴阿巴")
    assert found.unknown == ("阿巴阿巴",)
    assert found.told == ("制造业",)
    assert read("行业 航天").unknown == ("行业 航天",)


def test_a_hidden_field_is_no_word() -> None:
    def seen(column: str, word: str) -> tuple[str, ...]:
        return () if column == "source" else meant(word, THERE[column])

    hidden, nonsense = read("展会 制造业", values=seen), read("阿巴 制造业", values=seen)
    assert hidden.wanted == nonsense.wanted
    assert hidden.unknown == ("展会",) and nonsense.unknown == ("阿巴",)
    assert read("按金额", amounts=False).wanted.sort == "touched_at"
    assert read("按下次跟进", plans=False).unknown and read("没有下一步", plans=False).unknown
    assert read("方案报价", stages={}).unknown == ("方案报价",)


@pytest.mark.parametrize(
    ("text", "values", "told", "words"),
    [
        ("食品", (), ("食品",), 1),
        ("杭州 机械", (), ("杭州", "机械"), 2),
        ("里有哪些白酒客户", (), ("白酒",), 1),
        ("城市=宁波 等级重点 食品", (Values("city", ("宁波",)), Values("customer_class", ("重点客户",))),
         ("宁波", "重点客户", "食品"), 1),
        ("行业 制造业 按名称", (Values("industry", ("制造业",)),), ("制造业", "按名称升序"), 0),
        ("不要贸易", (), ("不是贸易",), 1),
        ("非标设备", (), ("非标设备",), 1),
        ("30天没跟进", (), ("30天没跟进",), 1),  # the pool does not tell: a word like any other, in no name
        ("已成交", (), ("已成交",), 1),
    ],
)  # fmt: skip
def test_the_pool_is_asked_in_the_same_words(
    text: str, values: tuple[Values, ...], told: tuple[str, ...], words: int
) -> None:
    """A word by itself is looked for wherever the pool shows words; behind a label, in that field."""
    found = read(text, anywhere=anywhere)
    assert (found.wanted.values, found.told, found.unknown) == (values, told, ())
    assert len(found.wanted.more) == words
    assert found.wanted.quiet_since is None and found.wanted.closed is None


def test_what_the_pool_does_not_show_is_no_condition_there() -> None:
    kept = ("customer_class", "industry", "city")
    words = {"anywhere": anywhere, "values": lambda c, w: meant(w, THERE[c]) if c in kept else ()}
    assert read("来源 展会", **words).unknown == ("来源 展会",)
    assert read("按金额", **words).unknown == ("按金额",)


@pytest.mark.parametrize("word", ["A", "a类", "A类客户"])
def test_a_class_is_called_by_its_letter(word: str) -> None:
    assert meant(word, ("A类客户", "B类客户")) == ("A类客户",)


def test_what_speaks_of_a_list() -> None:
    assert says_conditions("谁10天没跟进", alone=True)
    assert says_conditions("快掉公海的客户", alone=True)
    assert not says_conditions("华兴", alone=True)
    assert says_conditions("按名称") and not says_conditions("华兴")
