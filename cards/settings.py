"""The cards of 后台管理: one menu, one card per topic."""

from collections.abc import Sequence
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardRow, CardView
from cards.customfields import FormsButton


class TopicButton(Button):
    """Opens one topic."""

    action: ClassVar[str] = "settings.open"
    topic: str


class MenuButton(Button):
    """Back to the menu."""

    action: ClassVar[str] = "settings.menu"


def menu_card(rows: Sequence[tuple[str, str, str]], besides: Sequence[tuple[str, str]]) -> CardView:
    """`rows`: key, title and present state of each topic, in the manual's order; `besides`: key and title of ours."""
    drawn = tuple(
        CardRow(title, escape(state), "", (CardButton(f"打开 {title}", TopicButton(topic=key), typed=title),))
        for key, title, state in rows
    )
    body = f"共 {len(rows)} 项，点开，或回复名称；每项都能在聊天里改。\n客户、合同等表单可以加自己的字段：「字段」。"
    more = [CardButton("自定义字段", FormsButton(), typed="字段")]
    more += [CardButton(title, TopicButton(topic=key), typed=title) for key, title in besides]
    return CardView("后台管理", body=body, rows=drawn, buttons=tuple(more))


def topic_card(
    *, title: str, fields: Sequence[tuple[str, str]], lines: Sequence[str], sentences: Sequence[str],
    notes: Sequence[str], hint: str, buttons: Sequence[CardButton],
) -> CardView:  # fmt: skip
    """What is set, what has just changed, and the sentences that change it."""
    body = [*(f"✓ {escape(note)}" for note in notes[:1]), *(escape(note) for note in notes[1:])]
    body += [f"- {escape(line)}" for line in lines]
    if hint:
        body.append(escape(hint))
    footer = "可以说：" + " · ".join(f"「{escape(s)}」" for s in sentences) if sentences else ""
    return CardView(
        title,
        body="\n".join(body),
        fields=tuple((name, escape(value)) for name, value in fields),
        buttons=(*buttons, CardButton("返回后台管理", MenuButton(), typed="后台管理")),
        footer=footer,
    )
