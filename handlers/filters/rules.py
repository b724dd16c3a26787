"""What people say of the customers they want to see: conditions that combine, an order, a page.

Pure: what words there are is given. A word that is nobody's value and in nobody's name is named as not understood;
so is one of a field the reader may not see, in the same words (invariant 30).
"""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from bot.core.clock import at_beijing
from bot.core.lists import Values, Wanted
from bot.language.filters import read_list
from bot.language.numbers import integer
from bot.language.ranges import Span, find_range
from handlers.filters.vocabulary import (
    DATED,
    DATED_NAMES,
    FILLER,
    FLAGS,
    LABELS,
    LEAVING,
    MINE,
    NOT,
    QUIET,
    RISING,
    SORT,
    SORT_NAMES,
    SORTS,
    Leaving,
    Vocabulary,
)

LONGEST_NAME: Final = 20  # characters of a saved filter's name
SOON: Final = 7  # days within which a customer is about to go to the pool
NEVER: Final = date(1970, 1, 1)  # before anybody was spoken to


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
    if QUIET.search(text) or LEAVING.search(text):
        return True
    return not alone and (SORT.search(text) is not None or any(p.fullmatch(text.strip()) for p, *_ in FLAGS))


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
        found = SORT.search(text)
        if found is None:
            return text
        sort, way = SORTS[found["what"]], found["way"] or ""
        hidden = (sort == "amount" and not self.words.amounts) or (sort == "next_follow_up_at" and not self.words.plans)
        if hidden or (self.words.anywhere is not None and sort != "pinyin"):
            self.unknown.append(found[0])
        else:
            usual = sort in ("touched_at", "created_at", "amount")
            down = not way.startswith(RISING) if way else usual
            self.wanted = replace(self.wanted, sort=sort, descending=down)
            self.order = (f"按{SORT_NAMES[sort]}{'倒序' if down else '升序'}",)
        return _cut(text, found)

    def _quiet(self, text: str) -> str:
        found = QUIET.search(text)
        if found is None:
            return text
        size = {"天": 1, "日": 1, "周": 7, "星期": 7, "月": 30}[found["unit"]]
        number = size // 2 if found["n"] == "半" else (integer(found["n"]) or 0) * size
        self._put(f"{number} 天没跟进", quiet_since=self._midnight(number - 1))
        return _cut(text, found)

    def _midnight(self, days_ago: int) -> datetime:
        return at_beijing(self.now.date() - timedelta(days=days_ago))

    def _flags(self, text: str) -> str:
        found = LEAVING.search(text)
        if found is not None:
            text = _cut(text, found)
            if self.words.leaving is None:
                self.unknown.append(found[0])
            else:
                self._leaving(self.words.leaving)
        for pattern, name, value, told in FLAGS:
            found = pattern.search(text)
            if found is None:
                continue
            text = _cut(text, found)
            if name == "has_plan" and not self.words.plans:
                self.unknown.append(found[0])
            else:
                self._put(told, **{name: value})
        if (found := MINE.search(text)) is not None:
            self.mine, text = True, _cut(text, found)
        return text

    def _leaving(self, rule: Leaving) -> None:
        """Whom the job will return within a week, by its own reckoning (`handlers.pool.rules.return_clock`)."""
        quiet = self.now.date() - timedelta(days=rule.after_days - SOON - 1)
        if rule.since is not None and rule.since >= quiet:  # the rule is younger than that: nobody's time is so short
            quiet = NEVER
        self._put("快掉公海", quiet_since=at_beijing(quiet), more=(*self.wanted.more, rule.reach))

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
        for candidate, pattern in DATED.items():
            found = pattern.search(text)
            if found is not None:
                name, rest = candidate, _cut(text, found)
                break
        said = rest != text
        span = find_range(rest, self.now, prefer="future" if name == "planned" else "past")
        if span is None or FILLER.sub("", rest.replace(span.text, "")).strip():
            return None
        return name, span, said

    def _date(self, name: str, span: Span, _said: bool) -> None:
        if name == "planned" and not self.words.plans:
            self.unknown.append(f"{span.text}{DATED_NAMES[name]}")
            return
        days = _days(span.first) if span.first == span.last else f"{_days(span.first)}—{_days(span.last)}"
        what = DATED_NAMES[name]
        told = f"{what}在{span.text}" if name == "planned" else f"{span.text}{what}"  # 下次跟进在明天, 本周跟进
        self._put(
            f"{told}（{days}）",
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
        negated = NOT.match(said)
        word, but = (negated["word"], True) if negated is not None else (said, False)
        if label is None and self.words.anywhere is not None:
            return self._anywhere(said if said.startswith("非") else word, but and not said.startswith("非"))
        for column in [label] if label else ["customer_class", "industry", "source", "city", "owner", "stage"]:
            if self._value(column, word, but):
                return True
        if negated is not None and any(self._value(c, said, False) for c in ("customer_class", "industry", "source")):
            return True  # 非标行业: the word itself begins so
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


def _cut(text: str, found: re.Match[str]) -> str:
    return f"{text[: found.start()]} {text[found.end() :]}".strip()


def _days(day: date) -> str:
    return f"{day.month}月{day.day}日"
