"""An application in the making, as a conversation or a card remembers it, until it is handed in (D19)."""

from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef
from handlers.contracts.drafts import read_amount
from handlers.contracts.finding import absent
from handlers.customers.finding import find_customer
from handlers.invoices import rules
from handlers.invoices.reading import InvoiceWords, read_details
from handlers.invoices.service import NewInvoice, Prepared, candidates, prepare
from storage.tables import Invoice


@dataclass(frozen=True, slots=True)
class Draft:
    """Money and rate are texts; empty: not said."""

    customer_id: int | None = None
    contract_id: int | None = None
    amount: str = ""
    kind: str = ""
    rate: str = ""
    title: str = ""
    tax_no: str = ""
    bank: str = ""
    account: str = ""
    address: str = ""
    phone: str = ""
    email: str = ""
    remark: str = ""
    token: str = ""  # see NewInvoice.source_key

    def row(self) -> dict[str, Any]:
        """JSON."""
        return asdict(self)

    @property
    def details(self) -> dict[str, str]:
        """bank, account, address, phone."""
        return {name: getattr(self, name) for name in rules.DETAILS}

    def new(self) -> NewInvoice:
        """To be applied for. Raises InvalidInput."""
        if self.contract_id is None or not self.amount:
            raise InvalidInput("还差合同或金额，例如「开票 华兴 5万 专票」。")
        return NewInvoice(
            self.contract_id, Decimal(self.amount), self.kind, self.title, self.tax_no,
            Decimal(self.rate) if self.rate else None, self.email, self.remark, self.token,
            self.details,
        )  # fmt: skip


def like(invoice: Invoice) -> Draft:
    """A new one with what an earlier application said (D8)."""
    return Draft(
        contract_id=invoice.contract_id, amount=str(invoice.amount), kind=invoice.kind,
        rate=f"{invoice.tax_rate.normalize():f}" if invoice.tax_rate is not None else "", title=invoice.title,
        tax_no=invoice.tax_no, email=invoice.email, remark=invoice.remark,
        **{name: getattr(invoice, name) for name in rules.DETAILS},
    )  # fmt: skip


def draft_of(row: dict[str, Any]) -> Draft:
    """From what a card or conversation kept."""
    return Draft(**{k: v for k, v in row.items() if k in Draft.__dataclass_fields__})


def with_words(draft: Draft, words: InvoiceWords) -> Draft:
    """What was said, over what was known; another title comes without the tax number and bank of the one before."""
    if words.title and words.title != draft.title:
        draft = replace(draft, tax_no="", bank="", account="", address="", phone="")
    return replace(
        draft,
        amount=str(words.amount) if words.amount is not None else draft.amount,
        kind=words.kind or draft.kind,
        rate=str(words.rate) if words.rate is not None else draft.rate,
        title=words.title or draft.title,
        tax_no=words.tax_no or draft.tax_no,
        email=words.email or draft.email,
        remark=words.remark or draft.remark,
        bank=words.details.get("bank", draft.bank),
        account=words.details.get("account", draft.account),
        address=words.details.get("address", draft.address),
        phone=words.details.get("phone", draft.phone),
    )


def begun(ctx: Context, draft: Draft) -> Draft:
    """With a token of its own. Raises Forbidden."""
    ctx.actor.require(Permission.INVOICE_APPLY)
    return replace(draft, token=draft.token or f"invoice:{ctx.actor.user_id}:{ctx.key}:{ctx.now.isoformat()}")


def filled(draft: Draft, known: Prepared) -> Draft:
    """From the customer's last application where nothing was said; a part of a title used before names it."""
    meant = [t for t in known.titles if draft.title == t.name] or [t for t in known.titles if draft.title in t.name]
    used = meant[0] if draft.title and len(meant) == 1 else None
    title = used.name if used is not None else draft.title or known.title
    tax_no, details = known.tax_no, known.details
    if draft.title and title != known.title:
        tax_no, details = (used.tax_no, used.details) if used is not None else ("", {})
    return replace(
        draft, contract_id=known.contract_id, customer_id=known.customer_id, title=title,
        tax_no=draft.tax_no or tax_no, kind=draft.kind or known.kind,
        rate=draft.rate or (f"{known.tax_rate.normalize():f}" if known.tax_rate is not None else ""),
        email=draft.email or known.email,
        bank=draft.bank or details.get("bank", ""), account=draft.account or details.get("account", ""),
        address=draft.address or details.get("address", ""), phone=draft.phone or details.get("phone", ""),
    )  # fmt: skip


def missing(draft: Draft, *, details: bool) -> str:
    """What is to be said still, in words; empty: nothing. `details`: a 专票 takes the buyer's bank and the rest.

    Raises InvalidInput for what is wrong.
    """
    lacks = []
    if draft.amount:
        rules.check_amount(Decimal(draft.amount))
    else:
        lacks.append("金额")
    if draft.kind:
        rules.check_kind(draft.kind)
    else:
        lacks.append("专票还是普票")
    if not draft.title:
        lacks.append("抬头")
    if draft.tax_no:
        rules.check_tax_no(draft.tax_no, draft.kind)
    elif draft.kind == "专票":
        lacks.append("税号")
    lacks += rules.missing_details(draft.details, draft.kind, required=details)
    rules.check_details(draft.details, draft.kind, required=False)
    rules.check_rate(Decimal(draft.rate) if draft.rate else None)
    rules.check_email(draft.email)
    return "、".join(lacks)


def shown(ctx: Context, draft: Draft) -> CardRef:
    """The form where something is missing, the contracts to choose from where there are several, else the summary.

    Raises:
        Forbidden, NotFound, InvalidInput, InvoiceRefused.
    """
    draft = begun(ctx, draft)
    if draft.contract_id is None and draft.customer_id is not None:
        found = candidates(ctx, draft.customer_id)
        if not found:
            raise InvalidInput("这家客户没有你负责的生效合同，先登记一份，例如「合同 华兴 30万 一年」。")
        if len(found) > 1:
            return CardRef("invoices.pick", {"draft": draft.row()})
        draft = replace(draft, contract_id=found[0].contract_id)
    if draft.contract_id is not None:
        draft = filled(draft, prepare(ctx, draft.contract_id))
    state = {"draft": draft.row()}
    if draft.contract_id is None or missing(draft, details=ctx.settings.approvals.buyer_details):
        return CardRef("invoices.new", state)
    return CardRef("invoices.confirm", state, (f"contract:{draft.contract_id}",))


def from_form(draft: Draft, form: dict[str, Any], ctx: Context) -> Draft:
    """What was handed in, over what the card knew. Raises InvalidInput, NotFound."""
    changes: dict[str, Any] = {}
    if form.get("contract"):
        changes["contract_id"] = int(str(form["contract"]))
    elif form.get("customer"):
        found = find_customer(ctx, str(form["customer"]), pooled=False)
        if found.certain is None:
            raise absent(str(form["customer"]), found.attempt)
        changes |= {"customer_id": found.certain, "contract_id": None}
    if "amount" in form:
        changes["amount"] = str(read_amount(str(form["amount"] or ""), "开票金额"))
    if "buyer" in form:
        changes |= dict.fromkeys(rules.DETAILS, "") | read_details(str(form["buyer"] or ""))
    for name in ("kind", "rate", "title", "tax_no", "email", "remark"):
        if name in form:
            changes[name] = str(form[name] or "").strip()
    chosen = str(form.get("saved") or "")
    if chosen and chosen != draft.title:  # with all that belongs to it
        changes |= {"title": chosen, "tax_no": "", **dict.fromkeys(rules.DETAILS, "")}
    return replace(draft, **changes)
