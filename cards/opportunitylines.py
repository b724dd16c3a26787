"""The form of a product on an opportunity."""

from collections.abc import Sequence
from typing import ClassVar

from bot.dispatch import Button, CardForm, CardView, FormField


class AddLineButton(Button):
    """「加产品」: the form."""

    action: ClassVar[str] = "opportunitylines.new"
    opportunity_id: int


class SubmitLineButton(Button):
    """Hands in the form of a line."""

    action: ClassVar[str] = "opportunitylines.submit"
    opportunity_id: int


def line_card(opportunity_id: int, name: str, products: Sequence[tuple[str, str]]) -> CardView:
    """`products`: code and words of those to choose from; empty: too many for a list, so their code is typed."""
    chosen = (
        FormField("product", "产品", "select", required=True, options=tuple(products))
        if products
        else FormField("product", "产品", required=True, placeholder="编号或名称，例如 ZJ-001")
    )
    fields = (
        chosen,
        FormField("quantity", "数量", required=True, value="1", placeholder="例如 2"),
        FormField("discount", "折扣", placeholder="不打折就不填，例如 9折"),
    )
    example = products[0][0] if products else "ZJ-001"
    form = CardForm(
        fields, SubmitLineButton(opportunity_id=opportunity_id), "加产品", f"{name} 加产品 {example} 2台 9折"
    )
    return CardView(f"商机 {name}", body="加哪个产品？单价按产品现在的价格。", form=form)
