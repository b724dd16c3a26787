"""People are locked before customers by every use case (crm-rules 4.5): on PostgreSQL nobody waits in a circle."""

import asyncio
import contextlib
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.util import await_only
from sqlmodel import select

from bot.core.errors import AppError
from handlers.custody.service import lock_customer, transfer_customer, undo_transfer
from handlers.merges.service import merge_customers, undo_merge
from handlers.pool.service import assign_customer, claim_customer, return_customer
from storage import pools
from storage.database import Database, Tx
from storage.settings import write_setting
from storage.tables import Customer, Undo
from tests.handlers.test_ownership import SELLERS, Play
from tests.support.company import NOW

ADMIN, GIVER, RECEIVER = "chen01", "lina04", "zhao05"
UNTIL = (NOW + timedelta(days=9)).date()


def _capped(tx: Tx) -> None:
    """A cap that nobody reaches: every way to a customer locks its receiver."""
    write_setting(tx, "pool", {"holding_cap": 1000, "lock_cap": 1000}, by="", now=NOW)


async def play_on(database: Database) -> Play:
    play = Play(database, 11)
    await play.begin()
    await database.system(_capped)
    return play


async def offer_of(play: Play) -> dict[str, Any]:
    return await play.db.system(lambda tx: dict(tx.exec(select(Undo)).all()[-1].payload))


@pytest.mark.postgres
@pytest.mark.parametrize("act", ["transfer", "undo_transfer", "lock", "undo_merge"])
async def test_who_waits_for_a_person_holds_no_customer(postgres: Database, act: str) -> None:
    """A handover has locked the person and goes on to his customers: if that one is held, both wait for good."""
    play = await play_on(postgres)
    theirs, other = [i for i, owner in play.owner.items() if owner == GIVER][:2]
    person = GIVER
    what: tuple[Any, ...] = (lock_customer, theirs, UNTIL)
    if act == "transfer":
        person, what = RECEIVER, (transfer_customer, theirs, RECEIVER)
    elif act == "undo_transfer":
        await play.run(ADMIN, transfer_customer, theirs, RECEIVER)
        what = (undo_transfer, await offer_of(play))
    elif act == "undo_merge":
        await play.run(ADMIN, merge_customers, theirs, other)
        what = (undo_merge, await offer_of(play))
    person_held, order = asyncio.Event(), list[str]()

    def hold(tx: Tx) -> None:
        pools.lock_claimant(tx, person)
        person_held.set()
        await_only(asyncio.sleep(1.5))
        order.append("person let go")

    async def then() -> None:
        await person_held.wait()
        await play.run(ADMIN, *what)
        order.append("done")

    def take(tx: Tx) -> None:
        tx.exec(select(Customer).where(Customer.id == theirs).with_for_update()).one()
        order.append("customer free")

    async def look() -> None:
        await person_held.wait()
        await asyncio.sleep(0.7)  # by then the use case waits for the person
        await postgres.system(take)

    await asyncio.gather(postgres.system(hold), then(), look())
    assert order == ["customer free", "person let go", "done"]


@pytest.mark.postgres
async def test_whatever_gives_a_customer_to_somebody_locks_in_one_order(postgres: Database) -> None:
    play = await play_on(postgres)
    ids = list(play.owner)

    async def live() -> None:
        for _ in range(20):
            who, customer = play.rng.choice((*SELLERS, ADMIN)), play.rng.choice(ids)
            act: Any = play.rng.choice(
                [
                    (claim_customer,), (return_customer, "无需求"), (transfer_customer, play.rng.choice(SELLERS)),
                    (lock_customer, UNTIL), (assign_customer, play.rng.choice(SELLERS)),
                ]
            )  # fmt: skip
            with contextlib.suppress(AppError):
                await play.run(who, act[0], customer, *act[1:])

    await asyncio.gather(*(live() for _ in range(8)))
    assert postgres.run_again == 0
