"""Cards of lists by conditions, and of the filters people keep."""

from collections.abc import Sequence
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardForm, CardRow, CardView, FormField
from cards.customers import CustomerPageButton, OpenButton
from cards.paging import turns


class AskSaveButton(Button):
    """「保存筛选」: asks for a name."""

    action: ClassVar[str] = "filters.ask_save"


class SaveButton(Button):
    """Hands in the name under which the list's conditions are kept."""

    action: ClassVar[str] = "filters.save"


class RunButton(Button):
    """Shows the list of a saved filter."""

    action: ClassVar[str] = "filters.run"
    filter_id: int


def customer_list(
    title: str, head: str, rows: Sequence[tuple[int, str, str]], *, page: int, more: bool, empty: str, savable: bool
) -> CardView:
    """A list with what was understood and its total; each row opens the customer."""
    if not rows:
        return CardView(title, body=f"{head}\n{empty}" if head else empty)
    drawn = tuple(
        CardRow(escape(name), facts, "", (CardButton(f"查看 {name}", OpenButton(customer_id=i), typed=f"查 {name}"),))
        for i, name, facts in rows
    )
    buttons = turns(page, page + more, lambda to: CustomerPageButton(page=to))
    if savable:
        buttons.append(CardButton("保存筛选", AskSaveButton(), typed="保存筛选 名称"))
    return CardView(title, body=head, rows=drawn, buttons=tuple(buttons))


def ask_name(words: str, suggested: str) -> CardView:
    """The form for a name."""
    fields = (FormField("name", "名称", required=True, value=suggested or None, placeholder="例如 重点未跟进"),)
    form = CardForm(fields, SaveButton(), "保存", f"保存筛选 {suggested or '名称'}")
    return CardView("保存筛选", body=f"给「{escape(words)}」起个名称。", form=form)


def saved_list(rows: Sequence[tuple[int, str, str, str]]) -> CardView:
    """Each with its conditions and its number now."""
    if not rows:
        return CardView("我的筛选", body="还没有保存筛选。发送「保存筛选 重点未跟进 制造业 30天未跟进」存一个。")
    drawn = tuple(
        CardRow(
            escape(name),
            escape(words),
            said,
            (CardButton(f"打开 {name}", RunButton(filter_id=i), typed=f"筛选 {name}"),),
        )
        for i, name, words, said in rows
    )
    return CardView("我的筛选", body=f"共 {len(rows)} 个", rows=drawn)
