"""Columns of contracts, and what a row of them does: the key is the number."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from handlers.exchange.kinds import OWNER, RowProblem, Values, form_columns
from handlers.exchange.records import CUSTOMER, CustomerNames, RecordBatch, RecordKind, owner_cells
from handlers.exchange.rules import SheetColumn
from storage import records
from storage.database import Tx
from storage.references import is_referred_to
from storage.tables import Contract, Customer

STATE = SheetColumn("state", "状态", synonyms=("合同状态",), width=10)
STATES: Mapping[str, str] = {"草稿": "draft", "生效": "effective", "已生效": "effective", "执行中": "effective"}


class ContractBatch(RecordBatch):
    """Rows of contracts."""

    def fetch(self, rows: Sequence[Values]) -> dict[str, Any]:
        """By number, whoever has it: numbers are unique in the company."""
        self.names = CustomerNames(self.tx, [str(v.get("customer") or "") for v in rows])
        numbers = [str(v["no"]) for v in rows if v.get("no")]
        seen = {r.number: r for r in records.find_by(self.tx, Contract, "number", numbers)}
        self.hidden = records.taken(self.tx, Contract, "number", numbers) - set(seen)
        return seen

    def check_new(self, values: Values) -> None:
        """Raises RowProblem, Forbidden."""
        super().check_new(values)
        if values["no"] in self.hidden:
            raise RowProblem(f"合同编号：「{values['no']}」已经用过了，换一个编号")
        customer = self.names.access(str(values["customer"]))
        if customer.owner_id is None and not self.system:
            raise RowProblem(f"「{customer.name}」在公海里，先领取再导入合同")
        self.check_mine(customer.owner_id, customer.name)
        self.check_days(values.get("starts_on"), values.get("ends_on"))
        self.state_of(values)
        self.owner_of(values)

    def check_days(self, starts_on: Any, ends_on: Any) -> None:
        """Raises RowProblem."""
        if starts_on and ends_on and ends_on < starts_on:
            raise RowProblem("到期日期：不能早于开始日期")

    def state_of(self, values: Values) -> str:
        """In effect unless the row says 草稿. Raises RowProblem."""
        said = str(values.get("state") or "生效")
        if said not in STATES:
            raise RowProblem(f"状态：没认出「{said}」，可以填：草稿、生效")
        return STATES[said]

    def check_change(self, record: Any, changes: Values) -> None:
        """Raises RowProblem: what is in effect keeps its amount and customer."""
        self.check_owner_stays(record, changes)
        self.check_mine(record.owner_id, record.number)
        if record.state != "draft" and "amount" in changes:
            raise RowProblem("合同金额：已生效的合同不能用导入改金额")
        if record.state == "void":
            raise RowProblem("这份合同已作废，不能再改")
        self.check_days(changes.get("starts_on", record.starts_on), changes.get("ends_on", record.ends_on))

    def more(self, values: Values) -> dict[str, Any]:
        """Its customer's owner's unless the row says whose."""
        customer = self.names.access(str(values["customer"]))
        owner = self.owner_of(values) if values.get("owner") else customer.owner_id or self.owner_of(values)
        return {
            "customer_id": customer.id, "state": self.state_of(values), "owner_id": owner, "created_at": self.ctx.now,
        }  # fmt: skip


class Contracts(RecordKind):
    """合同."""

    name: ClassVar[str] = "contracts"
    resource: ClassVar[str] = "contract"
    label: ClassVar[str] = "合同"
    unit: ClassVar[str] = "份"
    keys: ClassVar[tuple[str, ...]] = ("no",)
    model = Contract
    fields: ClassVar[Mapping[str, str]] = {
        "no": "number", "amount": "amount", "signed_on": "signed_on", "starts_on": "starts_on", "ends_on": "ends_on",
    }  # fmt: skip
    searched: ClassVar[tuple[str, ...]] = ("number",)
    noun: ClassVar[str] = "contract"
    made_by = ContractBatch
    notes: ClassVar[tuple[str, ...]] = ("合同编号相同就是同一份合同；状态不填就是生效。",)

    def columns(self, tx: Tx) -> tuple[SheetColumn, ...]:
        """编号 客户名称 金额 签订 开始 到期 状态 负责人."""
        number, *rest = form_columns(
            tx,
            "contract",
            no={"required": True, "synonyms": ("编号", "合同号", "合同编码"), "sample": "示例-HT-001", "longest": 60},
            amount={"required": True, "synonyms": ("金额", "合同总额", "总金额"), "sample": "120000"},
            signed_on={"synonyms": ("签订时间", "签约日期", "签署日期"), "sample": "2026-03-02"},
            starts_on={"synonyms": ("生效日期", "合同开始日期", "起始日期")},
            ends_on={"synonyms": ("结束日期", "合同到期日期", "截止日期", "终止日期")},
        )
        return (number, replace(CUSTOMER, sample="杭州远航贸易"), *rest, STATE, OWNER)

    def key(self, values: Values) -> str:
        """The number."""
        return str(values.get("no") or "")

    def is_used(self, tx: Tx, record: Any) -> bool:
        """Whether money came in on it, or an invoice went out."""
        return is_referred_to(tx, Contract, record.id)

    def remove(self, tx: Tx, ctx: Any, record: Any) -> None:  # noqa: ARG002
        """Gone: nothing refers to it."""
        records.remove(tx, record)

    def shown(self, tx: Tx, found: Sequence[Any]) -> list[Values]:
        """With customer, state and owner."""
        owners = owner_cells(tx, [r.owner_id for r in found])
        why = "a contract names its customer to its owner"
        names = records.names_by_id(tx, Customer, "name", [r.customer_id for r in found], unscoped=why)
        said = {"draft": "草稿", "effective": "生效"}
        return [
            {**v, "customer": names.get(r.customer_id, ""), "state": said.get(r.state, ""), "owner": owners[r.owner_id]}
            for r, v in zip(found, super().shown(tx, found), strict=True)
        ]


CONTRACTS = Contracts()
