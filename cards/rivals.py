"""The form of a competitor met in an opportunity."""

from collections.abc import Sequence
from typing import ClassVar

from bot.dispatch import Button, CardForm, CardView, FormField, choices


class MeetButton(Button):
    """「加对手」: the form."""

    action: ClassVar[str] = "rivals.new"
    opportunity_id: int


class SubmitRivalButton(Button):
    """Hands in the form of a competitor."""

    action: ClassVar[str] = "rivals.submit"
    opportunity_id: int


def rival_card(opportunity_id: int, name: str, competitors: Sequence[str], threats: Sequence[str]) -> CardView:
    """Those to choose from; of one that is linked already more can be said."""
    if not competitors:
        return CardView(f"商机 {name}", body="还没有竞争对手可选，请管理员发送「新增竞争对手 名称 优势 … 劣势 …」。")
    fields = (
        FormField("competitor", "竞争对手", "select", required=True, options=choices(*competitors)),
        FormField("price", "对手报价", placeholder="例如 28万"),
        FormField("threat", "威胁", "select", options=choices(*threats)),
        FormField("note", "备注", placeholder="例如 老供应商"),
    )
    button = SubmitRivalButton(opportunity_id=opportunity_id)
    typed = f"{name} 加竞争对手 {competitors[0]} 报价 28万"
    return CardView(f"商机 {name}", body="碰到了哪家？", form=CardForm(fields, button, "记下", typed))
