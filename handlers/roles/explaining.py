"""What a person can do and see and by which role, and why he does not see something. Steps that take `tx`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bot.core.actor import RESOURCES, Actor, Permission, permission_name
from bot.core.fields import LEVEL_NAMES as FIELD_LEVELS
from bot.core.fields import FieldLevel
from bot.core.forms import field_of, form_label
from bot.core.roles import EVERYBODY, SCOPE_NAMES, effective_functions
from bot.core.roles import LEVEL_NAMES as OPERATION_LEVELS
from bot.identity import in_usage_scope, rights_of
from handlers.roles import rules
from handlers.roles.finding import find_people
from storage import access, custom_fields, customers, people
from storage.access import Membership
from storage.database import Tx
from storage.fields import rebind
from storage.settings import CompanySettings

VIEWED = {"customer": Permission.CUSTOMER_VIEW, "pool": Permission.POOL_VIEW}


@dataclass(frozen=True, slots=True)
class Found:
    """A customer the asker finds by the words of the question."""

    customer_id: int


@dataclass(frozen=True, slots=True)
class PersonSheet:
    """One person's rights in words; each line names the roles it comes from."""

    name: str
    admin: bool
    usage: str  # empty: in the usage scope
    roles: list[str]
    functions: list[tuple[str, str]]
    idle: list[str]
    scope: str
    fields: list[str]


def find_anybody(tx: Tx, words: str) -> str:
    """A person, also one who has left. Raises NotFound."""
    exact = people.find_anybody(tx, words.strip().lstrip("@"))
    return exact[0].user_id if len(exact) == 1 else find_people(tx, words)[0]


def sheet_of(tx: Tx, user_id: str, settings: CompanySettings) -> PersonSheet:
    """By which role a person can do and see what (D12)."""
    name = people.name_of(tx, user_id)
    if user_id in settings.admins:
        return PersonSheet(name, True, usage_text(tx, user_id, settings), [], [], [], "全部", [])
    held = access.list_memberships(tx, user_id)
    advanced = settings.advanced_operations
    by_function: dict[str, list[str]] = {}
    idle: dict[str, list[str]] = {}
    for one in held:
        counted = effective_functions(one.functions, one.level, advanced)
        for function in one.functions:
            (by_function if function in counted else idle).setdefault(function, []).append(one.role)
    idle = {f: r for f, r in idle.items() if f not in by_function}
    limits = rights_of(tx, user_id, settings).scope.fields
    kept = {(form, field): level for form, field, level in limits.limits}
    return PersonSheet(
        name, False, usage_text(tx, user_id, settings),
        [f"{m.role}（{SCOPE_NAMES[m.data_scope]}，{OPERATION_LEVELS[m.level]}）" for m in held if _counts(m)],
        _function_lines(by_function),
        [f"{rules.function_names(idle)}（{'、'.join(_all(idle.values()))}）"] if idle else [],
        scope_text(tx, held), rules.field_lines(kept, custom_fields.forms_of(tx)),
    )  # fmt: skip


def _counts(one: Membership) -> bool:
    return one.role != EVERYBODY or bool(one.functions or one.fields or one.data_scope != "self")


def _all(groups: Iterable[list[str]]) -> list[str]:
    return list(dict.fromkeys(role for group in groups for role in group))


def _function_lines(by_function: dict[str, list[str]]) -> list[tuple[str, str]]:
    lines = []
    for label, words in rules.function_lines(by_function.keys()):
        mine = {f: r for f, r in by_function.items() if RESOURCES[f.partition(":")[0]] == label}
        lines.append((label, f"{words}（{'、'.join(_all(mine.values()))}）"))
    return lines


def scope_text(tx: Tx, held: Sequence[Membership]) -> str:
    """全部（总经理） · 服务部门 销售一部（部门经理） · 本人."""
    whole = [m.role for m in held if m.data_scope == "all"]
    if whole:
        return f"全部（{'、'.join(whole)}）"
    names = {key: name for key, name, _ in people.department_parents(tx)}
    parts = [
        f"服务部门 {rules.named(m.departments, names)}（{m.role}）"
        for m in held
        if m.data_scope == "departments" and m.departments
    ]
    empty = [m.role for m in held if m.data_scope == "departments" and not m.departments and m.role != EVERYBODY]
    if parts:
        return " · ".join([*parts, "本人"])
    return f"本人（{'、'.join(empty)} 的数据权限是服务部门，但还没有设服务部门）" if empty else "本人"


def usage_text(tx: Tx, user_id: str, settings: CompanySettings) -> str:
    """Why a person cannot use the app at all; empty: he can."""
    person = people.find_pass(tx, user_id)
    name = people.name_of(tx, user_id)
    if person is None or not person.active:
        return f"{name} 已离职，不能再用这个应用。"
    if not settings.opened:
        return "应用还没有开通，谁都用不了。先发送「立即开通」。"
    if not in_usage_scope(tx, user_id, person.departments, settings):
        return f"{name} 不在使用范围里，用不了这个应用。要加进来：「使用范围 部分员工 {name}」。"
    return ""


def reason(tx: Tx, asker: Actor, user_id: str, what: str, found: Found | None, settings: CompanySettings) -> str:
    """For an administrator: usage scope, function, data scope, field, or there is no such thing."""
    name = people.name_of(tx, user_id)
    if usage := usage_text(tx, user_id, settings):
        return f"原因是使用范围：{usage}" if "使用范围" in usage else f"原因：{usage}"
    if user_id in settings.admins:
        return f"{name} 是管理员，什么都能看到。" + ("" if found else f"全公司都没有找到「{what}」，请核对名称。")
    rights = rights_of(tx, user_id, settings)
    held = access.list_memberships(tx, user_id)
    if found is None:
        return _about_words(tx, name, what, rights.permissions, held, settings)
    customer = customers.access_customer(tx, found.customer_id)
    title, owner_id, pooled = customer.name, customer.owner_id, customer.owner_id is None
    owner = people.name_of(tx, owner_id) if owner_id else ""
    rebind(tx, replace(rights.scope, day=asker.scope.day))
    seen = bool(customers.list_by_ids(tx, [found.customer_id]))
    rebind(tx, asker.scope)
    if pooled and not rights.permissions & {Permission.POOL_VIEW, Permission.POOL_CLAIM}:
        return _function(name, f"「{title}」在公海里", Permission.POOL_VIEW, held, settings)
    if not seen:
        where = _departments(tx, owner_id or "")
        return (
            f"原因是数据权限：「{title}」由 {owner}{where} 负责，{name} 的数据权限是：{scope_text(tx, held)}。\n"
            f"要让 {name} 看到：改角色的数据权限，例如「角色 {_first(held)} 数据权限 服务部门」，"
            f"再「角色 {_first(held)} {name} 服务部门 部门名称」；或者更换负责人。"
        )
    if not pooled and owner_id != user_id and Permission.CUSTOMER_VIEW not in rights.permissions:
        return _function(name, f"「{title}」由 {owner} 负责", Permission.CUSTOMER_VIEW, held, settings)
    return f"{name} 能看到「{title}」。" + _kept(tx, rights.scope.fields.limits, held)


def _about_words(
    tx: Tx, name: str, what: str, held_permissions: frozenset[Permission], held: Sequence[Membership],
    settings: CompanySettings,
) -> str:  # fmt: skip
    for resource, label in RESOURCES.items():
        if what != label:
            continue
        view = next((p for p in Permission if p.value == f"{resource}:view"), None)
        if view is not None and view not in held_permissions:
            return _function(name, f"看{label}", view, held, settings)
        mine = [p for p in held_permissions if p.value.startswith(f"{resource}:")]
        can = "、".join(permission_name(p) for p in sorted(mine, key=lambda p: p.value))
        return (
            f"{name} 能看{label}（{can}），数据权限是：{scope_text(tx, held)}。"
            if mine
            else f"{name} 没有{label}的功能。"
        )
    for form, fields in custom_fields.forms_of(tx).items():
        for field in fields:
            if what not in (field.label, f"{form_label(form)}{field.label}", f"{form_label(form)}的{field.label}"):
                continue
            said = [
                f"「{m.role}」{FIELD_LEVELS[m.fields[form, field.name]]}"
                for m in held
                if (form, field.name) in m.fields
            ]
            if said:
                return f"原因是字段权限：{form_label(form)}「{field.label}」在角色{'、'.join(said)}。"
    return f"全公司都没有找到「{what}」这家客户，可能名称不对，或已经删除。请核对名称再问。"


def _function(
    name: str, what: str, permission: Permission, held: Sequence[Membership], settings: CompanySettings
) -> str:
    idle = [
        m.role
        for m in held
        if permission.value in m.functions
        and permission.value not in effective_functions(m.functions, m.level, settings.advanced_operations)
    ]
    if idle:
        return f"原因是操作权限：「{permission_name(permission)}」是高级操作，角色 {'、'.join(idle)} 是「普通」。"
    mine = "、".join(m.role for m in held if m.role != EVERYBODY) or "没有（只有「所有用户」）"
    return (
        f"原因是功能权限：{what}，{name} 没有「{permission_name(permission)}」。{name} 的角色：{mine}。\n"
        f"要让他能看：「角色 {_first(held)} 添加功能 {permission_name(permission)}」。"
    )


def _first(held: Sequence[Membership]) -> str:
    return next((m.role for m in held if m.role != EVERYBODY), "业务员")


def _departments(tx: Tx, user_id: str) -> str:
    names = {key: name for key, name, _ in people.department_parents(tx)}
    mine = [names[d] for d in people.departments_of(tx, user_id) if d in names]
    return f"（{'、'.join(mine)}）" if mine else ""


def _kept(tx: Tx, limits: Iterable[tuple[str, str, FieldLevel]], held: Sequence[Membership]) -> str:
    lines, forms = [], custom_fields.forms_of(tx)
    for form, field, level in sorted(limits):
        if form not in ("customer", "contact", "followup") or level not in (FieldLevel.HIDDEN, FieldLevel.MASKED):
            continue
        label = field_of(form, field, forms)
        by = "、".join(m.role for m in held if (form, field) in m.fields)
        if label is not None:
            lines.append(f"{form_label(form)}「{label.label}」{FIELD_LEVELS[level]}（{by}）")
    return f"\n但有字段权限：{'；'.join(lines)}。" if lines else ""


def own(tx: Tx, asker: Actor, what: str, found: Found | None, settings: CompanySettings) -> str:
    """About oneself: the same words whether the thing exists elsewhere or not."""
    held = [] if asker.admin else access.list_memberships(tx, asker.user_id)
    if found is not None:
        name = customers.access_customer(tx, found.customer_id).name
        kept = _kept(tx, asker.scope.fields.limits, held)
        return f"你能看到「{name}」，发送「查 {name}」打开。{kept}"
    if asker.admin:
        return f"你是管理员，什么都能看到。全公司都没有找到「{what}」，请核对名称。"
    scope = scope_text(tx, held)
    can = "、".join(label for form, label in (("customer", "客户"), ("pool", "公海")) if asker.may(VIEWED[form]))
    admins = people.names_of(tx, settings.admins[:3])
    whom = f"，找管理员 {'、'.join(admins.values())}" if admins else ""
    return (
        f"在你能看的范围里没有找到「{what}」：可能名称不对，也可能不在你的范围里。\n"
        f"你的数据权限：{scope}；能看：{can or '自己名下的客户'}。\n"
        f"先用「查 名称的一部分」再找找；需要更大的范围{whom}。"
    )
