"""DingTalk userId → Actor, from the mirrored organisation and the roles, anew for every request.

Permission changes take effect on the next request (R-PERM-8); a leaver loses access at once.
"""

from functools import lru_cache

from bot.core.actor import Actor, Permission, Scope
from bot.core.errors import Stranger
from storage import access, people
from storage.database import Tx
from storage.settings import CompanySettings

NO_EMPLOYEE = "你好，我只为本公司的在职同事服务，暂时帮不上你。"
NOT_OPENED = "你好，这个应用还没有开通，请联系公司的管理员开通后再用。"
OUT_OF_SCOPE = "你好，你还不在这个应用的使用范围里，需要的话请联系管理员开通。"


def identify(tx: Tx, user_id: str | None, settings: CompanySettings) -> Actor:
    """Who `user_id` is now.

    Raises:
        Stranger: no active employee, or outside the usage scope (R1.05); the text is the whole answer.
    """
    person = people.find_pass(tx, user_id) if user_id else None
    if person is None or not person.active:
        raise Stranger(NO_EMPLOYEE)
    if not settings.opened:
        raise Stranger(NOT_OPENED)
    departments = person.departments
    if not in_usage_scope(tx, person.user_id, departments, settings):
        raise Stranger(OUT_OF_SCOPE)
    if person.user_id in settings.admins:
        scope = Scope(person.user_id, departments=None, pool=True)
        return Actor(person.user_id, person.name, frozenset(Permission), scope, admin=True, department_ids=departments)
    memberships = access.list_memberships(tx, person.user_id)
    granted = _granted(frozenset(m.functions for m in memberships))
    everything = any(m.data_scope == "all" for m in memberships)
    served = {d for m in memberships if m.data_scope == "departments" for d in m.departments}
    scope = Scope(
        person.user_id,
        departments=None if everything else people.with_subdepartments(tx, served),
        pool=Permission.POOL_VIEW in granted or Permission.POOL_CLAIM in granted,
    )
    return Actor(person.user_id, person.name, granted, scope, department_ids=departments)


@lru_cache(maxsize=256)
def _granted(functions: frozenset[frozenset[str]]) -> frozenset[Permission]:
    known = {permission.value: permission for permission in Permission}
    return frozenset(known[name] for held in functions for name in held if name in known)


def in_usage_scope(tx: Tx, user_id: str, departments: frozenset[int], settings: CompanySettings) -> bool:
    """Whether an active person may use the app (R1.05–R1.08). Administrators always may."""
    usage = settings.usage_scope
    if usage.mode == "all" or user_id in settings.admins:
        return True
    if usage.mode == "admins":
        return False
    return user_id in usage.users or bool(departments & people.with_subdepartments(tx, usage.departments))


def may_be_told(tx: Tx, user_id: str, settings: CompanySettings) -> bool:
    """Whether a notice may go to this person: employed, opened, in the usage scope (R-REM-4)."""
    person = people.find_pass(tx, user_id)
    if person is None or not person.active or not settings.opened:
        return False
    return in_usage_scope(tx, user_id, person.departments, settings)
