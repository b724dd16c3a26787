"""One sentence, one follow-up: whom, how, what, and when next. Nothing is guessed; what is unsure is said."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Final

from bot.language.dates import Found, find_moments
from bot.language.match import Candidate, rank
from bot.language.sentence import find_in_sentence
from bot.language.normalize import clean

VERBS: Final = (
    ("电话", ("打了个电话", "打了电话", "打电话", "通了电话", "通了个电话", "通电话", "通话", "电话", "致电", "回电", "去电", "来电")),
    ("微信", ("微信", "加了微信", "发微信", "企微")),
    ("拜访", ("上门拜访", "登门拜访", "拜访", "上门", "登门", "见了面", "见面", "当面", "面谈", "去了一趟", "跑了一趟", "实地", "现场")),
    ("会议", ("开了个会", "开了会", "开会", "会议", "视频会", "线上会", "腾讯会议")),
    ("邮件", ("发了邮件", "发邮件", "邮件", "邮箱")),
    ("短信", ("发了短信", "发短信", "短信")),
)  # fmt: skip
CONTACT: Final = re.compile(
    r"电话|通话|通了|微信|拜访|上门|登门|见了|见面|面谈|开会|会议|邮件|短信|聊了|谈了|沟通|联系了|报价|回访|寄|发了|约了|演示|签|跟进|对接|答复|回复|再聊|再联系|再打"
)
NEXT: Final = re.compile(r"下次|下一次|再|约|到时|回访|提醒我|准备|打算|计划|要去|会去|过去|继续|跟进时间")
LEAD: Final = re.compile(r"^(?:请|帮我|给我|我)?(?:记一下|记录一下|记录|记|跟进|补记)[:：,，\s]*")
FILLER: Final = re.compile(r"^(?:刚刚|刚才|刚|今天|方才)?(?:我)?(?:和|跟|与|给|向|找|去|到|在|对|约)(?=.)")
EDGES: Final = " ,，。.;；:：、!！~～"
OWN: Final = re.compile(r"^(?:这家|他们|他|她|这个客户|上面那家|刚才那家|同一家|还是这家)")


@dataclass(frozen=True, slots=True)
class FollowUpSlots:
    """What was understood. `customer` None: not certain, see `options`. `next_unsure`: words that may be a date.

    `assumed`: the customer is the one spoken of before, not named in this sentence.
    """

    customer: Candidate | None
    options: tuple[Candidate, ...]
    method: str
    content: str
    next_at: Found | None = None
    next_unsure: str = ""
    happened_at: datetime | None = None
    assumed: bool = False

    def with_customer(self, customer: Candidate, *, whole: str | None = None) -> "FollowUpSlots":
        """The customer is known from before; `whole`: the sentence is content then."""
        content = self.content if whole is None else (self.content or whole).strip(EDGES)
        return replace(self, customer=customer, options=(), content=content, assumed=False)

    def with_content(self, before: str) -> "FollowUpSlots":
        """What was said before stands first."""
        extra = self.content if self.content and self.content != before else ""
        return replace(self, content="，".join(p for p in (before, extra) if p))

    def with_method(self, method: str) -> "FollowUpSlots":
        """The method is known from before."""
        return replace(self, method=method)


def sounds_like_follow_up(text: str) -> bool:
    """Whether a sentence without a command word may tell of a contact with somebody."""
    return len(text) >= 4 and bool(CONTACT.search(text) or re.search(r"[明后]天|下周|下个?月|月底", text))


def read_follow_up(
    sentence: str, candidates: Sequence[Candidate], methods: Sequence[str], now: datetime, *,
    last: Candidate | None = None, voice: bool = False,
) -> FollowUpSlots:  # fmt: skip
    """Reads one sentence; `methods` are the dictionary's values, `last` the customer spoken of before."""
    text = LEAD.sub("", clean(sentence, voice=voice)).strip(EDGES)
    customer, options, rest, assumed = _customer(text, candidates, last)
    method, rest = _method(rest, methods)
    mask = (
        [c.name for c in candidates if c.name in rest]
        if any(ch.isdigit() or ch in "一二三四五六七八九十今明" for ch in rest)
        else []
    )
    moments = find_moments(rest, now, prefer="future", mask=mask)
    planned, unsure, rest = _next(rest, moments, now)
    happened, rest = _happened(rest, now, planned)
    content = _tidy(rest)
    return FollowUpSlots(customer, options, method, content, planned, unsure, happened, assumed)


def _customer(
    text: str, candidates: Sequence[Candidate], last: Candidate | None
) -> tuple[Candidate | None, tuple[Candidate, ...], str, bool]:
    if (own := OWN.match(text)) and last is not None:
        return last, (), text[own.end() :].strip(EDGES), True
    hit = find_in_sentence(text, candidates)
    if hit is not None:
        before, after = text[: hit.start], text[hit.end :]
        before = re.sub(r"(?:和|跟|与|给|向|找|去|到|在|对|约|了)$", "", before.strip(EDGES))
        before = re.sub(r"^(?:刚刚|刚才|刚|方才)$", "", before)
        rest = f"{before} {_suffix_cut(after)}".strip(EDGES)
        if hit.certain is not None:
            return hit.certain, (), rest, False
        return None, hit.options, rest, False
    head, gap, rest = text.partition(" ")
    if not gap:
        head, gap, rest = re.split(r"([,，])", text, maxsplit=1) if re.search(r"[,，]", text) else ("", "", text)
    if head and 2 <= len(head) <= 20:
        match = rank(head, candidates)
        if match.certain is not None:
            return match.certain, (), rest.strip(EDGES), False
        if match.options:
            return None, match.options, rest.strip(EDGES), False
        first, _, tail = rest.partition(" ")
        if not CONTACT.search(head) and rest:
            return None, (), rest if tail or first else text, False
    return None, (), text, False


def _suffix_cut(after: str) -> str:
    """What is left of the full name behind the short form: 有限公司 and the like."""
    return re.sub(
        r"^(?:股份|集团|科技|机械)?(?:有限责任公司|有限公司|股份公司|公司|那边|那里|这边|的)?", "", after, count=1
    ).lstrip(EDGES)


def _method(text: str, methods: Sequence[str]) -> tuple[str, str]:
    """The dictionary's value, and the text without a bare method word at its start."""
    for value in methods:
        if text == value or text.startswith((f"{value} ", f"{value}，", f"{value},", f"{value}：", f"{value}:")):
            return value, text[len(value) :].strip(EDGES)
    for value in methods:
        if text.startswith(value) and re.match(r"(?:聊|谈|沟通|说|问|确认|联系|了解|对方|报)", text[len(value) :]):
            return value, text[len(value) :].strip(EDGES)
    first: tuple[int, str] | None = None
    for name, words in VERBS:
        for word in words:
            at = text.find(word)
            if at >= 0 and not _planned_verb(text, at) and (first is None or at < first[0]):
                value = next((m for m in methods if m == name or name in m or m in words), "")
                if value:
                    first = (at, value)
    return (first[1], text) if first else ("", text)


def _planned_verb(text: str, at: int) -> bool:
    """Whether the verb stands in the clause about next time."""
    clause = re.split(r"[,，。;；\n]", text[:at])[-1]
    return bool(NEXT.search(clause)) and bool(re.search(r"天|周|月|号|日|点|再|下", clause))


def _next(text: str, moments: Sequence[Found], now: datetime) -> tuple[Found | None, str, str]:
    """The planned next contact: a future moment in a clause about next time, or at the end of the sentence."""
    future = [m for m in moments if _later(m, now)]
    for moment in reversed(future):
        start = max(text.rfind(mark, 0, moment.start) for mark in ",，。;；\n") + 1
        stops = [text.find(mark, moment.end) for mark in ",，。;；\n"]
        end = min([s for s in stops if s >= 0], default=len(text))
        clause = text[start:end]
        last_clause = end >= len(text.rstrip(EDGES))
        if not (NEXT.search(clause) or last_clause):
            continue
        if not moment.sure:
            return None, moment.text, text
        bare = (clause[: moment.start - start] + clause[moment.end - start :]).strip(EDGES)
        if re.fullmatch(
            r"(?:下次|下一次|下回)?(?:跟进|联系|回访|时间|是|在|为|[:：\s])*(?:再)?(?:联系|打|聊|谈|跟进|说|沟通|去|回访)?",
            bare,
        ):
            return moment, "", (text[:start] + text[end:]).strip(EDGES)
        return moment, "", text
    return None, "", text


def _later(moment: Found, now: datetime) -> bool:
    value = moment.value
    if isinstance(value, datetime):
        return value > now if moment.has_time else value.date() >= now.date()
    return value >= now.date()


def _happened(text: str, now: datetime, planned: Found | None) -> tuple[datetime | None, str]:
    """昨天拜访了…: when it was, if that lies in the past; the word stays out of the content."""
    for moment in find_moments(text, now, prefer="past"):
        if planned is not None and moment.text == planned.text:
            continue
        value = moment.value
        day = value.date() if isinstance(value, datetime) else value
        if not moment.sure or day > now.date() or moment.start > 8:
            continue
        if isinstance(value, datetime) and moment.has_time and value <= now:
            return value, (text[: moment.start] + text[moment.end :]).strip(EDGES)
        if day < now.date():
            at = datetime.combine(day, time(18, 0), tzinfo=now.tzinfo)
            return min(at, now - timedelta(minutes=1)), (text[: moment.start] + text[moment.end :]).strip(EDGES)
    return None, text


def _tidy(text: str) -> str:
    text = FILLER.sub("", text.strip(EDGES)) if FILLER.match(text) and CONTACT.search(text) else text
    text = re.sub(r"[,，;；、]\s*(?=[,，;；、。])", "", text)
    return re.sub(r"\s{2,}", " ", text).strip(" ,，;；:：、")
