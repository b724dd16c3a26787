"""Columns of payments, and what a row of them does: the key is contract, day, amount and method.

A payment says nothing but its key, so a row either is there or is new; two equal ones of a day differ in their method.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from handlers.exchange.kinds import RowProblem, Values, Wanted, form_columns
from handlers.exchange.records import RecordBatch, RecordKind
from handlers.exchange.rules import SheetColumn
from storage import payments_list, records
from storage.database import Tx
from storage.tables import Contract, Payment

CONTRACT = SheetColumn(
    "contract", "合同编号", required=True, synonyms=("合同", "合同号", "编号"), sample="示例-HT-001", width=20
)


class PaymentBatch(RecordBatch):
    """Rows of payments."""

    def fetch(self, rows: Sequence[Values]) -> dict[str, Any]:
        """By contract, day, amount and method, within the scope of their contracts."""
        numbers = [str(v["contract"]) for v in rows if v.get("contract")]
        self.contracts = {c.number: c for c in records.find_by(self.tx, Contract, "number", numbers)}
        by_id = {c.id: c.number for c in self.contracts.values()}
        found = payments_list.of_contracts(self.tx, [i for i in by_id if i])
        self.paid: dict[str, Decimal] = {}
        keyed = {}
        for payment in found:
            number = by_id[payment.contract_id]
            self.paid[number] = self.paid.get(number, Decimal(0)) + payment.amount
            keyed[_key(number, payment.paid_on, payment.amount, payment.method)] = payment
        return keyed

    def check_new(self, values: Values) -> None:
        """Raises RowProblem, Forbidden: never more than the contract's amount (invariant 45)."""
        super().check_new(values)
        number, amount = str(values["contract"]), values["amount"]
        contract = self.contracts.get(number)
        if contract is None:
            raise RowProblem(f"合同编号：没有找到合同「{number}」，先导入合同或核对编号")
        self.check_mine(contract.owner_id, number)
        if contract.state != "effective":
            raise RowProblem(f"合同「{number}」还没有生效或已作废，不能记回款")
        if values["on"] > self.ctx.today:
            raise RowProblem("回款日期：不能晚于今天")
        paid = self.paid.get(number, Decimal(0))
        if paid + amount > contract.amount:
            raise RowProblem(f"回款金额：超过合同金额，最多还能记 {contract.amount - paid:,.2f} 元")
        self.paid[number] = paid + amount

    def more(self, values: Values) -> dict[str, Any]:
        """Its contract."""
        return {"contract_id": self.contracts[str(values["contract"])].id}


def _key(number: str, day: Any, amount: Any, method: Any) -> str:
    return f"{number}|{day}|{amount}|{method or ''}"


class Payments(RecordKind):
    """回款."""

    name: ClassVar[str] = "payments"
    resource: ClassVar[str] = "payment"
    label: ClassVar[str] = "回款"
    unit: ClassVar[str] = "笔"
    words: ClassVar[tuple[str, ...]] = ("收款", "到账")
    keys: ClassVar[tuple[str, ...]] = ("contract", "amount", "on")
    model = Payment
    fields: ClassVar[Mapping[str, str]] = {"amount": "amount", "on": "paid_on", "method": "method"}
    searched: ClassVar[tuple[str, ...]] = ("method",)
    noun: ClassVar[str] = "payment"
    made_by = PaymentBatch
    notes: ClassVar[tuple[str, ...]] = ("合同、日期、金额、方式都相同就是同一笔，不会记两次；总额不能超过合同金额。",)

    def columns(self, tx: Tx) -> tuple[SheetColumn, ...]:
        """合同编号 回款金额 回款日期 回款方式."""
        return (
            CONTRACT,
            *form_columns(
                tx,
                "payment",
                amount={"required": True, "synonyms": ("金额", "收款金额", "到账金额"), "sample": "30000"},
                on={"required": True, "synonyms": ("日期", "收款日期", "到账日期", "回款时间"), "sample": "2026-03-02"},
                method={"synonyms": ("方式", "收款方式", "付款方式"), "sample": "转账", "longest": 40},
            ),
        )

    def key(self, values: Values) -> str:
        """All it says."""
        return _key(str(values.get("contract") or ""), values.get("on"), values.get("amount"), values.get("method"))

    def title(self, record: Any) -> str:
        """Its amount."""
        return f"{record.amount:,.2f} 元"

    def count(self, tx: Tx, ctx: Any, wanted: Wanted) -> int:
        """Of contracts within the scope."""
        return payments_list.count(tx, wanted.words, owner_id=ctx.actor.user_id if wanted.mine else "")

    def rows(self, tx: Tx, ctx: Any, wanted: Wanted, after: int, limit: int) -> list[tuple[int, Values]]:
        """Of contracts within the scope, cut by field rights."""
        owner_id = ctx.actor.user_id if wanted.mine else ""
        return [
            (p.id or 0, {"contract": number, "amount": p.amount, "on": p.paid_on, "method": p.method})
            for number, p in payments_list.page(tx, wanted.words, owner_id=owner_id, after=after, limit=limit)
        ]
