"""DingTalk's 待办 of approval tasks: what is queued with each step, and nothing where it is switched off (D22)."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlmodel import col, select, update

from bot.core.errors import Forbidden
from handlers.approvals.service import set_dingtalk_todo
from handlers.flows.joining import TASKS
from handlers.flows.service import add_signer, adjust, cancel, send_back, transfer, urge
from storage import outbox, todos
from storage.database import Database, Tx
from storage.flows import Node
from storage.tables import Employee, Outbox
from tests.handlers.test_contracts import run
from tests.handlers.test_flows import apply, company, says, task_of
from tests.support.company import NOW

TWO = [Node("复核", users=("sun08",)), Node("出纳开票", users=("qian07",))]


async def switched(database: Database, nodes: Sequence[Node] = (), *, on: bool = True, **settings: object) -> int:
    """The contract; everybody but zheng09 has a unionId."""
    contract = await company(database, nodes, **settings)

    def name(tx: Tx) -> None:
        for one in tx.exec(select(Employee).where(Employee.user_id != "zheng09")).all():
            one.union_id = f"U-{one.user_id}"

    await database.system(name)
    if on:
        await run(database, "chen01", set_dingtalk_todo, on=True)
    return contract


async def queued(database: Database) -> list[str]:
    """Since the last look: `+qian07` to be made, `-qian07` to be ticked off, `x qian07` called off. All are sent."""

    def look(tx: Tx) -> list[str]:
        found = []
        waits = col(Outbox.state).in_(("queued", "cancelled")), col(Outbox.remote_id) == ""
        for row in tx.exec(select(Outbox).where(Outbox.channel == "todo", *waits).order_by(col(Outbox.id))).all():
            who = row.payload["union_id"].removeprefix("U-")
            found.append(("x " if row.state == "cancelled" else "-" if "of" in row.payload else "+") + who)
            row.remote_id = f"remote-{row.id}"
            row.state = "sent" if row.state == "queued" else row.state
        return sorted(found)

    return await database.system(look)


async def test_off_by_default_and_for_administrators(database: Database) -> None:
    contract = await switched(database, on=False)
    done = await apply(database, contract)
    await says(database, "qian07", done.flow_id)
    assert await queued(database) == []
    with pytest.raises(Forbidden):
        await run(database, "lina04", set_dingtalk_todo, on=True)


async def test_each_holder_has_one_and_one_decision_ticks_off_all(database: Database) -> None:
    """Invariant 74."""
    done = await apply(database, await switched(database))
    assert await queued(database) == ["+qian07", "+sun08"]
    await run(database, "lina04", urge, done.flow_id, now=NOW + timedelta(hours=1))
    assert await queued(database) == []
    await says(database, "qian07", done.flow_id)
    assert await queued(database) == ["-qian07", "-sun08"]


async def test_the_subject_shows_what_the_node_lets_see(database: Database) -> None:
    await apply(database, await switched(database))
    rows = await database.system(lambda tx: tx.exec(select(Outbox.payload).where(Outbox.channel == "todo")).all())
    subject = rows[0]["subject"]
    assert "FP-2026-0001 待你处理" in subject and "¥50,000.00" in subject and "1,200,000" not in subject
    assert len({row["source_id"] for row in rows}) == 2


async def test_switched_off_later_what_there_is_is_ticked_off_all_the_same(database: Database) -> None:
    done = await apply(database, await switched(database))
    await queued(database)
    await run(database, "chen01", set_dingtalk_todo, on=False)
    await says(database, "qian07", done.flow_id, agree=False, comment="抬头有误")
    assert await queued(database) == ["-qian07", "-sun08"]


async def test_not_made_yet_it_is_called_off(database: Database) -> None:
    done = await apply(database, await switched(database))
    await run(database, "lina04", cancel, done.flow_id)
    assert await queued(database) == ["x qian07", "x sun08"]


async def test_on_its_way_it_is_ticked_off_after_it(database: Database) -> None:
    done = await apply(database, await switched(database, [Node("出纳开票", users=("qian07",))]))
    sending = update(Outbox).where(col(Outbox.channel) == "todo").values(state="sending", attempts=1)
    await database.system(lambda tx: tx.execute(sending))
    await run(database, "lina04", cancel, done.flow_id)
    rows = await database.system(
        lambda tx: tx.exec(
            select(Outbox.lane, Outbox.state).where(Outbox.channel == "todo").order_by(col(Outbox.id))
        ).all()
    )
    assert [state for _, state in rows] == ["sending", "queued"]
    assert len({lane for lane, _ in rows}) == 1, "one after the other"


async def test_refused_by_dingtalk_nothing_is_ticked_off_and_it_is_said_once(database: Database) -> None:
    done = await apply(database, await switched(database))

    def refuse(tx: Tx) -> None:
        for row in tx.exec(select(Outbox).where(Outbox.channel == "todo")).all():
            row.state, row.error, row.remote_id = "failed", "no Todo.Todo.Write", "x"

    await database.system(refuse)
    await says(database, "qian07", done.flow_id)
    assert await queued(database) == []
    assert await database.system(todos.refusal) == "no Todo.Todo.Write"
    assert await database.system(outbox.list_failed) == []


async def test_transferred_signed_sent_back_adjusted_it_goes_with_the_task(database: Database) -> None:
    done = await apply(database, await switched(database, TWO))
    assert await queued(database) == ["+sun08"]
    await run(database, "sun08", transfer, await task_of(database, done.flow_id, "sun08"), "wang03")
    assert await queued(database) == ["+wang03", "-sun08"]
    await run(database, "wang03", add_signer, await task_of(database, done.flow_id, "wang03"), "sun08")
    assert await queued(database) == ["+sun08", "-wang03"]
    await says(database, "sun08", done.flow_id)
    assert await queued(database) == ["+wang03", "-sun08"]
    await says(database, "wang03", done.flow_id)
    assert await queued(database) == ["+qian07", "-wang03"]
    await run(database, "qian07", send_back, await task_of(database, done.flow_id, "qian07"), "再核一下")
    assert await queued(database) == ["+sun08", "-qian07"]
    await run(database, "chen01", adjust, done.flow_id, "出差", user_id="qian07")
    assert await queued(database) == ["+qian07", "-sun08"]


async def test_whoever_leaves_loses_it_to_the_administrator(database: Database) -> None:
    """Invariant 74."""
    done = await apply(database, await switched(database, TWO))
    await queued(database)
    await database.system(lambda tx: TASKS.on_leaving(tx, "sun08", administrators=["chen01"], now=NOW))
    assert await queued(database) == ["+chen01", "-sun08"]
    await says(database, "chen01", done.flow_id)
    assert await queued(database) == ["+qian07", "-chen01"]


async def test_without_a_union_id_the_approval_goes_on_without(database: Database) -> None:
    done = await apply(database, await switched(database, [Node("出纳开票", users=("zheng09",))]))
    await says(database, "zheng09", done.flow_id)
    assert await queued(database) == []


async def test_an_open_one_is_remembered_however_old(database: Database) -> None:
    done = await apply(database, await switched(database))
    await queued(database)
    later = NOW + timedelta(days=90)
    await database.system(lambda tx: outbox.prune(tx, now=later))
    await says(database, "qian07", done.flow_id, now=later)
    assert await queued(database) == ["-qian07", "-sun08"]
    await database.system(lambda tx: outbox.prune(tx, now=later + timedelta(days=90)))
    left = await database.system(lambda tx: tx.exec(select(Outbox.id).where(Outbox.channel == "todo")).all())
    assert list(left) == []
