"""Commands as people put them, and sentences that only look like one."""

import pytest

from bot.language.rephrase import rephrase


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("建个客户叫西乡五金，联系人韩梅梅，电话13711113333", "新建客户 西乡五金，联系人韩梅梅，电话13711113333"),
        ("帮我录个客户：西乡五金 韩梅梅 13711113333", "新建客户 西乡五金 韩梅梅 13711113333"),
        ("新客户 GE", "新建客户 GE"),
        ("录一条线索，坂田科技，孙工 １３５１２３４２２２２", "新建线索 坂田科技，孙工 １３５１２３４２２２２"),
        ("来了条新线索：布吉五金", "新建线索 布吉五金"),
        ("帮我建个商机 白云路灯 20万", "新建商机 白云路灯 20万"),
        ("给3M建个商机 仓库改造 ３５万", "商机 3M 仓库改造 ３５万"),
        ("給華興建個商機 二期 30萬", "商機 華興 二期 30萬"),
        ("小米开票3万普票", "开票 小米 3万普票"),
        ("给小米开票 5万", "开票 小米 5万"),
        ("小米要开5万专票", "开票 小米 5万 专票"),
        ("给小米开张5万的专票", "开票 小米 5万 专票"),
        ("我有多少客户？", "我的客户"),
        ("我的商机有哪些", "我的商机"),
        ("VIP客户有哪些", "客户 VIP"),
        ("打样阶段的商机", "商机列表 打样"),
        ("明天要联系谁", "我的客户 明天要联系"),
        ("我今天的跟进记录", "我的客户 今天跟进"),
        ("本周跟进了几家", "我的客户 本周跟进"),
    ],
)
def test_a_command_in_other_words(said: str, meant: str) -> None:
    told = rephrase(said)
    assert told is not None and told.replace("商機", "商机") == meant.replace("商機", "商机")


@pytest.mark.parametrize(
    "said",
    [
        "新客户，聊了报价", "加个客户微信", "小米开票信息已发", "客户说要开票", "已开票了", "不开票", "还没开票",
        "给华兴打了电话", "华兴 电话聊了报价", "今天跟进了华兴", "客户有意向", "商机不多", "开会聊了合同",
    ],
)  # fmt: skip
def test_a_note_is_no_command(said: str) -> None:
    assert rephrase(said) is None
