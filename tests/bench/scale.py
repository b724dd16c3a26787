"""8. A million customers and five million follow-ups: lists, searches and a card, each as a person gets it."""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlmodel import col, select

from bot.context import Context, make_context
from bot.core.actor import Actor, Permission, Scope
from bot.core.clock import BEIJING
from bot.language.pinyin import initials
from handlers.customers.finding import find_customer
from handlers.customers.views import paint_customer
from handlers.filters.views import paint_list
from handlers.search.service import search_all
from storage.database import Database, Tx
from storage.settings import read_settings
from storage.tables import Contact
from tests.bench.company import seller
from tests.bench.crowd import FIRST_TEAM, TEAMS, make_crowd, names_of
from tests.bench.figures import Figure, Scale, bounded

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=BEIJING)
GOAL = 100  # ms, p95
SELLERS, EACH = 1_000, 5  # follow-ups of a customer
LISTS = (
    "", "制造业 30天未跟进", "重点客户 展会 上月新建", "杭州 没有下一步", "不是制造业 本周跟进", "贸易 官网 60天没跟进",
)  # fmt: skip
SORTED = ("按名称", "制造业 按名称", "重点客户 按下次跟进", "杭州 按下次跟进倒序", "按新建")
NAMED = ("科技", "机械", "贸易 制造业", "工程 30天未跟进", "网络 按新建")
COMMON = (
    "科技",
    "贸易",
    "有限",
    "公司",
    "机械",
    "网络",
    "keji",
    "maoyi",
    "宁波",
    "工程",
)  # in every tenth name, or in all
OWN, TEAM, REGION, ALL = "own", "a team's", "a region's", "everybody's"


@dataclass(frozen=True, slots=True)
class Journey:
    """What somebody who sees those customers asks; of the n-th time what and how."""

    title: str
    whose: tuple[str, ...]
    ask: Callable[[Context, int], object]


async def measure(scale: Scale) -> list[Figure]:
    """p50 and p95 of each. DINGCRM_CROWD: where the company is kept between runs."""
    kept = os.environ.get("DINGCRM_CROWD")
    with tempfile.TemporaryDirectory(prefix="dingcrm-bench-") as name:
        directory = Path(kept) if kept else Path(name)
        customers = scale.crowd
        db = await make_crowd(
            directory, customers=customers, follow_ups=EACH * customers, sellers=min(SELLERS, customers // 10), now=NOW
        )
        try:
            return await _measured(db, scale.questions)
        finally:
            await db.close()


async def _measured(db: Database, questions: int) -> list[Figure]:
    figures = []
    for journey in await _journeys(db, questions):
        for whose in journey.whose:
            took = await _asked(db, whose, journey.ask, questions)
            figures += [
                bounded(f"{journey.title}, {whose}, p95", [_ranked(took, 0.95)], unit="ms", at_most=GOAL),
                bounded("its p50", [_ranked(took, 0.5)], unit="ms"),
            ]
    return figures


async def _journeys(db: Database, questions: int) -> list[Journey]:
    assert db.path is not None
    names = list(names_of(db.path, questions))
    tails = await db.system(lambda tx: _tails(tx, questions))
    return [
        Journey("list page by conditions, counted", (OWN, TEAM, REGION, ALL), _page_of(LISTS)),
        Journey("list page sorted otherwise, counted", (OWN, TEAM, REGION, ALL), _page_of(SORTED)),
        Journey("list page by a word of many names", (OWN, TEAM, REGION, ALL), _page_of(NAMED)),
        Journey("search by two characters", (OWN, ALL), lambda ctx, n: search_all(ctx, names[n][2:4], near=True)),
        Journey("search by a word of many", (OWN, TEAM, ALL), lambda ctx, n: search_all(ctx, COMMON[n % len(COMMON)])),
        Journey("search by initials", (OWN, ALL), lambda ctx, n: search_all(ctx, initials(names[n][2:6]))),
        Journey("search by a phone's tail", (OWN, ALL), lambda ctx, n: find_customer(ctx, tails[n], pooled=None)),
        Journey("customer meant by a name", (OWN, ALL), lambda ctx, n: find_customer(ctx, names[n][:6], pooled=None)),
        Journey("customer card", (ALL,), lambda ctx, n: paint_customer({"customer_id": 1 + n * 97}, ctx)),
    ]


def _page_of(lists: Sequence[str]) -> Callable[[Context, int], object]:
    """The first three pages of each in turn."""
    return lambda ctx, n: paint_list({"text": lists[n % len(lists)], "page": 1 + n // len(lists) % 3}, ctx)


def _tails(tx: Tx, count: int) -> list[str]:
    found = list(tx.exec(select(Contact.mobile).where(col(Contact.id).in_([1 + n * 31 for n in range(count)]))).all())
    return [(found * count)[n][-(4 + n % 4) :] for n in range(count)]


def _ranked(took: list[float], share: float) -> float:
    return sorted(took)[min(len(took) - 1, int(len(took) * share))]


async def _asked(db: Database, whose: str, ask: Callable[[Context, int], object], count: int) -> list[float]:
    """Milliseconds of each question, one after another, each in a transaction of its own."""
    took = []
    for n in range(-1, count):  # the first finds statements unspelled, as no second does
        began = time.perf_counter()
        await db.read(None, lambda tx, n=n: ask(_context(tx, whose, max(n, 0)), max(n, 0)))  # type: ignore[misc]
        if n >= 0:
            took.append(1000 * (time.perf_counter() - began))
        await asyncio.sleep(0)
    return took


def _context(tx: Tx, whose: str, number: int) -> Context:
    user = seller(number % 100)
    team = FIRST_TEAM + number % TEAMS
    own = Scope(user, pool=True)
    scope = {
        OWN: own,
        TEAM: replace(own, departments=frozenset({team})),
        REGION: replace(own, departments=frozenset(range(FIRST_TEAM, FIRST_TEAM + 10))),
        ALL: replace(own, departments=None),
    }[whose]
    actor = Actor(user, "员工", frozenset(Permission), scope)
    return make_context(tx, actor, NOW, read_settings(tx), "chat")
