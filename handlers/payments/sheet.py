"""Columns of payments, and what a row of them does: the key is the number, else contract, day, amount and method.

Without its number a row says nothing but its key, so it either is there or is new.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from bot.context import Context
from handlers.exchange.kinds import Look, RowProblem, Values, Wanted, form_columns, plain
from handlers.exchange.own import own_cells
from handlers.exchange.rules import SheetColumn
from handlers.exchange.stepped import SteppedBatch, SteppedKind
from handlers.payments import rules
from handlers.payments.changing import step_put_back, step_update_payment
from handlers.payments.listing import filter_of, step_read_conditions
from handlers.payments.making import NewPayment, step_create_payment, step_take_back
from storage import contracts, payments, records
from storage.database import Tx
from storage.payments import PaymentFilter
from storage.references import is_referred_to
from storage.tables import Contract, Payment

CONTRACT = SheetColumn(
    "contract", "合同编号", required=True, synonyms=("合同", "合同号", "编号"), sample="示例-HT-001", width=20
)
NUMBER = SheetColumn("number", "回款编号", synonyms=("收款编号", "流水号"), width=18, longest=40)
REMARK = SheetColumn("remark", "备注", synonyms=("说明",), width=24)
REFUND_OF = SheetColumn("refund_of", "退款的原回款编号", synonyms=("原回款编号",), width=18, longest=40)
EDITED = ("on", "method")


class PaymentBatch(SteppedBatch):
    """Rows of payments."""

    def fetch(self, rows: Sequence[Values]) -> dict[str, Any]:
        """By number, and by contract, day, amount and method, within the scope of their contracts."""
        numbers = [str(v["contract"]) for v in rows if v.get("contract")]
        seen = records.find_folded(self.tx, Contract, "number", numbers)
        self.contracts = {_folded(c.number): c for c in seen}
        by_id = {c.id: c.number for c in seen}
        found = payments.of_contracts(self.tx, [i for i in by_id if i])
        self.paid: dict[str, Decimal] = {}
        self.numbers = {p.id: p.number or "" for p in found}
        keyed = {}
        for payment in found:
            number = by_id[payment.contract_id]
            keyed[f"#{_folded(payment.number or '')}"] = payment
            if payment.voided_at is not None:
                continue
            counted = payment.amount if payment.kind == "normal" else -payment.amount
            self.paid[_folded(number)] = self.paid.get(_folded(number), Decimal(0)) + counted
            if payment.kind == "normal":
                keyed[_key(number, payment.paid_on, payment.amount, payment.method)] = payment
        return keyed

    def look(self, values: Values) -> Look:
        """One that has its number stays on its contract, with its amount. Raises AppError."""
        record = self.found.get(self.kind.key(values)) if values.get("number") else None
        if record is not None:
            contract = self.contracts.get(_folded(str(values.get("contract") or "")))
            if contract is None or contract.id != record.contract_id:
                raise RowProblem(f"合同编号：回款 {record.number} 不在这份合同上")
            if values.get("amount") not in (None, record.amount):
                raise RowProblem("回款金额：登记过的不能改金额，请作废后再登记一笔")
        return super().look({f: v for f, v in values.items() if record is None or f != "remark"})

    def check_new(self, values: Values) -> None:
        """Raises RowProblem, Forbidden, InvalidInput, PaymentRefused, OverCollected (invariant 45)."""
        super().check_new(values)
        number, amount = _folded(str(values["contract"])), rules.check_amount(values["amount"])
        contract = self.contracts.get(number)
        if contract is None:
            raise RowProblem(f"合同编号：没有找到合同「{values['contract']}」，先导入合同或核对编号")
        self.check_mine(contract.owner_id, contract.number)
        rules.check_state(contract.number, contract.state)
        rules.check_day(values["on"], self.ctx.today)
        if values.get("number"):
            rules.check_number(str(values["number"]))
        paid = self.paid.get(number, Decimal(0))
        if values.get("refund_of"):
            self.paid[number] = paid - amount
            return
        if paid + amount > contract.amount and not self.ctx.settings.allow_over_collect:
            raise RowProblem(f"回款金额：超过合同金额，最多还能记 {contract.amount - paid:,.2f} 元")
        self.paid[number] = paid + amount

    def check_change(self, record: Any, changes: Values) -> None:
        """Raises RowProblem, InvalidInput."""
        super().check_change(record, changes)
        contract = next(c for c in self.contracts.values() if c.id == record.contract_id)
        self.check_mine(contract.owner_id, contract.number)
        if record.voided_at is not None:
            raise RowProblem(f"回款 {record.number} 已作废，不能再改")
        if "on" in changes:
            rules.check_day(changes["on"], self.ctx.today)

    def make(self, values: Values) -> Any:
        """On its contract, whose row is locked."""
        contract = contracts.access_contract(
            self.tx, self.contracts[_folded(str(values["contract"]))].id or 0, lock=True
        )
        origin = None
        if said := str(values.get("refund_of") or ""):
            found = self.found.get(f"#{_folded(said)}")
            if found is None:
                raise RowProblem(f"退款的原回款编号：合同 {contract.number} 上没有回款「{said}」")
            origin = found.id
        new = NewPayment(
            contract.id or 0, values["amount"], paid_on=values["on"], method=str(values.get("method") or ""),
            remark=str(values.get("remark") or ""), refund_of=origin, over=self.ctx.settings.allow_over_collect,
            number=str(values.get("number") or ""),
        )  # fmt: skip
        return step_create_payment(self.tx, self.ctx, new, contract=contract)

    def before(self, record: Any) -> dict[str, Any]:
        """Its day and its method."""
        return {"paid_on": plain(record.paid_on), "method": record.method}

    def edit(self, record: Any, changes: Values) -> None:
        """Under a lock on its contract."""
        contract = contracts.access_contract(self.tx, record.contract_id, lock=True)
        columns = {self.kind.fields[f]: v for f, v in changes.items() if f in EDITED}
        step_update_payment(self.tx, self.ctx, record, contract, columns)


def _folded(number: str) -> str:
    return "".join(number.split()).upper()


def _key(number: str, day: Any, amount: Any, method: Any) -> str:
    return f"{_folded(number)}|{day}|{amount}|{method or ''}"


class Payments(SteppedKind):
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
    listed: ClassVar[bool] = True
    notes: ClassVar[tuple[str, ...]] = (
        "没有写回款编号的，合同、日期、金额、方式都相同就是同一笔，不会记两次；总额不能超过合同金额。",
        "回款编号不填就自动编号；退款填原回款的编号，金额写正数。",
    )

    def columns(self, tx: Tx) -> tuple[SheetColumn, ...]:
        """合同编号 回款编号 回款金额 回款日期 回款方式 备注 退款的原回款编号."""
        return (
            CONTRACT,
            NUMBER,
            *form_columns(
                tx,
                "payment",
                amount={"required": True, "synonyms": ("金额", "收款金额", "到账金额"), "sample": "30000"},
                on={"required": True, "synonyms": ("日期", "收款日期", "到账日期", "回款时间"), "sample": "2026-03-02"},
                method={"synonyms": ("方式", "收款方式", "付款方式"), "sample": "转账", "longest": 40},
            ),
            REMARK,
            REFUND_OF,
        )

    def key(self, values: Values) -> str:
        """Its number, else all it says."""
        if values.get("number"):
            return f"#{_folded(str(values['number']))}"
        return _key(str(values.get("contract") or ""), values.get("on"), values.get("amount"), values.get("method"))

    def title(self, record: Any) -> str:
        """Its amount."""
        return f"{record.amount:,.2f} 元"

    def is_used(self, tx: Tx, record: Any) -> bool:
        """Whether it was given back."""
        return is_referred_to(tx, Payment, record.id)

    def put_back(self, tx: Tx, ctx: Any, record: Any, before: Mapping[str, Any] | None) -> None:
        """By the steps that 撤销 has."""
        contract = contracts.access_contract(tx, record.contract_id, lock=True)
        if before is None:
            step_take_back(tx, ctx, record, contract)
        else:
            step_put_back(tx, ctx, record, contract, before)

    def count(self, tx: Tx, ctx: Any, wanted: Wanted) -> int:
        """Of the list that the same words show, without voided ones."""
        return payments.count_payments(tx, _filter(tx, ctx, wanted))[0]

    def rows(self, tx: Tx, ctx: Any, wanted: Wanted, after: int, limit: int) -> list[tuple[int, Values]]:
        """The same, cut by field rights."""
        found = payments.list_after(tx, _filter(tx, ctx, wanted), after=after, limit=limit)
        origins = records.names_by_id(tx, Payment, "number", [p.refund_of for _, p in found if p.refund_of])
        own = own_cells(tx, self.resource, [p for _, p in found])
        return [
            (
                p.id or 0,
                {
                    **cells,
                    "contract": number, "number": p.number, "amount": p.amount, "on": p.paid_on, "method": p.method,
                    "remark": p.remark, "refund_of": origins.get(p.refund_of or 0, ""),
                },
            )
            for (number, p), cells in zip(found, own, strict=True)
        ]  # fmt: skip


def _filter(tx: Tx, ctx: Context, wanted: Wanted) -> PaymentFilter:
    mine = {"mine": ctx.actor.user_id} if wanted.mine else {}
    return filter_of(step_read_conditions(tx, ctx, " ".join(wanted.words), taken=mine), live=True)
