"""Cards of scans: what their buttons carry and what they show."""

from collections.abc import Sequence
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardRow, CardView


class ScansButton(Button):
    """「扫描件」 of a contract."""

    action: ClassVar[str] = "contractscans.list"
    contract_id: int


class SendScanButton(Button):
    """「发给我」: the file, in the single chat."""

    action: ClassVar[str] = "contractscans.send"
    scan_id: int


class RemoveScanButton(Button):
    """「移除」."""

    action: ClassVar[str] = "contractscans.remove"
    scan_id: int


def scans_card(
    title: str, body: str, rows: Sequence[tuple[int, str, str]], buttons: Sequence[CardButton], *, writes: bool
) -> CardView:
    """A contract's scans: id, name, the rest."""
    drawn = []
    for n, (scan_id, name, detail) in enumerate(rows, start=1):
        taps = [CardButton(f"发第 {n} 份给我", SendScanButton(scan_id=scan_id), typed=str(n))]
        if writes:
            taps.append(CardButton(f"移除第 {n} 份", RemoveScanButton(scan_id=scan_id), "danger", typed=f"移除第{n}份"))
        drawn.append(CardRow(escape(name), detail, "", tuple(taps)))
    return CardView(title, body=body, rows=tuple(drawn), buttons=tuple(buttons))
