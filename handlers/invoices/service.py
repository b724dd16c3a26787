"""Use cases of invoices: applying for one, and what becomes of it afterwards.

Sums are checked under a lock on the contract's row, when it is applied for and at the last approval
(`handlers.invoices.form`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import Forbidden, NotFound
from bot.language.money import show_money
from bot.language.phones import credit_code
from handlers.contracts.figures import check_may_look, standing_of
from handlers.contracts.rules import Standing
from handlers.flows.finding import find_flow, waiting_names
from handlers.flows.running import step_start
from handlers.invoices import buyers, rules
from handlers.invoices.buyers import DETAILS
from handlers.invoices.form import FORM
from handlers.invoices.recording import access_handled, follow_up, record_invoice
from handlers.invoices.rules import InvoiceRefused
from handlers.invoices.takingback import Held, step_hold_for_red, step_hold_for_void, step_note_taken, sums_after
from storage import cards, contracts, customers, flow_runs, invoices, numbers, people
from storage.database import Tx
from storage.tables import Contract, Invoice

SHOWN = 8  # invoices of one contract on a card
TITLES = 10  # to choose from
PREFIX = "FP"  # of applications' numbers (D25)


@dataclass(frozen=True, slots=True)
class Done:
    """What was done with an invoice, in words."""

    text: str
    invoice_id: int


@dataclass(frozen=True, slots=True)
class NewInvoice:
    """What is applied for. `source_key`: of the draft on a card: what is confirmed twice is applied for once."""

    contract_id: int
    amount: Decimal
    kind: str
    title: str
    tax_no: str = ""
    tax_rate: Decimal | None = None
    email: str = ""
    remark: str = ""
    source_key: str = ""
    details: Mapping[str, str] = field(default_factory=dict)  # bank, account, address, phone of the buyer


@dataclass(frozen=True, slots=True)
class Title:
    """抬头 with all that belongs to it, as an earlier application of the customer had it; empty: not known."""

    name: str
    tax_no: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""
    tax_rate: Decimal | None = None
    email: str = ""
    invoice_id: int = 0


@dataclass(frozen=True, slots=True)
class Applied:
    """An application on its way. `again`: it had been made already."""

    invoice_id: int
    number: str
    flow_id: int
    waiting: str  # for whom
    again: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """The contract an application is for, with what it may be filled in with. `left` None: may not be said."""

    contract_id: int
    number: str
    customer_id: int
    customer: str
    left: Decimal | None
    titles: tuple[Title, ...]  # those used before, the last one first
    own: Title  # the customer's own name, with its credit code where one may see it
    made: str = ""  # number of the application this draft has become already


def apply_invoice(ctx: Context, new: NewInvoice) -> Applied:
    """An application on one of one's own contracts; its flow starts at once (R3.59).

    Raises:
        Forbidden, NotFound, InvalidInput, InvoiceRefused, NobodyDecides.
        OverInvoiced: above what is left of the contract, applications in flight counted (D7).
    """
    ctx.actor.require(Permission.INVOICE_APPLY)
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, new.contract_id, lock=True)
        if new.source_key and (made := invoices.find_by_source(tx, new.source_key)) is not None:
            flow = flow_runs.of_record(tx, FORM.name, made.id or 0)
            assert flow is not None
            assert flow.id is not None
            return Applied(made.id or 0, flow.number, flow.id, waiting_names(tx, flow.id), again=True)
        _check_own(tx, ctx, contract)
        amount, kind = rules.check_amount(new.amount), rules.check_kind(new.kind)
        title = buyers.check_title(new.title)
        tax_no = buyers.check_tax_no(new.tax_no, kind, title)
        rate, email, remark = (
            rules.check_rate(new.tax_rate), rules.check_email(new.email), rules.check_remark(new.remark),
        )  # fmt: skip
        details = buyers.check_details(new.details, kind, required=ctx.settings.approvals.buyer_details)
        rules.check_contract(contract.number, contract.state)
        _check_left(tx, ctx, contract, amount)
        number = numbers.next_number(tx, PREFIX, ctx.today.year)
        invoice = Invoice(
            contract_id=new.contract_id, number=number, state="pending", amount=amount, kind=kind, tax_rate=rate,
            title=title, tax_no=tax_no, email=email, remark=remark, applied_by=ctx.actor.user_id, applied_at=ctx.now,
            source_key=new.source_key or None, bank=details["bank"], account=details["account"],
            address=details["address"], phone=details["phone"],
        )  # fmt: skip
        tx.add(invoice)
        tx.flush()
        assert invoice.id is not None
        changes = {"金额": ("", show_money(amount)), "合同": ("", contract.number), "抬头": ("", title)}
        record_invoice(tx, ctx, "apply.invoice", invoice, changes=changes)
        run = step_start(tx, ctx, FORM, invoice.id, number)
        cards.redraw_others(tx, f"contract:{new.contract_id}", now=ctx.now, but=ctx.key if ctx.via == "tap" else "")
        return Applied(invoice.id, number, run.id, waiting_names(tx, run.id))


def candidates(ctx: Context, customer_id: int) -> list[Prepared]:
    """One's own contracts with a customer on which something may be invoiced still. Raises Forbidden, NotFound."""
    ctx.actor.require(Permission.INVOICE_APPLY)
    with ctx.begin() as tx:
        rows = [c for c in contracts.list_of_customer(tx, customer_id) if c.owner_id == ctx.actor.user_id]
        if not rows:
            customers.access_customer(tx, customer_id)
        money = contracts.figures(tx, [c.id for c in rows if c.id is not None])
        rows = [c for c in rows if money[c.id or 0].billed < money[c.id or 0].amount] or rows
        return [_prepared(tx, ctx, c) for c in rows]


def prepare(ctx: Context, contract_id: int, amount: Decimal | None = None, token: str = "") -> Prepared:
    """What an application on it may be filled in with: from the customer's last one. Raises as `apply_invoice`.

    `amount`: it has to fit. `token`: of the draft (`NewInvoice.source_key`).
    """
    ctx.actor.require(Permission.INVOICE_APPLY)
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, contract_id)
        _check_own(tx, ctx, contract)
        rules.check_contract(contract.number, contract.state)
        made = invoices.find_by_source(tx, token) if token else None
        if made is not None:
            return replace(_prepared(tx, ctx, contract), made=made.number or "")
        if amount is not None:
            _check_left(tx, ctx, contract, amount)
        return _prepared(tx, ctx, contract)


def _check_left(tx: Tx, ctx: Context, contract: Contract, amount: Decimal) -> None:
    money = contracts.money_of(tx, contract.id or 0)
    shown = standing_of(ctx, contract, money).uninvoiced is not None
    rules.check_left(amount, contract=money.amount, billed=money.billed, applied=money.applied, shown=shown)


def _prepared(tx: Tx, ctx: Context, contract: Contract) -> Prepared:
    assert contract.id is not None
    money = contracts.money_of(tx, contract.id)
    shown = standing_of(ctx, contract, money).uninvoiced is not None
    customer = contracts.customer_names(tx, [contract.customer_id]).get(contract.customer_id, "")
    titles = tuple(
        Title(
            one.title, one.tax_no, {n: getattr(one, n) for n in DETAILS}, one.kind, one.tax_rate, one.email, one.id or 0
        )
        for one in invoices.titles_of_customer(tx, contract.customer_id, most=TITLES)
    )
    return Prepared(
        contract.id, contract.number, contract.customer_id, customer, money.amount - money.billed if shown else None,
        titles, Title(customer, credit_code(customers.code_in_sight(tx, contract.customer_id)) or ""),
    )  # fmt: skip


def _check_own(tx: Tx, ctx: Context, contract: Contract) -> None:
    if contract.owner_id != ctx.actor.user_id:
        who = people.name_of(tx, contract.owner_id)
        raise Forbidden(f"合同 {contract.number} 由 {who} 负责，开票请 {who} 来申请。")


def access_applied(ctx: Context, invoice_id: int) -> Invoice:
    """One's own application, to make another like it. Raises Forbidden, NotFound."""
    ctx.actor.require(Permission.INVOICE_APPLY)
    with ctx.begin() as tx:
        invoice = invoices.access_invoice(tx, invoice_id)
        if invoice.applied_by != ctx.actor.user_id:
            raise NotFound(invoices.ABSENT, attempt=f"invoice:{invoice_id}")
        return invoice


def find_invoice(ctx: Context, words: str) -> int:
    """The application of that number, which the asker may look at. Raises NotFound."""
    with ctx.begin() as tx:
        red = invoices.find_red(tx, words.strip())
        if red is not None and red.red_of is not None:
            original = invoices.facts(tx, red.red_of).invoice
            if find_flow(tx, ctx, original.number or "").record_id == original.id:
                return red.id or 0
        return find_flow(tx, ctx, words).record_id


def issue_invoice(ctx: Context, invoice_id: int, invoice_no: str, issued_on: date | None = None) -> Done:
    """发票号码 and day of an approved application, by who decided it or an administrator. None: today.

    Raises:
        NotFound, InvalidInput, InvoiceRefused.
    """
    with ctx.begin() as tx:
        invoice, flow = access_handled(tx, ctx, invoice_id)
        day = issued_on or ctx.today
        plain = rules.check_issue(invoice_no, day, ctx.today)
        try:
            done = invoices.issue(tx, invoice_id, invoice_no=plain, issued_on=day, by=ctx.actor.user_id)
        except invoices.NumberTaken as twin:
            raise InvoiceRefused(f"发票号码 {plain} 已经登记在另一张发票上，请核对。") from twin
        if not done:
            raise InvoiceRefused(f"{invoice.number} 是「{rules.STATES[invoice.state]}」，不能登记发票号码。")
        changes = {"发票号码": (invoice.invoice_no or "", plain), "开票日期": (str(invoice.issued_on or ""), str(day))}
        record_invoice(tx, ctx, "issue.invoice", invoice, changes=changes)
        follow_up(tx, ctx, invoice, flow, "issue", f"发票号码 {plain} · {day}")
        return Done(f"{invoice.number} 已登记发票号码 {plain}（{day}）。", invoice_id)


@dataclass(frozen=True, slots=True)
class TakingBack:
    """What voiding an invoice, or taking it back in red, would do, as far as the asker may see it.

    `amount`: what is to be taken back; `told`: whether it may be said. `sums`: what becomes of the contract's.
    """

    number: str
    invoice_no: str
    title: str
    reason: str
    amount: Decimal
    told: bool
    sums: str


def foresee_void(ctx: Context, invoice_id: int, reason: str) -> TakingBack:
    """What `void_invoice` would do; nothing is done. Raises as it does."""
    ctx.actor.require(Permission.INVOICE_VOID)
    with ctx.begin() as tx:
        return _foreseen(tx, ctx, step_hold_for_void(tx, ctx, invoice_id, reason))


def foresee_red(ctx: Context, invoice_id: int, reason: str, amount: Decimal | None = None) -> TakingBack:
    """What `red_invoice` would do; nothing is done. Raises as it does."""
    ctx.actor.require(Permission.INVOICE_VOID)
    with ctx.begin() as tx:
        return _foreseen(tx, ctx, step_hold_for_red(tx, ctx, invoice_id, reason, amount))


def _foreseen(tx: Tx, ctx: Context, held: Held) -> TakingBack:
    title = held.invoice.title if "title" in held.seen else ""
    return TakingBack(
        held.number, held.invoice.invoice_no or "", title, held.reason, held.amount, bool(held.told),
        sums_after(tx, ctx, held),
    )  # fmt: skip


def void_invoice(ctx: Context, invoice_id: int, reason: str) -> Done:
    """An invoice that was wrong counts no more, and stays on record; its amount may be applied for again.

    Raises:
        Forbidden, NotFound, InvalidInput, InvoiceRefused.
    """
    ctx.actor.require(Permission.INVOICE_VOID)
    with ctx.begin() as tx:
        held = step_hold_for_void(tx, ctx, invoice_id, reason)
        if not invoices.void(tx, invoice_id, reason=held.reason, now=ctx.now):
            raise InvoiceRefused(f"{held.number} 刚刚有变化，没有作废，请再看一下。")
        changes = {"状态": (rules.STATES[held.invoice.state], rules.STATES["void"])}
        record_invoice(tx, ctx, "void.invoice", held.invoice, changes=changes, reason=held.reason)
        step_note_taken(tx, ctx, held, "void", held.reason)
        return Done(f"{held.number} 已作废，不再计入合同的已开票。", invoice_id)


def red_invoice(ctx: Context, invoice_id: int, reason: str, amount: Decimal | None = None) -> Done:
    """红冲: an invoice of the negative sum, linked to the issued one; so much may be applied for again (R-INV-3).

    `amount`: above zero; None: all that is left of it.

    Raises:
        Forbidden, NotFound, InvalidInput, InvoiceRefused.
    """
    ctx.actor.require(Permission.INVOICE_VOID)
    with ctx.begin() as tx:
        held = step_hold_for_red(tx, ctx, invoice_id, reason, amount)
        of = held.invoice
        red = Invoice(
            contract_id=of.contract_id, number=numbers.next_number(tx, PREFIX, ctx.today.year), state="approved",
            amount=-held.amount, kind=of.kind, tax_rate=of.tax_rate, title=of.title, tax_no=of.tax_no,
            remark=held.reason, applied_by=ctx.actor.user_id, applied_at=ctx.now, red_of=invoice_id,
            **{name: getattr(of, name) for name in DETAILS},
        )  # fmt: skip
        tx.add(red)
        tx.flush()
        told = f"{red.number} {show_money(red.amount)} · {held.reason}"
        record_invoice(tx, ctx, "red.invoice", of, changes={"红冲": ("", told)}, reason=held.reason)
        change = ("amount", show_money(held.left), show_money(held.left - held.amount))
        step_note_taken(tx, ctx, held, "red", f"{red.number} · {held.reason}", changes=[change])
        done = " ".join(part for part in (held.number, "已红冲", held.told) if part)
        return Done(f"{done}，红字发票 {red.number}；开好后发送「开票号 {red.number} 号码」。", red.id or 0)


@dataclass(frozen=True, slots=True)
class Bills:
    """A contract's sums, cut to what its reader may see (R4.14), and its applications; None: not to be seen."""

    number: str
    customer: str
    standing: Standing
    applied: Decimal | None
    rows: list[Invoice]


def show_bills(ctx: Context, contract_id: int) -> Bills:
    """合同额, 已开票, 已回款, 未开票, 未回款 and the invoices one by one. Another's needs 开票-查看.

    Raises:
        Forbidden, NotFound.
    """
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, contract_id)
        check_may_look(ctx, contract)
        if contract.owner_id != ctx.actor.user_id:
            ctx.actor.require(Permission.INVOICE_VIEW)
        money = contracts.money_of(tx, contract_id)
        names = contracts.customer_names(tx, [contract.customer_id])
        return Bills(
            contract.number, names.get(contract.customer_id, ""), standing_of(ctx, contract, money), money.applied,
            invoices.list_of_contract(tx, contract_id),
        )  # fmt: skip
