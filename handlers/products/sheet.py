"""Columns of the product list, and what a row of it does (R3.02, R3.03): the key is the 编号."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from handlers.exchange.kinds import Values, form_columns
from handlers.exchange.records import RecordBatch, RecordKind
from handlers.exchange.rules import SheetColumn
from handlers.products.rules import LONGEST
from storage import products, records
from storage.database import Tx
from storage.settings import lock_base_data
from storage.tables import Product


class ProductBatch(RecordBatch):
    """Rows of products."""

    def fetch(self, rows: Sequence[Values]) -> dict[str, Any]:
        """By 编号, whatever its case."""
        lock_base_data(self.tx)
        found = records.find_folded(self.tx, Product, "code", [v["code"] for v in rows if v.get("code")])
        return {p.code.lower(): p for p in found}


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
                code={"required": True, "synonyms": ("编号", "编码", "产品编码", "货号", "型号", "SKU", "料号"),
                      "sample": "示例-001", "longest": LONGEST},
                name={"required": True, "synonyms": ("名称", "品名", "商品名称"), "sample": "数控主轴", "width": 28,
                      "longest": LONGEST},
                category={"synonyms": ("分类", "类别", "产品类别")},
                unit={"synonyms": ("单位",)},
                price={"required": True, "synonyms": ("价格", "售价", "标准价", "标准单价"), "sample": "12800"},
                spec={"synonyms": ("产品规格", "规格型号", "规格参数"), "longest": LONGEST},
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

    def is_used(self, tx: Tx, record: Any) -> bool:
        """Whether a line of a contract or an opportunity is of it."""
        return products.is_used(tx, record)
