"""Cards of the dry run of the invoices' approval: what their buttons carry and what they show."""

from collections.abc import Sequence
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardForm, CardRow, CardView, FormField, choices


class TryFlowButton(Button):
    """「试跑」: the form of a dry run, as a card of its own."""

    action: ClassVar[str] = "invoiceflow.try"


class SubmitTrialButton(Button):
    """Hands in the form of a dry run."""

    action: ClassVar[str] = "invoiceflow.submit"


def try_button(text: str = "试跑") -> CardButton:
    """Opens the form of a dry run."""
    return CardButton(text, TryFlowButton(), typed="开票审批试跑 华兴 5万")


def trial_form(kinds: Sequence[str], example: str) -> CardView:
    """What a dry run is of."""
    fields = (
        FormField("contract", "客户或合同编号", required=True, placeholder="例如 华兴"),
        FormField("amount", "开票金额", required=True, placeholder="例如 5万"),
        FormField("applicant", "申请人", placeholder="不填就是合同负责人"),
        FormField("kind", "发票类型", "select", options=choices(*kinds)),
    )
    form = CardForm(fields, SubmitTrialButton(), "试跑", example)
    return CardView("开票审批试跑", body="看一笔申请现在会到谁那里，不会提交。", form=form)


def trial_card(head: str, refusal: str, stations: Sequence[tuple[str, str]]) -> CardView:
    """Node by node who would get it. `refusal`: why it would not be accepted."""
    lines = [escape(head), f"**现在这样申请会被拒绝**：{escape(refusal)}" if refusal else ""]
    lines.append("按现在的设置，每一步会到：")
    rows = tuple(CardRow(escape(name), escape(detail)) for name, detail in stations)
    body = "\n".join(line for line in lines if line)
    return CardView("开票审批试跑", ("没有提交",), body, rows=rows, buttons=(try_button("再试一笔"),))
