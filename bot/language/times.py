"""Which of a follow-up's dates is the next contact, and which is when it happened."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bot.language.calendar import Overrides
from bot.language.dates import Found, find_moments, masked


@dataclass(frozen=True, slots=True)
class Times:
    """`bare_clauses` say nothing but when the next contact is; `next_spans` are all that speak of it.

    `spans` are those of every date found.
    """

    next_at: Found | None
    happened_at: Found | None
    bare_clauses: tuple[tuple[int, int], ...]
    next_spans: tuple[tuple[int, int], ...]
    spans: tuple[tuple[int, int], ...]


_BREAK: Final = re.compile(r"[,，。;；!！?？\n]+")
_NEXT_WORD: Final = re.compile(
    r"下次|下回|再(?!说了|次说|三|见过|也|不)|约(?!了?\d|\d|为|等|束|莫)|到时|届时|回访|改天|回头|跟进|"
    r"提醒|定在|定于|计划|打算|准备(?:去|打|再|过去|拜访|联系)|"
    r"预约|继续(?:聊|谈|沟通|跟)|要去|得去|待(?:联系|跟进)"
)
_OURS: Final = re.compile(
    r"\s?(?:我们?|咱们?)?(?:要|得|会|需要|准备|打算|计划|应该|可以|亲自|带.{1,6}?|一起|给(?:他们?|她|"
    r"对方|客户)|跟(?:他们?|她|对方|客户)|和(?:他们?|她|对方|客户)|"
    r"向(?:他们?|对方|客户)|电话|微信|当面|现场|前)*\s?"
    r"(?:去|过去|拜访|上门|登门|打|联系|聊|谈|见|回访|跟进|送样|送|给(?!我|咱|答复|反馈|结果|订单|款|"
    r"钱)|发|催|问|确认|沟通|报(?:价|方案)|签(?!字)|对接|看|回复|回电|回|演示|汇报|面谈|碰|开会|视频|"
    r"走访|交流|寄|提交|出(?:方案|报价)|做方案)"
)
_THIRD: Final = re.compile(
    r"(?:他们?|她们?|对方|客户|甲方|老板|[\u4e00-\u9fff]总|[\u4e00-\u9fff]经理|领导|采购|财务|厂里|"
    r"公司).{0,8}$|(?:要求|希望|必须|得在|需在|需要在|承诺|答应|预计|计划在|交期|货期|到期|工期|截止|"
    r"合同|账期|有效期|发货|交货|付款|打款|回款|到货|开工|投产|招标|开标|投标|验收|上线).{0,6}$"
)
_NOT_OURS: Final = re.compile(
    r"\s?(?:之|以)?前?\s?(?:他们|她们|对方|客户|到期|发货|交货|付款?|打款|回款|到货|开工|投产|招标|开标|"
    r"交付|完成|给(?:我|我们|咱)|出结果|开董事会|答复|定|能定|决定|投标|验收|上线|"
    r"之?前(?!去|打|联系|给))"
)
_DONE: Final = re.compile(r"[了过]|见到|打完|聊完|谈完|刚")
_UNDONE: Final = re.compile(r"[不没别太]")
"""Before a 了 it tells of a change, not of something done: 月底发货，不用联系了."""
_NEXT_LEAD: Final = re.compile(r"\s*(?:下次|下回|约|定在|定于|提醒|回访|再|跟进时间|下个?跟进|时间)")
_ONLY_TIME: Final = re.compile(
    r"(?:[\s,，。;；:：、]|下次|下回|再(?:次)?|约(?:在|好|定|了)?|定在|到时候?|届时|回访|联系|跟进|时间|"
    r"计划|打算|准备|提醒我?|记得|我们?|要|得|会|就|的|是|在|去|来|打|聊|谈|电话|打电话|"
    r"拜访|见面?|沟通|过去|给(?:他们?|她|对方|客户)|跟(?:他们?|她|对方)|和(?:他们?|她|对方)|一下|一次|"
    r"一趟|个|吧|继续|上门|回复|微信|面谈|开会|预约|左右|日期|聊聊|谈谈|看看|看)*"
)


def read_times(text: str, now: datetime, *, mask: Iterable[str] = (), overrides: Overrides | None = None) -> Times:
    """The dates of a follow-up.

    The next contact comes only from words about next time (下次, 再, 约, 到时 …), from what we ourselves are to do
    then (明天去拜访), or from a future date that ends the sentence. What the customer is to do (月底前发货) is
    content. Several such dates that differ make it unsure.
    """
    names = list(mask)
    ahead = find_moments(text, now, prefer="future", overrides=overrides, mask=names)
    if not ahead:
        return Times(None, None, (), (), ())
    back: dict[tuple[int, int], Found] | None = None  # the same dates read backwards, where one is asked for
    folded = masked(text, names)
    bounds = _clauses(folded)
    next_ones: list[tuple[int, Found, tuple[int, int]]] = []
    happened: list[Found] = []
    for index, found in enumerate(ahead):
        clause = next(((s, e) for s, e in bounds if s <= found.start < e), (0, len(folded)))
        left = max(clause[0], ahead[index - 1].end if index else 0)
        right = min(clause[1], ahead[index + 1].start) if index + 1 < len(ahead) else clause[1]
        before, after = folded[left : found.start], folded[found.end : right]
        kind = _kind(found, before, after, now, is_last=not folded[found.end :].strip(" ,，。!！吧"))
        if kind == 0:
            if back is None:
                earlier = find_moments(text, now, prefer="past", overrides=overrides, mask=names)
                back = {(f.start, f.end): f for f in earlier}
            happened.append(back.get((found.start, found.end), found))
        elif kind > 0:
            span = (_bare_start(folded, clause[0], found.start), clause[1])
            next_ones.append((kind, found, span))
    next_at = _chosen(next_ones)
    bare = tuple(
        span
        for _, found, span in next_ones
        if found.value == (next_at.value if next_at else None) and _is_bare(folded, span, found)
    )
    return Times(
        next_at,
        _happened(happened, now),
        bare,
        tuple((s if s > 0 else found.start, e) for _, found, (s, e) in next_ones),
        tuple((f.start, f.end) for f in ahead),
    )


_CORRECTION: Final = re.compile(
    r"^(?:(?:不对|不是|错了|写错了|说错了|应该是?|改到|改成|改为|那就|还是|嗯|好的?)[\s,，。]*)+"
)


def only_time(text: str, now: datetime) -> Found | None:
    """The one time a message names, where it says nothing else (下次周五, 不对，是下周三再打); may be unsure."""
    text = _CORRECTION.sub("", text.strip())
    found = find_moments(text, now, prefer="future")
    if len(found) != 1:
        return None
    rest = masked(text, [])
    rest = rest[: found[0].start] + rest[found[0].end :]
    return found[0] if _ONLY_TIME.fullmatch(rest.rstrip("。.!！~～")) else None


def is_correction(text: str) -> bool:
    """不对, 改成 and the like begin it."""
    return _CORRECTION.match(text.strip()) is not None


def _clauses(folded: str) -> list[tuple[int, int]]:
    bounds: list[tuple[int, int]] = []
    start = 0
    for match in _BREAK.finditer(folded):
        bounds.append((start, match.end()))
        start = match.end()
    bounds.append((start, len(folded)))
    return [b for b in bounds if b[1] > b[0]]


def _kind(found: Found, before: str, after: str, now: datetime, *, is_last: bool) -> int:
    """3 words of next time, 2 our own doing, 1 ends the sentence, 0 happened, -1 content."""
    told_past = _lies_behind(found, now)
    if told_past and re.search(r"(?:下次|下回|跟进时间|提醒我?)[^,，]{0,3}$", before):
        return 3  # said to be the next time, so the rule can say that it is past
    if told_past and not _is_open(found):
        return 0 if (not _THIRD.search(before) or _DONE.search(after[:8])) else -1
    marker = _NEXT_WORD.search(before[-8:]) or _NEXT_WORD.match(after[:14].lstrip()) or _NEXT_WORD.search(after[:10])
    done = _DONE.search(after[:10])
    if done is not None and _UNDONE.search(after[: done.start()]):
        done = None
    next_after = _NEXT_WORD.search(after)
    if done and (next_after is None or done.start() < next_after.start()) and not _NEXT_WORD.search(before[-6:]):
        return 0 if _may_be_past(found) else -1
    strong = re.search(r"(?:下次|下回|约(?:了|好|在|定)?|定在|提醒我?|跟进时间|改天|到时)[^,，]{0,5}$", before)
    if strong:
        return 3
    if _THIRD.search(before) and not (_NEXT_WORD.match(after.lstrip()) or _OURS.match(after)):
        return -1
    if _NOT_OURS.match(after) and not _NEXT_WORD.match(after.lstrip()):
        return -1
    if marker:
        return 3
    if _OURS.match(after):
        return -1 if re.search(r"(?:他们?|对方|客户).{0,4}$", before) else 2
    return 1 if is_last and not _THIRD.search(before) else -1


def _lies_behind(found: Found, now: datetime) -> bool:
    if isinstance(found.value, datetime):
        return found.value < now
    return found.value < now.date()


def _is_open(found: Found) -> bool:
    """Whether the other reading of an unsure past date lies ahead (本周一)."""
    return not found.sure and len(found.candidates) > 1


def _may_be_past(found: Found) -> bool:
    return not re.search(r"明|后天|下(?!午)|以?后|之后|未来", found.text)


def _chosen(found: list[tuple[int, Found, tuple[int, int]]]) -> Found | None:
    if not found:
        return None
    best = max(kind for kind, _, _ in found)
    chosen = [f for kind, f, _ in found if kind == best]
    values = list(dict.fromkeys(f.value for f in chosen))
    if len(values) == 1:
        return chosen[-1]
    return replace(chosen[0], sure=False, reason="说了不止一个时间", candidates=tuple(values))


def _happened(found: list[Found], now: datetime) -> Found | None:
    """The first; that it was today without an hour says no more than that it is being told now."""
    for one in found:
        if one.day == now.date() and not one.has_time:
            continue
        return one
    return None


def _bare_start(folded: str, clause_start: int, found_start: int) -> int:
    """Where the words of next time begin: at 下次, 约 … if only such words follow, else after the last pause."""
    places = [clause_start, *(m.end() for m in re.finditer(r"\s", folded[:found_start]) if m.end() > clause_start)]
    for place in places:
        lead = folded[place:found_start]
        if _NEXT_LEAD.match(lead) and _ONLY_TIME.fullmatch(lead):
            return place
    return places[-1]


def _is_bare(folded: str, span: tuple[int, int], found: Found) -> bool:
    rest = folded[span[0] : found.start] + folded[found.end : span[1]]
    return _ONLY_TIME.fullmatch(rest) is not None
