"""Who may do what, as one table over every use case of `handlers/*/service.py` (house 4.6).

A use case that is not in the table fails. For each row: without the permission → Forbidden; for an object outside
the scope → NotFound, exactly as for one that does not exist.
"""

import importlib
import inspect
import pkgutil
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
from bot.identity import identify
from handlers.customers.service import NewCustomer
from handlers.followups.service import NewFollowUp
from storage.customers import CustomerFilter
from storage.database import Database, Tx
from storage.settings import read_settings
from tests.support.company import customer_id, load_company

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
    "customers.add_contact": Row(P.CONTACT_ADD, lambda f, c, i: f(c, i, name="陈强", title="", mobile="13812345679")),
    "customers.check_new_name": Row(P.CUSTOMER_ADD, lambda f, c, _: f(c, NewCustomer("新客户某某")), foreign=None),
    "customers.create_customer": Row(
        P.CUSTOMER_ADD, lambda f, c, _: f(c, NewCustomer("新客户某某", "陈强")), foreign=None
    ),
    "customers.list_customers": Row(P.CUSTOMER_VIEW, lambda f, c, _: f(c, CustomerFilter()), foreign=None),
    "customers.show_customer": Row(None, lambda f, c, i: f(c, i)),
    "customers.undo_create": Row(None, lambda f, c, i: f(c, {"customer_id": i}), free=UNDO),
    "followups.log_follow_up": Row(P.FOLLOWUP_ADD, lambda f, c, i: f(c, i, NewFollowUp("聊了报价"))),
    "followups.plan_next": Row(P.FOLLOWUP_ADD, lambda f, c, i: f(c, i, LATER, timed=True)),
    "followups.undo_follow_up": Row(None, lambda f, c, i: f(c, {"follow_up_id": i}), free=UNDO),
    "help.administrators": Row(None, lambda f, c, _: f(c), foreign=None),
    "home.show_today": Row(None, lambda f, c, _: f(c), foreign=None),
    "org.decide_removals": Row("admin", lambda f, c, _: f(c, agree=True), foreign=None),
    "org.note_leavers": Row(None, lambda f, c, _: f(c, []), foreign=None, free=SYSTEM),
    "org.request_sync": Row("admin", lambda f, c, _: f(c), foreign=None),
    "org.show_org": Row("admin", lambda f, c, _: f(c), foreign=None),
    "pool.assign_customer": Row(P.POOL_ASSIGN, lambda f, c, i: f(c, i, "zhao05"), own="宁波海蓝食品有限公司"),
    "pool.browse_pool": Row(P.POOL_VIEW, lambda f, c, _: f(c, (), 1), foreign=None),
    "pool.claim_customer": Row(P.POOL_CLAIM, lambda f, c, i: f(c, i), own="宁波海蓝食品有限公司", foreign=None),
    "pool.recycle_customer": Row(None, lambda f, c, _: None, foreign=None, free=SYSTEM),
    "pool.recycle_due": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "pool.return_customer": Row(P.POOL_CLAIM, lambda f, c, i: f(c, i, "无需求")),
    "pool.undo_claim": Row(None, lambda f, c, i: None, foreign=None, free=UNDO),
    "pool.undo_return": Row(None, lambda f, c, i: None, foreign=None, free=UNDO),
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
async def test_within_scope_and_permission_it_works(database: Database, name: str) -> None:
    await load_company(database)
    await _do(database, name, "lina04", TABLE[name].own)
