"""What can be kept as a contract's scan. Pure. Source: conversation.md dialogue 6."""

from pathlib import PurePosixPath
from typing import Final

from bot.core.errors import InvalidInput, RuleBroken

MOST: Final = 20  # scans of one contract
LARGEST: Final = 10 * 1024 * 1024  # bytes
LONGEST_NAME: Final = 60


class TooMany(RuleBroken, code="contractscans.too_many"):
    """The contract has as many scans as it may."""


class ChangedSince(RuleBroken, code="contractscans.changed"):
    """It is as it was before, or gone for good."""


def check_scan(kind: str, size: int) -> None:
    """`kind`: by what it is, empty for what is no scan; `size` in bytes. Raises InvalidInput."""
    if not kind:
        raise InvalidInput("扫描件只收 PDF、JPG、PNG，请转成其中一种再发。")
    if size > LARGEST:
        raise InvalidInput("扫描件不能超过 10 MB，请压缩或拆成几份再发。")


def check_room(number: str, there: int) -> None:
    """Raises TooMany."""
    if there >= MOST:
        raise TooMany(f"合同 {number} 已经有 {MOST} 份扫描件，先移除一份再发；发送「合同扫描件 {number}」看看。")


def file_name(said: str, kind: str, number: str, nth: int) -> str:
    """A name without folders that ends as the file is; a picture without one is named after its contract."""
    stem = PurePosixPath(said.replace("\\", "/")).stem.strip() if said else ""
    stem = "".join(c for c in stem if c.isprintable())[:LONGEST_NAME].strip(" .")
    return f"{stem or f'{number} 扫描件 {nth}'}.{kind}"


def size_text(size: int) -> str:
    """320 KB, 1.5 MB."""
    return f"{max(1, round(size / 1024))} KB" if size < 1024 * 1024 else f"{size / 1024 / 1024:.1f} MB"
