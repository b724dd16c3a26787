"""Columns of the competitors, and what a row of them does: the key is the name as a company's (R-COMP-1)."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from bot.language.companies import hard_key
from handlers.exchange.kinds import Values, form_columns
from handlers.exchange.records import RecordBatch, RecordKind
from handlers.exchange.rules import SheetColumn
from storage import competitors, records
from storage.database import Tx
from storage.settings import lock_base_data
from storage.tables import Competitor


class CompetitorBatch(RecordBatch):
    """Rows of competitors."""

    def fetch(self, rows: Sequence[Values]) -> dict[str, Any]:  # noqa: ARG002
        """By name."""
        lock_base_data(self.tx)
        return {hard_key(c.name): c for c in records.everyone(self.tx, Competitor)}


class Competitors(RecordKind):
    """竞争对手."""

    name: ClassVar[str] = "competitors"
    resource: ClassVar[str] = "competitor"
    label: ClassVar[str] = "竞争对手"
    unit: ClassVar[str] = "个"
    words: ClassVar[tuple[str, ...]] = ("对手", "竞品", "竞争者")
    keys: ClassVar[tuple[str, ...]] = ("name",)
    model = Competitor
    fields: ClassVar[Mapping[str, str]] = {
        "name": "name", "strengths": "strengths", "weaknesses": "weaknesses", "tactics": "tactics",
    }  # fmt: skip
    searched: ClassVar[tuple[str, ...]] = ("name",)
    noun: ClassVar[str] = "competitor"
    made_by = CompetitorBatch

    def columns(self, tx: Tx) -> tuple[SheetColumn, ...]:
        """名称 优势 劣势 应对策略."""
        long = {"width": 40, "longest": 2000}
        return tuple(
            form_columns(
                tx,
                "competitor",
                name={"required": True, "synonyms": ("名称", "对手名称", "竞争对手名称", "公司名称"), "width": 28,
                      "sample": "示例 某某机床"},
                strengths={"synonyms": ("强项", "优点"), "sample": "价格低", **long},
                weaknesses={"synonyms": ("弱项", "缺点", "弱势"), "sample": "服务慢", **long},
                tactics={"synonyms": ("策略", "对策", "打法"), **long},
            )
        )  # fmt: skip

    def key(self, values: Values) -> str:
        """The name, as company names are compared."""
        return hard_key(str(values.get("name", "")))

    def subject(self, record: Any) -> str:
        """Its name."""
        return str(record.name)

    def is_used(self, tx: Tx, record: Any) -> bool:
        """Whether it was met in an opportunity."""
        return competitors.count_met(tx, record) > 0
