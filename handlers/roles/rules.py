"""What may become of a role, and what a change is called. Pure: no I/O, no clock.

Source: manual 2.3; crm-rules.md 1.4 (R-PERM-1..8); spec README D11, D12.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from bot.core.actor import ACTIONS, RESOURCES, Permission, permission_name
from bot.core.errors import InvalidInput, RuleBroken
from bot.core.fields import LEVEL_NAMES as FIELD_LEVELS
from bot.core.fields import Field, FieldLevel
from bot.core.forms import FORMS, FormField, Forms, field_of, form_label
from bot.core.roles import ADVANCED_ACTIONS, EVERYBODY, LEVEL_NAMES, SCOPE_NAMES, RoleSheet, is_advanced
from bot.language.commands import closest

LONGEST = 20  # characters of a name: it stands on buttons
RESERVED = ("查看", "添加", "移除", "设为")  # words of the sentences themselves
SPLIT = re.compile(r"[、,，;；\s]+|和(?=\S)")
MASKABLE = ("text", "choice", "phone")  # kinds of fields of which an outline can be shown
SCOPE_WORDS = {
    "本人": "self", "自己": "self", "服务部门": "departments", "部门": "departments", "全部": "all", "所有": "all",
    "全公司": "all",
}  # fmt: skip
LEVEL_WORDS = {"普通": "normal", "高级": "advanced"}
FIELD_WORDS = {
    "隐藏": FieldLevel.HIDDEN, "不可见": FieldLevel.HIDDEN, "脱敏": FieldLevel.MASKED, "打码": FieldLevel.MASKED,
    "只读": FieldLevel.READ, "可见": FieldLevel.READ, "可写": FieldLevel.WRITE, "读写": FieldLevel.WRITE,
    "可编辑": FieldLevel.WRITE,
}  # fmt: skip
ACTION_WORDS = {
    **{v: k for k, v in ACTIONS.items()},
    "批量导入": "import",
    "新建": "add",
    "添加": "add",
    "修改": "edit",
}
NAMES = {permission_name(p): p.value for p in Permission}


class RoleRefused(RuleBroken, code="roles.refused"):
    """A role cannot be made so; the text says why and what can be done."""


class Unchanged(RuleBroken, code="roles.unchanged"):
    """It is so already."""


def name_key(name: str) -> str:
    """Trimmed, width- and case-folded: equal keys are one name (R-PERM-7)."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def check_name(name: str) -> str:
    """The name as it is stored. Raises InvalidInput, RoleRefused."""
    clean = " ".join(name.split())
    if not clean:
        raise InvalidInput("角色叫什么？例如「新建角色 销售助理」。")
    if name_key(clean) == name_key(EVERYBODY):
        raise RoleRefused(f"「{EVERYBODY}」是内置角色，公司所有人都在里面，不能再建同名的，请换一个名称。")
    if len(clean) > LONGEST:
        raise RoleRefused(f"角色名称最多 {LONGEST} 个字，这个有 {len(clean)} 个，请短一些。")
    if clean in RESERVED:
        raise RoleRefused(f"「{clean}」是这里的指令用词，做角色名会分不清，请换一个名称。")
    return clean


def taken(name: str) -> RoleRefused:
    """Another role has the name."""
    return RoleRefused(f"已经有「{name}」这个角色了（名称不能重复，不分大小写和全半角）。发送「角色 {name}」看看。")


def check_not_built_in(role: RoleSheet, what: str) -> None:
    """所有用户 cannot be renamed, emptied or deleted (R2.35)."""
    if role.built_in:
        raise RoleRefused(
            f"「{EVERYBODY}」是内置角色，公司在职的人都在里面，不能{what}。"
            f"它的功能、数据权限可以改，例如「角色 {EVERYBODY} 添加功能 公海-查看」。"
        )


def split(words: str) -> list[str]:
    """张三、李四 和 王五."""
    return [part.lstrip("@") for part in SPLIT.split(words.strip()) if part.strip("@ ") not in ("", "和")]


# -- functions --------------------------------------------------------------------------------------


def read_functions(words: str) -> frozenset[str]:
    """公海-领取、客户-全部 → function names.

    Raises:
        InvalidInput: one that there is not; offers the nearest.
    """
    parts = split(words)
    if not parts:
        raise InvalidInput("哪些功能？例如「公海-领取」「客户-全部」，可以一次写好几个，用顿号隔开。")
    found: set[str] = set()
    for part in parts:
        found |= _functions_of(part)
    return frozenset(found)


def _functions_of(part: str) -> set[str]:
    text = re.sub(r"[-－—–_·:：/]", "-", unicodedata.normalize("NFKC", part))
    plain = text.replace("-", "")
    if plain in ("全部", "所有", "全部功能", "所有功能"):
        return {p.value for p in Permission}
    for name, function in NAMES.items():
        if text == name or plain == name.replace("-", "") or text == function.replace(":", "-"):
            return {function}
    for resource, label in sorted(RESOURCES.items(), key=lambda pair: -len(pair[1])):
        if not plain.startswith(label):
            continue
        action = plain[len(label) :]
        if action in ("全部", "所有", ""):
            return {p.value for p in Permission if p.value.startswith(f"{resource}:")}
        named = f"{resource}:{ACTION_WORDS.get(action, '')}"
        if named in NAMES.values():
            return {named}
        near = closest(action, actions_of(resource))
        hint = f"你是想说「{label}-{near[0]}」？" if near else ""
        offered = "、".join(actions_of(resource))
        raise InvalidInput(f"{label}没有「{action}」这个功能。{hint}{label}有：{offered}，或「{label}-全部」。")
    near = closest(text, NAMES) or [name for name in NAMES if any(ch in name for ch in plain)]
    hint = f"你是想说 {'、'.join(near[:3])}？" if near else f"有这些：{'、'.join(RESOURCES.values())}。"
    raise InvalidInput(f"没有「{part}」这个功能。{hint}写法是「公海-领取」或「客户-全部」。")


def actions_of(resource: str) -> list[str]:
    """查看, 新增 … of one form, as people read them."""
    return [ACTIONS[p.value.partition(":")[2]] for p in Permission if p.value.startswith(f"{resource}:")]


def function_lines(functions: Collection[str]) -> list[tuple[str, str]]:
    """(客户, 查看 新增) by form, in the order of the forms' names in the contract."""
    lines = []
    for resource, label in RESOURCES.items():
        mine = [p.value for p in Permission if p.value.startswith(f"{resource}:")]
        held = [ACTIONS[f.partition(":")[2]] for f in mine if f in functions]
        if held:
            lines.append((label, "全部" if len(held) == len(mine) > 1 else " ".join(held)))
    return lines


def function_names(functions: Iterable[str]) -> str:
    """公海-领取、客户-全部: whole forms by one word."""
    wanted = set(functions)
    names = []
    for resource, label in RESOURCES.items():
        mine = {p.value for p in Permission if p.value.startswith(f"{resource}:")}
        if len(mine) > 1 and mine <= wanted:
            names.append(f"{label}-全部")
        else:
            names += [permission_name(p) for p in Permission if p.value in mine & wanted]
    return "、".join(names)


def without_effect(role: RoleSheet, advanced: Mapping[Any, Collection[str]]) -> list[str]:
    """Functions of a 普通 role that count only at 高级."""
    if role.level == "advanced":
        return []
    return sorted(f for f in role.functions if is_advanced(f, advanced))


# -- fields -----------------------------------------------------------------------------------------


def read_form(word: str) -> str:
    """客户 → customer. Raises InvalidInput, offering those there are."""
    for form in FORMS:
        if word in (form_label(form), form):
            return form
    near = closest(word, [form_label(f) for f in FORMS])
    hint = f"你是想说「{near[0]}」？" if near else ""
    raise InvalidInput(f"没有「{word}」这张表单。{hint}有：{'、'.join(form_label(f) for f in FORMS)}。")


def read_field(form: str, word: str, forms: Forms) -> FormField:
    """电话 → its field. Raises InvalidInput, offering those there are."""
    for field in forms[form]:
        if word in (field.label, field.name) or field.label == f"{form_label(form)}{word}":
            return field
    near = closest(word, [f.label for f in forms[form]]) or [f.label for f in forms[form] if word in f.label]
    hint = f"你是想说「{near[0]}」？" if near else ""
    known = "、".join(f.label for f in forms[form] if not f.always)
    raise InvalidInput(f"{form_label(form)}没有「{word}」这个字段。{hint}有：{known}。")


def read_fields(form: str, words: Iterable[str], forms: Forms, level: FieldLevel | None) -> list[FormField]:
    """电话, 备注 → their fields; 全部: all that can have that level. Raises InvalidInput."""
    found: list[FormField] = []
    for word in words:
        if word not in ("全部", "所有", "全部字段", "所有字段"):
            found.append(read_field(form, word, forms))
            continue
        masked = level is FieldLevel.MASKED
        found += [f for f in forms[form] if not f.always and (not masked or f.kind in MASKABLE)]
    return found


def set_fields(role: RoleSheet, form: str, fields: Iterable[FormField], level: FieldLevel | None) -> RoleSheet:
    """With that level for these fields; None: as if nothing had been said. Raises RoleRefused."""
    settings = dict(role.fields)
    for field in fields:
        if field.always and level is not None:
            raise RoleRefused(f"「{field.label}」用来认出是哪一条{form_label(form)}，不能限制。")
        if level is FieldLevel.MASKED and field.kind not in MASKABLE:
            raise RoleRefused(f"「{field.label}」没法脱敏，可以设为 隐藏、只读 或 可写。")
        if level is None:
            settings.pop((form, field.name), None)
        else:
            settings[form, field.name] = level
    return replace(role, fields=settings)


def field_lines(settings: Mapping[Field, FieldLevel], forms: Forms) -> list[str]:
    """客户：电话 隐藏、备注 只读."""
    by_form: dict[str, list[str]] = {}
    for (form, name), level in sorted(settings.items()):
        field = field_of(form, name, forms)
        if field is not None:
            by_form.setdefault(form, []).append(f"{field.label} {FIELD_LEVELS[level]}")
    return [f"{form_label(form)}：{'、'.join(parts)}" for form, parts in by_form.items()]


# -- high operations --------------------------------------------------------------------------------


def advanced_of(form: str) -> list[str]:
    """The operations of a form that can be 高级."""
    return [a for a in ADVANCED_ACTIONS if f"{form}:{a}" in NAMES.values()]


def read_operations(form: str, words: str) -> tuple[str, ...]:
    """删除 导出 → names; 无: none, 默认: all. Raises InvalidInput."""
    possible = advanced_of(form)
    label = RESOURCES[form]
    if words.strip() in ("无", "没有", "清空", "都不是"):
        return ()
    if words.strip() in ("默认", "恢复默认", "全部"):
        return tuple(possible)
    found = []
    for word in split(words):
        action = ACTION_WORDS.get(word, "")
        if action not in possible:
            known = "、".join(ACTIONS[a] for a in possible)
            raise InvalidInput(f"{label}没有「{word}」这个操作，可以设为高级的有：{known}；都不要就写「无」。")
        found.append(action)
    return tuple(a for a in possible if a in found)


def operation_names(form: str, operations: Collection[str]) -> str:
    """删除、导出, or 无."""
    return "、".join(ACTIONS[a] for a in advanced_of(form) if a in operations) or "无"


# -- what changed -----------------------------------------------------------------------------------


def differences(
    before: RoleSheet, after: RoleSheet, people: Mapping[str, str], departments: Mapping[int, str], forms: Forms
) -> list[str]:
    """Now → new, a line for each; empty: nothing changed."""
    lines = []
    if before.name != after.name:
        lines.append(f"名称：{before.name} → {after.name}")
    if before.data_scope != after.data_scope:
        lines.append(f"数据权限：{SCOPE_NAMES[before.data_scope]} → {SCOPE_NAMES[after.data_scope]}")
    if before.level != after.level:
        lines.append(f"操作权限：{LEVEL_NAMES[before.level]} → {LEVEL_NAMES[after.level]}")
    counts = f"（{len(before.functions)} → {len(after.functions)} 项）"
    if more := after.functions - before.functions:
        lines.append(f"添加功能：{function_names(more)}{counts}")
    if less := before.functions - after.functions:
        lines.append(f"移除功能：{function_names(less)}{counts}")
    counts = f"（{len(before.members)} → {len(after.members)} 人）"
    if came := sorted(set(after.members) - set(before.members)):
        lines.append(f"添加成员：{some([people.get(u, u) for u in came])}{counts}")
    if went := sorted(set(before.members) - set(after.members)):
        lines.append(f"移除成员：{some([people.get(u, u) for u in went])}{counts}")
    for user_id in sorted(after.members):
        had, has = before.members.get(user_id, frozenset()), after.members[user_id]
        if had != has:
            name = people.get(user_id, user_id)
            lines.append(f"{name} 的服务部门：{named(had, departments)} → {named(has, departments)}")
    for form, name in sorted({*before.fields, *after.fields}):
        was, now = before.fields.get((form, name)), after.fields.get((form, name))
        field = field_of(form, name, forms)
        if was != now and field is not None:
            lines.append(f"{form_label(form)}「{field.label}」：{level_name(was)} → {level_name(now)}")
    return lines


def level_name(level: FieldLevel | None) -> str:
    """没有设 is writable."""
    return "没有限制" if level is None else FIELD_LEVELS[level]


def named(department_ids: Collection[int], departments: Mapping[int, str]) -> str:
    """销售一部、销售二部, or 无."""
    return "、".join(departments.get(d, str(d)) for d in sorted(department_ids)) or "无"


def some(names: list[str], limit: int = 10) -> str:
    """At most so many by name."""
    shown = "、".join(names[:limit])
    return shown if len(names) <= limit else f"{shown} 等 {len(names)} 人"
