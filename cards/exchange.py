"""Cards of an import: what kind of table it is, what was found in it, how far it is, what it did."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardView
from bot.dispatch.view import CardForm, FormField

NOT_READ = "-"  # in the form: this column of the file is left


class KindButton(Button):
    """「客户」: the table sent is one of customers."""

    action: ClassVar[str] = "exchange.kind"
    exchange_id: int
    kind: str


class RunImportButton(Button):
    """「导入 1,130 条」; with `merge` what is there already is updated too."""

    action: ClassVar[str] = "exchange.run"
    exchange_id: int
    merge: int = 0


class DropExchangeButton(Button):
    """「不导入」."""

    action: ClassVar[str] = "exchange.drop"
    exchange_id: int


class ProblemsButton(Button):
    """「下载问题行」."""

    action: ClassVar[str] = "exchange.problems"
    exchange_id: int


class RemapButton(Button):
    """「改对应关系」: the form."""

    action: ClassVar[str] = "exchange.remap"
    exchange_id: int


class MapColumnsButton(Button):
    """What the form's submit means."""

    action: ClassVar[str] = "exchange.map"
    exchange_id: int


class BlankOwnerButton(Button):
    """「没写负责人的进公海」, or back."""

    action: ClassVar[str] = "exchange.blank"
    exchange_id: int
    to_pool: int


class TemplateButton(Button):
    """「客户」 under 导入模板."""

    action: ClassVar[str] = "exchange.template"
    kind: str


def kinds_card(exchange_id: int, file: str, guesses: Sequence[tuple[str, str]]) -> CardView:
    """What is it?"""
    buttons = tuple(
        CardButton(label, KindButton(exchange_id=exchange_id, kind=kind), typed=label) for kind, label in guesses
    )
    return CardView(
        "这是什么表", body=f"文件：{escape(file)}\n看列名分不清是哪种，要导入成什么？",
        buttons=(*buttons, CardButton("不导入", DropExchangeButton(exchange_id=exchange_id), typed="不导入")),
    )  # fmt: skip


def templates_card(kinds: Sequence[tuple[str, str]]) -> CardView:
    """Which template?"""
    buttons = tuple(CardButton(label, TemplateButton(kind=kind), typed=f"{label}导入模板") for kind, label in kinds)
    return CardView("导入模板", body="要哪一种？填好后把文件私聊发给我。", buttons=buttons)


def checked_card(
    exchange_id: int, *, file: str, label: str, text: str, new: int, twins: int, updates: int, left: int, owned: bool,
    to_pool: bool,
) -> CardView:  # fmt: skip
    """The dry run, and what can be done with it."""
    buttons: list[CardButton] = []
    if new:
        buttons.append(
            CardButton(f"导入 {new:,} 条", RunImportButton(exchange_id=exchange_id), "primary", typed=f"导入 {new} 条")
        )
    if updates:
        words = "重复的也更新" if new else f"更新 {updates:,} 条"
        style = "normal" if new else "primary"
        buttons.append(
            CardButton(words, RunImportButton(exchange_id=exchange_id, merge=1), style, typed="重复的也更新")  # type: ignore[arg-type]
        )
    if left:
        buttons.append(CardButton("下载问题行", ProblemsButton(exchange_id=exchange_id), typed="下载问题行"))
    buttons.append(CardButton("改对应关系", RemapButton(exchange_id=exchange_id), typed="改对应关系"))
    lines = [f"文件：{escape(file)}", *(escape(line) for line in text.split("\n"))]
    if owned and new:
        lines.append(f"没写负责人的：{'进公海' if to_pool else '归你'}")
        words = "没写负责人的归我" if to_pool else "没写负责人的进公海"
        buttons.append(
            CardButton(words, BlankOwnerButton(exchange_id=exchange_id, to_pool=0 if to_pool else 1), typed=words)
        )
    if new or updates:
        lines.append("现在还没有改动。只要其中几行，发送「导入 3-20,25」。")
    elif not twins and not left:
        lines.append("没有要改的，不用导入。")
    if new or updates or left:
        buttons.append(CardButton("不导入", DropExchangeButton(exchange_id=exchange_id), typed="不导入"))
    return CardView(f"检查结果：{label}", body="\n".join(lines), buttons=tuple(buttons))


def mapping_card(
    exchange_id: int,
    *,
    label: str,
    header: Sequence[str],
    mapping: Mapping[int, str],
    columns: Sequence[tuple[str, str]],
) -> CardView:
    """Each column of the file, and what it is read as."""
    options = ((NOT_READ, "不导入"), *columns)
    fields = tuple(
        FormField(f"c{at}", title[:20], "select", value=mapping.get(at, NOT_READ), options=options)
        for at, title in enumerate(header)
        if title
    )[:30]
    return CardView(
        f"对应关系：{label}", body="左边是文件里的列，右边选它是什么。提交后重新检查，还不会导入。",
        form=CardForm(fields, MapColumnsButton(exchange_id=exchange_id), "重新检查", typed="对应 备注2 备注"),
    )  # fmt: skip


def busy_card(*, title: str, file: str, text: str) -> CardView:
    """While it works."""
    return CardView(title, body=f"文件：{file}\n{text}")


def failed_card(exchange_id: int, *, file: str, label: str, text: str, may_remap: bool) -> CardView:
    """Why nothing of it was taken."""
    remap = CardButton("改对应关系", RemapButton(exchange_id=exchange_id), typed="改对应关系")
    return CardView(
        f"没有导入{label}", body=f"文件：{escape(file)}\n{escape(text)}", buttons=(remap,) if may_remap else ()
    )


def undo_import(button: CardButton) -> CardButton:
    """As dialogue 14 has it."""
    return replace(button, text="撤销本次导入（24 小时内）")


def done_card(
    *, exchange_id: int, label: str, file: str, text: str, left: bool, undo: tuple[CardButton, ...]
) -> CardView:
    """What it did."""
    buttons = (CardButton("下载失败行", ProblemsButton(exchange_id=exchange_id), typed="下载问题行"),) if left else ()
    return CardView(f"导入{label}", body=f"文件：{escape(file)}\n{escape(text)}", buttons=(*buttons, *undo))
