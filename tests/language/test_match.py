"""Who is meant; and above all, who is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language.book import Book
from bot.language.match import Candidate, Tier, is_only_common, rank
from bot.language.sentence import find_in_sentence
from tests.language.people import (
    CUSTOMERS,
    HUADONG,
    HUAXING,
    HUAXING_TWIN,
    LANHAI,
    TENGFEI,
    YUANHANG,
    ZHOUDAFU,
    customer,
)


@pytest.mark.parametrize(
    ("query", "meant", "tier"),
    [
        ("宁波华东精密机械有限公司", HUADONG, Tier.FULL),
        ("宁波华东精密机械", HUADONG, Tier.KEY),
        ("宁波华东精密机械有限责任公司", HUADONG, Tier.KEY),
        ("华东精密", HUADONG, Tier.PART),
        ("「华东精密」", HUADONG, Tier.PART),
        ("華東精密", HUADONG, Tier.PART),
        ("蓝海", LANHAI, Tier.PART),
        ("远航老店", YUANHANG, Tier.FULL),
        ("13812345678", HUADONG, Tier.PHONE),
        ("138 1234 5678", HUADONG, Tier.PHONE),
        ("周大福", ZHOUDAFU, Tier.PART),
        ("abc电子", customer(11, "ABC电子"), Tier.FULL),
    ],
)
def test_certain(query: str, meant: Candidate, tier: Tier) -> None:
    match = rank(query, CUSTOMERS)
    assert match.certain is not None
    assert match.certain.id == meant.id
    assert match.tier is tier
    assert match.reason


@pytest.mark.parametrize(
    ("query", "best", "tier"),
    [
        ("hdjm", HUADONG, Tier.INITIALS),
        ("huadong", HUADONG, Tier.PINYIN),
        ("5678", HUADONG, Tier.PHONE_TAIL),
        ("陈强", HUADONG, Tier.CONTACT),
        ("华东机械", HUADONG, Tier.ABBREVIATION),
        ("华行", HUAXING, Tier.SOUND),
        ("兰海", LANHAI, Tier.SOUND),
        ("藤飞", TENGFEI, Tier.SOUND),
        ("华东精蜜", HUADONG, Tier.SOUND),
        ("华动精密", HUADONG, Tier.SOUND),
        ("华冬精秘", HUADONG, Tier.SOUND),
        ("华东金密机械", HUADONG, Tier.TYPO),
        ("蓝悔", LANHAI, Tier.TYPO),
        ("华东密机", HUADONG, Tier.ABBREVIATION),
        ("华东精工", HUADONG, Tier.TYPO),
    ],
)
def test_offered_and_never_certain(query: str, best: Candidate, tier: Tier) -> None:
    match = rank(query, CUSTOMERS)
    assert match.certain is None
    assert match.options[0].id == best.id
    assert match.tier is tier


@pytest.mark.parametrize("query", ["机械", "宁波", "北京", "科技", "有限公司", "北京科技"])
def test_what_many_firms_are_called_names_nobody_for_certain(query: str) -> None:
    assert rank(query, CUSTOMERS).certain is None
    assert is_only_common(query)


@pytest.mark.parametrize("query", ["", "  ", "？", "不存在", "蓝", "zzzz", "0000"])
def test_nobody(query: str) -> None:
    match = rank(query, CUSTOMERS)
    assert match.certain is None
    assert match.options == ()
    assert match.tier is Tier.NONE


def test_two_that_sound_alike_are_both_offered() -> None:
    """conversation.md B6 item 1: 跟进 华星 … lists 华星电子 and 华兴科技."""
    both = [HUAXING, HUAXING_TWIN]
    match = rank("华星", both)
    assert match.certain is None
    assert [c.id for c in match.options] == [HUAXING_TWIN.id, HUAXING.id]
    assert rank("华兴科技", both).certain == HUAXING


def test_a_part_of_two_names_is_offered_best_first_at_most_five() -> None:
    many = [customer(i, f"上海大华兴业{c}有限公司") for i, c in enumerate("甲乙丙丁戊己庚")] + [
        customer(99, "华兴科技有限公司")
    ]
    match = rank("华兴", many)
    assert match.certain is None
    assert match.options[0].id == 99
    assert (len(match.options), match.total) == (5, 8)


def test_equal_names_are_never_certain() -> None:
    twins = [customer(1, "华兴科技有限公司"), customer(2, "华兴科技有限公司")]
    assert rank("华兴科技有限公司", twins).certain is None
    assert len(rank("华兴科技有限公司", twins).options) == 2


def test_a_full_name_wins_over_a_longer_one() -> None:
    two = [customer(1, "华兴"), customer(2, "华兴科技")]
    assert rank("华兴", two).certain == two[0]


def test_many_names_with_the_same_words_hide_no_exact_one() -> None:
    crowd = [Candidate(i, f"宁波{i}科技有限公司") for i in range(2000)] + [Candidate(9999, "科技有限公司")]
    match = rank("科技有限公司", crowd)
    assert match.certain is not None
    assert match.certain.id == 9999


@pytest.mark.parametrize("query", ["宁波华东精密", "宁波市华东精密", "(华东精密)", "华东精密 "])
def test_regions_and_frames_do_not_disturb(query: str) -> None:
    assert rank(query, CUSTOMERS).options[:1] == (HUADONG,) or query == "宁波市华东精密"


@pytest.mark.parametrize(
    ("sentence", "words", "meant"),
    [
        ("华东精密 电话聊了报价", "华东精密", HUADONG),
        ("刚和华东精密通了电话", "华东精密", HUADONG),
        ("昨天拜访了蓝海机械他们不满意", "蓝海机械", LANHAI),
        ("去深圳市腾飞信息技术有限公司拜访", "深圳市腾飞信息技术有限公司", TENGFEI),
        ("宁波华东精密机械说要8折", "宁波华东精密机械", HUADONG),
        ("蓝海说要8折", "蓝海", LANHAI),
        ("把报价发给了腾飞，等回复", "腾飞", TENGFEI),
        ("華東精密 電話", "華東精密", HUADONG),
        ("华兴 说他们和宁波华东精密机械有限公司是对手", "华兴", HUAXING),
        ("远航那边说考虑", "远航", YUANHANG),
    ],
)
def test_name_in_a_sentence(sentence: str, words: str, meant: Candidate) -> None:
    hit = find_in_sentence(sentence, CUSTOMERS)
    assert hit is not None
    assert hit.text == words == sentence[hit.start : hit.end]
    assert hit.certain is not None
    assert hit.certain.id == meant.id


@pytest.mark.parametrize(
    "sentence",
    [
        "腾飞电子厂来电",
        "华兴电子有限公司来电",
        "蓝海贸易打电话来了",
        "华东区域的价格",
        "华东开发区的项目",
        "远航者集团要合作",
        "大华兴业来电",
        "明天再聊",
        "明天打电话给客户",
        "和陈强通了电话",
        "聊了报价要月底前发货",
        "宁波那边的机械厂",
        "今天好累",
        "",
    ],
)
def test_no_certain_name_in_a_sentence(sentence: str) -> None:
    hit = find_in_sentence(sentence, CUSTOMERS)
    assert hit is None or hit.certain is None


def test_a_date_is_not_the_beginning_of_a_name() -> None:
    assert find_in_sentence("明天再聊", CUSTOMERS) is None
    hit = find_in_sentence("明天科技 电话聊了", CUSTOMERS)
    assert hit is not None
    assert hit.certain is not None
    assert hit.certain.name == "北京明天科技有限公司"


def test_a_contacts_name_is_offered() -> None:
    hit = find_in_sentence("和陈强通了电话", CUSTOMERS)
    assert hit is not None
    assert hit.options == (HUADONG,)


def test_a_book_is_a_sequence_and_is_used_again() -> None:
    book = Book(CUSTOMERS)
    assert len(book) == len(CUSTOMERS)
    assert book[0] == HUADONG
    assert list(book[1:3]) == CUSTOMERS[1:3]
    assert Book.of(book) is book
    assert rank("华东精密", book) == rank("华东精密", CUSTOMERS)
    assert find_in_sentence("华东精密", Book([])) is None


@given(
    st.text(max_size=30)
    | st.text(st.sampled_from("华东精密蓝海兴星远航科技有限公司宁波北京机械电话聊了明天，。 abc123"), max_size=20)
)
def test_no_text_raises(text: str) -> None:
    match = rank(text, CUSTOMERS)
    assert len(match.options) <= 5
    assert match.certain is None or match.certain == match.options[0]
    hit = find_in_sentence(text, CUSTOMERS)
    if hit is not None:
        assert text[hit.start : hit.end] == hit.text
        assert hit.certain is None or hit.certain in hit.options


_SYLLABLES = st.text(st.sampled_from("华东精密蓝海兴星远航腾飞明德盛恒达宏图伟业金鼎泰安"), min_size=2, max_size=4)


@given(
    st.lists(_SYLLABLES, min_size=2, max_size=8, unique=True),
    st.integers(0, 7),
    st.sampled_from(["科技", "贸易", "机械"]),
)
def test_certainty_is_never_somebody_else(parts: list[str], chosen: int, kind: str) -> None:
    """Whoever is asked for by his full name or sentence is met himself or nobody."""
    candidates = [customer(i, f"宁波{part}{kind}有限公司") for i, part in enumerate(parts)]
    meant = candidates[chosen % len(candidates)]
    for query in (meant.name, meant.name.removesuffix("有限公司"), meant.name[2:].removesuffix("有限公司")):
        found = rank(query, candidates)
        assert found.certain in {meant, None}
        hit = find_in_sentence(f"{query} 电话聊了报价", candidates)
        assert hit is None or hit.certain in {meant, None}
    assert rank(meant.name, candidates).certain == meant


@given(st.lists(_SYLLABLES, min_size=2, max_size=6, unique=True))
def test_an_unknown_firm_in_a_sentence_is_nobody(parts: list[str]) -> None:
    """A firm not in the list, whose name only begins like a customer's, is not taken for him."""
    known = [customer(i, f"{part}科技有限公司") for i, part in enumerate(parts)]
    for part in parts:
        hit = find_in_sentence(f"{part}电子有限公司 电话聊了报价", known)
        assert hit is None or hit.certain is None
