"""Names as the database keeps them for finding: keys of companies, readings of names."""

import re

from bot.language.companies import hard_key as _hard_key
from bot.language.companies import soft_key
from bot.language.pinyin import initials, pinyin_of

__all__ = ["hard_key", "initials", "mobile_tail", "pinyin_of", "soft_key"]


def hard_key(name: str) -> str:
    """The company's key; a name of nothing but marks is its own key."""
    return _hard_key(name) or name


def mobile_tail(mobile: str) -> str:
    """The last four digits, empty if there are fewer."""
    digits = re.sub(r"\D", "", mobile)
    return digits[-4:] if len(digits) >= 4 else ""
