"""People's words inside DingTalk's markdown: no links, images, headings or emphasis of their own (reliability S2).

What would be read as markup is drawn by its full-width twin, and only where markdown would act on it: 成发(重庆), C#
and 2~3天 stay as they were written.
"""

import re
from functools import lru_cache
from typing import Final

_INVISIBLE: Final = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]")
_BREAKS: Final = re.compile("[\r\n\u0085\u2028\u2029]+")
_WIDE: Final = str.maketrans({"[": "［", "]": "］", "`": "＇", "*": "＊", "\\": "＼"})
_EMPHASIS: Final = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_TAG: Final = re.compile(r"<(?=[A-Za-z/!?])")
_BLOCK: Final = re.compile(r"^\s*(?:#+|>+|[-+](?=\s)|-{3,}|={3,})")
_SCHEME: Final = re.compile(r"(?i)\b(?!https?:)([a-z][a-z0-9+.-]{1,30})://")
_BOLD: Final = re.compile(r"\*\*([^*\[\]`]+)\*\*")
_STARS: Final = re.compile(r"\*+")
# Whatever one of the rules above could touch: most lines have none of it.
_ANYTHING: Final = re.compile(
    "[][`*\\\\~_<#>+=\\-\r\n\u0085\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]|://"
)
_MASKED: Final = re.compile(r"\w(\*+)\w")
_TO_WIDE: Final = {i: i + 0xFEE0 for i in range(0x21, 0x7F)}


def escape(text: str) -> str:
    """A name or a note, as one line that markdown leaves alone."""
    if _ANYTHING.search(text) is None:
        return text.strip()
    line = _BREAKS.sub(" ", _INVISIBLE.sub("", text)).strip()
    line = line.translate(_WIDE).replace("~~", "～～")
    line = _TAG.sub("＜", _EMPHASIS.sub("＿", line))
    line = _SCHEME.sub(r"\1：//", line)
    return _BLOCK.sub(lambda mark: mark[0].translate(_TO_WIDE), line)


@lru_cache(maxsize=128)  # 帮助, refusals and hints are the same for everybody, and the longest of all texts
def inert(text: str) -> str:
    """A whole message of ours that quotes people: bold lines and list dashes of ours stay, all else is escaped.

    So do the stars of one masked name or number (138****5678): a single run has nothing to pair with.
    """
    lines = text.split("\n")
    starred = [line for line in lines if "*" in line and not _BOLD.fullmatch(line)]
    stars = [s for line in starred for s in _STARS.findall(line)]
    return "\n".join(_line(line, keep=stars[0] if len(stars) == 1 and len(stars[0]) > 1 else "") for line in lines)


def _line(line: str, *, keep: str) -> str:
    if line.startswith("**") and (bold := _BOLD.fullmatch(line)) is not None:
        return f"**{escape(bold[1])}**"
    lead = "- " if line.startswith("- ") else ""
    escaped = escape(line.removeprefix(lead))
    if keep and (masked := _MASKED.search(line)) and masked[1] == keep:
        escaped = escaped.replace("＊" * len(keep), keep)
    return lead + escaped
