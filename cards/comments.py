"""The form of a comment, and the card that answers one."""

from collections.abc import Sequence
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardForm, CardView, FormField


class CommentButton(Button):
    """「评论」 on a customer's card: opens the form."""

    action: ClassVar[str] = "comments.ask"
    customer_id: int


class SubmitCommentButton(Button):
    """「发评论」."""

    action: ClassVar[str] = "comments.submit"
    customer_id: int


def comment_form(
    customer_id: int, name: str, colleagues: Sequence[tuple[str, str]], back: CardButton, *, content: str = ""
) -> CardView:
    """`colleagues`: userId and name of those who see the customer."""
    fields = [
        FormField(
            "content", "内容", "text_area", required=True, value=content or None, placeholder="例如 报价单发我看看"
        )
    ]
    if colleagues:
        fields.append(FormField("mentioned", "提醒谁", "multi_select", options=tuple(colleagues)))
    form = CardForm(
        tuple(fields), SubmitCommentButton(customer_id=customer_id), "发评论", f"评论 {name} @同事 报价单发我看看"
    )
    return CardView(f"评论 {escape(name)}", body="看得到这家客户的同事都能看到评论。", form=form, buttons=(back,))


def commented_card(
    name: str, content: str, *, told: Sequence[str], note: str, buttons: Sequence[CardButton]
) -> CardView:
    """已评论 · 华兴科技: echoes it, and who was told."""
    fields = [("已提醒", "、".join(escape(one) for one in told))] if told else []
    return CardView(
        f"已评论 · {escape(name)}", body=escape(content), fields=tuple(fields), footer=note, buttons=tuple(buttons)
    )
