"""Contract cards: what their buttons carry and what they show."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardForm, CardRow, CardView, FormField
from cards.paging import turns


class NewContractButton(Button):
    """Opens the form of a new contract, filled with what the customer or the opportunity knows."""

    action: ClassVar[str] = "contracts.new"
    customer_id: int
    opportunity_id: int | None = None


class SubmitContractButton(Button):
    """Hands in the form; then the summary is shown."""

    action: ClassVar[str] = "contracts.submit"


class ConfirmContractButton(Button):
    """「登记合同」 on the summary; what to register stands in the card's state."""

    action: ClassVar[str] = "contracts.confirm"


class SaveDraftButton(Button):
    """「存为草稿」 on the summary."""

    action: ClassVar[str] = "contracts.save_draft"


class ReviseContractButton(Button):
    """「修改」 on the summary: the form again, filled."""

    action: ClassVar[str] = "contracts.revise"


class OpenContractButton(Button):
    """Shows one contract of a list."""

    action: ClassVar[str] = "contracts.open"
    contract_id: int


class ContractPageButton(Button):
    """Another page of the list the card shows."""

    action: ClassVar[str] = "contracts.page"
    page: int


class MoveContractButton(Button):
    """「生效」, 「结束」."""

    action: ClassVar[str] = "contracts.move"
    contract_id: int
    to: str


class AskVoidButton(Button):
    """「作废」: asks why."""

    action: ClassVar[str] = "contracts.ask_void"
    contract_id: int


class EditContractButton(Button):
    """The contract as a form."""

    action: ClassVar[str] = "contracts.edit"
    contract_id: int


class SubmitEditButton(Button):
    """Hands in what was changed."""

    action: ClassVar[str] = "contracts.submit_edit"
    contract_id: int


class ConfirmAmountButton(Button):
    """「改成这个金额」 after the summary of a new amount, which stands in the card's state."""

    action: ClassVar[str] = "contracts.confirm_amount"


class RenewContractButton(Button):
    """「续签」: the summary of the contract that follows."""

    action: ClassVar[str] = "contracts.renew"
    contract_id: int


@dataclass(frozen=True, slots=True)
class ContractSheet:
    """Everything a contract card shows, already in words."""

    contract_id: int
    number: str
    customer: str
    state: str
    standing: str
    fields: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, str], ...] = ()  # lines, plans and payments
    footer: str = ""


def contract_card(sheet: ContractSheet, buttons: Sequence[CardButton]) -> CardView:
    """One contract."""
    rows = tuple(CardRow(head, detail) for head, detail in sheet.rows)
    return CardView(
        f"合同 {sheet.number}", tags=(sheet.state,), body=f"{escape(sheet.customer)}\n{sheet.standing}",
        fields=sheet.fields, rows=rows, buttons=tuple(buttons), footer=sheet.footer,
    )  # fmt: skip


def contract_list(
    title: str, head: str, rows: Sequence[tuple[int, str, str, str]], *, page: int, pages: int, empty: str
) -> CardView:
    """A list with its total and sum; rows: id, number, customer, the rest."""
    if not rows:
        return CardView(title, body=empty)
    drawn = tuple(
        CardRow(
            f"{number} {escape(customer)}", detail, "",
            (CardButton(f"查看 {number}", OpenContractButton(contract_id=i), typed=f"合同 {number}"),),
        )
        for i, number, customer, detail in rows
    )  # fmt: skip
    buttons = turns(page, pages, lambda to: ContractPageButton(page=to))
    return CardView(title, body=head, rows=drawn, buttons=tuple(buttons))


def summary(
    body: str, fields: Sequence[tuple[str, str]], *, draft_only: bool, rows: Sequence[tuple[str, str]] = ()
) -> CardView:
    """「请核对」 before a contract is registered (D19)."""
    buttons = [
        CardButton("登记合同", ConfirmContractButton(), "primary", typed="登记合同"),
        CardButton("存为草稿", SaveDraftButton(), typed="存为草稿"),
        CardButton("修改", ReviseContractButton(), typed="修改"),
    ]
    drawn = tuple(CardRow(head, detail) for head, detail in rows)
    return CardView(
        "请核对", body=body, fields=tuple(fields), rows=drawn, buttons=tuple(buttons[1:] if draft_only else buttons)
    )


FORM_LABELS = {
    "amount": "合同金额", "number": "合同编号", "name": "合同名称", "signed_on": "签订日期", "starts_on": "开始日期",
    "ends_on": "到期日期", "discount": "整单折扣（%）",
}  # fmt: skip
HINTS = {
    "amount": "例如 30万", "number": "不填就自动编号", "name": "可以不填", "signed_on": "不填就是今天", "starts_on": "",
    "ends_on": "可以不填", "discount": "例如 5 就是减 5%",
}  # fmt: skip
SHORT = ("amount", "number", "signed_on", "starts_on", "ends_on")


def form_fields(known: Mapping[str, object], *, withheld: Collection[str], every: bool) -> list[FormField]:
    """What a form asks of a contract itself. `every`: the seldom ones too."""
    fields = []
    for name, label in FORM_LABELS.items():
        if name in withheld or not (every or name in SHORT or known.get(name)):
            continue
        kind = "date" if name.endswith("_on") else "text"
        value = known.get(name) or None
        fields.append(
            FormField(
                name, label, "date" if kind == "date" else "text", required=name == "amount",
                value=str(value) if value is not None else None, placeholder=HINTS[name],
            )
        )  # fmt: skip
    return fields


def new_contract(
    known: Mapping[str, object],
    *,
    opportunities: Sequence[tuple[str, str]],
    missing: str,
    withheld: Collection[str] = (),
    custom: Sequence[FormField] = (),
) -> CardView:
    """What is known of a new contract, to be completed. `custom`: the company's own fields."""
    customer = str(known.get("customer") or "")
    fields = [FormField("customer", "客户", required=True, value=customer or None, placeholder="名称或简称")]
    fields += form_fields(known, withheld=withheld, every=False)
    if opportunities:
        chosen = known.get("opportunity_id")
        fields.append(
            FormField(
                "opportunity", "关联商机", "select", value=str(chosen) if chosen else None, options=tuple(opportunities)
            )
        )
    typed = "30万 一年" if customer else "合同 华兴 30万 一年"
    form = CardForm((*fields, *custom), SubmitContractButton(), "下一步", typed)
    return CardView("登记合同", body=missing, form=form)


def edit_contract(number: str, contract_id: int, fields: Sequence[FormField]) -> CardView:
    """A contract's own words, to be changed."""
    form = CardForm(tuple(fields), SubmitEditButton(contract_id=contract_id), "保存", f"合同 {number} 到期 明年2月底")
    return CardView(f"修改合同 {number}", body="改好后点保存；金额有变化会再核对一次。", form=form)


def confirm_amount(number: str, text: str) -> CardView:
    """A new amount, before it counts (D19)."""
    return CardView(
        f"请核对 合同 {number}", body=text,
        buttons=(CardButton("改成这个金额", ConfirmAmountButton(), "primary", typed="改成这个金额"),),
    )  # fmt: skip
