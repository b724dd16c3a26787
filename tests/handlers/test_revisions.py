"""Applications changed on their way: by a node's fields, by the applicant they were returned to (invariants 44, 60)."""

from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import select

from bot.core.errors import AppError, InvalidInput
from handlers.approvals.service import show_status, show_task
from handlers.flows.rules import AlreadyDone, Condition, ContentChanged, FlowRefused, Step, starts_anew
from handlers.flows.service import adjust, cancel, decide, urge
from handlers.invoiceflow.service import show_flow
from handlers.invoices.rules import FieldKept, OverInvoiced
from handlers.revisions.service import edit_fields, resubmit, return_to_applicant, show_edit
from handlers.todo.service import agree_all, list_waiting, show_todo
from storage.database import Database, Tx
from storage.flows import Node
from storage.tables import Flow, Invoice, Notice
from tests.handlers.test_contracts import run
from tests.handlers.test_flow_setup import change
from tests.handlers.test_flows import apply, company, money, says, states, task_of, tasks

CASHIER = Node("出纳开票", users=("qian07",), editable=("amount", "tax_no", "remark"))


async def edit(db: Database, who: str, flow_id: int, **given: str) -> str:
    done = await run(db, who, edit_fields, await task_of(db, flow_id, who), given)
    text: str = done.text
    return text


async def invoice(db: Database, invoice_id: int) -> dict[str, Any]:
    whole = {"unscoped": "a test looks at everything"}
    query = select(Invoice).where(Invoice.id == invoice_id)
    return await db.system(lambda tx: tx.exec(query, execution_options=whole).one().model_dump())


@pytest.mark.parametrize(
    ("changed", "up", "agreed", "at_first", "anew"),
    [
        (["remark"], False, True, False, False), (["amount"], True, True, False, True),
        (["amount"], True, False, False, True), (["amount"], True, False, True, False),
        (["invoice_type"], False, True, True, True), (["amount"], False, True, False, False),
    ],
)  # fmt: skip
def test_what_sends_an_application_through_all_nodes_anew(
    changed: list[str], up: bool, agreed: bool, at_first: bool, anew: bool
) -> None:
    steps = [Step("复核", conditions=(Condition("invoice_type", "=", "专票 6%"),)), Step("出纳开票")]
    assert starts_anew(changed, steps, amount_up=up, agreed=agreed, at_first=at_first) is anew


async def test_a_node_changes_its_fields_and_the_log_says_from_and_to(database: Database) -> None:
    applied = await apply(database, await company(database, [CASHIER]))
    sheet = await run(database, "qian07", show_edit, await task_of(database, applied.flow_id, "qian07"))
    assert [f.name for f in sheet.asked] == ["amount", "tax_no", "remark"]
    assert "备注 （空） → 加急" in await edit(database, "qian07", applied.flow_id, remark="加急")
    status = await run(database, "lina04", show_status, applied.flow_id)
    assert "备注 （空） → 加急" in status.log[-1].text
    told = await database.system(lambda tx: tx.exec(select(Notice.text).where(Notice.user_id == "lina04")).all())
    assert any("备注 （空） → 加急" in text for text in told)
    assert await tasks(database, applied.flow_id) == {"qian07": "open"}
    assert "没有变化" in await edit(database, "qian07", applied.flow_id, remark="加急")
    await says(database, "qian07", applied.flow_id)
    assert (await invoice(database, applied.invoice_id))["remark"] == "加急"


@pytest.mark.parametrize(
    ("given", "refusal"),
    [({"title": "别家公司"}, FieldKept), ({"kind": "普票"}, FieldKept), ({"contract_id": "2"}, FieldKept),
     ({"amount": "100万"}, OverInvoiced), ({"amount": "0"}, InvalidInput),
     ({"tax_no": "91330100799655058X"}, InvalidInput),
     ({"remark": "急", "title": "别家公司"}, FieldKept), ({}, InvalidInput)],
)  # fmt: skip
async def test_what_it_may_not_changes_nothing(
    database: Database, given: dict[str, str], refusal: type[AppError]
) -> None:
    applied = await apply(database, await company(database, [CASHIER]))
    before = await invoice(database, applied.invoice_id)
    with pytest.raises(refusal):
        await edit(database, "qian07", applied.flow_id, **given)
    assert await invoice(database, applied.invoice_id) == before


async def test_the_limit_is_the_contract_without_its_own_old_amount(database: Database) -> None:
    contract = await company(database, [CASHIER])
    applied = await apply(database, contract, 700_000)
    await edit(database, "qian07", applied.flow_id, amount="750000")
    assert (await money(database, contract)).billed == Decimal(1_200_000)
    with pytest.raises(OverInvoiced):
        await edit(database, "qian07", applied.flow_id, amount="750000.01")


async def test_a_higher_sum_is_looked_at_by_all_nodes_anew(database: Database) -> None:
    """Nobody's agreement is for more than he saw, and no condition is got round."""
    large = Node("大额", users=("wang03",), conditions=(("amount", ">", "60000"),))
    nodes = [Node("复核", users=("zheng09",)), large, CASHIER]
    applied = await apply(database, await company(database, nodes))
    await says(database, "zheng09", applied.flow_id)
    assert await tasks(database, applied.flow_id) == {"qian07": "open"}
    assert "从第一步重新审批" in await edit(database, "qian07", applied.flow_id, amount="8万")
    assert await tasks(database, applied.flow_id) == {"zheng09": "open"}
    for who in ("zheng09", "wang03", "qian07"):
        await says(database, who, applied.flow_id)
    assert await states(database, applied) == ("approved", "approved")


async def test_colleagues_who_agreed_to_what_was_before_decide_again(database: Database) -> None:
    node = CASHIER.with_(users=("qian07", "sun08"), mode="all")
    applied = await apply(database, await company(database, [node]))
    await says(database, "sun08", applied.flow_id)
    assert "要重新看" in await edit(database, "qian07", applied.flow_id, remark="加急")
    assert await tasks(database, applied.flow_id) == {"qian07": "open", "sun08": "open"}


async def test_who_was_shown_what_was_before_decides_nothing(database: Database) -> None:
    node = CASHIER.with_(users=("qian07", "sun08"), mode="all")
    applied = await apply(database, await company(database, [node]))
    shown = (await run(database, "sun08", show_task, await task_of(database, applied.flow_id, "sun08"))).revision
    await edit(database, "qian07", applied.flow_id, remark="加急")
    mine = await task_of(database, applied.flow_id, "sun08")
    with pytest.raises(ContentChanged, match="备注 （空） → 加急"):
        await run(database, "sun08", decide, mine, agree=True, seen=shown)
    done = await run(database, "sun08", agree_all, [mine], {mine: shown})
    assert done.count == 0
    await run(database, "sun08", decide, mine, agree=True, seen=shown + 1)


async def test_a_change_of_a_hidden_field_is_not_told(database: Database) -> None:
    """R-APP-7: nor in the log, nor in the refusal."""
    second = Node("复核", users=("zheng09",), hidden=("remark",))
    applied = await apply(database, await company(database, [CASHIER, second]))
    await edit(database, "qian07", applied.flow_id, remark="返点另算")
    await says(database, "qian07", applied.flow_id)
    status = await run(database, "zheng09", show_status, applied.flow_id)
    assert "返点另算" not in str(status)
    sheet = await run(database, "zheng09", show_task, await task_of(database, applied.flow_id, "zheng09"))
    assert "返点另算" not in str(sheet)


# -- returned to the applicant -------------------------------------------------------------------------


async def give_back(db: Database, who: str, flow_id: int, why: str = "税号写错了") -> None:
    await run(db, who, return_to_applicant, await task_of(db, flow_id, who), why)


async def test_returned_it_is_corrected_and_goes_its_way_again(database: Database) -> None:
    contract = await company(database, [Node("复核", users=("zheng09",)), CASHIER])
    applied = await apply(database, contract)
    await says(database, "zheng09", applied.flow_id)
    await give_back(database, "qian07", applied.flow_id)
    assert await tasks(database, applied.flow_id) == {"qian07": "returned", "lina04": "open"}
    assert (await money(database, contract)).applied == Decimal(50_000), "it goes on holding its amount"
    item = (await run(database, "lina04", show_todo)).items[0]
    assert item.returned
    assert "税号写错了" in item.words
    assert await run(database, "lina04", list_waiting) == [], "nothing of it can be agreed to"
    mine = await task_of(database, applied.flow_id, "lina04")
    with pytest.raises(FlowRefused, match="退回给你修改"):
        await run(database, "lina04", decide, mine, agree=True)
    with pytest.raises(FlowRefused, match="等你自己"):
        await run(database, "lina04", urge, applied.flow_id)
    done = await run(database, "lina04", resubmit, mine, {"title": "宁波华东精密（新）", "amount": "6万"})
    assert "已重新提交 FP-2026-0001" in done.text
    assert await tasks(database, applied.flow_id) == {"zheng09": "open"}
    with pytest.raises(AlreadyDone):
        await run(database, "lina04", resubmit, mine, {})
    await says(database, "zheng09", applied.flow_id)
    await says(database, "qian07", applied.flow_id)
    assert await states(database, applied) == ("approved", "approved")
    log = " ".join(line.text for line in (await run(database, "lina04", show_status, applied.flow_id)).log)
    assert "退回申请人" in log
    assert "¥50,000.00 → ¥60,000.00" in log
    assert log.count("同意") >= 3, "what was said before stays"


async def test_returned_it_may_be_called_off_by_the_applicant(database: Database) -> None:
    applied = await apply(database, await company(database, [Node("复核", users=("zheng09",)), CASHIER]))
    await says(database, "zheng09", applied.flow_id)
    await give_back(database, "qian07", applied.flow_id)
    await run(database, "lina04", cancel, applied.flow_id)
    assert await states(database, applied) == ("cancelled", "cancelled")


async def test_returned_the_limit_holds_and_an_administrator_can_send_it_on(database: Database) -> None:
    applied = await apply(database, await company(database, [CASHIER]))
    await give_back(database, "qian07", applied.flow_id)
    with pytest.raises(OverInvoiced):
        await run(database, "lina04", resubmit, await task_of(database, applied.flow_id, "lina04"), {"amount": "80万"})
    await run(database, "chen01", adjust, applied.flow_id, "出差", user_id="sun08")
    assert await tasks(database, applied.flow_id) == {"sun08": "open"}


async def test_another_may_not_hand_it_in(database: Database) -> None:
    applied = await apply(database, await company(database, [CASHIER]))
    await give_back(database, "qian07", applied.flow_id)
    with pytest.raises(FlowRefused, match="不在这一步"):
        await run(database, "qian07", resubmit, await task_of(database, applied.flow_id, "lina04"), {})


# -- the set-up ----------------------------------------------------------------------------------------


async def test_editable_fields_in_words_are_always_visible_ones(database: Database) -> None:
    await company(database)
    await change(database, "可改 税号 备注")
    await change(database, "可改 备注 发票类型")
    assert "可改 税号、备注、发票类型" in (await run(database, "chen01", show_flow))[0].detail
    await change(database, "隐藏 备注")
    line = (await run(database, "chen01", show_flow))[0].detail
    assert "可改 税号、发票类型" in line
    await change(database, "可改 备注")
    line = (await run(database, "chen01", show_flow))[0].detail
    assert "备注" in line.partition("可改")[2]
    assert "备注" not in line.partition("可改")[0]
    await change(database, "不可改 税号")
    assert "可改 发票类型、备注" in (await run(database, "chen01", show_flow))[0].detail
    await change(database, "可改 无")
    assert "可改" not in (await run(database, "chen01", show_flow))[0].detail
    with pytest.raises(InvalidInput, match="不能在审批中改"):
        await change(database, "可改 合同金额")


async def test_what_runs_keeps_the_fields_it_began_with(database: Database) -> None:
    applied = await apply(database, await company(database))
    await change(database, "可改 备注")
    with pytest.raises(FieldKept):
        await edit(database, "qian07", applied.flow_id, remark="加急")

    def revision(tx: Tx) -> int:
        return tx.get_one(Flow, applied.flow_id).revision

    assert await database.system(revision) == 0
