"""What people say around the conditions of a list: 公海里有哪些白酒客户 asks for 白酒."""

import re
from dataclasses import dataclass
from typing import Final

from bot.language.numbers import integer

_PAGE: Final = re.compile(r"第\s*(?P<page>\d{1,4}|[一二两三四五六七八九十]{1,3})\s*页|(?<![\d])(?P<plain>\d{1,4})\s*页")
_ASKING: Final = re.compile(
    r"(?:(?:里面|里头|里|中|上)(?=还|有|都|的|现|$|\s))?(?:现在)?(?:还|都|一共|总共)?(?:有(?:哪些|哪几家|什么|啥|多少家?|几家|没有))"
    r"|有没有|多少家|几家|列表|名单|清单|所有的?|全部的?|看一?看|看一下|一下"
)
_NOUN: Final = re.compile(r"(?:的|类)?(?:客户|公司|企业)(?=$|[\s,，、])")
_EDGE: Final = re.compile(r"^(?:里面的?|里的|中的|的)(?=\S)|的$|[?？。!！吗呢吧啊]+$")
LONGEST: Final = 20  # characters of one condition
MOST: Final = 6  # conditions of one list


@dataclass(frozen=True, slots=True)
class ListWords:
    """The words every row must have, and the page asked for."""

    words: tuple[str, ...]
    page: int = 1


def page_wanted(text: str, present: int) -> int | None:
    """下一页, 更多, 第3页: the page meant while page `present` is shown; None when it is anything else."""
    said = text.strip(" 。.!！吧")
    if said in {"下一页", "下页", "后一页", "翻页", "更多", "还有吗", "再看看", "继续", "后面的"}:
        return present + 1
    if said in {"上一页", "上页", "前一页", "前面的"}:
        return max(1, present - 1)
    found = _PAGE.fullmatch(said)
    return None if found is None else max(1, integer(found["page"] or found["plain"]) or 1)


def read_list(text: str) -> ListWords:
    """`杭州 机械`, `里有哪些白酒客户`, `第2页`. What is left when nothing but asking was said is no condition."""
    page = 1
    found = _PAGE.search(text)
    if found is not None:
        page = max(1, integer(found["page"] or found["plain"]) or 1)
        text = text[: found.start()] + " " + text[found.end() :]
    words = []
    for part in re.split(r"[\s,，、;；+]+", text):
        word = _EDGE.sub("", _NOUN.sub("", _EDGE.sub("", _ASKING.sub("", part))))
        word = word.strip("「」“”\"'的")
        if word:
            words.append(word[:LONGEST])
    return ListWords(tuple(words[:MOST]), page)
