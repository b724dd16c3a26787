"""What must stand in no log and no audit line: secrets, and the middle of phone, identity and account numbers (S19)."""

import logging
import re
from typing import Any, Final

_D: Final = "[0-9０-９]"
_DIGITS: Final = re.compile(  # a phone, a number in groups as on a bank card, or anything long
    rf"(?<!{_D})(?:[+＋]?(?:86|８６)[ -]?)?(?:[1１]{_D}{{2}}[ -]?{_D}{{4}}[ -]?{_D}{{4}}(?!{_D})"
    rf"|{_D}{{4}}(?:[ -]{_D}{{4}}){{2,4}}(?:[ -]?{_D}{{1,4}})?|[0０]{_D}{{2,3}}-{_D}{{7,8}}|{_D}{{9,}}[Xx]?)"
)
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


class SafeFormatter(logging.Formatter):
    """Log lines without secrets; whatever a name holds, one record begins one line, its stack is indented."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- logging's own name
        """The line itself."""
        record.message = one_line(redact(record.message))
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 -- logging's own name
        """The stack below it."""
        text = redact(super().formatException(ei))
        return "\n".join(f"    {one_line(line)}" for line in re.split(r"[\r\n\u0085\u2028\u2029]+", text))
