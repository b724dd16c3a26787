"""Who owns what, whatever happens in whatever order (crm-rules.md 4.4, invariants 1, 2, 6, 9, 13, 21, 95, 98).

A model of a hundred lines — a dict of owners — lives beside the real use cases on a real database.
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlmodel import select

from bot.context import Context, make_context
from bot.core.actor import SYSTEM_ACTOR
from bot.core.errors import AppError
from bot.identity import identify
from handlers.followups.service import NewFollowUp, log_follow_up, undo_follow_up
from handlers.pool.rules import AlreadyClaimed, ClaimLimited
from handlers.pool.service import (
    assign_customer,
    claim_customer,
    recycle_customer,
    recycle_due,
    return_customer,
    undo_claim,
    undo_return,
)
from storage import cards
from storage.database import Database, Tx
from storage.settings import read_settings
from storage.tables import ClaimLog, Customer, FollowUp, OwnerHistory, Undo
from tests.bench.company import bench_world, seller
from tests.support.company import NOW, load_company

SELLERS = ("lina04", "zhao05", "zhou06")


class Play:
    """Random people doing random things; the model says what must be true afterwards."""

    def __init__(self, db: Database, seed: int) -> None:
        self.db, self.rng, self.now = db, random.Random(seed), NOW
        self.owner: dict[int, str | None] = {}
        self.claims: Counter[str] = Counter()
        self.done: Counter[str] = Counter()

    async def run(self, who: str, use_case: Callable[..., Any], *arguments: Any) -> Any:
        def work(tx: Tx) -> Any:
            settings = read_settings(tx)
            actor = SYSTEM_ACTOR if not who else identify(tx, who, settings)
            ctx: Context = make_context(tx, actor, self.now, settings, "chat")
            return use_case(ctx, *arguments)

        return await self.db.unit(None, work)

    async def begin(self) -> None:
        await load_company(self.db)
        rows = await self.db.system(lambda tx: [(c.id or 0, c.owner_id) for c in tx.exec(select(Customer)).all()])
        self.owner = dict(rows)

    async def step(self) -> None:
        name = self.rng.choice(["claim", "claim", "give", "assign", "follow", "follow", "undo", "wait", "recycle"])
        self.now += timedelta(minutes=self.rng.randint(1, 9))
        try:
            await getattr(self, f"_{name}")()
            self.done[name] += 1
        except AppError:
            self.done[f"{name} refused"] += 1

    async def _claim(self) -> None:
        who, customer = self.rng.choice(SELLERS), self.rng.choice(list(self.owner))
        before = self.owner[customer]
        won = await self.run(who, claim_customer, customer)
        assert before is None or won.mine_already
        if not won.mine_already:
            self.owner[customer] = who
            self.claims[who] += 1

    async def _give(self) -> None:
        customer = self.rng.choice(list(self.owner))
        who = self.owner[customer] or self.rng.choice(SELLERS)
        await self.run(who, return_customer, customer, "无需求")
        assert self.owner[customer] == who
        self.owner[customer] = None

    async def _assign(self) -> None:
        customer, receiver = self.rng.choice(list(self.owner)), self.rng.choice(SELLERS)
        await self.run("wang03", assign_customer, customer, receiver)
        assert self.owner[customer] is None
        self.owner[customer] = receiver

    async def _follow(self) -> None:
        customer = self.rng.choice(list(self.owner))
        who = self.owner[customer] or self.rng.choice(SELLERS)
        next_at = self.now + timedelta(days=self.rng.randint(1, 9)) if self.rng.random() < 0.5 else None
        await self.run(who, log_follow_up, customer, NewFollowUp("聊了", "电话", None, next_at, True))
        assert self.owner[customer] == who

    async def _undo(self) -> None:
        who = self.rng.choice((*SELLERS, "wang03"))
        offer = await self.db.system(
            lambda tx: tx.exec(
                select(Undo).where(Undo.user_id == who, Undo.undone_at.is_(None)).order_by(Undo.id.desc())  # type: ignore[union-attr]
            ).first()
        )
        if offer is None or offer.expires_at < self.now:
            return
        undoer = {"pool.claim": undo_claim, "pool.return": undo_return, "followups.log": undo_follow_up}[offer.kind]
        await self.run(who, undoer, offer.payload)
        await self.db.system(lambda tx: setattr(tx.get(Undo, offer.id), "undone_at", self.now))
        if offer.kind == "pool.claim":
            self.owner[offer.payload["customer_id"]] = None
            self.claims[who] -= 1
        elif offer.kind == "pool.return":
            self.owner[offer.payload["customer_id"]] = offer.payload["owner_id"]

    async def _wait(self) -> None:
        self.now += timedelta(days=self.rng.randint(1, 5))

    async def _recycle(self) -> None:
        for due in await self.run("", recycle_due):
            assert (self.now.date() - due.owner_since.date()).days >= 15, "protected by its ownership (9)"
            if self.rng.random() < 0.3:  # a follow-up commits while the job runs (13)
                await self.run(due.owner_id, log_follow_up, due.id, NewFollowUp("刚聊过", "电话"))
                assert not await self.run("", recycle_customer, due)
                continue
            assert await self.run("", recycle_customer, due)
            self.owner[due.id] = None
        assert await self.run("", recycle_due) == [], "a second run returns nobody (21)"

    async def check(self) -> None:
        def look(tx: Tx) -> None:
            for customer in tx.exec(select(Customer)).all():
                assert customer.owner_id == self.owner[customer.id or 0]
                assert (customer.owner_id is None) == (customer.pooled_at is not None)  # 1
                pages = tx.exec(select(OwnerHistory).where(OwnerHistory.customer_id == customer.id)).all()
                open_pages = [p for p in pages if p.to_at is None]
                assert [p.owner_id for p in open_pages] == [customer.owner_id]  # 2
                chain = sorted(pages, key=lambda p: p.id or 0)
                assert all(a.to_at == b.from_at for a, b in pairwise(chain)), "gap or overlap"
                entries = tx.exec(select(FollowUp).where(FollowUp.customer_id == customer.id)).all()
                assert customer.last_follow_up_at == max((e.at for e in entries), default=None)  # 95
                assert customer.last_follow_up_at is None or customer.last_follow_up_at <= self.now
            counts = Counter(tx.exec(select(ClaimLog.user_id).where(ClaimLog.undone_at.is_(None))).all())  # type: ignore[union-attr]
            assert counts == Counter({k: v for k, v in self.claims.items() if v})  # 6

        await self.db.system(look)


@pytest.mark.parametrize("seed", range(6))
async def test_ownership_holds_in_any_order(sqlite: Database, seed: int) -> None:
    """Invariants 1, 2, 6, 9, 13, 21 and 95."""
    play = Play(sqlite, seed)
    await play.begin()
    for _ in range(120):
        await play.step()
        await play.check()
    assert play.done["claim"] and play.done["follow"] and play.done["give"], play.done


@pytest.mark.postgres
async def test_ownership_holds_on_postgresql(postgres: Database) -> None:
    """Invariants 1, 2, 6, 9, 13, 21 and 95."""
    play = Play(postgres, 99)
    await play.begin()
    for _ in range(60):
        await play.step()
    await play.check()


@pytest.mark.postgres
async def test_use_cases_lock_in_one_order(postgres: Database) -> None:
    """Claimant, then customer, then what hangs on it, then cards' updates by card: nobody waits in a circle."""
    play = Play(postgres, 7)
    await play.begin()
    ids = list(play.owner)

    def hold(tx: Tx) -> None:
        for n in (5, 2, 7, 0, 3):  # everybody's cards show every customer
            cards.remember(
                tx, out_track_id=f"dc-{n}", kind="pool.list", state={}, subjects=[f"customer:{i}" for i in ids],
                holder_user_id=SELLERS[n % 3], conversation_id="", now=NOW, template_id="",
            )  # fmt: skip

    await postgres.system(hold)

    async def live() -> None:
        for _ in range(20):
            who, customer = play.rng.choice((*SELLERS, "wang03")), play.rng.choice(ids)
            act: Any = play.rng.choice(
                [
                    (claim_customer,), (claim_customer,), (return_customer, "无需求"),
                    (log_follow_up, NewFollowUp("聊了", "电话")), (assign_customer, play.rng.choice(SELLERS)),
                ]
            )  # fmt: skip
            with contextlib.suppress(AppError):
                await play.run(who, act[0], customer, *act[1:])

    await asyncio.gather(*(live() for _ in range(8)))
    assert postgres.run_again == 0


async def test_everybody_who_was_slower_is_told_by_whom(database: Database) -> None:
    """Invariant 3, for people who see their own customers only: the lost one is out of their sight at once."""
    await load_company(database, bench_world(50, 0, 60))
    play = Play(database, 1)
    for customer in await database.system(lambda tx: [c.id or 0 for c in tx.exec(select(Customer)).all()]):
        answers = await asyncio.gather(
            *(play.run(seller(n), claim_customer, customer) for n in range(50)), return_exceptions=True
        )
        winners = [n for n, answer in enumerate(answers) if not isinstance(answer, BaseException)]
        assert len(winners) == 1, answers
        told = [str(answer) for answer in answers if isinstance(answer, AlreadyClaimed)]
        assert len(told) == 49, answers
        assert all(f"员工{winners[0]:03}" in text for text in told)


async def test_one_persons_parallel_claims_never_pass_the_cap(database: Database) -> None:
    """Invariant 4."""
    await load_company(database)
    play = Play(database, 1)
    pooled = await database.system(
        lambda tx: [c.id or 0 for c in tx.exec(select(Customer)).all() if c.owner_id is None]
    )
    answers = await asyncio.gather(*(play.run("lina04", claim_customer, c) for c in pooled), return_exceptions=True)
    won = [a for a in answers if not isinstance(a, BaseException)]
    assert len(won) == 3, answers
    assert all(isinstance(a, AppError) for a in answers if isinstance(a, BaseException))


async def test_many_who_ask_for_many_are_each_answered(database: Database) -> None:
    """Invariant 5, of series, for there is no claim of several: claimed, taken and refused are all that was asked."""
    await load_company(database)
    play = Play(database, 1)
    pooled = await database.system(
        lambda tx: [c.id or 0 for c in tx.exec(select(Customer)).all() if c.owner_id is None]
    )
    asked = [(who, customer) for customer in pooled for who in SELLERS]
    said = await asyncio.gather(*(play.run(who, claim_customer, of) for who, of in asked), return_exceptions=True)
    won = {pair for pair, answer in zip(asked, said, strict=True) if not isinstance(answer, BaseException)}
    taken = [answer for answer in said if isinstance(answer, AlreadyClaimed)]
    full = [answer for answer in said if isinstance(answer, ClaimLimited)]
    assert len(won) + len(taken) + len(full) == len(asked)
    assert all(count <= 3 for count in Counter(who for who, _ in won).values())
    ledger = await database.system(lambda tx: {(c.user_id, c.customer_id) for c in tx.exec(select(ClaimLog)).all()})
    owned = await database.system(
        lambda tx: {(c.owner_id, c.id) for c in tx.exec(select(Customer)).all() if c.id in pooled and c.owner_id}
    )
    assert won == ledger == owned
