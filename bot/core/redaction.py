"""What must stand in no log and no audit line: secrets, and the middle of phone, identity and account numbers (S19)."""

import re
from typing import Final

_DIGITS: Final = re.compile(r"(?<![\d０-９])[+＋]?[\d０-９](?:[ -]?[\d０-９]){6,}[Xx]?")
_LONG: Final = re.compile(r"(?<![A-Za-z0-9_\-])(?=[A-Za-z_\-]*\d)[A-Za-z0-9_\-]{16,}")
_NAMED: Final = re.compile(
    r"(?i)((?:app|corp|client)?_?secret|access_?token|token|session|password|auth_?code|密码|密钥|口令)"
    r"(\"?\s*[:=：＝]\s*\"?|\s+)([^\s\"'&,;，；]+)"
)
_LINES: Final = re.compile("[\x00-\x1f\x7f\u0085\u2028\u2029]+")


def redact(text: str) -> str:
    """`text` without them; a number keeps its first three and last two digits, so that it can be told from others."""
    text = _NAMED.sub(lambda m: f"{m[1]}{m[2]}***", text)
    text = _LONG.sub("***", text)
    return _DIGITS.sub(_masked, text)


def _masked(match: re.Match[str]) -> str:
    digits = [c for c in match[0] if c.isdigit()]
    return "".join(digits[:3]) + "*" * (len(digits) - 5) + "".join(digits[-2:])


def one_line(text: str) -> str:
    """Nothing in it begins another line or colours a terminal (S30)."""
    return _LINES.sub(" ", text)
