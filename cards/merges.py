"""Cards of 合并: what will become of the two, and what became of them."""

from collections.abc import Sequence
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardView


class MergeButton(Button):
    """「确认合并」: `tail_id` goes into `head_id`."""

    action: ClassVar[str] = "merges.confirm"
    head_id: int
    tail_id: int


class SwapButton(Button):
    """「保留另一家」."""

    action: ClassVar[str] = "merges.swap"
    head_id: int
    tail_id: int


def preview_card(
    head: str, tail: str, lines: Sequence[str], *, head_id: int, tail_id: int, swappable: bool
) -> CardView:
    """Nothing has happened yet."""
    buttons = [CardButton("确认合并", MergeButton(head_id=head_id, tail_id=tail_id), "danger", typed="确认合并")]
    if swappable:
        swap = SwapButton(head_id=tail_id, tail_id=head_id)
        buttons.append(CardButton("保留另一家", swap, typed=f"合并 {tail} 和 {head}"))
    body = "\n".join(f"- {line}" for line in lines)
    return CardView(f"合并到 {escape(head)}？", body=body, buttons=tuple(buttons), footer="合并后 72 小时内可以撤销。")


def merged_card(head: str, text: str, buttons: Sequence[CardButton]) -> CardView:
    """They are one."""
    return CardView(escape(head), body=escape(text), buttons=tuple(buttons))
