"""Use cases of products."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.core.forms import check_may_fill
from bot.language.money import parse_amount
from handlers.customfields.values import check_new, labels_of, new_changes, undo_custom, write_custom
from handlers.dictionaries.service import step_choose
from handlers.products import rules
from handlers.products.rules import ChangedSince, CodeTaken
from handlers.products.steps import PriceChange, step_check_same, step_keep_price, step_prices
from handlers.products.told import facts_line, field_text, step_facts
from storage import audit, dictionaries, lines, products, undos
from storage.custom_fields import Condition
from storage.database import Tx
from storage.settings import lock_base_data
from storage.tables import Product

PAGE = NAMED = 5
CHOSEN = ("category", "unit")
UNDO = timedelta(minutes=10)
FIELDS = {
    "名称": "name", "分类": "category", "产品分类": "category", "单位": "unit", "计量单位": "unit", "单价": "price",
    "价格": "price", "规格": "spec", "型号": "spec", "描述": "description", "说明": "description",
}  # fmt: skip
LABELS = {
    "name": "名称",
    "category": "分类",
    "unit": "单位",
    "price": "单价",
    "spec": "规格",
    "description": "描述",
    "enabled": "状态",
}


@dataclass(frozen=True, slots=True)
class ProductPage:
    """One page of the list, with its total (D26)."""

    rows: list[Product]
    facts: dict[int, str]  # of each, in a line
    total: int
    pages: int


@dataclass(frozen=True, slots=True)
class Changed:
    """A product, what it says now, and how to take the change back."""

    product: Product
    text: str
    facts: str  # the product in a line
    undo_id: int | None = None


def list_products(
    ctx: Context, words: tuple[str, ...] = (), page: int = 1, own: tuple[Condition, ...] = ()
) -> ProductPage:
    """Products that match all words and conditions on the company's own fields, five a page. Raises Forbidden."""
    ctx.actor.require(Permission.PRODUCT_VIEW)
    with ctx.begin() as tx:
        rows, total = products.list_products(tx, words, own, page=page, per_page=PAGE)
        facts = {p.id: step_facts(tx, p) for p in rows if p.id is not None}
        return ProductPage(rows, facts, total, max(1, -(-total // PAGE)))


def show_product(ctx: Context, word: str) -> Changed:
    """By 编号 or full name, as it is. Raises Forbidden, NotFound."""
    ctx.actor.require(Permission.PRODUCT_VIEW)
    with ctx.begin() as tx:
        product = products.access_product(tx, word)
        return Changed(product, f"{product.code} {product.name}", step_facts(tx, product))


def list_named(ctx: Context, word: str) -> tuple[list[Changed], int]:
    """The one of that 编号 or full name; else those with the word in either, and how many. Raises Forbidden."""
    ctx.actor.require(Permission.PRODUCT_VIEW)
    with ctx.begin() as tx:
        one = products.find_one(tx, word)
        found, total = ([one], 1) if one is not None else products.list_products(
            tx, (word,), (), page=1, per_page=NAMED
        )  # fmt: skip
        return [Changed(p, f"{p.code} {p.name}", step_facts(tx, p)) for p in found], total


@dataclass(frozen=True, slots=True)
class Prices:
    """What a product has cost, the latest change first."""

    product: Product
    changes: tuple[PriceChange, ...]
    hidden: bool  # the actor may not see prices


def list_prices(ctx: Context, word: str) -> Prices:
    """Who changed the price when, from what to what. Raises Forbidden, NotFound."""
    ctx.actor.require(Permission.PRODUCT_VIEW)
    with ctx.begin() as tx:
        product = products.access_product(tx, word)
        price: Decimal | None = product.price
        return Prices(product, tuple(step_prices(tx, product)) if price is not None else (), price is None)


def add_product(ctx: Context, words: list[str], custom: Mapping[str, str] | None = None) -> Changed:
    """`words`: 编号 名称 分类 单位 单价, as typed; `custom`: the company's own fields, as they are stored.

    Raises:
        Forbidden, InvalidInput, CodeTaken, SameProduct.
    """
    ctx.actor.require(Permission.PRODUCT_ADD)
    with ctx.begin() as tx:
        lock_base_data(tx)
        new = rules.read_new_product(words, units=dictionaries.list_values(tx, "product", "unit"))
        rules.check_new_product(new)
        check_may_fill(ctx.actor, "product", {"category": new.category, "unit": new.unit, "price": str(new.price)})
        category = step_choose(tx, "product", "category", new.category)
        unit = step_choose(tx, "product", "unit", new.unit)
        taken = products.find_product(tx, new.code)
        if taken is not None:
            raise CodeTaken(
                f"编号「{taken.code}」已经是「{taken.name}」的，换一个编号；"
                f"要改它请发「修改产品 {taken.code} 单价 …」。"
            )
        step_check_same(tx, new.code, new.name, new.spec)
        own = check_new(tx, ctx, "product", custom or {})
        product = products.add_product(
            tx, code=new.code, name=new.name, category=category, unit=unit, price=rules.check_price(new.price),
            custom=own, spec=new.spec,
        )  # fmt: skip
        undo_id = undos.offer(
            tx, user_id=ctx.actor.user_id, kind="products.add", payload={"code": product.code},
            text=f"新增产品 {product.name}", now=ctx.now, lasts=UNDO,
        )  # fmt: skip
        changes = {"产品": ("", facts_line(product)), **new_changes(tx, "product", own)}
        _record(tx, ctx, "add.product", product, changes=changes, **_own_labels(tx, own))
        return Changed(product, f"已新增产品 {product.code} {product.name}", step_facts(tx, product), undo_id)


def edit_product(ctx: Context, word: str, field: str, value: str) -> Changed:
    """`field`: as people say it (单价 …). Lines made before keep their price.

    Raises:
        Forbidden, NotFound, SameProduct, InvalidInput: with what can be changed.
    """
    ctx.actor.require(Permission.PRODUCT_EDIT)
    name = FIELDS.get(field)
    if name is None or not value:
        raise InvalidInput("能改的是名称、规格、分类、单位、单价、描述，例如「修改产品 ZJ-001 单价 13800」。")
    check_may_fill(ctx.actor, "product", {name: value})
    with ctx.begin() as tx:
        lock_base_data(tx)
        product = products.access_product(tx, word)
        before = _fact(product, name)
        if name == "price":
            amount = parse_amount(value)
            price = rules.check_price(amount.value if amount is not None and amount.sure else None)
            if price != product.price:
                step_keep_price(tx, ctx, product)
            product.price = price
        else:
            named = {"name": product.name, "spec": product.spec, name: value}
            step_check_same(tx, product.code, named["name"], named["spec"])
            setattr(product, name, step_choose(tx, "product", name, value) if name in CHOSEN else value)
        return _changed(tx, ctx, product, name, before)


def fill_product(ctx: Context, word: str, custom: Mapping[str, str]) -> Changed:
    """`custom`: the company's own fields, as they are stored; "" empties one.

    Raises:
        Forbidden, NotFound, NotAValue, NotAChoice, Required.
    """
    ctx.actor.require(Permission.PRODUCT_EDIT)
    with ctx.begin() as tx:
        lock_base_data(tx)
        product = products.access_product(tx, word)
        told, was = write_custom(tx, ctx, "product", product, custom)
        head = f"{product.code} {product.name}"
        if not told:
            return Changed(product, f"没有变化：{head} 本来就是这样", step_facts(tx, product))
        now = {name: str(product.custom.get(name, "")) for name in was}
        undo_id = undos.offer(
            tx, user_id=ctx.actor.user_id, kind="products.fill", text=f"修改产品 {product.name}", now=ctx.now,
            lasts=UNDO, payload={"code": product.code, "before": was, "after": now},
        )  # fmt: skip
        _record(tx, ctx, "edit.product", product, changes=told, **_own_labels(tx, was))
        said = "；".join(f"{label}：{a or '（空）'} → {b or '（空）'}" for label, (a, b) in told.items())
        return Changed(product, f"{head} {said}", step_facts(tx, product), undo_id)


def undo_fill(ctx: Context, payload: dict[str, Any]) -> str:
    """The company's own fields as they were. Raises Forbidden, NotFound, ChangedSince."""
    ctx.actor.require(Permission.PRODUCT_EDIT)
    with ctx.begin() as tx:
        lock_base_data(tx)
        product = products.access_product(tx, str(payload["code"]))
        before, after = payload["before"], payload["after"]
        if any(str(product.custom.get(name, "")) != value for name, value in after.items()):
            raise ChangedSince(f"「{product.name}」之后又改过，不能撤销了。")
        told = undo_custom(tx, "product", product, before)
        _record(tx, ctx, "undo.edit_product", product, changes=told, **_own_labels(tx, before))
        return f"已撤销，「{product.name}」改回原样：{step_facts(tx, product)}。"


def switch_product(ctx: Context, word: str, *, enabled: bool) -> Changed:
    """停用 keeps it on what was made before, and out of what is made from now on. Raises Forbidden, NotFound."""
    ctx.actor.require(Permission.PRODUCT_EDIT)
    with ctx.begin() as tx:
        lock_base_data(tx)
        product = products.access_product(tx, word)
        before = _fact(product, "enabled")
        product.enabled = enabled
        return _changed(tx, ctx, product, "enabled", before)


def remove_product(ctx: Context, word: str) -> Changed:
    """Only one that no line was made of (R-PROD-4). Raises Forbidden, NotFound, StillUsed."""
    ctx.actor.require(Permission.PRODUCT_DELETE)
    with ctx.begin() as tx:
        lock_base_data(tx)
        product = products.access_product(tx, word)
        rules.check_may_remove(product.code, product.name, lines.count_uses(tx, product.id or 0))
        kept, said = products.whole(tx, product), f"已删除产品 {product.code} {product.name}"
        undo_id = undos.offer(
            tx, user_id=ctx.actor.user_id, kind="products.remove", payload={"product": kept},
            text=f"删除产品 {product.name}", now=ctx.now, lasts=UNDO,
        )  # fmt: skip
        _record(tx, ctx, "remove.product", product, changes={"产品": (facts_line(product), "")})
        gone, facts = Product(**product.model_dump()), step_facts(tx, product)
        products.remove_product(tx, product)
        return Changed(gone, said, facts, undo_id)


def undo_remove(ctx: Context, payload: dict[str, Any]) -> str:
    """Puts it back on the list, unless its 编号 was given to another since. Raises Forbidden, ChangedSince."""
    ctx.actor.require(Permission.PRODUCT_DELETE)
    with ctx.begin() as tx:
        lock_base_data(tx)
        kept = dict(payload["product"])
        if products.find_product(tx, str(kept["code"])) is not None:
            raise ChangedSince(f"编号「{kept['code']}」已经给了别的产品，不能撤销删除了。")
        step_check_same(tx, str(kept["code"]), str(kept["name"]), str(kept["spec"]))
        product = products.restore_product(tx, kept)
        _record(tx, ctx, "undo.remove_product", product, changes={"产品": ("", facts_line(product))})
        return f"已撤销删除，产品「{product.name}」还在。"


def undo_add(ctx: Context, payload: dict[str, Any]) -> str:
    """Takes a new product off the list again. Raises Forbidden."""
    ctx.actor.require(Permission.PRODUCT_ADD)
    with ctx.begin() as tx:
        lock_base_data(tx)
        product = products.access_product(tx, str(payload["code"]))
        if used := lines.count_uses(tx, product.id or 0):
            raise ChangedSince(
                f"「{product.name}」已用在 {used} 行明细里，不能撤销了；可以「停用产品 {product.code}」。"
            )
        products.remove_product(tx, product)
        _record(tx, ctx, "undo.add_product", product, changes={"产品": (facts_line(product), "")})
        return f"已撤销新增产品「{product.name}」。"


def undo_edit(ctx: Context, payload: dict[str, Any]) -> str:
    """Puts back what the product said before. Raises Forbidden, ChangedSince."""
    ctx.actor.require(Permission.PRODUCT_EDIT)
    name, before = str(payload["field"]), payload["before"]
    with ctx.begin() as tx:
        lock_base_data(tx)
        product = products.access_product(tx, str(payload["code"]))
        now = _fact(product, name)
        if now != payload["after"]:
            raise ChangedSince(f"「{product.name}」的{LABELS[name]}之后又改过，不能撤销了。")
        if name == "price":
            step_keep_price(tx, ctx, product)
        setattr(product, name, Decimal(before) if name == "price" else before)
        _record(
            tx,
            ctx,
            "undo.edit_product",
            product,
            changes={LABELS[name]: (field_text(name, now), field_text(name, before))},
        )
        return f"已撤销，「{product.name}」改回原样：{facts_line(product)}。"


def _own_labels(tx: Tx, values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Which labels of an audit line are the company's own fields: whoever reads it is kept from what he may not see."""
    return {"fields": labels_of(tx, "product", values)} if values else {}


def _fact(product: Product, name: str) -> Any:
    """One field as an undo keeps it."""
    value = getattr(product, name)
    return str(value) if name == "price" else value


def _changed(tx: Tx, ctx: Context, product: Product, name: str, before: Any) -> Changed:
    after = _fact(product, name)
    pair = (field_text(name, before), field_text(name, after))
    if before == after:
        same = f"没有变化：{product.code} {product.name} {LABELS[name]}本来就是 {pair[1]}"
        return Changed(product, same, step_facts(tx, product))
    undo_id = undos.offer(
        tx, user_id=ctx.actor.user_id, kind="products.edit", text=f"修改产品 {product.name}", now=ctx.now, lasts=UNDO,
        payload={"code": product.code, "field": name, "before": before, "after": after},
    )  # fmt: skip
    _record(tx, ctx, "edit.product", product, changes={LABELS[name]: pair})
    said = f"{product.code} {product.name} {LABELS[name]}：{' → '.join(pair)}"
    return Changed(product, said, step_facts(tx, product), undo_id)


def _record(tx: Tx, ctx: Context, action: str, product: Product, **detail: Any) -> None:
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=f"product:{product.code}",
        name=product.name, **detail,
    )  # fmt: skip
