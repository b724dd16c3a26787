"""What a node hides never reaches who is at it, by any door (R3.53, R-APP-7, invariant 61).

Random nodes with random fields hidden, random people doing random things with an application whose every value is
found nowhere else. Whatever reaches a person is searched for all of these; each one found must be visible at a node
where the person had a task or a copy. Applicant, administrator and who has the contract in his scope are not asked.
"""

import asyncio
import json
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from cards.flows import (
    AgreeButton,
    AskButton,
    CancelFlowButton,
    OpenTaskButton,
    ReasonButton,
    StatusButton,
    UrgeButton,
)
from cards.invoices import ApplyAgainButton, BillsButton
from cards.todo import AgreeAllButton, AgreeRowButton, TodoPageButton
from handlers.approvals.service import remind_late
from handlers.flows.rules import step_of
from handlers.invoices.rules import FIELDS
from storage import flow_runs, flows
from storage.database import Database, Tx
from storage.flows import Node
from storage.settings import put_setting
from storage.tables import Contract, Flow, FlowCopy, FlowTask
from tests.handlers.test_contracts import HOW
from tests.support.company import NOW, load_company
from tests.support.databases import postgres_copy, sqlite_copy
from tests.support.flows import flows_world
from tests.support.invoicing import TAX_NO  # none that an example names
from tests.support.room import Room
from tests.support.world import customer

NUMBER, CONTRACT = "FP-2026-0001", "HT-2031-0777"
VALUES: Mapping[str, str] = {
    "customer": "甲午鲸落重工", "contract_no": CONTRACT, "contract_amount": "7654321.09", "amount": "61234.57",
    "title": "丁丑虹桥仪表厂", "tax_no": TAX_NO, "remark": "庚辰雪松急件", "contact_name": "欧阳砚秋",
    "contact_mobile": "13798765431", "applicant": "李娜", "invoiced_amount": "1283746.51", "paid_amount": "2938475.65",
}  # fmt: skip
ASKED = ("qian07", "sun08", "zheng09", "zhao05", "zhou06")  # no function and no record of theirs shows it
BYSTANDER = "zhou06"
PEOPLE = (*ASKED, "lina04", "chen01")
HIDEABLE = sorted(VALUES)
NODES = st.lists(
    st.builds(
        Node,
        st.sampled_from(["复核", "主管", "出纳开票"]),
        users=st.lists(st.sampled_from(ASKED[:-1]), min_size=1, max_size=3, unique=True).map(tuple),
        hidden=st.sets(st.sampled_from(HIDEABLE), min_size=4).map(lambda names: tuple(sorted(names))),
        mode=st.sampled_from(["any", "all", "turn"]),
        copies=st.sampled_from([{}, {"users": ["zhao05"]}, {"users": ["sun08"]}]),
        deadline_hours=st.sampled_from([None, 1]),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda node: node.name,
)
SENTENCES = (
    "我的待办", "流程状态 {fp}", "我处理的", "我发起的", "抄送我的", "处理 {fp}", "同意 {fp}", "同意", "全部同意",
    "不同意 {fp} 手续不全", "转交 {fp} {who}", "加签 {fp} {who}", "退回上一步 {fp} 手续不全", "催办 {fp}", "撤回 {fp}",
    "开票号 {fp} 12345678", "作废发票 {fp} 手续不全", "重新申请 {fp}", "发票 HT-2031", "合同 HT-2031-077", "搜 鲸落",
    "查 甲午鲸落", "导出 我的客户", "今天", "搜 欧阳砚", "审批进度", "开票 HT-2031 900万", "操作记录", "继续",
    "红冲 {fp} 手续不全", "红冲 {fp} 9万 手续不全", "确认", "退回申请人 {fp} 手续不全", "重新提交 {fp}",
    "转交 {fp} 李娜",
)  # fmt: skip
LOOKING = (
    "我的待办",
    "流程状态 {fp}",
    "我处理的",
    "抄送我的",
    "处理 {fp}",
    "全部同意",
    "发票 HT-2031",
    "搜 鲸落",
    "今天",
)
TAPS = ("agree", "refuse", "reason", "open", "status", "urge", "cancel", "row", "all", "page", "bills", "again")
ACTS = st.lists(
    st.one_of(
        st.tuples(
            st.just("move"),
            st.sampled_from(
                ["同意", "同意", "同意", "转交", "加签", "退回上一步", "退回申请人", "重新提交", "不同意", "了结"]
            ),
        ),
        st.tuples(st.just("say"), st.sampled_from(SENTENCES)),
        st.tuples(st.just("tap"), st.sampled_from(TAPS)),
        st.tuples(st.just("time"), st.just("")),
    ).flatmap(lambda act: st.tuples(st.just(act[0]), st.just(act[1]), st.sampled_from(PEOPLE), st.integers(0, 7))),
    min_size=8,
    max_size=16,
)


def looks(name: str, values: Mapping[str, str] = VALUES) -> list[str]:
    """How a value may be written."""
    texts = {values[name]}
    if name.endswith("amount"):
        moved = [Decimal(values[name]) + Decimal(values["amount"])] if name == "invoiced_amount" else []  # with its own
        for amount in (Decimal(values[name]), *moved):
            whole = int(amount)
            texts |= {f"{amount:,}", f"{amount}", f"{whole:,}", str(whole), f"{amount / 10000:.2f}"}
    return sorted(texts)


def hidden_world() -> dict[str, Any]:
    """lina's contract; of those who are asked nobody has a function for it."""
    world = flows_world()
    world["customers"].append(
        customer(
            VALUES["customer"], "lina04",
            contacts=[{"name": VALUES["contact_name"], "mobile": VALUES["contact_mobile"], "main": True}],
        )
    )  # fmt: skip
    world["contracts"].append(
        {
            "no": CONTRACT, "customer": VALUES["customer"], "owner": "lina04", "amount": VALUES["contract_amount"],
            "signed_on": "2026-01-01", "starts_on": "2026-01-01", "ends_on": "2027-12-31", "state": "effective",
            "invoiced": [{"amount": VALUES["invoiced_amount"], "on": "2026-01-05"}],
            "payments": [{"amount": VALUES["paid_amount"], "on": "2026-01-06", "method": "转账"}],
        }
    )  # fmt: skip
    world["roles"] = [role for role in world["roles"] if role["name"] != "财务"]
    return world


class Case:
    """One application, and who has been at which of its nodes."""

    def __init__(self, db: Database) -> None:
        self.db, self.room, self.done = db, Room(db, ASKED), list[str]()

    async def build(self, nodes: list[Node]) -> None:
        await load_company(self.db, hidden_world())

        def work(tx: Tx) -> None:
            flows.put_nodes(tx, nodes)
            put_setting(tx, "approvals", {"dingtalk_todo": True}, by="", now=NOW)

        await self.db.system(work)
        said = await self.room.say(
            "lina04",
            f"开票 {CONTRACT} {VALUES['amount']}元 专票 6% 抬头 {VALUES['title']} 税号 {TAX_NO} "
            f"备注 {VALUES['remark']}",
        )
        assert "提交申请" in said, said
        assert NUMBER in await self.room.say("lina04", "提交")

    async def act(self, kind: str, what: str, who: str, which: int) -> None:
        self.done.append(f"{kind} {what} {who} {which}")
        match kind:
            case "move":
                task = await self._open(which)
                if task is not None:
                    colleague = {"qian07": "钱多", "sun08": "孙悦", "zheng09": "郑安", "zhao05": "赵磊"}[
                        ASKED[which % 4]
                    ]
                    text = f"{what} {NUMBER}" + {"同意": "", "转交": f" {colleague}", "加签": f" {colleague}"}.get(
                        what, " 手续不全"
                    )
                    if what == "了结":  # agreed to, made out, and taken back
                        for last in ("同意 {fp}", "同意", "开票号 {fp} 12345678", "红冲 {fp} 手续不全", "确认"):
                            await self.room.say(task.user_id, last.format(fp=NUMBER))
                        return
                    await self.room.say(task.user_id, text)
                    if what == "同意":
                        await self.room.say(task.user_id, "同意")
            case "say":
                name = {"qian07": "钱多", "sun08": "孙悦"}.get(ASKED[which % 4], "郑安")
                await self.room.say(who, what.format(fp=NUMBER, who=name), group=which == 0)
            case "tap":
                await self._tap(what, who, which)
            case _:
                self.room.later(minutes=61)
                await self.room.run(remind_late)
                await self.room.morning()

    async def look(self) -> None:
        """Everybody looks at everything he can ask for."""
        for who in ASKED:
            for sentence in LOOKING:
                await self.room.say(who, sentence.format(fp=NUMBER))

    async def _open(self, which: int) -> FlowTask | None:
        query = select(FlowTask).where(FlowTask.state == "open")
        tasks = await self.db.system(lambda tx: list(tx.exec(query).all()))
        return tasks[which % len(tasks)] if tasks else None

    async def _tap(self, what: str, who: str, which: int) -> None:
        query = select(FlowTask.id)
        tasks = await self.db.system(lambda tx: sorted(i or 0 for i in tx.exec(query).all()))
        contract = await self.db.system(
            lambda tx: tx.exec(select(Contract.id).where(Contract.number == CONTRACT)).one() or 0
        )
        task, cards = tasks[which % len(tasks)], await self.room.cards()
        button = {
            "agree": AgreeButton(task_id=task, confirmed=which % 2 == 0),
            "refuse": AskButton(task_id=task, what="refuse"),
            "reason": ReasonButton(task_id=task, reason=which % 3), "open": OpenTaskButton(task_id=task),
            "status": StatusButton(flow_id=1), "urge": UrgeButton(flow_id=1),
            "cancel": CancelFlowButton(flow_id=1, sure=True), "row": AgreeRowButton(task_id=task),
            "all": AgreeAllButton(confirmed=which % 2 == 0), "page": TodoPageButton(page=1, anew=True),
            "bills": BillsButton(contract_id=contract), "again": ApplyAgainButton(invoice_id=2),
        }[what]  # fmt: skip
        await self.room.tap(who, cards[which % len(cards)], button)

    async def check(self) -> None:
        await self.room.redraw()
        allowed = await self.db.system(self._allowed)
        for who in ASKED:
            text = "\n".join(self.room.shown[who])
            assert "没处理成" not in text, f"{who}: {self.done}"
            for name in HIDEABLE:
                found = next((look for look in looks(name) if look in text), None)
                assert found is None or name in allowed[who], self._told(who, name, found, allowed[who])

    def _told(self, who: str, name: str, found: str | None, allowed: set[str]) -> str:
        where = next(t for t in self.room.shown[who] if found and found in t)
        return f"{who} reads {FIELDS[name]} {found} ({sorted(allowed)}): {where}\n{self.done}"

    def _allowed(self, tx: Tx) -> dict[str, set[str]]:
        flow = tx.exec(select(Flow)).one()
        steps = [step_of(row) for row in flow_runs.version_of(tx, flow).nodes]
        at = [(t.user_id, t.node) for t in tx.exec(select(FlowTask)).all()]  # also while it is not his turn yet
        at += [(c.user_id, c.node) for c in tx.exec(select(FlowCopy)).all()]
        return {who: {f for user, node in at if user == who for f in steps[node].visible} for who in ASKED}


async def _play(
    place: AbstractAsyncContextManager[Database], nodes: list[Node], acts: list[tuple[str, str, str, int]]
) -> None:
    async with place as db:
        case = Case(db)
        await case.build(nodes)
        for number, act in enumerate(acts):
            if number == len(acts) // 3:
                await case.look()
            await case.act(*act)
        await case.look()
        await case.check()


@pytest.mark.timeout(600)
@settings(HOW, max_examples=8)
@given(nodes=NODES, acts=ACTS)
def test_what_a_node_hides_reaches_nobody_at_it(
    sqlite_file: Path, nodes: list[Node], acts: list[tuple[str, str, str, int]]
) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(_play(sqlite_copy(sqlite_file, Path(folder)), nodes, acts))


@pytest.mark.postgres
@pytest.mark.timeout(600)
@settings(HOW, max_examples=2)
@given(nodes=NODES, acts=ACTS)
def test_nor_on_postgresql(postgres_name: str, nodes: list[Node], acts: list[tuple[str, str, str, int]]) -> None:
    asyncio.run(_play(postgres_copy(postgres_name), nodes, acts))


async def test_the_search_would_find_what_is_shown(sqlite: Database) -> None:
    """A control: with nothing hidden the cashier reads each value, in one of the ways it is looked for."""
    case = Case(sqlite)
    await case.build([Node("出纳开票", users=("qian07",))])
    await case.room.redraw()
    text = json.dumps(case.room.shown["qian07"], ensure_ascii=False)
    assert [name for name in HIDEABLE if not any(look in text for look in looks(name))] == []
    assert case.room.shown[BYSTANDER] == []
