"""How much may come in on a contract, and which instalments it pays. Pure: no I/O, no clock.

Source: requirements R4.15; crm-rules.md 1.18 (R-PAY-1 … R-PAY-6), invariants 45, 46, 49, 50.
"""

from datetime import date
from decimal import Decimal
from typing import Final, Protocol

from bot.core.errors import InvalidInput, RuleBroken
from bot.language.money import show_money, show_money_short

METHODS: Final = ("转账", "电汇", "承兑", "支票", "现金", "微信", "支付宝", "其他")
NONE: Final = Decimal("0.00")
LONGEST_REASON: Final = 200


class PaymentRefused(RuleBroken, code="payments.refused"):
    """The payment cannot stand like this; the text says why."""


class OverCollected(RuleBroken, code="payments.over"):
    """It would go above the contract."""


class ChangedSince(RuleBroken, code="payments.changed"):
    """It was changed after what would be taken back."""


class Receipt(Protocol):
    """A live payment or refund."""

    @property
    def id(self) -> int: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def refund_of(self) -> int | None: ...  # noqa: D102
    @property
    def amount(self) -> Decimal: ...  # noqa: D102
    @property
    def paid_on(self) -> date: ...  # noqa: D102


def check_amount(amount: Decimal) -> Decimal:
    """Raises InvalidInput."""
    if amount <= 0:
        raise InvalidInput("回款金额要大于 0，例如「回款 华兴 5万」；退给客户的钱用「退款 编号 金额」。")
    if amount != amount.quantize(Decimal("0.01")):
        raise InvalidInput("回款金额最多到分，例如 50000.50。")
    if amount >= Decimal(10**12):
        raise InvalidInput("回款金额太大了，请核对，例如「回款 华兴 5万」。")
    return amount


def check_number(number: str) -> str:
    """A number given by hand, of an import. Raises InvalidInput."""
    number = "".join(number.split()).upper()
    if len(number) > 40 or not any(c.isdigit() for c in number):
        raise InvalidInput(f"回款编号「{number[:40]}」要有数字、最多 40 个字，例如 HK-2026-0019；不写就自动编号。")
    return number


def check_day(paid_on: date, today: date) -> date:
    """What has not come yet cannot be registered (R-PAY-5). Raises InvalidInput."""
    if paid_on > today:
        day = f"{paid_on.month}月{paid_on.day}日"
        raise InvalidInput(f"回款日期 {paid_on} 还没到，钱到了再登记；要排计划请发送「回款计划 合同编号 {day} 5万」。")
    return paid_on


def check_state(number: str, state: str) -> None:
    """Only on a contract in force, or one that has run out. Raises PaymentRefused."""
    if state == "draft":
        raise PaymentRefused(f"合同 {number} 还是草稿，不能登记回款。先发送「合同 {number} 生效」。")
    if state == "void":
        raise PaymentRefused(f"合同 {number} 已作废，不能登记回款；请换一份合同。")


def over_by(amount: Decimal, *, paid: Decimal, contract: Decimal) -> Decimal:
    """By how much it would go above the contract; 0 if it fits."""
    return max(NONE, paid + amount - contract)


def check_over(over: Decimal, *, left: Decimal, allowed: bool, confirmed: bool, shown: bool) -> bool:
    """Whether it is registered with the warning on record. `shown`: the sums may be said.

    Raises:
        OverCollected: the switch 允许超额回款 is off, or the person has not said 记为预收.
    """
    if over <= 0:
        return False
    if allowed and confirmed:
        return True
    raise OverCollected(over_text(over, left=left, allowed=allowed, shown=shown))


def over_text(over: Decimal, *, left: Decimal, allowed: bool, shown: bool) -> str:
    """这笔会超过合同余额 2 万。登记为预收，还是改金额？"""
    by = f" {show_money_short(over)}" if shown else ""
    if allowed:
        return f"这笔会超过合同余额{by}。登记为预收，还是改金额？"
    if not shown:
        return "这笔会超过合同余额，不能登记。改小金额再发一次。"
    if left <= 0:
        return f"这笔会超过合同余额{by}，这份合同已经收齐了，请换一份合同或改金额。"
    return (
        f"这笔会超过合同余额{by}，最多还能登记 {show_money(left)}。改金额后再登记，例如「{show_money_short(left)}」。"
    )


def check_reason(reason: str, number: str) -> str:
    """Raises InvalidInput."""
    reason = reason.strip(" ，,。")
    if not reason:
        raise InvalidInput(f"作废回款要写原因，例如「作废回款 {number} 登错合同」。")
    if len(reason) > LONGEST_REASON:
        raise InvalidInput(f"作废原因最多 {LONGEST_REASON} 字，请写短一些。")
    return reason


def progress_text(paid: Decimal, amount: Decimal, after: Decimal) -> str:
    """已回 40 → 45 / 120 万，剩 75 万."""
    left = amount - after
    rest = f"剩 {show_money_short(left)}" if left >= 0 else f"超出 {show_money_short(-left)}"
    values = [show_money_short(value) for value in (paid, after, amount)]
    units = {value.rpartition(" ")[2] for value in values if not value.startswith("0 ")}
    if len(units) == 1:
        plain = [value.rpartition(" ")[0] for value in values]
        return f"已回 {plain[0]} → {plain[1]} / {values[2]}，{rest}"
    return f"已回 {values[0]} → {values[1]} / {values[2]}，{rest}"
