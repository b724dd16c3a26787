"""Cards of scans, drawn from the present state; shared by what is typed and what is tapped."""

from typing import Any

from bot.context import Context
from bot.core.errors import AppError
from bot.core.markup import escape
from bot.dispatch import CardButton, CardRef, CardView
from cards.contracts import OpenContractButton
from cards.contractscans import scans_card
from handlers.contractscans.rules import size_text
from handlers.contractscans.service import list_scans
from handlers.undo.views import undo_buttons

HOW = "把 PDF 或照片直接发给我就会挂上（单聊，每份最多 10 MB）。"


def paint_scans(state: dict[str, Any], ctx: Context) -> CardView:
    """A contract's scans; what the viewer may not see any more is one neutral sentence."""
    try:
        sheet = list_scans(ctx, int(state["contract_id"]))
    except AppError as refusal:
        return CardView("合同扫描件", body=refusal.text)
    rows = []
    for fact in sheet.scans:
        who = sheet.names.get(fact.added_by, fact.added_by)
        rows.append((fact.id, fact.name, f"{size_text(fact.size)} · {fact.added_at:%Y-%m-%d} {who}"))
    undo = undo_buttons(ctx, state.get("undo_id"))
    lines = [f"共 {len(rows)} 份" if rows else "还没有扫描件。"]
    if state.get("said") and (undo or state.get("undo_id") is None):
        lines.insert(0, f"**{escape(str(state['said']))}**")
    if sheet.writes:
        lines.append(HOW)
    back = CardButton(
        "看合同", OpenContractButton(contract_id=sheet.contract_id), typed=f"合同 {sheet.number}"
    )  # fmt: skip
    return scans_card(f"扫描件 {sheet.number}", "\n".join(lines), rows, [*undo, back], writes=sheet.writes)


def scans_ref(contract_id: int, said: str = "", undo_id: int | None = None) -> CardRef:
    """The card of a contract's scans."""
    state = {"contract_id": contract_id, "said": said, "undo_id": undo_id}
    return CardRef("contractscans.list", state, (f"contract:{contract_id}",))
