"""When is somebody reminded of what? Pure: no I/O, no clock.

Source: manual 3.6; spec README D3–D5, D23; crm-rules.md 1.11.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot.core.clock import BEIJING
from bot.core.fields import FieldLevel, FieldRights


@dataclass(frozen=True, slots=True)
class ReminderPolicy:
    """Days of each rule. None: off."""

    not_closed_days: int | None = None
    not_followed_days: int | None = None
    contract_expiry_days: int | None = None
    next_follow_up_days: int | None = None


@dataclass(frozen=True, slots=True)
class Reminder:
    """One line of the morning message. `cycle`: what makes it come once (rule + object + base date)."""

    rule: str
    cycle: str
    text: str
    field: tuple[str, str] | None = None  # the form's field whose value the text tells
    bare: str = ""  # the text without it, for who may not see that field

    def text_for(self, fields: FieldRights) -> str:
        """As its receiver may read it."""
        if self.field is None or fields.level(*self.field) not in (FieldLevel.HIDDEN, FieldLevel.MASKED):
            return self.text
        return self.bare


WEEKDAYS = "一二三四五六日"
NUDGE = timedelta(minutes=10)  # before a timed contact


def day_text(day: date, today: date) -> str:
    """今天, 明天, else 7月9日 周三."""
    near = {0: "今天", 1: "明天", 2: "后天"}.get((day - today).days)
    plain = f"{day.month}月{day.day}日 周{WEEKDAYS[day.weekday()]}"
    return f"{near}（{plain}）" if near else plain


def next_follow_up(
    policy: ReminderPolicy, *, name: str, planned: datetime, timed: bool, today: date
) -> Reminder | None:
    """W days before the planned contact, until its day (R3.49); once per planned date."""
    lead, left = policy.next_follow_up_days, (planned.date() - today).days
    if lead is None or not 0 <= left <= lead:
        return None
    clock = f" {planned:%H:%M}" if timed else ""
    return Reminder(
        "next_follow_up", planned.isoformat(), f"「{name}」下次跟进：{day_text(planned.date(), today)}{clock}",
        ("followup", "next_at"), f"「{name}」该跟进了",
    )  # fmt: skip


def not_followed(policy: ReminderPolicy, *, name: str, base: date, today: date) -> Reminder | None:
    """Y days without follow-up; once per silence (R3.47)."""
    days, quiet = policy.not_followed_days, (today - base).days
    if days is None or quiet < days:
        return None
    return Reminder("not_followed", base.isoformat(), f"「{name}」已 {quiet} 天未跟进（规则 {days} 天）")


def not_closed(
    policy: ReminderPolicy, *, name: str, owned_on: date, has_contract: bool, today: date
) -> Reminder | None:
    """X days of ownership without an effective contract; once per ownership (R3.46)."""
    days, owned = policy.not_closed_days, (today - owned_on).days
    if days is None or has_contract or owned < days:
        return None
    return Reminder("not_closed", owned_on.isoformat(), f"「{name}」负责 {owned} 天未成交（规则 {days} 天）")


def contract_expiry(
    policy: ReminderPolicy, *, number: str, customer: str, ends_on: date, today: date
) -> Reminder | None:
    """Z days before a contract ends; once per end date (R3.48)."""
    days, left = policy.contract_expiry_days, (ends_on - today).days
    if days is None or not 0 <= left <= days:
        return None
    when = "今天到期" if left == 0 else f"还有 {left} 天到期（{ends_on.month}月{ends_on.day}日）"
    return Reminder(
        "contract_expiry", ends_on.isoformat(), f"合同 {number}「{customer}」{when}", ("contract", "ends_on"),
        f"合同 {number}「{customer}」快到期了",
    )  # fmt: skip


def payment_due(*, number: str, customer: str, period: int, due_on: date, rest: str, today: date) -> Reminder | None:
    """An instalment on its day, and once more when it is late; `rest`: what is still to come in, in words."""
    late = (today - due_on).days
    if late < 0:
        return None
    what = f"合同 {number}「{customer}」第 {period} 期回款"
    when = f"逾期 {late} 天" if late else "今天到期"
    cycle = f"{period}:{due_on.isoformat()}"
    return Reminder(
        "payment_overdue" if late else "payment_due", cycle, f"{what}{when}，还差 {rest}", ("payment", "amount"),
        f"{what}{when}",
    )  # fmt: skip


def stale(*, name: str, stage: str, days: int, limit: int, base: date) -> Reminder:
    """An opportunity that has neither moved nor been followed up; once per silence (R-OPP-7)."""
    text = f"商机「{name}」在{stage}停滞 {days} 天（{limit} 天没动静就提醒）"
    return Reminder("stale", base.isoformat(), text)


def returns_soon(*, name: str, days_left: int, after_days: int, threshold: int, base: date, of: str = "") -> Reminder:
    """One of the 7/3/1-day warnings before a customer returns to the pool, or (`of`: 线索) a lead to theirs."""
    cycle = f"{base.isoformat()}:{threshold}"
    text = f"{of}「{name}」还有 {days_left} 天返回{of}公海（{after_days} 天未跟进自动返回）"
    return Reminder("returns_soon", cycle, text)


def after_quiet_hours(now: datetime, quiet: tuple[str, str]) -> datetime | None:
    """When a message that is not urgent may leave: None at once, else the end of the quiet hours."""
    start, end = (time.fromisoformat(part) for part in quiet)
    if start == end:
        return None
    clock = now.timetz().replace(tzinfo=None)
    inside = start <= clock < end if start < end else clock >= start or clock < end
    if not inside:
        return None
    day = now.date() if clock < end else now.date() + timedelta(days=1)
    return datetime.combine(day, end, tzinfo=BEIJING)


SECTIONS = (
    ("要联系的客户", ("next_follow_up",)),
    ("将返回公海", ("returns_soon",)),
    ("已返回公海", ("returned",)),
    ("很久没跟进", ("not_followed",)),
    ("停滞的商机", ("stale",)),
    ("一直没成交", ("not_closed",)),
    ("合同快到期", ("contract_expiry",)),
    ("要回的款", ("payment_due", "payment_overdue")),
    ("没有送达的通知", ("undelivered",)),
    ("需要处理", ("owner_left", "sync")),
)


def morning_text(lines: list[tuple[str, str]], today: date, *, limit: int = 20) -> tuple[str, str]:
    """Title and text of one person's morning message from (rule, line) pairs; at most `limit` lines."""
    title = f"今日提醒 {today.month}月{today.day}日 · {len(lines)} 条"
    parts: list[str] = []
    shown = 0
    for heading, rules in SECTIONS:
        mine = [text for rule, text in lines if rule in rules]
        if not mine or shown >= limit:
            continue
        some = mine[: limit - shown]
        shown += len(some)
        parts.append(f"**{heading} {len(mine)}**")
        parts += [f"- {text}" for text in some]
    if shown < len(lines):
        parts.append(f"…还有 {len(lines) - shown} 条，发送「今天」查看。")
    return title, "\n".join(parts)
