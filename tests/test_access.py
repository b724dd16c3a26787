"""Who may do what, as one table over every use case of `handlers/*/service.py` (house 4.6).

A use case that is not in the table fails. For each row: without the permission → Forbidden; for an object outside
the scope → NotFound, exactly as for one that does not exist.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

import handlers
from bot.context import Context, make_context
from bot.core.actor import Actor, Permission
from bot.core.clock import BEIJING
from bot.core.errors import Forbidden, NotFound
from bot.core.tabular import Sheet
from bot.dispatch import Button
from bot.identity import identify
from cards.customers import FollowButton, OpenButton, TimelineButton
from cards.followups import MoveNextButton
from cards.pool import AskReturnButton, ClaimButton, PoolPageButton, ReturnButton
from cards.roles import (
    DeleteRoleButton,
    OpenRoleButton,
    RemoveMemberButton,
    RoleFieldButton,
    RoleFunctionButton,
    RoleLevelButton,
    RoleScopeButton,
    RolesPageButton,
)
from cards.search import OpenRecordButton
from handlers.audit.rules import Wanted as AuditWanted
from handlers.competitors.rules import CompetitorWords
from handlers.customers.service import NewCustomer
from handlers.followups.service import NewFollowUp
from handlers.handover.service import Wanted
from handlers.invoices.rules import NodeWords
from handlers.opening.rules import ScopeWish
from handlers.targets.rules import read_targets
from storage import roles
from storage.database import Database, Tx
from storage.settings import read_settings
from storage.tables import SyncRun
from tests.support.company import customer_id, id_of, load_company
from tests.support.room import Room

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=BEIJING)
LATER = NOW + timedelta(days=3)
ABSENT = 999_999


@dataclass(frozen=True)
class Row:
    """One use case: whom it needs, and how it is called for an object."""

    needs: Permission | str | None  # "admin", or None: everybody in scope may
    call: Callable[[Callable[..., Any], Context, int], Any]
    own: str = "宁波华东精密机械有限公司"  # lina's: the object she may act on
    foreign: str | None = "深圳创想电子有限公司"  # another team's; None: no object
    free: str = ""  # why it is no door of its own


P = Permission
SYSTEM = "called by jobs with the system actor only"
UNDO = "called by the undo door, which has checked whose it is"
TABLE: dict[str, Row] = {
    "administrators.add_administrator": Row("admin", lambda f, c, _: f(c, "zhao05"), foreign=None),
    "administrators.list_administrators": Row("admin", lambda f, c, _: f(c), foreign=None),
    "administrators.remove_administrator": Row("admin", lambda f, c, _: f(c, "chen01"), foreign=None),
    "administrators.take_over": Row("admin", lambda f, c, _: f(c), foreign=None),
    "audit.export_audit": Row("admin", lambda f, c, _: f(c, AuditWanted()), foreign=None),
    "audit.read_query": Row("admin", lambda f, c, _: f(c, "李娜 本周"), foreign=None),
    "audit.show_audit": Row("admin", lambda f, c, _: f(c, AuditWanted()), foreign=None),
    "competitors.add_competitor": Row(
        P.COMPETITOR_ADD, lambda f, c, _: f(c, CompetitorWords("某某机床")), foreign=None
    ),
    "competitors.edit_competitor": Row(
        P.COMPETITOR_EDIT, lambda f, c, _: f(c, CompetitorWords("某某机床", "快")), foreign=None
    ),
    "competitors.list_competitors": Row(P.COMPETITOR_VIEW, lambda f, c, _: f(c), foreign=None),
    "competitors.remove_competitor": Row(P.COMPETITOR_DELETE, lambda f, c, _: f(c, "某某机床"), foreign=None),
    "competitors.show_competitor": Row(P.COMPETITOR_VIEW, lambda f, c, _: f(c, "某某机床"), foreign=None),
    "competitors.switch_competitor": Row(
        P.COMPETITOR_EDIT, lambda f, c, _: f(c, "某某机床", active=False), foreign=None
    ),
    "competitors.undo_change": Row(
        P.COMPETITOR_EDIT, lambda f, c, _: f(c, {"name": "某某", "before": {"active": 1}, "after": {"active": 0}}),
        foreign=None,
    ),
    "customers.add_contact": Row(P.CONTACT_ADD, lambda f, c, i: f(c, i, name="陈强", title="", mobile="13812345679")),
    "customers.check_new_name": Row(P.CUSTOMER_ADD, lambda f, c, _: f(c, NewCustomer("新客户某某")), foreign=None),
    "customers.create_customer": Row(
        P.CUSTOMER_ADD, lambda f, c, _: f(c, NewCustomer("新客户某某", "陈强")), foreign=None
    ),
    "customers.show_customer": Row(None, lambda f, c, i: f(c, i)),
    "customers.undo_create": Row(None, lambda f, c, i: f(c, {"customer_id": i}), free=UNDO),
    "dictionaries.add_values": Row("admin", lambda f, c, _: f(c, 1, "抖音"), foreign=None),
    "dictionaries.bind_field": Row("admin", lambda f, c, _: f(c, ("customer", "source"), 1), foreign=None),
    "dictionaries.correct_label": Row("admin", lambda f, c, _: f(c, 1, "重点客户", "大客户"), foreign=None),
    "dictionaries.create_dictionary": Row("admin", lambda f, c, _: f(c, "颜色", "红;绿"), foreign=None),
    "dictionaries.delete_dictionary": Row("admin", lambda f, c, _: f(c, 1), foreign=None),
    "dictionaries.edit_dictionary": Row("admin", lambda f, c, _: f(c, 1, "红;绿"), foreign=None),
    "dictionaries.find_dictionary": Row("admin", lambda f, c, _: f(c, "来源"), foreign=None),
    "dictionaries.find_field": Row("admin", lambda f, c, _: f(c, "客户 来源"), foreign=None),
    "dictionaries.find_value": Row("admin", lambda f, c, _: f(c, "展会"), foreign=None),
    "dictionaries.list_dictionaries": Row("admin", lambda f, c, _: f(c), foreign=None),
    "dictionaries.refuse_rename": Row("admin", lambda f, c, _: f(c, 1), foreign=None),
    "dictionaries.show_dictionary": Row("admin", lambda f, c, _: f(c, 1), foreign=None),
    "dictionaries.split_name": Row("admin", lambda f, c, _: f(c, "来源 添加 抖音"), foreign=None),
    "dictionaries.switch_value": Row("admin", lambda f, c, _: f(c, 2, "展会", on=False), foreign=None),
    "dictionaries.switch_value_by_id": Row("admin", lambda f, c, _: f(c, 1, 1, on=False), foreign=None),
    "dictionaries.undo_change": Row("admin", lambda f, c, _: f(c, "edit", {}), foreign=None, free=UNDO),
    "filters.find_saved": Row(P.CUSTOMER_VIEW, lambda f, c, _: f(c, "重点"), foreign=None),
    "filters.list_customers": Row(P.CUSTOMER_VIEW, lambda f, c, _: f(c, "制造业 30天未跟进"), foreign=None),
    "filters.list_saved": Row(P.CUSTOMER_VIEW, lambda f, c, _: f(c), foreign=None),
    "filters.remove_filter": Row(P.CUSTOMER_VIEW, lambda f, c, _: f(c, "重点"), foreign=None),
    "filters.save_filter": Row(P.CUSTOMER_VIEW, lambda f, c, _: f(c, "重点", "30天未跟进"), foreign=None),
    "filters.share_filter": Row(P.CUSTOMER_VIEW, lambda f, c, _: f(c, "重点", "销售一部"), foreign=None),
    "filters.undo_remove": Row(None, lambda f, c, _: f(c, {"name": "重点"}), foreign=None, free=UNDO),
    "filters.undo_save": Row(None, lambda f, c, _: f(c, {"name": "重点", "before": None}), foreign=None, free=UNDO),
    "filters.undo_share": Row(None, lambda f, c, _: f(c, {"name": "重点", "shares": []}), foreign=None, free=UNDO),
    "followups.log_follow_up": Row(P.FOLLOWUP_ADD, lambda f, c, i: f(c, i, NewFollowUp("聊了报价"))),
    "followups.plan_next": Row(P.FOLLOWUP_ADD, lambda f, c, i: f(c, i, LATER, timed=True)),
    "followups.undo_follow_up": Row(None, lambda f, c, i: f(c, {"follow_up_id": i}), free=UNDO),
    "handover.announce_departures": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "handover.find_people": Row("admin", lambda f, c, _: f(c, "李娜", giver=True), foreign=None),
    "handover.hand_over": Row(
        "admin", lambda f, c, _: f(c, Wanted("lina04", "zhao05", ("customer",)), shown={"customer": 3}), foreign=None
    ),
    "handover.last_handover": Row("admin", lambda f, c, _: f(c, "lina04"), foreign=None),
    "handover.list_givers": Row("admin", lambda f, c, _: f(c), foreign=None),
    "handover.next_announcement": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "handover.nothing_text": Row("admin", lambda f, c, _: f(c, Wanted("lina04", "zhao05")), foreign=None),
    "handover.preview": Row("admin", lambda f, c, _: f(c, Wanted("lina04", "zhao05")), foreign=None),
    "handover.restore_roles": Row("admin", lambda f, c, _: f(c, "lina04"), foreign=None),
    "handover.show_handover": Row("admin", lambda f, c, i: f(c, i), foreign=None),
    "handover.show_person": Row("admin", lambda f, c, _: f(c, "lina04"), foreign=None),
    "handover.show_returned": Row("admin", lambda f, c, _: f(c, "lina04"), foreign=None),
    "handover.undo_handover": Row("admin", lambda f, c, i: f(c, {"handover_id": i}), foreign=None),
    "help.administrators": Row(None, lambda f, c, _: f(c), foreign=None),
    "home.show_today": Row(None, lambda f, c, _: f(c), foreign=None),
    "invoices.change_flow": Row("admin", lambda f, c, _: f(c, NodeWords("hide", "", ("合同金额",))), foreign=None),
    "invoices.show_flow": Row("admin", lambda f, c, _: f(c), foreign=None),
    "invoices.undo_flow": Row("admin", lambda f, c, _: f(c, {}), foreign=None),
    "opening.agree": Row("admin", lambda f, c, _: f(c), foreign=None),
    "opening.open_app": Row("admin", lambda f, c, _: f(c), foreign=None),
    "opening.set_usage_scope": Row("admin", lambda f, c, _: f(c, ScopeWish("all")), foreign=None),
    "opening.show_opening": Row("admin", lambda f, c, _: f(c), foreign=None),
    "org.ask_credentials": Row(None, lambda f, c, _: f(c, "chen01"), foreign=None, free=SYSTEM),
    "org.decide_removals": Row("admin", lambda f, c, _: f(c, agree=True), foreign=None),
    "org.find_departments": Row("admin", lambda f, c, _: f(c, "销售一部"), foreign=None),
    "org.note_met": Row(None, lambda f, c, _: f(c, "lina04"), foreign=None, free=SYSTEM),
    "org.note_progress": Row(None, lambda f, c, _: f(c, 1, 1, 2), foreign=None, free=SYSTEM),
    "org.request_sync": Row("admin", lambda f, c, _: f(c), foreign=None),
    "org.show_guide": Row("admin", lambda f, c, _: f(c), foreign=None),
    "org.show_org": Row("admin", lambda f, c, _: f(c), foreign=None),
    "org.show_request": Row("admin", lambda f, c, _: f(c, 1), foreign=None),
    "org.store_credentials": Row("admin", lambda f, c, _: f(c, "dingapp", "a secret of the app"), foreign=None),
    "pool.assign_customer": Row(P.POOL_ASSIGN, lambda f, c, i: f(c, i, "zhao05"), own="宁波海蓝食品有限公司"),
    "pool.browse_pool": Row(P.POOL_VIEW, lambda f, c, _: f(c, (), 1), foreign=None),
    "pool.claim_customer": Row(P.POOL_CLAIM, lambda f, c, i: f(c, i), own="宁波海蓝食品有限公司", foreign=None),
    "pool.recycle_customer": Row(None, lambda f, c, _: None, foreign=None, free=SYSTEM),
    "pool.recycle_due": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "pool.return_customer": Row(P.POOL_CLAIM, lambda f, c, i: f(c, i, "无需求")),
    "pool.undo_claim": Row(None, lambda f, c, i: None, foreign=None, free=UNDO),
    "pool.undo_return": Row(None, lambda f, c, i: None, foreign=None, free=UNDO),
    "products.add_product": Row(P.PRODUCT_ADD, lambda f, c, _: f(c, ["Z-9", "轴", "9"]), foreign=None),
    "products.edit_product": Row(P.PRODUCT_EDIT, lambda f, c, _: f(c, "Z-9", "单价", "10"), foreign=None),
    "products.list_products": Row(P.PRODUCT_VIEW, lambda f, c, _: f(c), foreign=None),
    "products.show_product": Row(P.PRODUCT_VIEW, lambda f, c, _: f(c, "Z-9"), foreign=None),
    "products.switch_product": Row(P.PRODUCT_EDIT, lambda f, c, _: f(c, "Z-9", enabled=False), foreign=None),
    "products.undo_add": Row(P.PRODUCT_ADD, lambda f, c, _: f(c, {"code": "X"}), foreign=None),
    "products.undo_edit": Row(P.PRODUCT_EDIT, lambda f, c, _: f(c, {"code": "X"}), foreign=None),
    "reminders.list_lost": Row("admin", lambda f, c, _: f(c), foreign=None),
    "reminders.list_owners": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "reminders.list_waiting": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "reminders.next_nudge": Row(None, lambda f, c, _: f(c, NOW), foreign=None, free=SYSTEM),
    "reminders.queue_morning": Row(None, lambda f, c, _: f(c, "lina04"), foreign=None, free=SYSTEM),
    "reminders.queue_nudges": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "reminders.send_digest": Row(None, lambda f, c, _: f(c, "lina04"), foreign=None, free=SYSTEM),
    "reminders.tell_administrators": Row(None, lambda f, c, _: None, foreign=None, free=SYSTEM),
    "reminders.tell_administrators_now": Row(None, lambda f, c, _: None, foreign=None, free=SYSTEM),
    "reminders.tell_undelivered": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "rolesheets.check_sheet": Row("admin", lambda f, c, _: f(c, "角色.xlsx", Sheet(("角色",))), foreign=None),
    "rolesheets.export_roles": Row("admin", lambda f, c, _: f(c), foreign=None),
    "rolesheets.import_roles": Row("admin", lambda f, c, _: f(c, ABSENT, ""), foreign=None),
    "rolesheets.look_again": Row("admin", lambda f, c, _: f(c, ABSENT), foreign=None),
    "rolesheets.send_template": Row("admin", lambda f, c, _: f(c), foreign=None),
    "roles.add_members": Row("admin", lambda f, c, _: f(c, 2, "周敏"), foreign=None),
    "roles.change_functions": Row("admin", lambda f, c, _: f(c, 2, ["pool:view"], give=False), foreign=None),
    "roles.copy_role": Row("admin", lambda f, c, _: f(c, 2, "电销"), foreign=None),
    "roles.create_role": Row("admin", lambda f, c, _: f(c, "电销"), foreign=None),
    "roles.delete_role": Row("admin", lambda f, c, _: f(c, 2), foreign=None),
    "roles.explain_person": Row("admin", lambda f, c, _: f(c, "周敏"), foreign=None),
    "roles.explain_unseen": Row("admin", lambda f, c, _: f(c, "周敏", "华兴", None), foreign=None),
    "roles.list_advanced": Row("admin", lambda f, c, _: f(c), foreign=None),
    "roles.list_all": Row("admin", lambda f, c, _: f(c), foreign=None),
    "roles.meant": Row("admin", lambda f, c, _: f(c, "业务员"), foreign=None),
    "roles.remove_members": Row("admin", lambda f, c, _: f(c, 2, "周敏"), foreign=None),
    "roles.rename_role": Row("admin", lambda f, c, _: f(c, 2, "电销"), foreign=None),
    "roles.serve": Row("admin", lambda f, c, _: f(c, 2, "周敏", "销售二部"), foreign=None),
    "roles.set_advanced": Row("admin", lambda f, c, _: f(c, "customer", "删除"), foreign=None),
    "roles.set_data_scope": Row("admin", lambda f, c, _: f(c, 2, "all"), foreign=None),
    "roles.set_fields": Row("admin", lambda f, c, _: f(c, 2, "customer", [], None), foreign=None),
    "roles.set_level": Row("admin", lambda f, c, _: f(c, 2, "advanced"), foreign=None),
    "roles.show_role": Row("admin", lambda f, c, _: f(c, 2), foreign=None),
    "roles.undo_advanced": Row("admin", lambda f, c, _: f(c, {"form": "customer"}), foreign=None),
    "roles.undo_change": Row("admin", lambda f, c, _: f(c, {"before": None, "after": None}), foreign=None),
    "roles.weigh_deletion": Row("admin", lambda f, c, _: f(c, 2), foreign=None),
    "stages.add_stage": Row("admin", lambda f, c, _: f(c, "样品", 10), foreign=None),
    "stages.list_stages": Row("admin", lambda f, c, _: f(c), foreign=None),
    "stages.move_stage": Row("admin", lambda f, c, _: f(c, "甲", "乙", behind=True), foreign=None),
    "stages.rate_stage": Row("admin", lambda f, c, _: f(c, "甲", 10), foreign=None),
    "stages.remove_stage": Row("admin", lambda f, c, _: f(c, "甲"), foreign=None),
    "stages.rename_stage": Row("admin", lambda f, c, _: f(c, "甲", "乙"), foreign=None),
    "stages.switch_stage": Row("admin", lambda f, c, _: f(c, "甲", active=False), foreign=None),
    "stages.undo_change": Row("admin", lambda f, c, _: f(c, {}), foreign=None),
    "targets.list_targets": Row(None, lambda f, c, _: f(c, 2026), foreign=None),  # one's own
    "targets.set_targets": Row(
        P.TARGET_SET, lambda f, c, _: f(c, read_targets("李娜 合同额 3月1万", today=NOW.date())), foreign=None
    ),
    "targets.undo_set": Row(P.TARGET_SET, lambda f, c, _: f(c, {}), foreign=None),
    "search.customer_of": Row(None, lambda f, c, _: f(c, ABSENT), foreign=None),
    "search.search_all": Row(None, lambda f, c, _: f(c, "华东精密"), foreign=None),
    "search.show_record": Row(P.CUSTOMER_VIEW, lambda f, c, i: f(c, "customer", i)),
    "settings.change_pool": Row("admin", lambda f, c, _: f(c, {"claim_cap": 5}), foreign=None),
    "settings.change_reminders": Row("admin", lambda f, c, _: f(c, {"not_followed_days": 5}), foreign=None),
    "settings.request_self_check": Row("admin", lambda f, c, _: f(c), foreign=None),
    "settings.set_edition": Row("admin", lambda f, c, _: f(c, "free"), foreign=None),
    "settings.set_quiet_hours": Row("admin", lambda f, c, _: f(c, ("21:00", "08:00")), foreign=None),
    "settings.show_menu": Row("admin", lambda f, c, _: f(c), foreign=None),
    "settings.show_topic": Row("admin", lambda f, c, _: f(c, "pool"), foreign=None),
    "settings.undo_change": Row(
        "admin", lambda f, c, _: f(c, {"name": "edition", "before": "free", "after": "paid", "text": ""}), foreign=None
    ),
    "undo.take_back": Row(None, lambda f, c, i: f(c, i), foreign=None),
}  # fmt: skip


def use_cases() -> dict[str, Callable[..., Any]]:
    """Every public function of a `service.py` whose first argument is the context."""
    found: dict[str, Callable[..., Any]] = {}
    for module_info in pkgutil.iter_modules(handlers.__path__):
        if not module_info.ispkg:
            continue
        try:
            module = importlib.import_module(f"handlers.{module_info.name}.service")
        except ModuleNotFoundError:
            continue
        for name, function in inspect.getmembers(module, inspect.isfunction):
            first = next(iter(inspect.signature(function).parameters), "")
            if function.__module__ == module.__name__ and first == "ctx" and not name.startswith("_"):
                found[f"{module_info.name}.{name}"] = function
    return found


def test_every_use_case_is_in_the_table() -> None:
    found = use_cases()
    assert len(found) > 20, "the search finds nothing: the test is broken"
    assert set(found) == set(TABLE)


async def _do(db: Database, name: str, who: str, wanted: str | int, *, without: bool = False) -> Any:
    row, function = TABLE[name], use_cases()[name]

    def work(tx: Tx) -> Any:
        settings = read_settings(tx)
        actor = identify(tx, who, settings)
        if without:
            actor = _stripped(actor)
        else:
            actor = replace(
                actor, permissions=actor.permissions | _granted(row), admin=actor.admin or row.needs == "admin"
            )
        ctx = make_context(tx, actor, NOW, settings, "chat")
        object_id = wanted if isinstance(wanted, int) else customer_id(tx, wanted)
        return row.call(function, ctx, object_id)

    return await db.unit(None, work)


def _granted(row: Row) -> frozenset[Permission]:
    return frozenset({row.needs} if isinstance(row.needs, Permission) else set())


def _stripped(actor: Actor) -> Actor:
    return replace(actor, permissions=frozenset(), admin=False)


GUARDED = [n for n, r in TABLE.items() if r.needs is not None]
SCOPED = [n for n, r in TABLE.items() if r.foreign is not None and not r.free]


@pytest.mark.parametrize("name", GUARDED)
async def test_without_the_permission_it_is_forbidden(database: Database, name: str) -> None:
    await load_company(database)
    with pytest.raises(Forbidden):
        await _do(database, name, "lina04", TABLE[name].own, without=True)


@pytest.mark.parametrize("name", SCOPED)
async def test_outside_the_scope_is_as_if_it_were_not_there(database: Database, name: str) -> None:
    await load_company(database)
    row = TABLE[name]
    assert row.foreign is not None
    with pytest.raises(NotFound) as foreign:
        await _do(database, name, "lina04", row.foreign)
    with pytest.raises(NotFound) as absent:
        await _do(database, name, "lina04", ABSENT)
    assert foreign.value.text == absent.value.text


@pytest.mark.parametrize("name", SCOPED)
async def test_outside_the_scope_costs_what_absence_costs(sqlite: Database, name: str) -> None:
    """The time an answer takes tells nothing either: both are refused after the same statements, but for one look-up
    that tells the audit of an attempt.
    """
    await load_company(sqlite)
    row = TABLE[name]
    assert row.foreign is not None
    foreign_name = row.foreign
    foreign = await sqlite.system(lambda tx: customer_id(tx, foreign_name))
    assert 0 <= await _statements(sqlite, name, foreign) - await _statements(sqlite, name, ABSENT) <= 1


async def _statements(db: Database, name: str, object_id: int) -> int:
    seen: list[str] = []

    def watch(tx: Tx) -> None:
        connection: Any = tx.connection().connection.dbapi_connection
        connection.set_trace_callback(seen.append)

    def done(tx: Tx) -> None:
        connection: Any = tx.connection().connection.dbapi_connection
        connection.set_trace_callback(None)

    await db.system(watch)  # there is one connection that writes
    with pytest.raises(NotFound):
        await _do(db, name, "lina04", object_id)
    await db.system(done)
    assert seen, "the watch sees nothing: the test is broken"
    return len([s for s in seen if s.split(" ", 1)[0].upper() in ("SELECT", "INSERT", "UPDATE", "DELETE")])


FOREIGN, NOWHERE = "深圳创想电子有限公司", "深圳想创电子有限公司"  # another team's, and one that there is not
SENTENCES = (
    "查 {}", "{}", "客户 {}", "我的客户 {}", "跟进 {} 电话聊了报价，下周三再打", "联系人 {}",
    "联系人 {} 王五 13812345670", "下次 {} 下周三", "退回 {} 无需求", "跟进记录 {}", "为什么我看不到 {}", "公海 {}",
    "搜 {}", "筛选 {}",
)  # fmt: skip


@pytest.mark.parametrize("sentence", SENTENCES)
async def test_a_foreign_name_is_answered_as_one_that_there_is_not(database: Database, sentence: str) -> None:
    """Text and counts, in words, for a person who may do everything but is outside the scope."""
    await load_company(database)
    await database.system(_widen)
    room = Room(database)
    await room.say("lina04", "公海")  # so that both are asked from the same state
    foreign = await room.say("lina04", sentence.format(FOREIGN))
    await room.say("lina04", "公海")
    absent = await room.say("lina04", sentence.format(NOWHERE))
    assert _without(foreign, FOREIGN) == _without(absent, NOWHERE)


def _widen(tx: Tx) -> None:
    """业务员 holds every function, and sees his own records only."""
    role = roles.find_by_name(tx, "业务员")
    assert role is not None
    roles.write_role(tx, role, replace(role, functions=frozenset(p.value for p in Permission), level="advanced"))


def _without(text: str, name: str) -> str:
    shown = text.replace(name, "X").replace(name.removesuffix("公司"), "X")
    return re.sub(r"dc-[0-9a-f]{40}", "", shown)


TAPS: dict[str, Callable[[int], Button]] = {
    "open": lambda i: OpenButton(customer_id=i),
    "timeline": lambda i: TimelineButton(customer_id=i),
    "follow": lambda i: FollowButton(customer_id=i),
    "move": lambda i: MoveNextButton(customer_id=i, day="2026-03-09"),
    "ask return": lambda i: AskReturnButton(customer_id=i),
    "return": lambda i: ReturnButton(customer_id=i, reason="重复"),
    "open record": lambda i: OpenRecordButton(kind="customer", record_id=i),
}


@pytest.mark.parametrize("name", TAPS)
async def test_a_forged_tap_on_a_foreign_customer_is_answered_as_on_none(database: Database, name: str) -> None:
    await load_company(database)
    await database.system(_widen)
    foreign = await id_of(database, FOREIGN)
    answers = []
    room = Room(database)
    for customer in (foreign, ABSENT):
        await room.say("lina04", "我的客户")
        (card,) = (await room.cards("lina04"))[-1:]
        answers.append(await room.tap("lina04", card, TAPS[name](customer)))
    assert answers[0] == answers[1]
    assert FOREIGN not in answers[0]


# -- role × use case × door --------------------------------------------------------------------------

DOORS: dict[str, tuple[Permission | str, str, Callable[[int], Button] | None]] = {
    # what it needs, how it is said, how it is tapped
    "see another's customer": (P.CUSTOMER_VIEW, "查 上海明德仪器有限公司", lambda i: OpenButton(customer_id=i)),
    "list customers": (P.CUSTOMER_VIEW, "客户", None),
    "create a customer": (P.CUSTOMER_ADD, "新建客户 杭州新远航贸易 陈强 13812340000", None),
    "add a contact": (P.CONTACT_ADD, "联系人 华东精密 王五 13812340001", None),
    "log a follow-up": (P.FOLLOWUP_ADD, "跟进 华东精密 电话聊了报价", lambda i: FollowButton(customer_id=i)),
    "plan the next contact": (
        P.FOLLOWUP_ADD, "下次 华东精密 下周三", lambda i: MoveNextButton(customer_id=i, day="2026-03-09"),
    ),
    "browse the pool": (P.POOL_VIEW, "公海", lambda _: PoolPageButton(page=1)),
    "claim": (P.POOL_CLAIM, "领取 宁波海蓝", lambda i: ClaimButton(customer_id=i)),
    "assign": (P.POOL_ASSIGN, "分配 宁波海蓝 给 赵磊", None),
    "the roles": ("admin", "角色权限", lambda _: RolesPageButton(page=1)),
    "one role": ("admin", "角色 业务员", lambda _: OpenRoleButton(role_id=2)),
    "a role's members": ("admin", "角色 业务员 添加 王强", lambda _: RemoveMemberButton(role_id=2, user_id="lina04")),
    "a role's functions": (
        "admin", "角色 业务员 添加功能 公海-全部",
        lambda _: RoleFunctionButton(role_id=2, function="pool:assign", give=1),
    ),
    "a role's scope": ("admin", "角色 业务员 数据权限 全部", lambda _: RoleScopeButton(role_id=2, data_scope="all")),
    "a role's level": ("admin", "角色 业务员 操作权限 高级", lambda _: RoleLevelButton(role_id=2, level="advanced")),
    "a role's fields": (
        "admin", "字段权限 业务员 客户 电话 隐藏",
        lambda _: RoleFieldButton(role_id=2, form="customer", field="phone", level="hidden"),
    ),
    "delete a role": ("admin", "删除角色 业务员", lambda _: DeleteRoleButton(role_id=2)),
    "advanced operations": ("admin", "高级操作 客户 删除", None),
    "sync": ("admin", "同步组织", None),
    "the organisation": ("admin", "组织机构", None),
    "lost notices": ("admin", "通知状态", None),
    "add a product": (P.PRODUCT_ADD, "新增产品 Z-1 底座 300", None),
    "the products": (P.PRODUCT_VIEW, "产品", None),
    "edit a product": (P.PRODUCT_EDIT, "修改产品 Z-1 单价 310", None),
    "add a competitor": (P.COMPETITOR_ADD, "新增竞争对手 大明机床 优势 价格低", None),
    "the competitors": (P.COMPETITOR_VIEW, "竞争对手", None),
    "edit a competitor": (P.COMPETITOR_EDIT, "修改竞争对手 大明机床 优势 交期短", None),
    "delete a competitor": (P.COMPETITOR_DELETE, "删除竞争对手 大明机床", None),
    "set a target": (P.TARGET_SET, "设目标 李娜 合同额 3月1万", None),
    "the stages": ("admin", "销售阶段", None),
    "add a stage": ("admin", "新增阶段 样品测试 20%", None),
    "the approval": ("admin", "开票审批设置", None),
    "the dictionaries": ("admin", "数据字典", None),
    "add a dictionary": ("admin", "新建字典 付款方式 月结;现款", None),
    "bind a dictionary": ("admin", "绑定字典 客户 来源 客户分类", None),
    "the audit": ("admin", "操作记录", None),
    "export the audit": ("admin", "导出操作记录 本周", None),
    "export the roles": ("admin", "导出角色", None),
    "administration": ("admin", "后台管理", None),
    "the pool's rules": ("admin", "公海设置 领取上限 5", None),
    "the reminders' rules": ("admin", "提醒规则 未跟进 9天", None),
    "the usage scope": ("admin", "使用范围 全部员工", None),
    "an administrator": ("admin", "添加管理员 李娜", None),
    "hand over": ("admin", "交接 赵磊 给 李娜 全部", None),
    "departures": ("admin", "交接任务", None),
}  # fmt: skip
ROLES: dict[str, frozenset[Permission]] = {
    "nobody's": frozenset(),
    "reader": frozenset({P.CUSTOMER_VIEW, P.CONTACT_VIEW, P.FOLLOWUP_VIEW, P.POOL_VIEW}),
    "seller": frozenset({P.CUSTOMER_VIEW, P.CUSTOMER_ADD, P.CONTACT_ADD, P.FOLLOWUP_ADD, P.POOL_VIEW, P.POOL_CLAIM}),
    "everything": frozenset(P),
}
REFUSED = re.compile("没有「[^」]*」的权限|这是管理员的功能|没有找到")


@pytest.mark.parametrize("role", ROLES)
async def test_every_door_asks_for_the_function(sqlite: Database, role: str) -> None:
    """A sentence and a tap are let in by the same functions; a refusal changes nothing."""
    await load_company(sqlite)

    def prepare(tx: Tx) -> None:
        tx.add(SyncRun(kind="full", status="ok", started_at=NOW, finished_at=NOW))
        sheet = roles.find_by_name(tx, "业务员")
        assert sheet is not None
        names = frozenset(p.value for p in ROLES[role])
        roles.write_role(tx, sheet, replace(sheet, functions=names, data_scope="all", level="advanced"))

    await sqlite.system(prepare)
    own, pooled, others = [
        await id_of(sqlite, n) for n in ("宁波华东精密机械有限公司", "宁波海蓝食品有限公司", "上海明德仪器有限公司")
    ]
    room = Room(sqlite)
    for door, (needs, sentence, button) in DOORS.items():
        allowed = needs in ROLES[role]  # nobody of these roles is an administrator
        before = await sqlite.system(_rights)
        said = await room.say("lina04", sentence)
        assert bool(REFUSED.search(said)) != allowed, (role, door, said)
        if button is not None:
            target = {"claim": pooled, "see another's customer": others}.get(door, own)
            room.later(minutes=1)
            await room.say("lina04", "今天")
            tapped = await room.tap("lina04", (await room.cards("lina04"))[-1], button(target))
            assert bool(REFUSED.search(tapped)) != allowed or (door == "claim" and allowed), (role, door, tapped)
        if needs == "admin":
            assert await sqlite.system(_rights) == before, (role, door)


def _rights(tx: Tx) -> list[Any]:
    lines = roles.list_roles(tx)
    return [(sheet := roles.read_role(tx, line.id)) and sheet.to_json() for line in lines] + [read_settings(tx)]


@pytest.mark.parametrize("name", SCOPED)
async def test_within_scope_and_permission_it_works(database: Database, name: str) -> None:
    await load_company(database)
    await _do(database, name, "lina04", TABLE[name].own)
