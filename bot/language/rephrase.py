"""The ways people put a command: 建个客户叫…, 给华兴建个商机 …, 华兴开票 5万. Said back as the command itself.

Only the order of the words and what stands around them changes; names and figures stay as they were written. What a
sentence might mean besides is left alone, so that a note is never taken for an order.
"""

import re
from typing import Final

from bot.language.commands import without_politeness
from bot.language.normalize import fold

_MAKE: Final = "新建|新增|创建|建立|建|录入|录|登记|添加|新加|加|记录|记"
_ONE: Final = r"(?:(?:一|1)?(?:个|条|家|份|笔|张|下|位)新?的?|新的?)"
_NAMED: Final = r"(?:(?:公司)?(?:名字)?(?:叫做?|名叫|名称是|名字是))"
_CALLED: Final = rf"(?:{_NAMED}|[\s,，:：、。]+{_NAMED}?|$)"
_GAP: Final = r"[\s,，:：、]*"
_FOR: Final = r"(?:给|为|帮|替)\s*"
_NAME: Final = r"(?P<name>[^\s,，。;；:：、!！?？说聊谈问讲催]{1,40}?)"
_ANY: Final = r"[^，。；\n]{1,30}?"
_WANT: Final = r"(?:要|需要|申请|想|得)?"
_BILL: Final = r"(?:开票|开(?:一|1)?[张个]?(?:发票|票))"
_OF_NODE: Final = (
    r"(?!\s+(?:添加参与者|移除参与者|参与者|不可改|不能改|可以?改|隐藏|显示|方式|条件|时限|抄送|改名))"  # 出纳开票
)
_FIGURES: Final = _OF_NODE + r"(?=$|[\s\d¥,，:：、一二两三四五六七八九十百千]|专票|普票|增值税)"
_MORE: Final = r"(?P<more>(?:[\s,，。;；].*)?)"
_NOT_NAME: Final = rf"(?:已经?|没|未|待|再|先|还|又|刚|不|不能|可以|能|就|请|帮我?)\s*{_WANT}开"
_SUM: Final = r"[\d一二三四五六七八九十两](?:[\d.,点一二三四五六七八九十两百千万]|[kKwW](?![a-zA-Z])){0,11}元?"
_END: Final = r"[\s。.!！?？~～呀啊吧呢]*"
_AHEAD: Final = "明天|后天|这周|本周|下周|周末|本月|这个月|下个?月"
_BACK: Final = "今天|昨天|前天|这周|本周|上周|本月|这个月|上个?月"

_SENTENCES: Final = (
    # 建个客户叫西乡五金 …; 录一条线索，坂田科技 …
    (rf"(?:{_MAKE}){_ONE}(?P<what>客户|线索|商机){_CALLED}{_GAP}(?P<rest>.*)", "新建{what} {rest}"),
    # 新客户 GE; 来了条新线索：布吉五金; not 新客户，聊了报价
    (rf"(?:来了?(?:一|1)?[个条])?新(?P<what>客户|线索|商机)(?:[\s:：]+|叫做?){_GAP}(?P<rest>.*)", "新建{what} {rest}"),
    # 来了条线索 义乌星河灯饰 …
    (rf"(?:刚?来了?|收到了?|有)(?:一|1)?[个条]线索(?:[\s:：,，]+|叫做?){_GAP}(?P<rest>.+)", "新建线索 {rest}"),
    # 给华兴建个商机 二期扩容 30万
    (
        rf"{_FOR}{_NAME}\s*(?:再|新)?(?:{_MAKE}|开){_ONE}?(?P<what>商机|合同|回款)[\s,，:：、]+(?P<rest>.+)",
        "{what} {name} {rest}",
    ),
    # 给华兴开票 5万; 华兴要开票 5万 专票; 给华兴开张5万的专票
    (rf"{_FOR}{_NAME}\s*{_WANT}{_BILL}{_FIGURES}{_GAP}(?P<rest>.*)", "开票 {name} {rest}"),
    (
        rf"(?!给|为|帮|替|已|没|不|可|能|未|待|再|先|还){_NAME}\s*{_WANT}{_BILL}{_FIGURES}{_GAP}(?P<rest>.*)",
        "开票 {name} {rest}",
    ),
    # 给小米开3万普票 抬头 小米通讯; 华兴开张3万的票
    (
        rf"(?:{_FOR})?(?!{_NOT_NAME}){_NAME}\s*{_WANT}开(?:[一1]?张)?(?P<rest>{_SUM})的?\s?(?P<what>专票|普票|发票){_MORE}",
        "开票 {name} {rest} {what} {more}",
    ),
    (
        rf"(?:{_FOR})?(?!{_NOT_NAME}){_NAME}\s*{_WANT}开[一1]?张(?P<rest>{_SUM})的?\s?票{_MORE}",
        "开票 {name} {rest} {more}",
    ),
    # 我有多少客户; VIP客户有哪些; 打样阶段的商机
    (rf"我?有(?:多少|几个|几家|哪些|哪几家)个?(?P<what>客户|商机|线索|合同){_END}", "我的{what}"),
    (rf"我的?(?P<what>客户|商机|线索|合同)(?:都?有哪些|都?有谁|都?是哪些|有多少家?|有几[家个]){_END}", "我的{what}"),
    (rf"(?P<rest>{_ANY})的?客户(?:都?有哪些|都?有谁|都?是哪些|有多少家?|有几家){_END}", "客户 {rest}"),
    # 明天要联系谁; 我今天的跟进记录, 本周跟进了几家
    (
        rf"我?(?P<when>{_AHEAD})我?(?:要|该|需要|得)(?:联系|跟进|拜访|回访)的?(?:谁|哪些?|客户|有|几家|哪几家|人)*{_END}",
        "我的客户 {when}要联系",
    ),
    (
        rf"我?(?P<when>{_BACK})我?(?:都|的)?跟进(?:了|过|的|哪些|几家|几个|多少|哪几家|客户|家|记录|情况|有)*{_END}",
        "我的客户 {when}跟进",
    ),
    (rf"我的跟进(?:记录)?(?P<rest>){_END}", "我的客户 按最近跟进倒序"),
    (rf"(?:哪些|有哪些)客户(?:是|属于)\s*(?P<rest>\S{{1,20}}?){_END}", "客户 {rest}"),
    (rf"(?P<rest>{_ANY})(?:阶段)?的?商机(?:都?有哪些|有多少|有几个){_END}", "商机列表 {rest}"),
    (rf"(?P<rest>[^，。；\s]{{2,20}}?)阶段的商机{_END}", "商机列表 {rest}"),
)  # fmt: skip
_KNOWN: Final = tuple((re.compile(pattern), template) for pattern, template in _SENTENCES)


def rephrase(text: str) -> str | None:
    """`text` as the command it means; None where it is none of these sentences."""
    said = without_politeness(text.strip())
    folded = fold(said)  # as long as `said`
    for pattern, template in _KNOWN:
        found = pattern.fullmatch(folded)
        if found is not None:
            parts = {k: said[found.start(k) : found.end(k)].strip(" ，,。") for k in pattern.groupindex}
            return template.format(**parts).strip()
    return None
