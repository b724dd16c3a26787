"""Pinyin of customers' and people's names, for search and for spelling mistakes.

pypinyin costs 200 ms and 57 MB to import (ecosystem.md 1.3), so it is imported at the first use.
"""

import re
from functools import cache, lru_cache
from itertools import chain
from typing import Any, Final

from bot.language.normalize import fold

_SURNAME_TABLE: Final = (
    "单shan 仇qiu 曾zeng 翟zhai 查zha 盖ge 区ou 朴piao 解xie 任ren 华hua 纪ji 柏bai 卜bu 车che 晁chao "
    "种chong 尉wei 令ling "
    "冼xian 应ying 乐yue 员yun 贲ben 谌chen 褚chu 宓mi 逄pang 郇xun 乜nie 佴nai 缪miao 贾jia 燕yan 葛ge "
    "覃qin 宁ning 石shi "
    "长chang 夏xia 谭tan 卞bian 炅gui 尹yin 召shao 折she 能nai 殷yin 奇ji 哈ha 隗wei 郗xi 繁po 过guo "
    "俞yu 巫wu 邢xing "
    "仝tong 曲qu 阚kan 瞿qu 眭sui 闵min 费fei 佘she 句gou 撒sa 沈shen 黑he 洗xian 盛sheng 莘shen 都du 重chong 幸xing "
    "行xing 降jiang 祭zhai 么yao 万wan 曹cao 秘bi 甯ning 车che 干gan 适kuo 员yun 阿a 訾zi 黄huang 仉zhang 芮rui 牟mu"
)
SURNAMES: Final = {entry[0]: entry[1:] for entry in _SURNAME_TABLE.split()}
"""How a character is read as a surname, where that can differ from its everyday reading."""

_DOUBLE: Final = {
    "尉迟": ("yu", "chi"), "万俟": ("mo", "qi"), "单于": ("chan", "yu"), "长孙": ("zhang", "sun"),
    "澹台": ("tan", "tai"), "令狐": ("ling", "hu"), "夏侯": ("xia", "hou"), "皇甫": ("huang", "fu"),
    "宇文": ("yu", "wen"), "欧阳": ("ou", "yang"), "尉犁": ("yu", "li"),
}  # fmt: skip


_SPLIT: Final = "\x1f"
_PLAIN: Final = re.compile(r"([a-z0-9]+)")


@lru_cache(maxsize=8192)
def readings(char: str) -> frozenset[str]:
    """Every reading of one character, without tones; of anything but a Han character, itself."""
    from pypinyin import Style, pinyin  # noqa: PLC0415 — see the module's docstring

    found = pinyin(fold(char), style=Style.NORMAL, heteronym=True)
    own = {reading.replace("ü", "v") for reading in (found[0] if found else [])} or {char}
    if char in SURNAMES:
        own.add(SURNAMES[char])
    return frozenset(own)


@lru_cache(maxsize=8192)
def syllables(text: str) -> tuple[str, ...]:
    """One syllable to each Han character, chosen by the word it stands in; other characters as they are."""
    runs = _PLAIN.split(fold(text))  # letters and digits at odd places: names of a list share the rest
    if len(runs) == 1:
        return _spelled(runs[0])
    return tuple(s for at, run in enumerate(runs) for s in (tuple(run) if at % 2 else _spelled(run)))


@lru_cache(maxsize=8192)
def _spelled(run: str) -> tuple[str, ...]:
    if not run:
        return ()
    return tuple(chain.from_iterable(map(_word, words(run))))


@cache
def _dictionary() -> tuple[Any, Any, Any, Any]:
    """What a text is parted by: Han characters alone, beginnings of words, words; and who parts any other."""
    from pypinyin.constants import PHRASES_DICT, RE_HANS  # noqa: PLC0415 — see the module's docstring
    from pypinyin.core import Pinyin  # noqa: PLC0415
    from pypinyin.seg.mmseg import p_set  # noqa: PLC0415

    return RE_HANS, p_set._set, PHRASES_DICT, Pinyin().seg  # noqa: SLF001 — every `in` of its own is a call


def words(text: str) -> list[str]:
    """The longest words from the left on, as `lazy_pinyin` parts a text, in a third of its time."""
    han, beginnings, known, part = _dictionary()
    if not han.match(text):
        return list(part(text))
    found: list[str] = []
    start, length = 0, len(text)
    while start < length:
        end, until = start + 1, 0
        while end <= length and (word := text[start:end]) in beginnings:
            if word in known:
                until = end
            end += 1
        if not until and end > length:  # all that is left begins a word and is none
            found += text[start:]
            break
        found.append(text[start : until or start + 1])
        start = until or start + 1
    return found


@lru_cache(maxsize=16_384)
def _word(word: str) -> tuple[str, ...]:
    """Of one word: the same few thousand make up every name, and spelling one costs pypinyin a hundred look-ups."""
    from pypinyin import lazy_pinyin  # noqa: PLC0415 — see the module's docstring

    spelled = lazy_pinyin([word], errors=_SPLIT.join)
    return tuple(part.replace("ü", "v").lower() for one in spelled for part in one.split(_SPLIT) if part)


def pinyin_of(name: str, *, person: bool = False) -> str:
    """Letters and digits of the spelling, for a search column: `ningbohuadongjingmi`.

    A person whose surname has a reading of its own gets both, parted by a space: `shanli danli`.
    """
    return " ".join(dict.fromkeys([_letters("".join(spelling)) for spelling in _spellings(name, person=person)]))


@lru_cache(maxsize=8192)  # asked for a row's own column and again for what the row is found by
def initials(name: str, *, person: bool = False) -> str:
    """First letters: `nbhdjm`; both spellings, parted by a space, where `pinyin_of` has two."""
    spellings = _spellings(name, person=person)
    return " ".join(dict.fromkeys([_letters("".join([s[:1] for s in spelling])) for spelling in spellings]))


def sounds_like(one: str, other: str) -> bool:
    """Whether two texts of equal length can be read the same, character by character, tones aside."""
    return len(one) == len(other) and all(
        a == b or not readings(a).isdisjoint(readings(b)) for a, b in zip(one, other, strict=True)
    )


def _letters(text: str) -> str:
    lowered = text.lower()
    return lowered if lowered.isalnum() else "".join(c for c in lowered if c.isalnum())


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
