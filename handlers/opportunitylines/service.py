"""Use cases of the products in an opportunity: with lines, its amount is what they come to (R-OPP-2)."""

from decimal import Decimal

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.core.forms import check_may_fill
from bot.language.money import show_money
from handlers.opportunities import rules
from handlers.opportunities.history import Changed, in_words, require_write, step_access, step_done, step_record
from handlers.products.lines import LineFact, check_line, check_may_choose, line_amount, total
from storage import lines, opportunities, products
from storage.database import Tx
from storage.tables import Opportunity, OpportunityLine

LISTED = 30  # products a form's list holds; of more the code is typed


def list_offered(ctx: Context) -> list[tuple[str, str]]:
    """(code, code name spec price/unit) of those to choose from; none where they are too many. Raises Forbidden."""
    require_write(ctx)
    with ctx.begin() as tx:
        found = []
        for one in products.list_enabled(tx, most=LISTED):
            price: Decimal | None = one.price
            each = "" if price is None else f"{show_money(price)}/{one.unit}" if one.unit else show_money(price)
            found.append((one.code, " ".join(p for p in (one.code, one.name, one.spec, each) if p)))
        return found


def add_line(ctx: Context, opportunity_id: int, product: str, quantity: Decimal, discount: Decimal) -> Changed:
    """A product at its present price; the amount follows (R-OPP-2). `discount`: percent off, 9折 is 10.

    Raises:
        Forbidden, NotFound, NotYours, Closed, OutOfUse, InvalidInput.
    """
    require_write(ctx)
    check_may_fill(ctx.actor, "opportunity", {"amount": quantity})
    with ctx.begin() as tx:
        found, before = step_access(tx, ctx, opportunity_id)
        rules.check_open(found.name, found.result)
        chosen = products.access_product(tx, product)
        check_may_choose(chosen.name, enabled=chosen.enabled)
        fact = check_line(LineFact(lines.price_of(tx, chosen), quantity, discount))
        lines.add_line(
            tx, OpportunityLine, opportunity_id, chosen, price=fact.price, quantity=quantity, discount=discount,
            amount=line_amount(fact),
        )  # fmt: skip
        text = _reckon(tx, ctx, found, f"已加产品 {chosen.code} {chosen.name} × {quantity.normalize():f}{chosen.unit}")
        return step_done(tx, ctx, found, before, text)


def remove_line(ctx: Context, opportunity_id: int, product: str) -> Changed:
    """Every line of that product. Raises Forbidden, NotFound, NotYours, Closed, InvalidInput."""
    require_write(ctx)
    check_may_fill(ctx.actor, "opportunity", {"amount": product})
    with ctx.begin() as tx:
        found, before = step_access(tx, ctx, opportunity_id)
        rules.check_open(found.name, found.result)
        word = product.strip().lower()
        there = lines.list_lines(tx, OpportunityLine, opportunity_id)
        gone = [line for line in there if word in (line.code.lower(), line.name.lower())]
        if not gone:
            some = "、".join(line.code for line in there) or "还没有"
            raise InvalidInput(f"「{found.name}」里没有产品「{product}」，现有：{some}。")
        for line in gone:
            lines.remove_line(tx, line)
        return step_done(tx, ctx, found, before, _reckon(tx, ctx, found, f"已删产品 {gone[0].code}"))


def _reckon(tx: Tx, ctx: Context, found: Opportunity, text: str) -> str:
    amount = total(lines.list_amounts(tx, OpportunityLine, found.id or 0))
    was = found.amount
    opportunities.set_total(tx, found, rules.check_amount(amount))
    found.updated_at = ctx.now
    pair = (in_words("amount", was), in_words("amount", amount))
    step_record(tx, ctx, "edit.opportunity", found, changes={"金额": pair}, lines=[text])
    return f"{text}，金额 {show_money(amount)}"
