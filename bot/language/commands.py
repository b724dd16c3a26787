"""The command words nearest to what was typed; for suggestions, never for destructive commands (U20)."""

import re
from collections.abc import Iterable
from typing import Final

from rapidfuzz.distance import OSA

from bot.language.book import compact
from bot.language.pinyin import pinyin_of, sounds_like

_POLITE: Final = re.compile(
    r"^(?:(?:请问?|麻烦你?|劳驾|帮我|帮忙|给我|替我|我要|我想要?|我来|能不能|看一?看|看下|看一下|打开|列出|列一下)[\s,，]*)+"
)


def without_politeness(text: str) -> str:
    """请帮我看看公海 → 公海: what is left may begin with a command word. `text` itself if nothing is left."""
    return _POLITE.sub("", text) or text


def closest(word: str, known: Iterable[str]) -> list[str]:
    """Words of `known` that sound like `word`, are spelled by it (lingqu), or differ in one character, in that order.

    An equal word comes first. One character alone is compared by sound only, since every other is one away.
    """
    typed = compact(word)
    if not typed:
        return []
    scored: list[tuple[int, int, str]] = []
    for position, candidate in enumerate(known):
        form = compact(candidate)
        score = _score(typed, form)
        if score is not None:
            scored.append((score, position, candidate))
    return [candidate for _, _, candidate in sorted(scored)]


def _score(typed: str, form: str) -> int | None:
    if typed == form:
        return 0
    if not form:
        return None
    if sounds_like(typed, form):
        return 1
    if typed.isascii() and typed.isalpha() and typed == pinyin_of(form):
        return 2
    if min(len(typed), len(form)) < 2 or OSA.distance(typed, form, score_cutoff=1) > 1:
        return None
    # 回款 and 退款 share half of two characters only; a slip in a longer word is likelier a slip.
    return 3 if max(len(typed), len(form)) > 2 else 4
