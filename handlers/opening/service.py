"""Use cases of opening the app and of its usage scope: who, when, which terms; in effect with the next message."""

from dataclasses import dataclass
from datetime import datetime

from bot.context import Context
from bot.core.errors import Forbidden, InvalidInput, NotFound, SeveralPeople
from bot.identity import active_admins, may_open
from handlers.opening import rules
from handlers.opening.rules import EXAMPLE, AlreadyOpen, ScopeWish
from handlers.settings.changing import step_audit, step_change
from storage import cards, people
from storage.database import Tx
from storage.settings import CompanySettings, UsageScope, changed, lock_settings, put_setting, read_settings
from storage.tables import Department

SUBJECT = "opening"  # the cards that show how far the opening is


@dataclass(frozen=True, slots=True)
class OpeningSheet:
    """How far the opening is."""

    opened: bool
    opened_by: str  # names; empty: by nobody known
    opened_at: datetime | None
    consented_by: str
    consented_at: datetime | None
    terms: str  # the version agreed to
    scope: str  # 全部员工, or the names
    in_scope: int  # people
    admins: tuple[str, ...]
    people: int  # mirrored
    departments: int


@dataclass(frozen=True, slots=True)
class ScopeChange:
    """From what to what, and how many people that is."""

    before: str
    before_people: int
    after: str
    after_people: int
    undo_id: int | None  # None: before the opening, or nothing changed


def show_opening(ctx: Context) -> OpeningSheet:
    """How far the opening is. Raises Forbidden."""
    with ctx.begin() as tx:
        settings = read_settings(tx)
        _require_opener(tx, ctx, settings)
        return step_sheet(tx, settings)


def agree(ctx: Context, *, card: str = "") -> OpeningSheet:
    """Records the consent: who, when, which terms (R1.04). Once: the first one stands.

    Raises:
        Forbidden, AlreadyOpen.
    """
    with ctx.begin() as tx:
        settings = lock_settings(tx)
        _require_opener(tx, ctx, settings)
        _check_closed(tx, settings, ctx)
        if not settings.consented_by:
            step_consent(tx, ctx, ctx.actor.user_id)
            cards.redraw_others(tx, SUBJECT, now=ctx.now, but=card)
        return step_sheet(tx, read_settings(tx))


def open_app(ctx: Context, *, card: str = "") -> OpeningSheet:
    """Opens it for everybody in the usage scope, from the next message on (R1.09); who opens it administers it.

    Raises:
        Forbidden, AlreadyOpen, NotAgreed.
    """
    with ctx.begin() as tx:
        settings = lock_settings(tx)
        _require_opener(tx, ctx, settings)
        _check_closed(tx, settings, ctx)
        rules.check_agreed(settings.consented_by)
        step_open(tx, ctx, [ctx.actor.user_id])
        cards.redraw_others(tx, SUBJECT, now=ctx.now, but=card)
        return step_sheet(tx, read_settings(tx))


def set_usage_scope(ctx: Context, wish: ScopeWish, *, card: str = "") -> ScopeChange:
    """Who may use the app, before and after the opening (R1.05–R1.08).

    Raises:
        Forbidden: the actor is no administrator.
        NotFound, InvalidInput: a name nobody and no department has, or several have.
    """
    with ctx.begin() as tx:
        settings = lock_settings(tx)
        _require_opener(tx, ctx, settings)
        usage = resolve_scope(tx, wish)
        before, after = scope_text(tx, settings), ""
        count = count_in_scope(tx, settings)
        undo_id = None
        if usage != settings.usage_scope:
            value = usage.model_dump(mode="json")
            if settings.opened:
                undo_id = step_change(tx, ctx, "usage_scope", value, text=f"使用范围 {before} 的修改")
            else:
                put_setting(tx, "usage_scope", value, by=ctx.actor.user_id, now=ctx.now)
                step_audit(tx, ctx, "usage_scope", settings.usage_scope.model_dump(mode="json"), value)
                cards.redraw_others(tx, SUBJECT, now=ctx.now, but=card)
        now = read_settings(tx)
        after = scope_text(tx, now)
        return ScopeChange(before, count, after, count_in_scope(tx, now), undo_id)


# -- steps and readings that others share ---------------------------------------------------------------


def step_consent(tx: Tx, ctx: Context, user_id: str) -> None:
    """Who agreed, when, and to which version of the terms."""
    for name, value in (
        ("consented_by", user_id), ("consented_at", ctx.now.isoformat()), ("consented_terms", rules.TERMS_VERSION),
    ):  # fmt: skip
        put_setting(tx, name, value, by=user_id, now=ctx.now)
    step_audit(tx, ctx, "consent", None, {"user": user_id, "terms": rules.TERMS_VERSION})


def step_open(tx: Tx, ctx: Context, admins: list[str]) -> None:
    """Opens the app; `admins` administer it beside those named already. The usage scope is stored in words (R1.06)."""
    settings = read_settings(tx)
    everybody = [*settings.admins, *(a for a in admins if a not in settings.admins)]
    by = ctx.actor.user_id or admins[0]
    if everybody != list(settings.admins):
        put_setting(tx, "admins", everybody, by=by, now=ctx.now)
        step_audit(tx, ctx, "admins", list(settings.admins), everybody)
    put_setting(tx, "usage_scope", settings.usage_scope.model_dump(mode="json"), by=by, now=ctx.now)
    if not settings.opened:
        put_setting(tx, "opened", True, by=by, now=ctx.now)
        step_audit(tx, ctx, "opened", False, True)


def step_sheet(tx: Tx, settings: CompanySettings) -> OpeningSheet:
    """How far the opening is."""
    names = people.names_of(tx, [*settings.admins, settings.consented_by])
    opened = changed(tx, "opened") if settings.opened else None
    return OpeningSheet(
        opened=settings.opened,
        opened_by=people.names_of(tx, [opened[0]]).get(opened[0], "") if opened else "",
        opened_at=opened[1] if opened else None,
        consented_by=names.get(settings.consented_by, settings.consented_by),
        consented_at=settings.consented_at,
        terms=settings.consented_terms,
        scope=scope_text(tx, settings),
        in_scope=count_in_scope(tx, settings),
        admins=tuple(names.get(a, a) for a in active_admins(tx, settings)),
        people=people.count_active(tx),
        departments=people.count_departments(tx),
    )


def resolve_scope(tx: Tx, wish: ScopeWish) -> UsageScope:
    """Names become ids. Departments go before people of the same name. Raises NotFound, InvalidInput."""
    if wish.mode != "some":
        return UsageScope(mode=wish.mode)
    departments: list[int] = []
    users: list[str] = []
    for name in wish.names:
        named = people.list_departments_named(tx, name)
        if not named and name.isdecimal() and (one := people.get_department(tx, int(name))) is not None:
            named = [one]
        if len(named) > 1:
            raise InvalidInput(f"有 {len(named)} 个部门叫「{name}」：{_paths(tx, named)}。请改写括号里的部门编号。")
        if named:
            departments.append(named[0].department_id)
            continue
        users.append(_one_person(tx, name))
    return UsageScope(mode="some", departments=tuple(dict.fromkeys(departments)), users=tuple(dict.fromkeys(users)))


def _one_person(tx: Tx, name: str) -> str:
    person = people.get_employee(tx, name)
    if person is not None and person.active:
        return person.user_id
    named = [p for p in people.list_by_name(tx, name) if p.name == name]
    found = named or [p for p in people.find_told(tx, name) if p.active]
    if not found:
        raise NotFound(
            f"没有找到部门或在职同事「{name}」，这次没有改。发送「组织机构」核对名称，再说一次，例如「{EXAMPLE}」。"
        )
    if len(found) > 1:
        raise SeveralPeople(name, list(people.tell_apart(tx, [p.user_id for p in found[:5]]).values()))
    return found[0].user_id


def _paths(tx: Tx, named: list[Department]) -> str:
    names = people.department_names(tx, [d.parent_id for d in named if d.parent_id is not None])
    return "、".join(f"{names.get(d.parent_id or 0, '')}/{d.name}（{d.department_id}）" for d in named)


def scope_text(tx: Tx, settings: CompanySettings) -> str:
    """全部员工 / 部分员工：销售一部、张三 / 管理员."""
    usage = settings.usage_scope
    if usage.mode != "some":
        return rules.MODE_NAMES[usage.mode]
    departments = people.department_names(tx, usage.departments)
    persons = people.names_of(tx, usage.users)
    names = [departments.get(d, str(d)) for d in usage.departments] + [persons.get(u, u) for u in usage.users]
    return f"部分员工：{'、'.join(names) or '还没有选'}"


def count_in_scope(tx: Tx, settings: CompanySettings) -> int:
    """How many who work here may use the app; before it is open, who opens it is to be its administrator."""
    count = len(members_of(tx, settings))
    return 1 if not count and not settings.opened and settings.usage_scope.mode == "admins" else count


def members_of(tx: Tx, settings: CompanySettings) -> frozenset[str]:
    """Who works here and may use the app; departments with all that is below them."""
    usage, places = settings.usage_scope, people.places(tx)
    admins = set(settings.admins) & places.keys()
    if usage.mode == "all":
        return frozenset(places)
    if usage.mode == "admins":
        return frozenset(admins)
    chosen = people.with_subdepartments(tx, usage.departments)
    return frozenset(u for u, mine in places.items() if mine & chosen or u in usage.users or u in admins)


def _require_opener(tx: Tx, ctx: Context, settings: CompanySettings) -> None:
    if settings.opened and ctx.actor.admin:
        return
    person = people.find_pass(tx, ctx.actor.user_id)
    if not settings.opened and person is not None and may_open(person, settings):
        return
    if settings.opened and person is not None and person.dingtalk_admin:
        raise AlreadyOpen(f"{_opened_text(tx, ctx)}。要改设置请找管理员。")
    raise Forbidden("这是管理员的功能，需要的话请联系管理员。")


def _check_closed(tx: Tx, settings: CompanySettings, ctx: Context) -> None:
    if settings.opened:
        raise AlreadyOpen(f"{_opened_text(tx, ctx)}，不用再开通。发送「后台管理」可以改设置。")


def _opened_text(tx: Tx, ctx: Context) -> str:
    opened = changed(tx, "opened")
    name = people.names_of(tx, [opened[0]]).get(opened[0], "") if opened else ""
    if not name or opened is None:
        return "应用已经开通了"
    at = opened[1]
    when = f"{at:%H:%M}" if at.date() == ctx.today else f"{at.month}月{at.day}日"
    return f"应用已由 {name} 在 {when} 开通"
