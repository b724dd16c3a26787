"""What people type and send about scans of contracts."""

import re
from typing import Any, Final

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.dispatch import ChatMessage, Reply, Router, Talk
from bot.language.replies import ordinal
from handlers.contracts.finding import chosen_contract, find_contract
from handlers.contractscans.service import Changed, add_scan, likely_contract, list_scans, remove_scan, send_scan
from handlers.contractscans.views import scans_ref

router = Router("contractscans.chat")
REMOVE: Final = re.compile(r"(?:移除|删除|删掉|去掉)\s*第?\s*(?P<which>\d{1,2})\s*份?")
WHERE: Final = "要挂到哪份合同？先发送「合同扫描件 合同编号」，再把文件发给我。"


@router.command("合同扫描件", "扫描件", "合同附件")
def scans(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`合同扫描件 HT-2026-007`: those there are; what is sent next is kept with it."""
    if not message.args and talk.subject() is None:
        raise InvalidInput("哪份合同的扫描件？例如「合同扫描件 HT-2026-007」。")
    found = find_contract(ctx, message.args, talk)
    if found.certain is None:
        return found.ask(talk, "看扫描件", "contractscans.which")
    return _show(ctx, talk, found.certain)


def _show(ctx: Context, talk: Talk, contract_id: int, done: Changed | None = None) -> Reply:
    list_scans(ctx, contract_id)
    talk.settle()
    talk.ask("contractscans.wait", contract_id=contract_id)
    return Reply(card=scans_ref(contract_id, done.text if done else "", done.undo_id if done else None))


@router.question("contractscans.which")
def which(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several contracts."""
    contract_id = chosen_contract(message, pending)
    return None if contract_id is None else _show(ctx, talk, contract_id)


@router.question("contractscans.wait")
def of_list(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`1`: that one is sent; `移除第1份`."""
    gone, number = REMOVE.fullmatch(message.text.strip()), ordinal(message.text)
    wanted = int(gone["which"]) if gone else number
    if wanted is None:
        return None
    there = list_scans(ctx, int(pending["contract_id"])).scans
    if not 1 <= wanted <= len(there):
        raise InvalidInput(f"这份合同有 {len(there)} 份扫描件，没有第 {wanted} 份。")
    scan = there[wanted - 1]
    if gone:
        return _show(ctx, talk, scan.contract_id, remove_scan(ctx, scan.id))
    return Reply(f"{send_scan(ctx, scan.id)} 这就发给你。")


@router.scan
def sent(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """A picture or PDF: for the contract that is open, or the one just spoken of."""
    question, subject = talk.open_question(), talk.subject()
    waits = question is not None and question["kind"] == "contractscans.wait"
    contract_id = int(question["contract_id"]) if question is not None and waits else None
    if contract_id is None and subject is not None:
        contract_id = likely_contract(ctx, subject)
    if contract_id is None or message.file is None:
        raise InvalidInput(WHERE)
    return _show(ctx, talk, contract_id, add_scan(ctx, contract_id, message.file.name, message.file.content))
