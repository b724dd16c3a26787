"""The cards of 交接: what their buttons carry and what they show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardRow, CardView


class OpenGiverButton(Button):
    """「交接 赵六」 on the guide: shows what that person holds."""

    action: ClassVar[str] = "handover.open"
    user_id: str


class ReceiverButton(Button):
    """「交给 王强」."""

    action: ClassVar[str] = "handover.to"
    user_id: str


class KindButton(Button):
    """Adds one kind to what is handed over, or leaves it out again."""

    action: ClassVar[str] = "handover.kind"
    kind: str


class AllKindsButton(Button):
    """「全部交接」: shows the preview of everything."""

    action: ClassVar[str] = "handover.all"


class OverCapButton(Button):
    """What to do above the receiver's cap: `fit` or `allow`."""

    action: ClassVar[str] = "handover.over"
    how: str


class StartButton(Button):
    """「开始交接」: does what the card shows."""

    action: ClassVar[str] = "handover.start"


class UndoHandoverButton(Button):
    """「撤销交接」."""

    action: ClassVar[str] = "handover.undo"
    handover_id: int


class RestoreRolesButton(Button):
    """「恢复角色」 of somebody who came back."""

    action: ClassVar[str] = "handover.restore_roles"
    user_id: str


@dataclass(frozen=True, slots=True)
class GiverRow:
    """One leaver on the guide."""

    user_id: str
    name: str
    facts: str  # 3月2日离职 · 客户 12 家


EXAMPLES = (
    "交接给谁都可以直接说：「交接 赵六 给 钱七 全部」，只交一部分：「交接 赵六 给 钱七 客户 合同」。在职同事也能交接。"
)


def guide(rows: Sequence[GiverRow], total: int) -> CardView:
    """`交接任务`: leavers who still hold things first."""
    drawn = tuple(
        CardRow(
            escape(row.name), row.facts, "",
            (CardButton(f"交接 {row.name}"[:20], OpenGiverButton(user_id=row.user_id), "primary",
                        typed=f"交接 {row.name}"),),
        )
        for row in rows
    )  # fmt: skip
    if not rows:
        return CardView("交接任务", body="没有人离职后名下还留着客户、商机、合同或线索。", footer=EXAMPLES)
    more = f"，先看 {len(rows)} 人" if total > len(rows) else ""
    return CardView("交接任务", body=f"离职后名下还有东西的：共 {total} 人{more}", rows=drawn, footer=EXAMPLES)


def person(
    *, name: str, tag: str, held: str, receivers: Sequence[tuple[str, str]], example: str, empty: bool
) -> CardView:
    """What one person holds, and who might take it over."""
    if empty:
        return CardView(f"交接 {escape(name)}", tags=(tag,), body=held)
    buttons = tuple(
        CardButton(f"交给 {one}"[:20], ReceiverButton(user_id=user_id), typed=f"交接 {name} 给 {one}")
        for user_id, one in receivers
    )
    ask = "交给谁？点一位，或直接回复姓名" if receivers else "交给谁？直接回复姓名"
    return CardView(
        f"交接 {escape(name)}",
        tags=(tag,),
        body=held,
        buttons=buttons,
        footer=f"{ask}。也可以一句话说完：「{example}」。",
    )


@dataclass(frozen=True, slots=True)
class KindChoice:
    """One kind on a plan."""

    kind: str
    label: str
    chosen: bool


def plan(
    *, giver: str, receiver: str, tag: str, lines: Sequence[str], choices: Sequence[KindChoice],
    over: Sequence[tuple[str, str]], ready: bool, everything: bool, footer: str,
) -> CardView:  # fmt: skip
    """What would move, what stays, and one tap to do it. `over`: (how, words) where the cap is passed."""
    buttons: list[CardButton] = []
    if ready:
        buttons.append(CardButton("开始交接", StartButton(), "primary", typed="开始交接"))
    buttons += [CardButton(words, OverCapButton(how=how), typed=words) for how, words in over]
    if not everything:
        buttons.append(CardButton("全部交接", AllKindsButton(), "normal" if ready else "primary", typed="全部"))
    for one in choices:
        words = f"不交 {one.label}" if one.chosen else f"{'加上' if ready or over else '只交'} {one.label}"
        kinds = [other.label for other in choices if other.chosen != (other is one)]
        typed = f"交接 {giver} 给 {receiver} {' '.join(kinds)}" if kinds else ""
        buttons.append(CardButton(words, KindButton(kind=one.kind), typed=typed))
    return CardView(
        f"交接 {escape(giver)} → {escape(receiver)}", tags=(tag,), body="\n".join(lines), buttons=tuple(buttons),
        footer=footer,
    )  # fmt: skip


def done(*, giver: str, receiver: str, tag: str, lines: Sequence[str], undo: int | None, undone: bool) -> CardView:
    """After a handover, with its taking back while that is possible."""
    buttons: tuple[CardButton, ...] = ()
    if undo is not None:
        buttons = (CardButton("撤销交接", UndoHandoverButton(handover_id=undo), typed="撤销交接"),)
    title = f"{'交接已撤销' if undone else '交接完成'} {escape(giver)} → {escape(receiver)}"
    return CardView(title, tags=(tag,), body="\n".join(lines), buttons=buttons)


def returned(*, name: str, body: str, restore: str | None) -> CardView:
    """Somebody is back; `restore`: whose roles can be given back."""
    buttons: tuple[CardButton, ...] = ()
    if restore is not None:
        buttons = (CardButton("恢复角色", RestoreRolesButton(user_id=restore), "primary", typed=f"恢复角色 {name}"),)
    return CardView(f"重新入职 {escape(name)}", body=body, buttons=buttons)
