"""Cards of 合并: what will become of the two, and what became of them."""

from collections.abc import Sequence
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardForm, CardView, FormField

HEAD, TAIL = "head", "tail"  # whose value stays
LONGEST = 40  # characters of a value in a choice


class MergeButton(Button):
    """「确认合并」: `tail_id` goes into `head_id`, each value as it was chosen in the form."""

    action: ClassVar[str] = "merges.confirm"
    head_id: int
    tail_id: int


class SwapButton(Button):
    """「保留另一家」."""

    action: ClassVar[str] = "merges.swap"
    head_id: int
    tail_id: int


def preview_card(
    head: str, tail: str, lines: Sequence[str], differing: Sequence[tuple[str, str, str, str]], *, head_id: int,
    tail_id: int, swappable: bool,
) -> CardView:  # fmt: skip
    """Nothing has happened yet. `differing`: name, label and both values of a field; the present one is preselected."""
    fields = tuple(
        FormField(name, label, "select", value=HEAD, options=((HEAD, ours[:LONGEST]), (TAIL, theirs[:LONGEST])))
        for name, label, ours, theirs in differing
    )
    form = CardForm(fields, MergeButton(head_id=head_id, tail_id=tail_id), "确认合并", "确认合并")
    swap = SwapButton(head_id=tail_id, tail_id=head_id)
    buttons = (CardButton("保留另一家", swap, typed=f"合并 {tail} 和 {head}"),) if swappable else ()
    body = "\n".join(f"- {line}" for line in lines)
    example = "、".join(label for _, label, _, _ in differing[-2:])
    footer = f"不一样的各选一个，也可以回复「确认合并 用另一家的 {example}」。合并后 72 小时内可以撤销。"
    return CardView(f"合并到 {escape(head)}？", body=body, form=form, buttons=buttons, footer=footer)


def merged_card(head: str, text: str, buttons: Sequence[CardButton]) -> CardView:
    """They are one."""
    return CardView(escape(head), body=escape(text), buttons=tuple(buttons))
