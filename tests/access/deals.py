"""Rows of contracts, payments, and of what is sold to whom in competition with whom."""

from decimal import Decimal

from sqlmodel import select

from bot.context import Context
from handlers.competitors.rules import CompetitorWords
from handlers.contractlines.service import LineChange
from handlers.contracts.making import NewContract
from handlers.payments.making import NewPayment
from handlers.targets.rules import read_targets
from storage.contracts import ContractFilter
from storage.payments import PaymentFilter
from storage.tables import Contract, Payment, Product
from tests.access.row import ABSENT, DEAL, DRAFT, NOW, PAID, SCAN, SYSTEM, UNDO, VOIDED, P, Row


def _sold(ctx: Context) -> LineChange:
    with ctx.begin() as tx:
        tx.add(Product(code="ZJ-1", name="数控主轴", price=Decimal(12800)))
        tx.flush()
    return LineChange("ZJ-1")


def _sold_to(ctx: Context, contract: int) -> int:
    """The contract's customer."""
    with ctx.begin() as tx:
        query = select(Contract.customer_id).where(Contract.id == contract)
        return tx.exec(query, execution_options={"unscoped": "a test names its objects"}).first() or ABSENT


def _number(ctx: Context, payment: int) -> str:
    with ctx.begin() as tx:
        query = select(Payment.number).where(Payment.id == payment)
        return tx.exec(query, execution_options={"unscoped": "a test names its objects"}).first() or "HK-NONE"


ROWS: dict[str, Row] = {
    "competitors.add_competitor": Row(
        P.COMPETITOR_ADD, lambda f, c, _: f(c, CompetitorWords("某某机床")), foreign=None
    ),
    "competitors.edit_competitor": Row(
        P.COMPETITOR_EDIT, lambda f, c, _: f(c, CompetitorWords("某某机床", "快")), foreign=None
    ),
    "competitors.list_competitors": Row(P.COMPETITOR_VIEW, lambda f, c, _: f(c), foreign=None),
    "competitors.remove_competitor": Row(P.COMPETITOR_DELETE, lambda f, c, _: f(c, "某某机床"), foreign=None),
    "competitors.show_competitor": Row(P.COMPETITOR_VIEW, lambda f, c, _: f(c, "某某机床"), foreign=None),
    "competitors.switch_competitor": Row(
        P.COMPETITOR_EDIT, lambda f, c, _: f(c, "某某机床", active=False), foreign=None
    ),
    "competitors.undo_change": Row(
        P.COMPETITOR_EDIT, lambda f, c, _: f(c, {"name": "某某", "before": {"active": 1}, "after": {"active": 0}}),
        foreign=None,
    ),
    "contractlines.change_line": Row(P.CONTRACT_ADD, lambda f, c, i: f(c, i, _sold(c), Decimal("12800.00")), *DEAL),
    "contractlines.reckon_line": Row(P.CONTRACT_ADD, lambda f, c, i: f(c, i, _sold(c)), *DEAL),
    "contractlines.undo_lines": Row(None, lambda f, c, i: f(c, {"contract_id": i}), *DEAL, free=UNDO),
    "contracts.create_contract": Row(P.CONTRACT_ADD, lambda f, c, i: f(c, NewContract(i, Decimal(9)))),
    "contracts.delete_contract": Row(P.CONTRACT_DELETE, lambda f, c, i: f(c, i), *DRAFT),
    "contracts.edit_contract": Row(P.CONTRACT_ADD, lambda f, c, i: f(c, i, {"name": "维保"}), *DEAL),
    "contracts.end_past": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "contracts.list_contracts": Row(P.CONTRACT_VIEW, lambda f, c, _: f(c, ContractFilter()), foreign=None),
    "contracts.move_contract": Row(P.CONTRACT_ADD, lambda f, c, i: f(c, i, "ended"), *DEAL),
    "contracts.prepare": Row(P.CONTRACT_ADD, lambda f, c, i: f(c, i)),
    "contracts.show_contract": Row(None, lambda f, c, i: f(c, i), *DEAL),
    "contracts.transfer_contract": Row(P.CONTRACT_TRANSFER, lambda f, c, i: f(c, i, "zhao05"), *DEAL),
    "contracts.undo_create": Row(None, lambda f, c, i: f(c, {"contract_id": i}), *DEAL, free=UNDO),
    "contracts.undo_edit": Row(None, lambda f, c, i: f(c, {"contract_id": i}), *DEAL, free=UNDO),
    "contracts.undo_move": Row(None, lambda f, c, i: f(c, {"contract_id": i}), *DEAL, free=UNDO),
    "contracts.undo_transfer": Row(None, lambda f, c, i: f(c, {"contract_id": i}), *DEAL, free=UNDO),
    "contractscans.add_scan": Row(P.CONTRACT_ADD, lambda f, c, i: f(c, i, "", b"%PDF-1"), *DEAL),
    "contractscans.likely_contract": Row(None, lambda f, c, i: f(c, _sold_to(c, i)), *DEAL),
    "contractscans.list_scans": Row(None, lambda f, c, i: f(c, i), *DEAL),
    "contractscans.remove_scan": Row(P.CONTRACT_ADD, lambda f, c, i: f(c, i), *SCAN),
    "contractscans.send_scan": Row(None, lambda f, c, i: f(c, i), *SCAN),
    "contractscans.undo_scan": Row(None, lambda f, c, i: f(c, {"contract_id": i}), *DEAL, free=UNDO),
    "forecast.forecast": Row(P.OPPORTUNITY_VIEW, lambda f, c, _: f(c), foreign=None),
    "paymentplans.allocate_payment": Row(P.PAYMENT_ADD, lambda f, c, i: f(c, i, []), *PAID),
    "paymentplans.list_overdue": Row(P.PAYMENT_VIEW, lambda f, c, _: f(c), foreign=None),
    "paymentplans.set_plans": Row(P.PAYMENT_ADD, lambda f, c, i: f(c, i, (), 2), *DEAL),
    "paymentplans.show_allocation": Row(None, lambda f, c, i: f(c, i), *PAID),
    "paymentplans.show_plans": Row(None, lambda f, c, i: f(c, i), *DEAL),
    "paymentplans.undo_allocate": Row(None, lambda f, c, i: f(c, {"payment_id": i}), *PAID, free=UNDO),
    "paymentplans.undo_plans": Row(None, lambda f, c, i: f(c, {"contract_id": i}), *DEAL, free=UNDO),
    "payments.brief": Row(P.PAYMENT_ADD, lambda f, c, i: f(c, i), *DEAL),
    "payments.candidates": Row(P.PAYMENT_ADD, lambda f, c, i: f(c, i)),
    "payments.create_payment": Row(P.PAYMENT_ADD, lambda f, c, i: f(c, NewPayment(i, Decimal(9))), *DEAL),
    "payments.delete_payment": Row(P.PAYMENT_DELETE, lambda f, c, i: f(c, i), *VOIDED),
    "payments.edit_payment": Row(P.PAYMENT_ADD, lambda f, c, i: f(c, i, {"method": "现金"}), *PAID),
    "payments.find_payment": Row(None, lambda f, c, i: f(c, _number(c, i)), *PAID),
    "payments.list_payments": Row(P.PAYMENT_VIEW, lambda f, c, _: f(c, PaymentFilter()), foreign=None),
    "payments.prepare": Row(P.PAYMENT_ADD, lambda f, c, i: f(c, i, Decimal(9), None, None), *DEAL),
    "payments.set_over_collect": Row("admin", lambda f, c, _: f(c, allow=True), foreign=None),
    "payments.show_payment": Row(None, lambda f, c, i: f(c, i), *PAID),
    "payments.undo_create": Row(None, lambda f, c, i: f(c, {"payment_id": i}), *PAID, free=UNDO),
    "payments.undo_edit": Row(None, lambda f, c, i: f(c, {"payment_id": i}), *PAID, free=UNDO),
    "payments.undo_void": Row(None, lambda f, c, i: f(c, {"payment_id": i}), *PAID, free=UNDO),
    "payments.void_payment": Row(P.PAYMENT_VOID, lambda f, c, i: f(c, i, "登错"), *PAID),
    "products.add_product": Row(P.PRODUCT_ADD, lambda f, c, _: f(c, ["Z-9", "轴", "9"]), foreign=None),
    "products.edit_product": Row(P.PRODUCT_EDIT, lambda f, c, _: f(c, "Z-9", "单价", "10"), foreign=None),
    "products.fill_product": Row(P.PRODUCT_EDIT, lambda f, c, _: f(c, "Z-9", {}), foreign=None),
    "products.list_named": Row(P.PRODUCT_VIEW, lambda f, c, _: f(c, "Z-9"), foreign=None),
    "products.list_prices": Row(P.PRODUCT_VIEW, lambda f, c, _: f(c, "Z-9"), foreign=None),
    "products.list_products": Row(P.PRODUCT_VIEW, lambda f, c, _: f(c), foreign=None),
    "products.remove_product": Row(P.PRODUCT_DELETE, lambda f, c, _: f(c, "Z-9"), foreign=None),
    "products.show_product": Row(P.PRODUCT_VIEW, lambda f, c, _: f(c, "Z-9"), foreign=None),
    "products.switch_product": Row(P.PRODUCT_EDIT, lambda f, c, _: f(c, "Z-9", enabled=False), foreign=None),
    "products.undo_add": Row(P.PRODUCT_ADD, lambda f, c, _: f(c, {"code": "X"}), foreign=None),
    "products.undo_fill": Row(P.PRODUCT_EDIT, lambda f, c, _: f(c, {"code": "X"}), foreign=None),
    "products.undo_remove": Row(P.PRODUCT_DELETE, lambda f, c, _: f(c, {"product": {}}), foreign=None),
    "products.undo_edit": Row(P.PRODUCT_EDIT, lambda f, c, _: f(c, {"code": "X"}), foreign=None),
    "targets.list_targets": Row(None, lambda f, c, _: f(c, 2026), foreign=None),  # one's own
    "targets.show_progress": Row(None, lambda f, c, _: f(c), foreign=None),  # one's own
    "targets.set_targets": Row(
        P.TARGET_SET, lambda f, c, _: f(c, read_targets("李娜 合同额 3月1万", today=NOW.date())), foreign=None
    ),
    "targets.undo_set": Row(P.TARGET_SET, lambda f, c, _: f(c, {}), foreign=None),
}  # fmt: skip
