"""How a line of values is read, what may become of a dictionary, and what a bound field takes. Pure.

Source: manual 3.7; spec README D16; crm-rules.md R-DICT-1 to 5.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from bot.core.errors import InvalidInput, RuleBroken

NAME_LENGTH: Final = 30
LABEL_LENGTH: Final = 50
MANY: Final = 500  # values of one dictionary
FULL_WIDTH: Final = "；"
_OTHER_MARKS: Final = re.compile(r"[、，,|]")
_BLANKS: Final = re.compile(r"[ \t\u3000\xa0]+")
_INVISIBLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u2028\u2029]")


class NotAValueLine(InvalidInput, code="dictionaries.line"):
    """The line of values cannot be read; the text says why."""


class WrongSemicolon(NotAValueLine, code="dictionaries.semicolon"):
    """Full-width semicolons (or other marks) between values: refused, with the corrected values (D16)."""

    def __init__(self, text: str, corrected: str) -> None:
        super().__init__(text)
        self.corrected = corrected


class NameTaken(RuleBroken, code="dictionaries.name_taken"):
    """Names are unique and never change (R3.62)."""


class StillBound(RuleBroken, code="dictionaries.bound"):
    """A bound dictionary cannot be deleted (R-DICT-4)."""


class ChangedSince(RuleBroken, code="dictionaries.changed"):
    """It was changed again, so this change cannot be taken back."""


class NotAChoice(InvalidInput, code="dictionaries.not_a_choice"):
    """A value its field's dictionary does not offer."""


def key(text: str) -> str:
    """Trimmed, width- and case-folded: what counts as the same value."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def clean_label(text: str) -> str:
    """One value as it is kept: no invisible marks, blanks single, none at the ends."""
    return _BLANKS.sub(" ", _INVISIBLE.sub("", text)).strip()


def read_values(line: str) -> list[str]:
    """The values of `A;B;C`, in order. Line breaks part values too; empty items are dropped.

    Raises:
        WrongSemicolon: with the corrected line.
        NotAValueLine: nothing in it, a value twice, one too long, or too many.
    """
    if FULL_WIDTH in line:
        corrected = _joined(re.split(r"[；;\n]", line))
        raise WrongSemicolon("选项之间要用英文分号「;」，这里用了中文分号「；」，没有保存。", corrected)
    values = [v for v in (clean_label(part) for part in re.split(r"[;\n]", line)) if v]
    if not values:
        raise NotAValueLine("没有看到选项。选项之间用英文分号「;」隔开，例如：重点客户;普通客户")
    if len(values) == 1 and _OTHER_MARKS.search(values[0]):
        corrected = _joined(_OTHER_MARKS.split(values[0]))
        raise WrongSemicolon(f"选项之间要用英文分号「;」隔开，「{values[0]}」会被当成一个选项，没有保存。", corrected)
    seen: dict[str, int] = {}
    for number, value in enumerate(values, start=1):
        if len(value) > LABEL_LENGTH:
            raise NotAValueLine(
                f"第 {number} 个选项太长（{len(value)} 个字，最多 {LABEL_LENGTH} 个）：「{value[:20]}…」。"
            )
        if (first := seen.setdefault(key(value), number)) != number:
            raise NotAValueLine(f"「{value}」重复了（第 {first} 个和第 {number} 个），没有保存。去掉一个再发一次。")
    if len(values) > MANY:
        raise NotAValueLine(f"一个字典最多 {MANY} 个选项，这里有 {len(values)} 个，没有保存。")
    return values


def _joined(parts: Sequence[str]) -> str:
    """Without what is empty or a repetition: ready to be sent."""
    first: dict[str, str] = {}
    for value in (clean_label(p) for p in parts):
        if value:
            first.setdefault(key(value), value)
    return ";".join(first.values())


def read_name(name: str) -> str:
    """A new dictionary's name. Raises NotAValueLine."""
    cleaned = clean_label(name)
    if not cleaned:
        raise NotAValueLine("字典叫什么名字？例如「新建字典 客户等级 A级;B级;C级」。")
    if len(cleaned) > NAME_LENGTH or re.search(r"[;；\n]", cleaned):
        raise NotAValueLine(
            f"字典名称最多 {NAME_LENGTH} 个字，不能有分号，名称和选项之间空一格。"
            "例如「新建字典 客户等级 A级;B级;C级」。"
        )
    return cleaned


@dataclass(frozen=True, slots=True)
class Held:
    """A value as the dictionary has it now."""

    id: int
    label: str
    enabled: bool
    uses: int  # records of the bound fields that hold it


@dataclass(frozen=True, slots=True)
class Kept:
    """A value as it is to be. `id` 0: a new one."""

    id: int
    label: str
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """What an edit makes of a dictionary, and what is to be said of it."""

    values: tuple[Kept, ...]  # enabled ones in their order, then the disabled
    added: tuple[str, ...] = ()
    enabled: tuple[str, ...] = ()  # had been disabled
    disabled: tuple[tuple[str, int], ...] = ()  # removed but in use: label, records
    dropped: tuple[str, ...] = ()  # removed, in use nowhere
    relabelled: tuple[tuple[str, str], ...] = ()  # same value, written otherwise
    moved: bool = False

    @property
    def nothing(self) -> bool:
        """Whether it stays as it is."""
        return not (self.added or self.enabled or self.disabled or self.dropped or self.relabelled or self.moved)


def plan_edit(held: Sequence[Held], wanted: Sequence[str]) -> Plan:
    """`wanted` becomes the list, in that order (R3.65): what is missing is disabled if in use, else dropped."""
    by_key = {key(h.label): h for h in held}
    kept: list[Kept] = []
    added, enabled, relabelled = [], [], []
    for label in wanted:
        had = by_key.pop(key(label), None)
        if had is None:
            added.append(label)
            kept.append(Kept(0, label))
            continue
        if not had.enabled:
            enabled.append(label)
        if had.label != label:
            relabelled.append((had.label, label))
        kept.append(Kept(had.id, label))
    gone = [h for h in held if key(h.label) in by_key]
    disabled = [(h.label, h.uses) for h in gone if h.enabled and h.uses]
    dropped = [h.label for h in gone if h.enabled and not h.uses]
    off = [Kept(h.id, h.label, enabled=False) for h in gone if h.uses or not h.enabled]
    stayed = {k.id for k in kept if k.id}
    before = [h.id for h in held if h.enabled and h.id in stayed]
    after = [k.id for k in kept if k.id in set(before)]
    return Plan(
        (*kept, *off), tuple(added), tuple(enabled), tuple(disabled), tuple(dropped), tuple(relabelled), before != after
    )


def plan_switch(held: Sequence[Held], label: str, *, on: bool) -> Plan:
    """Disables or enables one value; in use or not, it stays in the list.

    Raises:
        NotAValueLine: there is no such value.
    """
    found = find_value(held, label)
    values = tuple(Kept(h.id, h.label, on if h.id == found.id else h.enabled) for h in held)
    if found.enabled == on:
        return Plan(values)
    return Plan(values, enabled=(found.label,) if on else (), disabled=() if on else ((found.label, found.uses),))


def find_value(held: Sequence[Held], label: str) -> Held:
    """Raises NotAValueLine, offering the nearest."""
    for one in held:
        if key(one.label) == key(label):
            return one
    near = nearest(label, [h.label for h in held])
    hint = f"是不是「{near}」？" if near else ""
    raise NotAValueLine(f"这个字典里没有「{label}」。{hint}现有：{some([h.label for h in held])}。")


def nearest(value: str, allowed: Sequence[str]) -> str | None:
    """The value most like it, if any is: one contains the other, or two of three characters fit."""
    wanted = key(value)
    best, score = None, 0.0
    for one in allowed:
        other = key(one)
        like = SequenceMatcher(None, wanted, other).ratio()
        if wanted and other and (wanted in other or other in wanted):
            like = max(like, 0.7)
        if like > score:
            best, score = one, like
    return best if score >= 0.5 else None


def some(values: Sequence[str], most: int = 12) -> str:
    """展会、网络、转介绍 …等 15 个."""
    shown = "、".join(values[:most])
    return shown + (f" …等 {len(values)} 个" if len(values) > most else "") if values else "（还没有）"


def read_choice(field: str, value: str, enabled: Sequence[str], disabled: Sequence[str] = ()) -> str:
    """The value as the dictionary writes it. `field`: its label.

    Raises:
        NotAChoice: free text, or a disabled value: with what can be chosen, and the nearest (R3.60, R-DICT-3).
    """
    wanted = key(value)
    for one in enabled:
        if key(one) == wanted:
            return one
    if not enabled:
        raise NotAChoice(f"{field}现在没有可选的值，先空着，或请管理员发送「数据字典」加上。")
    off = any(key(one) == wanted for one in disabled)
    near = None if off else nearest(value, enabled)
    what = f"{field}「{value}」已停用，不能再选" if off else f"{field}没有「{value}」这个选项"
    hint = f"是不是「{near}」？" if near else ""
    raise NotAChoice(f"{what}。{hint}可以选：{some(enabled)}。")


def check_free(fields: Sequence[str], name: str) -> None:
    """Raises StillBound, naming the fields."""
    if fields:
        raise StillBound(
            f"「{name}」还绑定着：{'、'.join(fields)}，不能删除。先给这些字段绑定别的字典，或解绑，"
            f"例如「解绑字典 {fields[0].replace('-', ' ')}」。"
        )


def edit_text(name: str, before: Sequence[str], plan: Plan) -> str:
    """Now → new, and what becomes of records that hold what was removed (R3.65)."""
    if plan.nothing:
        return f"「{name}」本来就是这样，没有变化。"
    after = [k.label for k in plan.values if k.enabled]
    lines = [f"已改字典「{name}」：", f"原来：{some(before, 30)}", f"现在：{some(after, 30)}"]
    if plan.added:
        lines.append(f"新增：{'、'.join(plan.added)}（马上可以选）")
    if plan.enabled:
        lines.append(f"启用：{'、'.join(plan.enabled)}")
    if plan.relabelled:
        lines.append("改写：" + "、".join(f"{was} → {now}" for was, now in plan.relabelled))
    lines += [
        f"停用：{label}，{uses} 条记录在用，老数据照常显示，新的不能再选" for label, uses in plan.disabled if uses
    ]
    if unused := [label for label, uses in plan.disabled if not uses]:
        lines.append(f"停用：{'、'.join(unused)}（没有记录在用）")
    if plan.dropped:
        lines.append(f"去掉：{'、'.join(plan.dropped)}（没有记录在用）")
    return "\n".join(lines)


def tally(held: Sequence[tuple[int, str, bool]], uses: Mapping[str, int]) -> list[Held]:
    """Values (id, label, enabled) with how many records hold each; `uses` by folded label."""
    return [Held(i, label, enabled, uses.get(key(label), 0)) for i, label, enabled in held]
