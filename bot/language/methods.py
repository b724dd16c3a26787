"""How people were in touch, told from the verb and named by the tenant's own dictionary."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from bot.language.normalize import fold


@dataclass(frozen=True, slots=True)
class MethodHit:
    """`value` is one of the dictionary's values; it was told at `start:end`."""

    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Kind:
    words: re.Pattern[str]
    names: tuple[str, ...]


_KINDS: Final = (
    _Kind(
        re.compile(
            r"打(?:了|过)?(?:一?[个通次])?电话|通(?:了|过)?(?:一?[个次])?电话|通(?:了|过)?话|(?<!视频)"
            r"(?<!语音)电话(?!号|簿|本|里没|为|是1|[:：]?\d)"
            r"|致电|去电|来电|回电|打(?:给|过去|过来)|接通|没接|未接|打不通|没打通|电联"
        ),
        ("电话", "电话沟通", "电话跟进", "电话联系", "通话", "去电"),
    ),
    _Kind(
        re.compile(r"企业微信|企微|微信(?!群里没|号)|wechat|(?<![a-z])vx(?![a-z])|加了?v(?![a-z])"),
        ("微信", "微信沟通", "微信联系", "企业微信", "即时通讯", "在线沟通", "线上沟通", "网络沟通"),
    ),
    _Kind(re.compile(r"钉钉(?:上|里|聊|沟通|联系)"), ("钉钉", "钉钉沟通", "即时通讯", "在线沟通")),
    _Kind(re.compile(r"发(?:了|过)?(?:一?[条个])?短信|短信"), ("短信",)),
    _Kind(
        re.compile(
            r"发(?:了|过)?(?:一?封)?邮件|邮件|邮箱(?!是|[:：])|(?<![a-z])e-?mail(?![a-z])|(?<![a-z])mail(?![a-z])"
        ),
        ("邮件", "电子邮件", "邮件沟通", "邮件联系"),
    ),
    _Kind(
        re.compile(
            r"(?:来|到)(?:我们|我们?这|我司|公司|厂里?)(?:公司)?(?:参观|考察|来访|看厂|看样)|来访|接待(?:了|过)?"
        ),
        ("来访", "客户来访", "接待", "来访接待"),
    ),
    _Kind(
        re.compile(
            r"拜访(?:了|过)?|走访(?:了|过)?|上门(?:了|过)?|登门|面访|到访|面谈(?:了|过)?|当面|见(?:了|"
            r"过)?(?:一)?面|见面|见(?:了|到了?|完)(?!效|到底)|"
            r"去(?:了|过)(?:一趟|他们|他们公司|现场|客户)?|实地|现场"
        ),
        ("拜访", "上门拜访", "上门", "实地拜访", "外出拜访", "面谈", "当面拜访", "面访", "走访", "见面", "当面沟通"),
    ),
    _Kind(
        re.compile(
            r"开(?:了|过|完)?(?:一?[个次])?(?:线上|视频|电话)?会(?!员|计)|(?:视频|线上|腾讯|电话|"
            r"技术交流|沟通)会议?|会议|座谈|研讨"
        ),
        ("会议", "开会", "视频会议", "线上会议", "会议沟通"),
    ),
    _Kind(re.compile(r"展会上?|展台"), ("展会", "展会接待")),
    _Kind(
        re.compile(r"请.{0,4}吃(?:了|过)?饭|吃(?:了|个|过)?饭|宴请|饭局|聚餐|喝茶"),
        ("宴请", "商务宴请", "招待", "餐叙"),
    ),
    _Kind(re.compile(r"qq(?:上|聊|里|沟通)"), ("qq", "QQ", "在线沟通")),
)


def find_method(text: str, methods: Sequence[str], *, skip: Sequence[tuple[int, int]] = ()) -> MethodHit | None:
    """The first method `text` tells, as one of `methods`; None when it tells none that the dictionary has.

    A value of the dictionary that stands in the text itself goes before a verb at the same place. `skip` holds
    stretches that speak of next time.
    """
    folded = fold(text)
    hits: list[tuple[int, int, int, str]] = []
    for value in methods:
        label = fold(value)
        place = folded.find(label) if len(label) >= 2 else -1
        while place >= 0:
            if not _skipped(place, skip) and not re.match(r"号|簿|[:：]?\d", folded[place + len(label) :]):
                hits.append((place, -len(label), place + len(label), value))
                break
            place = folded.find(label, place + 1)
    for kind, chosen in _kinds_of(tuple(methods)):
        for match in kind.words.finditer(folded):
            if not _skipped(match.start(), skip):
                hits.append((match.start(), -len(match[0]), match.end(), chosen))
                break
    if not hits:
        return None
    start, _, end, value = min(hits)
    return MethodHit(value, start, end)


@lru_cache(maxsize=64)
def _kinds_of(methods: tuple[str, ...]) -> tuple[tuple[_Kind, str], ...]:
    """The kinds of contact that the dictionary has a word for, and that word."""
    return tuple((kind, chosen) for kind in _KINDS if (chosen := nearest_value(kind.names, methods)) is not None)


def nearest_value(names: Sequence[str], methods: Sequence[str]) -> str | None:
    """The dictionary's word for what goes by `names`: the same word, else one that contains or is part of one."""
    folded = {fold(value): value for value in methods}
    for name in names:
        if name in folded:
            return folded[name]
    for name in names:
        for label, value in folded.items():
            if len(label) >= 2 and (name in label or label in name):
                return value
    return None


def _skipped(place: int, skip: Sequence[tuple[int, int]]) -> bool:
    return any(start <= place < end for start, end in skip)
