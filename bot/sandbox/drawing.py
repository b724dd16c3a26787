"""Drawing a card: template and data of one viewer → blocks for the page, plain text, buttons and form.

Components are told apart by the shape of their properties (a list to loop over, options, a form schema, buttons,
texts …), with the component's name as a hint only, so that exports with components never seen here are drawn too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.drawing_actions import Button
from bot.sandbox.drawing_fields import Field, Form
from bot.sandbox.drawing_painter import Painter
from bot.sandbox.drawing_scope import Scope
from bot.sandbox.drawing_text import lines_of
from bot.sandbox.public_painters import PAINTERS
from bot.sandbox.templates import Template


@dataclass(slots=True)
class View:
    """A card as one person sees it."""

    blocks: list[dict[str, Any]]
    text: str
    title: str
    pressable: list[Button]
    forms: list[Form]
    loose: list[Field]
    scope: Scope
    warnings: list[str] = field(default_factory=list)
    link: str | None = None

    @property
    def form(self) -> Form | None:
        """The form that a submit goes to: the first that is not frozen, else the first."""
        return next((form for form in self.forms if not form.disabled), self.forms[0] if self.forms else None)

    def public_buttons(self) -> list[dict[str, Any]]:
        """The contract's `buttons`, in reading order."""
        return [button.public() for button in self.pressable]


def draw(template: Template, public: Mapping[str, Any], private: Mapping[str, Any], local: Mapping[str, Any]) -> View:
    """Draw a template with one viewer's typed data and local state."""
    scope = Scope(template, public, private, local)
    painter = Painter(template)
    if template.painter:
        PAINTERS[template.painter](painter, scope)
    else:
        for root in template.roots:
            painter.component(root, scope)
    painter.label_from_reading_order()
    blocks = painter.blocks
    lines = [line for block in blocks for line in lines_of(block)]
    forms = painter.forms
    if not forms and (gathered := painter.gathered_form()):
        forms = [gathered]
    return View(
        blocks=blocks,
        text="\n".join(lines),
        title=painter.title or (lines[0] if lines else ""),
        pressable=painter.buttons,
        forms=forms,
        loose=painter.loose,
        scope=scope,
        warnings=scope.warnings,
        link=painter.link,
    )
