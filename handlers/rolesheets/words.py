"""A role table in words: its rows, what changes, and the dry run. Pure."""

from collections.abc import Mapping, Sequence

from bot.core.actor import Permission, permission_name
from handlers.dictionaries.rules import key, some
from handlers.rolesheets.rules import (
    EVERYBODY,
    FUNCTIONS,
    LEVEL,
    LEVELS,
    MEMBERS,
    NONE,
    SCOPE,
    SCOPES,
    Known,
    Plan,
    RoleFacts,
    department_name,
)


def changes_of(had: RoleFacts | None, wanted: RoleFacts, known: Known) -> dict[str, tuple[str, str]]:
    """What it is and what it is to be, by column; only what differs."""
    was = had or RoleFacts(wanted.name)
    changes: dict[str, tuple[str, str]] = {}
    if had is None or was.data_scope != wanted.data_scope:
        changes[SCOPE] = (SCOPES[was.data_scope] if had else "", SCOPES[wanted.data_scope])
    if had is None or was.level != wanted.level:
        changes[LEVEL] = (LEVELS[was.level] if had else "", LEVELS[wanted.level])
    if was.functions != wanted.functions:
        changes[FUNCTIONS] = (functions_text(was.functions), functions_text(wanted.functions))
    if dict(was.members) != dict(wanted.members):
        changes[MEMBERS] = (members_text(was, known), members_text(wanted, known))
    return changes


def functions_text(functions: frozenset[str]) -> str:
    """客户-查看;客户-新增, in the order of the permission table; 无."""
    return ";".join(permission_name(p) for p in Permission if p.value in functions) or NONE


def members_text(role: RoleFacts, known: Known) -> str:
    """李娜;王强（销售一部）."""
    parts = []
    for user_id, served in sorted(role.members.items()):
        where = "、".join(department_name(d, known) for d in sorted(served))
        parts.append(known.people.get(user_id, user_id) + (f"（{where}）" if where else ""))
    return ";".join(parts) or NONE


def rows_of(roles: Sequence[RoleFacts], known: Known) -> list[list[str]]:
    """The table of these roles, which read again changes nothing."""
    names = list(known.people.values())
    rows: list[list[str]] = []
    for role in roles:
        own = [role.name, SCOPES[role.data_scope], LEVELS[role.level], functions_text(role.functions)]
        members = [(u, ids) for u, ids in sorted(role.members.items()) if u in known.people]
        if key(role.name) == key(EVERYBODY):
            rows.append([*own, "", ""])
        elif not members:
            rows.append([*own, NONE, ""])
        for user_id, served in members:
            name = known.people[user_id]
            called = name if names.count(name) == 1 else f"{name}({user_id})"
            rows.append([*own, called, ";".join(department_name(d, known) for d in sorted(served))])
    return rows


def department_names(known: Known) -> list[str]:
    """As a cell may say them."""
    return sorted({department_name(d, known) for d in known.paths})


def plan_text(plan: Plan, known: Known) -> str:
    """The dry run in words: counts, what each role becomes, and the first problems."""
    changed = len(plan.roles) - plan.new
    lines = [f"新增 {plan.new} 个角色 · 修改 {changed} 个 · 不变 {plan.same} 个 · 有问题 {len(plan.broken)} 个"]
    for role in plan.roles[:8]:
        had = known.roles.get(key(role.name))
        lines.append(f"{'修改' if had else '新增'}「{role.name}」：{_short(changes_of(had, role, known))}")
    if len(plan.roles) > 8:
        lines.append(f"…还有 {len(plan.roles) - 8} 个角色")
    lines += [f"第 {p.row} 行「{p.column}」：{p.text}" for p in plan.problems[:8]]
    if len(plan.problems) > 8:
        lines.append(f"…还有 {len(plan.problems) - 8} 处问题，都在发给你的文件里")
    if plan.unused:
        lines.append(f"没用到的列：{some(plan.unused)}")
    return "\n".join(lines)


def _short(changes: Mapping[str, tuple[str, str]]) -> str:
    parts = []
    for column, (was, now) in changes.items():
        if column in (FUNCTIONS, MEMBERS):
            before, after = _items(was), _items(now)
            added, gone = [i for i in after if i not in before], [i for i in before if i not in after]
            moves = ([f"加 {some(added, 4)}"] if added else []) + ([f"去掉 {some(gone, 4)}"] if gone else [])
            parts.append(f"{column}{'、'.join(moves)}")
        else:
            parts.append(f"{column} {was or '（新）'} → {now}")
    return "；".join(parts)


def _items(text: str) -> list[str]:
    return [] if text in ("", NONE) else text.split(";")
