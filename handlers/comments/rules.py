"""What makes a comment valid. Pure. Source: issue 4, "comments with @ that notify who may see"; crm-rules.md R-FU-5."""

from bot.core.errors import RuleBroken

LONGEST = 500  # characters


class BadComment(RuleBroken, code="comments.bad"):
    """The content cannot be; the text says why."""


def check_comment(content: str) -> None:
    """Something must be said, and not too much."""
    if not content.strip():
        raise BadComment("想说什么？例如「评论 华兴 @王芳 报价单发我看看」。")
    if len(content) > LONGEST:
        raise BadComment(f"评论太长了（{len(content)} 字），不超过 {LONGEST} 字，长的请记成跟进。")


def unseen_text(names: list[str], customer: str) -> str:
    """Who was not told, and what can be done about it."""
    who = "、".join(names)
    return f"{who} 看不到「{customer}」，没有提醒。要让 TA 看到，请管理员调整数据权限，或加进客户团队。"
