"""What stands on contracts, cut to what the actor may see of it (R4.14, R-PERM-5)."""

from collections.abc import Sequence
from decimal import Decimal

from bot.context import Context
from bot.core.actor import Permission
from bot.core.fields import FieldLevel
from handlers.contracts.rules import Standing
from storage import contracts
from storage.contracts import Money
from storage.database import Tx
from storage.tables import Contract

UNSEEN = (FieldLevel.HIDDEN, FieldLevel.MASKED)


def sees(ctx: Context, form: str, name: str) -> bool:
    """Whether the actor may read that field."""
    return ctx.actor.scope.fields.level(form, name) not in UNSEEN


def step_standings(tx: Tx, ctx: Context, rows: Sequence[Contract]) -> dict[int, Standing]:
    """合同额, 已回款, 已开票 of contracts the actor has access to."""
    money = contracts.figures(tx, [c.id for c in rows if c.id is not None])
    return {c.id: standing_of(ctx, c, money.get(c.id, Money(Decimal(0)))) for c in rows if c.id is not None}


def step_standing(tx: Tx, ctx: Context, contract: Contract) -> Standing:
    """Of one."""
    assert contract.id is not None
    return standing_of(ctx, contract, contracts.money_of(tx, contract.id))


def standing_of(ctx: Context, contract: Contract, money: Money) -> Standing:
    """Another's payments and invoices take the function to look at them."""
    own = contract.owner_id == ctx.actor.user_id
    pays = sees(ctx, "payment", "amount") and (own or ctx.actor.may(Permission.PAYMENT_VIEW))
    bills = own or ctx.actor.may(Permission.INVOICE_VIEW)
    return Standing(
        money.amount if sees(ctx, "contract", "amount") else None,
        money.paid if pays else None,
        money.invoiced if bills else None,
    )


def check_may_look(ctx: Context, contract: Contract) -> None:
    """One's own always; others' in scope with 合同-查看. Raises Forbidden."""
    if not may_look(ctx, contract):
        ctx.actor.require(Permission.CONTRACT_VIEW)


def may_look(ctx: Context, contract: Contract) -> bool:
    """Whether `check_may_look` would pass."""
    return contract.owner_id == ctx.actor.user_id or ctx.actor.may(Permission.CONTRACT_VIEW)
