"""Whatever is done with an application, in whatever order: what never happens (invariants 48, 56–58, 66, 67)."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from bot.core.errors import AppError
from bot.identity import may_be_told
from handlers.approvals.service import next_stuck, pass_on_stuck, remind_late
from handlers.flows.service import add_signer, adjust, cancel, decide, delegate, send_back, transfer, urge
from handlers.handover.parties import Wanted
from handlers.handover.service import announce_departures, hand_over
from storage import contracts, departures, flows
from storage.database import Database, Tx
from storage.flows import Node
from storage.settings import put_setting, read_settings
from storage.tables import Contract, Employee, Flow, FlowLog, FlowTask, Invoice
from tests.handlers.test_contracts import HOW, run
from tests.handlers.test_flows import apply, company
from tests.support.company import NOW
from tests.support.databases import postgres_copy, sqlite_copy
from tests.support.flows import CONTRACT

PEOPLE = ("lina04", "qian07", "sun08", "zheng09", "wang03", "chen01")
LEAVING = ("qian07", "sun08", "zheng09", "wang03")
NODES = st.lists(
    st.builds(
        Node,
        st.sampled_from(["复核", "主管", "出纳开票"]),
        users=st.lists(st.sampled_from(PEOPLE), max_size=3, unique=True).map(tuple),
        superiors=st.sampled_from([(), ("leader",), ("superior:1",)]),
        mode=st.sampled_from(["any", "all", "turn"]),
        conditions=st.sampled_from([(), (), (("amount", ">", "300000"),), (("invoice_type", "~", "普票"),)]),
        deadline_hours=st.sampled_from([None, 2]),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda node: node.name,
)
WHO, COLLEAGUE, WHICH = st.sampled_from(PEOPLE), st.sampled_from(PEOPLE), st.integers(0, 3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("apply"), st.sampled_from([100_000, 400_000]), st.just("")),
        st.tuples(st.sampled_from(["agree", "agree", "agree", "refuse", "back"]), WHICH, st.just("")),
        st.tuples(st.sampled_from(["transfer", "sign"]), WHICH, COLLEAGUE),
        st.tuples(st.sampled_from(["cancel", "urge", "agree as"]), WHICH, WHO),
        st.tuples(st.just("adjust"), WHICH, COLLEAGUE),
        st.tuples(st.just("adjust to node"), WHICH, st.sampled_from(["复核", "主管", "出纳开票"])),
        st.tuples(st.sampled_from(["leave", "out of scope", "take over"]), WHICH, st.sampled_from(LEAVING)),
        st.tuples(st.just("delegate"), st.sampled_from(range(len(LEAVING))), COLLEAGUE),
        st.tuples(st.just("late"), WHICH, st.just("")),
    ),
    min_size=6,
    max_size=18,
)


@dataclass
class Model:
    """The applications that were made, and what was done."""

    db: Database
    contract: int
    made: list[int] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    hours: int = 0  # the clock of deadlines

    async def step(self, what: str, value: int, who: str) -> None:
        refused = False
        before = await self._all()
        try:
            await self._do(what, value, who)
        except AppError:
            refused = True
        self.done.append(f"{what} {value} {who}{' refused' if refused else ''}")
        if refused:
            assert before == await self._all(), f"what is refused changes nothing: {self.done}"
        await self.check()

    async def _all(self) -> list[Any]:
        def look(tx: Tx) -> list[Any]:
            tasks = tx.exec(select(FlowTask).order_by(col(FlowTask.id))).all()
            ends = tx.exec(select(Flow).order_by(col(Flow.id))).all()
            lines = tx.exec(select(FlowLog.id)).all()
            return [[(t.id, t.state, t.user_id) for t in tasks], [(f.id, f.state, f.entry) for f in ends], len(lines)]

        return await self.db.system(look)

    async def _do(self, what: str, value: int, who: str) -> None:
        if what == "apply":
            self.made.append((await apply(self.db, self.contract, value)).flow_id)
            return
        if not self.made:
            return
        flow_id = self.made[value % len(self.made)]
        holder, task = await self._open(flow_id)
        match what:
            case "agree":
                await run(self.db, holder, decide, task, agree=True)
            case "agree as":
                await run(self.db, who, decide, task, agree=True)
            case "refuse":
                await run(self.db, holder, decide, task, agree=False, comment="金额不符")
            case "back":
                await run(self.db, holder, send_back, task, "再核一下")
            case "transfer":
                await run(self.db, holder, transfer, task, who)
            case "sign":
                await run(self.db, holder, add_signer, task, who)
            case "cancel":
                await run(self.db, who, cancel, flow_id, "不要了")
            case "urge":
                await run(self.db, who, urge, flow_id)
            case "adjust to node":
                await run(self.db, "chen01", adjust, flow_id, "不用这一步", node=who)
            case "leave":
                await self._leaves(who)
            case "out of scope":
                await self._out_of_scope(who)
            case "take over":
                await self._take_over(who)
            case "delegate":
                await run(self.db, LEAVING[value], delegate, who, NOW.date(), NOW.date())
            case "late":
                self.hours += 3
                before = await self._all()
                await run(self.db, "", remind_late, now=NOW + timedelta(hours=self.hours))
                assert before == await self._all(), "the clock decides nothing"
            case _:
                await run(self.db, "chen01", adjust, flow_id, "出差", user_id=who)

    async def _leaves(self, who: str) -> None:
        def work(tx: Tx) -> None:
            person = tx.get_one(Employee, who)
            if not person.active:
                return
            departures.set_aside(tx, [who], now=NOW)
            person.active, person.left_at = False, NOW

        await self.db.system(work)
        await run(self.db, "", announce_departures)

    async def _out_of_scope(self, who: str) -> None:
        def work(tx: Tx) -> None:
            usage = read_settings(tx).usage_scope
            users = usage.users if usage.mode == "some" else list(PEOPLE)
            value = {"mode": "some", "departments": [], "users": [u for u in users if u != who]}
            put_setting(tx, "usage_scope", value, by="", now=NOW)

        await self.db.system(work)
        while await run(self.db, "", next_stuck) is not None:
            assert await run(self.db, "", pass_on_stuck), "what is due does something"

    async def _take_over(self, who: str) -> None:
        wanted = Wanted(who, "sun08" if who == "qian07" else "qian07", ("customer", "opportunity", "contract", "lead"))
        first = await run(self.db, "chen01", hand_over, wanted, shown=None)
        await run(self.db, "chen01", hand_over, wanted, shown=first.moving)

    async def _open(self, flow_id: int) -> tuple[str, int]:
        """Some open task, else the last one there was."""
        query = select(FlowTask).where(FlowTask.flow_id == flow_id).order_by(col(FlowTask.id).desc())
        tasks = await self.db.system(lambda tx: list(tx.exec(query).all()))
        chosen = next((t for t in tasks if t.state == "open"), tasks[0])
        return chosen.user_id, chosen.id or 0

    async def check(self) -> None:
        def look(tx: Tx) -> None:
            whole = {"unscoped": "a test looks at everything"}
            for flow in tx.exec(select(Flow)).all():
                tasks = tx.exec(select(FlowTask).where(FlowTask.flow_id == flow.id)).all()
                waits = [t for t in tasks if t.state in ("open", "waiting")]
                open_now = [t for t in waits if t.state == "open"]
                assert all(t.user_id != flow.starter_id for t in tasks), self.done
                assert all(t.closed_by != flow.starter_id for t in tasks if t.state in ("agreed", "refused")), self.done
                assert len({t.user_id for t in open_now}) == len(open_now), self.done
                assert all(may_be_told(tx, t.user_id, read_settings(tx)) for t in open_now), self.done
                if flow.state == "running":
                    assert open_now, f"stuck: {self.done}"
                    assert {t.entry for t in waits} == {flow.entry}
                else:
                    assert not waits, self.done
                if flow.state == "approved":
                    last = [t for t in tasks if t.entry == flow.entry]
                    assert any(t.state == "agreed" for t in last), f"agreed to by nobody: {self.done}"
                assert sum(t.state == "refused" for t in tasks) == (flow.state == "rejected"), self.done
                decided = [t for t in tasks if t.state in ("agreed", "refused")]
                assert all(t.closed_by == t.user_id for t in decided), f"only a holder decides: {self.done}"
                actions = [e.action for e in tx.exec(select(FlowLog).where(FlowLog.flow_id == flow.id)).all()]
                assert len(decided) == sum(a in ("agree", "refuse") for a in actions), self.done
                assert sum(a in ("refuse", "cancel") for a in actions) == (flow.state in ("rejected", "cancelled"))
                query = select(Invoice).where(Invoice.id == flow.record_id)
                invoice = tx.exec(query, execution_options=whole).one()
                assert invoice.state == {"running": "pending"}.get(flow.state, flow.state), self.done
            money = contracts.money_of(tx, self.contract)
            assert money.billed <= money.amount, self.done

        await self.db.system(look)


async def _play(
    place: AbstractAsyncContextManager[Database], nodes: list[Node], plays: list[tuple[str, int, str]]
) -> None:
    async with place as db:
        contract = await company(db)
        await db.system(lambda tx: flows.put_nodes(tx, nodes))
        amount = select(Contract).where(Contract.number == CONTRACT)

        def enlarge(tx: Tx) -> None:
            tx.exec(amount).one().amount = Decimal(1_250_000)

        await db.system(enlarge)
        model = Model(db, contract)
        for what, value, who in [("apply", 100_000, ""), *plays]:
            await model.step(what, value, who)


@settings(HOW, max_examples=25)
@given(nodes=NODES, plays=STEPS)
def test_a_flow_holds_whatever_is_done(sqlite_file: Path, nodes: list[Node], plays: list[tuple[str, int, str]]) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(_play(sqlite_copy(sqlite_file, Path(folder)), nodes, plays))


@pytest.mark.postgres
@settings(HOW, max_examples=5)
@given(nodes=NODES, plays=STEPS)
def test_a_flow_holds_on_postgresql_too(
    postgres_name: str, nodes: list[Node], plays: list[tuple[str, int, str]]
) -> None:
    asyncio.run(_play(postgres_copy(postgres_name), nodes, plays))
