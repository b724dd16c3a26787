"""4. Fifty people claim the same customer of the pool; one wins."""

import asyncio
import tempfile
import time
from pathlib import Path

from sqlalchemy import Column, Integer, MetaData, String, Table, event, func, insert, update
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import col, select

from bot.context import make_context
from bot.core.actor import Actor
from bot.core.errors import RuleBroken
from bot.identity import identify
from handlers.pool.service import claim_customer
from storage.database import Database, Tx
from storage.settings import CompanySettings, read_settings
from storage.tables import ClaimLog, Customer
from tests.bench.company import bench_world, load, now, seller, sqlite_url
from tests.bench.figures import Figure, Scale, faster
from tests.support.postgres import answers, fresh_database

METADATA = MetaData()
LEAD = Table("lead", METADATA, Column("id", Integer, primary_key=True), Column("owner", String), Column("at", String))


async def measure(scale: Scale) -> list[Figure]:
    """Attempts a second. Ours is the whole use case: caps, owner history, ledger, audit, undo, other people's cards."""
    with tempfile.TemporaryDirectory(prefix="dingcrm-bench-") as name:
        directory = Path(name)
        figures = [
            await _compare(
                scale, "SQLite", sqlite_url(directory), f"sqlite+aiosqlite:///{directory / 'core.sqlite3'}", at_least=3
            )
        ]
    if answers():
        async with fresh_database() as url, fresh_database() as core:
            figures.append(await _compare(scale, "PostgreSQL", url, core, at_least=None))
    return figures


async def _compare(scale: Scale, kind: str, url: str, core_url: str, *, at_least: float | None) -> Figure:
    ours: list[float] = []
    theirs: list[float] = []
    db, engine = Database(url), core_engine(core_url)
    try:
        pool = scale.customers * scale.runs
        await load(db, bench_world(scale.claimers, 0, pool))
        async with engine.begin() as connection:
            await connection.run_sync(METADATA.create_all)
            await connection.execute(insert(LEAD), [{"id": n + 1} for n in range(pool)])
        for run in range(scale.runs):
            numbers = range(run * scale.customers + 1, (run + 1) * scale.customers + 1)
            theirs.append(await _core_claims(engine, list(numbers), scale.claimers))
            ours.append(await _claims(db, list(numbers), scale.claimers))
    finally:
        await db.close()
        await engine.dispose()
    title = f"claim attempts, {scale.claimers} a customer, {kind}"
    return faster(title, ours, theirs, unit="/s", against="one UPDATE by SQLAlchemy core", at_least=at_least)


async def _claims(db: Database, customers: list[int], claimers: int) -> float:
    def who(tx: Tx) -> tuple[CompanySettings, list[Actor]]:
        settings = read_settings(tx)
        return settings, [identify(tx, seller(n), settings) for n in range(claimers)]

    settings, actors = await db.system(who)

    async def attempt(actor: Actor, customer_id: int) -> bool:
        def work(tx: Tx) -> None:
            claim_customer(make_context(tx, actor, now(), settings, "tap"), customer_id)

        try:
            await db.unit(None, work)
        except RuleBroken:
            return False
        return True

    began = time.perf_counter()
    for customer_id in customers:
        won = await asyncio.gather(*(attempt(actor, customer_id) for actor in actors))
        assert sum(won) == 1, f"{sum(won)} winners"
    seconds = time.perf_counter() - began

    def count(tx: Tx) -> tuple[int, int]:
        claimed = select(func.count()).select_from(ClaimLog).where(col(ClaimLog.customer_id).in_(customers))
        owned = (
            select(func.count())
            .select_from(Customer)
            .where(col(Customer.id).in_(customers), col(Customer.owner_id).is_not(None))
        )
        return tx.exec(claimed).one(), tx.exec(owned).one()

    assert await db.system(count) == (len(customers), len(customers))
    return len(customers) * claimers / seconds


def core_engine(url: str) -> AsyncEngine:
    """As one would have it: a pool of five, and on SQLite what keeps it from losing updates."""
    engine = create_async_engine(url, pool_size=5, max_overflow=0)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine.sync_engine, "connect")
        def _on_connect(connection: object, _record: object) -> None:
            connection.isolation_level = None  # type: ignore[attr-defined]
            cursor = connection.cursor()  # type: ignore[attr-defined]
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        @event.listens_for(engine.sync_engine, "begin")
        def _on_begin(connection: object) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # type: ignore[attr-defined]

    return engine


async def _core_claims(engine: AsyncEngine, leads: list[int], claimers: int) -> float:
    async def attempt(number: int, lead: int) -> int:
        statement = update(LEAD).where(LEAD.c.id == lead, LEAD.c.owner.is_(None))
        async with engine.begin() as connection:
            done = await connection.execute(statement.values(owner=seller(number), at=now().isoformat()))
        return done.rowcount

    began = time.perf_counter()
    for lead in leads:
        won = await asyncio.gather(*(attempt(n, lead) for n in range(claimers)))
        assert sum(won) == 1, f"{sum(won)} winners"
    return len(leads) * claimers / (time.perf_counter() - began)
