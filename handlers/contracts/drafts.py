"""A contract in the making, as a conversation or a card remembers it: from words, a form, an opportunity or the one
before it to the summary that is confirmed (D19). Nothing is stored until then.
"""

from dataclasses import asdict, dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef
from bot.language.money import parse_amount
from handlers.contracts import rules
from handlers.contracts.answers import Prepared
from handlers.contracts.figures import check_may_look
from handlers.contracts.making import NewContract
from handlers.contracts.reading import ContractWords, read_contract
from handlers.contracts.rules import end_of, months_between
from handlers.contracts.service import prepare
from handlers.customers.finding import find_customer
from handlers.customfields.rules import Required
from handlers.customfields.values import check_new, own_fields, read_filled, writable
from handlers.products.lines import total
from storage import contracts, custom_fields

DAYS = ("signed_on", "starts_on", "ends_on")
NO_OPPORTUNITY = 0


@dataclass(frozen=True, slots=True)
class Draft:
    """Days and money are texts; empty: not said. `opportunity_id` None: not decided, 0: none."""

    customer_id: int | None = None
    customer: str = ""
    amount: str = ""
    number: str = ""
    name: str = ""
    signed_on: str = ""
    starts_on: str = ""
    ends_on: str = ""
    discount: str = ""
    opportunity_id: int | None = None
    renews: int | None = None
    token: str = ""  # see NewContract.source_key
    custom: dict[str, str] = field(default_factory=dict)  # see NewContract.custom

    def row(self) -> dict[str, Any]:
        """JSON."""
        return asdict(self)

    def new(self, *, draft: bool) -> NewContract:
        """To be registered. Raises InvalidInput."""
        if self.customer_id is None or not self.amount:
            raise InvalidInput("还差客户或金额，例如「合同 华兴 30万 一年」。")
        return NewContract(
            self.customer_id, Decimal(self.amount), self.number, self.name,
            discount=Decimal(self.discount or 0), opportunity_id=self.opportunity_id or None, renews=self.renews,
            draft=draft, source_key=self.token, signed_on=_day(self.signed_on), starts_on=_day(self.starts_on),
            ends_on=_day(self.ends_on), custom=self.custom,
        )  # fmt: skip


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def draft_of(row: dict[str, Any]) -> Draft:
    """From what a card or conversation kept."""
    return Draft(**{k: v for k, v in row.items() if k in Draft.__dataclass_fields__})


def read_words(ctx: Context, text: str) -> ContractWords:
    """As `read_contract`, with the company's own fields that the sentence names. Raises as `own_fields`."""
    custom, rest = own_fields(ctx, "contract", text)
    words = read_contract(rest, ctx.now)
    words.custom = custom
    return words


def with_words(draft: Draft, words: ContractWords) -> Draft:
    """What was said, over what was known."""
    changes: dict[str, Any] = {name: str(value) for name in DAYS if (value := getattr(words, name)) is not None}
    if words.amount is not None:
        changes["amount"] = str(words.amount)
    if words.discount is not None:
        changes["discount"] = str(words.discount)
    changes |= {name: value for name in ("number", "name") if (value := getattr(words, name))}
    changes["custom"] = {**draft.custom, **words.custom}
    if "starts_on" in changes and "ends_on" not in changes and draft.starts_on and draft.ends_on:
        months = months_between(date.fromisoformat(draft.starts_on), date.fromisoformat(draft.ends_on))
        if months is not None:  # it lasts as long as it did
            changes["ends_on"] = str(end_of(date.fromisoformat(changes["starts_on"]), months))
    signed = changes.get("signed_on") or draft.signed_on
    if "ends_on" in changes and "starts_on" not in changes and not draft.starts_on and signed < changes["ends_on"]:
        changes["starts_on"] = signed  # 今天签，明年6月到期 runs from the day of signing; unsigned yet: to that day
    return replace(draft, **changes)


def from_form(draft: Draft, form: dict[str, Any], ctx: Context) -> Draft:
    """What was handed in, over what the card knew. Raises InvalidInput, naming the field."""
    said = str(form.get("customer") or "")
    customer_id = draft.customer_id
    if customer_id is None or said != draft.customer:
        customer_id = _whom(said, ctx)
    changes: dict[str, Any] = {"customer_id": customer_id, "customer": said}
    if "amount" in form:
        changes["amount"] = str(read_amount(str(form["amount"] or ""), "合同金额"))
    for name in ("number", "name"):
        if name in form:
            changes[name] = str(form[name] or "").strip()
    for name in DAYS:
        if name in form:
            changes[name] = str(form[name] or "")
    if "discount" in form:
        changes["discount"] = str(read_percent(str(form["discount"] or "")) or "")
    if "opportunity" in form:
        changes["opportunity_id"] = int(str(form["opportunity"] or NO_OPPORTUNITY))
    elif customer_id != draft.customer_id:
        changes["opportunity_id"] = None
    changes["custom"] = {**draft.custom, **read_filled(ctx, "contract", form)}
    return replace(draft, **changes)


def read_amount(text: str, label: str) -> Decimal:
    """Of a form's field. Raises InvalidInput."""
    found = parse_amount(text) if text else None
    if found is None or found.value is None or not found.sure:
        raise InvalidInput(f"「{label}」没认出「{text[:20]}」，可以写 30万、300000 或 三十万。")
    return found.value


def read_percent(text: str) -> Decimal | None:
    """5, 5%, 5.5. Raises InvalidInput."""
    text = text.strip().rstrip("%％")
    if not text:
        return None
    try:
        return rules.check_discount(Decimal(text))
    except ArithmeticError as wrong:
        raise InvalidInput("整单折扣写 0 到 100 之间的百分数，例如 5 就是减 5%。") from wrong


def _whom(words: str, ctx: Context) -> int:
    found = find_customer(ctx, words, pooled=None)
    if found.certain is not None:
        return found.certain
    if found.options:
        some = "；".join(words for _, words in found.options[:3])
        raise InvalidInput(f"「客户」不确定是哪一家：{some}。写上全名再提交。")
    raise InvalidInput(f"「客户」没有找到「{words}」，换个名称再提交，或先发送「新建客户 {words}」。")


def completed(ctx: Context, draft: Draft) -> Draft:
    """With the customer's name, its only open opportunity, and a token of its own.

    Raises:
        Forbidden, NotFound, NotYours.
    """
    draft = replace(draft, token=draft.token or f"contract:{ctx.actor.user_id}:{ctx.key}:{ctx.now.isoformat()}")
    if draft.customer_id is None:
        ctx.actor.require(Permission.CONTRACT_ADD)
        return draft
    known = prepare(ctx, draft.customer_id, draft.renews)
    opportunity_id = draft.opportunity_id
    if opportunity_id is None and len(known.opportunities) == 1 and draft.renews is None:
        opportunity_id = known.opportunities[0].id
    amount, sums = draft.amount, source_lines(replace(draft, opportunity_id=opportunity_id), known)
    if sums and draft.discount and Decimal(amount or 0) == total(sums):  # the price of the products, before it
        amount = str(total(sums, Decimal(draft.discount)))
    return replace(draft, customer=known.customer, opportunity_id=opportunity_id, amount=amount)


def source_lines(draft: Draft, known: Prepared) -> list[Decimal]:
    """What the products come to that it may take over: the opportunity's, else those of the contract it follows."""
    return known.sums.get(draft.opportunity_id, []) if draft.opportunity_id else known.renewed


def shown(ctx: Context, draft: Draft) -> CardRef:
    """The form where something is missing, else the summary.

    Raises:
        Forbidden, NotFound, NotYours, InvalidInput.
    """
    draft = completed(ctx, draft)
    state = {"draft": draft.row()}
    if draft.customer_id is None or not draft.amount:
        return CardRef("contracts.new", state)
    new = draft.new(draft=True)
    rules.check_amount(new.amount)
    rules.check_dates(signed_on=new.signed_on or ctx.today, starts_on=new.starts_on, ends_on=new.ends_on)
    if draft.number:
        rules.check_number(draft.number)
    try:
        with ctx.begin() as tx:
            check_new(tx, ctx, "contract", draft.custom)
    except Required as short:
        return CardRef("contracts.new", {**state, "doubt": short.text})
    return CardRef("contracts.confirm", state)


def of_opportunity(ctx: Context, customer_id: int, opportunity_id: int | None) -> Draft:
    """What customer and opportunity know of the contract to come: nothing is typed again (R4.02).

    Raises:
        Forbidden, NotFound, InvalidInput.
    """
    ctx.actor.require(Permission.CONTRACT_ADD)
    if opportunity_id is None:
        return Draft(customer_id=customer_id)
    with ctx.begin() as tx:
        found = contracts.access_opportunity(tx, opportunity_id)
    if found.customer_id != customer_id:
        raise InvalidInput("这个商机不是这家客户的，请从商机卡片上再点一次。")
    amount = str(found.amount) if found.amount else ""
    return Draft(customer_id=customer_id, opportunity_id=opportunity_id, amount=amount)


def renewal_of(ctx: Context, contract_id: int) -> Draft:
    """The contract that follows one: its amount, products and own fields, from the day after, lasting as long.

    Raises:
        Forbidden, NotFound.
    """
    ctx.actor.require(Permission.CONTRACT_ADD)
    with ctx.begin() as tx:
        old = contracts.access_contract(tx, contract_id)
        check_may_look(ctx, old)
        begins = max(date.fromordinal(old.ends_on.toordinal() + 1), ctx.today) if old.ends_on else ctx.today
        ends = ""
        since = old.starts_on or old.signed_on
        if since is not None and old.ends_on is not None:
            months = months_between(since, old.ends_on)
            length = (old.ends_on - since).days
            ends = str(end_of(begins, months) if months else date.fromordinal(begins.toordinal() + length))
        amount: Decimal | None = old.amount
        discount: Decimal | None = old.discount
        fillable = writable(ctx.actor, "contract", custom_fields.list_custom(tx, "contract"))
        return Draft(
            customer_id=old.customer_id, amount=str(amount) if amount is not None else "", name=old.name,
            starts_on=str(begins), ends_on=ends, opportunity_id=NO_OPPORTUNITY, renews=contract_id,
            discount=f"{discount.normalize():f}" if discount else "",
            custom={f.name: str(old.custom[f.name]) for f in fillable if f.name in old.custom},
        )  # fmt: skip
