"""Several processes of one app share one token (platform.md 13, trap 43; reliability.md N11)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from bot.dingtalk.api import DingTalkApi, Patience, open_session
from bot.dingtalk.credentials import Credentials
from bot.dingtalk.errors import WrongCredentials
from bot.dingtalk.limiter import Limiter
from bot.dingtalk.tokens import SharedToken
from bot.shared_tokens import LASTS, NAME, SharedTokens
from storage import leases
from storage.database import Database
from storage.tables import Secret
from tests.support.stub_api import OURS, FakeTime, StubApi, stub_api

pytestmark = pytest.mark.postgres
KEY = "a key for tests, long enough"
READ = "/topapi/v2/user/get"


@asynccontextmanager
async def processes(
    stub: StubApi, url: str, count: int, clock: FakeTime, ours: Credentials = OURS
) -> AsyncIterator[list[DingTalkApi]]:
    """Each with a connection pool and a session of its own, as processes have."""
    async with AsyncExitStack() as stack:
        apis = []
        for _ in range(count):
            db = Database(url)
            stack.push_async_callback(db.close)
            session = await stack.enter_async_context(open_session())
            apis.append(
                DingTalkApi(
                    lambda: ours, session, api_base=stub.url, oapi_base=stub.url, now=clock.now,
                    limiter=Limiter(10_000), patience=Patience(tries=1), tokens=SharedTokens(db, KEY, lambda: ours),
                )
            )  # fmt: skip
        yield apis


async def ask(apis: list[DingTalkApi], times: int) -> None:
    await asyncio.gather(*(api.old(READ, {"userid": str(n)}) for api in apis for n in range(times)))


async def test_four_processes_of_fifty_fetch_one_token(postgres: Database) -> None:
    clock = FakeTime()
    async with stub_api() as (stub, _), processes(stub, postgres.url, 4, clock) as apis:
        stub.token_delay = 0.05
        await ask(apis, 50)
        assert (len(stub.calls(READ)), stub.tokens) == (200, 1)
        clock.at += 7200 * 0.8  # its time has come: again one for all
        await ask(apis, 50)
        assert stub.tokens == 2
        async with processes(stub, postgres.url, 1, clock) as later:  # and none for who starts now
            await ask(later, 1)
        assert stub.tokens == 2


async def test_a_forced_expiry_costs_one_token_for_all(postgres: Database) -> None:
    clock = FakeTime()
    async with stub_api() as (stub, _), processes(stub, postgres.url, 4, clock) as apis:
        await ask(apis, 5)
        stub.good = "token2"  # every token given out before is refused from now
        await ask(apis, 20)
        assert stub.tokens == 2


async def test_the_token_is_encrypted_at_rest(postgres: Database) -> None:
    async with stub_api() as (stub, _), processes(stub, postgres.url, 1, FakeTime()) as apis:
        await ask(apis, 1)
        rows = await postgres.read(None, lambda tx: [row.cipher for row in tx.exec(select(Secret)).all()])
    assert len(rows) == 3  # salt, canary, token
    assert not any("token" in cipher for cipher in rows)


async def test_other_credentials_do_not_use_it(postgres: Database) -> None:
    """A changed secret must prove itself, so that a wrong one is noticed at once."""
    clock = FakeTime()
    changed = Credentials(OURS.client_id, "another", OURS.corp_id, OURS.agent_id)
    async with stub_api() as (stub, _), processes(stub, postgres.url, 1, clock) as apis:
        await ask(apis, 1)
        async with processes(stub, postgres.url, 1, clock, changed) as others:
            stub.token_status = 400
            with pytest.raises(WrongCredentials):
                await ask(others, 1)
        assert stub.tokens == 2


@pytest.mark.parametrize("ago", [10, 100])
async def test_who_dies_while_fetching_blocks_nobody_for_long(postgres: Database, ago: int) -> None:
    wall = datetime.now(UTC) - timedelta(seconds=ago)
    await postgres.system(lambda tx: leases.hold(tx, NAME, holder="dead", wall=wall, lasts=LASTS))
    assert await SharedTokens(postgres, KEY, lambda: OURS).claim() == (ago == 100)


async def test_a_failed_fetch_gives_the_right_back(postgres: Database) -> None:
    async with stub_api() as (stub, _), processes(stub, postgres.url, 2, FakeTime()) as apis:
        stub.token_status = 400
        with pytest.raises(WrongCredentials):
            await ask(apis[:1], 1)
        stub.token_status = 200
        await ask(apis[1:], 1)
        assert await SharedTokens(postgres, KEY, lambda: OURS).claim()


def test_no_secret_is_shown() -> None:
    assert "hidden" not in repr(SharedToken("hidden", 1.0, 2.0))
