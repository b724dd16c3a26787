"""Settings: defaults, strictness, and from which day a new return rule counts (D3)."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from bot.core.clock import BEIJING
from bot.core.errors import InvalidInput
from storage.database import Database, Tx
from storage.settings import ADVANCED, FORMS, CompanySettings, is_loaded, read_settings, write_setting
from storage.tables import Setting
from storage.world.load import load_world

NOW = datetime(2026, 3, 2, 23, 30, tzinfo=BEIJING)
TODAY = date(2026, 3, 2)


async def _write(db: Database, name: str, value: Any, now: datetime = NOW) -> CompanySettings:
    def work(tx: Tx) -> CompanySettings:
        write_setting(tx, name, value, by="chen01", now=now)
        return read_settings(tx)

    return await db.system(work)


async def test_a_fresh_database_has_the_defaults(database: Database) -> None:
    settings = await database.system(read_settings)
    assert settings == CompanySettings()
    assert not settings.opened
    assert settings.paid
    assert settings.usage_scope.mode == "all"
    assert settings.pool.claim_cap is settings.pool.return_after_days is None
    assert not settings.pool.return_with_contract
    assert settings.reminders.at == "09:00"
    assert settings.quiet_hours == ("20:00", "08:30")
    assert settings.approvals.urge_gap_minutes == 30
    assert settings.advanced_operations == dict.fromkeys(FORMS, ADVANCED)
    assert not await database.system(is_loaded)


async def test_a_setting_is_stored_whole_with_its_author(database: Database) -> None:
    settings = await _write(database, "pool", {"claim_cap": 3})
    assert settings.pool.claim_cap == 3
    assert (await _write(database, "pool", {"claims_per_day": 2})).pool.claim_cap is None
    row = await database.system(lambda tx: tx.exec(select(Setting).where(Setting.name == "pool")).one())
    assert (row.changed_by, row.changed_at) == ("chen01", NOW)


async def test_forms_not_named_keep_the_five_operations(database: Database) -> None:
    settings = await _write(database, "advanced_operations", {"customer": ["delete"]})
    assert settings.advanced_operations["customer"] == ("delete",)
    assert settings.advanced_operations["contract"] == ADVANCED


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("colour", "red"),
        ("pool_rule_since", "2026-01-01"),
        ("pool", {"claim_cap": -1}),
        ("pool", {"return_after_days": 0}),
        ("pool", {"cap": 3}),
        ("edition", "gold"),
        ("quiet_hours", ["20:00"]),
        ("quiet_hours", ["20:00", "24:00"]),
        ("reminders", {"at": "9:00"}),
        ("usage_scope", {"mode": "none"}),
        ("approvals", {"urge_gap_minutes": 0}),
        ("advanced_operations", {"customer": ["paint"]}),
        ("advanced_operations", {"party": ["delete"]}),
        ("admins", "chen01"),
    ],
)
async def test_what_is_no_setting_is_refused(sqlite: Database, name: str, value: Any) -> None:
    with pytest.raises(InvalidInput):
        await _write(sqlite, name, value)
    assert await sqlite.system(read_settings) == CompanySettings()


@pytest.mark.parametrize(
    ("before", "after", "since"),
    [
        ({}, {"pool": {"return_after_days": 15}}, TODAY),  # switched on
        ({"pool": {"return_after_days": 30}}, {"pool": {"return_after_days": 15}}, TODAY),  # tightened
        ({"pool": {"return_after_days": 15}}, {"pool": {"return_after_days": 30}}, None),  # loosened
        ({"pool": {"return_after_days": 15}}, {"pool": {"return_after_days": 15, "claim_cap": 9}}, None),
        ({"pool": {"return_after_days": 15}}, {"pool": {"return_after_days": None}}, None),  # switched off
        ({"pool": {"return_after_days": 15}, "edition": "free"}, {"edition": "paid"}, TODAY),  # takes effect again
        ({"edition": "free"}, {"pool": {"return_after_days": 15}}, None),  # kept, without effect
        ({"pool": {"return_after_days": 15}}, {"quiet_hours": ["21:00", "08:00"]}, None),
    ],
)
async def test_a_rule_counts_from_the_day_it_takes_effect(
    sqlite: Database, before: dict[str, Any], after: dict[str, Any], since: date | None
) -> None:
    await sqlite.system(lambda tx: load_world(tx, {"version": 1, "settings": before}, NOW - timedelta(days=9)))
    assert (await sqlite.system(read_settings)).pool_rule_since is None  # the dates of a file count
    for name, value in after.items():
        settings = await _write(sqlite, name, value)
    assert settings.pool_rule_since == since  # type: ignore[possibly-undefined]


async def test_the_free_edition_has_no_return_rule(sqlite: Database) -> None:
    await _write(sqlite, "pool", {"return_after_days": 15})
    assert (await sqlite.system(read_settings)).return_days == 15
    assert (await _write(sqlite, "edition", "free")).return_days is None
