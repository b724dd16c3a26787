"""A card is never left with what it showed before a tap (reliability C13)."""

from datetime import datetime, timedelta

from sqlmodel import col, select

from bot.core.clock import BEIJING
from storage import outbox
from storage.database import Database, Tx
from storage.tables import Outbox

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=BEIJING)


async def _states(db: Database) -> list[str]:
    return await db.system(lambda tx: list(tx.exec(select(Outbox.state).order_by(col(Outbox.id))).all()))


def _take(tx: Tx) -> None:
    assert outbox.take(tx, holder="one", now=NOW, wall=NOW + timedelta(seconds=1), limit=9, busy=set())


async def test_an_update_that_is_being_sent_is_followed_by_one_more(database: Database) -> None:
    await database.system(lambda tx: outbox.refresh_cards(tx, ["dc-1"], now=NOW))
    await database.system(lambda tx: outbox.follow_update(tx, "dc-1", now=NOW))
    assert await _states(database) == ["queued"], "it will be drawn as the card is by then"
    await database.system(_take)
    for _ in range(2):
        await database.system(lambda tx: outbox.follow_update(tx, "dc-1", now=NOW))
    await database.system(lambda tx: outbox.follow_update(tx, "dc-2", now=NOW))
    assert await _states(database) == ["sending", "queued"]


async def test_two_wishes_of_one_moment_are_both_kept_or_merged_never_lost(database: Database) -> None:
    for _ in range(2):
        await database.system(lambda tx: outbox.refresh_cards(tx, ["dc-1", "dc-2"], now=NOW))
    assert await _states(database) == ["queued", "queued"]
