"""What makes a follow-up valid. Pure. Source: crm-rules.md 1.15 (R-FU-1, R-FU-3), invariants 95–97."""

from datetime import datetime, timedelta

from bot.core.errors import RuleBroken

BACK = timedelta(days=30)  # how far back one may be dated
LONGEST = 2000  # characters


class BadFollowUp(RuleBroken, code="followups.bad"):
    """The content, its time or the next time cannot be."""


def check_follow_up(content: str, *, at: datetime, next_at: datetime | None, next_timed: bool, now: datetime) -> None:
    """Content is required; the time lies within the last 30 days; the next one in the future."""
    if not content.strip():
        raise BadFollowUp("想记什么？直接发内容就行，例如：对方要 8 折，下周三再聊。")
    if len(content) > LONGEST:
        raise BadFollowUp(f"内容太长了（{len(content)} 字），请分成几条，每条不超过 {LONGEST} 字。")
    if at > now + timedelta(minutes=1):
        raise BadFollowUp("跟进时间不能晚于现在。要约以后的联系，请写「下次 时间」。")
    if at < now - BACK:
        raise BadFollowUp("跟进时间最多补记 30 天以内的。")
    if next_at is not None:
        too_early = next_at <= now if next_timed else next_at.date() < now.date()
        if too_early:
            raise BadFollowUp("下次跟进的时间已经过去了，请换一个以后的时间。")
