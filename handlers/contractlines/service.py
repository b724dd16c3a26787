"""Use cases of the products on a contract: with lines, its amount is what they come to (R-PROD-5, invariant 39)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.core.forms import check_may_fill
from bot.language.money import show_money
from handlers.contracts import rules
from handlers.contracts.answers import Changed
from handlers.contracts.figures import step_standing
from handlers.contracts.steps import step_check_write, step_touch, step_unchanged
from handlers.products.lines import LineFact, check_line, check_may_choose, line_amount, total
from storage import audit, contracts, lines, products, undos
from storage.database import Tx
from storage.tables import Contract, ContractLine

UNDO = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class LineChange:
    """A product more, or (`remove`) every line of it less. `product`: code or name; `discount`: percent off."""

    product: str
    quantity: Decimal = Decimal(1)
    discount: Decimal = Decimal(0)
    remove: bool = False

    def row(self) -> dict[str, Any]:
        """JSON."""
        numbers = {"quantity": str(self.quantity), "discount": str(self.discount)}
        return {"product": self.product, "remove": self.remove, **numbers}


def change_of(row: Mapping[str, Any]) -> LineChange:
    """From what a card or conversation kept."""
    numbers = {name: Decimal(row[name]) for name in ("quantity", "discount")}
    return LineChange(str(row["product"]), remove=bool(row["remove"]), **numbers)


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What a change would do: in words, and the contract's amount after it, in yuan."""

    number: str
    text: str
    amount: Decimal


def reckon_line(ctx: Context, contract_id: int, change: LineChange) -> Reckoned:
    """What the contract would come to; nothing is changed.

    Raises:
        Forbidden, NotFound, InvalidInput, ContractRefused, OutOfUse.
    """
    _require(ctx, change)
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, contract_id)
        step_check_write(tx, ctx, contract)
        return _reckoned(tx, ctx, contract, change)


def change_line(ctx: Context, contract_id: int, change: LineChange, amount: Decimal) -> Changed:
    """Does what `reckon_line` said. `amount`: what it came to when it was confirmed (D19).

    Raises:
        Forbidden, NotFound, InvalidInput, ContractRefused, OutOfUse, ChangedSince.
    """
    _require(ctx, change)
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, contract_id, lock=True)
        step_check_write(tx, ctx, contract)
        done = _reckoned(tx, ctx, contract, change)
        if done.amount != amount:
            raise rules.ChangedSince(f"合同 {contract.number} 之后又改过，金额和刚才核对的不同了，请再发一次。")
        was, before = contracts.money_of(tx, contract_id).amount, lines.pictures(tx, ContractLine, contract_id)
        if change.remove:
            for line in _of_product(tx, contract, change.product):
                lines.remove_line(tx, line)
        else:
            chosen = products.access_product(tx, change.product)
            fact = LineFact(lines.price_of(tx, chosen), change.quantity, change.discount)
            lines.add_line(
                tx, ContractLine, contract_id, chosen, price=fact.price, quantity=fact.quantity,
                discount=fact.discount, amount=line_amount(fact),
            )  # fmt: skip
        _set(tx, ctx, contract, was, done.amount, done.text)
        undo_id = undos.offer(
            tx, user_id=ctx.actor.user_id, kind="contracts.lines", text=f"合同 {contract.number} 的产品", now=ctx.now,
            lasts=UNDO, payload={
                "contract_id": contract_id, "version": contract.version, "lines": before, "amount": str(was),
            },
        )  # fmt: skip
        return Changed(contract_id, contract.number, f"{done.text}，金额 {show_money(done.amount)}", undo_id)


def undo_lines(ctx: Context, payload: Mapping[str, Any]) -> str:
    """The lines and the amount are what they were. Raises NotFound, ChangedSince, ContractRefused."""
    with ctx.begin() as tx:
        contract = step_unchanged(tx, payload)
        was, amount = contracts.money_of(tx, contract.id or 0), Decimal(payload["amount"])
        _check_not_below(tx, ctx, contract, amount)
        lines.put_back(tx, ContractLine, contract.id or 0, payload["lines"])
        _set(tx, ctx, contract, was.amount, amount, "撤销产品的修改", action="undo.contract")
        return f"已撤销，合同 {contract.number} 的产品和金额恢复原样。"


def _require(ctx: Context, change: LineChange) -> None:
    """合同-新增 for one's own, 合同-编辑 for others'; and the amount is the actor's to write."""
    if not ctx.actor.may(Permission.CONTRACT_EDIT):
        ctx.actor.require(Permission.CONTRACT_ADD)
    check_may_fill(ctx.actor, "contract", {"amount": change.product})


def _reckoned(tx: Tx, ctx: Context, contract: Contract, change: LineChange) -> Reckoned:
    rules.check_editable(contract.number, contract.state)
    key = contract.id or 0
    amounts = lines.list_amounts(tx, ContractLine, key)
    if change.remove:
        gone = _of_product(tx, contract, change.product)
        kept = [one for one in lines.list_lines(tx, ContractLine, key) if one not in gone]
        amounts = [line_amount(LineFact(one.price, one.quantity, one.discount)) for one in kept]
        text = f"已删产品 {gone[0].code} {gone[0].name}"
    else:
        chosen = products.access_product(tx, change.product)
        check_may_choose(chosen.name, enabled=chosen.enabled)
        fact = check_line(LineFact(lines.price_of(tx, chosen), change.quantity, change.discount))
        amounts.append(line_amount(fact))
        text = f"已加产品 {chosen.code} {chosen.name} × {change.quantity.normalize():f}{chosen.unit}"
    present = contracts.money_of(tx, key).amount
    amount = rules.check_amount(total(amounts, contract.discount) if amounts else present)
    _check_not_below(tx, ctx, contract, amount)
    return Reckoned(contract.number, text, amount)


def _check_not_below(tx: Tx, ctx: Context, contract: Contract, amount: Decimal) -> None:
    money = contracts.money_of(tx, contract.id or 0)
    shown = step_standing(tx, ctx, contract).paid is not None
    rules.check_not_below(amount, paid=money.paid, invoiced=money.billed, shown=shown)


def _of_product(tx: Tx, contract: Contract, product: str) -> list[ContractLine]:
    word = product.strip().lower()
    there = lines.list_lines(tx, ContractLine, contract.id or 0)
    found = [line for line in there if word in (line.code.lower(), line.name.lower())]
    if not found:
        some = "、".join(line.code for line in there) or "还没有"
        raise InvalidInput(f"合同 {contract.number} 里没有产品「{product[:40]}」，现有：{some}。")
    return found


def _set(
    tx: Tx, ctx: Context, contract: Contract, was: Decimal, amount: Decimal, text: str, action: str = "edit.contract"
) -> None:
    contract.amount, contract.version = amount, contract.version + 1
    tx.add(contract)
    tx.flush()
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=f"contract:{contract.id}",
        name=contract.number, changes={"产品": ("", text), "金额": (show_money(was), show_money(amount))},
    )  # fmt: skip
    step_touch(tx, ctx, contract)
