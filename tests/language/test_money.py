"""Amounts as they are said, and as the product writes them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language.money import find_amounts, in_words, parse_amount, show_money, show_money_short
from bot.language.numbers import chinese_integer, integer, spelled_digits, to_chinese

KNOWN = """
3.5万 35000
三万五 35000
35k 35000
50w 500000
50W 500000
20K 20000
1,200.50 1200.50
1,200.00元 1200
￥3000 3000
¥3,000.00 3000
1.2亿 120000000
3千5 3500
三千五 3500
12万5千 125000
12万5 125000
12万5千3百 125300
0.8个亿 80000000
一百二 120
一百零二 102
二百五 250
壹拾贰万伍仟元整 125000
叁拾贰元伍角陆分 32.56
80,000元 80000
3500元5角 3500.5
3块5 3.5
十二块五 12.5
八毛 0.8
三点五万 35000
一点二亿 120000000
百万 1000000
两百五十 250
十五万 150000
十万 100000
一百二十万五 1205000
1亿2千万 120000000
两万零五 20005
三万五百 30500
12.5_万 125000
３５０００ 35000
伍万元整 50000
五万整 50000
一千零五十 1050
1200 1200
1200.5 1200.5
1.5千万 15000000
人民币5万元 50000
"""

REFUSED = [
    "几十万",
    "十几万",
    "30多万",
    "五十来万",
    "上百万",
    "数十万",
    "两三万",
    "三五万",
    "30-50万",
    "3万到5万",
    "3.5万5",
    "10万多",
    "近百万",
]
DOUBTED = ["20万左右", "约30万", "大概5万", "-500", "5万以上", "1.005元", "12万元3", "三万块的设备款吧还有"]


@pytest.mark.parametrize("line", KNOWN.strip().splitlines())
def test_known_amount(line: str) -> None:
    text, value = line.split()
    found = parse_amount(text.replace("_", " "))
    assert found is not None
    assert found.value == Decimal(value)
    assert found.sure, found.reason


@pytest.mark.parametrize("text", REFUSED)
def test_open_amounts_are_refused(text: str) -> None:
    found = parse_amount(text)
    assert found is not None
    assert found.value is None
    assert not found.sure


@pytest.mark.parametrize("text", DOUBTED)
def test_doubtful_amounts_are_asked_about(text: str) -> None:
    found = parse_amount(text)
    assert found is None or not found.sure


@pytest.mark.parametrize("text", ["", "万", "元", "好的", "8折", "6%", "abc", "点", "1,23,4", "3万和5万", ".5万"])
def test_no_single_amount(text: str) -> None:
    found = parse_amount(text)
    assert found is None or not found.sure


def test_amounts_of_a_sentence() -> None:
    text = (
        "聊了报价，给他35万，再让2万，要3台设备，5千克，6%，8折，"
        "13812345678，千万别忘了，2026年合同1,200.50元，50家，3万台"
    )
    found = find_amounts(text)
    assert [(a.text, a.value, a.sure) for a in found] == [
        ("35万", Decimal(350000), True),
        ("2万", Decimal(20000), True),
        ("1,200.50元", Decimal("1200.50"), True),
    ]
    assert all(text[a.start : a.end] == a.text for a in found)


def test_a_full_width_comma_parts_numbers() -> None:
    assert [a.value for a in find_amounts("付了1元，200元")] == [Decimal(1), Decimal(200)]


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("50000", "伍万元整"),
        ("300000", "叁拾万元整"),
        ("1004.5", "壹仟零肆元伍角整"),
        ("0", "零元整"),
        ("0.05", "伍分"),
        ("0.5", "伍角整"),
        ("1.05", "壹元零伍分"),
        ("10010", "壹万零壹拾元整"),
        ("100000001", "壹亿零壹元整"),
        ("20000305.30", "贰仟万零叁佰零伍元叁角整"),
        ("107000.53", "壹拾万柒仟元伍角叁分"),
        ("-3", "负叁元整"),
    ],
)
def test_in_words(amount: str, words: str) -> None:
    assert in_words(Decimal(amount)) == words


def test_what_is_too_large_for_words_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        in_words(Decimal(10) ** 12)


@pytest.mark.parametrize(
    ("amount", "short"),
    [
        ("125000", "12.5 万"),
        ("123456", "12.35 万"),
        ("300000", "30 万"),
        ("120000000", "1.2 亿"),
        ("99999999", "1 亿"),
        ("9999.5", "9,999.50 元"),
        ("0", "0 元"),
        ("-125000", "-12.5 万"),
        ("12345678901", "123.46 亿"),
    ],
)
def test_short_form(amount: str, short: str) -> None:
    assert show_money_short(Decimal(amount)) == short


def test_full_form() -> None:
    assert show_money(Decimal("1234.5")) == "¥1,234.50"
    assert show_money(Decimal("0.005")) == "¥0.01"
    assert show_money(Decimal(-12)) == "-¥12.00"
    assert show_money(Decimal("-0.001")) == "¥0.00"


@given(st.integers(1, 10**13))
def test_what_is_written_is_read_back(fen: int) -> None:
    amount = Decimal(fen) / 100
    for text in (show_money(amount), in_words(amount), f"{amount}元"):
        found = parse_amount(text)
        assert found is not None
        assert (found.value, found.sure) == (amount, True)


@given(st.integers(0, 10**12 - 1))
def test_chinese_integers_round_trip(number: int) -> None:
    assert chinese_integer(to_chinese(number)) == number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("十", 10),
        ("十五", 15),
        ("二十", 20),
        ("廿三", 23),
        ("两百", 200),
        ("一百二", 120),
        ("二〇二六", 2026),
        ("三亿零五", 300000005),
    ],
)
def test_chinese_integers(text: str, value: int) -> None:
    assert chinese_integer(text) == value


@pytest.mark.parametrize("text", ["", "两三", "三五", "百", "一二三", "十百", "二千三千", "abc", "零五零"])
def test_what_is_no_one_integer(text: str) -> None:
    assert chinese_integer(text) in {None, 50 if text == "零五零" else None}


def test_integers_of_both_scripts() -> None:
    assert integer("12") == 12
    assert integer("十二") == 12
    assert integer("1" * 30) is None
    assert spelled_digits("幺三八") == 138
    assert spelled_digits("十") is None
    assert to_chinese(0) == "零"
    assert to_chinese(12) == "十二"
    with pytest.raises(ValueError):
        to_chinese(-1)


_ALPHABET = st.sampled_from(
    "0123456789.,零一二两三四五六七八九十百千万亿壹贰拾佰仟点个几多来余元块角分毛整wWkK¥￥-~到约 左右"
)


@given(st.text(max_size=30) | st.text(_ALPHABET, max_size=15))
def test_no_text_raises_and_offsets_hold(text: str) -> None:
    for bare in (False, True):
        for amount in find_amounts(text, bare=bare):
            assert 0 <= amount.start < amount.end <= len(text)
            assert amount.text in text
            assert amount.sure or amount.reason
            assert not amount.sure or amount.value is not None
    parse_amount(text)


@given(st.integers(1, 99), st.integers(0, 9))
def test_digits_beside_an_amount_make_it_unsure(number: int, digit: int) -> None:
    found = find_amounts(f"{number}万元{digit}")
    assert len(found) == 1
    assert not found[0].sure
