"""Command words that may have been meant."""

from collections.abc import Sequence

from rapidfuzz.distance import DamerauLevenshtein

from bot.language.pinyin import pinyin_of


def closest(word: str, known: Sequence[str], *, most: int = 3) -> list[str]:
    """Known words one wrong character or one homophone away, nearest first. For suggestions only."""
    if not word:
        return []
    reading = pinyin_of(word)
    found: list[tuple[int, int, str]] = []
    for order, candidate in enumerate(known):
        head = word[: len(candidate)]
        distance = min(DamerauLevenshtein.distance(word, candidate), DamerauLevenshtein.distance(head, candidate))
        if pinyin_of(candidate) in (reading, pinyin_of(head)):
            distance = 0
        if distance <= 1 and len(candidate) > 1:
            found.append((distance, order, candidate))
    return [candidate for _, _, candidate in sorted(found)][:most]
