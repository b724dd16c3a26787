"""What may be done with an opportunity. Pure. Source: crm-rules.md 1.16, R-COMP-3, R-STAGE-5."""

from decimal import Decimal
from typing import Final

from bot.core.errors import InvalidInput, RuleBroken
from bot.core.money import CENT

EXAMPLE: Final = "商机 华兴 二期扩容 30万 月底签"
RESULTS: Final = {"open": "进行中", "won": "赢单", "lost": "输单", "invalid": "无效"}
REASONS: Final = ("价格", "竞品", "预算取消", "其他")
BY_RIVAL: Final = ("竞品", "竞争对手", "对手")
LONGEST: Final = 60
MOST: Final = Decimal("9999999999999999.99")  # Decimal(18,2)


class Closed(RuleBroken, code="opportunities.closed"):
    """It is won, lost or invalid: nothing of it changes until it is opened again (R-OPP-5)."""


class NotYours(RuleBroken, code="opportunities.not_yours"):
    """One may see it but not change it."""


class InPool(RuleBroken, code="opportunities.in_pool"):
    """Its customer belongs to nobody (R-OPP-1)."""


class NameTaken(RuleBroken, code="opportunities.name_taken"):
    """The customer has one of that name."""


class ChangedSince(RuleBroken, code="opportunities.changed"):
    """Somebody has changed it after what would be taken back."""


class SameOwner(RuleBroken, code="opportunities.same_owner"):
    """It is given to who has it."""


class ReasonMissing(InvalidInput, code="opportunities.reason_missing"):
    """Lost or invalid needs a reason (R-OPP-4)."""


class RivalMissing(InvalidInput, code="opportunities.rival_missing"):
    """Lost to a competitor needs to say to whom (R-COMP-3)."""


def check_amount(amount: Decimal | None) -> Decimal:
    """Yuan, not negative, at most two decimals. Raises InvalidInput."""
    if amount is None or amount < 0 or amount > MOST or amount != amount.quantize(CENT):
        raise InvalidInput("没认出金额，例如 30万 或 300000；不能是负数，最多两位小数。")
    return amount.quantize(CENT)


def check_name(name: str) -> str:
    """Raises InvalidInput."""
    if not name or len(name) > LONGEST:
        raise InvalidInput(f"商机名称要 1 到 {LONGEST} 个字，例如「{EXAMPLE}」。")
    return name


def check_open(name: str, result: str) -> None:
    """Raises Closed."""
    if result != "open":
        raise Closed(f"「{name}」已经{RESULTS[result]}了，不能再改；要改先发送「重新打开 {name}」。")


def check_may_change(*, owner_id: str | None, actor_id: str, may_edit: bool, name: str, owner: str) -> None:
    """One's own always, others' in scope with 商机-编辑. Raises NotYours."""
    if owner_id != actor_id and not may_edit:
        raise NotYours(f"「{name}」由 {owner or '别人'} 负责，你只能查看。要改请联系 {owner or '管理员'}。")


def check_close(name: str, result: str, reason: str, rival: str | None) -> None:
    """Raises ReasonMissing, RivalMissing."""
    if result not in ("lost", "invalid"):
        return
    if not reason.strip():
        raise ReasonMissing(f"「{name}」{'输在哪' if result == 'lost' else '为什么无效'}？例如「{name} 输了 价格」。")
    if result == "lost" and reason.strip() in BY_RIVAL and rival is None:
        raise RivalMissing(f"「{name}」输给了哪家？例如「{name} 输了 竞品 海天」。")


def days_text(seconds: int | None) -> str:
    """6 天, 5 小时; empty below an hour."""
    hours = (seconds or 0) // 3600
    return f"{hours // 24} 天" if hours >= 24 else f"{hours} 小时" if hours else ""
