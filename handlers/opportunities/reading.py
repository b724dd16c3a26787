"""What forms and sentences say of an opportunity's amount and win rate. Pure."""

import re
from decimal import Decimal

from bot.core.errors import InvalidInput
from bot.language.money import parse_amount

RATE = re.compile(r"(\d{1,3})\s*[%％]?", re.ASCII)


def read_amount(said: str) -> Decimal | None:
    """Yuan; None for nothing. Raises InvalidInput."""
    amount = parse_amount(said) if said else None
    if said and (amount is None or not amount.sure):
        raise InvalidInput(f"没认出金额「{said}」，例如 30万 或 300000。")
    return amount.value if amount is not None else None


def read_rate(said: str) -> int | None:
    """Percent; None where the stage's counts. Raises InvalidInput."""
    text = said.strip()
    if text in ("", "按阶段"):
        return None
    found = RATE.fullmatch(text)
    if found is None or int(found[1]) > 100:
        raise InvalidInput("赢率是 0 到 100 的整数百分比，例如 40%。")
    return int(found[1])
