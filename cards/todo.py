"""Cards of 我的待办: what their buttons carry and what they show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardRow, CardView
from cards.flows import AskButton, OpenTaskButton
from cards.paging import turns


class AgreeRowButton(Button):
    """同意, on its row. `confirmed`: the second of two taps, above the set sum."""

    action: ClassVar[str] = "todo.agree"
    task_id: int
    confirmed: bool = False
    revision: int = 0  # of what the row showed


class AgreeAllButton(Button):
    """全部同意. `confirmed`: on the card that lists what would be agreed to; which those are stands in its state."""

    action: ClassVar[str] = "todo.all"
    confirmed: bool = False


class TodoPageButton(Button):
    """Another page of the list. `anew`: of what waits now, without what was decided on the card."""

    action: ClassVar[str] = "todo.page"
    page: int
    anew: bool = False


@dataclass(frozen=True, slots=True)
class TodoRow:
    """`said`: what became of it, and nothing on it is tappable; `failed`: why it was not agreed to just now."""

    task_id: int
    title: str
    number: str
    words: str
    said: str = ""
    failed: str = ""
    ask: bool = False  # agreeing to it takes a second tap
    revision: int = 0
    returned: bool = False  # to its applicant, who corrects it


def todo_card(head: str, rows: Sequence[TodoRow], *, page: int, pages: int, several: bool, dated: bool) -> CardView:
    """`several`: more than one waits; `dated`: the card shows decided ones too."""
    if not rows:
        return CardView("我的待办", body=head)
    buttons = []
    if several:
        buttons.append(CardButton("全部同意", AgreeAllButton(), typed="全部同意"))
    buttons += turns(page, pages, lambda to: TodoPageButton(page=to))
    if dated:
        buttons.append(CardButton("看剩下的", TodoPageButton(page=1, anew=True), typed="我的待办"))
    return CardView("我的待办", body=head, rows=tuple(_row(row) for row in rows), buttons=tuple(buttons))


def _row(row: TodoRow) -> CardRow:
    if row.said:
        return CardRow(row.title, escape(row.words), escape(row.said))
    if row.returned:
        edit = CardButton(
            "修改", AskButton(task_id=row.task_id, what="edit"), "primary", typed=f"修改 {row.number} 内容"
        )
        return CardRow(row.title, escape(row.words), "", (edit,))
    agree = CardButton(
        "同意", AgreeRowButton(task_id=row.task_id, revision=row.revision), "primary", typed=f"同意 {row.number}"
    )
    if row.ask:
        again = AgreeRowButton(task_id=row.task_id, confirmed=True, revision=row.revision)
        agree = CardButton("确认同意", again, "primary", typed=f"同意 {row.number}")
    look = CardButton("查看", OpenTaskButton(task_id=row.task_id), typed=f"处理 {row.number}")
    state = f"没有同意：{row.failed}" if row.failed else "请核对，再点「确认同意」（2 分钟内有效）" if row.ask else ""
    return CardRow(row.title, escape(row.words), escape(state), (agree, look))


def all_card(head: str, lines: Sequence[str]) -> CardView:
    """What would be agreed to, before it is."""
    buttons = (
        CardButton("确认全部同意", AgreeAllButton(confirmed=True), "primary", typed="同意"),
        CardButton("先不", TodoPageButton(page=1, anew=True), typed="先不"),
    )
    body = "\n".join([f"{head}，请核对，确认后点「确认全部同意」（2 分钟内有效）。", *(escape(line) for line in lines)])
    return CardView("全部同意？", ("请核对",), body, buttons=buttons)
