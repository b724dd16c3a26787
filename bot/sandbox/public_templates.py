"""The public templates that the official SDK hard-codes for every app (platform.md section 3.9 a)."""

from typing import Final

from bot.sandbox.templates import Registered, Template, TemplateBook, Variable

_KNOWN: Final = (
    ("589420e2-c1e2-46ef-a5ed-b8728e654da9", "Markdown 卡片", "plain", ("markdown", "title", "logo")),
    ("1366a1eb-bc54-4859-ac88-517c56a9acb1", "Markdown 按钮卡片", "plain", ("markdown", "tips", "title", "logo")),
    (
        "382e4302-551d-4880-bf29-a30acfab2e71",
        "AI 卡片",
        "ai",
        ("flowStatus", "msgTitle", "logo", "msgContent", "staticMsgContent"),
    ),
    ("7f538f6d-ebb7-4533-a9ac-61a32da094cf", "RPA 插件卡片", "free", ()),
)
_MARKDOWN: Final = frozenset({"markdown", "msgContent", "staticMsgContent"})


def preload(book: TemplateBook) -> None:
    """Register the public templates, published and locked."""
    for own, name, painter, variables in _KNOWN:
        kinds = {one: Variable(one, "markdown" if one in _MARKDOWN else "string") for one in variables}
        extend = "AI" if painter == "ai" else "NORMAL"
        book.add(
            Registered(
                id=f"{own}.schema",
                name=name,
                template=Template(variables=kinds, painter=painter, extend_type=extend),
                published=True,
                public=True,
                extend_type=extend,
            )
        )
