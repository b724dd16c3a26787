"""What a sales stage must be, and when it may go. Pure.

Source: manual 3.3; requirements R3.20–R3.22; crm-rules.md R-STAGE-1, R-STAGE-2.
"""

import re
from dataclasses import dataclass
from typing import Final

from bot.core.errors import InvalidInput, RuleBroken

EXAMPLE: Final = "新增阶段 样品测试 40%"
RATE: Final = re.compile(r"(?:赢率)?[:：\s]*(-?\d{1,4}(?:\.\d+)?)\s*[%％]?\s*$", re.ASCII)
NAMED: Final = re.compile(r"赢率|[%％]")
KINDS: Final = {"open": "进行中", "won": "赢单", "lost": "输单"}
LONGEST: Final = 20
LONGEST_STALE: Final = 365  # days


class ChangedSince(RuleBroken, code="stages.changed"):
    """Somebody has changed the list after what would be taken back."""


class NameTaken(RuleBroken, code="stages.name_taken"):
    """A stage of that name is there already."""


class StillUsed(RuleBroken, code="stages.still_used"):
    """Opportunities are in it: it can be put out of use, not deleted."""


class MustStay(RuleBroken, code="stages.must_stay"):
    """Every company has one won stage, one lost stage and one to begin with."""


@dataclass(frozen=True, slots=True)
class StageFact:
    """A stage as the rules look at it."""

    name: str
    kind: str  # open | won | lost
    active: bool
    used: int  # opportunities in it; where it is to be deleted, those that went through it too


def read_stage(text: str) -> tuple[str, int]:
    """`样品测试 40%`. Raises InvalidInput without a name or without a rate: the rate is required (manual 3.3 ④)."""
    found = RATE.search(text)
    name = (text[: found.start()] if found else text).strip(" ，,：:")
    if not name:
        raise InvalidInput(f"请写明阶段名称和赢率，例如「{EXAMPLE}」。")
    if len(name) > LONGEST:
        raise InvalidInput(f"阶段名称太长了，最多 {LONGEST} 个字。")
    if found is None:
        raise InvalidInput(f"「{name}」还差赢率，例如「新增阶段 {name} 40%」。")
    return name, check_rate(found.group(1))


def check_rate(text: str) -> int:
    """A whole percentage from 0 to 100. Raises InvalidInput."""
    digits = text.strip().strip("%％").strip()
    if not re.fullmatch(r"\d{1,3}", digits, re.ASCII) or int(digits) > 100:
        raise InvalidInput("赢率是 0 到 100 的整数百分比，例如 40%。")
    return int(digits)


def check_kind_rate(kind: str, rate: int) -> None:
    """赢单 is always 100 %, 输单 always 0 %. Raises InvalidInput."""
    fixed = {"won": 100, "lost": 0}.get(kind)
    if fixed is not None and rate != fixed:
        raise InvalidInput(f"{KINDS[kind]}阶段的赢率固定是 {fixed}%，不用改。")


def check_stale_days(name: str, kind: str, days: int | None) -> None:
    """From 1 to 365, of a stage whose opportunities are still open. Raises InvalidInput."""
    if kind != "open":
        raise InvalidInput(f"{KINDS[kind]}阶段的商机已经结束，不会停滞。")
    if days is not None and not 1 <= days <= LONGEST_STALE:
        raise InvalidInput(
            f"停滞天数是 1 到 {LONGEST_STALE} 的整数，例如「阶段 {name} 停滞 14天」；不提醒写「停滞 关」。"
        )


def stale_text(days: int | None) -> str:
    """14 天; 关."""
    return "关" if days is None else f"{days} 天"


def check_may_go(stage: StageFact, others: list[StageFact], *, deleting: bool) -> None:
    """May it be put out of use, or deleted? Raises MustStay, StillUsed."""
    if not any(o.kind == stage.kind and o.active for o in others):
        raise MustStay(f"「{stage.name}」是唯一的{KINDS[stage.kind]}阶段，要留着；先新增一个再说。")
    if deleting and stage.used:
        raise StillUsed(
            f"有 {stage.used} 个商机在「{stage.name}」或经过它，不能删除；"
            f"可以「停用阶段 {stage.name}」，原来的商机不变。"
        )
