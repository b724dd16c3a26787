"""What was found everywhere: groups of records, each to be opened."""

from collections.abc import Sequence
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardRow, CardView


class OpenRecordButton(Button):
    """Shows one record of what was found."""

    action: ClassVar[str] = "search.open"
    kind: str
    record_id: int


def results(words: str, head: str, rows: Sequence[tuple[str, int, str, str, str]]) -> CardView:
    """`rows`: kind, id, its label in Chinese, what it is called, what tells it from others; numbered as they stand."""
    drawn = tuple(
        CardRow(
            f"{n} {escape(name)}", " · ".join(p for p in (label, escape(facts)) if p), "",
            (CardButton(f"查看 {name}", OpenRecordButton(kind=kind, record_id=i), typed=str(n)),),
        )
        for n, (kind, i, label, name, facts) in enumerate(rows, start=1)
    )  # fmt: skip
    return CardView(f"搜索 {escape(words)}", body=head, rows=drawn, footer="回复数字打开" if rows else "")
