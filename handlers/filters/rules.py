"""What people say of the customers they want to see: conditions that combine, an order, a page.

Pure: what words there are is given. A word that is nobody's value and in nobody's name is named as not understood;
so is one of a field the reader may not see, in the same words (invariant 30).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from bot.core.clock import at_beijing
from bot.core.lists import Values, Wanted
from bot.language.filters import read_list
from bot.language.numbers import integer
from bot.language.ranges import Span, find_range

LONGEST_NAME: Final = 20  # characters of a saved filter's name
LABELS: Final = {
    "customer_class": ("客户分类", "分类", "等级"),
    "industry": ("客户行业", "行业"),
    "source": ("客户来源", "来源"),
    "city": ("城市", "地区"),
    "owner": ("负责人", "跟进人", "业务员"),
    "stage": ("商机阶段", "销售阶段", "阶段"),
    "name": ("客户名称", "名称", "名字"),
}
_NUMBER: Final = r"(?P<n>\d{1,4}|半|[一二两三四五六七八九十百]{1,4})"
_QUIET: Final = re.compile(
    rf"(?:超过|已经?)?{_NUMBER}\s*个?(?P<unit>天|日|周|星期|月)(?:以上|多|内)?(?:都|还|的时间)?(?:没有?|未)(?:有?人)?"
    r"(?:跟进|联系|跟)(?:的|过|了)*(?:客户)?"
)
_SORT: Final = re.compile(
    r"按(?:照)?(?P<what>最近跟进|最后跟进|跟进|最近联系|联系|新建|创建|建档|下次跟进|下次联系|下次|合同金额|成交金额|金额|"
    r"客户名称|名称|名字|拼音)(?:时间|日期)?(?:来|的)?(?:排序|排列|排)?(?:[，, ]*"
    r"(?P<way>升序|正序|从小到大|从早到晚|从低到高|降序|倒序|倒排|从大到小|从晚到早|从高到低))?"
)
_SORTS: Final = {
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
_RISING: Final = ("升", "正", "从小", "从早", "从低")
_FLAGS: Final = (
    (re.compile(r"(?:还)?(?:未|没有?|没)成交(?:的|过)*(?:客户)?"), "closed", False, "未成交"),
    (re.compile(r"(?:已经?)?成交(?:了|过|的)*(?:客户)?"), "closed", True, "已成交"),
    (re.compile(r"(?:没有?|无|未定|未安排)(?:下一步|下次(?:跟进|联系)?|计划)(?:的)?"), "has_plan", False, "没有下一步"),
    (re.compile(r"有(?:下一步|计划)(?:的)?"), "has_plan", True, "有下一步"),
    (re.compile(r"(?:从来?|还|一直)?(?:没有?|未)(?:跟进|联系)(?:过)(?:的)?"), "has_follow_up", False, "还没跟进过"),
    (re.compile(r"(?:从未|从没)(?:跟进|联系)(?:过)?(?:的)?"), "has_follow_up", False, "还没跟进过"),
)  # fmt: skip
_LEAVING: Final = re.compile(r"(?:快要?|即将|马上要?|将要?|要)(?:掉|返回|退回?|进|回)(?:到|入)?公海(?:的|了)*(?:客户)?")
_MINE: Final = re.compile(r"(?:我的|我负责的?|自己的)(?:客户)?(?=$|\s)")
_NOT: Final = re.compile(r"^(?:不是|不要|不含|不包括|除了|除|排除|非)(?P<word>.{2,})$")
_DATED: Final = {
    "created": re.compile(r"新建|创建|录入|建档|新增|新客户"),
    "planned": re.compile(r"下次(?:跟进|联系)?|计划(?:跟进|联系)?|要(?:跟进|联系)|待(?:跟进|联系)|该(?:跟进|联系)"),
    "followed": re.compile(r"(?:最近)?(?:跟进|联系)过?"),
}
_DATED_NAMES: Final = {"created": "新建", "followed": "跟进", "planned": "下次跟进"}
_STEM: Final = re.compile(r"(?<=..)(?:行业|业|类|客户|企业|公司)$")
_KIND: Final = re.compile(r"(?<=.)(?:客户|[类级档]客户|[类级档])$")  # 等级A: A, A类, A级客户
_FILLER: Final = re.compile(r"的|客户|过|内|在|时间|日期|了|以来|里|有")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words there are for this reader."""

    values: Callable[[str, str], tuple[str, ...]]  # column, word → the values meant; none of a column he may not see
    stages: Mapping[str, int]  # empty: he may see none
    owners: Callable[[str], tuple[str, ...]]  # exactly that name → ids
    in_names: Callable[[str], bool]  # part of a customer's name that he sees
    plans: bool = True  # may see when the next contact is planned
    amounts: bool = True  # may see contracts' amounts
    leaving_after: int | None = None  # days without follow-up after which a customer goes to the pool
    others: Callable[[str], tuple[str, object] | None] = field(default=lambda _word: None)  # other capabilities' fields
    anywhere: Callable[[str], Any] | None = None  # of the pool: the condition of a word that stands by itself


@dataclass(frozen=True, slots=True)
class Meaning:
    """What was understood, in words too, and what was not."""

    wanted: Wanted
    told: tuple[str, ...]
    unknown: tuple[str, ...]
    page: int = 1
    mine: bool = False
    without_page: str = ""  # the sentence without its page


def understand(text: str, words: Vocabulary, now: datetime) -> Meaning:
    """`制造业 30天未跟进 上月新建 按名称`."""
    return _Reader(words, now).read(text)


def says_conditions(text: str, *, alone: bool = False) -> bool:
    """Whether it speaks of a list without naming a value. `alone`: in a sentence that begins with no command."""
    if _QUIET.search(text) or _LEAVING.search(text):
        return True
    return not alone and (_SORT.search(text) is not None or any(p.fullmatch(text.strip()) for p, *_ in _FLAGS))


class _Reader:
    def __init__(self, words: Vocabulary, now: datetime) -> None:
        self.words, self.now = words, now
        self.wanted, self.told, self.unknown = Wanted(), list[str](), list[str]()
        self.values: dict[tuple[str, bool], list[str]] = {}
        self.order: tuple[str, ...] = ()
        self.mine = False

    def read(self, text: str) -> Meaning:
        page = read_list(text).page
        rest = self._sort(" ".join(re.split(r"[\s,，、;；+]+", text)))
        if self.words.anywhere is None:  # the pool tells neither who followed up when, nor what was sold
            rest = self._flags(self._quiet(rest))
        tokens = self._dated(rest.split()) if self.words.anywhere is None else rest.split()
        pieces = [w for token in tokens for w in (read_list(token).words or ())]
        self._words(pieces)
        self._settle()
        unpaged = re.sub(r"第?\s*(?:\d{1,4}|[一二两三四五六七八九十]{1,3})\s*页", " ", text)
        return Meaning(
            self.wanted, tuple(dict.fromkeys(self.told)), tuple(dict.fromkeys(self.unknown)), page, self.mine,
            " ".join(unpaged.split()),
        )  # fmt: skip

    def _put(self, told: str, **conditions: object) -> None:
        self.wanted = replace(self.wanted, **conditions)  # type: ignore[arg-type]
        self.told.append(told)

    def _sort(self, text: str) -> str:
        found = _SORT.search(text)
        if found is None:
            return text
        sort, way = _SORTS[found["what"]], found["way"] or ""
        hidden = (sort == "amount" and not self.words.amounts) or (sort == "next_follow_up_at" and not self.words.plans)
        if hidden or (self.words.anywhere is not None and sort != "pinyin"):
            self.unknown.append(found[0])
        else:
            usual = sort in ("touched_at", "created_at", "amount")
            down = not way.startswith(_RISING) if way else usual
            self.wanted = replace(self.wanted, sort=sort, descending=down)
            self.order = (f"按{SORT_NAMES[sort]}{'倒序' if down else '升序'}",)
        return _cut(text, found)

    def _quiet(self, text: str) -> str:
        found = _QUIET.search(text)
        if found is None:
            return text
        size = {"天": 1, "日": 1, "周": 7, "星期": 7, "月": 30}[found["unit"]]
        number = size // 2 if found["n"] == "半" else (integer(found["n"]) or 0) * size
        self._put(f"{number} 天没跟进", quiet_since=self._midnight(number - 1))
        return _cut(text, found)

    def _midnight(self, days_ago: int) -> datetime:
        return at_beijing(self.now.date() - timedelta(days=days_ago))

    def _flags(self, text: str) -> str:
        found = _LEAVING.search(text)
        if found is not None:
            text = _cut(text, found)
            if self.words.leaving_after is None:
                self.unknown.append(found[0])
            else:
                days = max(1, self.words.leaving_after - 7)
                self._put("快掉公海", quiet_since=self._midnight(days - 1))
        for pattern, name, value, told in _FLAGS:
            found = pattern.search(text)
            if found is None:
                continue
            text = _cut(text, found)
            if name == "has_plan" and not self.words.plans:
                self.unknown.append(found[0])
            else:
                self._put(told, **{name: value})
        if (found := _MINE.search(text)) is not None:
            self.mine, text = True, _cut(text, found)
        return text

    def _dated(self, tokens: list[str]) -> list[str]:
        """Takes out 上月新建, 新建 上月, 本周要联系 …; a time alone tells of the creation."""
        left: list[str] = []
        n = 0
        while n < len(tokens):
            near = [" ".join(tokens[n : n + 2])] if n + 1 < len(tokens) else []
            for size, text in ((2, near[0] if near else ""), (1, tokens[n])):
                read = self._span(text) if text else None
                if read is not None and (size == 1 or read[2]):
                    self._date(*read)
                    n += size
                    break
            else:
                left.append(tokens[n])
                n += 1
        return left

    def _span(self, text: str) -> tuple[str, Span, bool] | None:
        """Which date, when, and whether its keyword was said; None if the text says anything else besides."""
        name, rest = "created", text
        for candidate, pattern in _DATED.items():
            found = pattern.search(text)
            if found is not None:
                name, rest = candidate, _cut(text, found)
                break
        said = rest != text
        span = find_range(rest, self.now, prefer="future" if name == "planned" else "past")
        if span is None or _FILLER.sub("", rest.replace(span.text, "")).strip():
            return None
        return name, span, said

    def _date(self, name: str, span: Span, _said: bool) -> None:
        if name == "planned" and not self.words.plans:
            self.unknown.append(f"{span.text}{_DATED_NAMES[name]}")
            return
        days = _days(span.first) if span.first == span.last else f"{_days(span.first)}—{_days(span.last)}"
        self._put(
            f"{span.text}{_DATED_NAMES[name]}（{days}）",
            **{name: (at_beijing(span.first), at_beijing(span.last + timedelta(days=1)))},
        )

    def _words(self, pieces: list[str]) -> None:
        n = 0
        while n < len(pieces):
            label = next((c for c, names in LABELS.items() if pieces[n].rstrip(":：=＝是为") in names), None)
            if label is not None and n + 1 < len(pieces):
                self._word(pieces[n + 1], label, pieces[n])
                n += 2
                continue
            stuck = next(
                ((c, name) for c, names in LABELS.items() for name in names
                 if re.match(rf"{name}[:：=＝是为]?.+", pieces[n])), None
            )  # fmt: skip
            if stuck is not None and self._word(re.sub(rf"^{stuck[1]}[:：=＝是为]?", "", pieces[n]), stuck[0], ""):
                n += 1
                continue
            self._word(pieces[n], None, "")
            n += 1

    def _word(self, said: str, label: str | None, spoken: str) -> bool:
        """One value. `label`: only of that field; without `spoken` it is a guess that may fail silently."""
        negated = _NOT.match(said)
        word, but = (negated["word"], True) if negated is not None else (said, False)
        if label is None and self.words.anywhere is not None:
            return self._anywhere(said if said.startswith("非") else word, but and not said.startswith("非"))
        for column in [label] if label else ["customer_class", "industry", "source", "city", "owner", "stage"]:
            if self._value(column, word, but):
                return True
        if negated is not None and any(self._value(c, said, False) for c in ("customer_class", "industry", "source")):
            return True  # 非标行业: the word itself begins so
        if label in (None, "name") and (other := self.words.others(said)) is not None:
            self.told.append(other[0])
            self.wanted = replace(self.wanted, more=(*self.wanted.more, other[1]))
            return True
        if label in (None, "name") and self.words.in_names(word):
            names = "not_names" if but else "names"
            self._put(f"名称{'不' if but else ''}含「{word}」", **{names: (*getattr(self.wanted, names), word)})
            return True
        if label is None or spoken:
            self.unknown.append(f"{spoken} {said}".strip())
        return False

    def _anywhere(self, word: str, but: bool) -> bool:
        assert self.words.anywhere is not None
        condition = self.words.anywhere(word)
        self.told.append(f"不是{word}" if but else word)
        self.wanted = replace(self.wanted, more=(*self.wanted.more, ~condition if but else condition))
        return True

    def _value(self, column: str, word: str, but: bool) -> bool:
        if column == "owner":
            ids = self.words.owners(word.removesuffix("负责").removesuffix("的"))
            if not ids:
                return False
            name = "not_owners" if but else "owners"
            self._put(f"{'不是' if but else ''}{word.removesuffix('负责')}负责", **{name: ids})
            return True
        if column == "stage":
            stage = next((i for name, i in self.words.stages.items() if name.casefold() == word.casefold()), None)
            if stage is None or but:
                return False
            self._put(f"商机阶段 {word}", stages=(*self.wanted.stages, stage))
            return True
        if column == "name":
            return False
        values = self.words.values(column, word)
        if not values:
            return False
        self.values.setdefault((column, but), []).extend(values)
        return True

    def _settle(self) -> None:
        """Several values of one field are either of them."""
        found = []
        told = []
        for (column, but), values in self.values.items():
            some = tuple(dict.fromkeys(values))
            found.append(Values(column, some, but))
            shown = [
                v for v in some if not (column == "city" and f"{v}市" != v and v.endswith("市") and v[:-1] in some)
            ]
            told.append(f"{'不是' if but else ''}{'或'.join(shown)}")
        self.wanted = replace(self.wanted, values=tuple(found))
        self.told = [*told, *self.told, *self.order]


def meant(word: str, there: Iterable[str]) -> tuple[str, ...]:
    """The value of a dictionary, with or without 客户 behind it; else those it is a part of: 制造业 for 机械制造."""
    values = tuple(there)
    called = {v: (v.casefold(), v.removesuffix("客户").casefold(), _KIND.sub("", v).casefold()) for v in values}
    exact = tuple(v for v in values if word.casefold() in called[v])
    stem = _STEM.sub("", word)
    return exact or tuple(v for v in values if len(stem) > 1 and stem in v)


def _cut(text: str, found: re.Match[str]) -> str:
    return f"{text[: found.start()]} {text[found.end() :]}".strip()


def _days(day: date) -> str:
    return f"{day.month}月{day.day}日"
