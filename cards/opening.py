"""The card by which the app is opened."""

from typing import ClassVar, Literal

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardView


class AgreeButton(Button):
    """「我同意」."""

    action: ClassVar[str] = "opening.agree"
    doorway: ClassVar[str] = "opening"


class ScopeButton(Button):
    """One of the three usage scopes; `some` asks for the names."""

    action: ClassVar[str] = "opening.scope"
    doorway: ClassVar[str] = "opening"
    mode: Literal["all", "some", "admins"]


class OpenButton(Button):
    """「立即开通」."""

    action: ClassVar[str] = "opening.open"
    doorway: ClassVar[str] = "opening"


def opening_card(
    *, terms: str, version: str, agreed: str, scope: str, in_scope: int, people: int, departments: int, example: str
) -> CardView:
    """Three steps; `agreed`: by whom and when, empty: not yet."""
    first = f"1. 使用条款（{version} 版）：" + (f"✓ {agreed}" if agreed else f"{terms}")
    body = "\n".join([
        first,
        f"2. 使用范围：{escape(scope)}（{in_scope} 人）。只给部分人用，发送「{example}」",
        "3. 立即开通：下一条消息起就能用，不用重启",
    ])  # fmt: skip
    buttons = [] if agreed else [CardButton("我同意", AgreeButton(), "primary", typed="我同意")]
    buttons += [
        CardButton("全部员工", ScopeButton(mode="all"), typed="使用范围 全部员工"),
        CardButton("部分员工", ScopeButton(mode="some"), typed=example),
        CardButton("仅管理员", ScopeButton(mode="admins"), typed="使用范围 管理员"),
        CardButton("立即开通", OpenButton(), "primary" if agreed else "normal", typed="立即开通"),
    ]
    footer = f"通讯录已同步：{people} 人 · {departments} 个部门"
    tag = "条款已同意" if agreed else "等你同意条款"
    return CardView("开通应用", tags=(tag,), body=body, buttons=tuple(buttons), footer=footer)


def opened_card(*, by: str, scope: str, in_scope: int, admins: str) -> CardView:
    """It is open."""
    fields = (("使用范围", f"{escape(scope)}（{in_scope} 人）"), ("管理员", escape(admins)))
    body = "范围里的同事发一条消息就能用。下一步：「后台管理」看全部设置，「自检」查钉钉权限。"
    return CardView("应用已开通", tags=(f"✓ {by}" if by else "✓ 已开通",), body=body, fields=fields)
