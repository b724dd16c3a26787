import asyncio
import logging

import aiohttp
import pytest

from bot.dingtalk import api as api_module
from bot.dingtalk.api import DingTalkApi, Patience, open_session
from bot.dingtalk.credentials import Credentials
from bot.dingtalk.errors import (
    Banned,
    Busy,
    DingTalkError,
    QuotaExhausted,
    Throttled,
    TokenExpired,
    UnknownOutcome,
    Unreachable,
    WrongCredentials,
)
from bot.dingtalk.limiter import Limiter
from bot.dingtalk.tokens import TokenCache
from bot.dingtalk.usage import Bucket
from tests.support.stub_api import HANG, OURS, RESET, FakeTime, stub_api

QPS = (403, {"code": "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", "message": "slow", "requestid": "r"})
SEND = "/v1.0/robot/oToMessages/batchSend"
READ = "/topapi/v2/user/get"


async def test_the_token_goes_where_each_family_wants_it() -> None:
    async with stub_api() as (stub, api):
        await api.new("POST", SEND, {"a": "中"})
        await api.old(READ, {"userid": "u"})
    new, old = stub.calls(SEND)[0], stub.calls(READ)[0]
    assert new.headers["x-acs-dingtalk-access-token"] == "token1"
    assert "access_token" not in new.query
    assert old.query == {"access_token": "token1"}
    assert (new.body, old.body) == ({"a": "中"}, {"userid": "u"})
    assert stub.tokens == 1


async def test_two_hundred_callers_fetch_one_token() -> None:
    async with stub_api(limiter=Limiter(per_second=10_000)) as (stub, api):
        stub.token_delay = 0.05
        await asyncio.gather(*(api.old(READ, {"userid": str(number)}) for number in range(200)))
        assert len(stub.calls(READ)) == 200
        assert stub.tokens == 1


async def test_a_failed_fetch_is_shared_too() -> None:
    async with stub_api(limiter=Limiter(per_second=10_000)) as (stub, api):
        stub.token_status = 400
        results = await asyncio.gather(*(api.old(READ) for _ in range(50)), return_exceptions=True)
        assert {type(result) for result in results} == {WrongCredentials}
        assert stub.tokens == 1


async def test_a_401_for_the_token_itself_is_about_the_secret() -> None:
    async with stub_api() as (stub, api):
        stub.token_status = 401
        with pytest.raises(WrongCredentials):
            await api.check_token()
        assert stub.tokens == 1


async def test_a_caller_who_gives_up_leaves_the_others_their_token() -> None:
    async with stub_api() as (stub, api):
        stub.token_delay = 0.1
        first = asyncio.create_task(api.old(READ))
        await asyncio.sleep(0.03)
        second = asyncio.create_task(api.old(READ))
        await asyncio.sleep(0.03)
        first.cancel()
        assert await second == {"errcode": 0}
        assert stub.tokens == 1


@pytest.mark.parametrize("callers", [1, 60])
async def test_a_revoked_token_is_renewed_once_and_each_call_repeated_once(callers: int) -> None:
    async with stub_api(limiter=Limiter(per_second=10_000)) as (stub, api):
        await api.old(READ)
        stub.good = "fresh"
        await asyncio.gather(*(api.new("GET", "/v1.0/x") for _ in range(callers)))
        assert stub.tokens == 2
        assert callers < len(stub.calls("/v1.0/x")) <= callers * 2


async def test_a_token_refused_for_ever_makes_no_loop() -> None:
    async with stub_api() as (stub, api):
        stub.say(READ, (200, {"errcode": 42001, "errmsg": "timeout"}))
        for _ in range(5):
            with pytest.raises(TokenExpired):
                await api.old(READ, repeatable=True)
        assert len(stub.calls(READ)) <= 10
        assert stub.tokens <= 6


async def test_the_same_value_refused_twice_is_not_renewed_again() -> None:
    time, fetches = FakeTime(), 0

    async def fetch() -> tuple[str, float]:
        nonlocal fetches
        fetches += 1
        return "same", 7200

    cache = TokenCache(fetch, now=time.now)
    assert cache.reject(await cache.get())
    assert not cache.reject(await cache.get())
    assert fetches == 2


async def test_a_token_is_renewed_at_four_fifths_of_its_life() -> None:
    time = FakeTime()
    async with stub_api(time, limiter=Limiter()) as (stub, api):
        await api.old(READ)
        time.at += 7200 * 0.79
        await api.old(READ)
        assert stub.tokens == 1
        time.at += 7200 * 0.02
        await api.old(READ)
        assert stub.tokens == 2


@pytest.mark.parametrize("jump", [-3600, 10_800])
async def test_a_clock_that_jumps_costs_one_refused_call_at_most(jump: int) -> None:
    time = FakeTime()
    async with stub_api(time, limiter=Limiter()) as (stub, api):
        await api.old(READ)
        time.at += jump
        stub.good = "fresh"
        for _ in range(5):
            await api.old(READ)
        assert stub.tokens == 2
        assert len(stub.calls(READ)) <= 7


async def test_a_token_that_cannot_be_renewed_serves_to_its_end() -> None:
    time = FakeTime()
    async with stub_api(time, limiter=Limiter()) as (stub, api):
        await api.old(READ)
        stub.token_status = 400
        time.at += 7200 * 0.9
        await api.old(READ)
        await api.old(READ)
        assert stub.tokens == 2  # tried once, then left alone for a while
        time.at += 7200
        with pytest.raises(WrongCredentials):
            await api.old(READ)


async def test_changed_credentials_get_their_own_token() -> None:
    current = [OURS]
    async with stub_api() as (stub, _), open_session() as session:
        api = DingTalkApi(lambda: current[0], session, api_base=stub.url, oapi_base=stub.url)
        await api.old(READ)
        current[0] = Credentials("other", "other-secret", "dingcorp", 1)
        await api.old(READ)
        keys = [one.body["appKey"] for one in stub.calls("/v1.0/oauth2/accessToken")]
        assert keys == ["dingclient", "other"]


async def test_throttled_calls_back_off_and_repeat_even_sends() -> None:
    time = FakeTime()
    async with stub_api(time) as (stub, api):
        stub.say(SEND, QPS, QPS, (200, {"processQueryKey": "k"}))
        assert await api.new("POST", SEND, {}) == {"processQueryKey": "k"}
        assert time.slept == [1, 2]
        stub.say(READ, (200, {"errcode": 90018, "errmsg": "slow"}))
        with pytest.raises(Throttled):
            await api.old(READ)
        assert len(stub.calls(READ)) == 3
        # What DingTalk throttled it does not count.
        assert api.usage.by_api[f"POST {SEND}"] == 1


async def test_patience_can_be_had_elsewhere() -> None:
    async with stub_api(patience=Patience(tries=1)) as (stub, api):
        stub.say(READ, (200, {"errcode": -1, "errmsg": "busy"}))
        with pytest.raises(Busy):
            await api.old(READ, repeatable=True)
        assert len(stub.calls(READ)) == 1


async def test_a_lost_answer_to_a_send_is_unknown_and_not_repeated() -> None:
    async with stub_api() as (stub, api):
        stub.say(SEND, RESET)
        with pytest.raises(UnknownOutcome):
            await api.new("POST", SEND, {})
        assert len(stub.calls(SEND)) == 1


async def test_a_lost_answer_to_a_read_is_asked_again() -> None:
    async with stub_api() as (stub, api):
        stub.say(READ, RESET, RESET, (200, {"errcode": 0, "result": 7}))
        assert (await api.old(READ, repeatable=True))["result"] == 7
        assert len(stub.calls(READ)) == 3


async def test_silence_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_module, "TIMEOUT", aiohttp.ClientTimeout(total=0.2, connect=0.1))
    async with stub_api() as (stub, api):
        await api.check_token()
        stub.say(SEND, HANG)
        with pytest.raises(UnknownOutcome):
            await api.new("POST", SEND, {})
        assert len(stub.calls(SEND)) == 1


async def test_nobody_there_is_repeatable() -> None:
    time = FakeTime()
    async with open_session() as session:
        api = DingTalkApi(
            lambda: OURS, session, api_base="http://127.0.0.1:9", oapi_base="http://127.0.0.1:9", sleep=time.sleep
        )
        with pytest.raises(Unreachable) as caught:
            await api.new("POST", SEND, {})
        assert caught.value.retryable


@pytest.mark.parametrize(
    "answer",
    [(200, b"<html>deny</html>"), (200, {"status": 1111, "wait": 5, "source": "x5", "punish": "deny"})],
)
async def test_a_ban_stops_all_calls_for_five_minutes(answer: object) -> None:
    time = FakeTime()
    async with stub_api(time) as (stub, api):
        stub.say(READ, answer, (200, {"errcode": 0}))
        with pytest.raises(Banned):
            await api.old(READ, repeatable=True)
        before = len(stub.seen)
        for call in (api.old(READ), api.new("POST", SEND, {})):
            with pytest.raises(Banned) as caught:
                await call
            assert caught.value.retry_after is not None
            assert 0 < caught.value.retry_after <= 300
        assert len(stub.seen) == before
        time.at += 301
        await api.old(READ)


async def test_an_empty_quota_is_not_tried_again() -> None:
    async with stub_api() as (stub, api):
        stub.say(SEND, (403, {"code": "Forbidden.AccessDenied.ApiCountLimitForOrg"}))
        with pytest.raises(QuotaExhausted):
            await api.new("POST", SEND, {})
        assert len(stub.calls(SEND)) == 1


async def test_the_meter_knows_what_is_free() -> None:
    async with stub_api() as (_, api):
        await api.old(READ)
        await api.new("POST", SEND, {})
        await api.old("/topapi/message/corpconversation/asyncsend_v2")
        assert api.usage.drain() == {Bucket.EXEMPT: 2, Bucket.API: 2}
        assert api.usage.drain() == {}


async def test_no_secret_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with stub_api() as (stub, api):
        stub.say(READ, RESET)
        with pytest.raises(DingTalkError) as caught:
            await api.old(READ, repeatable=True)
        shown = repr(OURS) + str(caught.value) + repr(caught.value) + caplog.text
        chained = caught.value.__cause__ or caught.value.__context__
        assert chained is None
        assert OURS.client_secret not in shown
        assert "token1" not in shown


async def test_a_lone_answer_that_is_no_object_is_kept() -> None:
    async with stub_api() as (stub, api):
        stub.say("/v1.0/x", (200, [1, 2]))
        assert await api.new("GET", "/v1.0/x") == {"result": [1, 2]}
