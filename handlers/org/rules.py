"""The guide to the credentials, and what is said of them. Pure: no I/O, no clock.

Source: manual 2.2.2–2.2.3; requirements R2.12–R2.15; the console as it is today (platform.md, app credentials).
"""

from bot.core.errors import RuleBroken

GUIDE = (
    "CorpSecret 已被应用凭证取代，四步取到：\n"
    "1. 用管理员打开 open-dev.dingtalk.com（开发者后台）\n"
    "2. 应用开发 → 企业内部应用 → 点开这个应用\n"
    "3. 凭证与基础信息：复制 Client ID 和 Client Secret\n"
    "4. 在这里私聊发给我，例如：Client ID dingabc123 Client Secret xyz456"
)
PROMISE = "加密保存，不会再显示，之后不再询问。"
NOT_IN_GROUPS = (
    "凭证不能发在群里，这条没有保存。群里的人已经看到它了：请到开发者后台的「凭证与基础信息」重置 Client Secret，"
    "再私聊发给我。"
)
UNREAD = "没认出凭证。请写成：Client ID dingabc123 Client Secret xyz456；先不填就发送「取消」。"


class SyncRunning(RuleBroken, code="org.sync_running"):
    """One sync at a time."""


def tail(secret: str) -> str:
    """At most the last four characters, and never more than a quarter (R2.12)."""
    shown = min(4, len(secret) // 4)
    return f"…{secret[-shown:]}" if shown else "…"


def running_text(done: int, total: int) -> str:
    """For whoever starts a second one."""
    return "正在同步" + (f"，已读 {done}/{total} 个部门" if total else "") + "，完成后会告诉你，不用再发。"
