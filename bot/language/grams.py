"""What a name, a spelling or a number is found by: its ends from every place on, so that any part is a beginning.

宁波海蓝 is kept as 宁波海蓝, 波海蓝 and 海蓝; whoever looks for 海蓝 asks for what begins so. One ordered index
answers parts of every length from two characters, in every database, exactly (SQLite's trigrams find no two).
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from bot.language.book import compact
from bot.language.pinyin import initials, pinyin_of, syllables

NAME: Final = 4  # characters kept of a name from one place on
LETTERS: Final = 8  # of a spelling
LAST: Final = "\U0010ffff"  # sorts behind every character
_FORMS: Final = ("有限责任公司", "股份有限公司", "有限公司")
_FORM_END: Final = "公司"
_FORM_LETTERS: Final = ("gfyxgs", "yxzrgs", "yxgs")


def of_name(name: str) -> frozenset[str]:
    """For parts of a name."""
    flat = compact(name)
    return frozenset([flat[n : n + NAME] for n in range(max(1, len(flat) - 1))]) if flat else frozenset()


def of_initials(initials: str) -> frozenset[str]:
    """For first letters, from every character on; `initials` as `pinyin.initials` gives them. No legal form's."""
    found: set[str] = set()
    for spelled in initials.split():
        form = next((f for f in _FORM_LETTERS if spelled.endswith(f) and len(spelled) > len(f) + 1), "")
        places = len(spelled) - len(form)
        found.update([spelled[n : n + LETTERS] for n in range(places) if n == 0 or n < len(spelled) - 1])
    return frozenset(found)


def of_spelling(name: str) -> frozenset[str]:
    """For pinyin, from every syllable on."""
    flat = compact(name)
    return of_syllables(flat, syllables(flat))


def of_letters(name: str) -> frozenset[str]:
    """For first letters of a name whose own column does not keep them."""
    return of_initials(initials(name))


def of_person(name: str) -> frozenset[str]:
    """As `of_letters`, of a person, whose surname may be read in two ways."""
    return of_initials(initials(name, person=True))


def of_person_spelling(name: str) -> frozenset[str]:
    """As `of_spelling`, of a person."""
    return of_spelling(name) | {spelled[:LETTERS] for spelled in pinyin_of(name, person=True).split()}


def of_syllables(flat: str, spelled: Sequence[str]) -> frozenset[str]:
    """As `of_spelling`, of a compact name whose syllables are known."""
    company = flat.endswith(_FORM_END)
    form = next((f for f in _FORMS if flat.endswith(f) and len(flat) > len(f) + 1), "") if company else ""
    whole = "".join(spelled)
    places = accumulate(map(len, spelled[: len(spelled) - len(form) - 1]), initial=0)
    return frozenset([whole[at : at + LETTERS] for at in places]) if len(spelled) > len(form) else frozenset()


def of_number(number: str) -> frozenset[str]:
    """For the end of a telephone number."""
    digits = "".join(c for c in number if c.isdigit())
    return frozenset({digits[::-1]} if digits else ())


def of_code(code: str | None) -> frozenset[str]:
    """For the beginning of a number of letters and digits, and for its end of digits: HT-2026-0007."""
    flat = compact(code or "")
    return frozenset(flat[n:] for n in range(len(flat)) if n == 0 or not flat[n - 1].isdigit() or len(flat) - n >= NAME)


def of_key(code: str | None) -> frozenset[str]:
    """For the beginning of a number of letters and digits."""
    flat = compact(code or "")
    return frozenset({flat} if flat else ())


def span(part: str, kept: int) -> tuple[str, str]:
    """From where to where the entries stand of which `kept` characters are kept and which begin with `part`."""
    start = part[:kept]
    return start, start + LAST
