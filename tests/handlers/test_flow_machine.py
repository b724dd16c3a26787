"""Whatever is done with an application, in whatever order: what never happens (crm-rules.md 4.4, 44, 47, 48, 56–67)."""

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
from handlers.contracts.service import edit_contract
from handlers.flows.service import add_signer, adjust, cancel, decide, delegate, send_back, transfer, urge
from handlers.handover.parties import Wanted
from handlers.handover.service import announce_departures, hand_over
from handlers.invoices.service import issue_invoice, red_invoice, void_invoice
from storage import contracts, departures, flow_lists, flows
from storage.database import Database, Tx
from storage.flows import Node
from storage.settings import put_setting, read_settings
from storage.tables import Contract, Employee, Flow, FlowLog, FlowTask, Invoice
from tests.handlers.test_contracts import HOW, run
from tests.handlers.test_flows import apply, company
from tests.support.company import NOW
from tests.support.databases import postgres_copy, sqlite_copy
from tests.support.flows import CONTRACT, TAX_NO

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
RED = 30_000  # yuan taken back at a time
OLD = 450_000  # yuan invoiced before
AMOUNTS = (600_000, 900_000, 1_250_000, 1_500_000)  # the contract's may be
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
        st.tuples(st.sampled_from(["amount", "issue", "void", "red"]), WHICH, st.just("")),
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
    said: dict[int, tuple[Any, ...]] = field(default_factory=dict)  # invoice → what was applied for, which stays (44)
    live: dict[int, int] = field(default_factory=dict)  # invoice → yuan, of those that count (48)
    amount: int = 1_250_000  # the contract's
    done: list[str] = field(default_factory=list)
    hours: int = 0  # the clock of deadlines

    async def step(self, what: str, value: int, who: str) -> None:
        refused = False
        before, billed = await self._all(), OLD + sum(self.live.values())
        try:
            await self._do(what, value, who)
        except AppError:
            refused = True
        self.done.append(f"{what} {value} {who}{' refused' if refused else ''}")
        if refused:
            assert before == await self._all(), f"what is refused changes nothing: {self.done}"
        if what == "apply":  # exactly what fits is taken, whatever waits
            assert refused is (billed + value > self.amount), self.done
        elif what == "amount":  # never below what is billed or paid (47)
            assert refused is (AMOUNTS[value] < billed), self.done
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
            if OLD + sum(self.live.values()) + value > self.amount:
                await apply(self.db, self.contract, value)
                raise AssertionError(f"more than the contract: {self.done}")
            made = await apply(self.db, self.contract, value, remark=f"第{len(self.made)}张", email="a@b.cn")
            self.made.append(made.flow_id)
            self.said[made.invoice_id] = (
                self.contract, made.number, Decimal(value), "专票", Decimal(6), "宁波华东精密机械有限公司", TAX_NO,
                "a@b.cn", f"第{len(self.made) - 1}张", "lina04", NOW,
            )  # fmt: skip
            self.live[made.invoice_id] = value
            return
        if what == "amount":
            if AMOUNTS[value] != self.amount:
                await run(self.db, "chen01", edit_contract, self.contract, {"amount": Decimal(AMOUNTS[value])})
            self.amount = AMOUNTS[value]
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
            case "issue":
                number = f"{len(self.done):08d}"
                await run(self.db, "wang03", issue_invoice, list(self.said)[value % len(self.said)], number)
            case "red":
                invoice_id = list(self.said)[value % len(self.said)]
                await run(self.db, "wang03", red_invoice, invoice_id, "退货", Decimal(RED))
                self.live[invoice_id] -= RED
            case "void":
                await run(self.db, "wang03", void_invoice, list(self.said)[value % len(self.said)], "抬头开错")
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
                state = {"running": "pending"}.get(flow.state, flow.state)
                assert invoice.state in {"approved": ("approved", "issued", "void")}.get(state, (state,)), self.done
                assert self.said[invoice.id or 0] == (
                    invoice.contract_id, invoice.number, invoice.amount, invoice.kind, invoice.tax_rate, invoice.title,
                    invoice.tax_no, invoice.email, invoice.remark, invoice.applied_by, invoice.applied_at,
                ), self.done  # fmt: skip
                if invoice.state not in ("pending", "approved", "issued"):
                    self.live.pop(invoice.id or 0, None)
            money, billed = contracts.money_of(tx, self.contract), OLD + sum(self.live.values())
            assert (money.billed, money.amount) == (Decimal(billed), Decimal(self.amount)), self.done
            assert billed <= self.amount, self.done
            for who in PEOPLE:  # 99: what waits for somebody is on his list, and goes with its cause
                mine = tx.exec(select(FlowTask).where(FlowTask.user_id == who)).all()
                held = {t.id for t in mine if t.state == "open"}
                assert {one.task.id for one in flow_lists.waiting_of(tx, who)} == held, self.done

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
    """Invariants 44, 47, 48, 55, 56–60, 66, 67 and 99."""
    with TemporaryDirectory() as folder:
        asyncio.run(_play(sqlite_copy(sqlite_file, Path(folder)), nodes, plays))


@pytest.mark.postgres
@settings(HOW, max_examples=5)
@given(nodes=NODES, plays=STEPS)
def test_a_flow_holds_on_postgresql_too(
    postgres_name: str, nodes: list[Node], plays: list[tuple[str, int, str]]
) -> None:
    """Invariants 44, 47, 48, 55, 56–60, 66, 67 and 99."""
    asyncio.run(_play(postgres_copy(postgres_name), nodes, plays))
