"""Readings of names: for `hxkj` and for homophones. pypinyin is imported on first use (57 MB, 0.2 s)."""

from functools import lru_cache
from typing import Any, Final

SURNAMES: Final = {
    "单": "shan", "仇": "qiu", "曾": "zeng", "翟": "zhai", "查": "zha", "盖": "ge", "区": "ou", "朴": "piao", "解": "xie",
    "任": "ren", "尉": "wei", "缪": "miao", "乐": "yue", "员": "yun", "华": "hua", "洗": "xian", "冼": "xian", "燕": "yan",
    "覃": "qin", "繁": "po", "召": "shao", "牟": "mou", "粘": "nian", "么": "yao", "秘": "bi", "宓": "mi", "种": "chong",
    "句": "gou", "折": "she", "黑": "he", "撒": "sa", "那": "na", "能": "nai", "石": "shi", "柏": "bai", "卜": "bu",
    "晁": "chao", "谌": "chen", "郗": "xi", "隗": "wei", "逄": "pang", "郇": "xun", "应": "ying", "宁": "ning", "万": "wan",
}  # fmt: skip


@lru_cache(maxsize=1)
def _library() -> Any:
    import pypinyin  # noqa: PLC0415 -- slow to import, and only needed here

    return pypinyin


@lru_cache(maxsize=20000)
def syllables(text: str, *, person: bool = False) -> tuple[str, ...]:
    """One reading per character; what is no Chinese character stays, in lower case. `person`: surnames right."""
    if not text:
        return ()
    library = _library()
    found = [s.lower() for s in library.lazy_pinyin(text, errors=lambda run: list(run))]
    if person and text[0] in SURNAMES:
        found[0] = SURNAMES[text[0]]
    return tuple(found)


def pinyin_of(name: str, *, person: bool = False) -> str:
    """Ningbohailan."""
    return "".join(s for s in syllables(name, person=person) if s.isalnum())


def initials_of(name: str, *, person: bool = False) -> str:
    """Nbhl."""
    return "".join(s[0] for s in syllables(name, person=person) if s and s.isalnum())
