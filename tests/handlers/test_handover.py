"""Whatever is handed over, by whomever and however often (crm-rules.md 4.4, invariants 22–24; R-HAND-1..7)."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.util import await_only
from sqlmodel import col, select

from bot.context import make_context
from bot.core.actor import SYSTEM_ACTOR
from bot.core.errors import AppError, NotFound
from bot.core.holdings import KINDS
from bot.identity import identify
from handlers.customers.service import add_contact
from handlers.followups.service import NewFollowUp, log_follow_up
from handlers.handover.outcome import Outcome
from handlers.handover.parties import Wanted
from handlers.handover.rules import NothingToHandOver, NotTakenBack
from handlers.handover.service import (
    announce_departures,
    hand_over,
    next_announcement,
    preview,
    restore_roles,
    show_handover,
    undo_handover,
)
from handlers.pool.service import claim_customer, return_customer
from storage import handovers, notices, org, outbox
from storage.database import Database, Tx
from storage.settings import read_settings
from storage.tables import (
    Card,
    Contact,
    Contract,
    Customer,
    Departure,
    DigestItem,
    FollowUp,
    Handover,
    HandoverItem,
    Lead,
    Notice,
    Opportunity,
    Outbox,
    OwnerHistory,
    RoleMember,
    RoleMemberDepartment,
    Stage,
)
from tests.support.company import NOW, load_company
from tests.support.world import small_world

EVERYTHING = tuple(kind.name for kind in KINDS)
TABLES = {"customer": Customer, "opportunity": Opportunity, "contract": Contract, "lead": Lead}
# All a handover may change; `touched_at` is the later of owner_since and the last follow-up, kept by a trigger.
OF_OWNERS = {"owner_id", "owner_since", "touched_at", "updated_at", "version"}
SELLERS = ("lina04", "zhao05", "zhou06")


async def run(
    db: Database, who: str, use_case: Callable[..., Any], *arguments: Any, at: datetime = NOW, **named: Any
) -> Any:
    def work(tx: Tx) -> Any:
        settings = read_settings(tx)
        actor = identify(tx, who, settings) if who else SYSTEM_ACTOR
        return use_case(make_context(tx, actor, at, settings, "chat"), *arguments, **named)

    return await db.unit(None, work)


async def confirm(db: Database, wanted: Wanted, *, who: str = "chen01", at: datetime = NOW) -> Outcome:
    """Looks, then does what was shown."""
    shown = (await run(db, who, preview, wanted, at=at)).moving
    outcome: Outcome = await run(db, who, hand_over, wanted, shown=shown, at=at)
    return outcome


def rows(tx: Tx) -> dict[str, dict[int, dict[str, Any]]]:
    """Every record of every kind, and what hangs on it."""
    tables: dict[str, Any] = {**TABLES, "contact": Contact, "follow_up": FollowUp}
    return {name: {r.id: r.model_dump() for r in tx.exec(select(t)).all()} for name, t in tables.items()}


def strip(snapshot: Mapping[str, Mapping[int, Mapping[str, Any]]]) -> dict[str, dict[int, dict[str, Any]]]:
    return {
        name: {i: {k: v for k, v in row.items() if k not in OF_OWNERS} for i, row in found.items()}
        for name, found in snapshot.items()
    }


async def fill(db: Database, rng: random.Random) -> None:
    """Things of every kind, some deleted, some with next contacts."""
    await load_company(db)

    def work(tx: Tx) -> None:
        stages = [Stage(name=f"阶段{n}", win_rate=n * 10) for n in range(4)]
        tx.add_all(stages)
        tx.flush()
        customers = list(tx.exec(select(Customer)).all())
        for n in range(rng.randint(0, 12)):
            owner = rng.choice(SELLERS)
            planned = NOW + timedelta(days=n) if rng.random() < 0.4 else None
            made = Customer(
                name=f"客户{n}", name_key=f"客户{n}", owner_id=owner, owner_since=NOW - timedelta(days=n),
                created_at=NOW, updated_at=NOW, next_follow_up_at=planned,
                deleted_at=NOW if rng.random() < 0.1 else None,
            )  # fmt: skip
            tx.add(made)
            tx.flush()
            assert made.id is not None
            tx.add(OwnerHistory(customer_id=made.id, owner_id=owner, from_at=NOW - timedelta(days=n), how="load"))
            customers.append(made)
            if rng.random() < 0.5:
                tx.add(FollowUp(customer_id=made.id, user_id=owner, at=NOW, content="聊过", created_at=NOW))
        for n in range(rng.randint(0, 8)):
            theirs = rng.choice(customers).id or 0
            gone = NOW if rng.random() < 0.2 else None
            owner = rng.choice(SELLERS)
            tx.add(Lead(company=f"线索{n}", owner_id=owner, created_at=NOW, deleted_at=gone))
            tx.add(
                Opportunity(
                    name=f"商机{n}", customer_id=theirs, amount=Decimal(rng.randint(1, 99)), created_at=NOW,
                    stage_since=NOW, updated_at=NOW,
                    stage_id=rng.choice(stages).id or 0, owner_id=rng.choice(SELLERS), deleted_at=gone,
                )
            )  # fmt: skip
            tx.add(
                Contract(
                    number=f"HT-{n}", customer_id=theirs, amount=Decimal(rng.randint(1, 99)), state="effective",
                    created_at=NOW, owner_id=rng.choice(SELLERS), deleted_at=gone,
                )
            )  # fmt: skip

    await db.system(work)


def live(snapshot: Mapping[str, Mapping[int, Mapping[str, Any]]], owner: str) -> set[tuple[str, int]]:
    return {(name, i) for name in TABLES for i, row in snapshot[name].items()
            if row["owner_id"] == owner and row["deleted_at"] is None}  # fmt: skip


async def check_pages(db: Database) -> None:
    """Invariants 1 and 2, and a line of history with the handover's number for every customer that moved."""

    def look(tx: Tx) -> None:
        pages: dict[int, list[OwnerHistory]] = {}
        for page in tx.exec(select(OwnerHistory).order_by(col(OwnerHistory.id))).all():
            pages.setdefault(page.customer_id, []).append(page)
        for customer in tx.exec(select(Customer)).all():
            ours = pages[customer.id or 0]
            assert [p.owner_id for p in ours if p.to_at is None] == [customer.owner_id]
        moved = {(i.handover_id, i.record_id) for i in tx.exec(select(HandoverItem)).all() if i.kind == "customer"}
        written = {(p.handover_id, i) for i, some in pages.items() for p in some if p.how == "handover"}
        assert moved == written

    await db.system(look)


@pytest.mark.parametrize("seed", range(12))
async def test_any_handover_changes_owners_alone(sqlite: Database, seed: int) -> None:
    """Invariants 22–24."""
    await handover_of_anything(sqlite, seed)


@pytest.mark.postgres
@pytest.mark.parametrize("seed", [100, 101])
async def test_any_handover_changes_owners_alone_on_postgresql(postgres: Database, seed: int) -> None:
    """Invariants 22–24."""
    await handover_of_anything(postgres, seed)


async def handover_of_anything(db: Database, seed: int) -> None:
    rng = random.Random(seed)
    await fill(db, rng)
    giver, receiver = rng.sample(SELLERS, 2)
    kinds = EVERYTHING if rng.random() < 0.5 else tuple(k for k in EVERYTHING if rng.random() < 0.6) or ("customer",)
    before = await db.system(rows)
    wanted = Wanted(giver, receiver, kinds)
    going = {one for one in live(before, giver) if one[0] in kinds}
    if not going:
        with pytest.raises(NothingToHandOver):
            await confirm(db, wanted)
        return
    done = await confirm(db, wanted)
    assert done.handover_id is not None
    after = await db.system(rows)
    assert strip(after) == strip(before)  # 22
    assert live(after, receiver) == live(before, receiver) | going
    assert live(after, giver) == live(before, giver) - going
    if kinds == EVERYTHING:
        assert not live(after, giver)  # 24
    for other in set(SELLERS) - {giver, receiver}:
        assert live(after, other) == live(before, other)
    await check_pages(db)
    with pytest.raises(NothingToHandOver, match="0 条"):  # 23
        await confirm(db, wanted)
    assert await db.system(rows) == after

    touched = await touch_some(db, rng, giver, receiver, going)
    worked = await db.system(rows)
    later = NOW + timedelta(hours=rng.randint(1, 71))
    text = await run(db, "chen01", undo_handover, {"handover_id": done.handover_id}, at=later)
    undone = await db.system(rows)
    assert strip(undone) == strip(worked)
    assert live(undone, giver) == (live(worked, giver) | going) - touched  # 23
    assert f"{len(going) - len(touched)}/{len(going)}" in text
    if touched:
        assert f"{len(touched)} 条交接后有人动过" in text
    back = {(kind, i): row for kind in TABLES for i, row in undone[kind].items()}
    for kind, i in going - touched:
        if kind == "customer":
            assert back[kind, i]["owner_since"] == before[kind][i]["owner_since"]
    await check_pages(db)
    with pytest.raises(NotTakenBack):
        await run(db, "chen01", undo_handover, {"handover_id": done.handover_id}, at=later)


async def touch_some(
    db: Database, rng: random.Random, giver: str, receiver: str, going: set[tuple[str, int]]
) -> set[tuple[str, int]]:
    """The receiver works on customers in some way or other, or things go on to a third person.

    Returns what counts as touched.
    """
    touched = set()
    at = NOW + timedelta(minutes=5)
    for kind, record_id in sorted(one for one in going if rng.random() < 0.3):
        if kind != "customer":
            continue
        how = rng.choice(["follow", "contact", "return", "pass on"])
        if how == "follow":
            await run(db, receiver, log_follow_up, record_id, NewFollowUp("打过招呼"), at=at)
        elif how == "contact":
            name = f"新人{record_id}"
            await run(db, receiver, add_contact, record_id, name=name, title="", mobile=f"1390000{record_id:04}", at=at)
        elif how == "return":
            await run(db, receiver, return_customer, record_id, "无需求", at=at)
        else:  # given back and claimed again by the same person: another ownership all the same
            await run(db, receiver, return_customer, record_id, "无需求", at=at)
            with contextlib.suppress(AppError):
                await run(db, receiver, claim_customer, record_id, at=at)
        touched.add((kind, record_id))
    passed_on = rng.choice(["lead", "opportunity", "contract"])
    if rng.random() < 0.5 and any(kind == passed_on for kind, _ in live(await db.system(rows), receiver)):
        third = next(who for who in SELLERS if who not in (giver, receiver))
        await confirm(db, Wanted(receiver, third, (passed_on,)), at=at)
        touched |= {one for one in going if one[0] == passed_on}
    return touched


async def test_two_administrators_at_once_hand_over_once(database: Database) -> None:
    world = small_world(admins=["chen01", "wang03"])
    await load_company(database, world)
    wanted = Wanted("lina04", "zhao05", EVERYTHING)
    shown = (await run(database, "chen01", preview, wanted)).moving
    answers = await asyncio.gather(
        *(run(database, who, hand_over, wanted, shown=shown) for who in ("chen01", "wang03") * 3),
        return_exceptions=True,
    )
    done = [a for a in answers if isinstance(a, Outcome)]
    late = [a for a in answers if isinstance(a, NothingToHandOver)]
    assert len(done) == 1 and done[0].handover_id is not None and len(late) == 5, answers
    assert all("已经把 客户 3 家 交接给 赵磊 了" in a.text for a in late)
    counts = await database.system(
        lambda tx: (len(tx.exec(select(Handover)).all()), len(tx.exec(select(HandoverItem)).all()))
    )
    assert counts == (1, 3)
    await check_pages(database)


@pytest.mark.postgres
async def test_what_goes_elsewhere_meanwhile_is_not_handed_over(postgres: Database) -> None:
    """A customer whose return to the pool is not committed yet: the handover waits for it, and leaves it alone.

    SQLite has one writer at a time.
    """
    await load_company(postgres)
    theirs = await postgres.system(lambda tx: [c.id for c in tx.exec(select(Customer)).all() if c.owner_id == "lina04"])
    wanted = Wanted("lina04", "zhao05", EVERYTHING)
    shown = (await run(postgres, "chen01", preview, wanted)).moving
    returned = asyncio.Event()

    def give_back(tx: Tx) -> None:
        settings = read_settings(tx)
        ctx = make_context(tx, identify(tx, "lina04", settings), NOW, settings, "chat")
        return_customer(ctx, theirs[0] or 0, "无需求")
        returned.set()
        await_only(asyncio.sleep(1))  # the handover has begun by then

    async def then() -> Any:
        await returned.wait()
        return await run(postgres, "chen01", hand_over, wanted, shown=shown)

    _, done = await asyncio.gather(postgres.unit(None, give_back), then())
    assert done.moving["customer"] == 2
    await check_pages(postgres)
    held = await postgres.system(lambda tx: {c.id: c.owner_id for c in tx.exec(select(Customer)).all()})
    assert [held[i] for i in theirs] == [None, "zhao05", "zhao05"]


async def test_ten_thousand_records_take_no_more_statements_than_ten(database: Database) -> None:
    await load_company(database)
    many = 10_000

    def work(tx: Tx) -> None:
        tx.add_all(
            Customer(
                name=f"样本{n}", name_key=f"样本{n}", owner_id="zhou06", owner_since=NOW, created_at=NOW, updated_at=NOW
            )
            for n in range(many)
        )
        tx.flush()
        ours = tx.exec(select(Customer.id).where(col(Customer.name).startswith("样本"))).all()
        tx.add_all(OwnerHistory(customer_id=i or 0, owner_id="zhou06", from_at=NOW, how="load") for i in ours)

    few = await statements(database, Wanted("lina04", "wang03", EVERYTHING))
    await database.system(work)
    assert await statements(database, Wanted("zhou06", "zhao05", EVERYTHING)) == few
    sheet = await run(database, "chen01", show_handover, 2)
    assert sheet.handover.counts["customer"] == many + 1
    text = await run(database, "chen01", undo_handover, {"handover_id": 2}, at=NOW + timedelta(hours=1))
    assert f"{many + 1}/{many + 1}" in text
    await check_pages(database)


async def statements(db: Database, wanted: Wanted) -> int:
    """How many statements a confirmed handover runs."""
    shown = (await run(db, "chen01", preview, wanted)).moving
    count = 0

    def work(tx: Tx) -> None:
        nonlocal count

        def one_more(*_: Any) -> None:
            nonlocal count
            count += 1

        connection = tx.connection()
        event.listen(connection, "before_cursor_execute", one_more)
        settings = read_settings(tx)
        ctx = make_context(tx, identify(tx, "chen01", settings), NOW, settings, "chat")
        assert hand_over(ctx, wanted, shown=shown).handover_id is not None

    await db.unit(None, work)
    assert count
    return count


# -- leaving and coming back ------------------------------------------------------------------------


async def leave(db: Database, *user_ids: str, at: datetime = NOW) -> None:
    await db.system(lambda tx: org.mark_left(tx, user_ids, now=at))


async def test_what_waits_for_a_leaver_is_called_off(database: Database) -> None:
    await load_company(database)

    def queue(tx: Tx) -> None:
        for who in ("lina04", "zhao05"):
            outbox.put(tx, key=f"r:{who}", lane=f"user:{who}", channel="robot", payload={"user_id": who}, now=NOW)
        notices.queue(tx, key="both", user_ids=["lina04", "zhao05"], title="t", text="两个人", now=NOW)
        notices.queue(tx, key="hers", user_ids=["lina04"], title="t", text="她", now=NOW)

    await database.system(queue)
    await leave(database, "lina04")

    def look(tx: Tx) -> tuple[dict[str, str], list[str], set[tuple[str, str, str]]]:
        states = {row.key: row.state for row in tx.exec(select(Outbox)).all()}
        both = tx.exec(select(Outbox).where(Outbox.key == "both")).one()
        fates = {(n.user_id, n.text.split("\n")[1], n.fate) for n in tx.exec(select(Notice)).all()}
        return states, both.payload["user_ids"], fates

    states, receivers, fates = await database.system(look)
    assert states == {"r:lina04": "cancelled", "r:zhao05": "queued", "both": "queued", "hers": "cancelled"}
    assert receivers == ["zhao05"]
    assert fates == {
        ("lina04", "两个人", "cancelled"),
        ("zhao05", "两个人", "queued"),
        ("lina04", "她", "cancelled"),
    }


async def test_a_leaving_is_told_once_even_after_a_crash(database: Database) -> None:
    await load_company(database)
    await leave(database, "lina04")
    assert await run(database, "", next_announcement) == NOW + timedelta(minutes=1)  # the job's turn, if nobody told
    assert await run(database, "", announce_departures) == 1
    assert await run(database, "", announce_departures) == 0
    assert await run(database, "", next_announcement) is None

    def look(tx: Tx) -> tuple[list[str], list[tuple[str, str | None]]]:
        told = [n.user_id for n in tx.exec(select(Notice)).all()]
        return told, [(c.kind, c.holder_user_id) for c in tx.exec(select(Card)).all()]

    assert await database.system(look) == (["chen01"], [("handover.person", "chen01")])


async def test_the_last_administrator_stays_one_and_dingtalks_own_are_told(database: Database) -> None:
    world = small_world()
    world["users"][1]["dingtalk_admin"] = True
    await load_company(database, world)
    await leave(database, "chen01")
    await run(database, "", announce_departures)

    def look(tx: Tx) -> tuple[tuple[str, ...], list[str], bool]:
        told = tx.exec(select(Notice)).one()
        assert "没有在职的管理员" in told.text
        return read_settings(tx).admins, [told.user_id], tx.exec(select(Departure)).one().was_admin

    assert await database.system(look) == (("chen01",), ["wang03"], True)


async def test_roles_come_back_by_an_administrators_word_alone(database: Database) -> None:
    await load_company(database)
    await leave(database, "wang03")
    with pytest.raises(NotFound):  # not before he works here again
        await run(database, "chen01", restore_roles, "wang03")
    person = await database.system(lambda tx: org.read_people(tx, ["wang03"])["wang03"])
    await database.system(
        lambda tx: org.write_people(tx, [person], spell=lambda _: ("", ""), now=NOW + timedelta(days=3))
    )

    def memberships(tx: Tx) -> tuple[int, int]:
        members = tx.exec(select(RoleMember).where(RoleMember.user_id == "wang03")).all()
        places = tx.exec(select(RoleMemberDepartment).where(RoleMemberDepartment.user_id == "wang03")).all()
        return len(members), len(places)

    assert await database.system(memberships) == (0, 0)
    texts = await asyncio.gather(
        *(run(database, "chen01", restore_roles, "wang03", at=NOW + timedelta(days=3)) for _ in range(3)),
        return_exceptions=True,
    )
    assert sum("已恢复 王强 的角色：部门经理" in str(t) for t in texts) == 1, texts
    assert await database.system(memberships) == (1, 1)


async def test_reminders_not_sent_yet_are_called_off_for_the_former_owner(sqlite: Database) -> None:
    await load_company(sqlite)

    def work(tx: Tx) -> None:
        ours = tx.exec(select(Customer.id).where(Customer.owner_id == "lina04")).all()
        for rule in ("next_follow_up", "returned"):
            tx.add(
                DigestItem(
                    user_id="lina04", rule=rule, subject=f"customer:{ours[0]}", cycle="1", text="x", created_at=NOW
                )
            )

    await sqlite.system(work)
    await confirm(sqlite, Wanted("lina04", "zhao05", ("customer",)))
    left = await sqlite.system(
        lambda tx: {i.rule: i.cancelled_at is not None for i in tx.exec(select(DigestItem)).all()}
    )
    assert left == {"next_follow_up": True, "returned": False}


async def test_the_storage_counts_what_leavers_hold(database: Database) -> None:
    await fill(database, random.Random(5))
    await leave(database, "lina04", "qian07")
    found = await database.system(handovers.list_leavers)
    snapshot = await database.system(rows)
    assert [one.user_id for one in found] == ["lina04"]
    expected: dict[str, int] = {}
    for name, _ in live(snapshot, "lina04"):
        expected[name] = expected.get(name, 0) + 1
    assert found[0].counts == expected
