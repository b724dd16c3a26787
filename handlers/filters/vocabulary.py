"""The words in which people speak of lists of customers, and those there are for one reader. Pure."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

LABELS: Final = {
    "customer_class": ("客户分类", "分类", "等级"),
    "industry": ("客户行业", "行业"),
    "source": ("客户来源", "来源"),
    "city": ("城市", "地区"),
    "owner": ("负责人", "跟进人", "业务员"),
    "stage": ("商机阶段", "销售阶段", "阶段"),
    "name": ("客户名称", "名称", "名字"),
}
NUMBER: Final = r"(?P<n>\d{1,4}|半|[一二两三四五六七八九十百]{1,4})"
QUIET: Final = re.compile(
    rf"(?:超过|已经?)?{NUMBER}\s*个?(?P<unit>天|日|周|星期|月)(?:以上|多|内)?(?:都|还|的时间)?(?:没有?|未)(?:有?人)?"
    r"(?:跟进|联系|跟)(?:的|过|了)*(?:客户)?"
)
SORT: Final = re.compile(
    r"按(?:照)?(?P<what>最近跟进|最后跟进|跟进|最近联系|联系|新建|创建|建档|下次跟进|下次联系|下次|合同金额|成交金额|金额|"
    r"客户名称|名称|名字|拼音)(?:时间|日期)?(?:来|的)?(?:排序|排列|排)?(?:[，, ]*"
    r"(?P<way>升序|正序|从小到大|从早到晚|从低到高|降序|倒序|倒排|从大到小|从晚到早|从高到低))?"
)
SORTS: Final = {
    "最近跟进": "touched_at", "最后跟进": "touched_at", "跟进": "touched_at", "最近联系": "touched_at",
    "联系": "touched_at", "新建": "created_at", "创建": "created_at", "建档": "created_at",
    "下次跟进": "next_follow_up_at", "下次联系": "next_follow_up_at", "下次": "next_follow_up_at",
    "合同金额": "amount", "成交金额": "amount", "金额": "amount", "客户名称": "pinyin", "名称": "pinyin",
    "名字": "pinyin", "拼音": "pinyin",
}  # fmt: skip
SORT_NAMES: Final = {
    "touched_at": "最近跟进", "created_at": "新建时间", "next_follow_up_at": "下次跟进", "amount": "合同金额",
    "pinyin": "名称",
}  # fmt: skip
RISING: Final = ("升", "正", "从小", "从早", "从低")
FLAGS: Final = (
    (re.compile(r"(?:还)?(?:未|没有?|没)成交(?:的|过)*(?:客户)?"), "closed", False, "未成交"),
    (re.compile(r"(?:已经?)?成交(?:了|过|的)*(?:客户)?"), "closed", True, "已成交"),
    (re.compile(r"(?:没有?|无|未定|未安排)(?:下一步|下次(?:跟进|联系)?|计划)(?:的)?"), "has_plan", False, "没有下一步"),
    (re.compile(r"有(?:下一步|计划)(?:的)?"), "has_plan", True, "有下一步"),
    (re.compile(r"(?:从来?|还|一直)?(?:没有?|未)(?:跟进|联系)(?:过)(?:的)?"), "has_follow_up", False, "还没跟进过"),
    (re.compile(r"(?:从未|从没)(?:跟进|联系)(?:过)?(?:的)?"), "has_follow_up", False, "还没跟进过"),
)  # fmt: skip
LEAVING: Final = re.compile(r"(?:快要?|即将|马上要?|将要?|要)(?:掉|返回|退回?|进|回)(?:到|入)?公海(?:的|了)*(?:客户)?")
MINE: Final = re.compile(r"(?:我的|我负责的?|自己的)(?:客户)?(?=$|\s)")
NOT: Final = re.compile(r"^(?:不是|不要|不含|不包括|除了|除|排除|非)(?P<word>.{2,})$")
DATED: Final = {
    "created": re.compile(r"新建|创建|录入|建档|新增|新客户"),
    "planned": re.compile(r"下次(?:跟进|联系)?|计划(?:跟进|联系)?|要(?:跟进|联系)|待(?:跟进|联系)|该(?:跟进|联系)"),
    "followed": re.compile(r"(?:最近)?(?:跟进|联系)过?"),
}
DATED_NAMES: Final = {"created": "新建", "followed": "跟进", "planned": "下次跟进"}
STEM: Final = re.compile(r"(?<=..)(?:行业|业|类|客户|企业|公司)$")
KIND: Final = re.compile(r"(?<=.)(?:客户|[类级档]客户|[类级档])$")  # 等级A: A, A类, A级客户
FILLER: Final = re.compile(r"的|客户|过|内|在|时间|日期|了|以来|里|有")


@dataclass(frozen=True, slots=True)
class Leaving:
    """By which rule customers go to the pool: after so many days, counted from which day on, and whom it reaches."""

    after_days: int
    since: date | None
    reach: Any  # storage's condition: neither locked nor kept by a contract


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words there are for this reader."""

    values: Callable[[str, str], tuple[str, ...]]  # column, word → the values meant; none of a column he may not see
    stages: Mapping[str, int]  # empty: he may see none
    owners: Callable[[str], tuple[str, ...]]  # exactly that name → ids
    in_names: Callable[[str], bool]  # part of a customer's name that he sees
    plans: bool = True  # may see when the next contact is planned
    amounts: bool = True  # may see contracts' amounts
    leaving: Leaving | None = None  # None: no customer goes to the pool by itself
    anywhere: Callable[[str], Any] | None = None  # of the pool: the condition of a word that stands by itself


def meant(word: str, there: Iterable[str]) -> tuple[str, ...]:
    """The value of a dictionary, with or without 客户 behind it; else those it is a part of: 制造业 for 机械制造."""
    values = tuple(there)
    called = {v: (v.casefold(), v.removesuffix("客户").casefold(), KIND.sub("", v).casefold()) for v in values}
    exact = tuple(v for v in values if word.casefold() in called[v])
    stem = STEM.sub("", word)
    return exact or tuple(v for v in values if len(stem) > 1 and stem in v)
