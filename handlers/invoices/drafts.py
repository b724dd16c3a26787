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
from handlers.invoices import buyers, rules
from handlers.invoices.buyers import DETAILS
from handlers.invoices.reading import InvoiceWords, read_details
from handlers.invoices.service import NewInvoice, Prepared, Title, candidates, prepare
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
    filled: tuple[str, ...] = ()  # of kind, rate and email: taken from an earlier application, said by nobody

    def row(self) -> dict[str, Any]:
        """JSON."""
        return asdict(self) | {"filled": list(self.filled)}

    @property
    def details(self) -> dict[str, str]:
        """bank, account, address, phone."""
        return {name: getattr(self, name) for name in DETAILS}

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
        contract_id=invoice.contract_id, amount=plain(invoice.amount), kind=invoice.kind,
        rate=plain(invoice.tax_rate), title=invoice.title,
        tax_no=invoice.tax_no, email=invoice.email, remark=invoice.remark,
        **{name: getattr(invoice, name) for name in DETAILS},
    )  # fmt: skip


def draft_of(row: dict[str, Any]) -> Draft:
    """From what a card or conversation kept."""
    known = {k: v for k, v in row.items() if k in Draft.__dataclass_fields__}
    return Draft(**known | {"filled": tuple(known.get("filled", ()))})


def plain(number: Decimal | None) -> str:
    """35000 of 3.50E+4; empty: none."""
    return f"{number.normalize():f}" if number is not None else ""


def with_words(draft: Draft, words: InvoiceWords) -> Draft:
    """What was said, over what was known; another title comes without what belongs to the one before."""
    if words.title and words.title != draft.title:
        draft = _without_buyer(draft)
    said = {
        "amount": plain(words.amount), "kind": words.kind, "rate": plain(words.rate), "title": words.title,
        "tax_no": words.tax_no, "email": words.email, "remark": words.remark, **words.details,
    }  # fmt: skip
    said = {name: text for name, text in said.items() if text}
    return replace(draft, **said, filled=tuple(name for name in draft.filled if name not in said))  # type: ignore[arg-type]


def _without_buyer(draft: Draft) -> Draft:
    """Without the title's tax number and bank, and without what came along with it."""
    gone = dict.fromkeys(("tax_no", *DETAILS, *draft.filled), "")
    return replace(draft, **gone, filled=())  # type: ignore[arg-type]


def begun(ctx: Context, draft: Draft) -> Draft:
    """With a token of its own. Raises Forbidden."""
    ctx.actor.require(Permission.INVOICE_APPLY)
    return replace(draft, token=draft.token or f"invoice:{ctx.actor.user_id}:{ctx.key}:{ctx.now.isoformat()}")


def filled(draft: Draft, known: Prepared) -> Draft:
    """From the customer's earlier applications where nothing was said, else from what is known of the customer.

    A part of a title used before names it; a title nobody has used gets no other's tax number and bank.
    """
    buyer, last = _buyer_of(draft.title, known), next(iter(known.titles), Title(""))
    of = {
        "kind": buyer.kind or last.kind, "rate": plain(buyer.tax_rate if buyer.kind else last.tax_rate),
        "email": buyer.email if buyer.kind else last.email,
    }  # fmt: skip
    taken = {name: text for name, text in of.items() if text and not getattr(draft, name)}
    theirs = {"tax_no": buyer.tax_no, **buyer.details}
    if draft.kind == "专票" and buyer.tax_no == buyers.NO_TAX_NO:
        del theirs["tax_no"]
    taken |= {name: text for name, text in theirs.items() if text and not getattr(draft, name)}
    still = tuple(name for name in draft.filled if getattr(draft, name))
    return replace(
        draft, contract_id=known.contract_id, customer_id=known.customer_id, title=buyer.name or draft.title,
        filled=tuple(dict.fromkeys((*still, *(name for name in taken if name in of)))), **taken,
    )  # fmt: skip


def _buyer_of(title: str, known: Prepared) -> Title:
    """Whom the title means; without one, the last buyer, or the customer himself."""
    if not title:
        return next(iter(known.titles), known.own)
    choice = (*known.titles, *(() if any(t.name == known.own.name for t in known.titles) else (known.own,)))
    meant = [t for t in choice if title == t.name] or [t for t in known.titles if title in t.name]
    return meant[0] if len(meant) == 1 else Title(title)


def missing(draft: Draft, *, details: bool) -> str:
    """What is to be said still, in words; empty: nothing. `details`: a 专票 takes the buyer's bank and the rest.

    Raises InvalidInput for what is wrong.
    """
    lacks = []
    bank = "、".join(DETAILS.values())
    if draft.amount:
        rules.check_amount(Decimal(draft.amount))
    else:
        lacks.append("金额")
    if draft.kind:
        rules.check_kind(draft.kind)
    else:
        lacks.append("专票还是普票" + (f"（专票还要{bank}）" if details else ""))
    if not draft.title:
        lacks.append("抬头")
    if draft.tax_no:
        buyers.check_tax_no(draft.tax_no, draft.kind, draft.title)
    elif buyers.needs_tax_no(draft.title, draft.kind):
        lacks.append("税号" if draft.kind == "专票" else buyers.TAX_NO_WORDS)
    if details:
        lacks += buyers.missing_details(draft.details, draft.kind)
    buyers.check_details(draft.details, draft.kind, required=False)
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
        changes["amount"] = plain(read_amount(str(form["amount"] or ""), "开票金额"))
    if "buyer" in form:
        changes |= dict.fromkeys(DETAILS, "") | read_details(str(form["buyer"] or ""))
    for name in ("kind", "rate", "title", "tax_no", "email", "remark"):
        if name in form:
            changes[name] = str(form[name] or "").strip()
    if "tax_no" in changes:
        changes["tax_no"] = changes["tax_no"].upper()
    chosen = _title_chosen(str(form.get("saved") or ""), draft.contract_id, ctx)
    if chosen and chosen != draft.title:
        changes["title"] = chosen
        kept = {name: v for name, v in changes.items() if v == getattr(draft, name)}  # as the card had it: the other's
        changes |= {name: "" for name in kept if name in ("tax_no", *DETAILS, *draft.filled)}
    same = tuple(name for name in draft.filled if changes.get(name, "") and changes[name] == getattr(draft, name))
    return replace(draft, **changes, filled=same)


def _title_chosen(said: str, contract_id: int | None, ctx: Context) -> str:
    """The title of one of those to choose from. Raises InvalidInput."""
    if not said or contract_id is None:
        return ""
    found = [t.name for t in prepare(ctx, contract_id).titles if said in (str(t.invoice_id), t.name)]
    if not found:
        raise InvalidInput("用过的抬头刚有变化，请重新选一个，或直接填发票抬头。")
    return found[0]
