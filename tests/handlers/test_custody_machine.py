"""Customers in any order of claims, transfers, locks, teams, merges and their undoing (crm-rules.md 4.4: 1, 2, 11, 17,
27, 95; R-POOL-14, R-CONT-5).

One database, one transaction, a savepoint for each step and each run, so that many orders are tried in little time.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select
from sqlmodel import col

from bot.context import Context, make_context
from bot.core.actor import SYSTEM, SYSTEM_ACTOR
from bot.core.errors import AppError
from bot.identity import identify
from handlers.contacts.service import set_main
from handlers.custody.service import delete_customer, lock_customer, transfer_customer, unlock_customer
from handlers.customers.creating import NewCustomer
from handlers.customers.service import create_customer
from handlers.followups.service import NewFollowUp, log_follow_up
from handlers.merges.service import merge_customers
from handlers.pool.rules import ClaimLimited
from handlers.pool.service import assign_customer, claim_customer, recycle_customer, recycle_due, return_customer
from handlers.team.service import add_member, answer_join, ask_to_join, end_member
from handlers.undo.service import take_back
from storage import merges
from storage.database import Database, Tx
from storage.plain import table_of
from storage.settings import read_settings, write_setting
from storage.tables import (
    Contact,
    Contract,
    Customer,
    FollowUp,
    JoinRequest,
    Opportunity,
    OwnerHistory,
    Payment,
    TeamMember,
    Undo,
)
from tests.handlers.test_customer_record import HS, HX, world_with_deals
from tests.support.company import NOW, load_company
from tests.support.room import DISPATCHER

ALL = {"unscoped": "a test looks at everything", "unmasked": "a test looks at everything"}
SELLERS = ("lina04", "zhao05", "zhou06")
CAP = 3  # customers a person may own; lina begins with as many
STEPS = (
    *["undo"] * 7, *["merge"] * 3, *["claim"] * 2, *["give"] * 2, *["transfer"] * 2, *["create"] * 2, "assign", "lock",
    "unlock", "join", "leave", "ask", "delete", "follow", "main", "wait", "recycle",
)  # fmt: skip
ANY = ("merge", "create", "delete", "wait", "recycle", "undo")  # steps that are not about an owner's customer


def whom(number: int) -> str:
    """A seller."""
    return SELLERS[number % len(SELLERS)]


def _world() -> dict[str, Any]:
    """Few customers, so that what is done meets what was done before."""
    world = world_with_deals()
    kept = (HX, HS, "宁波海蓝食品有限公司", "杭州蓝海机械有限公司", "上海明德仪器有限公司", "宁波华东精密机械有限公司")
    world["customers"] = [one for one in world["customers"] if one["name"] in kept]
    return world


def _prepared(tx: Tx) -> None:
    pool = read_settings(tx).pool.model_copy(update={"holding_cap": CAP, "claim_cap": None, "claims_per_day": None})
    write_setting(tx, "pool", pool.model_dump(), by="", now=NOW)


class Custody(RuleBasedStateMachine):
    """Steps that people may take; what is refused changes nothing."""

    tx: Tx  # of the test, open the whole time
    done: Counter[str]  # what was not refused, in all runs

    @initialize()
    def begin(self) -> None:
        self.run = self.tx.begin_nested()
        self.now = NOW
        self.created = 0
        self.everything = self.totals()
        self.held = self.holdings()

    def teardown(self) -> None:
        if hasattr(self, "run"):
            self.run.rollback()
            self.tx.expire_all()

    # -- doing ------------------------------------------------------------------------------------------------------

    def do(self, who: str, use_case: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        """None: it was refused."""
        self.now += timedelta(minutes=1)
        self.tx.info["scope"] = SYSTEM
        self.held = self.holdings()
        step = self.tx.begin_nested()
        try:
            now = read_settings(self.tx)
            actor = identify(self.tx, who, now) if who else SYSTEM_ACTOR
            ctx = make_context(self.tx, actor, self.now, now, "chat")
            ctx.undoers = dict(DISPATCHER.undoers)
            done = use_case(ctx, *arguments, **more)
            self.tx.flush()
            step.commit()
            self.done[use_case.__name__] += 1
        except AppError:
            step.rollback()
            return None
        finally:
            self.tx.info["scope"] = SYSTEM
            self.tx.expire_all()
        return done

    @rule(name=st.sampled_from(STEPS), at=st.integers(0, 7), other=st.integers(0, 7), yes=st.booleans())
    def step(self, name: str, at: int, other: int, yes: bool) -> None:
        """One thing that somebody does. `at`, `other`: to which customer, to whom or what."""
        rows = self.rows()
        pooled = [row for row in rows if row.owner_id is None]
        owned = [row for row in rows if row.owner_id is not None]
        which = pooled if name in ("claim", "assign") else rows if name in ANY else owned
        if which or name in ANY:
            getattr(self, f"_{name}")(which[at % len(which)] if which else None, other, yes)

    def _claim(self, row: Any, other: int, yes: bool) -> None:
        if self.do(whom(other), claim_customer, row.id) is not None:
            self.is_now(row, whom(other))

    def _give(self, row: Any, other: int, yes: bool) -> None:
        if self.do(row.owner_id, return_customer, row.id, "无需求") is not None:
            assert self.row(row.id).owner_id is None

    def _assign(self, row: Any, other: int, yes: bool) -> None:
        self.passed_on("wang03", assign_customer, row, whom(other))

    def _transfer(self, row: Any, other: int, yes: bool) -> None:
        self.passed_on("chen01", transfer_customer, row, whom(other), with_deals=yes)

    def _lock(self, row: Any, other: int, yes: bool) -> None:
        self.do(row.owner_id, lock_customer, row.id, (self.now + timedelta(days=other * 10)).date())

    def _unlock(self, row: Any, other: int, yes: bool) -> None:
        self.do(row.owner_id, unlock_customer, row.id)

    def _join(self, row: Any, other: int, yes: bool) -> None:
        self.do(row.owner_id, add_member, row.id, whom(other), may_write=yes, until=None)

    def _leave(self, row: Any, other: int, yes: bool) -> None:
        self.do(row.owner_id, end_member, row.id, whom(other))

    def _ask(self, row: Any, other: int, yes: bool) -> None:
        if self.do(whom(other), ask_to_join, row.id, shown=True) is not None:
            newest = self.tx.execute(select(func.max(col(JoinRequest.id))), execution_options=ALL).scalar_one()
            self.do(row.owner_id, answer_join, newest, agree=yes)

    def _merge(self, row: Any, other: int, yes: bool) -> None:
        rows = self.rows()
        chosen = ["name", "city", "phone"] if yes else []
        self.do("chen01", merge_customers, row.id, rows[other % len(rows)].id, chosen=chosen)

    def _create(self, row: Any, other: int, yes: bool) -> None:
        name = f"温州第{self.created}号{self.created * 7919}阀门厂"
        if self.do(whom(other), create_customer, NewCustomer(name, "王五")) is not None:
            self.created += 1

    def _delete(self, row: Any, other: int, yes: bool) -> None:
        hangs = self.hanging(row.id)
        if self.do("chen01", delete_customer, row.id) is not None:
            assert not hangs, "with business of its own it stays"
            assert row.id not in {one.id for one in self.rows()}

    def _follow(self, row: Any, other: int, yes: bool) -> None:
        if self.do(row.owner_id, log_follow_up, row.id, NewFollowUp("聊了", "电话")) is not None:
            self.everything["follow_up"] += 1

    def _main(self, row: Any, other: int, yes: bool) -> None:
        query = select(col(Contact.id)).where(col(Contact.customer_id) == row.id, col(Contact.deleted_at).is_(None))
        found = self.tx.execute(query.order_by(col(Contact.id)), execution_options=ALL).scalars().all()
        if found:
            self.do(row.owner_id, set_main, found[other % len(found)])

    def _wait(self, row: Any, other: int, yes: bool) -> None:
        self.now += timedelta(days=other + 5)

    def _recycle(self, row: Any, other: int, yes: bool) -> None:
        for due in self.do("", recycle_due) or ():
            lock = self.row(due.id).lock_until
            assert lock is None or lock < self.now.date(), "locked (11)"
            assert self.do("", recycle_customer, due)
        assert self.do("", recycle_due) == [], "a second run returns nobody (21)"

    def _undo(self, row: Any, other: int, yes: bool) -> None:
        """One of the latest things that can be taken back, whoever did it."""
        query = select(Undo.__table__).where(col(Undo.undone_at).is_(None), col(Undo.expires_at) >= self.now)  # type: ignore[attr-defined]
        offers = self.tx.execute(query.order_by(col(Undo.id).desc()).limit(8), execution_options=ALL).all()
        if not offers:
            return
        offer = offers[other % len(offers)]
        if self.do(offer.user_id, take_back, offer.id) is not None and offer.kind == "followups.log":
            self.everything["follow_up"] -= 1

    def passed_on(self, who: str, use_case: Callable[..., Any], row: Any, receiver: str, **more: Any) -> None:
        """Done, it is the receiver's, who had room and had it not before."""
        if self.do(who, use_case, row.id, receiver, **more) is not None:
            self.is_now(row, receiver)

    def is_now(self, row: Any, owner_id: str) -> None:
        assert row.owner_id != owner_id
        assert self.row(row.id).owner_id == owner_id
        assert self.held[owner_id] < CAP, "he had no room"

    # -- looking ----------------------------------------------------------------------------------------------------

    def rows(self) -> list[Any]:
        query = select(Customer.__table__).where(col(Customer.deleted_at).is_(None))  # type: ignore[attr-defined]
        return list(self.tx.execute(query.order_by(col(Customer.id)), execution_options=ALL).all())

    def row(self, customer_id: int) -> Any:
        return next(row for row in self.rows() if row.id == customer_id)

    def holdings(self) -> Counter[str]:
        return Counter(row.owner_id for row in self.rows() if row.owner_id is not None)

    def hanging(self, customer_id: int) -> int:
        """Opportunities and contracts of that customer."""
        return sum(
            int(
                self.tx.execute(
                    select(func.count()).select_from(table).where(
                        table.c.customer_id == customer_id, table.c.deleted_at.is_(None)
                    ),
                    execution_options=ALL,
                ).scalar_one()
            )
            for table in (table_of(Opportunity), table_of(Contract))
        )  # fmt: skip

    def totals(self) -> dict[str, int]:
        """Of what hangs on a customer and is not deleted."""
        found = {}
        for table in (
            table_of(Contact),
            table_of(FollowUp),
            table_of(Opportunity),
            table_of(Contract),
            table_of(Payment),
        ):
            query = select(func.count()).select_from(table)
            if table.name in ("contact", "follow_up"):
                query = query.where(table.c.deleted_at.is_(None))
            found[table.name] = int(self.tx.execute(query, execution_options=ALL).scalar_one())
        return found

    @invariant()
    def each_is_owned_or_pooled_and_its_history_says_so(self) -> None:
        pages = self.tx.execute(
            select(col(OwnerHistory.customer_id), col(OwnerHistory.owner_id)).where(col(OwnerHistory.to_at).is_(None))
        ).all()
        open_pages: dict[int, list[str | None]] = {}
        for customer_id, owner_id in pages:
            open_pages.setdefault(customer_id, []).append(owner_id)
        for row in self.rows():
            assert (row.owner_id is None) == (row.pooled_at is not None) == (row.owner_since is None)  # 1
            assert open_pages[row.id] == [row.owner_id]  # 2

    @invariant()
    def nobody_gets_more_than_he_may_own(self) -> None:
        if hasattr(self, "held"):
            for who, count in self.holdings().items():
                assert count <= max(CAP, self.held[who]), who  # 17

    @invariant()
    def nothing_is_lost_and_nothing_points_to_what_is_gone(self) -> None:
        if not hasattr(self, "everything"):
            return
        merged = select(col(Customer.id)).where(col(Customer.merged_into).is_not(None))
        tails = list(self.tx.execute(merged, execution_options=ALL).scalars())
        for table, column in merges.references():
            query = select(func.count()).select_from(table).where(column.in_(tails))
            assert not self.tx.execute(query, execution_options=ALL).scalar_one(), table.name  # 27
        now = self.totals()
        for name in ("opportunity", "contract", "payment", "follow_up"):
            assert now[name] == self.everything[name], name

    @invariant()
    def a_team_helps_an_owner(self) -> None:
        live = self.tx.execute(
            select(col(TeamMember.customer_id), col(TeamMember.user_id)).where(col(TeamMember.ended_at).is_(None)),
            execution_options=ALL,
        ).all()
        assert len(live) == len(set(live))
        owners = {row.id: row.owner_id for row in self.rows()}
        for customer_id, user_id in live:
            if customer_id in owners:
                assert owners[customer_id] is not None, "the pool has no teams (R-POOL-14)"
                assert owners[customer_id] != user_id, "an owner is no member of his own team"

    @invariant()
    def there_is_one_main_contact_and_the_latest_follow_up(self) -> None:
        mains = self.tx.execute(
            select(col(Contact.customer_id)).where(col(Contact.main), col(Contact.deleted_at).is_(None)),
            execution_options=ALL,
        ).all()
        assert len(mains) == len(set(mains))  # R-CONT-5
        query = select(col(FollowUp.customer_id), func.max(col(FollowUp.at))).where(col(FollowUp.deleted_at).is_(None))
        latest: dict[int, datetime] = dict(
            self.tx.execute(query.group_by(col(FollowUp.customer_id)), execution_options=ALL).all()
        )
        for row in self.rows():
            assert row.last_follow_up_at == latest.get(row.id)  # 95


def _run(tx: Tx, examples: int, steps: int) -> None:
    Custody.tx, Custody.done = tx, Counter()
    run_state_machine_as_test(
        Custody,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )  # fmt: skip
    assert len(Custody.done) >= 8, f"little is ever done: {Custody.done}"


@pytest.mark.timeout(300)
async def test_custody_holds_in_any_order(sqlite: Database) -> None:
    """Invariants 1, 2, 11, 17, 21, 27 and 95."""
    await load_company(sqlite, _world())
    await sqlite.system(_prepared)
    await sqlite.system(lambda tx: _run(tx, 15, 40))


@pytest.mark.postgres
@pytest.mark.timeout(300)
async def test_custody_holds_on_postgresql(postgres: Database) -> None:
    """Invariants 1, 2, 11, 17, 21, 27 and 95."""
    await load_company(postgres, _world())
    await postgres.system(_prepared)
    await postgres.system(lambda tx: _run(tx, 5, 30))


async def test_a_transfer_to_who_is_full_is_refused(database: Database) -> None:
    """Invariant 17, straight: the machine meets it by chance alone."""
    await load_company(database, _world())
    await database.system(_prepared)

    def work(tx: Tx) -> None:
        def of(who: str) -> Context:
            return make_context(tx, identify(tx, who, read_settings(tx)), NOW, read_settings(tx), "chat")

        made = [
            create_customer(of("zhou06" if n else "zhao05"), NewCustomer(f"温州第{n}阀门厂{n * 7919}", "王五"))
            for n in range(CAP + 1)
        ]
        with pytest.raises(ClaimLimited):
            transfer_customer(of("chen01"), made[0].customer.id or 0, "zhou06")

    await database.system(work)
