"""Secrets: what is stored is not what was given, and another key opens nothing."""

import asyncio
import logging
from functools import partial

import pytest
from sqlmodel import select

from storage.database import Database, Tx
from storage.secrets import WeakKey, WrongKey, check_key, list_secret_names, read_secret, store_secret
from storage.tables import Secret

KEY = "sixteen letters."
VALUE = "client-secret-值"


async def test_a_secret_comes_back_under_its_key(database: Database) -> None:
    await database.system(lambda tx: store_secret(tx, KEY, "client_secret", VALUE))
    assert await database.system(lambda tx: read_secret(tx, KEY, "client_secret")) == VALUE
    assert await database.system(lambda tx: read_secret(tx, KEY, "other")) is None
    await database.system(lambda tx: store_secret(tx, KEY, "client_secret", "new"))
    assert await database.system(lambda tx: read_secret(tx, KEY, "client_secret")) == "new"
    assert await database.system(list_secret_names) == ["client_secret"]


async def test_nothing_in_the_database_tells_it(database: Database) -> None:
    await database.system(lambda tx: store_secret(tx, KEY, "one", VALUE))
    await database.system(lambda tx: store_secret(tx, KEY, "other", VALUE))
    rows = await database.system(lambda tx: tx.exec(select(Secret)).all())
    ciphers = [row.cipher for row in rows]
    assert all(VALUE not in cipher and KEY not in cipher for cipher in ciphers)
    assert len(set(ciphers)) == len(ciphers)  # the same value twice looks different


async def test_another_key_is_told_before_anything_is_read(database: Database) -> None:
    await database.system(lambda tx: check_key(tx, KEY))
    await database.system(lambda tx: check_key(tx, KEY))
    for work in (
        lambda tx: check_key(tx, KEY + "x"),
        lambda tx: store_secret(tx, KEY + "x", "a", VALUE),
    ):
        with pytest.raises(WrongKey) as refusal:
            await database.system(work)
        assert "DINGCRM_SECRET_KEY" in refusal.value.text
        assert KEY not in refusal.value.text
    await database.system(lambda tx: store_secret(tx, KEY, "a", VALUE))
    with pytest.raises(WrongKey):
        await database.system(lambda tx: read_secret(tx, KEY + "x", "a"))


@pytest.mark.parametrize("key", ["", "short", "fifteen letters"])
async def test_a_short_key_is_refused(sqlite: Database, key: str) -> None:
    with pytest.raises(WeakKey, match="16"):
        await sqlite.system(lambda tx: check_key(tx, key))
    assert await sqlite.system(lambda tx: tx.exec(select(Secret)).all()) == []


async def test_a_database_that_lost_its_canary_is_not_begun_anew(sqlite: Database) -> None:
    await sqlite.system(lambda tx: store_secret(tx, KEY, "a", VALUE))

    def lose(tx: Tx) -> None:
        row = tx.get(Secret, ".canary")
        assert row is not None
        tx.delete(row)

    await sqlite.system(lose)
    with pytest.raises(WrongKey):
        await sqlite.system(lambda tx: check_key(tx, "another long key"))


async def test_a_tampered_secret_is_no_secret(sqlite: Database) -> None:
    await sqlite.system(lambda tx: store_secret(tx, KEY, "a", VALUE))

    def tamper(tx: Tx) -> None:
        row = tx.get(Secret, "a")
        assert row is not None
        row.cipher = row.cipher[:-6] + "AAAA=="

    await sqlite.system(tamper)
    with pytest.raises(WrongKey):
        await sqlite.system(lambda tx: read_secret(tx, KEY, "a"))


async def test_our_own_names_are_not_to_be_had(sqlite: Database) -> None:
    for name in ("", ".salt", ".canary"):
        with pytest.raises(ValueError):
            await sqlite.system(partial(store_secret, key=KEY, name=name, value=VALUE))
        assert await sqlite.system(partial(read_secret, key=KEY, name=name)) is None


async def test_two_processes_that_begin_at_once_agree(postgres: Database) -> None:
    await asyncio.gather(*(postgres.system(lambda tx: check_key(tx, KEY)) for _ in range(6)))
    await postgres.system(lambda tx: check_key(tx, KEY))
    with pytest.raises(WrongKey):
        await postgres.system(lambda tx: check_key(tx, "another long key"))


async def test_nothing_is_logged(sqlite: Database, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await sqlite.system(lambda tx: store_secret(tx, KEY, "a", VALUE))
    assert await sqlite.system(lambda tx: read_secret(tx, KEY, "a")) == VALUE
    assert VALUE not in caplog.text
    assert KEY not in caplog.text
