"""How an administrator sets a flow up in words, and deadlines that pass (R3.50, R-APP-16)."""

from datetime import timedelta

import pytest
from sqlmodel import select

from bot.core.errors import AppError, InvalidInput
from handlers.approvals.service import list_flows, next_late, remind_late, show_status, show_task
from handlers.flows.rules import AlreadyDone
from handlers.flows.service import cancel, decide, urge
from handlers.invoiceflow.rules import read_conditions, read_deadline, read_node_words, superior_of
from handlers.invoiceflow.service import change_flow, show_flow, undo_flow
from handlers.invoices.service import issue_invoice, show_bills, void_invoice
from storage import flow_runs
from storage.database import Database, Tx
from storage.flows import Node
from storage.tables import Employee, Notice, Undo
from tests.handlers.test_contracts import run
from tests.handlers.test_flows import apply, company, contract_id, says, states, task_of, tasks
from tests.support.company import NOW
from tests.support.room import Room


async def change(db: Database, *sentences: str) -> int:
    undo = 0
    for sentence in sentences:
        words = read_node_words(sentence)
        assert words is not None, sentence
        undo = (await run(db, "chen01", change_flow, words)).undo_id
    return undo


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("开票金额 > 50000", (("amount", ">", "50000"),)),
        ("开票金额超过5万", (("amount", ">", "50000"),)),
        ("开票金额 ≥ 1万 且 发票类型 = 专票6%", (("amount", ">=", "10000"), ("invoice_type", "=", "专票 6%"))),
        ("发票类型 = 专票 6%", (("invoice_type", "=", "专票 6%"),)),
        ("发票类型 是 专票，开票金额 > 1,234.5元", (("invoice_type", "~", "专票"), ("amount", ">", "1234.5"))),
        ("发票类型不是普通发票", (("invoice_type", "!~", "普票"),)),
        ("客户 = 和平 机械", (("customer", "=", "和平 机械"),)),
        ("无", ()),
    ],
)
def test_conditions_are_read(text: str, conditions: tuple[tuple[str, str, str], ...]) -> None:
    assert read_conditions(text) == conditions


@pytest.mark.parametrize("text", ["开票金额", "开票金额 > 很多", "心情 > 3", "发票类型 > 专票", "发票类型 = 收据"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_conditions(text)


@pytest.mark.parametrize(
    ("condition", "where"),
    [
        ("发票类型 = 专票6%", "复核"), ("发票类型 = 专票 6%", "复核"), ("发票类型 = 专票", "复核"),
        ("发票类型 != 普票", "复核"), ("发票类型 = 专票 13%", "出纳开票"), ("发票类型 = 普票", "出纳开票"),
        ("发票类型 != 专票", "出纳开票"), ("抬头 = 宁波 华东精密机械有限公司", "复核"),
    ],
)  # fmt: skip
async def test_a_condition_on_what_is_text_holds_as_it_is_said(sqlite: Database, condition: str, where: str) -> None:
    contract = await company(sqlite, [Node("复核", users=("zheng09",)), Node("出纳开票", users=("qian07",))])
    await change(sqlite, f"复核 条件 {condition}")
    applied = await apply(sqlite, contract)
    assert await tasks(sqlite, applied.flow_id) == {{"复核": "zheng09", "出纳开票": "qian07"}[where]: "open"}


async def test_people_and_fields_are_named_with_and_without_commas(sqlite: Database) -> None:
    await company(sqlite)
    await change(sqlite, "参与者 钱多和孙悦", "隐藏 合同金额和联系人电话、税号")
    (line,) = await run(sqlite, "chen01", show_flow)
    assert line.detail == "参与者 钱多、孙悦 · 隐藏 合同金额、联系人电话、税号"


@pytest.mark.parametrize(("text", "hours"), [("24小时", 24), ("2天", 48), ("720", 720), ("无", None)])
def test_deadlines_are_read(text: str, hours: int | None) -> None:
    assert read_deadline(text) == hours


@pytest.mark.parametrize("text", ["0小时", "31天", "明天"])
def test_what_is_no_deadline_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_deadline(text)


def test_superiors_are_read() -> None:
    assert [superior_of(w) for w in ("部门主管", "直属上级", "上2级主管", "上三级", "王强")] == [
        "leader", "superior:1", "superior:2", "superior:3", None,
    ]  # fmt: skip


async def test_a_flow_in_words_works_as_it_says(database: Database) -> None:
    contract = await company(database)
    undo_id = await change(
        database, "参与者 部门主管 孙悦", "方式 会签", "时限 8小时", "抄送 郑安", "新增节点 大额", "大额 参与者 钱多",
        "大额 条件 开票金额 > 50000",
    )  # fmt: skip
    lines = await run(database, "chen01", show_flow)
    assert [line.detail for line in lines] == [
        "参与者 孙悦、部门主管 · 会签 · 隐藏 合同金额、联系人电话 · 抄送 郑安 · 时限 8 小时",
        "参与者 钱多 · 条件 开票金额 > 50000",
    ]
    applied = await apply(database, contract, 60_000)
    assert await tasks(database, applied.flow_id) == {"sun08": "open", "wang03": "open"}
    await says(database, "wang03", applied.flow_id)
    await says(database, "sun08", applied.flow_id)
    assert await tasks(database, applied.flow_id) == {"qian07": "open"}
    assert (await run(database, "zheng09", list_flows, "copied"))[1] == 1
    payload = await database.system(lambda tx: dict(tx.get_one(Undo, undo_id).payload))
    await run(database, "chen01", undo_flow, payload)
    assert (await run(database, "chen01", show_flow))[1].detail == "参与者 钱多"


async def test_each_sees_exactly_his_nodes_fields(database: Database) -> None:
    """R3.53, invariant 61: the same application as two nodes, the applicant and an administrator see it.

    Invariant 33.
    """
    nodes = [Node("复核", users=("zheng09",), hidden=("amount", "tax_no")), Node("出纳开票", users=("qian07",))]
    applied = await apply(database, await company(database, nodes))
    sheet = await run(database, "zheng09", show_task, await task_of(database, applied.flow_id, "zheng09"))
    assert {"开票金额", "税号"}.isdisjoint(sheet.fields)
    assert sheet.fields["合同金额"] == "¥1,200,000.00"
    status = await run(database, "zheng09", show_status, applied.flow_id)
    assert status.fields == sheet.fields
    told = await database.system(lambda tx: tx.exec(select(Notice.text).where(Notice.user_id == "zheng09")).all())
    assert told
    assert not any("50,000" in text for text in told)
    await says(database, "zheng09", applied.flow_id)
    cashier = await run(database, "qian07", show_task, await task_of(database, applied.flow_id, "qian07"))
    assert cashier.fields["开票金额"] == "¥50,000.00"
    mine = await run(database, "lina04", show_status, applied.flow_id)
    assert "合同金额" not in mine.fields
    assert "开票金额" in mine.fields
    assert "开票金额" not in (await run(database, "zheng09", show_status, applied.flow_id)).fields


@pytest.mark.parametrize("ending", ["agree", "refuse", "cancel"])
async def test_who_merely_took_part_reads_the_record_for_30_days_more(database: Database, ending: str) -> None:
    """Invariant 34; that it was decided, when and by whom he may look up for ever (R3.56, R3.57).

    While the invoice's number has still to be written down the approval's work is not over.
    """
    nodes = [Node("复核", users=("zheng09",), hidden=("tax_no",)), Node("出纳开票", users=("qian07",))]
    applied = await apply(database, await company(database, nodes))
    flow_id, last = applied.flow_id, NOW + timedelta(days=400)
    task_id = await task_of(database, flow_id, "zheng09")
    await says(database, "zheng09", flow_id)
    if ending == "cancel":
        await run(database, "chen01", cancel, flow_id, "不用了")
    else:
        await says(database, "qian07", flow_id, agree=ending == "agree", comment="抬头有误")
    if ending == "agree":
        assert (await run(database, "zheng09", show_status, flow_id, now=last)).fields
        await run(database, "qian07", issue_invoice, applied.invoice_id, "12345678")
    for now in (*(NOW + timedelta(days=days) for days in (0, 1, 30, 31)), NOW + timedelta(days=30, seconds=1), last):
        shown = now <= NOW + timedelta(days=30)
        status = await run(database, "zheng09", show_status, flow_id, now=now)
        sheet = await run(database, "zheng09", show_task, task_id, now=now)
        (line,), _ = await run(database, "zheng09", list_flows, "handled", now=now)
        assert bool(status.fields) == bool(sheet.fields) == ("50,000" in line.words) == shown, now
        assert ("单据内容不再显示" in status.waiting) == (not shown)
        assert any("复核" in entry.text for entry in status.log)
        for who in ("lina04", "chen01", "qian07"):  # his own; the administrator's; within the cashier's scope
            assert (await run(database, who, show_status, flow_id, now=now)).fields, who


async def test_a_deadline_reminds_once_and_then_tells_the_superior_once(database: Database) -> None:
    contract = await company(database, [Node("出纳开票", users=("qian07",), deadline_hours=2)])

    def managed(tx: Tx) -> None:
        tx.get_one(Employee, "qian07").manager_user_id = "zheng09"

    await database.system(managed)
    applied = await apply(database, contract)
    assert await run(database, "", next_late) == NOW + timedelta(hours=2)
    assert await run(database, "", remind_late, now=NOW + timedelta(minutes=119)) == 0
    assert await run(database, "", remind_late, now=NOW + timedelta(hours=2)) == 1
    assert await run(database, "", remind_late, now=NOW + timedelta(hours=3)) == 0
    assert await run(database, "", next_late) == NOW + timedelta(hours=4)
    assert await run(database, "", remind_late, now=NOW + timedelta(hours=4)) == 1
    assert await run(database, "", remind_late, now=NOW + timedelta(days=4)) == 0
    query = select(Notice.user_id).where(Notice.text.contains("审批超时"))  # type: ignore[attr-defined]
    assert await database.system(lambda tx: list(tx.exec(query).all())) == ["qian07", "zheng09"]
    assert await states(database, applied) == ("running", "pending"), "the clock never decides"


async def test_after_the_approval_the_number_is_recorded_and_a_wrong_one_is_voided(database: Database) -> None:
    contract = await company(database)
    one, two = await apply(database, contract, 300_000), await apply(database, contract, 300_000)
    with pytest.raises(AppError):
        await run(database, "qian07", issue_invoice, one.invoice_id, "12345678")
    for applied in (one, two):
        await says(database, "qian07", applied.flow_id)
    with pytest.raises(InvalidInput):
        await run(database, "qian07", issue_invoice, one.invoice_id, "1234567")
    with pytest.raises(InvalidInput, match="还没到"):
        await run(database, "qian07", issue_invoice, one.invoice_id, "12345678", NOW.date() + timedelta(days=1))
    await run(database, "qian07", issue_invoice, one.invoice_id, "12345678")
    assert await states(database, one) == ("approved", "issued")
    with pytest.raises(AppError, match="已经登记在另一张"):
        await run(database, "qian07", issue_invoice, two.invoice_id, "12345678")
    bills = await run(database, "lina04", show_bills, contract)
    assert (bills.standing.invoiced, bills.standing.uninvoiced) == (1_050_000, 150_000)
    with pytest.raises(AppError, match="超过"):
        await apply(database, contract, 200_000)
    await run(database, "qian07", void_invoice, one.invoice_id, "抬头开错")
    assert await states(database, one) == ("approved", "void")
    with pytest.raises(AppError, match="不能作废"):
        await run(database, "qian07", void_invoice, one.invoice_id, "再来一次")
    await apply(database, contract, 200_000)
    lines = await database.system(lambda tx: [e.action for e in flow_runs.list_log(tx, one.flow_id)])
    assert lines == ["start", "enter", "agree", "issue", "void"]
    assert await contract_id(database) == contract


async def test_who_applies_is_not_named_where_that_is_hidden(sqlite: Database) -> None:
    """In the log, in 催办, when it is called off, and to who comes too late; the applicant and others read the name."""
    hiding = Node("出纳开票", users=("qian07",), hidden=("applicant",))
    contract = await company(sqlite, [hiding])
    applied = await apply(sqlite, contract)
    task = await task_of(sqlite, applied.flow_id, "qian07")
    status = await run(sqlite, "qian07", show_status, applied.flow_id)
    assert status.log[0].text == "申请人 提交申请"
    assert "李娜 提交申请" in [line.text for line in (await run(sqlite, "chen01", show_status, applied.flow_id)).log]
    await run(sqlite, "lina04", urge, applied.flow_id)
    await run(sqlite, "lina04", cancel, applied.flow_id, "不要了")
    with pytest.raises(AlreadyDone, match="已由 申请人 03-02 09:30 取消"):
        await run(sqlite, "qian07", decide, task, agree=True)
    assert "申请人 已取消" in (await run(sqlite, "qian07", show_task, task)).said
    told = await sqlite.system(lambda tx: list(tx.exec(select(Notice.text).where(Notice.user_id == "qian07")).all()))
    assert len(told) == 3
    assert not any("李娜" in text for text in told)


# -- said at any time ----------------------------------------------------------------------------------


async def test_nodes_are_added_moved_renamed_and_removed_by_plain_sentences(database: Database) -> None:
    await company(database)
    room = Room(database)
    for sentence, chain in (
        ("开票审批 新增节点 财务复核 在 出纳开票 前", "财务复核 → 出纳开票"),
        ("新增节点 总经理", "财务复核 → 出纳开票 → 总经理"),
        ("移动节点 总经理 到 财务复核 后", "财务复核 → 总经理 → 出纳开票"),
        ("节点改名 总经理 老板", "财务复核 → 老板 → 出纳开票"),
        ("开票审批 财务复核 改名 复核", "复核 → 老板 → 出纳开票"), ("开票审批 删除节点 老板", "复核 → 出纳开票"),
        ("删除节点 复核", "出纳开票"),
    ):  # fmt: skip
        said = await room.say("chen01", sentence)
        assert f"改为 {chain}" in said, said
        room.later(minutes=30)  # nothing is being spoken of any more
    assert "参与者 孙悦" in await room.say("chen01", "开票审批 参与者 孙悦")
    assert [n.name for n in await run(database, "chen01", show_flow)] == ["出纳开票"]


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("新增节点 出纳开票", "已经有节点"), ("移动节点 出纳开票 到 别处 前", "没有节点「别处」"),
        ("移动节点 出纳开票", "移到哪里"),
        ("开票审批 新增节点 财务复核 在 别处 前", "没有节点「别处」"), ("节点改名 出纳开票", "现在的名字和新的名字"),
        ("新增节点 一二三四五六七八九十一二三四五六七八九十一", "1 到 20 个字"), ("删除节点 出纳开票", "唯一的节点"),
        ("开票审批 新增节点", "还差内容"),
    ],
)  # fmt: skip
async def test_what_cannot_be_done_with_nodes_is_refused(sqlite: Database, sentence: str, told: str) -> None:
    await company(sqlite)
    assert told in await Room(sqlite).say("chen01", sentence)
    assert [n.name for n in await run(sqlite, "chen01", show_flow)] == ["出纳开票"]


async def test_nobody_else_sets_it_up(sqlite: Database) -> None:
    await company(sqlite)
    room = Room(sqlite)
    assert "管理员" in await room.say("lina04", "开票审批 新增节点 财务复核")
    assert "改为" not in await room.say("lina04", "新增节点 财务复核")
    assert [n.name for n in await run(sqlite, "chen01", show_flow)] == ["出纳开票"]


async def test_a_node_renamed_or_moved_leaves_what_runs_as_it_is(database: Database) -> None:
    """R-APP-1: what runs goes by the version it began with."""
    nodes = [Node("复核", users=("zheng09",)), Node("出纳开票", users=("qian07",))]
    applied = await apply(database, await company(database, nodes))
    await change(database, "移动节点 复核 到 出纳开票 后", "节点改名 复核 终审")
    await says(database, "zheng09", applied.flow_id)
    assert await tasks(database, applied.flow_id) == {"qian07": "open"}
    assert "「复核」" in str((await run(database, "lina04", show_status, applied.flow_id)).log)
