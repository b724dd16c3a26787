"""Somebody who decides leaves, or hands over his work, in the middle of a flow (R-APP-4, R-HAND-4, invariant 68)."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlmodel import col, select

from bot.core.errors import AppError
from bot.identity import may_be_told, those_told
from handlers.approvals.service import next_stuck, pass_on_stuck, show_status, show_task
from handlers.flows.rules import ContentChanged, FlowRefused
from handlers.flows.service import add_signer, cancel, decide, transfer
from handlers.handover.parties import Wanted
from handlers.handover.service import announce_departures, hand_over, undo_handover
from handlers.revisions.service import edit_fields, resubmit, return_to_applicant
from handlers.todo.service import show_todo
from storage import departures
from storage.database import Database, Tx
from storage.flows import Node
from storage.settings import put_setting, read_settings
from storage.tables import Employee, Notice
from tests.handlers.test_contracts import run
from tests.handlers.test_flows import apply, company, says, states, task_of, tasks
from tests.support.company import NOW
from tests.support.room import Room

EVERYTHING = ("customer", "opportunity", "contract", "lead")


async def _leaves(db: Database, who: str) -> None:
    def work(tx: Tx) -> None:
        person = tx.get_one(Employee, who)
        departures.set_aside(tx, [who], now=NOW)
        person.active, person.left_at = False, NOW

    await db.system(work)
    await run(db, "", announce_departures)


async def _hands_over(db: Database, giver: str, receiver: str, kinds: Sequence[str] = EVERYTHING) -> Any:
    wanted = Wanted(giver, receiver, tuple(kinds))
    first = await run(db, "chen01", hand_over, wanted, shown=None)
    return await run(db, "chen01", hand_over, wanted, shown=first.moving)


async def test_who_leaves_leaves_it_to_the_others_or_to_the_administrators(database: Database) -> None:
    """Invariant 68."""
    contract = await company(database)
    shared = await apply(database, contract)
    await _leaves(database, "qian07")
    assert await tasks(database, shared.flow_id) == {"qian07": "superseded", "sun08": "open"}
    await _leaves(database, "sun08")
    assert await tasks(database, shared.flow_id) == {"qian07": "superseded", "chen01": "open"}
    await says(database, "chen01", shared.flow_id)
    assert await states(database, shared) == ("approved", "approved")


async def test_the_administrator_who_decides_there_already_decides_once(database: Database) -> None:
    contract = await company(database, [Node("会签", users=("sun08", "chen01", "zheng09"), mode="all")])
    applied = await apply(database, contract)
    await _leaves(database, "sun08")
    assert await tasks(database, applied.flow_id) == {"sun08": "superseded", "chen01": "open", "zheng09": "open"}
    for who in ("chen01", "zheng09"):
        await says(database, who, applied.flow_id)
    assert await states(database, applied) == ("approved", "approved")


async def test_who_is_out_of_the_usage_scope_is_left_for_the_administrators(database: Database) -> None:
    """D10: at once, and once; what no administrator may decide stays."""
    contract = await company(database, [Node("出纳开票", users=("qian07",))])
    applied = await apply(database, contract)
    assert await run(database, "", next_stuck) is None
    everybody_else = {"mode": "some", "departments": [], "users": ["lina04"]}
    await database.system(lambda tx: put_setting(tx, "usage_scope", everybody_else, by="", now=NOW))
    assert await run(database, "", next_stuck) == NOW
    assert await run(database, "", pass_on_stuck) == 1
    assert await run(database, "", next_stuck) is None
    assert await run(database, "", pass_on_stuck) == 0
    assert await tasks(database, applied.flow_id) == {"chen01": "open"}
    status = await run(database, "lina04", show_status, applied.flow_id)
    assert "不能处理，转管理员 陈静" in status.log[-1].text
    await database.system(lambda tx: put_setting(tx, "admins", ["lina04"], by="", now=NOW))
    assert await run(database, "", next_stuck) is None, "the applicant is the only administrator left"
    assert await tasks(database, applied.flow_id) == {"chen01": "open"}


@pytest.mark.parametrize(
    "scope",
    [
        {"mode": "all"}, {"mode": "admins"}, {"mode": "some"}, {"mode": "some", "departments": [103]},
        {"mode": "some", "departments": [100], "users": ["qian07"]}, {"mode": "some", "users": ["zheng09", "zhou06"]},
    ],
    ids=str,
)  # fmt: skip
async def test_many_are_asked_about_as_one_is(sqlite: Database, scope: dict[str, Any]) -> None:
    await company(sqlite)
    everybody = ["chen01", "lina04", "nobody", "qian07", "sun08", "wang03", "zheng09", "zhou06"]

    def look(tx: Tx) -> None:
        put_setting(tx, "usage_scope", {"departments": [], "users": [], **scope}, by="", now=NOW)
        tx.get_one(Employee, "sun08").active = False
        tx.flush()
        now = read_settings(tx)
        told = {one for one in everybody if may_be_told(tx, one, now)}
        assert those_told(tx, everybody, now) == told
        assert "chen01" in told and "sun08" not in told

    await sqlite.system(look)


async def test_in_turn_the_place_in_the_row_is_kept(database: Database) -> None:
    contract = await company(database, [Node("依次", users=("sun08", "qian07", "zheng09"), mode="turn")])
    applied = await apply(database, contract)
    await _leaves(database, "qian07")
    assert await tasks(database, applied.flow_id) == {"sun08": "open", "chen01": "waiting", "zheng09": "waiting"}
    for who in ("sun08", "chen01", "zheng09"):
        await says(database, who, applied.flow_id)
    assert await states(database, applied) == ("approved", "approved")


async def test_what_waits_goes_to_the_receiver_and_comes_back(database: Database) -> None:
    contract = await company(database, [Node("出纳开票", users=("qian07",))])
    one, two = await apply(database, contract), await apply(database, contract)
    old = await task_of(database, one.flow_id, "qian07")
    done = await _hands_over(database, "qian07", "zheng09")
    assert await tasks(database, one.flow_id) == {"zheng09": "open"}
    with pytest.raises(AppError):
        await run(database, "qian07", decide, old, agree=True)
    await says(database, "zheng09", one.flow_id)
    assert await states(database, one) == ("approved", "approved")
    text = await run(database, "chen01", undo_handover, {"handover_id": done.handover_id})
    assert "1/2 条" in text
    assert await tasks(database, two.flow_id) == {"qian07": "open"}
    assert await tasks(database, one.flow_id) == {"zheng09": "agreed"}


async def test_the_receiver_never_gets_his_own_application(database: Database) -> None:
    contract = await company(database, [Node("出纳开票", users=("qian07",))])
    applied = await apply(database, contract)
    await _hands_over(database, "qian07", "lina04")
    assert await tasks(database, applied.flow_id) == {"chen01": "open"}


# -- what was returned to the applicant, and edits on the way ------------------------------------------


async def _returned(db: Database) -> Any:
    """Returned to lina by the one cashier, after somebody before him had agreed."""
    nodes = [Node("复核", users=("zheng09",)), Node("出纳开票", users=("qian07",), editable=("amount", "remark"))]
    applied = await apply(db, await company(db, nodes))
    await says(db, "zheng09", applied.flow_id)
    await run(db, "qian07", return_to_applicant, await task_of(db, applied.flow_id, "qian07"), "备注写清楚")
    return applied


async def test_what_was_returned_goes_along_when_the_applicant_hands_over(database: Database) -> None:
    applied = await _returned(database)
    old = await task_of(database, applied.flow_id, "lina04")
    done = await _hands_over(database, "lina04", "zhou06")
    assert await tasks(database, applied.flow_id) == {"qian07": "returned", "zhou06": "open"}
    with pytest.raises(AppError):
        await run(database, "lina04", resubmit, old, {})
    item = (await run(database, "zhou06", show_todo)).items[0]
    assert item.returned and "备注写清楚" in item.words
    status = await run(database, "zhou06", show_status, applied.flow_id)
    assert status.returned is not None and status.may_cancel and status.fields["开票金额"] == "¥50,000.00"
    mine = await task_of(database, applied.flow_id, "zhou06")
    await run(database, "zhou06", resubmit, mine, {"remark": "加急"})
    assert await tasks(database, applied.flow_id) == {"zheng09": "open"}, "from the first node, as if lina had"
    with pytest.raises(AppError, match="申请人或管理员"):
        await run(database, "zhou06", cancel, applied.flow_id)
    assert done.handover_id


async def test_the_receiver_calls_off_what_was_returned_and_the_amount_is_free(database: Database) -> None:
    applied = await _returned(database)
    await _hands_over(database, "lina04", "zhou06")
    await run(database, "zhou06", cancel, applied.flow_id)
    assert await states(database, applied) == ("cancelled", "cancelled")


async def test_taken_back_it_is_the_applicants_again(database: Database) -> None:
    applied = await _returned(database)
    done = await _hands_over(database, "lina04", "zhou06")
    await run(database, "chen01", undo_handover, {"handover_id": done.handover_id})
    assert (await tasks(database, applied.flow_id))["lina04"] == "open"
    await run(database, "lina04", resubmit, await task_of(database, applied.flow_id, "lina04"), {"remark": "加急"})
    assert await tasks(database, applied.flow_id) == {"zheng09": "open"}


async def test_the_applicant_leaves_and_an_administrator_hands_in_what_was_returned(database: Database) -> None:
    applied = await _returned(database)
    await _leaves(database, "lina04")
    assert await tasks(database, applied.flow_id) == {"qian07": "returned", "chen01": "open"}
    mine = await task_of(database, applied.flow_id, "chen01")
    with pytest.raises(FlowRefused, match="退回给你修改"):
        await run(database, "chen01", decide, mine, agree=True)
    await run(database, "chen01", resubmit, mine, {"amount": "4万"})
    await says(database, "zheng09", applied.flow_id)
    await says(database, "qian07", applied.flow_id)
    assert await states(database, applied) == ("approved", "approved")
    told = await database.system(
        lambda tx: tx.exec(select(Notice.user_id).where(col(Notice.text).contains("钱多 已同意"))).all()
    )
    assert list(told) == ["chen01"], "who handed it in again reads how it ended"
    applicant = (await run(database, "qian07", show_status, applied.flow_id)).fields["申请人"]
    assert applicant == "李娜", "authors never change"


async def test_it_cannot_be_returned_to_an_applicant_who_has_left(database: Database) -> None:
    applied = await apply(database, await company(database, [Node("出纳开票", users=("qian07",))]))
    await _leaves(database, "lina04")
    with pytest.raises(FlowRefused, match="已离职"):
        await run(database, "qian07", return_to_applicant, await task_of(database, applied.flow_id, "qian07"), "抬头")
    assert await tasks(database, applied.flow_id) == {"qian07": "open"}


async def test_an_approver_edits_and_leaves_and_his_edit_is_decided_by_who_takes_his_place(database: Database) -> None:
    node = Node("出纳开票", users=("qian07", "sun08"), mode="all", editable=("amount", "remark"))
    applied = await apply(database, await company(database, [node]))
    await says(database, "sun08", applied.flow_id)
    old = await task_of(database, applied.flow_id, "qian07")
    shown = (await run(database, "sun08", show_task, await task_of(database, applied.flow_id, "sun08"))).revision
    await run(database, "qian07", edit_fields, old, {"amount": "4万", "remark": "分批"})
    await _leaves(database, "qian07")
    assert await tasks(database, applied.flow_id) == {"chen01": "open", "sun08": "open"}, "sun decides anew"
    with pytest.raises(AppError):
        await run(database, "qian07", edit_fields, old, {"remark": "没走"})
    with pytest.raises(ContentChanged):
        await run(database, "sun08", decide, await task_of(database, applied.flow_id, "sun08"), agree=True, seen=shown)
    sheet = await run(database, "chen01", show_task, await task_of(database, applied.flow_id, "chen01"))
    assert sheet.fields["开票金额"] == "¥40,000.00" and "钱多 修改：开票金额 ¥50,000.00 → ¥40,000.00" in str(
        sheet.notes
    )
    await says(database, "sun08", applied.flow_id, seen=shown + 1)
    await says(database, "chen01", applied.flow_id, seen=sheet.revision)
    assert await states(database, applied) == ("approved", "approved")


async def test_an_approver_edits_and_hands_over_before_he_decides(database: Database) -> None:
    node = Node("出纳开票", users=("qian07",), editable=("remark",))
    applied = await apply(database, await company(database, [node]))
    await run(
        database, "qian07", edit_fields, await task_of(database, applied.flow_id, "qian07"), {"remark": "分批"}
    )  # fmt: skip
    await _hands_over(database, "qian07", "sun08")
    sheet = await run(database, "sun08", show_task, await task_of(database, applied.flow_id, "sun08"))
    assert sheet.fields["备注"] == "分批" and sheet.editable
    await run(
        database, "sun08", edit_fields, await task_of(database, applied.flow_id, "sun08"), {"remark": "一次"},
        seen=sheet.revision,
    )  # fmt: skip
    await says(database, "sun08", applied.flow_id)
    assert await states(database, applied) == ("approved", "approved")


# -- the applicant is hidden ---------------------------------------------------------------------------


async def test_who_may_not_know_the_applicant_is_not_told_by_a_refusal(database: Database) -> None:
    node = Node("出纳开票", users=("qian07",), hidden=("applicant",))
    applied = await apply(database, await company(database, [node]))
    mine = await task_of(database, applied.flow_id, "qian07")
    for act in (transfer, add_signer):
        with pytest.raises(FlowRefused) as refused:
            await run(database, "qian07", act, mine, "lina04")
        assert "李娜" not in refused.value.text and "申请人" not in refused.value.text
        same = refused.value.text
        await database.system(lambda tx: put_setting(tx, "usage_scope", OUT_OF_SCOPE, by="", now=NOW))
        with pytest.raises(FlowRefused) as other:
            await run(database, "qian07", act, mine, "zhou06")
        assert other.value.text == same, "it does not tell an applicant from others who cannot decide"
        await database.system(lambda tx: put_setting(tx, "usage_scope", {"mode": "all"}, by="", now=NOW))
    await run(database, "qian07", return_to_applicant, mine, "抬头不对")
    room = Room(database)
    for sentence in ("流程状态 FP-1", "我处理的", "处理 FP-1", "同意 FP-1", "转交 FP-1 孙悦", "催办 FP-1"):
        said = await room.say("qian07", sentence)
        assert "李娜" not in said, f"{sentence}: {said}"


OUT_OF_SCOPE = {"mode": "some", "departments": [], "users": ["qian07", "lina04", "chen01", "sun08"]}


async def test_where_the_applicant_is_known_the_refusal_says_why(database: Database) -> None:
    applied = await apply(database, await company(database, [Node("出纳开票", users=("qian07",))]))
    with pytest.raises(FlowRefused, match="李娜 是申请人"):
        await run(database, "qian07", transfer, await task_of(database, applied.flow_id, "qian07"), "lina04")
