"""Opportunity cards: what their buttons carry and what they show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardForm, CardRow, CardView, FormField, choices
from cards.paging import turns


class NewOpportunityButton(Button):
    """「建商机」 on a customer's card: the form, with the customer filled in."""

    action: ClassVar[str] = "opportunities.new"
    customer_id: int


class SubmitOpportunityButton(Button):
    """Hands in the form of a new opportunity."""

    action: ClassVar[str] = "opportunities.submit_new"


class OpenOpportunityButton(Button):
    """Shows one opportunity."""

    action: ClassVar[str] = "opportunities.open"
    opportunity_id: int


class MoveButton(Button):
    """Into that stage."""

    action: ClassVar[str] = "opportunities.move"
    opportunity_id: int
    stage_id: int


class AskStageButton(Button):
    """「改阶段」: the stages to choose from."""

    action: ClassVar[str] = "opportunities.stages"
    opportunity_id: int


class CloseButton(Button):
    """赢了, or lost for one of the usual reasons. `reason`: its place among them; 0: ask.

    `rival_id`: the competitor that won it; 0: not said.
    """

    action: ClassVar[str] = "opportunities.close"
    opportunity_id: int
    won: bool
    reason: int = 0
    rival_id: int = 0


class ReopenButton(Button):
    """「重新打开」 on a closed one."""

    action: ClassVar[str] = "opportunities.reopen"
    opportunity_id: int


class EditOpportunityButton(Button):
    """「修改」: the form, filled with what is known."""

    action: ClassVar[str] = "opportunities.edit"
    opportunity_id: int


class SubmitOpportunityEditButton(Button):
    """Hands in the form of a changed opportunity."""

    action: ClassVar[str] = "opportunities.submit_edit"
    opportunity_id: int
    version: int


class MoreOfOpportunityButton(Button):
    """「更多」: what is done less often with it; `more` False: back again."""

    action: ClassVar[str] = "opportunities.more"
    opportunity_id: int
    more: bool = True


class OpportunityPageButton(Button):
    """Another page of the list."""

    action: ClassVar[str] = "opportunities.page"
    page: int


MOST = 6  # buttons on a card, as many as a phone shows without scrolling


def folded(buttons: Sequence[CardButton], *, opportunity_id: int, more: bool) -> list[CardButton]:
    """As many as fit, the others behind 「更多」; `more`: those others."""
    if len(buttons) <= MOST:
        return list(buttons)
    if more:
        back = MoreOfOpportunityButton(opportunity_id=opportunity_id, more=False)
        return [*buttons[MOST - 1 :], CardButton("收起", back)]
    return [*buttons[: MOST - 1], CardButton("更多", MoreOfOpportunityButton(opportunity_id=opportunity_id))]


def list_card(
    title: str, head: str, rows: Sequence[tuple[int, str, str]], *, page: int, pages: int, empty: str
) -> CardView:
    """A list with its total; each row opens the opportunity."""
    if not rows:
        return CardView(title, body=empty)
    drawn = tuple(
        CardRow(
            escape(name), escape(facts), "",
            (CardButton(f"查看 {name}"[:20], OpenOpportunityButton(opportunity_id=i), typed=f"商机 {name}"),),
        )
        for i, name, facts in rows
    )  # fmt: skip
    buttons = turns(page, pages, lambda to: OpportunityPageButton(page=to))
    return CardView(title, body=head, rows=drawn, buttons=tuple(buttons))


def new_card(
    draft: Mapping[str, str], stages: Sequence[str], sources: Sequence[str], withheld: frozenset[str],
    custom: Sequence[FormField] = (), missing: str = "",
) -> CardView:  # fmt: skip
    """What is known of a new opportunity, to be completed."""
    fields = (
        FormField("customer", "客户", required=True, value=draft.get("customer") or None, placeholder="名称或简称"),
        FormField("name", "商机名称", value=draft.get("name") or None, placeholder="例如 二期扩容"),
        FormField("amount", "商机金额", value=draft.get("amount") or None, placeholder="例如 30万"),
        FormField("expected_on", "预计成交", "date", value=draft.get("expected_on") or None),
        FormField("stage", "销售阶段", "select", options=choices(*stages)),
        FormField("source", "商机来源", "select", options=choices(*sources)),
    )
    shown = tuple(f for f in fields if f.name not in withheld and (f.kind != "select" or f.options))
    typed = f"商机 {draft.get('customer') or '华兴'} 二期扩容 30万 月底签"
    form = CardForm((*shown, *custom), SubmitOpportunityButton(), "新建商机", typed)
    return CardView("新建商机", body=escape(missing), form=form)


@dataclass(frozen=True, slots=True)
class EditSheet:
    """What the form of a changed opportunity starts with. `lines`: its amount is theirs."""

    opportunity_id: int
    version: int
    name: str
    amount: str
    expected_on: date | None
    probability: int | None
    source: str
    lines: bool


def edit_card(
    sheet: EditSheet, sources: Sequence[str], withheld: frozenset[str], custom: Sequence[FormField]
) -> CardView:
    """What is known of it, to be changed."""
    options = choices(*sources) if sheet.source in sources or not sheet.source else choices(sheet.source, *sources)
    rate = "" if sheet.probability is None else f"{sheet.probability}%"
    fields = (
        FormField("name", "商机名称", required=True, value=sheet.name),
        FormField("amount", "商机金额", value=sheet.amount or None, placeholder="例如 30万"),
        FormField("expected_on", "预计成交", "date", value=sheet.expected_on),
        FormField("probability", "赢率", value=rate or None, placeholder="不填按阶段，例如 50%"),
        FormField("source", "商机来源", "select", value=sheet.source or None, options=options),
    )
    kept = withheld | ({"amount"} if sheet.lines else set())
    shown = tuple(f for f in fields if f.name not in kept and (f.kind != "select" or f.options))
    button = SubmitOpportunityEditButton(opportunity_id=sheet.opportunity_id, version=sheet.version)
    form = CardForm((*shown, *custom), button, "保存", f"{sheet.name} 金额 35万")
    return CardView(f"修改商机 {sheet.name}", form=form)
