"""Columns of the product list, and what a row of it does (R3.02, R3.03): the key is the 编号."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from bot.context import Context
from bot.language.normalize import fold
from handlers.exchange.kinds import Look, Values, form_columns
from handlers.exchange.records import RecordBatch, RecordKind
from handlers.exchange.rules import SheetColumn
from handlers.products import rules
from handlers.products.rules import LONGEST
from handlers.products.steps import step_keep_price
from storage import products, records
from storage.database import Tx
from storage.settings import lock_base_data
from storage.tables import Product


class ProductBatch(RecordBatch):
    """Rows of products."""

    named: dict[tuple[str, str], str]  # name and 规格 → 编号

    def fetch(self, rows: Sequence[Values]) -> dict[str, Any]:
        """By 编号, whatever its case."""
        lock_base_data(self.tx)
        found = records.find_folded(self.tx, Product, "code", [v["code"] for v in rows if v.get("code")])
        alike = products.list_named(self.tx, [str(v["name"]) for v in rows if v.get("name")])
        self.named = {_naming(p.name, p.spec): p.code for p in alike}
        return {p.code.lower(): p for p in found}

    def check_new(self, values: Values) -> None:
        """Raises Forbidden, SameProduct."""
        super().check_new(values)
        self._check_same(str(values["code"]), str(values["name"]), str(values.get("spec") or ""))

    def check_change(self, record: Any, changes: Values) -> None:
        """Raises Forbidden, SameProduct."""
        super().check_change(record, changes)
        if {"name", "spec"} & changes.keys():
            named = {"name": record.name, "spec": record.spec} | changes
            self._check_same(record.code, str(named["name"]), str(named["spec"] or ""))

    def _check_same(self, code: str, name: str, spec: str) -> None:
        """Against what is stored and the rows before this one."""
        other = self.named.setdefault(_naming(name, spec), code)
        rules.check_not_same(code, name, spec, other)

    def change(self, look: Look) -> None:
        """What it cost before is kept."""
        if "price" in look.changes:
            step_keep_price(self.tx, self.ctx, look.record)
        super().change(look)


def _naming(name: str, spec: str) -> tuple[str, str]:
    return fold(name), fold(spec)


class Products(RecordKind):
    """产品."""

    name: ClassVar[str] = "products"
    resource: ClassVar[str] = "product"
    label: ClassVar[str] = "产品"
    unit: ClassVar[str] = "个"
    words: ClassVar[tuple[str, ...]] = ("产品资料", "商品", "产品列表")
    keys: ClassVar[tuple[str, ...]] = ("code",)
    model = Product
    fields: ClassVar[Mapping[str, str]] = {
        "code": "code", "name": "name", "category": "category", "unit": "unit", "price": "price",
        "spec": "spec", "description": "description",
    }  # fmt: skip
    searched: ClassVar[tuple[str, ...]] = ("code", "name", "category")
    noun: ClassVar[str] = "product"
    made_by = ProductBatch
    notes: ClassVar[tuple[str, ...]] = ("产品编号相同就是同一个产品：已有的会更新，改价不影响已经做好的单子。",)

    def columns(self, tx: Tx) -> tuple[SheetColumn, ...]:
        """编号 名称 分类 单位 单价 规格 描述."""
        return tuple(
            form_columns(
                tx,
                "product",
                code={"required": True, "synonyms": ("编号", "编码", "产品编码", "货号", "SKU", "料号"),
                      "sample": "示例-001", "longest": LONGEST},
                name={"required": True, "synonyms": ("名称", "品名", "商品名称"), "sample": "数控主轴", "width": 28,
                      "longest": LONGEST},
                category={"synonyms": ("分类", "类别", "产品类别")},
                unit={"synonyms": ("单位",)},
                price={"required": True, "synonyms": ("价格", "售价", "标准价", "标准单价"), "sample": "12800"},
                spec={"synonyms": ("型号", "产品规格", "规格型号", "规格参数"), "longest": LONGEST},
                description={"synonyms": ("产品描述", "产品说明", "说明", "简介"), "width": 30, "longest": 2000},
            )
        )  # fmt: skip

    def key(self, values: Values) -> str:
        """The 编号."""
        return str(values.get("code", "")).lower()

    def title(self, record: Any) -> str:
        """Its name."""
        return str(record.name)

    def subject(self, record: Any) -> str:
        """Its 编号."""
        return str(record.code)

    def take_back(
        self, tx: Tx, ctx: Context, record: int, before: dict[str, Any] | None, after: dict[str, Any]
    ) -> None:
        """That the price goes back is a change of it. Raises Changed, NotFound."""
        found = records.get(tx, Product, record)
        if (
            found is not None
            and before is not None
            and self.facts(found) == after
            and before["price"] != after["price"]
        ):
            step_keep_price(tx, ctx, found)
        super().take_back(tx, ctx, record, before, after)

    def remove(self, tx: Tx, ctx: Context, record: Any) -> None:  # noqa: ARG002
        """Its former prices go with it."""
        products.remove_product(tx, record)

    def is_used(self, tx: Tx, record: Any) -> bool:
        """Whether a line of a contract or an opportunity is of it."""
        return products.is_used(tx, record)
