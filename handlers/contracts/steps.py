"""What every change of a contract has: who may, a line on record, 撤销, reminders and other cards that follow."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import Forbidden
from bot.language.money import show_money
from bot.language.show import show_date
from handlers.contracts.rules import ChangedSince
from handlers.customfields.values import labels_of
from storage import audit, cards, contracts, digest, people, undos
from storage.database import Tx
from storage.tables import Contract

UNDO = timedelta(minutes=10)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
LABELS = {
    "number": "编号", "name": "名称", "amount": "金额", "discount": "整单折扣", "signed_on": "签订日",
    "starts_on": "开始日", "ends_on": "到期日", "opportunity_id": "商机", "state": "状态", "owner_id": "负责人",
    "renewed_by": "续签为",
}  # fmt: skip


def require_write(ctx: Context) -> None:
    """合同-新增 for one's own, 合同-编辑 for others'; without either there is nothing to look at."""
    if not ctx.actor.may(Permission.CONTRACT_EDIT):
        ctx.actor.require(Permission.CONTRACT_ADD)


def step_check_write(tx: Tx, ctx: Context, contract: Contract) -> None:
    """One's own always, others' in scope with 合同-编辑. Raises Forbidden."""
    if contract.owner_id == ctx.actor.user_id or ctx.actor.may(Permission.CONTRACT_EDIT):
        return
    who = people.name_of(tx, contract.owner_id)
    raise Forbidden(
        f"合同 {contract.number} 由 {who} 负责，你只能查看；要改请联系 {who}，或请管理员开通「合同-编辑」。"
    )


def step_unchanged(tx: Tx, payload: Mapping[str, Any]) -> Contract:
    """The contract an undo is about, locked. Raises NotFound, ChangedSince."""
    contract = contracts.access_contract(tx, int(payload["contract_id"]), lock=True)
    if contract.version != payload["version"]:
        raise changed_since(contract)
    return contract


def changed_since(contract: Contract) -> ChangedSince:
    """Why it cannot be taken back any more."""
    return ChangedSince(f"合同 {contract.number} 之后又改过，不能撤销了；发送「合同 {contract.number}」看现在的样子。")


def step_settle(tx: Tx, ctx: Context, contract: Contract) -> None:
    """Nobody is reminded of its end any more."""
    digest.cancel(tx, f"contract:{contract.id}", rules=("contract_expiry",), now=ctx.now)


def step_offer(tx: Tx, ctx: Context, contract: Contract, kind: str, text: str, payload: Mapping[str, Any]) -> int:
    """撤销 of what was just done; what is changed after it cannot be taken back by it."""
    kept = {**payload, "contract_id": contract.id, "version": contract.version}
    return undos.offer(tx, user_id=ctx.actor.user_id, kind=kind, payload=kept, text=text, now=ctx.now, lasts=UNDO)


def step_touch(tx: Tx, ctx: Context, contract: Contract) -> None:
    """Cards of others show it as it is now; the customer's too, for a contract makes it 已成交."""
    card = ctx.key if ctx.via == "tap" else ""
    for subject in (f"contract:{contract.id}", f"customer:{contract.customer_id}"):
        cards.redraw_others(tx, subject, now=ctx.now, but=card)


def own_labels(tx: Tx, values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Which labels of an audit line are the company's own fields: whoever reads it is kept from what he may not see."""
    return {"fields": labels_of(tx, "contract", values)} if values else {}


def changes_text(pairs: Mapping[str, tuple[str, str]], today: date) -> str:
    """金额：¥10 → ¥20；到期日：（空） → 2027年2月28日."""
    shown = ((label, _shown(was, today), _shown(now, today)) for label, (was, now) in pairs.items())
    return "；".join(f"{label}：{was} → {now}" for label, was, now in shown)


def _shown(value: str, today: date) -> str:
    """A day is on record as 2027-02-28."""
    if DAY.fullmatch(value):
        return show_date(date.fromisoformat(value), today)
    return value or "（空）"


def words_of(tx: Tx, ctx: Context, name: str, value: Any) -> str:  # noqa: ARG001 -- the actor's words come with rights
    """A column's value as people read it."""
    if value is None:
        return ""
    if name == "amount":
        return show_money(value)
    if name == "discount":
        return f"{value.normalize():f}%"
    if name == "opportunity_id":
        return contracts.opportunity_name(tx, value)
    return str(value)


def stored(value: Any) -> Any:
    """A column's value as an undo keeps it."""
    return (
        value.isoformat() if isinstance(value, date | datetime) else str(value) if isinstance(value, Decimal) else value
    )


def restored(name: str, value: Any) -> Any:
    """The inverse of `stored`."""
    if value is not None and name in ("amount", "discount"):
        return Decimal(value)
    return day_of(value) if name in ("signed_on", "starts_on", "ends_on") else value


def day_of(value: str | None) -> date | None:
    """Of what an undo kept."""
    return date.fromisoformat(value) if value else None


def step_record(tx: Tx, ctx: Context, action: str, contract: Contract, **detail: Any) -> None:
    """In the audit."""
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=f"contract:{contract.id}",
        name=contract.number, **detail,
    )  # fmt: skip
