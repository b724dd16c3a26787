"""What was done with a customer as a whole, with the way back."""

from collections.abc import Sequence

from bot.core.markup import escape
from bot.dispatch import CardButton, CardView


def done_card(title: str, text: str, buttons: Sequence[CardButton]) -> CardView:
    """更换负责人, 锁定, 删除: in one sentence."""
    return CardView(escape(title), body=escape(text), buttons=tuple(buttons))
