"""Approval flows: who decides, what each action does, and what never happens (crm-rules 4.4, 56–69)."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from sqlmodel import select

from bot.core.errors import AppError, InvalidInput, NotFound
from handlers.flows import rules
from handlers.flows.holding import Moved
from handlers.flows.rules import AlreadyDone, Chosen, Condition, ConfirmFirst, FlowRefused, Holder, NobodyDecides
from handlers.flows.running import Run
from handlers.flows.service import (
    add_signer,
    adjust,
    cancel,
    decide,
    delegate,
    end_delegation,
    send_back,
    show_delegation,
    transfer,
    urge,
)
from handlers.invoices.service import Applied, NewInvoice, apply_invoice
from storage import contracts, flow_runs, flows
from storage.database import Database, Tx
from storage.flows import Node
from storage.settings import put_setting
from storage.tables import Contract, Employee, Flow, FlowTask, Invoice, Notice
from tests.handlers.test_contracts import run
from tests.support.company import NOW, load_company
from tests.support.flows import CONTRACT, TAX_NO, flows_world

CASHIERS = ("qian07", "sun08")


async def contract_id(db: Database, number: str = CONTRACT) -> int:
    query = select(Contract.id).where(Contract.number == number)
    return await db.system(lambda tx: tx.exec(query).one() or 0)


async def company(db: Database, nodes: Sequence[Node] = (), **settings: Any) -> int:
    """The contract applications are for. `nodes`: instead of the one."""
    await load_company(db, flows_world(**settings))
    if nodes:
        await db.system(lambda tx: flows.put_nodes(tx, list(nodes)))
    return await contract_id(db)


async def apply(db: Database, contract: int, amount: int | str = 50_000, who: str = "lina04", **more: Any) -> Applied:
    new = NewInvoice(contract, Decimal(amount), "专票", "宁波华东精密机械有限公司", TAX_NO, Decimal(6), **more)
    done: Applied = await run(db, who, apply_invoice, new)
    return done


async def tasks(db: Database, flow_id: int) -> dict[str, str]:
    """State by person, of the tasks of the node it is at now."""

    def look(tx: Tx) -> dict[str, str]:
        flow = tx.get(Flow, flow_id)
        assert flow is not None
        query = select(FlowTask).where(FlowTask.flow_id == flow_id, FlowTask.entry == flow.entry)
        return {t.user_id: t.state for t in tx.exec(query.order_by(FlowTask.id)).all()}  # type: ignore[arg-type]

    return await db.system(look)


async def task_of(db: Database, flow_id: int, who: str) -> int:
    """The person's latest task."""
    found = await db.system(lambda tx: flow_runs.last_of(tx, flow_id, who))
    assert found is not None, f"{who} has no task"
    return found.id or 0


async def says(db: Database, who: str, flow_id: int, *, agree: bool = True, comment: str = "", **more: Any) -> Moved:
    done: Moved = await run(db, who, decide, await task_of(db, flow_id, who), agree=agree, comment=comment, **more)
    return done


async def states(db: Database, applied: Applied) -> tuple[str, str]:
    """Of the flow and of the invoice."""

    def look(tx: Tx) -> tuple[str, str]:
        flow, invoice = tx.get(Flow, applied.flow_id), tx.get(Invoice, applied.invoice_id)
        return (flow.state if flow else ""), (invoice.state if invoice else "")

    return await db.system(look)


async def money(db: Database, contract: int) -> contracts.Money:
    return await db.system(lambda tx: contracts.money_of(tx, contract))


# -- rules ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("op", "value", "holds"),
    [(">", "50000", False), (">=", "50000", True), ("<", "50000", False), ("<=", "50000", True), ("=", "50000", True),
     ("!=", "50000", False), (">", "49999.99", True)],
)  # fmt: skip
def test_a_condition_at_its_limit(op: str, value: str, holds: bool) -> None:
    assert Condition("amount", op, value).holds({"amount": Decimal("50000.00")}) is holds
    assert Condition("amount", op, value).holds({}) is (op == "!=")


def test_text_is_compared_without_its_spaces() -> None:
    values = {"invoice_type": "专票 6%"}
    held = [op for op in ("=", "!=", "~", "!~") if Condition("invoice_type", op, "专票6%").holds(values)]
    assert held == ["=", "~"]
    assert Condition("invoice_type", "~", "专票").holds(values)
    assert not Condition("invoice_type", "=", "专票").holds(values)
    assert [op for op in ("=", "!=", "~", "!~") if Condition("invoice_type", op, "专票").holds({})] == ["!=", "!~"]


@pytest.mark.parametrize(
    ("candidates", "able", "delegates", "chosen"),
    [
        (["a", "b"], "abx", {}, Chosen((Holder("a"), Holder("b")))),
        (["s", "b"], "sbx", {}, Chosen((Holder("b"),))),  # the applicant among others: the others
        (["s"], "sx", {}, Chosen((Holder("x"),), f"{rules.ADMINISTRATORS}（申请人不能处理自己的申请）")),
        (["a"], "x", {}, Chosen((Holder("x"),), f"{rules.ADMINISTRATORS}（参与者已离职或不在使用范围）")),
        ([], "x", {}, Chosen((Holder("x"),), rules.ADMINISTRATORS)),
        ([], "s", {}, None),
        (["a", "b"], "abcx", {"a": "c"}, Chosen((Holder("c", "a"), Holder("b")))),
        (["a", "b"], "abx", {"a": "b"}, Chosen((Holder("b"),))),  # the deputy decides already
        (["a"], "asx", {"a": "s"}, Chosen((Holder("a"),))),  # a deputy who is the applicant does not count
        (["a"], "ax", {"a": "gone"}, Chosen((Holder("a"),))),
        (["a", "b"], "abx", {"a": "b", "b": "a"}, Chosen((Holder("b", "a"), Holder("a", "b")))),
    ],
)
def test_who_decides(candidates: list[str], able: str, delegates: dict[str, str], chosen: Chosen | None) -> None:
    assert rules.choose(candidates, ["x"], applicants=["s"], able=set(able), delegates=delegates) == chosen


def test_a_step_comes_back_from_its_json_as_it_was() -> None:
    step = rules.Step(
        "复核", ((3, "财务"),), ("a",), ("leader",), "all", (Condition("amount", ">", "1"),), ("amount",), ((4, "x"),),
        ("b",), ("superior:1",), 8,
    )  # fmt: skip
    assert rules.step_of(step.row()) == step


def test_a_field_that_comes_later_is_hidden_at_the_nodes_of_what_runs() -> None:
    """Invariant 62: what a version does not name is not shown, whatever the form has by now."""
    step = rules.step_of({"name": "复核", "visible": ["amount", "title"]})
    fields = {"amount": "开票金额", "title": "发票抬头", "margin": "毛利"}
    form: Any = SimpleNamespace(fields=fields, texts=lambda values: {k: str(v) for k, v in values.items()})
    flow: Any = SimpleNamespace(node=0)
    run_of_it = Run(flow, form, (step,), {"amount": 5, "title": "某某", "margin": 3})
    assert run_of_it.shown(0) == {"开票金额": "5", "发票抬头": "某某"}


# -- one node ------------------------------------------------------------------------------------------


async def test_the_first_decision_counts_and_is_the_only_one(database: Database) -> None:
    """或签: the other's task is superseded; a second tap and the other one change nothing (invariants 56, 69)."""
    contract = await company(database)
    applied = await apply(database, contract)
    assert applied.number == "FP-2026-0001"
    assert await tasks(database, applied.flow_id) == dict.fromkeys(CASHIERS, "open")
    assert (await money(database, contract)).applied == 50_000
    assert "审批完成" in (await says(database, "qian07", applied.flow_id)).text
    assert await states(database, applied) == ("approved", "approved")
    assert await tasks(database, applied.flow_id) == {"qian07": "agreed", "sun08": "superseded"}
    stands = await money(database, contract)
    assert (stands.invoiced, stands.applied) == (Decimal(500_000), Decimal(0))
    with pytest.raises(AlreadyDone, match=r"你 03-02 09:30 已经同意"):
        await says(database, "qian07", applied.flow_id)
    with pytest.raises(AlreadyDone, match="钱多"):
        await says(database, "sun08", applied.flow_id, agree=False, comment="金额不符")
    assert await states(database, applied) == ("approved", "approved")


async def test_a_refusal_needs_a_reason_ends_the_flow_and_frees_the_amount(database: Database) -> None:
    contract = await company(database)
    applied = await apply(database, contract, 750_000)
    with pytest.raises(InvalidInput, match="原因"):
        await says(database, "qian07", applied.flow_id, agree=False, comment=" ")
    assert await states(database, applied) == ("running", "pending")
    await says(database, "qian07", applied.flow_id, agree=False, comment="抬头有误")
    assert await states(database, applied) == ("rejected", "rejected")
    assert (await money(database, contract)).billed == 450_000
    assert (await apply(database, contract, 750_000)).number == "FP-2026-0002"


async def test_only_who_has_the_task_decides(database: Database) -> None:
    applied = await apply(database, await company(database))
    task = await task_of(database, applied.flow_id, "qian07")
    for who in ("lina04", "chen01"):  # the applicant and the administrator see it, and are told whom it waits for
        with pytest.raises(FlowRefused, match="钱多、孙悦"):
            await run(database, who, decide, task, agree=True)
    for use_case, arguments in ((decide, {"agree": True}), (transfer, {"user_id": "zhao05"})):
        with pytest.raises(NotFound) as foreign:
            await run(database, "zhou06", use_case, task, **arguments)
        with pytest.raises(NotFound) as absent:
            await run(database, "zhou06", use_case, 999_999, **arguments)
        assert foreign.value.text == absent.value.text


async def test_above_the_set_sum_it_takes_two_taps(database: Database) -> None:
    contract = await company(database, approvals={"urge_gap_minutes": 30, "confirm_above": "50000"})
    below, at = await apply(database, contract, "49999.99"), await apply(database, contract, 50_000)
    assert "审批完成" in (await says(database, "qian07", below.flow_id)).text
    with pytest.raises(ConfirmFirst, match="50,000"):
        await says(database, "qian07", at.flow_id)
    assert await states(database, at) == ("running", "pending")
    assert "审批完成" in (await says(database, "qian07", at.flow_id, confirmed=True)).text


# -- who: administrators, leaders, conditions ----------------------------------------------------------


async def _set_active(db: Database, active: bool, *users: str) -> None:
    def work(tx: Tx) -> None:
        for one in users:
            person = tx.get(Employee, one)
            assert person is not None
            person.active = active

    await db.system(work)


async def test_nobody_found_or_only_the_applicant_goes_to_the_administrators(database: Database) -> None:
    """D10, R3.51: never stuck, never agreed to by nobody; the log says why."""
    contract = await company(database, [Node("出纳开票", users=("lina04",))])
    own = await apply(database, contract)
    assert await tasks(database, own.flow_id) == {"chen01": "open"}
    await database.system(lambda tx: flows.put_nodes(tx, [Node("出纳开票", roles=("出纳",))]))
    await _set_active(database, False, *CASHIERS)
    gone = await apply(database, contract)
    assert await tasks(database, gone.flow_id) == {"chen01": "open"}
    lines = await database.system(lambda tx: flow_runs.list_log(tx, gone.flow_id))
    assert lines[-1].comment == "找不到参与者，转管理员（参与者已离职或不在使用范围）"
    await _set_active(database, False, "chen01")
    with pytest.raises(NobodyDecides, match="出纳开票"):
        await apply(database, contract)
    assert (await money(database, contract)).applied == 100_000


async def test_superiors_and_leaders_are_found_when_the_node_starts(database: Database) -> None:
    above = (("amount", ">", "50000"),)
    nodes = [Node("主管", superiors=("leader",)), Node("上级", superiors=("superior:1",), conditions=above)]
    contract = await company(database, nodes)

    def managers(tx: Tx) -> None:
        person = tx.get(Employee, "lina04")
        assert person is not None
        person.manager_user_id = "zheng09"

    await database.system(managers)
    small = await apply(database, contract, 50_000)
    assert await tasks(database, small.flow_id) == {"wang03": "open"}
    await says(database, "wang03", small.flow_id)
    assert await states(database, small) == ("approved", "approved")
    big = await apply(database, contract, "50000.01")
    await says(database, "wang03", big.flow_id)
    assert await states(database, big) == ("running", "pending")
    assert await tasks(database, big.flow_id) == {"zheng09": "open"}


async def test_where_no_condition_holds_the_administrators_decide(database: Database) -> None:
    contract = await company(database, [Node("大额", users=("zheng09",), conditions=(("amount", ">", "50000"),))])
    applied = await apply(database, contract, 50_000)
    assert await tasks(database, applied.flow_id) == {"chen01": "open"}


async def test_what_runs_keeps_its_version(database: Database) -> None:
    """R3.50, invariant 63."""
    contract = await company(database)
    before = await apply(database, contract)
    await database.system(lambda tx: flows.put_nodes(tx, [Node("出纳开票", users=("zheng09",)), Node("复核")]))
    after = await apply(database, contract)
    assert await tasks(database, after.flow_id) == {"zheng09": "open"}
    await says(database, "qian07", before.flow_id)
    assert await states(database, before) == ("approved", "approved")
    versions = await database.system(
        lambda tx: [flow_runs.version_of(tx, tx.get_one(Flow, i)).number for i in (before.flow_id, after.flow_id)]
    )
    assert versions == [1, 2]


# -- several deciders ----------------------------------------------------------------------------------


async def test_all_have_to_agree_and_the_first_refusal_ends_it(database: Database) -> None:
    contract = await company(database, [Node("会签", roles=("出纳",), mode="all")])
    one, two = await apply(database, contract), await apply(database, contract)
    assert "还等 孙悦" in (await says(database, "qian07", one.flow_id)).text
    with pytest.raises(AlreadyDone):
        await says(database, "qian07", one.flow_id)
    assert await states(database, one) == ("running", "pending")
    await says(database, "sun08", one.flow_id)
    assert await states(database, one) == ("approved", "approved")
    await says(database, "qian07", two.flow_id)
    await says(database, "sun08", two.flow_id, agree=False, comment="金额不符")
    assert await states(database, two) == ("rejected", "rejected")


async def test_in_turn_one_waits_for_the_other(database: Database) -> None:
    contract = await company(database, [Node("依次", users=("sun08", "qian07", "zheng09"), mode="turn")])
    applied = await apply(database, contract)
    assert await tasks(database, applied.flow_id) == {"sun08": "open", "qian07": "waiting", "zheng09": "waiting"}
    with pytest.raises(AlreadyDone, match="还没轮到你"):
        await says(database, "qian07", applied.flow_id)
    task = await task_of(database, applied.flow_id, "sun08")
    await run(database, "sun08", transfer, task, "wang03")
    await says(database, "wang03", applied.flow_id)
    assert (await tasks(database, applied.flow_id))["qian07"] == "open"
    await says(database, "qian07", applied.flow_id)
    await says(database, "zheng09", applied.flow_id)
    assert await states(database, applied) == ("approved", "approved")


async def test_a_transfer_moves_the_right_to_decide(database: Database) -> None:
    applied = await apply(database, await company(database))
    task = await task_of(database, applied.flow_id, "qian07")
    for receiver, why in (("lina04", "申请人"), ("qian07", "自己"), ("sun08", "已经在")):
        with pytest.raises(FlowRefused, match=why):
            await run(database, "qian07", transfer, task, receiver)
    await run(database, "qian07", transfer, task, "zheng09")
    with pytest.raises(AlreadyDone, match="已经转交"):
        await run(database, "qian07", decide, task, agree=True)
    await says(database, "zheng09", applied.flow_id)
    assert await states(database, applied) == ("approved", "approved")


async def test_an_added_signer_comes_first_and_then_it_is_ones_own_turn(database: Database) -> None:
    contract = await company(database, [Node("出纳开票", users=("qian07",))])
    applied, refused = await apply(database, contract), await apply(database, contract)
    await run(database, "qian07", add_signer, await task_of(database, applied.flow_id, "qian07"), "zheng09")
    assert await tasks(database, applied.flow_id) == {"qian07": "waiting", "zheng09": "open"}
    with pytest.raises(AlreadyDone, match="郑安"):
        await says(database, "qian07", applied.flow_id)
    await says(database, "zheng09", applied.flow_id)
    assert await states(database, applied) == ("running", "pending")  # 或签 though it is: an added one does not end it
    await says(database, "qian07", applied.flow_id)
    assert await states(database, applied) == ("approved", "approved")
    await run(database, "qian07", add_signer, await task_of(database, refused.flow_id, "qian07"), "zheng09")
    await says(database, "zheng09", refused.flow_id, agree=False, comment="缺合同")
    assert await states(database, refused) == ("rejected", "rejected")


async def test_sent_back_the_node_before_decides_anew(database: Database) -> None:
    contract = await company(database, [Node("复核", users=("zheng09",)), Node("出纳开票", users=("qian07",))])
    applied = await apply(database, contract)
    with pytest.raises(FlowRefused, match="第一步"):
        await run(database, "zheng09", send_back, await task_of(database, applied.flow_id, "zheng09"), "抬头有误")
    await says(database, "zheng09", applied.flow_id)
    old = await task_of(database, applied.flow_id, "qian07")
    with pytest.raises(InvalidInput):
        await run(database, "qian07", send_back, old, "")
    await run(database, "qian07", send_back, old, "再核一下")
    assert await tasks(database, applied.flow_id) == {"zheng09": "open"}
    with pytest.raises(AlreadyDone):
        await run(database, "qian07", decide, old, agree=True)
    await says(database, "zheng09", applied.flow_id)
    await says(database, "qian07", applied.flow_id)
    assert await states(database, applied) == ("approved", "approved")


# -- from outside --------------------------------------------------------------------------------------


async def test_called_off_by_the_applicant_until_somebody_decides(database: Database) -> None:
    """D6, invariant 66."""
    contract = await company(database, [Node("会签", roles=("出纳",), mode="all")])
    one, two = await apply(database, contract), await apply(database, contract)
    with pytest.raises(FlowRefused, match="申请人或管理员"):
        await run(database, "qian07", cancel, one.flow_id)
    await run(database, "lina04", cancel, one.flow_id)
    assert await states(database, one) == ("cancelled", "cancelled")
    assert await tasks(database, one.flow_id) == dict.fromkeys(CASHIERS, "cancelled")
    with pytest.raises(AlreadyDone, match="已由 李娜"):
        await says(database, "qian07", one.flow_id)
    with pytest.raises(AlreadyDone):
        await run(database, "lina04", cancel, one.flow_id)
    await says(database, "qian07", two.flow_id)
    with pytest.raises(FlowRefused, match="钱多 已经同意"):
        await run(database, "lina04", cancel, two.flow_id)
    assert await states(database, two) == ("running", "pending")
    with pytest.raises(InvalidInput):
        await run(database, "chen01", cancel, two.flow_id)
    await run(database, "chen01", cancel, two.flow_id, "客户不要了")
    assert await states(database, two) == ("cancelled", "cancelled")
    assert (await money(database, contract)).billed == 450_000


async def test_urged_not_too_often_and_never_with_the_same_words(database: Database) -> None:
    """D21, invariant 64."""
    applied = await apply(database, await company(database))
    with pytest.raises(FlowRefused):
        await run(database, "qian07", urge, applied.flow_id)
    assert "第 1 次" in (await run(database, "lina04", urge, applied.flow_id)).text
    with pytest.raises(FlowRefused, match="1 分钟后"):
        await run(database, "lina04", urge, applied.flow_id, now=NOW + timedelta(minutes=29, seconds=59))
    for number in range(2, 6):
        later = NOW + timedelta(minutes=30 * (number - 1))
        assert f"第 {number} 次" in (await run(database, "lina04", urge, applied.flow_id, now=later)).text
    with pytest.raises(FlowRefused, match="今天已经催过 5 次"):
        await run(database, "chen01", urge, applied.flow_id, now=NOW + timedelta(hours=4))
    assert "第 6 次" in (await run(database, "chen01", urge, applied.flow_id, now=NOW + timedelta(days=1))).text
    query = select(Notice.user_id, Notice.content_hash).where(Notice.user_id == "qian07")
    told = await database.system(lambda tx: tx.exec(query).all())
    assert len(told) == 7
    assert max(Counter(told).values()) == 1
    await says(database, "qian07", applied.flow_id)
    with pytest.raises(AlreadyDone):
        await run(database, "lina04", urge, applied.flow_id, now=NOW + timedelta(days=3))


async def test_adjusted_the_old_task_is_dead_and_the_new_one_counts(database: Database) -> None:
    """Invariant 65."""
    nodes = [Node("复核", users=("zheng09",)), Node("出纳开票", roles=("出纳",))]
    applied = await apply(database, await company(database, nodes))
    old = await task_of(database, applied.flow_id, "zheng09")
    for receiver in ("lina04", "nobody"):
        with pytest.raises(AppError):
            await run(database, "chen01", adjust, applied.flow_id, "出差", user_id=receiver)
    with pytest.raises(InvalidInput):
        await run(database, "chen01", adjust, applied.flow_id, "", user_id="wang03")
    await run(database, "chen01", adjust, applied.flow_id, "出差", user_id="wang03")
    assert await tasks(database, applied.flow_id) == {"wang03": "open"}
    with pytest.raises(AlreadyDone, match="王强"):
        await run(database, "zheng09", decide, old, agree=True)
    await run(database, "chen01", adjust, applied.flow_id, "不用复核", node="出纳开票")
    assert await tasks(database, applied.flow_id) == dict.fromkeys(CASHIERS, "open")
    with pytest.raises(NotFound, match="复核、出纳开票"):
        await run(database, "chen01", adjust, applied.flow_id, "x", node="总经理")


async def test_a_deputy_decides_on_those_days(database: Database) -> None:
    contract = await company(database, [Node("出纳开票", users=("qian07",))])
    await run(database, "qian07", delegate, "zheng09", NOW.date(), NOW.date())
    query = select(Notice.text).where(Notice.user_id == "zheng09")
    told = await database.system(lambda tx: tx.exec(query).one())
    assert "钱多 请你 3月2日 至 3月2日 代他处理审批" in told
    assert "郑安 代你处理" in await run(database, "qian07", show_delegation)
    assert "没有设代理人" in await run(database, "zheng09", show_delegation)
    assert "没有设代理人" in await run(database, "qian07", show_delegation, now=NOW + timedelta(days=1))
    today = await apply(database, contract)
    assert await tasks(database, today.flow_id) == {"zheng09": "open"}
    await run(database, "qian07", end_delegation)
    assert await tasks(database, (await apply(database, contract)).flow_id) == {"qian07": "open"}
    await run(database, "qian07", delegate, "zheng09", NOW.date() + timedelta(days=1), NOW.date() + timedelta(days=2))
    assert await tasks(database, (await apply(database, contract)).flow_id) == {"qian07": "open"}
    with pytest.raises(FlowRefused):
        await run(database, "qian07", delegate, "qian07", NOW.date(), NOW.date())


# -- money, and what happens at once -------------------------------------------------------------------


async def test_applications_at_once_never_pass_the_contract(database: Database) -> None:
    """R-INV-1, C16: 750,000 are left; of twenty at once as many as fit are taken."""
    contract = await company(database)
    done = await asyncio.gather(*(apply(database, contract, 100_000) for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(d, Applied) for d in done) == 7
    assert {type(d).__name__ for d in done} == {"Applied", "OverInvoiced"}
    assert (await money(database, contract)).billed == 1_150_000


async def test_the_sums_are_looked_at_again_at_the_last_approval(database: Database) -> None:
    """Invariant 67: when the effect's check fails nothing is approved."""
    contract = await company(database)
    applied = await apply(database, contract, 750_000)

    def shrink(tx: Tx) -> None:
        tx.get_one(Contract, contract).amount = Decimal(1_000_000)

    await database.system(shrink)
    with pytest.raises(AppError, match="超过"):
        await says(database, "qian07", applied.flow_id)
    assert await states(database, applied) == ("running", "pending")
    assert await tasks(database, applied.flow_id) == dict.fromkeys(CASHIERS, "open")


async def test_the_administrators_setting_is_asked_each_time(database: Database) -> None:
    contract = await company(database, [Node("出纳开票")])
    await database.system(lambda tx: put_setting(tx, "admins", ["zheng09"], by="", now=NOW))
    assert await tasks(database, (await apply(database, contract)).flow_id) == {"zheng09": "open"}
