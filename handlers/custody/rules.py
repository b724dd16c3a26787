"""May this customer be deleted, locked, given to somebody? Pure.

Source: crm-rules.md 1.9 (R-POOL-16), 3.2, invariants 11, 17.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from bot.core.errors import InvalidInput, RuleBroken

LONGEST_LOCK = timedelta(days=90)


class StillUsed(RuleBroken, code="custody.still_used"):
    """Something hangs on the customer that must not be left without it."""


class NotTransferable(RuleBroken, code="custody.not_transferable"):
    """This person cannot take it; the text says why."""


class NotLockable(RuleBroken, code="custody.not_lockable"):
    """The customer needs no lock, or the person may lock no more."""


class ChangedSince(RuleBroken, code="custody.changed_since"):
    """It cannot be taken back any more; the text says why."""


@dataclass(frozen=True, slots=True)
class HangsOn:
    """What hangs on a customer."""

    opportunities: int
    contracts: int
    payments: int


def check_delete(name: str, hangs: HangsOn) -> None:
    """Not with contracts, payments or opportunities. Raises StillUsed, saying what there is."""
    parts = [
        f"{count} {words}"
        for count, words in (
            (hangs.opportunities, "个商机"), (hangs.contracts, "份合同"), (hangs.payments, "笔回款"),
        )
        if count
    ]  # fmt: skip
    if parts:
        raise StillUsed(f"「{name}」还有 {'、'.join(parts)}，不能删除。重复的客户可以发送「合并 {name} 和 另一家」。")


def check_lock_until(until: date | None, today: date) -> date:
    """The lock's last day; without one, as long as may be. Raises InvalidInput."""
    latest = today + LONGEST_LOCK
    if until is None:
        return latest
    if until < today:
        raise InvalidInput(f"{until.month}月{until.day}日 已经过了，写一个今天或以后的日期。")
    if until > latest:
        raise InvalidInput(f"最多锁定 {LONGEST_LOCK.days} 天，到 {latest.month}月{latest.day}日 为止，写早一点的日期。")
    return until


def check_lock_cap(cap: int | None, locked: int) -> None:
    """Raises NotLockable."""
    if cap is not None and locked >= cap:
        raise NotLockable(f"已锁定 {locked}/{cap} 家，到上限了。先解锁一家，例如「解锁 华兴」。")


def check_receiver(*, name: str, receiver_id: str, owner_id: str, told: bool) -> None:
    """Raises NotTransferable."""
    if receiver_id == owner_id:
        raise NotTransferable(f"现在就是 {name} 负责，不用转。")
    if not told:
        raise NotTransferable(f"{name} 不在使用范围里，不能转给这位同事。请换一位，或请管理员开通。")
