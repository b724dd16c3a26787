"""How a view is drawn: by the SDK's public template, or as words where there is no template (house 0.7).

Public template: platform.md 3.9 (a); its buttons carry verb and ids in their id.
"""

import orjson

from bot.dispatch.view import CardButton, CardView

PUBLIC_TEMPLATE = "382e4302-551d-4880-bf29-a30acfab2e71.schema"
BREAK = "  \n"  # a line break of DingTalk's markdown
COLOURS = {"primary": "blue", "normal": "gray", "danger": "red"}


class PublicTemplateRenderer:
    """Zero set-up: the template every app may use."""

    template_id = PUBLIC_TEMPLATE
    note_variable = "staticMsgContent"

    def variables(self, view: CardView) -> dict[str, str]:
        """Strings only; the order names the blocks that are shown."""
        buttons = [_button(b) for b in all_buttons(view)]
        order = ["msgTitle", "msgContent", "staticMsgContent", "msgButtons"]
        return {
            "flowStatus": "3",
            "msgTitle": view.title,
            "msgContent": body_markdown(view),
            "staticMsgContent": view.note,
            "sys_full_json_obj": orjson.dumps({"order": order, "msgButtons": buttons}).decode(),
        }

    def words(self, view: CardView) -> tuple[str, str]:
        """For the day the template is refused."""
        return words_of(view)


class WordsRenderer:
    """No template: a message with typed replies."""

    template_id = ""
    note_variable = ""

    def variables(self, view: CardView) -> dict[str, str]:  # noqa: ARG002 -- no template, no variables
        """Nothing to update."""
        return {}

    def words(self, view: CardView) -> tuple[str, str]:
        """Title and markdown."""
        return words_of(view)


def _button(button: CardButton) -> dict[str, object]:
    drawn: dict[str, object] = {
        "text": button.text,
        "color": COLOURS[button.style],
        "id": button.button.encode() if button.button is not None else "none",
        "request": button.button is not None and not button.disabled,
    }
    if button.disabled:
        drawn["status"] = "disabled"
    return drawn


def all_buttons(view: CardView) -> list[CardButton]:
    """The rows' buttons in order, then the card's own."""
    return [b for row in view.rows for b in row.buttons] + list(view.buttons)


def escape(text: str) -> str:
    """User's text inside markdown: no links, images, headings or emphasis of its own (reliability S2)."""
    for mark in "\\`*_[]()#>|~":
        text = text.replace(mark, PLAIN.get(mark, mark))
    return text.replace("\n", " ").strip()


PLAIN = {
    "[": "［", "]": "］", "`": "'", "*": "＊", "_": "＿", "#": "＃", ">": "＞", "|": "｜", "~": "～", "\\": "＼",
    "(": "（", ")": "）",
}  # fmt: skip


def body_markdown(view: CardView) -> str:
    """Everything between title and buttons."""
    lines: list[str] = []
    if view.tags:
        lines.append(" · ".join(view.tags))
    if view.body:
        lines += view.body.split("\n")
    lines += [f"{name}：{value}" for name, value in view.fields]
    for number, row in enumerate(view.rows, start=1):
        lines.append(f"**{number} {row.title}**")
        lines += [part for part in (row.detail, row.state) if part]
    if view.footer:
        lines.append(view.footer)
    return BREAK.join(lines)


def words_of(view: CardView) -> tuple[str, str]:
    """Title and text; each button by what can be typed instead."""
    lines = [f"**{view.title}**", body_markdown(view)]
    if view.note:
        lines.append(view.note)
    typed = [b.typed for b in all_buttons(view) if b.typed and not b.disabled]
    if typed:
        lines.append("可以回复：" + " · ".join(f"「{t}」" for t in typed))
    return view.title, BREAK.join(line for line in lines if line)
