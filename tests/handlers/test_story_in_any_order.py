"""Whatever is done to customers by whomever in whatever order: the timeline has all of it, once, in order, for whoever
may read it and nobody else; and who is named in a comment is told of it if he may see the customer, and only then.
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from bot.context import make_context
from bot.core.actor import Permission
from bot.core.errors import AppError
from bot.identity import identify
from handlers.comments.service import add_comment, undo_comment
from handlers.custody.service import lock_customer, transfer_customer
from handlers.followups.service import NewFollowUp, log_follow_up
from handlers.opportunities.fields import NewOpportunity
from handlers.opportunities.service import create_opportunity, list_named, transfer_opportunity
from handlers.pool.service import claim_customer, return_customer
from handlers.team.service import add_member, end_member
from handlers.timeline.service import show_timeline
from storage.database import Database, Tx
from storage.settings import read_settings
from storage.tables import Audit, Customer, Notice, OwnerHistory
from storage.timeline import CHANGES, Entry
from tests.support.company import NOW, load_company
from tests.support.leadworld import lead_company

PEOPLE = ("lina04", "zhao05", "wang03", "zhou06", "chen01")
READS = {"comment": Permission.FOLLOWUP_VIEW, "follow_up": Permission.FOLLOWUP_VIEW,
         "opportunity": Permission.OPPORTUNITY_VIEW}  # fmt: skip
ACTS = ("hand", "team", "leave", "lock", "pool")
OWN_TOO = ("comment", "follow_up")  # which the owner reads without that function


@dataclass(frozen=True)
class Event:
    """What must be told: when, of which kind, by whom, in which words."""

    at: datetime
    kind: str
    by: str
    words: str


class Play:
    """`events`: by customer, as they happened."""

    def __init__(self, db: Database, seed: int) -> None:
        self.db, self.rng, self.now, self.number = db, random.Random(seed), NOW, 0
        self.events: dict[int, list[Event]] = {}
        self.done: Counter[str] = Counter()

    async def begin(self) -> None:
        world = lead_company()
        world["roles"][0]["functions"] = [*world["roles"][0]["functions"], "customer:transfer", "opportunity:edit"]
        await load_company(self.db, world)
        found = await self.db.system(lambda tx: tx.exec(select(Customer.id).where(col(Customer.owner_id).in_(PEOPLE))))
        self.events = {int(i or 0): [] for i in found.all()[:3]}

    async def run(self, who: str, use_case: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        def work(tx: Tx) -> Any:
            settings = read_settings(tx)
            ctx = make_context(tx, identify(tx, who, settings), self.now, settings, "chat")
            return use_case(ctx, *arguments, **named)

        return await self.db.unit(None, work)

    async def sees(self, who: str, customer: int) -> bool:
        """By the door of the whole story."""
        try:
            await self.run(who, show_timeline, customer)
        except AppError:
            return False
        return True

    async def step(self) -> None:
        self.now += timedelta(minutes=self.rng.choice((0, 0, 1, 60)))  # much happens in the same minute
        who, customer = self.rng.choice(PEOPLE), self.rng.choice(list(self.events))
        name = self.rng.choice(
            ("comment", "comment", "follow", "follow", "deal", "hand", "team", "leave", "lock", "pool")
        )
        self.number += 1
        try:
            await getattr(self, f"_{name}")(who, customer)
            self.done[name] += 1
        except AppError:
            self.done[f"{name} refused"] += 1

    def _note(self, customer: int, kind: str, by: str, words: str) -> None:
        self.events[customer].append(Event(self.now, kind, by, words))

    async def _comment(self, who: str, customer: int) -> None:
        named = self.rng.sample(PEOPLE, self.rng.randint(0, 3))
        expected = [user for user in named if user != who and await self.sees(user, customer)]
        words, before = f"评论 {self.number}", await self._notices()
        done = await self.run(who, add_comment, customer, words, named)
        told = await self._notices() - before
        assert sorted(user for user, _ in told.elements()) == sorted(expected), (who, customer, named)
        for user, text in told.elements():  # without the function, of another's: that there is one, not what it says
            assert (words in text) is await self._reads(user, customer, "comment")
        if self.rng.randint(0, 3):
            self._note(customer, "comment", who, words)
        else:
            await self.run(who, undo_comment, {"comment_id": done.comment_id})

    async def _notices(self) -> Counter[tuple[str, str]]:
        query = select(Notice).where(col(Notice.text).contains("全部动态"))
        return Counter(await self.db.system(lambda tx: [(n.user_id, n.text) for n in tx.exec(query).all()]))

    async def _follow(self, who: str, customer: int) -> None:
        words = f"跟进 {self.number} 电话聊了"
        await self.run(who, log_follow_up, customer, NewFollowUp(words, "电话"))
        self._note(customer, "follow_up", who, words)

    async def _deal(self, who: str, customer: int) -> None:
        words = f"商机 {self.number}"
        made = await self.run(who, create_opportunity, NewOpportunity(customer, words))
        self._note(customer, "opportunity", who, words)
        if self.rng.randint(0, 1):
            await self.run(
                "chen01", transfer_opportunity, made.opportunity_id, "zhou06"
            )  # who made it stays who made it

    async def _hand(self, _who: str, customer: int) -> None:
        await self.run("chen01", transfer_customer, customer, self.rng.choice(PEOPLE))

    async def _team(self, who: str, customer: int) -> None:
        until = self.rng.choice((None, self.now.date(), self.now.date() + timedelta(days=1)))
        await self.run(who, add_member, customer, self.rng.choice(PEOPLE), may_write=True, until=until)

    async def _leave(self, who: str, customer: int) -> None:
        await self.run(who, end_member, customer, self.rng.choice(PEOPLE))

    async def _lock(self, who: str, customer: int) -> None:
        await self.run(who, lock_customer, customer, (self.now + timedelta(days=self.rng.randint(1, 30))).date())

    async def _pool(self, _who: str, customer: int) -> None:
        owner = await self.owner(customer)
        if owner is not None:
            await self.run("chen01", return_customer, customer, "无需求")
        await self.run(self.rng.choice(("lina04", "zhou06")), claim_customer, customer)

    async def owner(self, customer: int) -> str | None:
        return await self.db.system(lambda tx: tx.get_one(Customer, customer).owner_id)

    async def _reads(self, who: str, customer: int, kind: str) -> bool:
        mine = kind in OWN_TOO and await self.owner(customer) == who

        def may(tx: Tx) -> bool:
            return identify(tx, who, read_settings(tx)).may(READS[kind])

        return mine or await self.db.system(may)

    async def check(self) -> None:
        for customer, events in self.events.items():
            for who in PEOPLE:
                if not await self.sees(who, customer):
                    continue
                read = {kind for kind in READS if await self._reads(who, customer, kind)}
                told = await self._story(who, customer)
                assert [e.at for e in told] == sorted((e.at for e in told), reverse=True)
                got = Counter(Event(e.at, e.kind, e.by, str(e.parts[-1] if e.kind != "opportunity" else e.parts[0]))
                              for e in told if e.kind in READS)  # fmt: skip
                deals = await self._deals(who) if "opportunity" in read else set()
                seen = [e for e in events if e.kind in read and (e.kind != "opportunity" or e.words in deals)]
                assert got == Counter(seen), (who, customer)
                rest = Counter(e.kind for e in told if e.kind in ("owner", "change"))
                assert rest == await self._rows(customer), (who, customer)

    async def _story(self, who: str, customer: int) -> list[Entry]:
        """All its pages."""
        first = await self.run(who, show_timeline, customer)
        pages = [first, *[await self.run(who, show_timeline, customer, page=n) for n in range(2, first.pages + 1)]]
        told = [entry for page in pages for entry in page.entries]
        assert len(told) == first.total
        return told

    async def _deals(self, who: str) -> set[str]:
        return {name for _, name, *_ in await self.run(who, list_named)}

    async def _rows(self, customer: int) -> Counter[str]:
        def work(tx: Tx) -> Counter[str]:
            owners = tx.exec(select(OwnerHistory.id).where(OwnerHistory.customer_id == customer)).all()
            subject = col(Audit.subject) == f"customer:{customer}"
            changes = tx.exec(select(Audit.id).where(subject, col(Audit.action).in_(CHANGES))).all()
            return Counter({"owner": len(owners), "change": len(changes)}) + Counter()

        return await self.db.system(work)


@pytest.mark.parametrize("seed", range(4))
async def test_the_story_is_whole_and_in_order(sqlite: Database, seed: int) -> None:
    play = Play(sqlite, seed)
    await play.begin()
    for turn in range(60):
        await play.step()
        if turn % 20 == 19:
            await play.check()
    assert play.done["comment"] > 3 and play.done["follow"] > 3 and play.done["hand"], play.done


@pytest.mark.postgres
async def test_so_it_is_on_postgresql(postgres: Database) -> None:
    play = Play(postgres, 17)
    await play.begin()
    for _ in range(50):
        await play.step()
    await play.check()
