"""「撤销」: the same button on every card that offers it."""

from typing import ClassVar

from bot.dispatch import Button, CardButton


class UndoButton(Button):
    """Takes back one offered action."""

    action: ClassVar[str] = "undo.take"
    undo_id: int


def undo_button(undo_id: int) -> CardButton:
    """As it stands on a card."""
    return CardButton("撤销", UndoButton(undo_id=undo_id), typed="撤销")
