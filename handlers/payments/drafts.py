"""A payment in the making, as a conversation or a card remembers it, until it is confirmed (D19)."""

from dataclasses import asdict, dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef
from handlers.contracts.drafts import read_amount
from handlers.contracts.figures import may_look
from handlers.contracts.finding import absent
from handlers.customers.finding import find_customer
from handlers.customfields.rules import Required
from handlers.customfields.values import check_new, own_fields, read_filled
from handlers.payments import rules
from handlers.payments.making import NewPayment
from handlers.payments.reading import PaymentWords, read_payment
from handlers.payments.service import candidates
from storage import contracts, customers


@dataclass(frozen=True, slots=True)
class Draft:
    """Day and money are texts; empty: not said."""

    customer_id: int | None = None
    contract_id: int | None = None
    amount: str = ""
    paid_on: str = ""
    method: str = ""
    refund_of: int | None = None
    token: str = ""  # see NewPayment.source_key
    custom: dict[str, str] = field(default_factory=dict)  # see NewPayment.custom
    period: int | None = None  # see NewPayment.period

    def row(self) -> dict[str, Any]:
        """JSON."""
        return asdict(self)

    def new(self, *, over: bool) -> NewPayment:
        """To be registered. Raises InvalidInput."""
        if self.contract_id is None or not self.amount:
            raise InvalidInput("还差合同或金额，例如「回款 华兴 5万」。")
        return NewPayment(
            self.contract_id, Decimal(self.amount), self.day, self.method, refund_of=self.refund_of, over=over,
            source_key=self.token, custom=self.custom, period=self.period,
        )  # fmt: skip

    @property
    def day(self) -> date | None:
        """None: today."""
        return date.fromisoformat(self.paid_on) if self.paid_on else None


def draft_of(row: dict[str, Any]) -> Draft:
    """From what a card or conversation kept."""
    return Draft(**{k: v for k, v in row.items() if k in Draft.__dataclass_fields__})


def read_words(ctx: Context, text: str) -> PaymentWords:
    """As `read_payment`, with the company's own fields that the sentence names. Raises as `own_fields`."""
    custom, rest = own_fields(ctx, "payment", text)
    words = read_payment(rest, ctx.now)
    words.custom = custom
    return words


def with_words(draft: Draft, words: PaymentWords) -> Draft:
    """What was said, over what was known."""
    return replace(
        draft,
        amount=str(words.amount) if words.amount is not None else draft.amount,
        paid_on=str(words.paid_on) if words.paid_on is not None else draft.paid_on,
        method=words.method or draft.method,
        custom={**draft.custom, **words.custom},
        period=words.period or draft.period,
    )


def begun(ctx: Context, draft: Draft) -> Draft:
    """With a token of its own. Raises Forbidden."""
    ctx.actor.require(Permission.PAYMENT_ADD)
    return replace(draft, token=draft.token or f"payment:{ctx.actor.user_id}:{ctx.key}:{ctx.now.isoformat()}")


def shown(ctx: Context, draft: Draft) -> CardRef:
    """The form where something is missing, the contracts to choose from where there are several, else the summary.

    Raises:
        Forbidden, NotFound, InvalidInput.
    """
    draft = begun(ctx, draft)
    if draft.contract_id is None and draft.customer_id is not None:
        draft = replace(draft, contract_id=_only(ctx, draft.customer_id))
    state = {"draft": draft.row()}
    rules.check_day(draft.day or ctx.today, ctx.today)
    if draft.amount:
        rules.check_amount(Decimal(draft.amount))
    if not draft.amount or (draft.contract_id is None and draft.customer_id is None):
        return CardRef("payments.new", state)
    if draft.contract_id is None:
        return CardRef("payments.pick", state)
    try:
        with ctx.begin() as tx:
            check_new(tx, ctx, "payment", draft.custom)
    except Required as short:
        return CardRef("payments.new", {**state, "missing": short.text})
    return CardRef("payments.confirm", state, (f"contract:{draft.contract_id}",))


def _only(ctx: Context, customer_id: int) -> int | None:
    """The contract it must be for; None: there are several. Raises InvalidInput: there is none."""
    found = candidates(ctx, customer_id)
    if not found:
        with ctx.begin() as tx:
            name = customers.access_customer(tx, customer_id).name
            drafts = contracts.list_of_customer(tx, customer_id, states=("draft",))
            drafts = [c for c in drafts if may_look(ctx, c)]
        if drafts:
            raise InvalidInput(
                f"「{name}」的合同 {drafts[0].number} 还是草稿，先发送「合同 {drafts[0].number} 生效」。"
            )
        raise InvalidInput(f"「{name}」还没有合同，先登记一份，例如「合同 {name} 30万 一年」。")
    still = [c for c in found if c.open]
    if len(found) == 1 or len(still) == 1:
        return (still or found)[0].id
    return None


def from_form(draft: Draft, form: dict[str, Any], ctx: Context) -> Draft:
    """What was handed in, over what the card knew. Raises InvalidInput, NotFound."""
    changes: dict[str, Any] = {}
    if form.get("contract"):
        changes["contract_id"] = int(str(form["contract"]))
    elif form.get("customer"):
        changes |= _whose(str(form["customer"]), ctx)
    if "amount" in form:
        changes["amount"] = str(read_amount(str(form["amount"] or ""), "回款金额"))
    if "on" in form:
        changes["paid_on"] = str(form["on"] or "")
    if "method" in form:
        changes["method"] = str(form["method"] or "")
    changes["custom"] = {**draft.custom, **read_filled(ctx, "payment", form)}
    return replace(draft, **changes)


def _whose(words: str, ctx: Context) -> dict[str, Any]:
    with ctx.begin() as tx:
        contract, attempt = contracts.find_by_number(tx, words)
        if contract is not None:
            return {"contract_id": contract.id, "customer_id": contract.customer_id}
    found = find_customer(ctx, words, pooled=None)
    if found.certain is not None:
        return {"customer_id": found.certain, "contract_id": None}
    if found.options:
        some = "；".join(told for _, told in found.options[:3])
        raise InvalidInput(f"「客户」不确定是哪一家：{some}。写上全名再提交。")
    raise absent(words, attempt or found.attempt)
