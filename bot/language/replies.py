"""Short answers to a question: yes, no, which one."""

import re
from typing import Final

from bot.language.normalize import fold
from bot.language.numbers import integer

_TAIL: Final = " 。.!！~～,，的呀啊吧哦哈"
_YES: Final = frozenset(
    {
        *("是", "对", "好", "嗯", "嗯嗯", "行", "可以", "没错", "就是", "就这家", "这家", "就是这家", "是这家", "对对"),
        *("ok", "yes", "确认", "确定", "记下", "就记", "保存"),
    }
)
_NO: Final = frozenset(
    {"不是", "不对", "都不是", "都不对", "不", "错了", "另一家", "换一家", "不是这家", "没有"},
)
_LATER: Final = frozenset(
    {
        *("不知道", "不定", "没定", "还没定", "先不定", "暂时不定", "不用", "先不用", "不需要", "没有", "无", "再说"),
        *("到时候再说", "改天", "回头", "不确定", "不清楚", "待定", "先这样", "就这样", "不约", "先不约", "不用约"),
    }
)
_ORDINAL: Final = re.compile(
    r"(?:选|要|就|我选)?(?:第)?(?P<number>\d{1,2}|[一二两三四五六七八九十])(?:家|个|号|条|位|项)?"
)


def is_yes(text: str) -> bool:
    """是, 对的, 好, 就这家."""
    return _plain(text) in _YES


def is_no(text: str) -> bool:
    """不是, 都不是."""
    return _plain(text) in _NO


def is_later(text: str) -> bool:
    """不知道, 没定, 先不约: no time can be named now."""
    return _plain(text) in _LATER


def ordinal(text: str) -> int | None:
    """2, 第二家, 选2, 2号: the place in a list; None when the text is anything else."""
    match = _ORDINAL.fullmatch(_plain(text))
    return integer(match["number"]) if match is not None else None


def _plain(text: str) -> str:
    return fold(text).strip().strip(_TAIL)
