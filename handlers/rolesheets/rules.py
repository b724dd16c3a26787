"""How a table of roles is read, and what it would change. Pure.

One row per role and member; a role's other rows may leave its own columns empty. An empty cell changes nothing,
「无」 empties. Roles that the table does not name stay as they are.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.core.actor import RESOURCES, Permission, permission_name
from bot.core.errors import InvalidInput, RuleBroken
from bot.core.tabular import Sheet, SheetRow
from handlers.dictionaries.rules import key, nearest

ROLE, SCOPE, LEVEL, FUNCTIONS, MEMBERS, DEPARTMENTS = TITLES = (
    "角色", "数据权限", "操作权限", "功能", "成员", "服务部门",
)  # fmt: skip
PROBLEM: Final = "问题"
NONE: Final = "无"
EVERYBODY: Final = "所有用户"
SAMPLE: Final = "示例"
SCOPES: Final = {"self": "本人", "departments": "服务部门", "all": "全部"}
LEVELS: Final = {"normal": "普通", "advanced": "高级"}
_SCOPE_WORDS: Final = {**{v: k for k, v in SCOPES.items()}, "自己": "self", "部门": "departments", "全公司": "all"}
_LEVEL_WORDS: Final = {v: k for k, v in LEVELS.items()}
_PARTS: Final = re.compile(r"[;；、,，\n]+")
_JOINTS: Final = re.compile(r"[-－—–_·:：/\s]+")
_WITH_ID: Final = re.compile(r"^(.*?)[(（]([^()（）]+)[)）]$")
_NAME_LENGTH: Final = 30


class NotARoleSheet(InvalidInput, code="rolesheets.header"):
    """The table has not the columns of the template."""


class PlanChanged(RuleBroken, code="rolesheets.changed"):
    """The roles changed since the table was checked: look again before it is imported."""


class NothingToImport(RuleBroken, code="rolesheets.nothing"):
    """Imported already, or everything is as the table says."""


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """A role. `members`: user id → served departments."""

    name: str
    data_scope: str = "self"
    level: str = "normal"
    functions: frozenset[str] = frozenset()
    members: Mapping[str, frozenset[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """What the table is read against."""

    roles: Mapping[str, RoleFacts]  # by folded name
    people: Mapping[str, str]  # active: user id → name
    paths: Mapping[int, str]  # department → 销售部/销售一部


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong, by the row's number in the file."""

    row: int
    column: str
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do. `roles`: new or changed ones, without those that have a problem."""

    roles: tuple[RoleFacts, ...] = ()
    new: int = 0
    same: int = 0
    problems: tuple[Problem, ...] = ()
    broken: tuple[str, ...] = ()  # roles with a problem
    unused: tuple[str, ...] = ()  # columns nobody knows


@dataclass(slots=True)
class _Draft:
    """A role as its rows say it so far. None: they say nothing."""

    name: str
    first_row: int
    scope: str | None = None
    level: str | None = None
    functions: set[str] | None = None
    members: dict[str, set[int]] | None = None
    cleared: bool = False
    broken: bool = False
    said: dict[str, tuple[int, str]] = field(default_factory=dict)  # column → row and words that said it first


def is_role_sheet(sheet: Sheet) -> bool:
    """By its header."""
    return sheet.has(ROLE) and sum(sheet.has(t) for t in (SCOPE, LEVEL, FUNCTIONS, MEMBERS)) >= 2


def read_plan(sheet: Sheet, known: Known) -> Plan:
    """Raises NotARoleSheet; everything else that is wrong is a problem of its row."""
    columns = {title: sheet.column(title) for title in TITLES}
    if columns[ROLE] is None:
        raise NotARoleSheet("表格第一行没有「角色」这一列。发送「角色导入模板」拿到模板，填好再发给我。")
    drafts: dict[str, _Draft] = {}
    problems: list[Problem] = []
    current: _Draft | None = None
    for row in sheet.rows:
        cells = {title: row.cell(index) for title, index in columns.items()}
        if not any(cells.values()) or cells[ROLE].startswith(SAMPLE):
            continue
        current = _role_of(row, cells[ROLE], current, drafts, problems)
        if current is not None:
            found = [Problem(row.number, column, text) for column, text in _read_row(row.number, cells, current, known)]
            current.broken = current.broken or bool(found)
            problems += found
    roles, new, same = [], 0, 0
    for folded, draft in drafts.items():
        if draft.broken:
            continue
        had = known.roles.get(folded)
        wanted = _settled(draft, had, known)
        if had is not None and _equal(had, wanted):
            same += 1
            continue
        new += had is None
        roles.append(wanted)
    broken = tuple(d.name for d in drafts.values() if d.broken)
    wanted_titles = {key(t) for t in (*TITLES, PROBLEM)}
    unused = tuple(t for t in sheet.header if t and key(t.rstrip("*＊").replace(" ", "")) not in wanted_titles)
    return Plan(tuple(roles), new, same, tuple(problems), broken, unused)


def _role_of(
    row: SheetRow, name: str, current: _Draft | None, drafts: dict[str, _Draft], problems: list[Problem]
) -> _Draft | None:
    if not name:
        if current is None:
            problems.append(Problem(row.number, ROLE, "没有写角色名称"))
        return current
    if len(name) > _NAME_LENGTH:
        problems.append(Problem(row.number, ROLE, f"角色名称最多 {_NAME_LENGTH} 个字，这里有 {len(name)} 个"))
        return None
    return drafts.setdefault(key(name), _Draft(name, row.number))


def _read_row(number: int, cells: Mapping[str, str], draft: _Draft, known: Known) -> list[tuple[str, str]]:
    """(column, sentence) of what is wrong; the rest goes into the draft."""
    wrong: list[tuple[str, str]] = []
    for column, words in ((SCOPE, _SCOPE_WORDS), (LEVEL, _LEVEL_WORDS)):
        text = cells[column]
        if not text:
            continue
        if text not in words:
            allowed = "、".join((SCOPES if column == SCOPE else LEVELS).values())
            wrong.append((column, f"「{text}」不是{column}，可以填：{allowed}"))
        elif not _first_word(draft, column, number, text, wrong):
            continue
        elif column == SCOPE:
            draft.scope = words[text]
        else:
            draft.level = words[text]
    if cells[FUNCTIONS] and _first_word(draft, FUNCTIONS, number, cells[FUNCTIONS], wrong):
        draft.functions = _functions(cells[FUNCTIONS], wrong)
    _read_members(cells, draft, known, wrong)
    return wrong


def _first_word(draft: _Draft, column: str, number: int, text: str, wrong: list[tuple[str, str]]) -> bool:
    """Whether this row is the first of its role to say so; another that says otherwise is wrong."""
    row, said = draft.said.setdefault(column, (number, text))
    if row != number and set(_PARTS.split(said)) != set(_PARTS.split(text)):
        wrong.append((column, f"和第 {row} 行写的不一样（同一个角色只能有一种{column}）"))
    return row == number


def _functions(text: str, wrong: list[tuple[str, str]]) -> set[str]:
    if text == NONE:
        return set()
    names = {_JOINTS.sub("", permission_name(p)): p for p in Permission}
    found: set[str] = set()
    for part in filter(None, (p.strip() for p in _PARTS.split(text))):
        spelled = _JOINTS.sub("", part)
        resource = next((r for r, label in RESOURCES.items() if spelled in (f"{label}全部", f"{label}所有")), None)
        if resource is not None:
            found |= {p.value for p in Permission if p.value.startswith(f"{resource}:")}
        elif spelled in names:
            found.add(names[spelled].value)
        elif part in set(Permission):
            found.add(part)
        else:
            near = nearest(spelled, list(names))
            hint = f"，是不是「{permission_name(names[near])}」" if near else ""
            wrong.append((FUNCTIONS, f"没有「{part}」这个功能{hint}"))
    return found


def _read_members(cells: Mapping[str, str], draft: _Draft, known: Known, wrong: list[tuple[str, str]]) -> None:
    text, served = cells[MEMBERS], cells[DEPARTMENTS]
    if key(draft.name) == key(EVERYBODY):
        if text not in ("", NONE) or served not in ("", NONE):
            wrong.append((MEMBERS, f"「{EVERYBODY}」自动包含所有人，不能填成员和服务部门"))
        return
    if not text:
        if served not in ("", NONE):
            wrong.append((DEPARTMENTS, "服务部门要和成员写在同一行"))
        return
    if draft.members is None:
        draft.members = {}
    if text == NONE:
        return
    departments = _departments(served, known, wrong)
    for part in filter(None, (p.strip() for p in _PARTS.split(text))):
        user_id = _person(part, known, wrong)
        if user_id:
            draft.members.setdefault(user_id, set()).update(departments)


def _person(part: str, known: Known, wrong: list[tuple[str, str]]) -> str:
    with_id = _WITH_ID.match(part)
    if with_id and (user_id := unicodedata.normalize("NFKC", with_id[2]).strip()) in known.people:
        return user_id
    if part in known.people:
        return part
    hits = [user_id for user_id, name in known.people.items() if name == part]
    if len(hits) == 1:
        return hits[0]
    if hits:
        some_of_them = "、".join(f"{part}({h})" for h in hits[:5])
        wrong.append((MEMBERS, f"有好几位「{part}」，请写成：{some_of_them}"))
        return ""
    near = nearest(part, sorted(set(known.people.values())))
    hint = f"，是不是「{near}」" if near else ""
    wrong.append((MEMBERS, f"没有叫「{part}」的在职同事{hint}"))
    return ""


def _departments(text: str, known: Known, wrong: list[tuple[str, str]]) -> set[int]:
    found: set[int] = set()
    if text in ("", NONE):
        return found
    for part in filter(None, (p.strip() for p in _PARTS.split(text))):
        with_id = _WITH_ID.match(part)
        if with_id and with_id[2].strip().isdecimal() and int(with_id[2]) in known.paths:
            found.add(int(with_id[2]))
            continue
        hits = [i for i, path in known.paths.items() if part == path]
        hits = hits or [i for i, path in known.paths.items() if path.rpartition("/")[2] == part]
        if len(hits) == 1:
            found.add(hits[0])
        elif hits:
            ways = "、".join(department_name(i, known) for i in hits[:5])
            wrong.append((DEPARTMENTS, f"有好几个「{part}」，请写成：{ways}"))
        else:
            near = nearest(part, [p.rpartition("/")[2] for p in known.paths.values()])
            hint = f"，是不是「{near}」" if near else ""
            wrong.append((DEPARTMENTS, f"没有「{part}」这个部门{hint}"))
    return found


def department_name(department_id: int, known: Known) -> str:
    """As a cell may say it: by its path where others are called the same, by its id where that is no help."""
    path = known.paths.get(department_id, str(department_id))
    name = path.rpartition("/")[2]
    same_path = sum(p == path for p in known.paths.values())
    same_name = sum(p.rpartition("/")[2] == name for p in known.paths.values())
    if same_path > 1:
        return f"{name}({department_id})"
    return name if same_name == 1 else path


def _settled(draft: _Draft, had: RoleFacts | None, known: Known) -> RoleFacts:
    base = had or RoleFacts(draft.name)
    members: dict[str, frozenset[int]] = dict(base.members)
    if draft.members is not None:
        departed = {user: served for user, served in base.members.items() if user not in known.people}
        members = {**departed, **{user: frozenset(ids) for user, ids in draft.members.items()}}
    return RoleFacts(
        base.name, draft.scope or base.data_scope, draft.level or base.level,
        base.functions if draft.functions is None else frozenset(draft.functions), members,
    )  # fmt: skip


def _equal(one: RoleFacts, other: RoleFacts) -> bool:
    return (one.data_scope, one.level, one.functions, dict(one.members)) == (
        other.data_scope, other.level, other.functions, dict(other.members)
    )  # fmt: skip
