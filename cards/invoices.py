"""Cards of applications for invoices: what their buttons carry and what they show."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from bot.dispatch import Button, CardButton, CardForm, CardRow, CardView, FormField, choices


class NewInvoiceButton(Button):
    """Opens the form on that contract, or on one of that customer's."""

    action: ClassVar[str] = "invoices.new"
    contract_id: int | None = None
    customer_id: int | None = None


class SubmitInvoiceButton(Button):
    """Hands in the form; then the summary is shown."""

    action: ClassVar[str] = "invoices.submit"


class ApplyButton(Button):
    """「提交申请」 on the summary; what is applied for stands in the card's state."""

    action: ClassVar[str] = "invoices.apply"


class ReviseButton(Button):
    """「修改」 on the summary: the form again, filled."""

    action: ClassVar[str] = "invoices.revise"


class PickForInvoiceButton(Button):
    """It is on this contract."""

    action: ClassVar[str] = "invoices.pick"
    contract_id: int


class BillsButton(Button):
    """The contract's sums and invoices."""

    action: ClassVar[str] = "invoices.bills"
    contract_id: int


class ApplyAgainButton(Button):
    """「重新申请」 on an application that came to nothing: a new one, filled from it."""

    action: ClassVar[str] = "invoices.again"
    invoice_id: int


def summary(body: str, fields: Sequence[tuple[str, str]], *, ready: bool) -> CardView:
    """Before it is applied for. `ready`: it can be handed in like this."""
    buttons = [CardButton("提交申请", ApplyButton(), "primary", typed="提交")] if ready else []
    buttons.append(CardButton("修改", ReviseButton(), typed="修改"))
    return CardView("开票申请（请核对）", ("待提交",), body, tuple(fields), buttons=tuple(buttons))


def pick(rows: Sequence[tuple[int, str, str]]) -> CardView:
    """Which of several contracts it is on: id, number, what is left."""
    drawn = tuple(
        CardRow(number, detail, "", (CardButton("选这份", PickForInvoiceButton(contract_id=i), typed=str(n)),))
        for n, (i, number, detail) in enumerate(rows, start=1)
    )
    return CardView("开在哪份合同上？", body="点一下，或回复数字。", rows=drawn)


def invoice_form(
    known: Mapping[str, str], *, contracts: Sequence[tuple[str, str]], chosen: str, missing: str,
    kinds: Sequence[str], rates: Sequence[str], titles: Sequence[tuple[str, str]], buyer: str, needed: bool,
) -> CardView:  # fmt: skip
    """What is known, to be completed. `contracts`: to choose from; none: the customer is asked for.

    `titles`: used before, to choose from; `buyer`: the label of what a 专票 says of it, empty: not asked for;
    `needed`: it must.
    """
    first = (
        FormField("contract", "合同", "select", required=True, value=chosen or None, options=tuple(contracts))
        if contracts
        else FormField("customer", "客户", required=True, placeholder="例如 华兴")
    )
    used = next((key for key, name in titles if name == known.get("title")), None)
    more = FormField(
        "buyer", buyer, value=known.get("buyer") or None, placeholder="必填" if needed else "", minor=not needed
    )
    fields = (
        first,
        FormField("amount", "开票金额", required=True, value=known.get("amount") or None, placeholder="例如 5万"),
        FormField(
            "kind", "发票类型", "select", required=True, value=known.get("kind") or None, options=choices(*kinds)
        ),
        FormField(
            "rate", "税率", "select", value=known.get("rate") or None, options=tuple((r, f"{r}%") for r in rates)
        ),
        *(
            [FormField("saved", "用过的抬头", "select", value=used, options=tuple(titles), minor=True)]
            if titles
            else ()
        ),
        FormField("title", "发票抬头", required=True, value=known.get("title") or None),
        FormField("tax_no", "税号", value=known.get("tax_no") or None, placeholder="单位必填，没有写无税号"),
        *((more,) if buyer else ()),
        FormField("email", "邮箱", value=known.get("email") or None),
        FormField("remark", "备注", value=known.get("remark") or None),
    )
    form = CardForm(fields, SubmitInvoiceButton(), "下一步", "开票 华兴 5万 专票 6%")
    return CardView("开票申请", body=missing, form=form)


def bills(title: str, body: str, rows: Sequence[tuple[str, str]], buttons: Sequence[CardButton]) -> CardView:
    """A contract's sums and its invoices one by one."""
    drawn = tuple(CardRow(name, detail) for name, detail in rows)
    return CardView(title, body=body, rows=drawn, buttons=tuple(buttons))
