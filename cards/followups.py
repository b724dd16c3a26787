"""The card that answers a follow-up."""

from collections.abc import Sequence
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardView


class MoveNextButton(Button):
    """「改到明天」 and the like: plans the next contact for a day."""

    action: ClassVar[str] = "followups.move"
    customer_id: int
    day: str  # ISO date: an absolute day, so that a second tap changes nothing


def logged_card(
    *, name: str, method: str, content: str, when: str, next_text: str, buttons: Sequence[CardButton], deal: str = ""
) -> CardView:
    """已记录 · 华兴科技（电话）: echoes what was understood."""
    title = f"已记录 · {name}" + (f"（{method}）" if method else "")
    fields = [("商机", escape(deal))] if deal else []
    fields += [("时间", when)] if when else []
    fields.append(("下次", next_text or "没有定，直接回复时间就能补，例如「下周三下午3点」"))
    return CardView(title, body=escape(content), fields=tuple(fields), buttons=tuple(buttons))
