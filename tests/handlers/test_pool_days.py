"""Days at the pool: what people and administrators do, the clock's turns, and a model that says what they may do.

Of crm-rules.md 4.4: 7–12, 14–16, 18, 19, 21, 95, 96, 98, 99. The model keeps owners, days and rules in plain Python and
asks the product for nothing but ids. One transaction, a savepoint for each step and each run.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlmodel import col

from bot.context import make_context
from bot.core.actor import SYSTEM, SYSTEM_ACTOR
from bot.core.clock import BEIJING
from bot.core.errors import AppError
from bot.identity import identify
from handlers.contracts.making import NewContract
from handlers.contracts.service import create_contract, move_contract
from handlers.custody.service import lock_customer, transfer_customer, unlock_customer
from handlers.editing.service import edit_customer
from handlers.filters.service import list_customers
from handlers.followups.service import NewFollowUp, log_follow_up, plan_next
from handlers.home.service import show_today
from handlers.pool.service import (
    assign_customer,
    browse_pool,
    claim_customer,
    recycle_customer,
    recycle_due,
    return_customer,
)
from handlers.reminders import service as reminders
from handlers.settings.service import change_pool, change_reminders, set_edition
from handlers.undo.service import take_back
from storage.database import Database, Tx
from storage.settings import read_settings, write_setting
from storage.tables import Customer, DigestItem, Opportunity, OwnerHistory
from tests.support.company import NOW, load_company
from tests.support.deals import deals_world
from tests.support.room import DISPATCHER

ALL = {"unscoped": "a test looks at everything", "unmasked": "a test looks at everything"}
SELLERS = ("lina04", "zhao05")
ADMIN = "chen01"
WITH_DEAL = "华兴科技有限公司"  # has an opportunity, no contract
KEPT = (
    WITH_DEAL, "宁波华东精密机械有限公司", "华星电子有限公司", "上海明德仪器有限公司", "宁波海蓝食品有限公司",
    "杭州蓝海机械有限公司",
)  # fmt: skip
STEPS = (
    *["days"] * 8, *["follow"] * 4, *["rule"] * 4, "claim", "claim", "give", "transfer", "assign", "lock", "unlock",
    "sign", "void", "edit", "plan", "told and taken back", "told and taken back", "rule taken back", "night",
)  # fmt: skip
RULES: tuple[tuple[str, Any], ...] = (
    ("return_after_days", 10), ("return_after_days", 6), ("return_after_days", 15), ("return_after_days", None),
    ("return_with_contract", True), ("return_with_contract", False), ("reclaim_after_days", 4),
    ("reclaim_after_days", None), ("holding_cap", 1), ("holding_cap", None), ("claim_cap", 0), ("claim_cap", 50),
    ("edition", "free"), ("edition", "paid"), ("reminder", 3), ("reminder", 5),
)  # fmt: skip


@dataclass
class Kept:
    """A customer, as the model knows it."""

    id: int
    owner: str | None
    since: datetime | None
    pooled_at: datetime | None
    last: datetime | None
    next: datetime | None
    lock: date | None = None
    dealt: bool = False
    contracts: list[int] = field(default_factory=list)
    ended: dict[str, date] = field(default_factory=dict)  # former owner → the day he ceased to be


@dataclass
class Rule:
    """The settings that matter here. `since`: from when the return rule counts."""

    days: int | None = 10
    dealt_too: bool = False
    paid: bool = True
    reclaim: int | None = None
    holding: int | None = None
    claims: int | None = 50
    since: date | None = None

    @property
    def returns(self) -> int | None:
        return self.days if self.paid else None

    def changed(self, name: str, value: Any, today: date) -> None:
        """As an administrator means it: whoever would lose a customer by it gets all the days anew."""
        was, too = self.returns, self.dealt_too
        match name:
            case "return_after_days":
                self.days = value
            case "return_with_contract":
                self.dealt_too = value
            case "edition":
                self.paid = value == "paid"
            case "reclaim_after_days":
                self.reclaim = value
            case "holding_cap":
                self.holding = value
            case "claim_cap":
                self.claims = value
            case _:  # reminders
                pass
        now = self.returns
        if now is not None and (was is None or now < was or (self.dealt_too and not too)):
            self.since = today


class PoolDays(RuleBasedStateMachine):
    """Steps of people, administrators and the clock."""

    tx: Tx  # of the test, open the whole time
    done: Counter[str]  # what was not refused, in all runs

    @initialize()
    def begin(self) -> None:
        self.run = self.tx.begin_nested()
        self.now = NOW
        self.number = self.looked = 0
        self.rule = Rule()
        self.changes: list[tuple[int, date, str, Any]] = []  # offer, day, name, value: what of the rules was changed
        rows = self.tx.execute(select(Customer.__table__), execution_options=ALL).all()  # type: ignore[attr-defined]
        self.model = {
            r.id: Kept(r.id, r.owner_id, r.owner_since, r.pooled_at, r.last_follow_up_at, r.next_follow_up_at)
            for r in rows
        }
        query = select(col(Opportunity.id), col(Opportunity.customer_id))
        self.deals = {of: key for key, of in self.tx.execute(query, execution_options=ALL).all()}
        self.claimed: Counter[str] = Counter()

    def teardown(self) -> None:
        if hasattr(self, "run"):
            self.run.rollback()
            self.tx.expire_all()

    def do(self, who: str, use_case: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        """A refusal is the result, and has changed nothing."""
        self.tx.info["scope"] = SYSTEM
        step = self.tx.begin_nested()
        try:
            now = read_settings(self.tx)
            ctx = make_context(self.tx, identify(self.tx, who, now) if who else SYSTEM_ACTOR, self.now, now, "chat")
            ctx.undoers = dict(DISPATCHER.undoers)
            done = use_case(ctx, *arguments, **more)
            self.tx.flush()
            step.commit()
            self.done[use_case.__name__] += 1
        except AppError as refusal:
            step.rollback()
            return refusal
        finally:
            self.tx.info["scope"] = SYSTEM
            self.tx.expire_all()
        return done

    # -- what should be ---------------------------------------------------------------------------------------------

    def left(self, one: Kept, today: date) -> int | None:
        """Days until it returns; None: it never does."""
        days = self.rule.returns
        if one.owner is None or one.since is None or days is None or (one.dealt and not self.rule.dealt_too):
            return None
        base = max([one.since.date(), *([one.last.date()] if one.last else []), self.rule.since or date.min])
        left = days - (today - base).days
        return left if one.lock is None else max(left, (one.lock - today).days + 3)

    def leaves(self, one: Kept, owner: str | None) -> None:
        """It is no longer its owner's, and what he had planned is nobody's."""
        if one.owner is not None:
            one.ended[one.owner] = self.now.date()
        one.owner = owner
        one.since, one.pooled_at = (None, self.now) if owner is None else (self.now, None)
        if owner is None:
            one.next = None

    # -- doing ------------------------------------------------------------------------------------------------------

    @rule(name=st.sampled_from(STEPS), at=st.integers(0, 9), other=st.integers(0, 40), yes=st.booleans())
    def step(self, name: str, at: int, other: int, yes: bool) -> None:
        """One thing that somebody does. `at`: with which customer."""
        self.now += timedelta(minutes=1)
        rows = [
            one for one in self.model.values()
            if name not in ("claim", "assign", "edit") or one.owner is None or other % 4 == 0
        ]  # fmt: skip
        if rows:
            getattr(self, f"_{name.replace(' ', '_')}")(rows[at % len(rows)], other, yes)

    def _follow(self, one: Kept, other: int, yes: bool) -> None:
        who = one.owner or SELLERS[other % 2]
        at = self.now - timedelta(days=other) if yes else self.now
        if other % 7 == 0:
            at = self.now + timedelta(hours=other + 1)
        next_at = self.now + timedelta(days=other % 9 + 1) if other % 3 else None
        deal = self.deals.get(one.id) if other % 2 else None
        new = NewFollowUp("聊了", "电话", at, next_at, True, deal)
        said = self.do(who, log_follow_up, one.id, new)
        allowed = one.owner is not None and at <= self.now and self.now - at <= timedelta(days=30)  # 96
        assert isinstance(said, AppError) is not allowed, said
        if allowed:
            one.last, one.next = max(one.last or at, at), next_at

    def _told_and_taken_back(self, one: Kept, other: int, yes: bool) -> None:
        """A follow-up is as if it never was, with what it planned."""
        if one.owner is None:
            return
        next_at = self.now + timedelta(days=other % 9 + 1) if yes else None
        new = NewFollowUp("误记", "电话", None, next_at, True)
        assert not isinstance(self.do(one.owner, log_follow_up, one.id, new), AppError)
        assert isinstance(self.do(one.owner, take_back, None), str)

    def _plan(self, one: Kept, other: int, yes: bool) -> None:
        if one.owner is not None:
            planned = self.now + timedelta(days=other % 12)
            said = self.do(one.owner, plan_next, one.id, planned, timed=False)
            assert not isinstance(said, AppError), said
            one.next = planned

    def _claim(self, one: Kept, other: int, yes: bool) -> None:
        who, today = SELLERS[other % 2], self.now.date()
        said = self.do(who, claim_customer, one.id)
        if one.owner == who:
            return
        rule = self.rule if self.rule.paid else Rule(claims=None)
        ended = one.ended.get(who)
        cooled = not rule.reclaim or ended is None or today >= ended + timedelta(days=rule.reclaim)  # 7
        room = rule.holding is None or self.holds(who) < rule.holding
        allowed = one.owner is None and cooled and room and (rule.claims is None or self.claimed[who] < rule.claims)
        assert isinstance(said, AppError) is not allowed, said
        if allowed:
            self.claimed[who] += 1
            self.leaves(one, who)

    def holds(self, who: str) -> int:
        return sum(one.owner == who for one in self.model.values())

    def full(self, who: str) -> bool:
        return self.rule.paid and self.rule.holding is not None and self.holds(who) >= self.rule.holding

    def _assign(self, one: Kept, other: int, yes: bool) -> None:
        who = SELLERS[other % 2]
        said = self.do("wang03", assign_customer, one.id, who)
        allowed = one.owner is None and not self.full(who)
        assert isinstance(said, AppError) is not allowed, said
        if allowed:
            self.leaves(one, who)

    def _transfer(self, one: Kept, other: int, yes: bool) -> None:
        who = SELLERS[other % 2]
        said = self.do(ADMIN, transfer_customer, one.id, who)
        allowed = one.owner not in (None, who) and not self.full(who)
        assert isinstance(said, AppError) is not allowed, said
        if allowed:
            self.leaves(one, who)

    def _give(self, one: Kept, other: int, yes: bool) -> None:
        if one.owner is not None:
            said = self.do(one.owner, return_customer, one.id, "无需求")
            locked = one.lock is not None and one.lock >= self.now.date()
            assert isinstance(said, AppError) is locked, said  # 11
            if not locked:
                self.leaves(one, None)

    def _lock(self, one: Kept, other: int, yes: bool) -> None:
        if one.owner is not None:
            until = self.now.date() + timedelta(days=other)
            assert not isinstance(self.do(one.owner, lock_customer, one.id, until), AppError)
            one.lock = until

    def _unlock(self, one: Kept, other: int, yes: bool) -> None:
        if one.owner is not None:
            assert not isinstance(self.do(one.owner, unlock_customer, one.id), AppError)
            if one.lock is not None and one.lock >= self.now.date():
                one.lock = self.now.date() - timedelta(days=1)  # a full day is left

    def _sign(self, one: Kept, other: int, yes: bool) -> None:
        if one.owner is not None:
            made = self.do(one.owner, create_contract, NewContract(one.id, Decimal(100)))
            assert not isinstance(made, AppError), made
            one.contracts.append(made.contract.id)
            one.dealt = True

    def _void(self, one: Kept, other: int, yes: bool) -> None:
        """Whoever has no contract any more does not return that very night, but is warned first (12)."""
        if one.owner is not None and one.contracts:
            assert not isinstance(self.do(ADMIN, move_contract, one.contracts.pop(), "void", "客户取消"), AppError)
            if not one.contracts:
                one.dealt = False
                one.lock = max(one.lock or date.min, self.now.date() - timedelta(days=1))

    def _edit(self, one: Kept, other: int, yes: bool) -> None:
        """8: whoever is refused or not, what the pool counts by stays (looked at after every step)."""
        who = ("wang03", ADMIN, *SELLERS)[other % 4]
        self.number += 1
        said = self.do(who, edit_customer, one.id, {"remark": f"第{self.number}次", "city": "宁波"})
        assert one.owner is not None or isinstance(said, AppError)

    def _rule(self, one: Kept, other: int, yes: bool) -> None:
        """18: whatever is changed, nobody loses a customer by it at once (looked at after every step)."""
        name, value = RULES[other % len(RULES)]
        if name == "edition":
            done = self.do(ADMIN, set_edition, value)
        elif name == "reminder":
            done = self.do(ADMIN, change_reminders, {"not_followed_days": value})
        else:
            done = self.do(ADMIN, change_pool, {name: value})
        assert not isinstance(done, AppError), done
        if done.undo_id is not None:
            self.changes.append((done.undo_id, self.now.date(), name, value))
            self.rule.changed(name, value, self.now.date())

    def _rule_taken_back(self, one: Kept, other: int, yes: bool) -> None:
        """One of the last three changes, if it still can be: then the rules are as if it had never been made."""
        for at in range(len(self.changes))[::-1][:3][other % 3 :]:
            if isinstance(self.do(ADMIN, take_back, self.changes[at][0]), AppError):
                continue
            del self.changes[at]
            self.rule = Rule()
            for _, day, name, value in self.changes:
                self.rule.changed(name, value, day)
            return

    def _night(self, one: Kept, other: int, yes: bool) -> None:
        """The job runs although it has run: nobody is left for it (21)."""
        self.recycle()

    def _days(self, one: Kept, other: int, yes: bool) -> None:
        for _ in range(other % 6 + 1):
            tomorrow = self.now.date() + timedelta(days=1)
            self.now = datetime.combine(tomorrow, time(0, 10), tzinfo=BEIJING)
            self.recycle()
            self.now = datetime.combine(tomorrow, time(9, 0), tzinfo=BEIJING)
            self.morning()

    def recycle(self) -> None:
        today = self.now.date()
        left = {one.id: self.left(one, today) for one in self.model.values()}
        wanted = sorted((days, key) for key, days in left.items() if days is not None and days <= 0)
        due = self.do("", recycle_due)
        assert [one.id for one in due] == [key for _, key in wanted], (self.rule, wanted)  # 9, 11, 14, 15
        for one in due:
            kept = self.model[one.id]
            assert kept.owner is not None
            assert kept.owner == one.owner_id
            self.was_warned(kept)
            last = kept.last
            assert self.do("", recycle_customer, one) is True
            self.leaves(kept, None)
            page = self.tx.execute(
                select(OwnerHistory.__table__).where(col(OwnerHistory.customer_id) == one.id)  # type: ignore[attr-defined]
                .order_by(col(OwnerHistory.id).desc()).limit(1)
            ).one()  # fmt: skip
            assert (page.how, page.owner_id, page.rule_days) == ("recycle", None, self.rule.days)  # 16
            assert f"{self.rule.days} 天未跟进" in page.reason
            assert (f"{last:%Y-%m-%d}" if last else "没有跟进过") in page.reason
        assert self.do("", recycle_due) == []  # 21

    def was_warned(self, one: Kept) -> None:
        """12: the owner it has was told on an earlier day. (There is no option to go without a warning.)"""
        query = select(col(DigestItem.created_at)).where(
            col(DigestItem.rule) == "returns_soon", col(DigestItem.subject) == f"customer:{one.id}",
            col(DigestItem.user_id) == one.owner,
        )  # fmt: skip
        told = [at for at in self.tx.execute(query).scalars() if at.date() < self.now.date()]
        assert told, f"{one} returns unannounced"

    def morning(self) -> None:
        for owner in self.do("", reminders.list_owners):
            self.do("", reminders.queue_morning, owner)
        for user in self.do("", reminders.list_waiting):
            self.do("", reminders.send_digest, user)

    # -- looking ----------------------------------------------------------------------------------------------------

    @invariant()
    def everything_is_as_the_model_says(self) -> None:
        if not hasattr(self, "model"):
            return
        rows = self.tx.execute(select(Customer.__table__), execution_options=ALL).all()  # type: ignore[attr-defined]
        assert {r.id for r in rows} == set(self.model)
        for row in rows:
            one = self.model[row.id]
            assert (row.owner_id, row.pooled_at) == (one.owner, one.pooled_at)  # 1, 8, 18
            assert (row.last_follow_up_at, row.next_follow_up_at) == (one.last, one.next)  # 10, 95
            assert one.last is None or row.last_follow_up_at <= self.now

    @invariant()
    def there_is_one_pool_whatever_the_rules(self) -> None:
        """19: it can be neither switched off nor emptied by a setting."""
        if hasattr(self, "model") and self.looked % 3 == 0:
            page = self.do("zhao05", browse_pool)
            assert page.total == sum(one.owner is None for one in self.model.values())

    @invariant()
    def everybody_sees_what_is_left_and_what_is_to_be_done(self) -> None:
        if not hasattr(self, "model"):
            return
        today, midnight = self.now.date(), datetime.combine(self.now.date(), time(), tzinfo=BEIJING)
        self.looked += 1
        for who in SELLERS[self.looked % 2 :][:1]:
            own = [one for one in self.model.values() if one.owner == who]
            seen = self.do(who, show_today)
            left = sorted((days, one.id) for one in own if (days := self.left(one, today)) is not None and days <= 7)
            assert [(shown, key) for key, _, shown in seen.returning] == [(max(0, d), key) for d, key in left]  # 15
            if self.rule.returns is not None:
                assert self.do(who, list_customers, "快掉公海", mine=True).total == len(left)  # 15, by the list too
            due = {one.id for one in own if one.next is not None and one.next < midnight + timedelta(days=1)}
            assert {c.id for c in [*seen.overdue, *seen.today]} == due  # 98, 99
            late = {one.id for one in own if one.next is not None and one.next < midnight}
            assert {c.id for c in seen.overdue} == late


def _run(tx: Tx, examples: int, steps: int, *, kinds: int) -> None:
    PoolDays.tx, PoolDays.done = tx, Counter()
    run_state_machine_as_test(
        PoolDays,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck),
            phases=(Phase.explicit, Phase.generate), database=None, derandomize=True,
        ),
    )  # fmt: skip
    assert len(PoolDays.done) >= kinds, f"little is ever done: {PoolDays.done}"
    assert PoolDays.done["recycle_customer"], PoolDays.done


def _world() -> dict[str, Any]:
    world = deals_world(pool={"claim_cap": 50, "return_after_days": 10})
    world["customers"] = [one for one in world["customers"] if one["name"] in KEPT]
    for one in world["customers"]:
        one["owner_since"] = "2026-03-01" if one.get("owner") else None
    world["customers"] = [{k: v for k, v in one.items() if v is not None} for one in world["customers"]]
    world["contracts"] = []
    return world


STORIES: dict[str, list[tuple[str, int, int, bool]]] = {
    "a rule that begins to take those with contracts takes none at once": [
        ("sign", at, 0, False) for at in range(6)
    ] + [("days", 0, 5, False)] * 3 + [("rule", 0, 4, False), ("days", 0, 5, False)],
    "another setting taken back leaves the days a tightened rule began with": [
        ("rule", 0, 2, False), ("days", 0, 5, False), ("days", 0, 4, False), ("rule", 0, 15, False),
        ("rule", 0, 1, False), ("rule taken back", 0, 1, False), ("days", 0, 0, False),
    ],
    "a switch taken back leaves what another one began": [
        ("rule", 0, 2, False), ("days", 0, 5, False), ("days", 0, 4, False), ("rule", 0, 4, False),
        ("rule", 0, 1, False), ("rule taken back", 0, 1, False), ("days", 0, 0, False),
    ],
    "with its contract goes what kept it, but not that very night": [
        ("sign", at, 0, False) for at in range(6)
    ] + [("days", 0, 5, False)] * 3 + [("void", at, 0, False) for at in range(6)] + [("days", 0, 5, False)],
    "what was planned before comes back with a follow-up taken back": [
        ("follow", at, 4, False) for at in range(6)
    ] + [("plan", at, 11, False) for at in range(6)] + [("told and taken back", at, 2, True) for at in range(6)],
    "what a former owner planned does not come back": [
        *[("follow", at, 4, False) for at in range(6)], *[("give", at, 0, False) for at in range(6)],
        *[("claim", at, 1, False) for at in range(6)], *[("told and taken back", at, 2, True) for at in range(6)],
    ],
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
async def test_a_story_of_the_pool(database: Database, story: str) -> None:
    """Invariants 12, 14 and 99: orders of things in which they once did not hold."""
    await load_company(database, _world())
    await database.system(_prepared)

    def work(tx: Tx) -> None:
        PoolDays.tx, PoolDays.done = tx, Counter()
        play = PoolDays()
        play.begin()
        for name, at, other, yes in STORIES[story]:
            play.now += timedelta(minutes=1)
            getattr(play, f"_{name.replace(' ', '_')}")(list(play.model.values())[at], other, yes)
            play.everything_is_as_the_model_says()
            play.everybody_sees_what_is_left_and_what_is_to_be_done()

    await database.system(work)


@pytest.mark.timeout(300)
async def test_days_at_the_pool(sqlite: Database) -> None:
    """Invariants 7–12, 14–16, 18, 19, 21, 95, 96, 98 and 99."""
    await load_company(sqlite, _world())
    await sqlite.system(_prepared)
    await sqlite.system(lambda tx: _run(tx, 10, 30, kinds=15))


@pytest.mark.postgres
@pytest.mark.timeout(300)
async def test_days_at_the_pool_on_postgresql(postgres: Database) -> None:
    """Invariants 7–12, 14–16, 18, 19, 21, 95, 96, 98 and 99."""
    await load_company(postgres, _world())
    await postgres.system(_prepared)
    await postgres.system(lambda tx: _run(tx, 3, 25, kinds=10))


def _prepared(tx: Tx) -> None:
    """Sellers may do all of this; the rules are those the model begins with."""
    write_setting(tx, "pool", {"claim_cap": 50, "return_after_days": 10}, by="", now=NOW)
