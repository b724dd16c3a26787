"""A contract's state: the one place where it changes."""

from datetime import timedelta

from bot.context import Context
from handlers.contracts import rules
from handlers.contracts.rules import STATES
from handlers.contracts.steps import step_record, step_settle, step_touch
from storage import contracts, pools
from storage.database import Tx
from storage.tables import Contract


def step_move(tx: Tx, ctx: Context, contract: Contract, to: str, *, back: bool = False, told: bool = True) -> None:
    """The one function by which a contract's state changes, whoever asks (issue 5's approval stands before it).

    `back`: what was done is taken back. `told`: an audit line of its own. Raises ContractRefused.
    """
    rules.check_move(contract.number, contract.state, to, back=back)
    if to == "effective" and not back:
        rules.check_effective(contract.number, signed_on=contract.signed_on, today=ctx.today)
        contract.signed_on = contract.signed_on or ctx.today
    before, contract.state = contract.state, to
    contract.version += 1
    tx.add(contract)
    tx.flush()
    if to != "effective":
        step_settle(tx, ctx, contract)
    if to == "void" and not contracts.is_dealt(tx, contract.customer_id):
        pools.leave_time(tx, contract.customer_id, ctx.today - timedelta(days=1))  # else it went this very night (D2)
    if told:
        changes = {"状态": (STATES[before], STATES[to])}
        reason = {"reason": contract.void_reason} if to == "void" else {}
        step_record(tx, ctx, "undo.contract" if back else "move.contract", contract, changes=changes, **reason)
    step_touch(tx, ctx, contract)
