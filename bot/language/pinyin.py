"""Pinyin of customers' and people's names, for search and for spelling mistakes.

pypinyin costs 200 ms and 57 MB to import (ecosystem.md 1.3), so it is imported at the first use.
"""

from functools import lru_cache
from typing import Final

from bot.language.normalize import fold

SURNAMES: Final = {
    **dict(zip("单仇曾翟查盖区朴解任华纪柏卜车晁种尉令冼应", ["shan", "qiu", "zeng", "zhai", "zha", "ge", "ou", "piao", "xie", "ren", "hua", "ji", "bai", "bu", "che", "chao", "chong", "wei", "ling", "xian", "ying"], strict=True)),
    **dict(zip("乐员贲谌褚宓逄郇乜佴缪贾燕葛覃宁石长夏谭卞炅员", ["yue", "yun", "ben", "chen", "chu", "mi", "pang", "xun", "nie", "nai", "miao", "jia", "yan", "ge", "qin", "ning", "shi", "chang", "xia", "tan", "bian", "gui", "yun"], strict=True)),
    **dict(zip("尹召折能召殷奇哈隗郗繁过俞巫邢仝曲阚瞿眭闵费佘", ["yin", "shao", "she", "nai", "shao", "yin", "ji", "ha", "wei", "xi", "po", "guo", "yu", "wu", "xing", "tong", "qu", "kan", "qu", "sui", "min", "fei", "she"], strict=True)),
    **dict(zip("句撒沈黑洗盛莘都重幸行降祭", ["gou", "sa", "shen", "he", "xian", "sheng", "shen", "du", "chong", "xing", "xing", "jiang", "zhai"], strict=True)),
}  # fmt: skip
"""How a character is read as a surname, where that can differ from its everyday reading."""

_DOUBLE: Final = {
    "尉迟": ("yu", "chi"), "万俟": ("mo", "qi"), "单于": ("chan", "yu"), "长孙": ("zhang", "sun"),
    "澹台": ("tan", "tai"), "令狐": ("ling", "hu"), "夏侯": ("xia", "hou"), "皇甫": ("huang", "fu"),
    "宇文": ("yu", "wen"), "欧阳": ("ou", "yang"), "尉犁": ("yu", "li"),
}  # fmt: skip


@lru_cache(maxsize=8192)
def readings(char: str) -> frozenset[str]:
    """Every reading of one character, without tones; of anything but a Han character, itself."""
    from pypinyin import Style, pinyin  # noqa: PLC0415 — see the module's docstring

    found = pinyin(fold(char), style=Style.NORMAL, heteronym=True, errors=lambda rest: [list(rest)])
    own = {reading.replace("ü", "v") for reading in (found[0] if found else [])} or {char}
    if char in SURNAMES:
        own.add(SURNAMES[char])
    return frozenset(own)


@lru_cache(maxsize=8192)
def syllables(text: str) -> tuple[str, ...]:
    """One syllable to each Han character, chosen by the word it stands in; other characters as they are."""
    from pypinyin import lazy_pinyin  # noqa: PLC0415 — see the module's docstring

    return tuple(part.replace("ü", "v").lower() for part in lazy_pinyin(fold(text), errors=list))


def pinyin_of(name: str, *, person: bool = False) -> str:
    """Letters and digits of the spelling, for a search column: `ningbohuadongjingmi`.

    A person whose surname has a reading of its own gets both, parted by a space: `shanli danli`.
    """
    return " ".join(dict.fromkeys(_letters("".join(spelling)) for spelling in _spellings(name, person=person)))


def initials(name: str, *, person: bool = False) -> str:
    """First letters: `nbhdjm`; both spellings, parted by a space, where `pinyin_of` has two."""
    return " ".join(
        dict.fromkeys(_letters("".join(s[:1] for s in spelling)) for spelling in _spellings(name, person=person))
    )


def sounds_like(one: str, other: str) -> bool:
    """Whether two texts of equal length can be read the same, character by character, tones aside."""
    return len(one) == len(other) and all(
        a == b or not readings(a).isdisjoint(readings(b)) for a, b in zip(one, other, strict=True)
    )


def _letters(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def _spellings(name: str, *, person: bool) -> list[tuple[str, ...]]:
    common = syllables(name)
    if not person or not common:
        return [common]
    folded = fold(name)
    double = _DOUBLE.get(folded[:2])
    if double and len(folded) > 2:
        return [(*double, *common[2:]), common]
    single = SURNAMES.get(folded[0])
    return [(single, *common[1:]), common] if single else [common]


def person_readings(name: str) -> tuple[str, str]:
    """Pinyin and initials of a person's name."""
    return pinyin_of(name, person=True), initials(name, person=True)
