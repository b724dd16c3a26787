"""DingTalk userId → Actor, from the mirrored organisation and the roles, anew for every request.

Permission changes take effect on the next request (R-PERM-8); a leaver loses access at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.core.actor import Actor, Permission, Scope
from bot.core.errors import Stranger
from bot.core.fields import most
from bot.core.roles import effective_functions
from storage import access, people
from storage.database import Tx
from storage.kept import kept
from storage.people import Pass
from storage.settings import CompanySettings, read_settings

FUNCTIONS = {p.value: p for p in Permission}
NO_EMPLOYEE = "你好，我只为本公司的在职同事服务，暂时帮不上你。"
NOT_OPENED = "你好，应用尚未开通，开通后就能用了，需要的话请联系公司的钉钉管理员。"
NOBODY_OPENS = "你好，应用尚未开通，也还不知道谁是管理员：请在服务器上运行 dingcrm init，填好管理员再来。"
OUT_OF_SCOPE = "你好，你还不在这个应用的使用范围里，需要的话请联系管理员开通。"

OPENING = "opening"  # the app is not open yet, and this person may open it
VACANT = "vacant"  # out of the usage scope, but may become administrator because there is none


def identify(tx: Tx, user_id: str | None, settings: CompanySettings) -> Actor:
    """Who `user_id` is now.

    An actor with a `doorway` may do that one thing and nothing else: dispatch sees to it.

    Raises:
        Stranger: no active employee, or outside the usage scope (R1.05), or the app is not open; the text is the
            whole answer.
    """
    person = people.find_pass(tx, user_id) if user_id else None
    if not settings.opened:
        return _before_opening(tx, person, settings)
    if person is None or not person.active:
        raise Stranger(NO_EMPLOYEE)
    if not in_usage_scope(tx, person.user_id, person.departments, settings):
        if may_take_over(tx, person, settings):
            return _at_the_door(person, VACANT)
        raise Stranger(OUT_OF_SCOPE)
    return _with_rights(tx, person, settings)


@dataclass(frozen=True, slots=True)
class Rights:
    """What a person may do, and what he sees."""

    permissions: frozenset[Permission]
    scope: Scope


def _with_rights(tx: Tx, person: Pass, settings: CompanySettings) -> Actor:
    rights = rights_of(tx, person.user_id, settings)
    return Actor(
        person.user_id, person.name, rights.permissions, rights.scope, admin=person.user_id in settings.admins,
        department_ids=person.departments,
    )  # fmt: skip


def turned_away(actor: Actor) -> Stranger:
    """What somebody with a doorway hears who tries anything else."""
    return Stranger(NOT_OPENED if actor.doorway == OPENING else OUT_OF_SCOPE)


def _before_opening(tx: Tx, person: Pass | None, settings: CompanySettings) -> Actor:
    """Nobody gets in but who may open: DingTalk's own administrators, and those named at the set-up (R1.03)."""
    if person is not None and may_open(person, settings):
        return _at_the_door(person, OPENING)
    if people.list_dingtalk_admins(tx) or active_admins(tx, settings):
        raise Stranger(NOT_OPENED)
    raise Stranger(NOBODY_OPENS)


def may_open(person: Pass, settings: CompanySettings) -> bool:
    """Whether this person may open the app."""
    return person.active and (person.dingtalk_admin or person.user_id in settings.admins)


def active_admins(tx: Tx, settings: CompanySettings) -> list[str]:
    """The administrators who work here, in the list's order."""
    working = people.filter_active(tx, settings.admins)
    return [user_id for user_id in settings.admins if user_id in working]


def may_take_over(tx: Tx, person: Pass, settings: CompanySettings) -> bool:
    """DingTalk's own administrators, while the app has none who works here (R1.08)."""
    return person.active and person.dingtalk_admin and not active_admins(tx, settings)


def _at_the_door(person: Pass, doorway: str) -> Actor:
    return Actor(
        person.user_id, person.name, frozenset(), Scope(person.user_id), department_ids=person.departments,
        doorway=doorway,
    )  # fmt: skip


def rights_of(tx: Tx, user_id: str, settings: CompanySettings) -> Rights:
    """What the person's roles add up to (D12), whether or not he may use the app. Administrators have everything."""
    if settings is read_settings(tx):
        return _rights_now(tx, user_id)
    return _added_up(tx, user_id, settings)


@kept
def _rights_now(tx: Tx, user_id: str) -> Rights:
    return _added_up(tx, user_id, read_settings(tx))


def _added_up(tx: Tx, user_id: str, settings: CompanySettings) -> Rights:
    if user_id in settings.admins:
        return Rights(frozenset(Permission), Scope(user_id, departments=None, pool=True, pool_masked=False))
    memberships = access.list_memberships(tx, user_id)
    names = {f for m in memberships for f in effective_functions(m.functions, m.level, settings.advanced_operations)}
    granted = frozenset(FUNCTIONS[f] for f in names if f in FUNCTIONS)
    everything = any(m.data_scope == "all" for m in memberships)
    served = {d for m in memberships if m.data_scope == "departments" for d in m.departments}
    scope = Scope(
        user_id,
        departments=None if everything else people.with_subdepartments(tx, served),
        pool=Permission.POOL_VIEW in granted or Permission.POOL_CLAIM in granted,
        fields=most((m.functions, m.fields) for m in memberships),
        lead_pool=settings.lead_pool,
    )
    return Rights(granted, scope)


def in_usage_scope(tx: Tx, user_id: str, departments: frozenset[int], settings: CompanySettings) -> bool:
    """Whether an active person may use the app (R1.05–R1.08). Administrators always may."""
    usage = settings.usage_scope
    if usage.mode == "all" or user_id in settings.admins:
        return True
    if usage.mode == "admins":
        return False
    return user_id in usage.users or bool(departments & people.with_subdepartments(tx, usage.departments))


def those_told(tx: Tx, user_ids: Iterable[str], settings: CompanySettings) -> frozenset[str]:
    """Those of them who `may_be_told`, in a handful of statements however many they are."""
    active = people.filter_active(tx, user_ids) if settings.opened else frozenset()
    usage = settings.usage_scope
    if usage.mode == "all":
        return active
    told = active & {*settings.admins, *(usage.users if usage.mode == "some" else ())}
    if usage.mode == "some" and active - told:
        told |= people.filter_in(tx, active - told, people.with_subdepartments(tx, usage.departments))
    return told


def may_be_told(tx: Tx, user_id: str, settings: CompanySettings) -> bool:
    """Whether a notice may go to this person: employed, opened, in the usage scope (R-REM-4)."""
    person = people.find_pass(tx, user_id)
    if person is None or not person.active or not settings.opened:
        return False
    return in_usage_scope(tx, user_id, person.departments, settings)
