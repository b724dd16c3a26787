"""Use cases about administrators: added, removed, dropped when they leave, taken over when none is left."""

from dataclasses import dataclass

from bot.context import Context
from bot.core.errors import Forbidden, RuleBroken
from bot.identity import active_admins
from handlers.administrators import rules
from handlers.settings.changing import step_audit, step_change, step_tell, step_tell_administrators
from storage import people
from storage.database import Tx
from storage.settings import lock_settings, put_setting

TAKE_OVER = "我来管理"


@dataclass(frozen=True, slots=True)
class AdminList:
    """Who administers the app, and whom DingTalk knows as its own administrators."""

    names: tuple[str, ...]
    dingtalk: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AdminChange:
    """The list before and after, in names."""

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    undo_id: int | None  # None: nothing changed


def list_administrators(ctx: Context) -> AdminList:
    """Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        return AdminList(_names(tx, active_admins(tx, ctx.settings)), tuple(people.list_dingtalk_admins(tx).values()))


def add_administrator(ctx: Context, user_id: str) -> AdminChange:
    """From his next message on; he is told. Raises Forbidden, NotFound."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        settings = lock_settings(tx)
        person = people.access_active(tx, user_id)
        before = active_admins(tx, settings)
        if user_id in before:
            return AdminChange(person.name, _names(tx, before), _names(tx, before), None)
        undo_id = step_change(tx, ctx, "admins", [*before, user_id], text=f"添加管理员 {people.name_of(tx, user_id)}")
        step_tell_administrators(tx, ctx, before=before, after=[*before, user_id])
        return AdminChange(person.name, _names(tx, before), _names(tx, [*before, user_id]), undo_id)


def remove_administrator(ctx: Context, user_id: str) -> AdminChange:
    """Never the last one (R1.08). Raises Forbidden, RuleBroken, LastAdministrator."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        settings = lock_settings(tx)
        name = people.name_of(tx, user_id)
        before = active_admins(tx, settings)
        if user_id not in settings.admins:
            raise RuleBroken(f"{name} 不是管理员。现在的管理员：{'、'.join(_names(tx, before))}。")
        after = [a for a in before if a != user_id]
        rules.check_some_remain(after, name=name)
        undo_id = step_change(tx, ctx, "admins", after, text=f"移除管理员 {name}")
        step_tell_administrators(tx, ctx, before=[*before, user_id], after=after)
        return AdminChange(name, _names(tx, before), _names(tx, after), undo_id)


def take_over(ctx: Context) -> str:
    """One of DingTalk's own administrators becomes ours, while there is none. Returns the sentence to say.

    Raises:
        Forbidden: no administrator of DingTalk's.
        NotVacant: there is one.
    """
    with ctx.begin() as tx:
        settings = lock_settings(tx)
        person = people.find_pass(tx, ctx.actor.user_id)
        active = active_admins(tx, settings)
        if ctx.actor.user_id in active:
            return "你已经是管理员了，发送「后台管理」看全部设置。"
        if person is None or not person.active or not person.dingtalk_admin:
            raise Forbidden("只有钉钉管理员能接手，需要的话请联系公司的钉钉管理员。")
        rules.check_vacant(_names(tx, active))
        put_setting(tx, "admins", [ctx.actor.user_id], by=ctx.actor.user_id, now=ctx.now)
        step_audit(tx, ctx, "admins", list(settings.admins), [ctx.actor.user_id])
        others = [u for u in people.list_dingtalk_admins(tx) if u != ctx.actor.user_id]
        step_tell(tx, ctx, others, "管理员已接手", f"{ctx.actor.name} 已接手，现在是应用的管理员。")
    return "好的，你现在是管理员了。发送「后台管理」看全部设置，「添加管理员 张三」可以再加一位。"


def _names(tx: Tx, user_ids: list[str]) -> tuple[str, ...]:
    names = people.names_of(tx, user_ids)
    return tuple(names.get(u, u) for u in user_ids)
