"""Columns of opportunities, and what a row of them does: the key is the customer and the name."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar

from bot.language.companies import hard_key
from handlers.exchange.kinds import OWNER, RowProblem, Values, form_columns
from handlers.exchange.records import CUSTOMER, CustomerNames, RecordBatch, RecordKind, owner_cells
from handlers.exchange.rules import SheetColumn
from storage import records, stages
from storage.database import Tx
from storage.dictionaries import fold
from storage.references import is_referred_to
from storage.tables import Customer, Opportunity, Stage

STAGE = SheetColumn("stage", "销售阶段", synonyms=("阶段", "商机阶段", "当前阶段"))


class OpportunityBatch(RecordBatch):
    """Rows of opportunities."""

    def fetch(self, rows: Sequence[Values]) -> dict[str, Any]:
        """By customer and name, within the scope."""
        self.names = CustomerNames(self.tx, [str(v.get("customer") or "") for v in rows])
        self.stages = {fold(s.name): s for s in stages.list_stages(self.tx)}
        by_id = {c.id: c for c in self.names.by_key.values()}
        found = records.find_by(self.tx, Opportunity, "customer_id", [i for i in by_id if i])
        return {OPPORTUNITIES.key({"customer": by_id[r.customer_id].name, "name": r.name}): r for r in found}

    def _stage(self, values: Values) -> Stage:
        """Raises RowProblem."""
        open_ones = sorted((s for s in self.stages.values() if s.active and s.kind == "open"), key=lambda s: s.position)
        said = values.get("stage")
        if not said:
            if not open_ones:
                raise RowProblem("还没有销售阶段，请管理员发送「新增阶段」")
            return open_ones[0]
        stage = self.stages.get(fold(str(said)))
        if stage is None or not stage.active:
            raise RowProblem(f"销售阶段：没有「{said}」，可以填：{'、'.join(s.name for s in open_ones)}")
        if stage.kind != "open":
            raise RowProblem(f"销售阶段：「{stage.name}」不能用导入来填，导入后在商机卡片上推进")
        return stage

    def check_new(self, values: Values) -> None:
        """Raises RowProblem, Forbidden."""
        super().check_new(values)
        customer = self.names.access(str(values["customer"]))
        if customer.owner_id is None and not self.system:
            raise RowProblem(f"「{customer.name}」在公海里，先领取再导入商机")
        self.check_mine(customer.owner_id, customer.name)
        self._stage(values)
        self.owner_of(values)

    def check_change(self, record: Any, changes: Values) -> None:
        """Raises RowProblem."""
        self.check_owner_stays(record, changes)
        self.check_mine(record.owner_id, record.name)
        if "amount" in changes and changes["amount"] is None:
            changes["amount"] = Decimal("0.00")

    def more(self, values: Values) -> dict[str, Any]:
        """In the first stage unless the row says which; its customer's owner's unless it says whose."""
        customer = self.names.access(str(values["customer"]))
        more: dict[str, Any] = {
            "customer_id": customer.id,
            "stage_id": self._stage(values).id,
            "created_at": self.ctx.now,
        }
        if values.get("amount") is None:
            more["amount"] = Decimal("0.00")
        owner = self.owner_of(values) if values.get("owner") else customer.owner_id or self.owner_of(values)
        return {**more, "owner_id": owner}

    def create(self, values: Values) -> Any:
        """Without what its columns leave open."""
        return super().create({f: v for f, v in values.items() if v is not None})


class Opportunities(RecordKind):
    """商机."""

    name: ClassVar[str] = "opportunities"
    resource: ClassVar[str] = "opportunity"
    label: ClassVar[str] = "商机"
    unit: ClassVar[str] = "个"
    words: ClassVar[tuple[str, ...]] = ("销售机会", "机会")
    keys: ClassVar[tuple[str, ...]] = ("customer", "name")
    model = Opportunity
    fields: ClassVar[Mapping[str, str]] = {
        "name": "name", "amount": "amount", "source": "source", "expected_on": "expected_on",
    }  # fmt: skip
    searched: ClassVar[tuple[str, ...]] = ("name", "source")
    noun: ClassVar[str] = "opportunity"
    made_by = OpportunityBatch
    notes: ClassVar[tuple[str, ...]] = ("同一家客户里名称相同就是同一个商机；阶段只在新增时填，之后在卡片上推进。",)

    def columns(self, tx: Tx) -> tuple[SheetColumn, ...]:
        """客户名称 商机名称 金额 来源 预计成交 阶段 负责人."""
        return (
            replace(CUSTOMER, sample="示例 杭州远航贸易"),
            *form_columns(
                tx,
                "opportunity",
                name={"required": True, "synonyms": ("名称", "机会名称", "项目名称"), "width": 28, "longest": 80,
                      "sample": "主轴采购"},
                amount={"synonyms": ("金额", "预计金额", "预估金额"), "sample": "120000"},
                source={"synonyms": ("来源",)},
                expected_on={"synonyms": ("预计成交日期", "预计签单日期", "预计日期"), "sample": "2026-12-31"},
            ),
            STAGE,
            OWNER,
        )  # fmt: skip

    def key(self, values: Values) -> str:
        """Customer and name."""
        return f"{hard_key(str(values.get('customer') or ''))}|{values.get('name') or ''}"

    def is_used(self, tx: Tx, record: Any) -> bool:
        """Whether a contract, a competitor or a line belongs to it."""
        return is_referred_to(tx, Opportunity, record.id)

    def remove(self, tx: Tx, ctx: Any, record: Any) -> None:  # noqa: ARG002
        """Gone: nothing refers to it."""
        records.remove(tx, record)

    def shown(self, tx: Tx, found: Sequence[Any]) -> list[Values]:
        """With customer, stage and owner."""
        owners = owner_cells(tx, [r.owner_id for r in found])
        why = "an opportunity names its customer to its owner"
        names = records.names_by_id(tx, Customer, "name", [r.customer_id for r in found], unscoped=why)
        in_stage = {s.id: s.name for s in stages.list_stages(tx) if s.kind == "open" and s.active}
        return [
            {
                "customer": names.get(r.customer_id, ""),
                **v,
                "stage": in_stage.get(r.stage_id, ""),
                "owner": owners[r.owner_id],
            }
            for r, v in zip(found, super().shown(tx, found), strict=True)
        ]


OPPORTUNITIES = Opportunities()
