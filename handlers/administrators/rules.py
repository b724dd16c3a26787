"""At least one administrator who works here, at all times (R1.08). Pure: no I/O, no clock."""

from collections.abc import Collection

from bot.core.errors import RuleBroken


class LastAdministrator(RuleBroken, code="administrators.last"):
    """Nobody would administer the app any more."""


class NotVacant(RuleBroken, code="administrators.not_vacant"):
    """There is an administrator, so nobody takes over by himself."""


def check_some_remain(active_after: Collection[str], *, name: str) -> None:
    """Raises LastAdministrator if removing `name` leaves nobody who works here."""
    if not active_after:
        raise LastAdministrator(f"{name} 是最后一位管理员，不能移除。先添加一位再移除，例如「添加管理员 张三」。")


def check_vacant(active: Collection[str]) -> None:
    """Raises NotVacant, naming whom to ask. `active`: names."""
    if active:
        raise NotVacant(f"现在有管理员：{'、'.join(active)}。需要的话请他们「添加管理员」。")
