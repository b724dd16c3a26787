"""Who may be a 协作人, and what a sentence about one says. Pure.

Source: crm-rules.md 4.2 (team_member), conversation.md 1.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime

from bot.core.errors import InvalidInput, RuleBroken
from bot.language.dates import find_moments, find_range

EXAMPLE = "给 华兴 加协作人 李敏 可写 到 3月底"
_RIGHT = re.compile(r"(?:^|[\s,，(（])(?P<right>只读|只看|只能看|查看|可写|读写|可编辑|能改)(?=$|[\s,，)）])")
_UNTIL = re.compile(r"(?:^|[\s,，])(?:有效期)?(?:截止|截至|一直)?(?:到|至)\s*(?P<day>\S.*)$")
_NO_END = frozenset({"长期", "永久", "不限", "一直"})


class NotAMember(RuleBroken, code="team.not_a_member"):
    """This person cannot be one, or is none."""


class AnsweredAlready(RuleBroken, code="team.answered"):
    """One answer counts; the text says which."""


@dataclass(frozen=True, slots=True)
class MemberWords:
    """What was said of a member. `may_write` None: nothing."""

    who: str
    may_write: bool | None
    until: date | None


def read_member(text: str, now: datetime) -> MemberWords:
    """`李敏 只读 到 3月底`. Raises InvalidInput: a day that is no day, or is over."""
    until: date | None = None
    ends = _UNTIL.search(text)
    if ends is not None:
        said = ends["day"].strip()
        text = text[: ends.start()]
        rights = _RIGHT.search(f" {said}")
        if rights is not None:  # 到 3月底 只读
            text += rights[0]
            said = _RIGHT.sub(" ", f" {said}").strip()
        until = None if said in _NO_END else _day(said, now)
    right = _RIGHT.search(text)
    may_write = None if right is None else right["right"] in ("可写", "读写", "可编辑", "能改")
    who = " ".join(w for w in _RIGHT.sub(" ", text).split() if w not in _NO_END).strip(" ,，。!！")
    if not who:
        raise InvalidInput(f"加谁？例如「{EXAMPLE}」。")
    return MemberWords(who, may_write, until)


def _day(said: str, now: datetime) -> date:
    founds = find_moments(said, now)
    day = founds[0].day if len(founds) == 1 and founds[0].sure else None
    if day is None:
        span = find_range(said, now, prefer="future")
        day = span.last if span is not None and span.sure else None
    if day is None:
        raise InvalidInput(f"到哪一天没认出来：「{said[:20]}」，例如「到 3月31日」。")
    if day < now.date():
        raise InvalidInput(f"{day.month}月{day.day}日 已经过了，写一个今天或以后的日期。")
    return day


def check_member(*, name: str, user_id: str, owner_id: str, told: bool) -> None:
    """Raises NotAMember."""
    if user_id == owner_id:
        raise NotAMember(f"{name} 就是负责人，不用加为协作人。")
    if not told:
        raise NotAMember(f"{name} 不在使用范围里，不能加为协作人。请换一位，或请管理员开通。")
