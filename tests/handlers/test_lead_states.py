"""Whatever is done with leads in whatever order, by whoever: what always holds (crm-rules.md 4.4).

Of the sentences there: 1 and 2 as they are of leads, 25, 26, 29, 88; and R-LEAD-1, R-LEAD-4, R-LEAD-5.
"""

import asyncio
import itertools
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlmodel import col, select

from bot.core.errors import AppError, NotFound
from handlers.leadpool.service import claim_lead, return_lead
from handlers.leads.rules import MOVES
from handlers.leads.service import (
    convert_lead,
    create_lead,
    delete_lead,
    log_follow_up,
    set_state,
    show_lead,
    transfer_lead,
    update_lead,
)
from handlers.leads.steps import NewLead
from handlers.undo.service import take_back
from storage.database import Database, Tx
from storage.tables import Audit, Customer, FollowUp, Lead, LeadFollowUp, LeadOwnerHistory, Opportunity
from tests.support.company import load_company
from tests.support.databases import postgres_copy, sqlite_copy
from tests.support.leadworld import lead_company, tried
from tests.support.room import NOW

PEOPLE = ("lina04", "zhao05", "zhou06", "wang03", "chen01")
COMPANIES = ("甲机电有限公司", "甲机电 有限公司", "乙食品厂", "丙贸易有限公司")
who, at = st.sampled_from(PEOPLE), st.integers(0, 4)


class Picture:
    """All leads and what belongs to them, as the database has it."""

    def __init__(self, tx: Tx) -> None:
        def every(model: Any) -> list[Any]:
            return list(tx.exec(select(model).order_by(col(model.id)), execution_options={"unscoped": "a test"}).all())

        self.leads: dict[int, Lead] = {row.id: row for row in every(Lead)}
        self.customers = {c.id: c for c in every(Customer)}
        self.deals = {o.id: o for o in every(Opportunity)}
        self.told, self.copies = every(LeadFollowUp), every(FollowUp)
        self.pages: list[LeadOwnerHistory] = every(LeadOwnerHistory)
        self.lines = [a for a in every(Audit) if a.subject.startswith("lead:")]
        tx.expunge_all()


class Leads(RuleBasedStateMachine):
    """Five people over a few companies' leads; each step is one use case, allowed or refused."""

    open_one: Callable[[], AbstractAsyncContextManager[Database]]  # a new one for every example
    loop: asyncio.AbstractEventLoop

    @initialize()
    def begin(self) -> None:
        self.clock = NOW
        self.copy = type(self).open_one()
        self.database = self._run(self.copy.__aenter__())
        self._run(load_company(self.database, lead_company()))
        self.made: list[int] = []
        self.offers: list[tuple[str, int]] = []
        self.before = self._look()
        self.create("lina04", COMPANIES[0], 0)
        self.create("zhao05", COMPANIES[1], 1)
        self.give_back("zhao05", 1)

    def teardown(self) -> None:
        if hasattr(self, "copy"):
            self._run(self.copy.__aexit__(None, None, None))

    def _run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def _look(self) -> Picture:
        found: Picture = self._run(self.database.system(Picture))
        return found

    def _do(self, person: str, use_case: Any, *arguments: Any, **named: Any) -> Any:
        self.clock += timedelta(seconds=20)
        done = self._run(tried(self.database, person, use_case, *arguments, at=self.clock, **named))
        undo_id = getattr(done, "undo_id", None)
        if undo_id is not None:
            self.offers.append((person, undo_id))
        return done

    def _on(self, person: str, place: int, use_case: Any, *arguments: Any, **named: Any) -> Any:
        """With one of those made in this example."""
        if not self.made:
            return None
        return self._do(person, use_case, self.made[place % len(self.made)], *arguments, **named)

    @rule(person=who, company=st.sampled_from(COMPANIES), number=st.integers(0, 2))
    def create(self, person: str, company: str, number: int) -> None:
        new = NewLead(f"{company}", mobile=f"1380000{len(self.before.leads):03d}{number}", contact="老周")
        done = self._do(person, create_lead, new)
        if not isinstance(done, AppError):
            self.made.append(done.lead_id)

    @rule(person=who, place=at, state=st.sampled_from(("following", "interested", "invalid", "converted", "new")))
    def move(self, person: str, place: int, state: str) -> None:
        lead = self._lead(place)
        done = self._on(person, place, set_state, state, reason="空号")
        if lead is not None and not isinstance(done, AppError):
            assert state in MOVES[lead.state] and state != "converted"

    def _lead(self, place: int) -> Lead | None:
        return self._look().leads[self.made[place % len(self.made)]] if self.made else None

    @rule(person=who, place=at)
    def follow(self, person: str, place: int) -> None:
        self._on(person, place, log_follow_up, "聊了需求", next_at=self.clock + timedelta(days=2))

    @rule(person=who, place=at)
    def edit(self, person: str, place: int) -> None:
        self._on(person, place, update_lead, {"remark": f"{self.clock:%d%H%M%S}"})

    @rule(person=who, place=at, receiver=who)
    def transfer(self, person: str, place: int, receiver: str) -> None:
        self._on(person, place, transfer_lead, receiver)

    @rule(person=who, place=at, opportunity=st.booleans(), anyway=st.booleans())
    def convert(self, person: str, place: int, *, opportunity: bool, anyway: bool) -> None:
        lead = self._lead(place)
        done = self._on(person, place, convert_lead, opportunity=opportunity, anyway=anyway)
        if lead is not None and lead.state == "converted" and not isinstance(done, AppError):
            assert done.already and done.customer_id == lead.converted_customer_id  # R-LEAD-5

    @rule(person=who, place=at)
    def delete(self, person: str, place: int) -> None:
        self._on(person, place, delete_lead)

    @rule(person=who, place=at)
    def claim(self, person: str, place: int) -> None:
        lead = self._lead(place)
        done = self._on(person, place, claim_lead)
        if lead is not None and not isinstance(done, AppError):
            assert lead.owner_id in (None, person)

    @rule(person=who, place=at)
    def give_back(self, person: str, place: int) -> None:
        self._on(person, place, return_lead, "无需求")

    @rule(which=st.integers(0, 6))
    def undo(self, which: int) -> None:
        """An offer, most often the last; another person's is refused."""
        if not self.offers:
            return
        owner, undo_id = self.offers[-1 - max(0, which - 3) % len(self.offers)]
        if which == 6:
            assert isinstance(self._do("wang03" if owner != "wang03" else "lina04", take_back, undo_id), NotFound)
        else:
            self._do(owner, take_back, undo_id)

    @rule(person=who, place=at)
    def look(self, person: str, place: int) -> None:
        """29: what one may not see answers as what there is not."""
        seen, absent = self._on(person, place, show_lead), self._do(person, show_lead, 999_999)
        assert seen is None or not isinstance(seen, NotFound) or seen.text == absent.text

    @invariant()
    def holds(self) -> None:
        if not hasattr(self, "before"):
            return
        now = self._look()
        for lead in now.leads.values():
            self._one(lead, now)
        live = [c.name_key for c in now.customers.values() if c.deleted_at is None]
        assert len(live) == len(set(live))  # 88
        self._steps(now)
        self.before = now

    def _one(self, lead: Lead, now: Picture) -> None:
        converted = lead.state == "converted"
        assert converted == (lead.converted_customer_id is not None) == (lead.converted_at is not None)
        if lead.converted_customer_id is not None:  # 25, 26
            customer = now.customers[lead.converted_customer_id]
            assert customer.deleted_at is None and lead.deleted_at is None
            told = sorted((f.user_id, f.at, f.content) for f in now.told if f.lead_id == lead.id and not f.deleted_at)
            kept = [
                (f.user_id, f.at, f.content)
                for f in now.copies
                if f.customer_id == lead.converted_customer_id and not f.deleted_at
            ]
            assert all(kept.count(entry) >= told.count(entry) for entry in told)
        if lead.converted_opportunity_id is not None:
            assert now.deals[lead.converted_opportunity_id].deleted_at is None
        assert bool(lead.invalid_reason) == (lead.state == "invalid")  # R-LEAD-4
        assert lead.pooled_at is None or lead.owner_id is None
        assert lead.next_follow_up_at is None or lead.owner_id is not None
        pages = [p for p in now.pages if p.lead_id == lead.id]
        if pages:  # the line of owners has no gap, and its end says whose it is
            assert [p.to_at for p in pages[:-1]] == [p.from_at for p in pages[1:]]
            assert pages[-1].to_at is None and pages[-1].owner_id == lead.owner_id

    def _steps(self, now: Picture) -> None:
        """What a step does to a lead, it does under a new version and leaves a line of; a converted one stays."""
        for key, was in self.before.leads.items():
            lead = now.leads[key]
            if lead.version == was.version:
                assert lead.model_dump() == was.model_dump()
                continue
            assert lead.version > was.version
            assert sum(a.subject == f"lead:{key}" for a in now.lines) > sum(
                a.subject == f"lead:{key}" for a in self.before.lines
            )


def in_any_order(open_one: Callable[[], AbstractAsyncContextManager[Database]], examples: int) -> None:
    loop = asyncio.new_event_loop()
    try:
        Leads.open_one, Leads.loop = staticmethod(open_one), loop
        run_state_machine_as_test(
            Leads,
            settings=settings(
                max_examples=examples, stateful_step_count=25, deadline=None, phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip
    finally:
        loop.close()


@pytest.mark.timeout(300)
def test_in_any_order(sqlite_file: Path, tmp_path: Path) -> None:
    numbers = itertools.count()

    def open_one() -> AbstractAsyncContextManager[Database]:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        return sqlite_copy(sqlite_file, folder)

    in_any_order(open_one, 8)


@pytest.mark.postgres
@pytest.mark.timeout(300)
def test_in_any_order_on_postgresql(postgres_name: str) -> None:
    in_any_order(lambda: postgres_copy(postgres_name), 2)
