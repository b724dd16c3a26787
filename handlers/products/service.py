"""Use cases of products."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.language.money import parse_amount
from handlers.dictionaries.service import step_choose
from handlers.products import rules
from handlers.products.rules import CodeTaken
from storage import audit, dictionaries, products, undos
from storage.database import Tx
from storage.tables import Product

PAGE = 5
UNDO = timedelta(minutes=10)
FIELDS = {
    "名称": "name", "分类": "category", "产品分类": "category", "单位": "unit", "计量单位": "unit", "单价": "price",
    "价格": "price",
}  # fmt: skip
LABELS = {"name": "名称", "category": "分类", "unit": "单位", "price": "单价"}


@dataclass(frozen=True, slots=True)
class ProductPage:
    """One page of the list, with its total (D26)."""

    rows: list[Product]
    total: int
    pages: int


@dataclass(frozen=True, slots=True)
class Changed:
    """A product, what it says now, and how to take the change back."""

    product: Product
    text: str
    undo_id: int | None = None


def list_products(ctx: Context, words: tuple[str, ...] = (), page: int = 1) -> ProductPage:
    """Products that match all words, five a page. Raises Forbidden."""
    ctx.actor.require(Permission.PRODUCT_VIEW)
    with ctx.begin() as tx:
        rows, total = products.list_products(tx, words, page=page, per_page=PAGE)
        return ProductPage(rows, total, max(1, -(-total // PAGE)))


def show_product(ctx: Context, word: str) -> Product:
    """By 编号 or full name. Raises Forbidden, NotFound."""
    ctx.actor.require(Permission.PRODUCT_VIEW)
    with ctx.begin() as tx:
        return products.access_product(tx, word)


def add_product(ctx: Context, words: list[str]) -> Changed:
    """`words`: 编号 名称 分类 单位 单价, as typed. Raises Forbidden, InvalidInput, CodeTaken."""
    ctx.actor.require(Permission.PRODUCT_ADD)
    with ctx.begin() as tx:
        new = rules.read_new_product(words, units=dictionaries.list_values(tx, "product", "unit"))
        rules.check_new_product(new)
        category = step_choose(tx, "product", "category", new.category)
        unit = step_choose(tx, "product", "unit", new.unit)
        taken = products.find_product(tx, new.code)
        if taken is not None:
            raise CodeTaken(
                f"编号「{taken.code}」已经是「{taken.name}」的，换一个编号；"
                f"要改它请发「修改产品 {taken.code} 单价 …」。"
            )
        product = products.add_product(
            tx, code=new.code, name=new.name, category=category, unit=unit, price=rules.check_price(new.price)
        )
        undo_id = undos.offer(
            tx, user_id=ctx.actor.user_id, kind="products.add", payload={"code": product.code},
            text=f"新增产品 {product.name}", now=ctx.now, lasts=UNDO,
        )  # fmt: skip
        _record(tx, ctx, "add.product", product, changes={"产品": ("", facts_line(product))})
        return Changed(product, f"已新增产品 {product.code} {product.name}", undo_id)


def edit_product(ctx: Context, word: str, field: str, value: str) -> Changed:
    """`field`: as people say it (单价 …). Lines made before keep their price.

    Raises:
        Forbidden, NotFound, InvalidInput: with what can be changed.
    """
    ctx.actor.require(Permission.PRODUCT_EDIT)
    name = FIELDS.get(field)
    if name is None or not value:
        raise InvalidInput("能改的是名称、分类、单位、单价，例如「修改产品 ZJ-001 单价 13800」。")
    with ctx.begin() as tx:
        product = products.access_product(tx, word)
        before = _facts(product)
        if name == "price":
            amount = parse_amount(value)
            product.price = rules.check_price(amount.value if amount is not None and amount.sure else None)
        else:
            setattr(product, name, value if name == "name" else step_choose(tx, "product", name, value))
        return _changed(tx, ctx, product, before, LABELS[name])


def switch_product(ctx: Context, word: str, *, enabled: bool) -> Changed:
    """停用 keeps it on what was made before, and out of what is made from now on. Raises Forbidden, NotFound."""
    ctx.actor.require(Permission.PRODUCT_EDIT)
    with ctx.begin() as tx:
        product = products.access_product(tx, word)
        before = _facts(product)
        product.enabled = enabled
        return _changed(tx, ctx, product, before, "状态")


def undo_add(ctx: Context, payload: dict[str, Any]) -> str:
    """Takes a new product off the list again."""
    with ctx.begin() as tx:
        product = products.access_product(tx, str(payload["code"]))
        products.remove_product(tx, product)
        _record(tx, ctx, "undo.add_product", product)
        return f"已撤销新增产品「{product.name}」。"


def undo_edit(ctx: Context, payload: dict[str, Any]) -> str:
    """Puts back what the product said before."""
    with ctx.begin() as tx:
        product = products.access_product(tx, str(payload["code"]))
        now = facts_line(product)
        _restore(product, payload["before"])
        _record(tx, ctx, "undo.edit_product", product, changes={"产品": (now, facts_line(product))})
        return f"已撤销，「{product.name}」改回原样：{facts_line(product)}。"


def facts_line(product: Product) -> str:
    """主机 · 12,800.00 元/台."""
    price = f"{product.price:,.2f} 元" + (f"/{product.unit}" if product.unit else "")
    return " · ".join(p for p in (product.category, price, "" if product.enabled else "已停用") if p)


def _facts(product: Product) -> dict[str, Any]:
    return {
        "name": product.name, "category": product.category, "unit": product.unit, "price": str(product.price),
        "enabled": product.enabled,
    }  # fmt: skip


def _restore(product: Product, before: dict[str, Any]) -> None:
    product.name, product.category, product.unit = before["name"], before["category"], before["unit"]
    product.price, product.enabled = Decimal(before["price"]), bool(before["enabled"])


def _changed(tx: Tx, ctx: Context, product: Product, before: dict[str, Any], label: str) -> Changed:
    after = _facts(product)
    undo_id = undos.offer(
        tx, user_id=ctx.actor.user_id, kind="products.edit", payload={"code": product.code, "before": before},
        text=f"修改产品 {product.name}", now=ctx.now, lasts=UNDO,
    )  # fmt: skip
    pair = next(((_words(k, before[k]), _words(k, after[k])) for k in before if before[k] != after[k]), None)
    _record(tx, ctx, "edit.product", product, changes={label: pair} if pair is not None else {})
    was = " → ".join(pair) if pair is not None else "没有变化"
    return Changed(product, f"{product.code} {product.name} {label}：{was}", undo_id)


def _words(name: str, value: Any) -> str:
    if name == "price":
        return f"{Decimal(value):,.2f} 元"
    if name == "enabled":
        return "启用" if value else "停用"
    return str(value) or "（空）"


def _record(tx: Tx, ctx: Context, action: str, product: Product, **detail: Any) -> None:
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=f"product:{product.code}",
        name=product.name, **detail,
    )  # fmt: skip
