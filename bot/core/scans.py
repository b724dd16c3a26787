"""What counts as a scan: by what it is, not by what it is called."""

from typing import Final

MAGIC: Final = ((b"%PDF-", "pdf"), (b"\xff\xd8\xff", "jpg"), (b"\x89PNG\r\n\x1a\n", "png"))
IMAGES: Final = ("jpg", "png")


def scan_kind(content: bytes) -> str:
    """pdf, jpg or png; empty: neither."""
    return next((kind for magic, kind in MAGIC if content.startswith(magic)), "")
