"""Columns of opportunities, and what a row of them does: the key is the customer and the name."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar

from bot.context import Context
from bot.core.actor import Permission
from bot.language.companies import hard_key
from handlers.exchange.kinds import OWNER, RowProblem, Values, Wanted, form_columns
from handlers.exchange.records import CUSTOMER, CustomerNames, owner_cells
from handlers.exchange.rules import SheetColumn
from handlers.exchange.stepped import SteppedBatch, SteppedKind
from handlers.opportunities import rules
from handlers.opportunities.fields import NewOpportunity, step_create_opportunity, step_update_opportunity
from handlers.opportunities.history import step_picture, step_undo_change
from handlers.opportunities.listing import step_filter, step_read_conditions
from handlers.opportunities.moving import step_change_stage
from storage import opportunities, records, stages
from storage.database import Tx
from storage.dictionaries import fold
from storage.opportunities import OpportunityFilter
from storage.references import is_referred_to
from storage.tables import Competitor, Customer, Opportunity, Stage

STAGE = SheetColumn("stage", "销售阶段", synonyms=("阶段", "商机阶段", "当前阶段"))
PROBABILITY = SheetColumn("probability", "赢率", "whole", synonyms=("赢率%", "成交概率", "概率"), width=8)
RESULT = SheetColumn("result", "结果", synonyms=("商机结果", "商机状态", "状态"), width=10)
REASON = SheetColumn("lost_reason", "输单原因", synonyms=("丢单原因", "失败原因", "无效原因"))
RIVAL = SheetColumn("won_by", "输给", synonyms=("输给对手", "中标对手"))
WITH_IT = ("stage_log", "opportunity_line", "opportunity_competitor")  # what goes with one that is taken back
STEPPED = ("stage", "result", "lost_reason", "won_by")  # what changes with the stage alone


class OpportunityBatch(SteppedBatch):
    """Rows of opportunities."""

    def fetch(self, rows: Sequence[Values]) -> dict[str, Any]:
        """By customer and name, within the scope."""
        self.names = CustomerNames(self.tx, [str(v.get("customer") or "") for v in rows])
        self.stages = {fold(s.name): s for s in stages.list_stages(self.tx)}
        self.in_stage = {s.id: s.name for s in self.stages.values()}
        by_id = {c.id: c for c in self.names.by_key.values()}
        found = records.find_by(self.tx, Opportunity, "customer_id", [i for i in by_id if i])
        self.rivals = records.names_by_id(self.tx, Competitor, "name", [r.won_by_id for r in found if r.won_by_id])
        return {OPPORTUNITIES.key({"customer": by_id[r.customer_id].name, "name": r.name}): r for r in found}

    def _stage(self, values: Values) -> Stage | None:
        """None: the row names none. Raises RowProblem."""
        said = values.get("stage")
        if not said:
            return None
        stage = self.stages.get(fold(str(said)))
        if stage is None or not stage.active:
            known = sorted((s for s in self.stages.values() if s.active), key=lambda s: s.position)
            raise RowProblem(f"销售阶段：没有「{said}」，可以填：{'、'.join(s.name for s in known)}")
        return stage

    def _end(self, values: Values) -> str:
        """open, or how it ended, as result and stage agree. Raises RowProblem, ReasonMissing, RivalMissing."""
        stage = self._stage(values)
        said = str(values.get("result") or "")
        by_word = {word: kind for kind, word in rules.RESULTS.items()}
        if said and said not in by_word:
            raise RowProblem(f"结果：没认出「{said}」，可以填：{'、'.join(by_word)}")
        kind = stage.kind if stage is not None else "open"
        end = by_word[said] if said else kind
        fits = {"open": ("open",), "won": ("won",), "lost": ("lost", "invalid")}[kind]
        if stage is not None and end not in fits:
            raise RowProblem(f"结果：「{said}」和销售阶段「{stage.name}」不一致")
        rival = str(values.get("won_by") or "")
        rules.check_close(str(values.get("name")), end, str(values.get("lost_reason") or ""), rival or None)
        return end

    def check_new(self, values: Values) -> None:
        """Raises RowProblem, Forbidden."""
        super().check_new(values)
        customer = self.names.access(str(values["customer"]))
        if customer.owner_id is None:
            raise RowProblem(f"「{customer.name}」在公海里，先领取再导入商机")
        self.check_mine(customer.owner_id, customer.name)
        rules.check_name(str(values["name"]))
        self._end(values)
        _check_probability(values)
        self.owner_of(values)

    def value(self, record: Any, field: str) -> Any:
        """Stage, result and rival by their names."""
        if field == "stage":
            return self.in_stage.get(record.stage_id, "")
        if field == "result":
            return rules.RESULTS[record.result]
        if field == "won_by":
            return self.rivals.get(record.won_by_id, "")
        return super().value(record, field)

    def check_change(self, record: Any, changes: Values) -> None:
        """Raises RowProblem, Closed."""
        super().check_change(record, changes)
        self.check_owner_stays(record, changes)
        self.check_mine(record.owner_id, record.name)
        rules.check_open(record.name, record.result)
        _check_probability(changes)
        if "amount" in changes and changes["amount"] is None:
            changes["amount"] = Decimal("0.00")
        if any(f in changes for f in STEPPED):
            self._end({"name": record.name, **changes})

    def make(self, values: Values) -> Any:
        """In the first stage unless the row says which; its customer's owner's unless it says whose."""
        customer = self.names.access(str(values["customer"]))
        end, stage = self._end(values), self._stage(values)
        made = step_create_opportunity(
            self.tx, self.ctx,
            NewOpportunity(
                customer.id or 0, name=str(values["name"]), amount=values.get("amount") or Decimal("0.00"),
                expected_on=values.get("expected_on"), stage=stage.name if stage and stage.kind == "open" else "",
                source=str(values.get("source") or ""),
                owner_id=self.owner_of(values) if values.get("owner") else customer.owner_id or self.owner_of(values),
                custom=self.own.new(values),
            ),
        )  # fmt: skip
        if values.get("probability") is not None:
            step_update_opportunity(self.tx, self.ctx, made, {"probability": values["probability"]})
        if end != "open":
            self._move(made, values)
        return made

    def _move(self, record: Any, values: Values) -> None:
        stage = self._stage(values)
        step_change_stage(
            self.tx, self.ctx, record, stage.name if stage else "", result=self._end(values),
            reason=str(values.get("lost_reason") or ""), rival=str(values.get("won_by") or ""),
        )  # fmt: skip

    def before(self, record: Any) -> dict[str, Any]:
        """The row, its stages, its lines and rivals."""
        return step_picture(self.tx, record.id)

    def edit(self, record: Any, changes: Values) -> None:
        """Columns first: a closed one keeps them."""
        columns = {self.kind.fields[f]: v for f, v in changes.items() if f not in STEPPED}
        if columns:
            step_update_opportunity(self.tx, self.ctx, record, columns)
        moved = {"name": record.name, **changes}
        if changes.get("stage") or self._end(moved) != "open":
            self._move(record, moved)
        record.version += 1


def _check_probability(values: Values) -> None:
    if not 0 <= int(values.get("probability") or 0) <= 100:
        raise RowProblem("赢率：填 0 到 100 的整数，例如 40")


class Opportunities(SteppedKind):
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
        "stage": "stage_id", "probability": "probability", "result": "result", "lost_reason": "lost_reason",
        "won_by": "won_by_id",
    }  # fmt: skip
    searched: ClassVar[tuple[str, ...]] = ("name", "source")
    noun: ClassVar[str] = "opportunity"
    made_by = OpportunityBatch
    listed: ClassVar[bool] = True
    notes: ClassVar[tuple[str, ...]] = (
        "同一家客户里名称相同就是同一个商机；输单和无效要写原因，已经结束的商机不能用导入再改。",
    )

    def columns(self, tx: Tx) -> tuple[SheetColumn, ...]:
        """客户名称 商机名称 金额 来源 预计成交 阶段 赢率 结果 原因 输给 负责人."""
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
            PROBABILITY,
            RESULT,
            REASON,
            RIVAL,
            OWNER,
        )  # fmt: skip

    def key(self, values: Values) -> str:
        """Customer and name."""
        return f"{hard_key(str(values.get('customer') or ''))}|{values.get('name') or ''}"

    def is_used(self, tx: Tx, record: Any) -> bool:
        """Whether a contract, a visit or a follow-up belongs to it."""
        return is_referred_to(tx, Opportunity, record.id, but=WITH_IT)

    def put_back(self, tx: Tx, ctx: Any, record: Any, before: Mapping[str, Any] | None) -> None:
        """By the step that 撤销 has."""
        kept = None if before is None else dict(before)
        payload = {
            "id": record.id, "before": kept, "version": record.version, "owner_id": record.owner_id,
            "text": f"导入商机 {record.name}",
        }  # fmt: skip
        step_undo_change(tx, ctx, payload)

    def count(self, tx: Tx, ctx: Any, wanted: Wanted) -> int:
        """Of the list that the same words show."""
        return opportunities.count_opportunities(tx, _filter(tx, ctx, wanted))[0]

    def found(self, tx: Tx, ctx: Any, wanted: Wanted, after: int, limit: int) -> Sequence[Any]:
        """The same."""
        return opportunities.list_after(tx, _filter(tx, ctx, wanted), after=after, limit=limit)

    def rows(self, tx: Tx, ctx: Any, wanted: Wanted, after: int, limit: int) -> list[tuple[int, Values]]:
        """Without rivals for who may not see them."""
        found = super().rows(tx, ctx, wanted, after, limit)
        if not ctx.actor.may(Permission.COMPETITOR_VIEW):
            for _, values in found:
                values["won_by"] = ""
        return found

    def shown(self, tx: Tx, found: Sequence[Any]) -> list[Values]:
        """With customer, stage, result, rival and owner."""
        owners = owner_cells(tx, [r.owner_id for r in found])
        why = "an opportunity names its customer to its owner"
        names = records.names_by_id(tx, Customer, "name", [r.customer_id for r in found], unscoped=why)
        in_stage = {s.id: s.name for s in stages.list_stages(tx)}
        rivals = records.names_by_id(tx, Competitor, "name", [r.won_by_id for r in found if r.won_by_id])
        return [
            {
                **v,
                "customer": names.get(r.customer_id, ""),
                "stage": in_stage.get(r.stage_id, ""),
                "result": rules.RESULTS[r.result],
                "won_by": rivals.get(r.won_by_id, ""),
                "owner": owners[r.owner_id],
            }
            for r, v in zip(found, super().shown(tx, found), strict=True)
        ]


def _filter(tx: Tx, ctx: Context, wanted: Wanted) -> OpportunityFilter:
    """Closed ones too, unless the words name a result."""
    mine = {"mine": ctx.actor.user_id} if wanted.mine else {}
    return step_filter(tx, ctx, {"result": "", **step_read_conditions(tx, ctx, " ".join(wanted.words), taken=mine)})


OPPORTUNITIES = Opportunities()
