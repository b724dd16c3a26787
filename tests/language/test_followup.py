"""One sentence, one follow-up: customer, method, content, next time."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.clock import BEIJING
from bot.language.followup import FollowUpSlots, Problem, read_follow_up
from bot.language.match import Candidate
from bot.language.methods import find_method, nearest_value
from tests.language.people import CUSTOMERS, HUAXING, HUAXING_TWIN, METHODS, YUANHANG, customer

NOW = datetime(2026, 9, 16, 10, 30, tzinfo=BEIJING)

# sentence | customer | method | content | next | happened
SENTENCES = """
跟进 华东精密 电话聊了报价，下周三下午3点再打 | 华东 | 电话 | 聊了报价 | 09-23 15:00 |
跟进 华兴科技 电话聊了报价，对方要8折，下周三下午3点再打 | 华兴 | 电话 | 聊了报价，对方要8折 | 09-23 15:00 |
跟進 華東精密 電話聊了報價，下週三下午3點再打 | 华东 | 电话 | 聊了報價 | 09-23 15:00 |
跟进　华东精密　电话聊了报价 | 华东 | 电话 | 聊了报价 | |
/跟进 华东精密 邮件确认了参数 | 华东 | 邮件 | 确认了参数 | |
@小助手 跟进 华东精密 打电话催款，说下周付 | 华东 | 电话 | 打电话催款，说下周付 | |
跟进华兴，电话沟通，30万的单子月底能定，周四下午两点半再确认 | \
华兴 | 电话 | 30万的单子月底能定，周四下午两点半再确认 | 09-17 14:30 |
跟进：华兴 微信发了报价单 | 华兴 | 微信 | 微信发了报价单 | |
记一下 华兴 要求月底前发货 | 华兴 | | 要求月底前发货 | |
记 蓝海 收到样品 | 蓝海 | | 收到样品 | |
帮我记一下 蓝海 合同寄出了 | 蓝海 | | 合同寄出了 | |
刚和华兴通了电话，对方要8折 | 华兴 | 电话 | 对方要8折 | |
刚跟腾飞开完会，方案基本认可，15号给最终报价 | 腾飞 | 会议 | 方案基本认可，15号给最终报价 | 10-15 |
拜访了 蓝海机械，下周再去 | 蓝海 | 上门拜访 | 下周再去 | 09-21? |
拜访华兴，谈了合同，下周三上午10点签约 | 华兴 | 上门拜访 | 谈了合同，下周三上午10点签约 | 09-23 10:00 |
华兴 明天再聊 | 华兴 | | 明天再聊 | 09-17 |
华兴 下周三 | 华兴 | | 下周三 | 09-23 |
华兴说不做了 | 华兴 | | 说不做了 | |
昨天拜访了蓝海机械他们对报价不满意下周三再去一次 | 蓝海 | 上门拜访 | 他们对报价不满意下周三再去一次 | 09-23 | 09-15
昨天下午和蓝海开会，会上定了三点：价格、交期、付款，下周一发合同 | \
蓝海 | 会议 | 会上定了三点：价格、交期、付款，下周一发合同 | 09-21 | 09-15 15:00
今天上午9点拜访了远航，看了仓库，国庆后第一个工作日回访 | 远航 | 上门拜访 | 看了仓库 | 10-08 | 09-16 09:00
周一拜访了远航 聊了代理的事 下次 明天 | 远航 | 上门拜访 | 聊了代理的事 | 09-17 | 09-14
9月10号和腾飞聊过，11月再联系 | 腾飞 | | 聊过，11月再联系 | 11-01? | 09-10
华兴，10号见过，20号再约 | 华兴 | | 10号见过 | 09-20 | 09-10
华兴科技上周五打过电话，说预算没批，月底再问问 | 华兴 | 电话 | 上周五打过电话，说预算没批，月底再问问 | 09-30 | 09-11
华兴 电话 15号见了李总，聊得不错 | 华兴 | 电话 | 15号见了李总，聊得不错 | | 09-15
跟进 蓝海 微信 已发合同 月底签 | 蓝海 | 微信 | 已发合同 月底签 | 09-30 |
跟进 蓝海机械 上门拜访 谈了年度框架 下下周一再约 | 蓝海 | 上门拜访 | 谈了年度框架 | 09-28 |
跟进 一号店 电话 下周五再聊 | 一号店 | 电话 | 下周五再聊 | 09-25 |
今日头条 微信聊了投放，后天下午两点再约 | 今日头条 | 微信 | 聊了投放 | 09-18 14:00 |
跟进 三一重工 开会讨论技术方案，约了下月5号现场考察 | 三一 | 会议 | 开会讨论技术方案，约了下月5号现场考察 | 10-05 |
周大福 电话没接，晚点再打 | 周大福 | 电话 | 电话没接 | 09-16? |
明天科技 电话聊了，后天再打 | 明天 | 电话 | 聊了，后天再打 | 09-18 |
跟进 华兴：客户说月底付款 | 华兴 | | 客户说月底付款 | |
跟进 华兴 对方下周三给答复 | 华兴 | | 对方下周三给答复 | |
给远航发了邮件，报价35万，他们下周三开董事会 | 远航 | 邮件 | 报价35万，他们下周三开董事会 | |
给华兴打电话没人接，今天下午再打 | 华兴 | 电话 | 打电话没人接 | 09-16 15:00 |
打了电话给华兴，没人接，半小时后再打 | 华兴 | 电话 | 没人接 | 09-16 11:00 |
跟进 远航 电话 无人接听 两小时后再打 | 远航 | 电话 | 无人接听 | 09-16 12:30 |
跟进 远航 通话10分钟，客户要2台设备，预算8万，明早9点发报价 | \
远航 | 电话 | 通话10分钟，客户要2台设备，预算8万，明早9点发报价 | 09-17 09:00 |
跟进 腾飞 见了王总，3号前给方案，10月8号上午10点再去 | 腾飞 | 上门拜访 | 见了王总，3号前给方案 | 10-08 10:00 |
跟进 腾飞 见面 聊得很好 约下周四或周五再见 | 腾飞 | 上门拜访 | 聊得很好 约下周四或周五再见 | 09-24? |
联系了远航贸易，约好周五下午三点见面 | 远航 | | 约好周五下午三点见面 | 09-18 15:00 |
华东精密微信发了方案，等回复，三天后再问 | 华东 | 微信 | 微信发了方案，等回复，三天后再问 | 09-19 |
华东精密机械今天来电说设备坏了要求明天上门 | 华东 | 电话 | 说设备坏了要求明天上门 | 09-17 |
刚和华东精密机械的陈强通完电话，报了12.5万，下周三回复 | \
华东 | 电话 | 刚和华东精密机械的陈强通完电话，报了12.5万 | 09-23 |
蓝海 报价50万下周三再打 | 蓝海 | | 报价50万下周三再打 | 09-23 |
和蓝海通过电话了 | 蓝海 | 电话 | 通过电话了 | |
远航那边说还在考虑中 | 远航 | | 说还在考虑中 | |
华兴公司说要再便宜点 | 华兴 | | 说要再便宜点 | |
华兴的合同到期日是12月31日 | 华兴 | | 华兴的合同到期日是12月31日 | |
下周三去拜访远航 | 远航 | | 下周三去拜访 | 09-23 |
跟进 华兴 聊了报价 周三 | 华兴 | | 聊了报价 | 09-16? |
跟进 华兴 聊了报价，过两天再问 | 华兴 | | 聊了报价，过两天再问 | 09-18? |
跟进 华东精密 微信聊了方案细节 下次联系：9月20日 14:00 | 华东 | 微信 | 聊了方案细节 | 09-20 14:00 |
跟进 蓝海 每周三例会 | 蓝海 | | 每周三例会 | |
跟进 华兴 节后再聊价格 | 华兴 | | 节后再聊价格 | 09-28? |
记一下蓝海要8折 | 蓝海 | | 要8折 | |
刚见完蓝海王总，很顺利 | 蓝海 | 上门拜访 | 王总，很顺利 | |
电话回访蓝海，设备运行正常 | 蓝海 | 电话 | 设备运行正常 | |
刚打完腾飞的电话 对方说再考虑两天 | 腾飞 | 电话 | 刚打完腾飞的电话 对方说再考虑两天 | |
跟进 华兴 聊了下 周五给他们回话 | 华兴 | | 聊了下 周五给他们回话 | 09-18? |
跟进 华兴 已寄样品，预计3天后收到，收到后再联系 | 华兴 | | 已寄样品，预计3天后收到，收到后再联系 | |
跟进 华兴 12月31号之前要交货，下周开始排产 | 华兴 | | 12月31号之前要交货，下周开始排产 | |
提醒我明天给蓝海打电话 | 蓝海 | | 提醒我明天给蓝海打电话 | 09-17 |
跟进 华兴 预算批下来了下周二上午十点去签合同 | 华兴 | | 预算批下来了下周二上午十点去签合同 | 09-22 10:00 |
跟进 华兴 价格谈妥了下周三签约 | 华兴 | | 价格谈妥了下周三签约 | 09-23 |
跟进 华兴 聊了 下次 昨天 | 华兴 | | 聊了 下次 昨天 | 09-15 |
跟进 ABC电子 电话 3个工作日后回访 | ABC | 电话 | 3个工作日后回访 | 09-20 |
"""


def _rows(table: str) -> list[tuple[str, ...]]:
    return [tuple(cell.strip() for cell in line.split("|")) for line in table.strip().splitlines()]


def _read(sentence: str, last: Candidate | None = None, *, voice: bool = False) -> FollowUpSlots:
    return read_follow_up(sentence, CUSTOMERS, METHODS, NOW, last=last, voice=voice)


def _shown(value: date | datetime, *, has_time: bool) -> str:
    return f"{value:%m-%d %H:%M}" if has_time else f"{value:%m-%d}"


@pytest.mark.parametrize("row", _rows(SENTENCES), ids=lambda row: row[0])
def test_sentence(row: tuple[str, ...]) -> None:
    sentence, name, method, content, next_at, happened = row
    slots = _read(sentence)
    assert slots.customer.certain is not None, slots
    assert name in slots.customer.certain.name
    assert (slots.method or "") == method
    if slots.next_at is None:
        assert next_at == ""
    else:
        assert _shown(slots.next_at.value, has_time=slots.next_at.has_time) == next_at.removesuffix("?")
        assert slots.next_at.sure != next_at.endswith("?")
    if slots.happened_at is None:
        assert happened == ""
    else:
        assert _shown(slots.happened_at.value, has_time=slots.happened_at.has_time) == happened
    assert slots.content == content.replace("　", " ")
    assert slots.is_complete == (not next_at.endswith("?"))


def test_the_table_is_large() -> None:
    assert len(_rows(SENTENCES)) >= 58


@pytest.mark.parametrize(
    ("sentence", "problem", "options", "content"),
    [
        ("跟进 hdjm 电话聊了报价", Problem.CUSTOMER_AMBIGUOUS, ["宁波华东精密机械有限公司"], "聊了报价"),
        ("跟进 华行 聊了报价", Problem.CUSTOMER_AMBIGUOUS, ["华兴科技有限公司"], "聊了报价"),
        ("跟进 5678 没接电话 明天再打", Problem.CUSTOMER_AMBIGUOUS, ["宁波华东精密机械有限公司"], "没接电话"),
        ("跟进 陈强 说下周二到公司", Problem.CUSTOMER_AMBIGUOUS, ["宁波华东精密机械有限公司"], "说下周二到公司"),
        ("跟进 不存在科技 电话聊了报价", Problem.CUSTOMER_UNKNOWN, [], "聊了报价"),
        ("不存在公司 电话聊了报价", Problem.CUSTOMER_UNKNOWN, [], "聊了报价"),
        ("跟进 宏达 电话聊了报价", Problem.CUSTOMER_UNKNOWN, [], "聊了报价"),
        ("跟进 要求月底前发货", Problem.CUSTOMER_MISSING, [], "要求月底前发货"),
        ("腾飞电子厂来电说要报价", Problem.CUSTOMER_AMBIGUOUS, ["深圳市腾飞信息技术有限公司"], "来电说要报价"),
        ("他说价格可以", Problem.CUSTOMER_MISSING, [], "说价格可以"),
    ],
)
def test_a_customer_is_never_guessed(sentence: str, problem: Problem, options: list[str], content: str) -> None:
    slots = _read(sentence)
    assert slots.customer.certain is None
    assert problem in slots.problems
    assert [c.name for c in slots.customer.options] == options
    assert slots.content.endswith(content)


@pytest.mark.parametrize("sentence", ["跟进 明天 再打", "跟进 今天 聊了报价", "跟进 报价 已发", "跟进 电话 没人接"])
def test_a_word_of_the_note_is_no_customer(sentence: str) -> None:
    begin_so = [
        customer(30, "北京明天科技有限公司"),
        customer(31, "上海电话设备有限公司"),
        customer(32, "报价通软件有限公司"),
    ]
    slots = read_follow_up(sentence, begin_so, METHODS, NOW, last=YUANHANG)
    assert slots.customer.certain is None


def test_two_that_sound_alike_are_asked_about() -> None:
    slots = read_follow_up("跟进 华星 聊了报价", [HUAXING, HUAXING_TWIN], METHODS, NOW)
    assert slots.customer.certain is None
    assert {c.id for c in slots.customer.options} == {HUAXING.id, HUAXING_TWIN.id}
    assert slots.content == "聊了报价"


def test_a_sentence_without_a_name_offers_the_last_customer() -> None:
    slots = _read("跟进 要求月底前发货", YUANHANG)
    assert slots.customer.certain is None
    assert slots.customer.options == (YUANHANG,)
    assert slots.problems == (Problem.CUSTOMER_FROM_CONTEXT,)
    assert slots.content == "要求月底前发货"


@pytest.mark.parametrize("name", ["宏达", "五一农机", "宁德时代", "IBM", "H&M", "国庆烟花厂", "三只松鼠"])
def test_an_unknown_name_is_not_the_last_customer(name: str) -> None:
    slots = _read(f"跟进 {name} 电话聊了报价", YUANHANG)
    assert slots.customer.certain is None
    assert Problem.CUSTOMER_UNKNOWN in slots.problems
    assert slots.named == name


@pytest.mark.parametrize("sentence", ["跟进 月底发货 明天再打", "跟进 对方要8折 明天再打", "跟进 15号开标 微信确认过"])
def test_a_note_without_a_name_is_not_taken_for_one(sentence: str) -> None:
    slots = _read(sentence, YUANHANG)
    assert slots.customer.certain is None
    assert slots.problems == (Problem.CUSTOMER_FROM_CONTEXT,)


@pytest.mark.parametrize(
    "sentence", ["他说价格可以，明天签合同", "这家要考虑一下", "跟进 他们要求降价", "刚和他聊了报价"]
)
def test_he_and_this_one_are_the_last_customer(sentence: str) -> None:
    assert _read(sentence, YUANHANG).customer.certain == YUANHANG


@pytest.mark.parametrize("sentence", ["跟进", "跟进 华兴", "华兴", "跟进 华兴 电话", ""])
def test_no_content_is_asked_for(sentence: str) -> None:
    slots = _read(sentence)
    assert slots.content == ""
    assert Problem.CONTENT_MISSING in slots.problems


def test_voice_without_punctuation() -> None:
    slots = _read("嗯那个跟进一下华东精密就是聊了报价他们觉得贵下周三下午三点再打", voice=True)
    assert slots.customer.certain is not None
    assert slots.content == "聊了报价他们觉得贵下周三下午三点再打"
    assert slots.next_at is not None
    assert slots.next_at.value == datetime(2026, 9, 23, 15, tzinfo=BEIJING)


@pytest.mark.parametrize("sentence", ["今天好累", "明天下雨吗", "公海", "谢谢"])
def test_chat_is_no_contact(sentence: str) -> None:
    slots = _read(sentence)
    assert slots.customer.certain is None
    assert not slots.is_command
    assert not slots.has_contact_verb


def test_free_text_with_a_contact_verb_is_told() -> None:
    slots = _read("刚和华兴通了电话，对方要8折")
    assert slots.has_contact_verb
    assert not slots.is_command


def test_several_next_times_are_asked_about() -> None:
    slots = _read("跟进 华兴 聊了报价，明天再打，下周三再打")
    assert slots.next_at is not None
    assert not slots.next_at.sure
    assert slots.next_at.candidates == (date(2026, 9, 17), date(2026, 9, 23))
    assert Problem.NEXT_UNSURE in slots.problems


@pytest.mark.parametrize(
    ("text", "methods", "value"),
    [
        ("拜访了客户", ("电话", "拜访"), "拜访"),
        ("拜访了客户", ("电话", "上门拜访"), "上门拜访"),
        ("见了王总", ("电话", "上门拜访"), "上门拜访"),
        ("打电话聊了", ("电话沟通", "微信"), "电话沟通"),
        ("加了微信", ("电话", "微信"), "微信"),
        ("开了个会", ("电话", "会议"), "会议"),
        ("发了邮件", ("电话", "邮件"), "邮件"),
        ("展会聊了", ("电话", "展会"), "展会"),
        ("钉钉上聊了", ("电话", "钉钉"), "钉钉"),
        ("要了他的电话号码", ("电话",), None),
        ("聊了报价", ("电话", "微信"), None),
        ("拜访了客户", ("电话", "微信"), None),
        ("打电话", (), None),
    ],
)
def test_method_is_a_value_of_the_dictionary(text: str, methods: tuple[str, ...], value: str | None) -> None:
    hit = find_method(text, methods)
    assert (hit.value if hit else None) == value
    assert hit is None or text[hit.start : hit.end]


def test_nearest_value() -> None:
    assert nearest_value(("拜访", "上门"), ("上门服务", "外出拜访")) == "外出拜访"
    assert nearest_value(("拜访",), ("电话",)) is None


_WORDS = st.lists(
    st.sampled_from(
        [
            "跟进",
            " ",
            "华兴",
            "华东精密",
            "华星",
            "电话",
            "拜访了",
            "明天",
            "下周三",
            "再打",
            "下次",
            "，",
            "聊了报价",
            "50万",
            "他",
            "不存在",
            "昨天",
            "月底",
            "3点",
            "。",
            "的",
            "了",
        ]
    ),
    max_size=10,
).map("".join)


@given(st.text(max_size=50) | _WORDS, st.booleans(), st.booleans())
def test_no_sentence_raises_or_guesses(sentence: str, has_last: bool, voice: bool) -> None:
    slots = read_follow_up(sentence, CUSTOMERS, METHODS, NOW, last=YUANHANG if has_last else None, voice=voice)
    assert slots.method is None or slots.method in METHODS
    if slots.customer.certain is None:
        assert not slots.is_complete
    elif slots.customer.certain != YUANHANG:
        assert slots.named
    if slots.next_at is not None:
        assert slots.next_at.sure or Problem.NEXT_UNSURE in slots.problems


@given(st.text(st.sampled_from("聊了报价对方要求月底前发货八折优惠样品满意"), min_size=4, max_size=30))
def test_the_note_keeps_the_users_words(note: str) -> None:
    slots = _read(f"跟进 华东精密 电话 {note}")
    assert slots.customer.certain is not None
    assert slots.content
    assert slots.content in note or note in slots.content
