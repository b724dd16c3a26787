"""A new amount of a contract, shown before it counts (D19): said as such, or what its products come to."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bot.context import Context
from handlers.contractlines.service import LineChange, change_line, change_of, reckon_line
from handlers.contracts.answers import Changed
from handlers.contracts.service import edit_contract


def of_line(ctx: Context, contract_id: int, change: LineChange) -> dict[str, Any]:
    """The state of the summary. Raises as `reckon_line`."""
    done = reckon_line(ctx, contract_id, change)
    return {"contract_id": contract_id, "amount": str(done.amount), "said": done.text, "line": change.row()}


def apply_amount(ctx: Context, state: Mapping[str, Any]) -> Changed:
    """「改成这个金额」. Raises as the use cases."""
    contract_id, amount = int(state["contract_id"]), Decimal(str(state["amount"]))
    if state.get("line"):
        return change_line(ctx, contract_id, change_of(state["line"]), amount)
    return edit_contract(ctx, contract_id, {"amount": amount})
