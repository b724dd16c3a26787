"""May these two customers be made one, and which of them stays? Pure.

Source: crm-rules.md R-DUP-4, invariant 27.
"""

from datetime import timedelta

from bot.core.errors import RuleBroken

UNDO = timedelta(hours=72)


class NotMergeable(RuleBroken, code="merges.not_mergeable"):
    """The text says why, and what would go."""


class ChangedSince(RuleBroken, code="merges.changed_since"):
    """A merge cannot be taken back any more."""


def check_two(*, head: str, same: bool) -> None:
    """Raises NotMergeable."""
    if same:
        raise NotMergeable(f"两边是同一家「{head}」，可能已经合并过了。要合并别的，写两家不同的客户。")


def check_head(*, head: str, tail: str, head_pooled: bool, tail_pooled: bool) -> None:
    """Who has an owner keeps it: an owned customer does not go into one of the pool. Raises NotMergeable."""
    if head_pooled and not tail_pooled:
        raise NotMergeable(
            f"「{head}」在公海里，「{tail}」有人负责，只能并到「{tail}」。发送「合并 {tail} 和 {head}」。"
        )
