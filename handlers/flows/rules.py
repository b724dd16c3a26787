"""What a flow's nodes ask for, who may decide, and what each refusal says. Pure: no I/O, no clock.

Source: manual 3.8; spec README D6, D8, D10, D13, D21; crm-rules.md 1.20 (R-APP-1..18).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from bot.core.errors import InvalidInput, RuleBroken

LONGEST: Final = 200  # characters of a comment
URGES_A_DAY: Final = 5  # R-APP-10
OPEN, WAITING = "open", "waiting"
STATES: Final = {"running": "进行中", "approved": "已同意", "rejected": "未同意", "cancelled": "已取消"}
TASK_STATES: Final = {
    "agreed": "同意", "refused": "不同意", "returned": "退回", "transferred": "转交", "superseded": "由他人处理",
    "cancelled": "已取消", "submitted": "重新提交",
}  # fmt: skip
DECIDE, REVISE = "decide", "revise"  # kinds of tasks
ADMINISTRATORS: Final = "找不到参与者，转管理员"


class FlowRefused(RuleBroken, code="flows.refused"):
    """This cannot be done with the application as it stands; the text says why and what can."""


class AlreadyDone(RuleBroken, code="flows.done"):
    """Somebody was first, or the application is finished; the text says who, what and when. Nothing has changed."""


class ContentChanged(RuleBroken, code="flows.changed"):
    """What is applied for is not what the decider was shown; the text says what has changed of what he may see."""


class NobodyDecides(RuleBroken, code="flows.nobody"):
    """A node would have nobody, not even an administrator, who is not the applicant."""


class ConfirmFirst(RuleBroken, code="flows.confirm"):
    """The sum is above what one tap may decide (D24)."""


@dataclass(frozen=True, slots=True)
class Condition:
    """`field` `op` `value`: amounts as numbers, all else as text without spaces; `~`, `!~`: begins so, or not."""

    field: str
    op: str
    value: str

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Of a field the form has no value of, only `!=` and `!~` hold."""
        found = values.get(self.field)
        if found is None:
            return self.op.startswith("!")
        if isinstance(found, Decimal):
            return _compare(found, self.op, Decimal(self.value))
        left, right = ("".join(text.split()) for text in (str(found), self.value))
        if self.op.endswith("~"):
            return left.startswith(right) == (self.op == "~")
        return _compare(left, self.op, right)


def _compare(left: Any, op: str, right: Any) -> bool:
    match op:
        case ">=":
            return bool(left >= right)
        case "<=":
            return bool(left <= right)
        case ">":
            return bool(left > right)
        case "<":
            return bool(left < right)
        case "=":
            return bool(left == right)
        case _:
            return bool(left != right)


@dataclass(frozen=True, slots=True)
class Step:
    """A node as one version of a flow has it. What is not in `visible` is hidden: also fields that come later."""

    name: str
    roles: tuple[tuple[int, str], ...] = ()  # id and name: a role renamed is the same role
    users: tuple[str, ...] = ()
    superiors: tuple[str, ...] = ()
    mode: str = "any"
    conditions: tuple[Condition, ...] = ()
    visible: tuple[str, ...] = ()
    copy_roles: tuple[tuple[int, str], ...] = ()
    copy_users: tuple[str, ...] = ()
    copy_superiors: tuple[str, ...] = ()
    deadline_hours: int | None = None
    editable: tuple[str, ...] = ()  # all of them visible

    def row(self) -> dict[str, Any]:
        """JSON."""
        row = asdict(self)
        row["roles"], row["copy_roles"] = ([list(r) for r in pairs] for pairs in (self.roles, self.copy_roles))
        return {k: list(v) if isinstance(v, tuple) else v for k, v in row.items()}

    def applies(self, values: Mapping[str, Any]) -> bool:
        """Whether an application of these values comes by."""
        return all(condition.holds(values) for condition in self.conditions)


def step_of(row: Mapping[str, Any]) -> Step:
    """From a version's JSON."""
    known: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in row.items() if k in Step.__dataclass_fields__
    }
    for name in ("roles", "copy_roles"):
        known[name] = tuple((int(i), str(n)) for i, n in known.get(name, ()))
    known["conditions"] = tuple(Condition(**c) for c in known.get("conditions", ()))
    return Step(**known)


def next_node(steps: Sequence[Step], values: Mapping[str, Any], after: int) -> int | None:
    """The first node behind `after` the application comes by; None: there is none."""
    return next((i for i in range(after + 1, len(steps)) if steps[i].applies(values)), None)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who gets a task, and for whom."""

    user_id: str
    for_user_id: str | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who decides at a node. `why`: empty, or why it is the administrators."""

    holders: tuple[Holder, ...]
    why: str = ""


def choose(
    candidates: Sequence[str],
    administrators: Sequence[str],
    *,
    starter_id: str,
    able: Collection[str],
    delegates: Mapping[str, str],
) -> Chosen | None:
    """The candidates who are `able` (employed, in the usage scope), never the applicant; else the administrators (D10).

    `delegates`: who decides for whom just now; a delegate who is not able, or is the applicant, is passed over.
    None: not even an administrator is there.
    """
    fit = [user for user in candidates if user in able and user != starter_id]
    holders = _deputised(fit, starter_id=starter_id, able=able, delegates=delegates)
    if holders:
        return Chosen(holders)
    fit = [user for user in administrators if user in able and user != starter_id]
    if not fit:
        return None
    gone = [user for user in candidates if user not in able]
    why = ADMINISTRATORS
    if starter_id in candidates:
        why += "（申请人不能处理自己的申请）"
    elif gone:
        why += "（参与者已离职或不在使用范围）"
    return Chosen(tuple(Holder(user) for user in dict.fromkeys(fit)), why)


def _deputised(
    users: Sequence[str], *, starter_id: str, able: Collection[str], delegates: Mapping[str, str]
) -> tuple[Holder, ...]:
    found: dict[str, Holder] = {}
    direct = set(users) - set(delegates)
    for user in users:
        deputy = delegates.get(user)
        if deputy is None or deputy not in able or deputy == starter_id:
            found[user] = Holder(user)
        elif deputy not in direct:
            found.setdefault(deputy, Holder(deputy, user))
    return tuple(found.values())


def check_comment(comment: str, what: str, *, needed: bool) -> str:
    """Raises InvalidInput."""
    comment = comment.strip()
    if needed and not comment:
        raise InvalidInput(f"{what}要写原因，例如「抬头有误」。")
    if len(comment) > LONGEST:
        raise InvalidInput(f"最多写 {LONGEST} 字，请写短一些。")
    return comment


def check_receiver(
    user_id: str, name: str, *, starter_id: str, actor_id: str, able: bool, holding: bool, what: str, known: bool = True
) -> None:
    """Whether somebody may be given a task: never the applicant, nobody who has left. Raises FlowRefused.

    `known`: whether the actor may know who has applied; else the refusal does not tell an applicant from who has left.
    """
    if not known and (user_id == starter_id or not able):
        raise FlowRefused(f"不能{what}给这位同事，请换一位。")
    if user_id == starter_id:
        raise FlowRefused(f"{name} 是申请人，不能处理自己的申请，请换一位。")
    if user_id == actor_id:
        raise FlowRefused(f"不能{what}给自己，请换一位同事。")
    if not able:
        raise FlowRefused(f"{name} 已离职或不在使用范围里，请换一位。")
    if holding:
        raise FlowRefused(f"{name} 已经在这一步的处理人里了，请换一位。")


def starts_anew(
    changed: Collection[str], steps: Sequence[Step], *, amount_up: bool, agreed: bool, at_first: bool
) -> bool:
    """Whether a change at a node sends the application back to its first one (R-APP-11, R-INV-1).

    So it is with a higher sum, and with a field some node's condition looks at: those before decided something else.
    """
    asked = {c.field for step in steps for c in step.conditions}
    return (agreed or not at_first) and (amount_up or not asked.isdisjoint(changed))


def changes_text(changes: Sequence[Sequence[str]], labels: Mapping[str, str], visible: Collection[str]) -> str:
    """备注 加急 → 不急; what the reader may not see is not named."""
    shown = [(labels.get(f, f), a or "（空）", b or "（空）") for f, a, b in changes if f in visible]
    return "，".join(f"{label} {a} → {b}" for label, a, b in shown)


def urge_refusal(
    number: str, *, last: datetime | None, count_today: int, now: datetime, gap_minutes: int, waiting: str
) -> str:
    """Why no reminder is sent now; empty: it is."""
    if last is not None and now < last + timedelta(minutes=gap_minutes):
        ago = int((now - last).total_seconds() // 60)
        again = max(1, gap_minutes - ago)
        when = f"{ago} 分钟前" if ago else "刚刚"
        return f"{when}催过 {number}（等 {waiting}），{again} 分钟后可以再催。"
    if count_today >= URGES_A_DAY:
        return f"{number} 今天已经催过 {count_today} 次，明天再催；急的话直接联系 {waiting}。"
    return ""


def span(seconds: float) -> str:
    """3 小时 5 分, 2 天 1 小时, 不到 1 分钟."""
    minutes = int(seconds // 60)
    if minutes < 1:
        return "不到 1 分钟"
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    if days:
        return f"{days} 天 {hours} 小时" if hours else f"{days} 天"
    if hours:
        return f"{hours} 小时 {minutes} 分" if minutes else f"{hours} 小时"
    return f"{minutes} 分钟"
