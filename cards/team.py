"""Cards of a customer's team."""

from collections.abc import Sequence
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardRow, CardView


class AskJoinButton(Button):
    """「请李敏加我」."""

    action: ClassVar[str] = "team.ask"
    customer_id: int


class AnswerJoinButton(Button):
    """「加为协作人」 or 「不加」."""

    action: ClassVar[str] = "team.answer"
    request_id: int
    agree: bool


class MemberRightButton(Button):
    """「改为可写」/「改为只读」."""

    action: ClassVar[str] = "team.right"
    customer_id: int
    user_id: str
    may_write: bool


class EndMemberButton(Button):
    """「移除」."""

    action: ClassVar[str] = "team.end"
    customer_id: int
    user_id: str


class TeamButton(Button):
    """「协作人」: the team of a customer."""

    action: ClassVar[str] = "team.list"
    customer_id: int


def team_card(
    customer: str, owner: str, members: Sequence[tuple[str, str, str, bool]], *, customer_id: int, decides: bool,
    buttons: Sequence[CardButton] = (),
) -> CardView:  # fmt: skip
    """`members`: userId, name, what he may and until when, whether he may write."""
    rows = []
    for user_id, name, facts, may_write in members:
        taps: tuple[CardButton, ...] = ()
        if decides:
            other = MemberRightButton(customer_id=customer_id, user_id=user_id, may_write=not may_write)
            word = "只读" if may_write else "可写"
            taps = (
                CardButton(f"{name} 改为{word}", other, typed=f"给 {customer} 加协作人 {name} {word}"),
                CardButton(
                    f"移除 {name}", EndMemberButton(customer_id=customer_id, user_id=user_id), "danger",
                    typed=f"移除协作人 {customer} {name}",
                ),
            )  # fmt: skip
        rows.append(CardRow(escape(name), facts, "", taps))
    body = f"负责人 {escape(owner)}，协作人共 {len(members)} 位。"
    if decides:
        body += f"\n加一位：给 {escape(customer)} 加协作人 李敏 可写 到 3月底"
    return CardView(f"{escape(customer)} 的协作人", body=body, rows=tuple(rows), buttons=tuple(buttons))


def ask_card(title: str, text: str, owner: str, customer_id: int, *, asked: str = "") -> CardView:
    """Why not, and the button that asks the owner."""
    if asked:
        return CardView(title, body=escape(text), footer=asked)
    button = CardButton(f"请 {owner} 加我", AskJoinButton(customer_id=customer_id), "primary", typed="请负责人加我")
    return CardView(title, body=escape(text), buttons=(button,))


def request_card(who: str, customer: str, request_id: int, *, answered: str = "") -> CardView:
    """To the owner: shall he be added?"""
    title = f"{escape(who)} 想协作 {escape(customer)}"
    if answered:
        return CardView(title, body=answered)
    yes = AnswerJoinButton(request_id=request_id, agree=True)
    no = AnswerJoinButton(request_id=request_id, agree=False)
    buttons = (
        CardButton("加为协作人", yes, "primary", typed=f"给 {customer} 加协作人 {who} 可写"),
        CardButton("不加", no, typed="不加"),
    )
    return CardView(title, body="加上以后能看、能跟进、能修改这家客户，随时可以移除。", buttons=buttons)
