"""How the cards of the set-up and of its dry run are drawn; shared by what is typed and what is tapped."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any, Final

from bot.context import Context
from bot.core.errors import AppError
from bot.dispatch import CardRef, CardView
from bot.language.money import show_money
from cards import invoiceflow as flow_cards
from cards.base_data import base_list
from cards.invoiceflow import try_button
from handlers.invoiceflow.rules import HELP
from handlers.invoiceflow.service import Trial, show_flow, try_flow
from handlers.invoices.rules import KINDS

EXAMPLE: Final = "开票审批试跑 华兴 5万"


def paint_flow(state: dict[str, Any], ctx: Context) -> CardView:  # noqa: ARG001 -- a painter's shape
    """The nodes in their order, and whether tasks are 待办 of DingTalk's too."""
    lines = show_flow(ctx)
    head = " → ".join(["申请", *(n.name for n in lines), "结束"])
    on = ctx.settings.approvals.dingtalk_todo
    head += f"\n钉钉待办：{'开' if on else '关'}（发送「钉钉待办 {'关' if on else '开'}」改）"
    rows = [(n.name, n.detail) for n in lines]
    named = f"（前面写节点名，例如「{lines[0].name} 参与者 出纳」）" if len(lines) > 1 else ""
    return base_list("开票审批设置", head, rows, footer=f"直接回复{named}：{HELP}", more=(try_button(),))


def trial_row(trial: Trial) -> dict[str, Any]:
    """JSON."""
    return {k: str(v) if isinstance(v, Decimal) else v for k, v in asdict(trial).items()}


def trial_of(row: dict[str, Any]) -> Trial:
    """The inverse."""
    rate = row["tax_rate"]
    return Trial(
        int(row["contract_id"]), Decimal(row["amount"]), row["starter_id"], row["kind"],
        Decimal(rate) if rate is not None else None,
    )  # fmt: skip


def trial_ref(trial: Trial) -> CardRef:
    """The card of a dry run."""
    return CardRef("invoiceflow.trial", {"trial": trial_row(trial)}, (f"contract:{trial.contract_id}",))


def paint_trial(state: dict[str, Any], ctx: Context) -> CardView:
    """As it is now: drawn again after a change of the set-up, it says what holds then."""
    try:
        found = try_flow(ctx, trial_of(state["trial"]))
    except AppError as refusal:
        return CardView("开票审批试跑", body=refusal.text)
    what = (f"{found.applicant} 申请 {show_money(found.amount)}", found.kind, f"{found.customer} {found.contract_no}")
    head = " · ".join(part for part in what if part)
    return flow_cards.trial_card(head, found.refusal, [(s.name, s.detail) for s in found.stations])


def paint_form(state: dict[str, Any], ctx: Context) -> CardView:  # noqa: ARG001 -- a painter's shape
    """What a dry run is of."""
    return flow_cards.trial_form(tuple(KINDS), EXAMPLE)
