"""What may be corrected of an application on its way: as a card asks for it, a sentence says it, it is checked."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from bot.core.errors import InvalidInput
from bot.dispatch import FormField, choices
from handlers.contracts.drafts import read_amount
from handlers.invoices import buyers, rules
from handlers.invoices.buyers import DETAILS
from handlers.invoices.reading import details_text, read_details, read_invoice
from storage.tables import Invoice


def edit_fields(invoice: Invoice, fields: Collection[str]) -> list[FormField]:
    """Those fields as they are now."""
    asked: list[FormField] = []
    for name in rules.EDITABLE:
        if name not in fields:
            continue
        if name == "invoice_type":
            kind = FormField(
                "kind", "发票类型", "select", required=True, value=invoice.kind or None, options=choices(*rules.KINDS)
            )
            rates = tuple((str(r), f"{r}%") for r in rules.RATES)
            asked += [kind, FormField("rate", "税率", "select", value=_rate(invoice.tax_rate) or None, options=rates)]
            continue
        if name in DETAILS:
            continue
        text = str(invoice.amount) if name == "amount" else str(getattr(invoice, name))
        asked.append(FormField(name, rules.FIELDS[name], required=name in ("amount", "title"), value=text or None))
    own = {name: getattr(invoice, name) for name in DETAILS if name in fields}
    if own:
        asked.append(FormField("buyer", buyers.ASKED, value=details_text(own) or None))
    return asked


def spelled_out(given: Mapping[str, str], allowed: Collection[str]) -> dict[str, str]:
    """With the buyer's line taken apart; what it says no more is empty. Raises InvalidInput."""
    if "buyer" not in given:
        return dict(given)
    emptied = {name: "" for name in DETAILS if name in allowed}
    return {k: v for k, v in given.items() if k != "buyer"} | emptied | read_details(given["buyer"])


def _rate(rate: Decimal | None) -> str:
    return f"{rate.normalize():f}" if rate is not None else ""


def given_in(text: str) -> dict[str, str]:
    """`金额 4.8万 税号 91330100799655058B`; empty: nothing of the kind. Raises InvalidInput for a doubtful sum."""
    words = read_invoice(text)
    said = {
        "amount": str(words.amount) if words.amount is not None else "、".join(words.doubts), "kind": words.kind,
        "rate": str(words.rate) if words.rate is not None else "", "title": words.title, "tax_no": words.tax_no,
        "remark": words.remark, **words.details,
    }  # fmt: skip
    return {name: value for name, value in said.items() if value}


def edited(
    invoice: Invoice, given: Mapping[str, str], *, required: bool, allowed: Collection[str], used: Invoice | None
) -> dict[str, Any]:
    """The invoice's values with what was given, checked; what is as it was is not asked for anew. Raises InvalidInput.

    `required`: a 专票 names the buyer's bank, account, address and phone. `used`: the last application with the title
    that was given: its tax number and bank come along where nothing is said of them.
    """
    amount = read_amount(given["amount"], "开票金额") if "amount" in given else invoice.amount
    kind = rules.check_kind(given.get("kind", invoice.kind))
    title = buyers.check_title(given.get("title", invoice.title))
    given = _of_buyer(invoice, given, title, kind, allowed, used)
    rate = given.get("rate", _rate(invoice.tax_rate)).rstrip("%％")
    tax_no = given.get("tax_no", invoice.tax_no)
    if (title, kind, tax_no) != (invoice.title, invoice.kind, invoice.tax_no):
        tax_no = buyers.check_tax_no(tax_no, kind, title)
    was = {name: getattr(invoice, name) for name in DETAILS}
    details = was | {name: given[name] for name in DETAILS if name in given}
    touched = kind != invoice.kind or details != was
    return {
        "amount": rules.check_amount(amount), "kind": kind,
        "tax_rate": rules.check_rate(Decimal(rate) if rate else None), "title": title, "tax_no": tax_no,
        "remark": rules.check_remark(given.get("remark", invoice.remark)),
        **buyers.check_details(details, kind, required=required and touched),
    }  # fmt: skip


def _of_buyer(
    invoice: Invoice, given: Mapping[str, str], title: str, kind: str, allowed: Collection[str], used: Invoice | None
) -> Mapping[str, str]:
    """With what belongs to another title: no invoice goes out with one firm's name and another's tax number."""
    if title == invoice.title or given.get("tax_no", invoice.tax_no) != invoice.tax_no:
        return given
    if used is not None and "tax_no" in allowed:
        theirs = [name for name in ("tax_no", *DETAILS) if name in allowed]
        same = [name for name in theirs if given.get(name, getattr(invoice, name)) == getattr(invoice, name)]
        return {**given, **{name: str(getattr(used, name)) for name in same}}
    if buyers.is_person(title) and kind != "专票":
        return {**given, "tax_no": ""} if "tax_no" in allowed else given
    if "tax_no" in given or not invoice.tax_no or buyers.is_rewritten(title, invoice.title):
        return given
    raise InvalidInput(
        f"换成别的抬头要连税号一起写，例如「抬头 {title} 税号 91330100799655058B」；税号不变就照原样再写一遍。"
        if "tax_no" in allowed
        else "换成别的抬头要连税号一起改，这一步不能改税号，可以「退回申请人 编号 原因」请他改。"
    )
