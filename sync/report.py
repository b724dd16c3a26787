"""What a sync says of itself, in Chinese, with figures that add up (R-SYNC-7)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bot.core.errors import RuleBroken
from bot.dingtalk.errors import (
    Banned,
    Busy,
    DingTalkError,
    IpNotAllowed,
    NotInScope,
    PermissionMissing,
    QuotaExhausted,
    Throttled,
    TokenExpired,
    Unreachable,
    WrongCredentials,
)
from sync.diff import OrgDiff
from sync.snapshot import Problem, What

Status = Literal["ok", "partial", "waiting", "failed"]
SHOWN = 5  # names, or sentences, in one message

_REASONS: tuple[tuple[type[DingTalkError], str], ...] = (
    (WrongCredentials, "钉钉不认应用的凭证，请检查 Client ID 和 Client Secret"),
    (TokenExpired, "钉钉不认应用的凭证，请检查 Client ID 和 Client Secret"),
    (IpNotAllowed, "本机的出口 IP 不在应用的白名单里"),
    (QuotaExhausted, "本月的钉钉接口调用次数用完了"),
    (NotInScope, "不在应用的通讯录权限范围里"),
    (Banned, "钉钉暂时封了本机的 IP，过几分钟再试"),
    (Throttled, "调用太快，被钉钉限流"),
    (Busy, "钉钉系统繁忙"),
    (Unreachable, "连不上钉钉"),
)
_SAYINGS: dict[What, tuple[str, str]] = {
    "scope": ("", "没有读到任何部门和人员"),
    "department": ("个部门", "的名称没有读到"),
    "children": ("个部门", "的下级部门没有读到"),
    "members": ("个部门", "的人员没有读到"),
    "parents": ("个部门", "的上级部门没有读到"),
    "person": ("人", "没有读到"),
    "manager": ("人", "的直属主管没有读到"),
    "hidden": ("人", "读不到，没有当作离职"),
    "unverified": ("人", "不在名单里，也没能核实是不是离职，先保留"),
}


class SyncRunning(RuleBroken, code="sync.running"):
    """One sync at a time."""


@dataclass(frozen=True, slots=True)
class SyncResult:
    """One full sync. `counts` add up: people = added + rejoined + moved + changed + unchanged."""

    status: Status
    counts: Mapping[str, int]
    problems: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()  # user ids whose removal waits for an administrator's word
    waiting_names: tuple[str, ...] = ()
    active: int = 0  # employed before this sync
    diff: OrgDiff = field(default_factory=OrgDiff)
    run_id: int = 0
    rejected: bool = False  # DingTalk does not accept the credentials
    notes: tuple[str, ...] = ()  # what an administrator may want to put right in DingTalk; nothing is missing

    @property
    def returned(self) -> set[str]:
        """Who had left and works here again, under the same userid. Their former roles are not restored here."""
        return set(self.diff.returned)

    @property
    def left(self) -> tuple[str, ...]:
        """Who was found to have left."""
        return self.diff.left


def reason_of(failure: DingTalkError) -> str:
    """Why, for an administrator."""
    if isinstance(failure, PermissionMissing):
        scopes = "、".join(failure.required_scopes)
        return f"应用缺少接口权限{f'（{scopes}）' if scopes else ''}，请在开发者后台的「权限管理」里申请"
    for kind, text in _REASONS:
        if isinstance(failure, kind):
            return text
    return f"钉钉返回错误 {failure.code}" if failure.code else "钉钉的回答读不懂"


def sentences(problems: Iterable[Problem], names: Mapping[int | str, str]) -> tuple[str, ...]:
    """One sentence for each kind of problem and reason, with the first names."""
    groups: dict[tuple[What, str], list[int | str]] = {}
    for problem in problems:
        groups.setdefault((problem.what, problem.reason), []).append(problem.subject)
    return tuple(_sentence(what, reason, subjects, names) for (what, reason), subjects in groups.items())


def _sentence(what: What, reason: str, subjects: Sequence[int | str], names: Mapping[int | str, str]) -> str:
    unit, saying = _SAYINGS[what]
    if not unit:
        return f"{saying}：{reason}。"
    shown = "".join(f"「{names.get(one) or one}」" for one in subjects[:SHOWN])
    more = f"等 {len(subjects)} {unit}" if len(subjects) > SHOWN else ""
    return f"{shown}{more}{saying}：{reason}。"


def describe(result: SyncResult) -> str:
    """The message to whoever asked, or to the administrators."""
    if result.status == "failed":
        return "同步没有成功，组织保持原样。" + "".join(result.problems[:SHOWN])
    figures = _figures(result.counts)
    if result.status == "ok":
        return "\n".join([f"同步完成：{figures}", *(f"- {note}" for note in result.notes[:SHOWN])])
    lines: list[str] = []
    if result.status == "waiting":
        lines.append(_guard(result))
        lines.append(f"其余变化已经同步：{figures}")
    else:
        lines.append(f"同步部分完成：{figures}")
    lines += [f"- {sentence}" for sentence in result.problems[:SHOWN]]
    if len(result.problems) > SHOWN:
        lines.append(f"…还有 {len(result.problems) - SHOWN} 条")
    lines += [f"- {note}" for note in result.notes[:SHOWN]]
    if result.counts.get("incomplete"):
        lines.append("没有读全，所以这次谁也没有停用。")
    return "\n".join(lines)


def _figures(counts: Mapping[str, int]) -> str:
    parts = [f"新增 {counts['added']}", f"更新 {counts['changed']}", f"转部门 {counts['moved']}"]
    if counts["rejoined"]:
        parts.append(f"重新入职 {counts['rejoined']}")
    parts.append(f"离职 {counts['left']}")
    return f"部门 {counts['departments']} 个，人员 {counts['people']} 人（{' · '.join(parts)}）"


def conflicts(groups: Iterable[Sequence[str]], names: Mapping[int | str, str]) -> tuple[str, ...]:
    """One sentence for each group of userids that share a unionId."""
    return tuple(
        "、".join(f"「{names.get(one) or one}」（{one}）" for one in group)
        + "在钉钉里是同一个账号（unionId 相同），先按两个人保留，请在钉钉通讯录里停用多余的那个。"
        for group in groups
    )


def _guard(result: SyncResult) -> str:
    count = len(result.waiting)
    if count:
        share = round(100 * count / max(1, result.active))
        names = "、".join(result.waiting_names[:SHOWN])
        more = "等" if len(result.waiting_names) > SHOWN else ""
        what = f"这次会停用 {count} 人（{share}%），超过安全线，没有执行：{names}{more}。"
    else:
        what = f"这次一个下级部门也没有读到，{result.counts.get('departments_waiting', 0)} 个部门先保留，没有执行。"
    return what + "可能是通讯录权限范围变小了，请核对：确实如此请发送「确认停用」，不对请发送「不停用」。"
