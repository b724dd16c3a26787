"""Text as people send it, made ready to be understood (conversation.md B5, step 1)."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from bot.language.traditional import TO_SIMPLIFIED

# The full-width comma stays: between two numbers it parts them, where a plain one groups thousands.
_FULL_WIDTH: Final = {
    **{0xFF01 + i: 0x21 + i for i in range(94) if 0xFF01 + i != ord("，")},
    0x3000: 0x20,
    0xA0: 0x20,
    0xFFE5: 0xA5,
}
_FOLD: Final[dict[int, int | str]] = {**TO_SIMPLIFIED, **_FULL_WIDTH}

_INVISIBLE: Final = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff\u00ad\u180e]")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MENTIONS: Final = re.compile(r"^(?:\s*[@＠][^\s,，:：@＠]{1,40}(?:[\s\u2005,，:：]+|$))+")
_SLASH: Final = re.compile(r"^\s*[/／]+(?=\S)")
_REPEATED: Final = re.compile(r"([,，。;；:：!！?？、~～])\1+")
_SPACES: Final = re.compile(r"[ \t\u3000\xa0]+")

_HUMS: Final = re.compile(
    r"[嗯呃唔]+[啊哦呢]?[,，、。. ]*|(?:^|(?<=[,，。、;；!！?？ \n]))[额哦噢喔唉诶欸]+[,，、。. ]+"
)
_PHRASES: Final = re.compile(r"(?:就是说|怎么说呢|我跟你说|你知道吧|对吧|是吧)[啊呢哈]?[,，、 ]*")
_HESITATION: Final = re.compile(
    r"(^|[,，。、;；!！?？\n ])(?:(?:那个|这个|就是|然后呢|那么)[啊呢嘛]?[,，、 ]+)+"
    r"|(^|[,，。、;；!！?？\n])(?:(?:那个|就是)+)(?=[^\s,，。])"
)
_DOUBLED: Final = re.compile(r"(那个|这个|就是|然后|我们|我)(?:[,，、 ]*\1)+")


def fold(text: str) -> str:
    """The same length and offsets as `text`: half-width, simplified, lower case where that keeps the length."""
    return _folded_once(text) if len(text) <= 40 else _folded(text)


def _folded(text: str) -> str:
    folded = text.translate(_FOLD)
    lowered = folded.lower()
    return lowered if len(lowered) == len(folded) else folded


_folded_once = lru_cache(maxsize=4096)(_folded)  # names, labels and command words come again with every message


def clean(text: str, *, voice: bool = False) -> str:
    """`text` without what its sender did not mean to say; the characters that stay are his own.

    Gone are marks nobody sees, mentions at the start, the slash before a command, repeated punctuation and,
    for the recognised text of a voice message, fillers.
    """
    text = _CONTROL.sub("", _INVISIBLE.sub("", text))
    text = _MENTIONS.sub("", text)
    text = _SLASH.sub("", text)
    text = _REPEATED.sub(r"\1", text)
    if voice:
        text = _without_fillers(text)
    return _SPACES.sub(" ", text).strip()


def normalize(text: str, voice: bool = False) -> str:
    """The form commands are looked up in: `clean`, NFKC and simplified.

    What is stored as the user's words is taken from `clean`, because NFKC also turns ， into a comma.
    """
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).translate(TO_SIMPLIFIED)
    return clean(text, voice=voice)


def _without_fillers(text: str) -> str:
    text = _HUMS.sub("", text)
    text = _PHRASES.sub("", text)
    text = _DOUBLED.sub(r"\1", text)
    before = ""
    while before != text:
        before = text
        text = _HESITATION.sub(lambda m: m[1] or m[2] or "", text)
    return text
