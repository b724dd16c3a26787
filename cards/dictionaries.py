"""The dictionaries' cards: what their buttons carry and what they show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardRow, CardView
from cards.paging import turns


class DictionaryPageButton(Button):
    """Another page of the list of dictionaries; from one dictionary: back to the list."""

    action: ClassVar[str] = "dictionaries.page"
    page: int


class OpenDictionaryButton(Button):
    """「查看」one dictionary, or another page of its values."""

    action: ClassVar[str] = "dictionaries.open"
    dictionary_id: int
    page: int = 1


class SwitchValueButton(Button):
    """「停用」or「启用」one value."""

    action: ClassVar[str] = "dictionaries.switch"
    dictionary_id: int
    value_id: int
    on: bool


class SendCorrectedButton(Button):
    """「改用英文分号」: the line as it should have been; it stands in the card's state."""

    action: ClassVar[str] = "dictionaries.corrected"


@dataclass(frozen=True, slots=True)
class DictionaryRow:
    """One dictionary of the list."""

    dictionary_id: int
    name: str
    facts: str
    fields: str


def dictionary_list(rows: Sequence[DictionaryRow], *, total: int, page: int, pages: int) -> CardView:
    """`数据字典`."""
    if not rows:
        return CardView("数据字典", body="还没有字典。新建一个：「新建字典 客户分类 重点客户;普通客户」。")
    drawn = tuple(
        CardRow(
            escape(row.name),
            f"{row.facts}\n{row.fields}",
            buttons=(
                CardButton(
                    f"查看 {row.name}"[:20], OpenDictionaryButton(dictionary_id=row.dictionary_id),
                    typed=f"字典 {row.name}",
                ),
            ),
        )
        for row in rows
    )  # fmt: skip
    shown = f" · 第 {page}/{pages} 页" if pages > 1 else ""
    buttons = turns(page, pages, lambda to: DictionaryPageButton(page=to))
    footer = "新建：「新建字典 名称 值1;值2」 · 绑定：「绑定字典 客户 来源 字典名称」"
    return CardView("数据字典", body=f"共 {total} 个{shown}", rows=drawn, buttons=tuple(buttons), footer=footer)


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One value of a dictionary."""

    value_id: int
    label: str
    enabled: bool
    uses: int
    number: int


def dictionary_card(
    *, dictionary_id: int, name: str, fields: Sequence[str], rows: Sequence[ValueRow], on: int, off: int, page: int,
    pages: int, more: Sequence[CardButton],
) -> CardView:  # fmt: skip
    """`字典 客户分类`."""
    bound = "绑定：" + "、".join(fields) if fields else "还没有字段绑定它"
    body = f"{on} 个选项" + (f"，{off} 个已停用" if off else "") + (f" · 第 {page}/{pages} 页" if pages > 1 else "")
    drawn = tuple(
        CardRow(
            escape(row.label) + ("" if row.enabled else "（已停用）"),
            f"{row.uses} 条记录在用",
            buttons=(
                CardButton(
                    f"{'停用' if row.enabled else '启用'} {row.label}"[:20],
                    SwitchValueButton(dictionary_id=dictionary_id, value_id=row.value_id, on=not row.enabled),
                    typed=f"字典 {name} {'停用' if row.enabled else '启用'} {row.label}",
                ),
            ),
        )
        for row in rows
    )
    buttons = list(more)
    buttons += turns(page, pages, lambda to: OpenDictionaryButton(dictionary_id=dictionary_id, page=to), typed=False)
    buttons.append(CardButton("返回数据字典", DictionaryPageButton(page=1), typed="数据字典"))
    footer = f"添加：「字典 {escape(name)} 添加 新值」 · 改全部：「编辑字典 {escape(name)} 值1;值2;值3」"
    return CardView(f"字典 {name}", body=f"{body}\n{escape(bound)}", rows=drawn, buttons=tuple(buttons), footer=footer)


def corrected_card(*, why: str, line: str) -> CardView:
    """A line with the wrong semicolons: refused, and ready to be sent as it should have been (D16)."""
    buttons = (CardButton("改用英文分号保存", SendCorrectedButton(), "primary", typed=line),)
    return CardView("没有保存", body=f"{why}\n改好的一句，点按钮保存，或复制发给我：\n{escape(line)}", buttons=buttons)
