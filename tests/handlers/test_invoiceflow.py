"""A dry run says what a real application meets, and leaves nothing behind (R3.50, R3.51)."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from sqlmodel import SQLModel, func, select

from bot.core.errors import InvalidInput, NotFound
from handlers.flows.service import delegate
from handlers.invoiceflow.service import Foresight, Trial, try_flow
from storage import people
from storage.database import Database, Tx
from storage.flows import Node
from storage.tables import Audit, Employee, Flow, FlowLog, FlowTask, FlowVersion, Invoice, Notice, NumberCounter
from tests.handlers.test_contracts import run
from tests.handlers.test_flows import apply, company, says, tasks
from tests.support.company import NOW

OVER = Node("大额复核", users=("zheng09",), conditions=(("amount", ">", "50000"),), copies={"users": ["sun08"]})
CASH = Node("出纳开票", roles=("出纳",))
WRITTEN: tuple[type[SQLModel], ...] = (
    Audit, Flow, FlowLog, FlowTask, FlowVersion, Invoice, Notice, NumberCounter,
)  # fmt: skip


async def foresee(db: Database, contract: int, amount: int | str = 50_000, starter_id: str = "") -> Foresight:
    found: Foresight = await run(db, "chen01", try_flow, Trial(contract, Decimal(amount), starter_id))
    return found


async def details(db: Database, contract: int, amount: int | str = 50_000, starter_id: str = "") -> list[str]:
    return [f"{s.name}：{s.detail}" for s in (await foresee(db, contract, amount, starter_id)).stations]


async def written(db: Database) -> list[int]:
    whole = {"unscoped": "a test looks at everything"}
    return await db.system(
        lambda tx: [tx.exec(select(func.count()).select_from(t), execution_options=whole).one() for t in WRITTEN]
    )


@pytest.mark.parametrize("amount", ["50000", "50000.01"])
@pytest.mark.parametrize(
    "nodes",
    [(OVER, CASH), (CASH.with_(mode="all"), OVER), (Node("主管", superiors=("leader",)), CASH), (OVER,), (Node("空"),)],
)
async def test_a_real_application_meets_what_was_foreseen(
    database: Database, nodes: Sequence[Node], amount: str
) -> None:
    contract = await company(database, nodes)
    foreseen = await foresee(database, contract, amount)
    applied = await apply(database, contract, amount)
    met = []
    while (open_tasks := await tasks(database, applied.flow_id)) and "open" in open_tasks.values():
        users = list(open_tasks)
        names = await database.system(lambda tx, users=users: people.names_of(tx, users))  # type: ignore[misc]
        met.append("、".join(names[u] for u in users))
        for user in users:
            if (await tasks(database, applied.flow_id)).get(user) == "open":
                await says(database, user, applied.flow_id)
    reached = [s.detail for s in foreseen.stations if not s.detail.startswith("跳过")]
    assert len(reached) == len(met)
    assert all(detail.startswith(names) for detail, names in zip(reached, met, strict=True))


async def test_it_writes_nothing(database: Database) -> None:
    contract = await company(database, (OVER, CASH))
    before = await written(database)
    await foresee(database, contract, 60_000)
    assert await written(database) == before


async def test_conditions_copies_and_how_several_decide_are_said(database: Database) -> None:
    contract = await company(database, (OVER, CASH, Node("依次", users=("sun08", "qian07"), mode="turn")))
    assert await details(database, contract, 50_000) == [
        "大额复核：跳过：开票金额 > 50000 不满足", "出纳开票：钱多、孙悦（一人同意就行）",
        "依次：孙悦 → 钱多（依次同意）",
    ]  # fmt: skip
    assert (await details(database, contract, "50000.01"))[
        0
    ] == "大额复核：郑安 · 条件 开票金额 > 50000 已满足 · 抄送 孙悦"


async def test_why_it_is_the_administrators_is_said(database: Database) -> None:
    nodes = (Node("本人", users=("lina04",)), Node("空"), Node("离职", users=("qian07",)))
    contract = await company(database, nodes)

    def leave(tx: Tx) -> None:
        tx.get_one(Employee, "qian07").active = False

    await database.system(leave)
    assert await details(database, contract) == [
        "本人：陈静 · 找不到参与者，转管理员（申请人不能处理自己的申请）", "空：陈静 · 找不到参与者，转管理员",
        "离职：陈静 · 找不到参与者，转管理员（参与者已离职或不在使用范围）",
    ]  # fmt: skip
    assert (await details(database, contract, starter_id="zhou06"))[0] == "本人：李娜"


async def test_who_comes_by_no_node_goes_to_the_administrators(database: Database) -> None:
    contract = await company(database, (OVER,))
    (only,) = await details(database, contract, 100)
    assert only == "大额复核：陈静 · 没有符合条件的节点，转管理员 · 条件 开票金额 > 50000 不满足 · 抄送 孙悦"


async def test_where_nobody_is_left_to_decide_it_ends(database: Database) -> None:
    """The administrator applies for it himself, and there is no other."""
    contract = await company(database, (CASH, Node("空"), CASH.with_(name="再看")))
    found = await details(database, contract, starter_id="chen01")
    assert len(found) == 2
    assert found[1].startswith("空：「空」现在没有人能处理")


async def test_a_deputy_decides_in_the_dry_run_too(database: Database) -> None:
    contract = await company(database, (CASH,))
    await run(database, "qian07", delegate, "zheng09", NOW.date(), NOW.date())
    assert await details(database, contract) == ["出纳开票：郑安（代 钱多）、孙悦（一人同意就行）"]


async def test_what_would_be_refused_is_said(database: Database) -> None:
    contract = await company(database)
    assert (await foresee(database, contract, 750_000)).refusal == ""
    assert "最多还能开" in (await foresee(database, contract, "750000.01")).refusal
    other = await foresee(database, contract, starter_id="zhou06")
    assert other.refusal == "合同 HT-2025-112 由 李娜 负责，只有 李娜 能申请。"
    assert (other.applicant, other.contract_no) == ("周敏", "HT-2025-112")
    for wrong in ("0", "1.001"):
        with pytest.raises(InvalidInput):
            await foresee(database, contract, wrong)
    with pytest.raises(NotFound):
        await foresee(database, contract, starter_id="nobody")
