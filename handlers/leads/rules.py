"""What may be done with a lead. Pure. Source: crm-rules.md 1.12, R-LEAD-1 to R-LEAD-5; requirements R4.06."""

from typing import Final

from bot.core.errors import InvalidInput, RuleBroken

EXAMPLE: Final = "新建线索 杭州远航贸易 陈强 13812345678 展会"
STATES: Final = {
    "new": "新线索", "following": "跟进中", "interested": "有意向", "converted": "已转客户", "invalid": "无效",
}  # fmt: skip
STATE_WORDS: Final = {
    "新": "new", "新线索": "new", "未跟进": "new", "没跟进": "new", "跟进中": "following", "有意向": "interested",
    "意向": "interested", "已转客户": "converted", "已转": "converted", "已转换": "converted", "无效": "invalid",
}  # fmt: skip
ALL_WORDS: Final = ("全部", "所有")
REASONS: Final = ("空号", "无需求", "重复", "其他")
MOVES: Final = {  # state → where it may go
    "new": ("following", "interested", "converted", "invalid"),
    "following": ("interested", "converted", "invalid"),
    "interested": ("following", "converted", "invalid"),
    "invalid": ("following",),
    "converted": (),
}  # fmt: skip
POOL: Final = "线索公海"  # as audit lines say whose it is
LONGEST: Final = 80


class Over(RuleBroken, code="leads.over"):
    """It is converted or invalid: nothing of it changes."""


class NotYours(RuleBroken, code="leads.not_yours"):
    """One may see it but not change it."""


class DuplicateLead(RuleBroken, code="leads.duplicate"):
    """A live lead of that company and number is there."""


class ChangedSince(RuleBroken, code="leads.changed"):
    """Somebody has changed it after what would be taken back."""


class ReasonMissing(InvalidInput, code="leads.reason_missing"):
    """Invalid needs a reason (R-LEAD-4)."""


def check_company(company: str) -> str:
    """Raises InvalidInput."""
    if not 2 <= len(company) <= LONGEST:
        raise InvalidInput(f"线索的公司名称要 2 到 {LONGEST} 个字，例如「{EXAMPLE}」。")
    return company


def check_move(company: str, was: str, now: str) -> None:
    """Raises Over, InvalidInput."""
    if now == "converted" and now in MOVES[was]:  # of which a customer comes: `converting`
        raise InvalidInput(f"线索「{company}」要转成客户，请发送「转客户 {company}」。")
    if now in MOVES[was]:
        return
    if was == now:
        raise InvalidInput(f"线索「{company}」已经是{STATES[now]}了。")
    check_open(company, was)
    raise InvalidInput(f"线索「{company}」是{STATES[was]}，不能改成{STATES[now]}。")


def check_open(company: str, state: str) -> None:
    """Raises Over."""
    if state == "converted":
        raise Over(f"线索「{company}」已经转成客户，不能再改。发送「查线索 {company}」看转成了哪家。")
    if state == "invalid":
        raise Over(f"线索「{company}」已标为无效，先发送「恢复线索 {company}」。")


def check_reason(company: str, reason: str, *, returned: bool = False) -> str:
    """Why it is invalid, or goes to the pool. Raises ReasonMissing."""
    if not reason.strip():
        what, how = ("退回", f"退回线索 {company} 联系不上") if returned else ("无效", f"线索无效 {company} 空号")
        raise ReasonMissing(f"「{company}」为什么{what}？例如「{how}」。")
    return reason.strip()[:200]


def check_may_change(
    *, owner_id: str | None, actor_id: str, may_edit: bool, company: str, owner: str, pooled: bool = False
) -> None:
    """One's own always; others' in scope with 编辑; the pool's (`pooled`) only after claiming. Raises NotYours."""
    if pooled:
        raise NotYours(f"线索「{company}」在线索公海里，先发送「领取线索 {company}」再跟。")
    if owner_id != actor_id and not may_edit:
        whose = f"由 {owner} 负责" if owner else "还没有负责人"
        raise NotYours(f"线索「{company}」{whose}，你只能查看。")
