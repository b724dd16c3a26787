"""The load and the oracle of approvals: applied for, agreed to, refused, called off and urged while the house dies.

What was acknowledged is what counts. After every kill each application that runs has exactly the two tasks it should
have, and one that is finished has one decision and none that waits; in the end each of its notices and 待办 was there
once.
"""

import asyncio
import json
import random
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from sqlmodel import col, select

from bot.dispatch.taps import BUSY, WORKING
from bot.sandbox.company_records import unionid_of
from cards.flows import AgreeButton, ReasonButton
from storage.database import Tx
from storage.tables import Employee, Flow, FlowLog, FlowTask, Invoice
from tests.support.flows import TAX_NO
from tests.support.world import customer, user

APPLICANTS = {"he10": "HT-2026-101", "xu11": "HT-2026-102"}
CASHIERS = ("qian07", "sun08")
ROLE = "出纳"
DECISIONS = {"approved": "agree", "rejected": "refuse", "cancelled": "cancel"}
INVOICE = {"running": "pending", "approved": "approved", "rejected": "rejected", "cancelled": "cancelled"}
OLD_CARD = "a card of long ago"
REMARK = "样本申请第{}号完"


def add_approvals(world: dict[str, Any]) -> None:
    """Two who apply on contracts of their own, two cashiers, and DingTalk's 待办 switched on."""
    world["settings"]["usage_scope"] = {"mode": "all", "departments": [], "users": []}
    world["settings"]["approvals"] = {"urge_gap_minutes": 30, "dingtalk_todo": True}
    names = {"he10": "何洁", "xu11": "徐波"}
    world["users"] += [user(who, name, 101) for who, name in names.items()] + [user("sun08", "孙悦", 103)]
    functions = ["customer:view", "contract:view", "invoice:view", "invoice:apply"]
    for name, members, may in (("开票员", APPLICANTS, functions), (ROLE, CASHIERS, ["approval:handle"])):
        world["roles"].append(
            {
                "name": name, "data_scope": "self", "level": "normal", "functions": may,
                "members": [{"user": one, "departments": []} for one in members],
            }
        )  # fmt: skip
    world["contracts"] = []
    for who, number in APPLICANTS.items():
        world["customers"].append(customer(f"{names[who]}的老客户工厂", who))
        world["contracts"].append(
            {
                "no": number, "customer": f"{names[who]}的老客户工厂", "owner": who, "amount": "90000000.00",
                "signed_on": "2026-01-01", "starts_on": "2026-01-01", "ends_on": "2099-12-31", "state": "effective",
            }
        )  # fmt: skip
    world["invoice_flow"] = {"nodes": [{"name": "出纳开票", "participants": {"roles": [ROLE], "users": []}}]}


def give_union_ids(tx: Tx) -> None:
    """As the organisation's sync would: whoever has one gets his 待办."""
    for person in tx.exec(select(Employee)).all():
        person.union_id = unionid_of(person.user_id)


@dataclass
class Standing:
    """One application as the database has it."""

    number: str
    starter: str
    state: str
    invoice: str
    remark: str
    tasks: dict[str, tuple[int, str]]  # id and state, by person
    extra: int  # tasks above one a person
    log: list[str]


def standings(tx: Tx) -> list[Standing]:
    """All of them, the oldest first."""
    whole = {"unscoped": "a test looks at everything"}
    invoices = {i.id: i for i in tx.exec(select(Invoice), execution_options=whole).all()}
    tasks, lines = defaultdict(list), defaultdict(list)
    for task in tx.exec(select(FlowTask).order_by(col(FlowTask.id))).all():
        tasks[task.flow_id].append(task)
    for line in tx.exec(select(FlowLog).order_by(col(FlowLog.id))).all():
        lines[line.flow_id].append(line.action)
    found = []
    for flow in tx.exec(select(Flow).order_by(col(Flow.id))).all():
        its, record = tasks[flow.id or 0], invoices[flow.record_id]
        by_person = {t.user_id: (t.id or 0, t.state) for t in its}
        found.append(
            Standing(
                flow.number, flow.starter_id, flow.state, record.state, record.remark, by_person,
                len(its) - len(by_person), lines[flow.id or 0],
            )
        )  # fmt: skip
    return found


def half_done(one: Standing) -> str:
    """What of it was done by halves; empty: nothing."""
    states = Counter(state for _, state in one.tasks.values())
    decided = sum(one.log.count(action) for action in DECISIONS.values())
    if set(one.tasks) != set(CASHIERS) or one.extra:
        return "not the tasks it should have"
    if one.invoice != INVOICE[one.state]:
        return f"the application is {one.state}, its invoice {one.invoice}"
    if one.state == "running":
        return "" if states == {"open": 2} and not decided else f"it runs, and its tasks are {dict(states)}"
    if states["open"] or decided != 1 or one.log.count(DECISIONS[one.state]) != 1:
        return f"it is {one.state}, its tasks are {dict(states)}, its log {one.log}"
    if states["agreed"] + states["refused"] != (one.state != "cancelled"):
        return f"decisions: {dict(states)}"
    return ""


@dataclass
class Approvals:
    """What the people did, and whether it was acknowledged."""

    http: aiohttp.ClientSession
    url: str
    rng: random.Random
    applied: set[str] = field(default_factory=set)  # remarks of acknowledged applications
    urged: dict[str, bool] = field(default_factory=dict)  # number → whether it was acknowledged
    tried: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # number → ends asked for
    ended: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # number → ends acknowledged
    running: list[Standing] = field(default_factory=list)  # as the last kill left them
    wrong: list[str] = field(default_factory=list)
    tapped: set[str] = field(default_factory=set)  # numbers whose end a tap was told of as done
    undone: set[str] = field(default_factory=set)  # of these the ones that a kill found still running
    acknowledged: int = 0  # whole doings: an application is one
    _number: int = 0

    def people(self, until: float) -> list[Any]:
        """Everybody's doings until then."""
        deciding = list(self.running)
        self.rng.shuffle(deciding)
        return [*(self._apply(who, until) for who in APPLICANTS), *(self._decide(who, deciding) for who in CASHIERS)]

    async def _apply(self, who: str, until: float) -> None:
        """Urges and calls off what there is, then applies anew."""
        own = [one for one in self.running if one.starter == who]
        self.rng.shuffle(own)
        for one in own[:2]:
            if one.number not in self.urged and self.rng.random() < 0.4:
                self.urged[one.number] = False
                self.urged[one.number] = await self._say(who, f"催办 {one.number}")
                self.acknowledged += self.urged[one.number]
            else:
                await self._end(one.number, "cancelled", self._say(who, f"撤回 {one.number} 客户不要了"))
        loop = asyncio.get_running_loop()
        while loop.time() < until:
            self._number += 1
            remark = REMARK.format(self._number)
            text = f"开票 {APPLICANTS[who]} 1000元 专票 6% 抬头 老客户工厂 税号 {TAX_NO} 备注 {remark}"
            if await self._say(who, text) and await self._say(who, "提交"):
                self.applied.add(remark)
                self.acknowledged += 1
            await asyncio.sleep(self.rng.uniform(0.1, 0.4))

    async def _decide(self, who: str, deciding: list[Standing]) -> None:
        """By word and by tap; both cashiers may come to the same one."""
        for one in deciding[:2]:
            await asyncio.sleep(self.rng.uniform(0, 0.25))
            task, _ = one.tasks.get(who, (0, ""))
            match self.rng.choice(("agree", "agree", "reason", "words")):
                case "agree":
                    params = AgreeButton(task_id=task).params()
                    await self._end(one.number, "approved", self._tap(who, one.number, params))
                case "reason":
                    params = ReasonButton(task_id=task, reason=1).params()
                    await self._end(one.number, "rejected", self._tap(who, one.number, params))
                case _:
                    await self._end(one.number, "rejected", self._say(who, f"不同意 {one.number} 金额不符"))

    async def _end(self, number: str, state: str, doing: Any) -> None:
        self.tried[number].add(state)
        if await doing:
            self.ended[number].add(state)
            self.acknowledged += 1

    async def _say(self, who: str, text: str) -> bool:
        self._number += 1
        body = {"from": who, "text": text, "msg_id": f"msgX{self._number}"}
        async with self.http.post(f"{self.url}/sandbox/v1/messages", json=body) as answer:
            ack = (await answer.json())["ack"]
        return bool(ack and ack["code"] == 200)

    async def _tap(self, who: str, number: str, params: dict[str, str]) -> bool:
        """True: told as done. That the machine is too slow to say it in time, or too busy to do it, is told as such."""
        body = {"as": who, "force": True, "action_ids": [], "params": params}
        async with self.http.post(f"{self.url}/sandbox/v1/cards/{OLD_CARD}/tap", json=body) as answer:
            told = json.dumps(await answer.json(), ensure_ascii=False)
        done = '"status": "ok"' in told and not any(text in told for text in (WORKING, BUSY))
        if done:
            self.tapped.add(number)
        return done

    def killed(self, found: list[Standing]) -> None:
        """What the kill left: nothing by halves, and nothing that a tap was told of as done still to do.

        Looked at now: a later life may well do it again. (A message is worked after its acknowledgement, a tap before.)
        """
        self.running = [one for one in found if one.state == "running"]
        self.undone |= self.tapped & {one.number for one in self.running}
        self.wrong += [f"{one.number}: {why}" for one in found if (why := half_done(one))]

    def lost(self, found: list[Standing]) -> list[str]:
        """What was acknowledged and is not there."""
        remarks, by_number = Counter(one.remark for one in found), {one.number: one for one in found}
        lost = [f"application {remark}" for remark in self.applied if not remarks[remark]]
        lost += [f"{number}: a tap was told as done" for number in self.undone]
        for number, ends in self.ended.items():
            if by_number[number].state not in self.tried[number]:
                lost.append(f"{number}: {'/'.join(ends)} was acknowledged, it is {by_number[number].state}")
        for number, acknowledged in self.urged.items():
            one = by_number[number]
            if acknowledged and "urge" not in one.log and one.state == "running":
                lost.append(f"{number}: 催办 was acknowledged")
        return lost

    def doubled(self, found: list[Standing]) -> list[str]:
        """What was done twice."""
        remarks = Counter(one.remark for one in found)
        urges = [one.number for one in found if one.log.count("urge") > 1]
        return [f"application {r}" for r, count in remarks.items() if count > 1] + [f"urge {n}" for n in urges]

    async def notices(self, found: list[Standing]) -> tuple[list[str], list[str]]:
        """Those that are missing, and those that came more than once."""
        items = await self._items("/notices")
        told = Counter[tuple[str, str, str]]()
        for item in items:
            number = re.search(r"FP-\d{4}-\d+", item["text"])
            if item["fate"] == "delivered" and number is not None:
                told[item["userid"], number[0], _kind(item["text"])] += 1
        due = set[tuple[str, str, str]]()
        for one in found:
            due |= {(who, one.number, "task") for who in CASHIERS}
            if one.state in ("approved", "rejected"):
                due.add((one.starter, one.number, "end"))
            if one.state == "cancelled":
                due |= {(who, one.number, "end") for who in CASHIERS}
            if "urge" in one.log:
                due |= {(who, one.number, "urge") for who in CASHIERS}
        missing = [" ".join(key) for key in due if not told[key]]
        return missing, [" ".join(key) for key, count in told.items() if count > 1 or key not in due]

    async def todos(self, found: list[Standing]) -> list[str]:
        """待办 that are missing, there twice, or not as the task is."""
        wrong = []
        for who in CASHIERS:
            there = defaultdict(list)
            for item in await self._items(f"/todos/{who}"):
                number = re.search(r"FP-\d{4}-\d+", item["subject"])
                there[number[0] if number else ""].append(bool(item["done"]))
            for one in found:
                done = there.pop(one.number, [])
                if done != [False] if one.state == "running" else done not in ([], [True]):
                    wrong.append(f"待办 of {who} for {one.number} ({one.state}): {done}")
            wrong += [f"待办 of {who} for nothing: {number}" for number in there]
        return wrong

    async def _items(self, path: str) -> list[dict[str, Any]]:
        async with self.http.get(f"{self.url}/sandbox/v1{path}") as answer:
            items: list[dict[str, Any]] = (await answer.json())["items"]
            return items


def _kind(text: str) -> str:
    if "待你处理" in text:
        return "task"
    return "urge" if "催办" in text else "end"
