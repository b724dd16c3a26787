"""What a node hides is in no request to DingTalk that concerns who is at it, in no card and no inbox (R3.53).

Random nodes over the real SDK and socket; every value of every application is found nowhere else.
"""

import json
import random
from typing import Any

import pytest
from sqlmodel import select

from bot.sandbox.company_records import unionid_of
from handlers.flows.rules import step_of
from storage import flow_runs, flows
from storage.database import Tx
from storage.flows import Node
from storage.tables import Card, Flow, FlowCopy, FlowTask
from tests.handlers.test_flow_fields import ASKED, HIDEABLE, looks
from tests.support.flows import TAX_NO, flows_world
from tests.support.stage import Stage
from tests.support.world import customer

ROUNDS = 4
SEED = 20260302
NAMES = {"qian07": "钱多", "sun08": "孙悦", "zheng09": "郑安", "zhao05": "赵磊"}


def values(n: int) -> dict[str, str]:
    """Of the n-th application."""
    one = "甲乙丙丁"[n]
    return {
        "customer": f"{one}午鲸落重工", "contract_no": f"HT-203{n}-0777", "contract_amount": f"765432{n}.09",
        "amount": f"6123{n}.57", "title": f"{one}丑虹桥仪表厂", "tax_no": TAX_NO, "remark": f"{one}辰雪松急件",
        "contact_name": f"欧阳{one}秋", "contact_mobile": f"1379876543{n}", "invoiced_amount": f"128374{n}.51",
        "paid_amount": f"293847{n}.65", "applicant": "李娜",
    }  # fmt: skip


@pytest.fixture
def world() -> dict[str, Any]:
    world = flows_world(approvals={"urge_gap_minutes": 30, "dingtalk_todo": True}, quiet_hours=["00:00", "00:00"])
    for n in range(ROUNDS):
        of = values(n)
        mains = [{"name": of["contact_name"], "mobile": of["contact_mobile"], "main": True}]
        world["customers"].append(customer(of["customer"], "lina04", contacts=mains))
        world["contracts"].append(
            {
                "no": of["contract_no"], "customer": of["customer"], "owner": "lina04", "amount": of["contract_amount"],
                "signed_on": "2026-01-01", "starts_on": "2026-01-01", "ends_on": "2027-12-31", "state": "effective",
                "invoiced": [{"amount": of["invoiced_amount"], "on": "2026-01-05"}],
                "payments": [{"amount": of["paid_amount"], "on": "2026-01-06", "method": "转账"}],
            }
        )  # fmt: skip
    world["roles"] = [role for role in world["roles"] if role["name"] != "财务"]
    return world


def random_nodes(rng: random.Random) -> list[Node]:
    return [
        Node(
            name, users=tuple(rng.sample(ASKED[:-1], rng.randint(1, 2))), mode=rng.choice(["any", "all", "turn"]),
            hidden=tuple(sorted(rng.sample(HIDEABLE, rng.randint(4, len(HIDEABLE))))),
            copies={"users": [rng.choice(ASKED[:-1])]} if rng.random() < 0.5 else {},
        )
        for name in rng.sample(["复核", "主管", "出纳开票"], rng.randint(1, 3))
    ]  # fmt: skip


async def _holder(stage: Stage, flow_id: int) -> str | None:
    query = select(FlowTask.user_id).where(FlowTask.flow_id == flow_id, FlowTask.state == "open")
    return await stage.app.db.system(lambda tx: tx.exec(query.order_by(FlowTask.id)).first())  # type: ignore[arg-type]


async def _play(stage: Stage, rng: random.Random, n: int) -> None:
    """One application from its sentence to its end, by word and by tap."""
    nodes, of, number = random_nodes(rng), values(n), f"FP-2026-{n + 1:04}"
    await stage.app.db.system(lambda tx: flows.put_nodes(tx, nodes))
    sentence = f"开票 {of['contract_no']} {of['amount']}元 专票 6% 抬头 {of['title']} 税号 {TAX_NO} 备注 {of['remark']}"
    assert "提交申请" in str(await stage.say("lina04", sentence))
    assert number in str(await stage.say("lina04", "提交"))
    await stage.say("lina04", f"催办 {number}")
    for turn in range(8):
        who = await _holder(stage, n + 1)
        if who is None:
            break
        for sentence in (f"流程状态 {number}", "我的待办", "全部同意", "我处理的"):
            await stage.say(who, sentence)
        (item,) = await stage.say(who, f"处理 {number}")
        if turn == 1:
            await stage.say(who, f"转交 {number} {NAMES[rng.choice(ASKED[:-1])]}")
            continue
        if turn == 5:
            await stage.say(who, f"不同意 {number} 手续不全")
            continue
        await stage.tap(who, item, "流程状态")
        await stage.settle()
        await stage.tap(who, item, "同意")
        await stage.settle()
    for who in ASKED:
        for sentence in (f"流程状态 {number}", "抄送我的", "搜 鲸落", f"发票 {of['contract_no'][:-2]}", "今天"):
            await stage.say(who, sentence)


def _allowed(tx: Tx) -> list[dict[str, set[str]]]:
    """By application and person: the fields of each node he has been at."""
    found = []
    for flow in tx.exec(select(Flow).order_by(Flow.id)).all():  # type: ignore[arg-type]
        steps = [step_of(row) for row in flow_runs.version_of(tx, flow).nodes]
        tasks = tx.exec(select(FlowTask).where(FlowTask.flow_id == flow.id)).all()
        at = [(t.user_id, t.node) for t in tasks if t.opened_at is not None]
        at += [(c.user_id, c.node) for c in tx.exec(select(FlowCopy).where(FlowCopy.flow_id == flow.id)).all()]
        found.append({who: {f for user, node in at if user == who for f in steps[node].visible} for who in ASKED})
    return found


@pytest.mark.timeout(600)
async def test_what_a_node_hides_is_in_no_request_card_or_inbox(both: Stage) -> None:
    stage = both
    rng = random.Random(SEED)
    for n in range(ROUNDS):
        await _play(stage, rng, n)
    allowed = await stage.app.db.system(_allowed)
    cards = await stage.app.db.system(lambda tx: [(c.out_track_id, c.holder_user_id) for c in tx.exec(select(Card))])
    calls = [json.dumps(call, ensure_ascii=False) for call in (await stage.get("/calls"))["items"]]
    searched = 0
    for who in ASKED:
        held = [track for track, holder in cards if holder == who]
        names = [f'"{who}"', f".{who}", unionid_of(who), *held]
        his = [call for call in calls if any(name in call for name in names)]
        his += [json.dumps(item, ensure_ascii=False) for item in (await stage.get(f"/inbox/{who}"))["items"]]
        for track in held:
            card = {"card": {"out_track_id": track}}
            his.append(json.dumps(await stage.card(who, card), ensure_ascii=False))
        searched += len(his)
        for n, fields in enumerate(allowed):
            for name in set(HIDEABLE) - fields[who] - {"tax_no", "applicant"}:  # the same in all of them
                for text in his:
                    found = [look for look in looks(name, values(n)) if look in text]
                    assert not found, f"{who} is sent {name} of {n + 1}, {found}: {text[:3000]}"
    assert searched > 100, "the search looks at nothing"
    assert any(values(0)["amount"][:5] in call.replace(",", "") for call in calls), "the values are never sent at all"
