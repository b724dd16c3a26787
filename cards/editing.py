"""修改客户: the form with everything the person may write, and what was changed."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardForm, CardView, FormField, choices


class EditButton(Button):
    """「修改」/「补充信息」: the form, filled with what is there."""

    action: ClassVar[str] = "editing.open"
    customer_id: int


class SubmitEditButton(Button):
    """Hands in the form; `version` is that of the customer when it was filled."""

    action: ClassVar[str] = "editing.submit"
    customer_id: int
    version: int


class EditAnywayButton(Button):
    """「仍要改名」 after a likeness was shown; what to change stands in the card's state."""

    action: ClassVar[str] = "editing.anyway"
    customer_id: int


def edit_form(
    name: str, fields: Sequence[tuple[str, str, str]], options: Mapping[str, Sequence[str]], *, customer_id: int,
    version: int, doubt: str = "", custom: Sequence[FormField] = (),
) -> CardView:  # fmt: skip
    """`fields`: name, label and present value; `options`: the dictionaries' values by field.

    `custom`: the company's own fields.
    """
    shown = tuple(
        FormField(
            key, label, "select" if options.get(key) else "text_area" if key == "remark" else "text",
            required=key == "name", value=value or None, options=choices(*_with(options.get(key, ()), value)),
        )
        for key, label, value in fields
    )  # fmt: skip
    submit = SubmitEditButton(customer_id=customer_id, version=version)
    form = CardForm((*shown, *custom), submit, "保存", f"改 {name} 城市 杭州")
    anyway = (CardButton("仍要改名", EditAnywayButton(customer_id=customer_id), typed="仍要改名"),) if doubt else ()
    body = doubt or "改好后保存，清空的就是不要了。"
    return CardView(f"修改 {escape(name)}", body=body, form=form, buttons=anyway)


def _with(options: Sequence[str], value: str) -> list[str]:
    """A value that is disabled by now stays, until another one is chosen."""
    return [*options, value] if options and value and value not in options else list(options)


def edited_card(title: str, lines: Sequence[str], buttons: Sequence[CardButton]) -> CardView:
    """What it was and what it is now."""
    return CardView(
        f"已修改 {escape(title)}", body="\n".join(f"- {escape(line)}" for line in lines), buttons=tuple(buttons)
    )
