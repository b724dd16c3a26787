"""What may be handed over, to whom, and what a sentence about it means. Pure: no I/O, no clock.

Source: manual 2.2.4; spec README D5, D9; crm-rules.md 1.3 (R-HAND-1..7).
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from bot.core.errors import InvalidInput, RuleBroken
from bot.core.holdings import BY_NAME, KINDS, counted

UNDO = timedelta(hours=72)
Over = Literal["", "fit", "allow"]  # what to do above the receiver's cap: nothing yet, as many as fit, all the same


class NotAReceiver(RuleBroken, code="handover.receiver"):
    """This person cannot take over; the text says why."""


class OverCap(RuleBroken, code="handover.over_cap"):
    """The receiver would hold more customers than the cap; an administrator has to choose."""


class NothingToHandOver(RuleBroken, code="handover.nothing"):
    """The giver holds none of it (any more); the text says who took it over, if somebody did."""


class NotTakenBack(RuleBroken, code="handover.not_taken_back"):
    """Too late, or done already."""


def check_receiver(*, giver_id: str, receiver_id: str, name: str, active: bool, in_scope: bool) -> None:
    """R2.21: an active colleague within the usage scope, and somebody else than the giver."""
    if not active:
        raise NotAReceiver(f"{name} 已经离职，不能接手，请换一位在职同事。")
    if giver_id == receiver_id:
        raise NotAReceiver(f"交出和接手的都是 {name}，请换一位接手人。")
    if not in_scope:
        raise NotAReceiver(f"{name} 不在使用范围里，不能接手。先把他加进使用范围，或换一位。")


@dataclass(frozen=True, slots=True)
class CapFacts:
    """How many customers go, and how many the receiver has. `cap` None: no limit."""

    giving: int
    holding: int
    cap: int | None

    @property
    def room(self) -> int:
        """How many more customers fit."""
        return self.giving if self.cap is None else max(0, min(self.giving, self.cap - self.holding))

    @property
    def over(self) -> int:
        """By how many the cap would be passed."""
        return self.giving - self.room


def customers_to_move(facts: CapFacts, over: Over, *, name: str) -> int:
    """How many customers go (R-HAND-3).

    Raises:
        OverCap: too many, and nothing has been chosen; or not one would fit.
    """
    if not facts.over or over == "allow":
        return facts.giving
    if over == "fit" and facts.room:
        return facts.room
    raise OverCap(
        f"{name} 现有 {facts.holding} 家客户，上限 {facts.cap}，会超 {facts.over} 家，还没有交接。"
        + (f"可以先交 {facts.room} 家，或者这次允许超上限。" if facts.room else "可以换一位，或者这次允许超上限。")
    )


def next_assignee(
    *, receiver_id: str | None, applicants: Collection[str], superior_id: str | None, administrators: Sequence[str]
) -> str | None:
    """Who decides an approval that waited for somebody who hands over, or has left (R-HAND-4, D10).

    The receiver; never one of the `applicants`: then his superior, then an administrator. Without a
    receiver (somebody left and nobody has taken over) an administrator, so that nothing is stuck. None: there is
    nobody but applicants.
    """
    candidates = [receiver_id, superior_id if receiver_id in applicants else None, *administrators]
    return next((one for one in candidates if one and one not in applicants), None)


def changes(shown: Mapping[str, int], now: Mapping[str, int]) -> str:
    """What has changed since a preview was shown: 客户 12 → 13 家; empty: nothing."""
    return "、".join(
        f"{kind.label} {shown.get(kind.name, 0)} → {now.get(kind.name, 0)} {kind.unit}"
        for kind in KINDS
        if shown.get(kind.name, 0) != now.get(kind.name, 0)
    )


def chosen_of(kinds: Sequence[str]) -> tuple[str, ...]:
    """In the order of the table, each once."""
    return tuple(kind.name for kind in KINDS if kind.name in kinds)


# -- sentences --------------------------------------------------------------------------------------

ALL = ("全部任务", "全部", "所有", "一切", "全都", "都")
FOLLOWING = ("回款计划", "回款", "开票申请", "开票", "发票")
FILLERS = (
    "名下的", "名下", "手上的", "手上", "任务", "模块", "应用", "资料", "数据", "还有", "以及", "离职", "的", "和",
    "与", "跟", "及",
)  # fmt: skip
TO = re.compile(r"\s*(?:移交给|交接给|转交给|转移给|交给|转给|给|->|→)\s*")
EXCEPT = re.compile(r"^\s*除(?:了|去)?(.+?)(?:以外|之外|外)?[都的]?(?:其他|其它|别的)?(?:全部|所有|都)?\s*$")
MARKS = re.compile(r"[\s,，、;；。.!！+/]+")
WORDS: dict[str, tuple[str, ...]] = {
    **{word: (kind.name,) for kind in KINDS for word in (kind.label, *kind.words)},
    **dict.fromkeys(ALL, tuple(kind.name for kind in KINDS)),
    **dict.fromkeys(FOLLOWING, ("",)),
    **dict.fromkeys(FILLERS, ()),
}
ORDER = sorted(WORDS, key=len, reverse=True)
EXAMPLE = "例如「交接 赵六 给 钱七 全部」，或「交接 赵六 给 钱七 客户 合同」"


def read_kinds(words: str) -> tuple[str, ...]:
    """The kinds a sentence names; empty: none.

    Raises:
        InvalidInput: a word is no kind, or one that goes with another.
    """
    excluded = EXCEPT.match(words)
    if excluded:
        without = read_kinds(excluded.group(1))
        return tuple(kind.name for kind in KINDS if kind.name not in without)
    found: list[str] = []
    rest = words
    while rest := MARKS.sub(" ", rest).strip():
        word = next((w for w in ORDER if rest.startswith(w)), None)
        if word is None:
            labels = "、".join(kind.label for kind in KINDS)
            raise InvalidInput(f"没认出「{rest[:12]}」。可以交接的有：{labels}，或者全部。{EXAMPLE}。")
        if "" in WORDS[word]:
            raise InvalidInput(f"{word}跟着合同走，不单独交接；交接合同就一起过去了。{EXAMPLE}。")
        found += WORDS[word]
        rest = rest[len(word) :]
    return chosen_of(found)


def split_people(words: str) -> tuple[str, str]:
    """What stands before and behind 给: the giver (with what of his), the receiver (with what)."""
    text = re.sub(r"^(?:把|将|请把|帮我把)\s*", "", words.strip())
    parts = TO.split(text, maxsplit=1)
    return parts[0].strip(), parts[1].strip() if len(parts) > 1 else ""


def left_text(left: Sequence[tuple[str, str]], total: int) -> str:
    """What a taking-back left where it is: `left` (kind, title) are the first of `total`."""
    if not total:
        return ""
    shown = "、".join(f"{BY_NAME[kind].label}「{title}」" for kind, title in left[:10])
    more = f" 等 {total} 条" if total > len(left[:10]) else ""
    return f"{total} 条交接后有人动过或又换了负责人，没有退回，留在原处：{shown}{more}。"


# -- leaving and coming back ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody who left, as the administrators are told."""

    name: str
    counts: Mapping[str, int]
    planned: int = 0
    was_admin: bool = False

    @property
    def total(self) -> int:
        """All records."""
        return sum(self.counts.values())


NAMED = 3  # leavers in one message, each with his own line


def leaving_text(left: Sequence[Left], *, alone: bool) -> tuple[str, str] | None:
    """Title and text of the administrators' notice; None: none of them holds anything that matters.

    `alone`: no administrator is left at work, and DingTalk's own are told instead.
    """
    owning = [one for one in left if one.total]
    admins = [one.name for one in left if one.was_admin]
    if not owning and not admins and not alone:
        return None
    lines: list[str] = []
    if len(owning) <= NAMED:
        lines += [f"{one.name} 已离职，名下还有 {counted(one.counts)}{_planned(one.planned)}。" for one in owning]
    else:
        total: dict[str, int] = {}
        for one in owning:
            for kind, count in one.counts.items():
                total[kind] = total.get(kind, 0) + count
        names = "、".join(one.name for one in owning[:NAMED])
        planned = _planned(sum(one.planned for one in owning))
        lines.append(f"{len(owning)} 人离职后名下还有东西（{names} 等），一共 {counted(total)}{planned}。")
    rest = len(left) - len(owning)
    if rest:
        who = "、".join(one.name for one in left if not one.total) if rest <= NAMED else f"{rest} 人"
        lines.append(f"{who} 已离职，名下没有要交接的。" if not owning else f"另有 {who} 离职，名下没有要交接的。")
    if admins:
        lines.append(f"{'、'.join(admins)} 的管理员身份已停用。")
    if alone:
        lines.append("应用现在没有在职的管理员了。你是钉钉管理员，给我发送「我来管理」就能接手。")
    elif len(owning) == 1:
        lines.append(f"账号已停用。点刚发给你的卡片交接，或发送「交接 {owning[0].name}」。")
    elif owning:
        lines.append("账号已停用。发送「交接任务」逐个交接。")
    title = (
        f"离职交接：{owning[0].name}" if len(owning) == 1 else f"离职交接：{len(owning)} 人" if owning else "有人离职"
    )
    return title, "\n".join(lines)


def _planned(count: int) -> str:
    return f"，待跟进 {count} 家" if count else ""


def return_text(name: str, roles: Sequence[str], *, was_admin: bool, is_admin: bool) -> str:
    """What the administrators read when somebody comes back (reliability P5)."""
    had = f"离职前的角色是 {'、'.join(roles)}，" if roles else "离职前没有角色，"
    kept = "没有自动恢复。" if roles else "现在是「所有用户」。"
    text = f"{name} 重新入职，账号已恢复；{had}{kept}"
    if roles:
        text += f"要恢复就发送「恢复角色 {name}」。"
    if was_admin:
        text += (
            "他是唯一的管理员，管理员身份仍然有效。"
            if is_admin
            else f"他以前还是管理员，要恢复就发送「添加管理员 {name}」。"
        )
    return text
