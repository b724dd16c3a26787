"""What may become of a contract, and when its dates and amounts hold. Pure: no I/O, no clock.

Source: requirements R4.13, R4.14; crm-rules.md 1.17 (R-CON-2 … R-CON-9), invariants 43, 47, 51, 54.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from bot.core.errors import InvalidInput, RuleBroken
from bot.language.money import show_money, show_money_short
from bot.language.show import show_date

STATES: Final = {"draft": "草稿", "effective": "生效", "ended": "已结束", "void": "已作废"}
# state → where it may go. Issue 5's approval stands before draft → effective; nothing else leads there but 撤销.
MOVES: Final[dict[str, tuple[str, ...]]] = {
    "draft": ("effective", "void"),
    "effective": ("ended", "void"),
    "ended": ("void",),
    "void": (),
}
BACK: Final = {
    ("draft", "effective"),
    ("effective", "ended"),
    ("draft", "void"),
    ("effective", "void"),
    ("ended", "void"),
}
LONGEST_NUMBER: Final = 40
LONGEST_REASON: Final = 200
MOST: Final = Decimal(1000000000000)  # yuan, exclusive: what can be written in words


class ContractRefused(RuleBroken, code="contracts.refused"):
    """The contract as it is now does not allow it; the text says why."""


class ChangedSince(RuleBroken, code="contracts.changed"):
    """It was changed after what would be taken back."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands on a contract. None: an amount its reader may not see."""

    amount: Decimal | None
    paid: Decimal | None
    invoiced: Decimal | None

    @property
    def unpaid(self) -> Decimal | None:
        """未回款; below nothing where more came in than was agreed."""
        return None if self.amount is None or self.paid is None else self.amount - self.paid

    @property
    def uninvoiced(self) -> Decimal | None:
        """未开票."""
        return None if self.amount is None or self.invoiced is None else self.amount - self.invoiced


def check_move(number: str, present: str, to: str, *, back: bool = False) -> None:
    """`back`: what was done is taken back. Raises ContractRefused."""
    allowed = (to, present) in BACK if back else to in MOVES[present]
    if allowed:
        return
    if present == to:
        raise ContractRefused(f"合同 {number} 本来就是「{STATES[to]}」，没有变化。")
    hint = {
        "draft": f"它还是草稿，先发送「合同 {number} 生效」。",
        "effective": "已经生效的合同不能退回草稿。",
        "ended": "它已经结束，要接着做请发送「续签 " + number + "」。",
        "void": "作废的合同不能再改，要的话重新登记一份。",
    }[present]
    raise ContractRefused(f"合同 {number} 现在是「{STATES[present]}」，不能改成「{STATES[to]}」：{hint}")


def check_amount(amount: Decimal) -> Decimal:
    """A contract's amount. Raises InvalidInput."""
    if amount <= 0:
        raise InvalidInput("合同金额要大于 0，例如「合同 华兴 30万 一年」。")
    if amount != amount.quantize(Decimal("0.01")):
        raise InvalidInput("合同金额最多到分，例如 300000.50。")
    if amount >= MOST:
        raise InvalidInput("合同金额太大了，请核对，例如「合同 华兴 30万 一年」。")
    return amount


def check_dates(*, signed_on: date | None, starts_on: date | None, ends_on: date | None) -> None:
    """Raises InvalidInput."""
    if starts_on is not None and ends_on is not None and starts_on > ends_on:
        raise InvalidInput(
            f"到期日（{ends_on}）在开始日（{starts_on}）之前，请改一下，例如「开始 {ends_on}，到期 {starts_on}」。"
        )
    if starts_on is None and signed_on is not None and ends_on is not None and signed_on > ends_on:
        raise InvalidInput(f"到期日（{ends_on}）在签订日（{signed_on}）之前，请核对日期再发一次。")


def check_number(number: str) -> str:
    """A number given by hand. Raises InvalidInput."""
    number = "".join(number.split()).upper()
    if len(number) > LONGEST_NUMBER:
        raise InvalidInput(f"合同编号最多 {LONGEST_NUMBER} 个字，例如 HT-2026-019。")
    if not any(c.isdigit() for c in number):
        raise InvalidInput(f"合同编号「{number}」里要有数字，例如 HT-2026-019；不写就自动编号。")
    return number


def check_discount(discount: Decimal) -> Decimal:
    """Percent off, 0 to 100. Raises InvalidInput."""
    if not 0 <= discount <= 100 or discount != discount.quantize(Decimal("0.01")):
        raise InvalidInput("整单折扣写 0 到 100 之间的百分数，例如 5 就是减 5%。")
    return discount


def check_effective(number: str, *, signed_on: date | None, today: date) -> None:
    """A contract counts from the day it is signed. Raises ContractRefused."""
    if signed_on is not None and signed_on > today:
        raise ContractRefused(
            f"合同 {number} 的签订日 {signed_on} 还没到，先存为草稿；到时候发送「合同 {number} 生效」。"
        )


def check_not_below(amount: Decimal, *, paid: Decimal, invoiced: Decimal, shown: bool) -> None:
    """Never below what was paid, nor below what was invoiced (R-CON-6). `shown`: the sums may be said."""
    for word, total in (("回款", paid), ("开票", invoiced)):
        if amount < total:
            told = f"（{show_money(total)}）" if shown else ""
            raise ContractRefused(f"合同金额不能低于已{word}的金额{told}，请改一个大一些的数再发。")


def check_void(number: str, reason: str, *, payments: int, invoiced: Decimal) -> str:
    """Needs a reason, and nothing live on it (R-CON-7). Returns the reason."""
    if payments:
        raise ContractRefused(
            f"合同 {number} 上还有 {payments} 笔回款，不能作废。先逐笔「作废回款 编号 原因」，再作废合同。"
        )
    if invoiced > 0:
        raise ContractRefused(f"合同 {number} 已经开过票，不能作废。先把发票作废或冲红，再作废合同。")
    reason = reason.strip(" ，,。")
    if not reason:
        raise InvalidInput(f"作废要写原因，例如「作废合同 {number} 客户取消采购」。")
    if len(reason) > LONGEST_REASON:
        raise InvalidInput(f"作废原因最多 {LONGEST_REASON} 字，请写短一些。")
    return reason


def check_editable(number: str, state: str) -> None:
    """Raises ContractRefused."""
    if state in ("ended", "void"):
        raise ContractRefused(
            f"合同 {number} {STATES[state]}，不能再改。"
            + (f"要接着做请发送「续签 {number}」。" if state == "ended" else "")
        )


def is_expiring(ends_on: date | None, today: date, days: int) -> bool:
    """0 ≤ end − today ≤ N (R-CON-8)."""
    return ends_on is not None and 0 <= (ends_on - today).days <= days


def is_expired(ends_on: date | None, today: date) -> bool:
    """Its last day has gone; never together with `is_expiring` (invariant 54)."""
    return ends_on is not None and ends_on < today


def end_of(starts_on: date, months: int) -> date:
    """The last day of a contract of so many months: 3月1日 and a year end on 2月28日."""
    index = starts_on.month - 1 + months
    year, month = starts_on.year + index // 12, index % 12 + 1
    return date(year, month, min(starts_on.day, monthrange(year, month)[1])) - timedelta(days=1)


def months_between(starts_on: date, ends_on: date) -> int | None:
    """Whole months from the first to the last day; None if it is no whole number of them."""
    months = (ends_on.year - starts_on.year) * 12 + ends_on.month - starts_on.month
    return next((m for m in (months, months + 1) if m > 0 and end_of(starts_on, m) == ends_on), None)


def span_text(starts_on: date | None, ends_on: date | None, today: date) -> str:
    """3月1日 至 2027年2月28日（1 年）."""
    if ends_on is None:
        return f"{show_date(starts_on, today)} 起" if starts_on is not None else ""
    if starts_on is None:
        return f"到 {show_date(ends_on, today)}"
    months = months_between(starts_on, ends_on)
    told = ""
    if months is not None:
        told = f"（{months // 12} 年）" if months % 12 == 0 else f"（{months} 个月）"
    return f"{show_date(starts_on, today)} 至 {show_date(ends_on, today)}{told}"


def standing_line(standing: Standing) -> str:
    """合同额 120 万 · 已开票 45 万 · 已回款 40 万 · 未开票 75 万 · 未回款 80 万, as far as its reader may see."""
    pairs = (
        ("合同额", standing.amount), ("已开票", standing.invoiced), ("已回款", standing.paid),
        ("未开票", standing.uninvoiced), ("未回款", standing.unpaid),
    )  # fmt: skip
    return " · ".join(f"{word} {show_money_short(value)}" for word, value in pairs if value is not None)
