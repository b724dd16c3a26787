"""What a competitor is, and when it may go. Pure.

Source: manual 3.2; requirements R3.10, R3.11; crm-rules.md R-COMP-1, R-COMP-4.
"""

import re
from dataclasses import dataclass
from typing import Final

from bot.core.errors import InvalidInput, RuleBroken

EXAMPLE: Final = "新增竞争对手 恒力机床 优势 价格低 劣势 交期长 策略 强调售后"
LABELS: Final = {"strengths": "优势", "weaknesses": "劣势", "tactics": "应对策略"}
HEADS: Final = re.compile(r"[\s,，;；、。]*(优势|优点|强项|劣势|缺点|弱项|应对策略|应对|策略)[\s:：是为]*")
MEANINGS: Final = {
    "优势": "strengths", "优点": "strengths", "强项": "strengths", "劣势": "weaknesses", "缺点": "weaknesses",
    "弱项": "weaknesses", "应对策略": "tactics", "应对": "tactics", "策略": "tactics",
}  # fmt: skip


class NameTaken(RuleBroken, code="competitors.name_taken"):
    """A competitor of that name is there already."""


class StillMet(RuleBroken, code="competitors.still_met"):
    """Opportunities refer to it: it can be archived, not deleted."""


class ChangedSince(RuleBroken, code="competitors.changed"):
    """Somebody has changed it after what would be taken back."""


@dataclass(frozen=True, slots=True)
class CompetitorWords:
    """A sentence about a competitor, taken apart. None: not spoken of."""

    name: str
    strengths: str | None = None
    weaknesses: str | None = None
    tactics: str | None = None

    def given(self) -> dict[str, str]:
        """What was spoken of."""
        every = {"strengths": self.strengths, "weaknesses": self.weaknesses, "tactics": self.tactics}
        return {field: text for field, text in every.items() if text is not None}


def read_competitor(text: str) -> CompetitorWords:
    """`名称 优势… 劣势… 策略…`, in any order. Raises InvalidInput without a name."""
    pieces = HEADS.split(text.strip())
    name = pieces[0].strip(" ，,。：:")
    if not name:
        raise InvalidInput(f"请写明竞争对手的名称，例如「{EXAMPLE}」。")
    found: dict[str, str] = {}
    for head, words in zip(pieces[1::2], pieces[2::2], strict=True):
        field = MEANINGS[head]
        found[field] = "；".join(p for p in (found.get(field, ""), words.strip(" ，,。；;")) if p)
    return CompetitorWords(name, found.get("strengths"), found.get("weaknesses"), found.get("tactics"))


def check_may_remove(name: str, met: int) -> None:
    """Raises StillMet while opportunities refer to it."""
    if met:
        raise StillMet(f"「{name}」在 {met} 个商机里出现过，不能删除；可以「停用竞争对手 {name}」，以后不再可选。")
