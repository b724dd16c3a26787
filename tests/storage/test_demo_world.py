"""The company that comes with the product is a valid world, on any day, and worth looking at."""

import json
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, func, select

from bot.core.clock import BEIJING
from bot.sandbox.company_world import read_world as read_company
from bot.sandbox.demo import demo_world
from storage.database import Database
from storage.tables import Contact, Customer, FollowUp
from storage.world.load import load_world
from tests.support.company import mirror

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=BEIJING)
DAYS = [
    NOW,
    datetime(2026, 1, 1, 0, 5, tzinfo=BEIJING),
    datetime(2027, 2, 28, 23, 55, tzinfo=BEIJING),
    datetime(2028, 2, 29, 8, 0, tzinfo=BEIJING),
    datetime(2026, 10, 4, 14, 0, tzinfo=BEIJING),  # a Sunday
]


def base(customer: dict[str, Any]) -> date:
    """From which day the return rule counts (D3)."""
    days = [date.fromisoformat(one["at"][:10]) for one in customer["follow_ups"]]
    return max([date.fromisoformat(customer["owner_since"]), *days])


@pytest.mark.parametrize("now", DAYS, ids=str)
async def test_it_loads_on_any_day(sqlite: Database, now: datetime) -> None:
    world = json.loads(json.dumps(demo_world(now)))
    read_company(world)

    def work(tx: Any) -> None:
        mirror(tx, world, now)
        assert load_world(tx, world, now).changed
        assert not load_world(tx, world, now).changed

    await sqlite.system(work)


async def test_it_loads_on_postgres(postgres: Database) -> None:
    world = demo_world(NOW)

    def work(tx: Any) -> tuple[int, ...]:
        mirror(tx, world, NOW)
        load_world(tx, world, NOW)
        return tuple(tx.exec(select(func.count()).select_from(model)).one() for model in (Customer, Contact, FollowUp))

    customers, contacts, talks = await postgres.system(work)
    assert customers == len(world["customers"]) > 295
    assert contacts > customers
    assert talks > 2000


async def test_no_two_customers_are_alike_by_accident(sqlite: Database) -> None:
    """A newcomer who names a customer is not asked which of four he means."""
    world = demo_world(NOW)

    def work(tx: Any) -> list[str]:
        mirror(tx, world, NOW)
        load_world(tx, world, NOW)
        return list(tx.exec(select(Customer.soft_key).where(col(Customer.soft_key) != "")).all())

    keys = Counter(await sqlite.system(work))
    assert [key for key, count in keys.items() if count > 1] == []


@pytest.mark.parametrize("now", DAYS, ids=str)
def test_the_same_day_gives_the_same_company(now: datetime) -> None:
    assert demo_world(now) == demo_world(now)
    names = [one["name"] for one in demo_world(now)["customers"]]
    assert names == [one["name"] for one in demo_world(now.replace(hour=16))["customers"]]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("now", DAYS, ids=str)
def test_the_past_is_past_and_nobody_is_lost_on_the_first_morning(now: datetime) -> None:
    world = demo_world(now)
    pool = world["settings"]["pool"]
    contracted = {one["customer"] for one in world["contracts"] if one["state"] == "effective"}
    left: Counter[int] = Counter()
    for one in world["customers"]:
        for talk in one["follow_ups"]:
            assert datetime.fromisoformat(talk["at"]) < now
            assert datetime.fromisoformat(talk["at"]) > now - timedelta(days=470)
        if one["owner"] and one["name"] not in contracted:
            left[pool["return_after_days"] - (now.date() - base(one)).days] += 1
    assert min(left) >= 1
    assert left[1] >= 3
    assert left[3] >= 3
    assert left[7] >= 3


def test_there_is_something_to_do_today_for_the_two_on_the_page() -> None:
    world = demo_world(NOW)
    planned: Counter[tuple[str, int]] = Counter()
    for one in world["customers"]:
        if one["owner"] and one["follow_ups"] and (at := one["follow_ups"][-1]["next_at"]):
            days = (datetime.fromisoformat(at).date() - NOW.date()).days
            planned[one["owner"], max(-1, min(days, 1))] += 1
    for seller in ("lina04", "zhao05"):
        assert planned[seller, 0] + planned[seller, -1] >= 1, planned
    assert planned["lina04", 0] >= 1
    assert 50 <= sum(one["owner"] is None for one in world["customers"]) <= 80


def test_nobody_in_it_is_real() -> None:
    """Numbers of a block that is given to nobody, names made of two lists."""
    world = demo_world(NOW)
    mobiles = [user["mobile"] for user in world["users"]]
    mobiles += [contact["mobile"] for one in world["customers"] for contact in one["contacts"]]
    mobiles += [lead["mobile"] for lead in world["leads"]]
    assert all(mobile.startswith("138000") and len(mobile) == 11 for mobile in mobiles)
    assert len(set(mobiles)) == len(mobiles)
