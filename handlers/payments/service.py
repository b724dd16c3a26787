"""Use cases of payments and their plans. Sums are checked under a lock on the contract's row (R-PAY-2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import Forbidden, InvalidInput, NotFound
from bot.core.forms import check_may_fill
from bot.language.money import show_money
from handlers.contracts.figures import check_may_look, may_look, sees, step_standing
from handlers.contracts.rules import Standing
from handlers.customfields.values import check_new, labels_of, new_changes, undo_custom, write_custom
from handlers.payments import rules
from handlers.payments.rules import ChangedSince, PaymentRefused, paid_by_plan, plan_status
from handlers.settings.changing import step_change
from storage import audit, cards, contracts, customers, digest, numbers, payments, people, undos
from storage.contracts import DEALT
from storage.database import Tx
from storage.payments import PAGE, PaymentFilter, PlanFact
from storage.settings import lock_settings
from storage.tables import Contract, Payment

UNDO = timedelta(minutes=10)
PREFIX = "HK"  # of payments' numbers (D25)
PLAN_RULES = ("payment_due", "payment_overdue")


@dataclass(frozen=True, slots=True)
class NewPayment:
    """What came in. `refund_of`: it is money given back, of that payment. `over`: 记为预收 was said."""

    contract_id: int
    amount: Decimal
    paid_on: date | None = None  # None: today
    method: str = ""
    remark: str = ""
    refund_of: int | None = None
    over: bool = False
    number: str = ""  # empty: generated
    source_key: str = ""  # of the draft on a card: what is confirmed twice is registered once
    custom: Mapping[str, str] = field(default_factory=dict)  # the company's own fields, as they are stored


@dataclass(frozen=True, slots=True)
class Registered:
    """A registered payment and how to take it back. `again`: it had been registered already."""

    payment: Payment
    undo_id: int | None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """A change in words, and how to take it back."""

    text: str
    undo_id: int | None
    contract_id: int


@dataclass(frozen=True, slots=True)
class PaymentDetails:
    """A payment with what it stands on."""

    payment: Payment
    contract: Contract
    customer: str
    standing: Standing
    credited: str
    refund_of: str  # number


@dataclass(frozen=True, slots=True)
class PaymentPage:
    """One page of a list, with its total and sum (D26). `total_amount` None: not to be seen."""

    rows: list[Payment]
    contracts: dict[int, Contract]
    customers: dict[int, str]
    total: int
    total_amount: Decimal | None
    pages: int


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One instalment as it stands. Amounts None: not to be seen."""

    contract_id: int
    number: str
    customer: str
    period: int
    due_on: date
    amount: Decimal | None
    paid: Decimal | None
    status: str


@dataclass(frozen=True, slots=True)
class PlanSheet:
    """A contract's instalments and what is wrong with their sum."""

    contract: Contract
    customer: str
    lines: list[PlanLine]
    warning: str


def create_payment(ctx: Context, new: NewPayment) -> Registered:
    """Registers a payment on a contract in scope.

    Raises:
        Forbidden, NotFound, InvalidInput, PaymentRefused, OverCollected.
    """
    ctx.actor.require(Permission.PAYMENT_ADD)
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, new.contract_id, lock=True)
        if new.source_key and (made := payments.find_by_source(tx, new.source_key)) is not None:
            return Registered(made, None, again=True)
        new = replace(new, custom=check_new(tx, ctx, "payment", new.custom))
        payment = step_create_payment(tx, ctx, new, contract=contract)
        undo_id = _offer(tx, ctx, payment, "payments.create", f"登记回款 {payment.number}", {})
        return Registered(payment, undo_id)


def step_create_payment(tx: Tx, ctx: Context, new: NewPayment, *, contract: Contract | None = None) -> Payment:
    """The same within another's transaction (import); the caller has checked the function and the company's own fields.

    `contract`: locked already. Raises Forbidden, NotFound, InvalidInput, PaymentRefused, OverCollected.
    """
    paid_on = rules.check_day(new.paid_on or ctx.today, ctx.today)
    check_may_fill(ctx.actor, "payment", {"amount": new.amount, "on": new.paid_on, "method": new.method})
    amount = rules.check_amount(new.amount)
    contract = contract or contracts.access_contract(tx, new.contract_id, lock=True)
    check_may_look(ctx, contract)
    rules.check_state(contract.number, contract.state)
    money = contracts.money_of(tx, new.contract_id)
    over = False
    if new.refund_of is None:
        shown = step_standing(tx, ctx, contract).unpaid is not None
        by = rules.over_by(amount, paid=money.paid, contract=money.amount)
        allowed = ctx.settings.allow_over_collect
        left = money.amount - money.paid
        over = rules.check_over(by, left=left, allowed=allowed, confirmed=new.over, shown=shown)
    else:
        _check_refund(tx, new, amount)
    credited = contracts.owner_on(tx, new.contract_id, contract.owner_id, paid_on)
    payment = Payment(
        number=_number(tx, ctx, new.number), contract_id=new.contract_id, amount=amount,
        kind="normal" if new.refund_of is None else "refund", refund_of=new.refund_of, paid_on=paid_on,
        method=new.method.strip(), remark=new.remark.strip(), credited_user_id=credited,
        credited_dept_id=payments.main_department(tx, credited), over_collect_flag=over,
        source_key=new.source_key or None, created_at=ctx.now, created_by=ctx.actor.user_id, custom=dict(new.custom),
    )  # fmt: skip
    tx.add(payment)
    tx.flush()
    action = "refund.payment" if new.refund_of is not None else "create.payment"
    changes = {"金额": ("", show_money(amount)), "日期": ("", str(paid_on)), "合同": ("", contract.number)}
    changes |= new_changes(tx, "payment", new.custom)
    _record(
        tx, ctx, action, payment, changes=changes, **_own_labels(tx, new.custom), **({"over": True} if over else {})
    )
    _settle_reminders(tx, ctx, contract)
    _touch(tx, ctx, contract)
    return payment


def _number(tx: Tx, ctx: Context, given: str) -> str:
    if not given.strip():
        return numbers.next_number(tx, PREFIX, ctx.today.year)
    number = rules.check_number(given)
    if numbers.is_taken(tx, number):
        raise PaymentRefused(f"回款编号 {number} 用过了（删除的也不再用），换一个，或者不写编号、自动编。")
    numbers.note_number(tx, number)
    return number


def _check_refund(tx: Tx, new: NewPayment, amount: Decimal) -> None:
    origin = payments.access_payment(tx, new.refund_of or 0)
    if origin.contract_id != new.contract_id or origin.kind != "normal" or origin.voided_at is not None:
        raise PaymentRefused("只能退一笔还有效的回款，例如「退款 HK-2026-0001 2万」。")
    left = payments.true_amount(tx, origin.id or 0) - payments.refunds_of(tx, origin.id or 0)
    if amount > left:
        raise PaymentRefused(f"退款不能超过这笔回款还没退的金额（{show_money(left)}），改小金额再发一次。")


def undo_create(ctx: Context, payload: Mapping[str, Any]) -> str:
    """Takes a registration back. Raises NotFound, ChangedSince, OverCollected."""
    with ctx.begin() as tx:
        payment, contract = _locked(tx, int(payload["payment_id"]))
        _check_version(payment, payload)
        step_take_back(tx, ctx, payment, contract)
        return f"已撤销回款 {payment.number}，不再计入合同 {contract.number}。"


def step_take_back(tx: Tx, ctx: Context, payment: Payment, contract: Contract) -> None:
    """The same within another's transaction (import); the contract is locked. Raises PaymentRefused, OverCollected."""
    _check_removable(tx, ctx, payment, contract)
    payment.deleted_at, payment.version = ctx.now, payment.version + 1
    tx.add(payment)
    tx.flush()
    _record(tx, ctx, "undo.payment", payment, changes={"回款": (payment.number or "", "")})
    _touch(tx, ctx, contract)


def _check_removable(tx: Tx, ctx: Context, payment: Payment, contract: Contract) -> None:
    """A payment with refunds stays; without a refund the contract's sum may be too much. Raises PaymentRefused."""
    if payment.kind == "normal" and payments.refunds_of(tx, payment.id or 0) > 0:
        raise PaymentRefused(f"回款 {payment.number} 有退款，先作废退款，再处理这一笔。")
    if payment.kind == "refund":
        _check_fits(tx, ctx, payment, contract)


def _check_fits(tx: Tx, ctx: Context, payment: Payment, contract: Contract) -> None:
    """What comes back into the sum must fit as a new payment must. Raises OverCollected."""
    money = contracts.money_of(tx, contract.id or 0)
    by = rules.over_by(payments.true_amount(tx, payment.id or 0), paid=money.paid, contract=money.amount)
    shown = step_standing(tx, ctx, contract).unpaid is not None
    allowed = ctx.settings.allow_over_collect
    if rules.check_over(by, left=money.amount - money.paid, allowed=allowed, confirmed=allowed, shown=shown):
        payment.over_collect_flag = True


def void_payment(ctx: Context, payment_id: int, reason: str) -> Changed:
    """A payment that was wrong counts no more, and stays on record. Raises Forbidden, NotFound, InvalidInput."""
    ctx.actor.require(Permission.PAYMENT_VOID)
    with ctx.begin() as tx:
        payment, contract = _locked(tx, payment_id)
        if payment.voided_at is not None:
            raise PaymentRefused(f"回款 {payment.number} 已经作废过了，没有变化。")
        reason = rules.check_reason(reason, payment.number or "")
        _check_removable(tx, ctx, payment, contract)
        payment.voided_at, payment.void_reason, payment.version = ctx.now, reason, payment.version + 1
        tx.add(payment)
        tx.flush()
        _record(tx, ctx, "void.payment", payment, changes={"状态": ("有效", "已作废")}, reason=reason)
        _touch(tx, ctx, contract)
        undo_id = _offer(tx, ctx, payment, "payments.void", f"作废回款 {payment.number}", {})
        return Changed(f"回款 {payment.number} 已作废，不再计入合同 {contract.number}", undo_id, contract.id or 0)


def undo_void(ctx: Context, payload: Mapping[str, Any]) -> str:
    """The payment counts again, if it still fits. Raises NotFound, ChangedSince, OverCollected."""
    with ctx.begin() as tx:
        payment, contract = _locked(tx, int(payload["payment_id"]))
        _check_version(payment, payload)
        rules.check_state(contract.number, contract.state)
        if payment.kind == "normal":
            _check_fits(tx, ctx, payment, contract)
        else:
            new = NewPayment(contract.id or 0, payment.amount, refund_of=payment.refund_of)
            _check_refund(tx, new, payments.true_amount(tx, payment.id or 0))
        payment.voided_at, payment.void_reason, payment.version = None, "", payment.version + 1
        tx.add(payment)
        tx.flush()
        _record(tx, ctx, "undo.payment", payment, changes={"状态": ("已作废", "有效")})
        _touch(tx, ctx, contract)
        return f"已撤销，回款 {payment.number} 重新计入合同 {contract.number}。"


def edit_payment(
    ctx: Context, payment_id: int, changes: Mapping[str, Any], custom: Mapping[str, str] | None = None
) -> Changed:
    """`changes`: paid_on, method; `custom`: the company's own fields, "" empties one.

    Who registered it, or has the contract, needs 回款-新增; others 回款-编辑.

    Raises:
        Forbidden, NotFound, InvalidInput.
    """
    if not ctx.actor.may(Permission.PAYMENT_EDIT):
        ctx.actor.require(Permission.PAYMENT_ADD)
    with ctx.begin() as tx:
        payment, contract = _locked(tx, payment_id)
        pairs, before, was = step_update_payment(tx, ctx, payment, contract, changes, custom)
        kept = {
            "before": {k: v.isoformat() if isinstance(v, date) else v for k, v in before.items()}, "custom": was,
        }  # fmt: skip
        undo_id = _offer(tx, ctx, payment, "payments.edit", f"修改回款 {payment.number}", kept)
        text = "；".join(f"{label}：{old or '（空）'} → {now or '（空）'}" for label, (old, now) in pairs.items())
        return Changed(f"回款 {payment.number} {text}", undo_id, contract.id or 0)


def step_update_payment(
    tx: Tx, ctx: Context, payment: Payment, contract: Contract, changes: Mapping[str, Any],
    custom: Mapping[str, str] | None = None,
) -> tuple[dict[str, tuple[str, str]], dict[str, Any], dict[str, str]]:  # fmt: skip
    """The same within another's transaction (import), on a locked contract.

    Returns what changed in words, what it was, and what the company's own fields that changed were.
    Raises Forbidden, InvalidInput, PaymentRefused.
    """
    check_may_fill(ctx.actor, "payment", {"on": changes.get("paid_on"), "method": changes.get("method")})
    mine = ctx.actor.user_id in (payment.created_by, contract.owner_id)
    if not mine and not ctx.actor.may(Permission.PAYMENT_EDIT):
        raise Forbidden(f"回款 {payment.number} 不是你登记的，你只能查看；要改请联系管理员开通「回款-编辑」。")
    if payment.voided_at is not None:
        raise PaymentRefused(f"回款 {payment.number} 已作废，不能再改。")
    labels = {"paid_on": "日期", "method": "方式"}
    before = {name: getattr(payment, name) for name in labels if name in changes}
    if "paid_on" in changes:
        day: date = rules.check_day(changes["paid_on"], ctx.today)
        payment.credited_user_id = contracts.owner_on(tx, contract.id or 0, contract.owner_id, day)
        payment.credited_dept_id = payments.main_department(tx, payment.credited_user_id)
        payment.paid_on = day
    if "method" in changes:
        payment.method = str(changes["method"])
    pairs = {
        labels[name]: (str(was), str(getattr(payment, name)))
        for name, was in before.items()
        if was != getattr(payment, name)
    }
    own, was_own = write_custom(tx, ctx, "payment", payment, custom or {})
    pairs |= own
    if not pairs:
        raise InvalidInput(
            f"能改的是日期和方式，例如「修改回款 {payment.number} 日期 3月1日 方式 承兑」；金额不对就作废再登记。"
        )
    payment.version += 1
    tx.add(payment)
    tx.flush()
    _record(tx, ctx, "edit.payment", payment, changes=pairs, **_own_labels(tx, was_own))
    _touch(tx, ctx, contract)
    return pairs, before, was_own


def _own_labels(tx: Tx, values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Which labels of an audit line are the company's own fields: whoever reads it is kept from what he may not see."""
    return {"fields": labels_of(tx, "payment", values)} if values else {}


def step_put_back(
    tx: Tx, ctx: Context, payment: Payment, contract: Contract, before: Mapping[str, Any],
    custom: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Day, method and the company's own fields as they were; the contract is locked."""
    if "paid_on" in before:
        payment.paid_on = date.fromisoformat(before["paid_on"])
        payment.credited_user_id = contracts.owner_on(tx, contract.id or 0, contract.owner_id, payment.paid_on)
        payment.credited_dept_id = payments.main_department(tx, payment.credited_user_id)
    payment.method = before.get("method", payment.method)
    payment.version += 1
    tx.add(payment)
    tx.flush()
    changes = {"日期": ("", str(payment.paid_on)), **undo_custom(tx, "payment", payment, custom or {})}
    _record(tx, ctx, "undo.payment", payment, changes=changes, **_own_labels(tx, custom or {}))
    _touch(tx, ctx, contract)


def undo_edit(ctx: Context, payload: Mapping[str, Any]) -> str:
    """Puts back what the payment said. Raises NotFound, ChangedSince."""
    with ctx.begin() as tx:
        payment, contract = _locked(tx, int(payload["payment_id"]))
        _check_version(payment, payload)
        step_put_back(tx, ctx, payment, contract, payload["before"], payload.get("custom"))
        return f"已撤销，回款 {payment.number} 恢复原样。"


def delete_payment(ctx: Context, payment_id: int) -> Changed:
    """Takes a voided payment off the lists. Raises Forbidden, NotFound, PaymentRefused."""
    ctx.actor.require(Permission.PAYMENT_DELETE)
    with ctx.begin() as tx:
        payment, contract = _locked(tx, payment_id)
        if payment.voided_at is None:
            raise PaymentRefused(
                f"回款 {payment.number} 还有效，不能直接删除；先发送「作废回款 {payment.number} 原因」。"
            )
        payment.deleted_at, payment.version = ctx.now, payment.version + 1
        tx.add(payment)
        tx.flush()
        _record(tx, ctx, "delete.payment", payment, changes={"回款": (payment.number or "", "")})
        _touch(tx, ctx, contract)
        return Changed(f"已删除作废的回款 {payment.number}", None, contract.id or 0)


def show_payment(ctx: Context, payment_id: int) -> PaymentDetails:
    """One payment; on another's contract it needs 回款-查看. Raises Forbidden, NotFound."""
    with ctx.begin() as tx:
        payment = payments.access_payment(tx, payment_id)
        contract = contracts.access_contract(tx, payment.contract_id)
        _check_may_look(ctx, contract)
        origin = payments.access_payment(tx, payment.refund_of).number if payment.refund_of else ""
        names = contracts.customer_names(tx, [contract.customer_id])
        return PaymentDetails(
            payment, contract, names.get(contract.customer_id, ""), step_standing(tx, ctx, contract),
            people.name_of(tx, payment.credited_user_id) if payment.credited_user_id else "", origin or "",
        )  # fmt: skip


def find_payment(ctx: Context, number: str) -> int:
    """By its number. Raises NotFound."""
    with ctx.begin() as tx:
        found = payments.find_by_number(tx, number)
        if found is None or found.id is None:
            raise NotFound(f"没有找到回款「{number[:40]}」，发送「回款记录」看看编号。")
        return found.id


def list_payments(ctx: Context, wanted: PaymentFilter, page: int = 1) -> PaymentPage:
    """Payments on contracts within the scope, with their sum. Raises Forbidden."""
    ctx.actor.require(Permission.PAYMENT_VIEW)
    with ctx.begin() as tx:
        total, amount = payments.count_payments(tx, wanted)
        pages = max(1, -(-total // PAGE))
        rows = payments.list_payments(tx, wanted, page=min(max(1, page), pages))
        found = {c.id or 0: c for c in contracts.list_by_ids(tx, list({p.contract_id for p in rows}))}
        names = contracts.customer_names(tx, [c.customer_id for c in found.values()])
        shown = amount if sees(ctx, "payment", "amount") else None
        return PaymentPage(rows, found, names, total, shown, pages)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A contract a payment may be for."""

    id: int
    number: str
    state: str
    standing: Standing
    open: bool  # something is still to come in


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a payment would do to its contract. `over`: by how much it goes above, None where sums may not be seen."""

    contract: Contract
    customer: str
    standing: Standing
    over: Decimal
    left: Decimal
    allowed: bool
    others: int
    same_today: str  # number of a payment of the same amount and day
    made: str = ""  # number of the payment this draft has become already


def candidates(ctx: Context, customer_id: int) -> list[Candidate]:
    """A customer's contracts on which money may come in: those still owed something first.

    Raises:
        Forbidden, NotFound.
    """
    ctx.actor.require(Permission.PAYMENT_ADD)
    with ctx.begin() as tx:
        rows = [c for c in contracts.list_of_customer(tx, customer_id) if may_look(ctx, c)]
        if not rows:  # contracts are in sight though their customer may not be
            customers.access_customer(tx, customer_id)
        money = contracts.figures(tx, [c.id for c in rows if c.id is not None])
        found = []
        for contract in rows:
            stands = money[contract.id or 0]
            still = stands.amount > stands.paid
            found.append(
                Candidate(contract.id or 0, contract.number, contract.state, step_standing(tx, ctx, contract), still)
            )
        return sorted(found, key=lambda c: not c.open)


@dataclass(frozen=True, slots=True)
class Brief:
    """The contract a payment is being registered on."""

    customer_id: int
    words: str  # number and customer


def brief(ctx: Context, contract_id: int) -> Brief:
    """Whether a payment may be registered on it at all. Raises Forbidden, NotFound, PaymentRefused."""
    ctx.actor.require(Permission.PAYMENT_ADD)
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, contract_id)
        check_may_look(ctx, contract)
        rules.check_state(contract.number, contract.state)
        name = contracts.customer_names(tx, [contract.customer_id]).get(contract.customer_id, "")
        return Brief(contract.customer_id, f"{contract.number} {name}")


def prepare(
    ctx: Context, contract_id: int, amount: Decimal, paid_on: date | None, refund_of: int | None, token: str = ""
) -> Prepared:
    """What would become of the contract, before it is confirmed.

    Raises:
        Forbidden, NotFound, InvalidInput, PaymentRefused.
    """
    ctx.actor.require(Permission.PAYMENT_ADD)
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, contract_id)
        check_may_look(ctx, contract)
        rules.check_state(contract.number, contract.state)
        rules.check_amount(amount)
        day = rules.check_day(paid_on or ctx.today, ctx.today)
        money = contracts.money_of(tx, contract_id)
        received = payments.list_received(tx, [contract_id])[contract_id]
        standing = step_standing(tx, ctx, contract)
        twins = [r for r in received if r.amount == amount and r.paid_on == day and r.kind == "normal"]
        twin = payments.access_payment(tx, twins[-1].id).number if twins and refund_of is None else ""
        over = rules.over_by(amount, paid=money.paid, contract=money.amount) if refund_of is None else rules.NONE
        rest = [c for c in contracts.list_of_customer(tx, contract.customer_id) if may_look(ctx, c)]
        made = payments.find_by_source(tx, token) if token else None
        names = contracts.customer_names(tx, [contract.customer_id])
        return Prepared(
            contract, names.get(contract.customer_id, ""), standing, over, money.amount - money.paid,
            ctx.settings.allow_over_collect, len(rest) - 1, (twin or "") if standing.paid is not None else "",
            (made.number or "") if made is not None else "",
        )  # fmt: skip


# -- plans ---------------------------------------------------------------------------------------------


def set_plans(
    ctx: Context, contract_id: int, plans: Sequence[tuple[date, Decimal]], count: int | None = None
) -> Changed:
    """The contract's instalments, in place of those there were; `count`: so many equal ones, a month apart.

    One's own contract needs 回款-新增, another's 回款-编辑.

    Raises:
        Forbidden, NotFound, InvalidInput, PaymentRefused.
    """
    if not ctx.actor.may(Permission.PAYMENT_EDIT):
        ctx.actor.require(Permission.PAYMENT_ADD)
    check_may_fill(ctx.actor, "payment", {"amount": "plan"})
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, contract_id, lock=True)
        check_may_look(ctx, contract)
        if contract.owner_id != ctx.actor.user_id and not ctx.actor.may(Permission.PAYMENT_EDIT):
            who = people.name_of(tx, contract.owner_id)
            raise Forbidden(
                f"合同 {contract.number} 由 {who} 负责，排回款计划请联系 {who}，或请管理员开通「回款-编辑」。"
            )
        if contract.state == "void":
            raise PaymentRefused(f"合同 {contract.number} 已作废，不能排回款计划。")
        total = contracts.money_of(tx, contract_id).amount
        if count is not None:
            plans = _monthly(contract, rules.in_parts(total, count), ctx.today)
        rules.check_plans(plans)
        before = payments.replace_plans(tx, contract_id, plans, by=ctx.actor.user_id, now=ctx.now)
        contract.version += 1
        tx.add(contract)
        tx.flush()
        changes = {"回款计划": (f"{len(before)} 期" if before else "", f"{len(plans)} 期")}
        audit.record(
            tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="set.plans",
            subject=f"contract:{contract_id}", name=contract.number, changes=changes,
        )  # fmt: skip
        digest.cancel(tx, f"contract:{contract_id}", rules=PLAN_RULES, now=ctx.now)
        _touch(tx, ctx, contract)
        payload = {"contract_id": contract_id, "version": contract.version, "before": before}
        undo_id = undos.offer(
            tx, user_id=ctx.actor.user_id, kind="payments.plans", payload=payload,
            text=f"回款计划 {contract.number}", now=ctx.now, lasts=UNDO,
        )  # fmt: skip
        return Changed(f"合同 {contract.number} 的回款计划：{len(plans)} 期", undo_id, contract_id)


def _monthly(contract: Contract, parts: Sequence[Decimal], today: date) -> list[tuple[date, Decimal]]:
    """A month apart, the first one a month after the contract begins, or after today where that has gone."""
    begins = max(contract.starts_on or contract.signed_on or today, today)
    return [(_months_later(begins, n), part) for n, part in enumerate(parts, start=1)]


def _months_later(day: date, months: int) -> date:
    index = day.month - 1 + months
    year, month = day.year + index // 12, index % 12 + 1
    first = date(year + month // 12, month % 12 + 1, 1)
    return min(date(year, month, 1) + timedelta(days=day.day - 1), first - timedelta(days=1))


def undo_plans(ctx: Context, payload: Mapping[str, Any]) -> str:
    """Puts back the instalments there were. Raises NotFound, ChangedSince."""
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, int(payload["contract_id"]), lock=True)
        if contract.version != payload["version"]:
            raise ChangedSince(
                f"合同 {contract.number} 之后又改过，不能撤销了；发送「回款计划 {contract.number}」看看。"
            )
        payments.restore_plans(tx, contract.id or 0, [int(i) for i in payload["before"]], ctx.now)
        contract.version += 1
        tx.add(contract)
        tx.flush()
        audit.record(
            tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="undo.plans",
            subject=f"contract:{contract.id}", name=contract.number,
            changes={"回款计划": ("", f"{len(payload['before'])} 期")},
        )  # fmt: skip
        _touch(tx, ctx, contract)
        return f"已撤销，合同 {contract.number} 的回款计划恢复原样。"


def show_plans(ctx: Context, contract_id: int) -> PlanSheet:
    """A contract's instalments with their derived status. Another's needs 合同-查看 and 回款-查看.

    Raises:
        Forbidden, NotFound.
    """
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, contract_id)
        check_may_look(ctx, contract)
        _check_may_look(ctx, contract)
        facts = payments.list_plans(tx, [contract_id])
        lines = step_plan_lines(tx, ctx, facts, {contract_id: contract})
        money = contracts.money_of(tx, contract_id)
        warning = ""
        if facts and sees(ctx, "contract", "amount") and sees(ctx, "payment", "amount"):
            warning = rules.sum_warning(sum((f.amount for f in facts), rules.NONE), money.amount)
        names = contracts.customer_names(tx, [contract.customer_id])
        return PlanSheet(contract, names.get(contract.customer_id, ""), lines, warning)


def step_plan_lines(tx: Tx, ctx: Context, facts: Sequence[PlanFact], owners: Mapping[int, Contract]) -> list[PlanLine]:
    """Instalments as they stand; `facts` of a contract in the order of their dates, from its first one on."""
    ids = list({f.contract_id for f in facts})
    received = payments.list_received(tx, ids)
    names = contracts.customer_names(tx, [owners[i].customer_id for i in ids])
    money = sees(ctx, "payment", "amount")
    lines = []
    for contract_id in ids:
        mine = [f for f in facts if f.contract_id == contract_id]
        paid = paid_by_plan(rules.allocate(mine, received[contract_id]))
        contract = owners[contract_id]
        for fact in mine:
            done = paid.get(fact.id, rules.NONE)
            status = plan_status(fact.amount, done, fact.due_on, ctx.today, void=contract.state == "void")
            lines.append(
                PlanLine(
                    contract_id, contract.number, names.get(contract.customer_id, ""), fact.period, fact.due_on,
                    fact.amount if money else None, done if money else None, status,
                )
            )  # fmt: skip
    return sorted(lines, key=lambda line: (line.due_on, line.number, line.period))


@dataclass(frozen=True, slots=True)
class OverduePage:
    """One page of 逾期回款: how many, and what is still to come in on them; None: not to be seen."""

    lines: list[PlanLine]
    total: int
    owed: Decimal | None
    pages: int


def list_overdue(ctx: Context, page: int = 1, *, mine: bool = False) -> OverduePage:
    """Instalments whose day has gone and that are not paid whole, the oldest first. Raises Forbidden."""
    ctx.actor.require(Permission.PAYMENT_VIEW)
    with ctx.begin() as tx:
        until = ctx.today - timedelta(days=1)
        owner = ctx.actor.user_id if mine else ""
        lines = [line for line in step_due(tx, ctx, owner_id=owner, until=until) if line.status == rules.OVERDUE]
        pages = max(1, -(-len(lines) // PAGE))
        first = (min(max(1, page), pages) - 1) * PAGE
        owed = [line.amount - line.paid for line in lines if line.amount is not None and line.paid is not None]
        total = sum(owed, rules.NONE) if len(owed) == len(lines) else None
        return OverduePage(lines[first : first + PAGE], len(lines), total, pages)


def step_due(tx: Tx, ctx: Context, *, owner_id: str = "", until: date) -> list[PlanLine]:
    """Instalments due by that day on contracts in force, of one owner or of all in scope, however much is paid."""
    facts = payments.list_plans(tx, owner_id=owner_id, due_until=until)
    found = {c.id or 0: c for c in contracts.list_by_ids(tx, list({f.contract_id for f in facts}))}
    facts = [f for f in facts if f.contract_id in found and found[f.contract_id].state in DEALT]
    return step_plan_lines(tx, ctx, facts, found)


# -- the switch ----------------------------------------------------------------------------------------


def set_over_collect(ctx: Context, *, allow: bool) -> Changed:
    """允许超额回款, for everybody from now on. Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        before = lock_settings(tx).allow_over_collect
        word = {True: "允许", False: "不允许"}
        if before == allow:
            return Changed(f"没有变化：超额回款本来就是「{word[allow]}」", None, 0)
        undo_id = step_change(tx, ctx, "allow_over_collect", allow, text="超额回款设置")
        return Changed(f"超额回款：{word[before]} → {word[allow]}", undo_id, 0)


# -- shared --------------------------------------------------------------------------------------------


def _check_may_look(ctx: Context, contract: Contract) -> None:
    if contract.owner_id != ctx.actor.user_id:
        ctx.actor.require(Permission.PAYMENT_VIEW)


def _locked(tx: Tx, payment_id: int) -> tuple[Payment, Contract]:
    """The payment as it is after its contract's row is locked: one change after the other."""
    contract = contracts.access_contract(tx, payments.access_payment(tx, payment_id).contract_id, lock=True)
    return payments.access_payment(tx, payment_id), contract


def _check_version(payment: Payment, payload: Mapping[str, Any]) -> None:
    if payment.version != payload["version"]:
        raise ChangedSince(f"回款 {payment.number} 之后又改过，不能撤销了；发送「回款 {payment.number}」看现在的样子。")


def _settle_reminders(tx: Tx, ctx: Context, contract: Contract) -> None:
    """Where nothing that is due is owed any more, nobody is reminded of it."""
    facts = [f for f in payments.list_plans(tx, [contract.id or 0]) if f.due_on <= ctx.today]
    paid = paid_by_plan(rules.allocate(facts, payments.list_received(tx, [contract.id or 0])[contract.id or 0]))
    if all(paid.get(f.id, rules.NONE) >= f.amount for f in facts):
        digest.cancel(tx, f"contract:{contract.id}", rules=PLAN_RULES, now=ctx.now)


def _offer(tx: Tx, ctx: Context, payment: Payment, kind: str, text: str, payload: Mapping[str, Any]) -> int:
    kept = {**payload, "payment_id": payment.id, "version": payment.version}
    return undos.offer(tx, user_id=ctx.actor.user_id, kind=kind, payload=kept, text=text, now=ctx.now, lasts=UNDO)


def _touch(tx: Tx, ctx: Context, contract: Contract) -> None:
    card = ctx.key if ctx.via == "tap" else ""
    cards.redraw_others(tx, f"contract:{contract.id}", now=ctx.now, but=card)


def _record(tx: Tx, ctx: Context, action: str, payment: Payment, **detail: Any) -> None:
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=f"payment:{payment.id}",
        name=payment.number or "", **detail,
    )  # fmt: skip
