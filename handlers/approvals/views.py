"""How the cards of approvals are drawn."""

from datetime import datetime
from typing import Any

from bot.context import Context
from bot.core.errors import AppError
from bot.core.markup import escape
from bot.dispatch import CardButton, CardRef, CardRow, CardView
from cards import flows as flow_cards
from cards.flows import AskButton, CancelFlowButton, ContactButton, StatusButton, UrgeButton
from handlers.approvals import service
from handlers.approvals.service import Line, Status
from handlers.revisions.service import show_edit
from storage.flow_lists import PAGE
from storage.flow_runs import subject

VIEWS = {"started": "我发起的", "handled": "我处理的", "copied": "抄送我的"}
EMPTY = {
    "started": "你还没有发起过申请。要开票就发送「开票 客户 金额」。",
    "handled": "你还没有处理过审批。",
    "copied": "没有抄送给你的审批。",
}
LAST = 6  # lines of the log on a card


def task_ref(task_id: int, flow_id: int, **more: Any) -> CardRef:
    """A task's card."""
    return CardRef("approvals.task", {"task_id": task_id, **more}, (subject(flow_id),))


def status_ref(flow_id: int, **more: Any) -> CardRef:
    """The card of an application."""
    return CardRef("approvals.flow", {"flow_id": flow_id, **more}, (subject(flow_id),))


def paint_task(state: dict[str, Any], ctx: Context) -> CardView:
    """A task as it stands now: whatever the card asked for, what is decided cannot be decided again."""
    task_id = int(state["task_id"])
    try:
        sheet = service.show_task(ctx, task_id)
    except AppError as refusal:
        return CardView("审批", body=refusal.text)
    title = f"{sheet.label} {sheet.number}"
    if not sheet.open:
        return flow_cards.settled_card(
            title, sheet.fields, sheet.said, flow_id=sheet.flow_id, number=sheet.number, then=sheet.then
        )
    asked = str(state.get("ask", ""))
    if asked == "edit" and (sheet.editable or sheet.returned):
        edit = show_edit(ctx, task_id)
        return flow_cards.edit_card(
            title, edit.asked, task_id=task_id, number=sheet.number, returned=edit.returned, revision=sheet.revision
        )
    if sheet.returned:
        body = "\n".join(escape(note) for note in sheet.notes)
        return flow_cards.returned_card(
            title, sheet.fields, task_id=task_id, flow_id=sheet.flow_id, number=sheet.number, body=body
        )
    if asked == "confirm" and ctx.now <= datetime.fromisoformat(state["until"]):
        return flow_cards.confirm_card(title, sheet.fields, task_id=task_id, revision=sheet.revision)
    if asked in flow_cards.TITLES:
        return flow_cards.ask_card(title, asked, task_id=task_id, number=sheet.number, revision=sheet.revision)
    body = "\n".join([f"「{escape(sheet.node)}」", *(escape(note) for note in sheet.notes)])
    return flow_cards.task_card(
        title, sheet.fields, task_id=task_id, flow_id=sheet.flow_id, number=sheet.number, body=body, first=sheet.first,
        revision=sheet.revision, editable=sheet.editable,
    )  # fmt: skip


def paint_flow(state: dict[str, Any], ctx: Context) -> CardView:
    """How an application stands, for whoever may look."""
    flow_id = int(state["flow_id"])
    try:
        status = service.show_status(ctx, flow_id)
    except AppError as refusal:
        return CardView("流程状态", body=refusal.text)
    number, buttons = status.number, []
    if state.get("cancel") and status.may_cancel:
        buttons.append(
            CardButton("确定撤回", CancelFlowButton(flow_id=flow_id, sure=True), "danger", typed=f"撤回 {number}")
        )
    else:
        if status.returned is not None:
            edit = AskButton(task_id=status.returned, what="edit")
            buttons.append(CardButton("修改", edit, "primary", typed=f"修改 {number} 内容"))
        if status.may_urge:
            buttons.append(CardButton("催办", UrgeButton(flow_id=flow_id), typed=f"催办 {number}"))
        if status.may_cancel:
            buttons.append(CardButton("撤回", CancelFlowButton(flow_id=flow_id), typed=f"撤回 {number}"))
    if status.contacts:
        buttons.append(CardButton("联系处理人", ContactButton(flow_id=flow_id), typed=f"联系 {number}"))
    if status.again is not None:
        buttons.append(CardButton("重新申请", status.again, "primary", typed=f"重新申请 {number}"))
    if not state.get("log"):
        buttons.append(CardButton("流程状态", StatusButton(flow_id=flow_id), typed=f"流程状态 {number}"))
    log = status.log if state.get("log") else status.log[-1:]
    rows = [(line.text, f"{line.at:%m-%d %H:%M}") for line in log[-LAST:]]
    body = escape(status.waiting)
    title = f"{status.label} {number}"
    return flow_cards.status_card(title, status.state, status.fields, body, rows, buttons)


def contacts_text(status: Status) -> str:
    """Where no number is known, where in DingTalk he is found."""
    if not status.contacts:
        return f"{status.number} 现在没有在等别人处理。"
    lines = (c if c[-1:].isdigit() else f"{c} · 在钉钉里搜名字联系" for c in status.contacts)
    return f"{status.number} 在等：" + "；".join(lines)


def paint_list(state: dict[str, Any], ctx: Context) -> CardView:
    """我发起的, 我处理的, 抄送我的."""
    view, page = str(state["view"]), int(state.get("page", 1))
    lines, total = service.list_flows(ctx, view, page)
    pages = max(1, -(-total // PAGE))
    shown = f"（第 {page}/{pages} 页）" if pages > 1 else ""
    return flow_cards.approval_list(
        VIEWS[view], f"共 {total} 件{shown}", [line_row(line) for line in lines], page=page, pages=pages,
        empty=EMPTY[view],
    )  # fmt: skip


def line_row(line: Line) -> CardRow:
    """One application, with the way to it."""
    button = CardButton("看进度", StatusButton(flow_id=line.flow_id), typed=f"流程状态 {line.number}")
    return CardRow(f"{line.label} {line.number}", f"{line.state} · {escape(line.words)}", "", (button,))
