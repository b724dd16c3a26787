"""Payment and plan cards: what their buttons carry and what they show."""

from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardForm, CardRow, CardView, FormField, choices


class NewPaymentButton(Button):
    """Opens the form of a payment on that contract, or on one of that customer's."""

    action: ClassVar[str] = "payments.new"
    contract_id: int | None = None
    customer_id: int | None = None


class SubmitPaymentButton(Button):
    """Hands in the form; then the summary is shown."""

    action: ClassVar[str] = "payments.submit"


class ConfirmPaymentButton(Button):
    """「登记回款」 or 「记为预收」 on the summary; what to register stands in the card's state."""

    action: ClassVar[str] = "payments.confirm"
    over: bool = False  # it said 记为预收


class OtherContractButton(Button):
    """「换合同」 on the summary: the others to choose from."""

    action: ClassVar[str] = "payments.other"


class PickContractButton(Button):
    """It is for this contract."""

    action: ClassVar[str] = "payments.pick"
    contract_id: int


class ChangeAmountButton(Button):
    """「改金额」 on the summary: the form again, filled."""

    action: ClassVar[str] = "payments.revise"


class PaymentPageButton(Button):
    """Another page of the list the card shows."""

    action: ClassVar[str] = "payments.page"
    page: int


def summary(
    title: str,
    body: str,
    fields: Sequence[tuple[str, str]],
    *,
    confirm: str,
    others: bool,
    revise: bool,
    over: bool = False,
) -> CardView:
    """Before a payment is registered (D19). `confirm`: the button's words; empty: it cannot be registered like this."""
    buttons = []
    if confirm:
        buttons.append(CardButton(confirm, ConfirmPaymentButton(over=over), "primary", typed=confirm))
    if others:
        buttons.append(CardButton("换合同", OtherContractButton(), typed="换合同"))
    if revise:
        buttons.append(CardButton("改金额", ChangeAmountButton(), typed="改金额"))
    return CardView(title, body=body, fields=tuple(fields), buttons=tuple(buttons))


def pick_contract(body: str, rows: Sequence[tuple[int, str, str]]) -> CardView:
    """Which of several contracts it is for: id, number, what tells it from others."""
    drawn = tuple(
        CardRow(number, detail, "", (CardButton(f"记到 {number}", PickContractButton(contract_id=i), typed=str(n)),))
        for n, (i, number, detail) in enumerate(rows, start=1)
    )
    return CardView("记到哪份合同？", body=body, rows=drawn)


LABELS = {"amount": "回款金额", "on": "回款日期", "method": "回款方式"}


def payment_form(
    known: Mapping[str, object], *, contracts: Sequence[tuple[str, str]], methods: Sequence[str], missing: str,
    withheld: Collection[str] = (), custom: Sequence[FormField] = (),
) -> CardView:  # fmt: skip
    """What is known of a payment, to be completed. `contracts`: to choose from; none: the customer is asked for.
    `custom`: the company's own fields.
    """
    fields: list[FormField] = []
    if contracts:
        chosen = known.get("contract_id")
        fields.append(
            FormField(
                "contract",
                "合同",
                "select",
                required=True,
                value=str(chosen) if chosen else None,
                options=tuple(contracts),
            )
        )
    else:
        fields.append(FormField("customer", "客户或合同编号", required=True, placeholder="例如 华兴"))
    amount, day, method = (str(known.get(name) or "") or None for name in ("amount", "paid_on", "method"))
    fields += [
        FormField("amount", LABELS["amount"], required=True, value=amount, placeholder="例如 5万"),
        FormField("on", LABELS["on"], "date", value=day, placeholder="不填就是今天"),
        FormField("method", LABELS["method"], "select", value=method, options=choices(*methods)),
    ]
    form = CardForm(
        (*(f for f in fields if f.name not in withheld), *custom), SubmitPaymentButton(), "下一步",
        "回款 华兴 5万 今天 转账",
    )  # fmt: skip
    return CardView("登记回款", body=missing, form=form)


def payment_list(
    title: str, head: str, rows: Sequence[tuple[str, str, str]], buttons: Sequence[CardButton], *, empty: str
) -> CardView:
    """A list with its total: number and customer, the rest, 已作废."""
    if not rows:
        return CardView(title, body=empty)
    drawn = tuple(CardRow(escape(name), detail, state) for name, detail, state in rows)
    return CardView(title, body=head, rows=drawn, buttons=tuple(buttons))
