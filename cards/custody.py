"""What was done with a customer as a whole, with the way back, and what is asked before."""

from collections.abc import Sequence
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardView


class TransferButton(Button):
    """「商机和合同一起转」 or 「只转客户」."""

    action: ClassVar[str] = "custody.transfer"
    customer_id: int
    receiver_id: str
    with_deals: bool


def done_card(title: str, text: str, buttons: Sequence[CardButton]) -> CardView:
    """更换负责人, 锁定, 删除: in one sentence."""
    return CardView(escape(title), body=escape(text), buttons=tuple(buttons))


def along_card(
    name: str, receiver: str, opportunities: Sequence[str], contracts: Sequence[str], *, customer_id: int,
    receiver_id: str,
) -> CardView:  # fmt: skip
    """Do its opportunities and contracts go along?"""
    lines = []
    if opportunities:
        lines.append(f"- 进行中的商机 {len(opportunities)} 个：{escape('、'.join(opportunities[:5]))}")
    if contracts:
        lines.append(f"- 没结束的合同 {len(contracts)} 份：{escape('、'.join(contracts[:5]))}")
    what = "和".join(word for word, some in (("商机", opportunities), ("合同", contracts)) if some)
    both, alone = (
        TransferButton(customer_id=customer_id, receiver_id=receiver_id, with_deals=deals) for deals in (True, False)
    )
    buttons = (
        CardButton(f"{what}一起转", both, "primary", typed="一起转"), CardButton("只转客户", alone, typed="只转客户"),
    )  # fmt: skip
    return CardView(
        f"{escape(name)} 转给 {escape(receiver)}", body="\n".join([f"它的{what}也转过去吗？", *lines]), buttons=buttons,
        footer="转了以后 24 小时内可以撤销。",
    )  # fmt: skip
