"""What a sales stage must be, and when it may go. Pure.

Source: manual 3.3; requirements R3.20–R3.22; crm-rules.md R-STAGE-1, R-STAGE-2, R-OPP-7.
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


def read_days(text: str) -> int | None:
    """`14天`; None for `不限`. Raises InvalidInput."""
    said = text.strip().removesuffix("天").strip()
    if said in ("不限", "无", "没有", "取消"):
        return None
    if not re.fullmatch(r"\d{1,3}", said, re.ASCII) or int(said) == 0:
        raise InvalidInput("停滞天数是 1 到 999 的整数，例如「阶段 报价 停滞 14天」；不要了就写「不限」。")
    return int(said)


def check_kind_rotten(kind: str) -> None:
    """What is won or lost does not go stale. Raises InvalidInput."""
    if kind != "open":
        raise InvalidInput(f"{KINDS[kind]}阶段的商机已经结束，不会停滞，不用设天数。")


def check_kind_rate(kind: str, rate: int) -> None:
    """赢单 is always 100 %, 输单 always 0 %. Raises InvalidInput."""
    fixed = {"won": 100, "lost": 0}.get(kind)
    if fixed is not None and rate != fixed:
        raise InvalidInput(f"{KINDS[kind]}阶段的赢率固定是 {fixed}%，不用改。")


def check_may_go(stage: StageFact, others: list[StageFact], *, deleting: bool) -> None:
    """May it be put out of use, or deleted? Raises MustStay, StillUsed."""
    if not any(o.kind == stage.kind and o.active for o in others):
        raise MustStay(f"「{stage.name}」是唯一的{KINDS[stage.kind]}阶段，要留着；先新增一个再说。")
    if deleting and stage.used:
        raise StillUsed(
            f"有 {stage.used} 个商机在「{stage.name}」或经过它，不能删除；"
            f"可以「停用阶段 {stage.name}」，原来的商机不变。"
        )
