"""Columns of contracts, and what a row of them does: the key is the number."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from bot.context import Context
from handlers.contracts import rules
from handlers.contracts.changing import EDITABLE, step_update_contract
from handlers.contracts.listing import filter_of, step_read_conditions
from handlers.contracts.making import NewContract, step_create_contract, step_take_back
from handlers.contracts.moving import step_move
from handlers.exchange.kinds import OWNER, RowProblem, Values, Wanted, form_columns, plain
from handlers.exchange.records import CUSTOMER, CustomerNames, owner_cells
from handlers.exchange.rules import SheetColumn
from handlers.exchange.stepped import SteppedBatch, SteppedKind
from storage import contracts, records
from storage.contracts import ContractFilter
from storage.database import Tx
from storage.references import is_referred_to
from storage.tables import Contract, Customer

STATE = SheetColumn("state", "状态", synonyms=("合同状态",), width=10)
STATES: Mapping[str, str] = {
    "草稿": "draft", "生效": "effective", "已生效": "effective", "执行中": "effective", "已结束": "ended",
    "结束": "ended", "已作废": "void", "作废": "void",
}  # fmt: skip


class ContractBatch(SteppedBatch):
    """Rows of contracts."""

    def fetch(self, rows: Sequence[Values]) -> dict[str, Any]:
        """By number, whoever has it: numbers are unique in the company."""
        self.names = CustomerNames(self.tx, [str(v.get("customer") or "") for v in rows])
        said = [str(v["no"]) for v in rows if v.get("no")]
        numbers = list(dict.fromkeys([*said, *map(_number, said)]))
        seen = {_number(r.number): r for r in records.find_folded(self.tx, Contract, "number", numbers)}
        self.hidden = {_number(n) for n in records.taken(self.tx, Contract, "number", numbers)} - set(seen)
        return seen

    def check_new(self, values: Values) -> None:
        """Raises RowProblem, Forbidden, InvalidInput, ContractRefused."""
        super().check_new(values)
        number = rules.check_number(str(values["no"]))
        if number in self.hidden:
            raise RowProblem(f"合同编号：「{values['no']}」已经用过了，换一个编号")
        customer = self.names.access(str(values["customer"]))
        if customer.owner_id is None:
            raise RowProblem(f"「{customer.name}」在公海里，先领取再导入合同")
        self.check_mine(customer.owner_id, customer.name)
        rules.check_amount(values["amount"])
        rules.check_discount(values.get("discount") or Decimal(0))
        self._check_days(values)
        state = self.state_of(values) or "effective"
        if state == "void":
            raise RowProblem("状态：已作废的合同不用导入")
        if state != "draft":
            rules.check_effective(number, signed_on=values.get("signed_on"), today=self.ctx.today)
        self.owner_of(values)

    def _check_days(self, values: Mapping[str, Any]) -> None:
        rules.check_dates(
            signed_on=values.get("signed_on"), starts_on=values.get("starts_on"), ends_on=values.get("ends_on")
        )

    def state_of(self, values: Values) -> str:
        """Empty: the row does not say. Raises RowProblem."""
        said = str(values.get("state") or "")
        if said and said not in STATES:
            raise RowProblem(f"状态：没认出「{said}」，可以填：草稿、生效、已结束")
        return STATES[said] if said else ""

    def value(self, record: Any, field: str) -> Any:
        """The state as the row says it, if it is that."""
        if field == "state":
            return rules.STATES[record.state]
        return super().value(record, field)

    def check_change(self, record: Any, changes: Values) -> None:
        """Raises RowProblem, InvalidInput, ContractRefused."""
        super().check_change(record, changes)
        self.check_owner_stays(record, changes)
        self.check_mine(record.owner_id, record.number)
        state = self.state_of(changes)
        if state == "void":
            raise RowProblem(f"状态：作废要写原因，请发送「作废合同 {record.number} 原因」")
        if state and state != record.state:
            rules.check_move(record.number, record.state, state)
        if any(f != "state" for f in changes):
            rules.check_editable(record.number, record.state)
        now = {f: getattr(record, a) for f, a in self.kind.fields.items() if f != "state"} | changes
        self._check_days(now)
        if "amount" in changes:
            money = contracts.money_of(self.tx, record.id)
            amount = rules.check_amount(changes["amount"] or Decimal(0))
            rules.check_not_below(amount, paid=money.paid, invoiced=money.billed, shown=False)

    def make(self, values: Values) -> Any:
        """Its customer's owner's unless the row says whose."""
        state = self.state_of(values) or "effective"
        given = {self.kind.fields[f]: v for f, v in values.items() if f in self.kind.fields and v is not None}
        given.pop("state", None)
        customer = self.names.access(str(values["customer"]))
        owner = self.owner_of(values) if values.get("owner") else None
        new = NewContract(customer.id or 0, draft=state == "draft", owner_id=owner, **given)
        made = step_create_contract(self.tx, self.ctx, new)
        if state == "ended":
            step_move(self.tx, self.ctx, made, "ended")
        return made

    def before(self, record: Any) -> dict[str, Any]:
        """Its columns and its state."""
        return {name: plain(getattr(record, name)) for name in (*EDITABLE, "state") if name != "number"}

    def edit(self, record: Any, changes: Values) -> None:
        """Under a lock; columns first: an ended one keeps them."""
        contracts.access_contract(self.tx, record.id, lock=True)
        columns = {self.kind.fields[f]: v for f, v in changes.items() if f != "state"}
        for name, empty in (("discount", Decimal(0)), ("name", "")):
            if name in columns and columns[name] is None:
                columns[name] = empty
        if columns:
            step_update_contract(self.tx, self.ctx, record, columns)
        state = self.state_of(changes)
        if state and state != record.state:
            step_move(self.tx, self.ctx, record, state)


def _number(text: str) -> str:
    return "".join(text.split()).upper()


class Contracts(SteppedKind):
    """合同."""

    name: ClassVar[str] = "contracts"
    resource: ClassVar[str] = "contract"
    label: ClassVar[str] = "合同"
    unit: ClassVar[str] = "份"
    keys: ClassVar[tuple[str, ...]] = ("no",)
    model = Contract
    fields: ClassVar[Mapping[str, str]] = {
        "no": "number", "name": "name", "amount": "amount", "discount": "discount",
        "signed_on": "signed_on", "starts_on": "starts_on", "ends_on": "ends_on",
        "state": "state",
    }  # fmt: skip
    searched: ClassVar[tuple[str, ...]] = ("number", "name")
    noun: ClassVar[str] = "contract"
    made_by = ContractBatch
    listed: ClassVar[bool] = True
    notes: ClassVar[tuple[str, ...]] = ("合同编号相同就是同一份合同；状态不填就是生效。",)

    def columns(self, tx: Tx) -> tuple[SheetColumn, ...]:
        """编号 客户名称 名称 金额 折扣 签订 开始 到期 状态 负责人."""
        number, *rest = form_columns(
            tx,
            "contract",
            no={"required": True, "synonyms": ("编号", "合同号", "合同编码"), "sample": "示例-HT-001", "longest": 60},
            name={"synonyms": ("名称", "合同标题"), "width": 28, "longest": 80},
            discount={"synonyms": ("折扣", "整单折扣%", "折扣率"), "width": 10},
            amount={"required": True, "synonyms": ("金额", "合同总额", "总金额"), "sample": "120000"},
            signed_on={"synonyms": ("签订时间", "签约日期", "签署日期"), "sample": "2026-03-02"},
            starts_on={"synonyms": ("生效日期", "合同开始日期", "起始日期")},
            ends_on={"synonyms": ("结束日期", "合同到期日期", "截止日期", "终止日期")},
        )
        return (number, replace(CUSTOMER, sample="杭州远航贸易"), *rest, STATE, OWNER)

    def key(self, values: Values) -> str:
        """The number."""
        return _number(str(values.get("no") or ""))

    def is_used(self, tx: Tx, record: Any) -> bool:
        """Whether money came in on it, or an invoice went out."""
        return is_referred_to(tx, Contract, record.id)

    def put_back(self, tx: Tx, ctx: Any, record: Any, before: Mapping[str, Any] | None) -> None:
        """By the steps that 撤销 has."""
        contracts.access_contract(tx, record.id, lock=True)
        if before is None:
            step_take_back(tx, ctx, record)
            return
        if before["state"] != record.state:
            step_move(tx, ctx, record, str(before["state"]), back=True)
        back = {name: _typed(name, value) for name, value in before.items() if name != "state"}
        step_update_contract(tx, ctx, record, {n: v for n, v in back.items() if v != getattr(record, n)})

    def count(self, tx: Tx, ctx: Any, wanted: Wanted) -> int:
        """Of the list that the same words show."""
        return contracts.count_contracts(tx, _filter(tx, ctx, wanted))[0]

    def found(self, tx: Tx, ctx: Any, wanted: Wanted, after: int, limit: int) -> Sequence[Any]:
        """The same."""
        return contracts.list_after(tx, _filter(tx, ctx, wanted), after=after, limit=limit)

    def shown(self, tx: Tx, found: Sequence[Any]) -> list[Values]:
        """With customer, state and owner."""
        owners = owner_cells(tx, [r.owner_id for r in found])
        why = "a contract names its customer to its owner"
        names = records.names_by_id(tx, Customer, "name", [r.customer_id for r in found], unscoped=why)
        return [
            {**v, "customer": names.get(r.customer_id, ""), "state": rules.STATES[r.state], "owner": owners[r.owner_id]}
            for r, v in zip(found, super().shown(tx, found), strict=True)
        ]


def _typed(name: str, value: Any) -> Any:
    if value is not None and name in ("amount", "discount"):
        return Decimal(str(value))
    return date.fromisoformat(value) if value and name in ("signed_on", "starts_on", "ends_on") else value


CONTRACTS = Contracts()


def _filter(tx: Tx, ctx: Context, wanted: Wanted) -> ContractFilter:
    return filter_of(step_read_conditions(tx, ctx, " ".join(wanted.words), mine=wanted.mine), ctx)
