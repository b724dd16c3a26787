"""Use cases of scans: who may see the contract sees them, who may change it adds and removes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.scans import scan_kind
from bot.dispatch.talk import MEMORY
from handlers.contracts.figures import check_may_look, may_look
from handlers.contracts.steps import require_write, step_check_write, step_touch
from handlers.contractscans import rules
from storage import attachments, audit, contracts, people, scans, undos
from storage.database import Tx
from storage.scans import ScanFact
from storage.tables import Contract

UNDO = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Changed:
    """A change in words, and how to take it back."""

    contract_id: int
    text: str
    undo_id: int | None


@dataclass(frozen=True, slots=True)
class ScanSheet:
    """A contract's scans, who added them, and whether the actor may change them."""

    contract_id: int
    number: str
    scans: list[ScanFact]
    names: dict[str, str]
    writes: bool


def add_scan(ctx: Context, contract_id: int, name: str, content: bytes) -> Changed:
    """Keeps a picture or PDF with the contract. One's own needs 合同-新增, another's 合同-编辑.

    Raises:
        Forbidden, NotFound, InvalidInput, TooMany.
    """
    require_write(ctx)
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, contract_id, lock=True)
        step_check_write(tx, ctx, contract)
        kind = scan_kind(content)
        rules.check_scan(kind, len(content))
        there = scans.count_scans(tx, contract_id)
        rules.check_room(contract.number, there)
        kept = rules.file_name(name, kind, contract.number, there + 1)
        scan_id = scans.add_scan(
            tx, contract_id, name=kept, kind=kind, content=content, by=ctx.actor.user_id, now=ctx.now
        )
        undo_id = _changed(tx, ctx, contract, "add.scan", scan_id, ("", kept), f"挂上扫描件 {kept}")
        return Changed(contract_id, f"已挂到合同 {contract.number}：{kept}（{rules.size_text(len(content))}）", undo_id)


def remove_scan(ctx: Context, scan_id: int) -> Changed:
    """Takes one off the contract. One's own needs 合同-新增, another's 合同-编辑. Raises Forbidden, NotFound."""
    require_write(ctx)
    with ctx.begin() as tx:
        fact = scans.access_scan(tx, scan_id)
        contract = contracts.access_contract(tx, fact.contract_id, lock=True)
        step_check_write(tx, ctx, contract)
        if not scans.set_removed(tx, scan_id, ctx.now):
            return Changed(fact.contract_id, f"{fact.name} 已经移除过了", None)
        undo_id = _changed(tx, ctx, contract, "remove.scan", scan_id, (fact.name, ""), f"移除扫描件 {fact.name}")
        return Changed(fact.contract_id, f"已从合同 {contract.number} 移除：{fact.name}", undo_id)


def undo_scan(ctx: Context, payload: Mapping[str, Any]) -> str:
    """What was added goes, what was removed comes back. Raises NotFound, ChangedSince."""
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, int(payload["contract_id"]), lock=True)
        scan_id, added = int(payload["scan_id"]), payload["action"] == "add.scan"
        if not scans.set_removed(tx, scan_id, ctx.now if added else None):
            raise rules.ChangedSince(f"合同 {contract.number} 的扫描件之后又改过，不能撤销了。")
        _record(tx, ctx, contract, "undo.scan", tuple(reversed(payload["names"])))
        step_touch(tx, ctx, contract)
        return f"已撤销，合同 {contract.number} 的扫描件恢复原样。"


def list_scans(ctx: Context, contract_id: int) -> ScanSheet:
    """A contract's scans. Another's needs 合同-查看. Raises Forbidden, NotFound."""
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, contract_id)
        check_may_look(ctx, contract)
        found = scans.list_scans(tx, contract_id)
        own = contract.owner_id == ctx.actor.user_id and ctx.actor.may(Permission.CONTRACT_ADD)
        writes = own or ctx.actor.may(Permission.CONTRACT_EDIT)
        return ScanSheet(contract_id, contract.number, found, people.names_of(tx, [f.added_by for f in found]), writes)


def send_scan(ctx: Context, scan_id: int) -> str:
    """Queues the file for the actor's single chat; returns its name. Another's needs 合同-查看.

    Raises:
        Forbidden, NotFound.
    """
    with ctx.begin() as tx:
        fact = scans.access_scan(tx, scan_id)
        contract = contracts.access_contract(tx, fact.contract_id)
        check_may_look(ctx, contract)
        attachments.send(
            tx, user_id=ctx.actor.user_id, name=fact.name, content=scans.content_of(tx, scan_id), now=ctx.now,
            key=f"scan:{scan_id}:{ctx.actor.user_id}:{ctx.key}",
        )  # fmt: skip
        _record(tx, ctx, contract, "send.scan", ("", fact.name))
        return fact.name


def likely_contract(ctx: Context, customer_id: int) -> int | None:
    """Where a scan belongs that is sent without a word: the contract of that customer the actor has just registered,
    else the only one there is. None: it is to be asked.
    """
    with ctx.begin() as tx:
        newest = scans.newest_by(tx, customer_id, ctx.actor.user_id, ctx.now - MEMORY)
        if newest is not None:
            return newest
        rows = contracts.list_of_customer(tx, customer_id, states=("draft", "effective", "ended"))
        rows = [c for c in rows if may_look(ctx, c)]
        return rows[0].id if len(rows) == 1 else None


def _changed(
    tx: Tx, ctx: Context, contract: Contract, action: str, scan_id: int, names: tuple[str, str], text: str
) -> int:
    _record(tx, ctx, contract, action, names)
    step_touch(tx, ctx, contract)
    payload = {"contract_id": contract.id, "scan_id": scan_id, "action": action, "names": list(names)}
    return undos.offer(
        tx, user_id=ctx.actor.user_id, kind="contractscans", payload=payload, text=text, now=ctx.now, lasts=UNDO
    )


def _record(tx: Tx, ctx: Context, contract: Contract, action: str, names: tuple[str, ...]) -> None:
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=f"contract:{contract.id}",
        name=contract.number, changes={"扫描件": names},
    )  # fmt: skip
